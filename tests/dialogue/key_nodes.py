"""Several nodes of one database, with key files of their own or with the same ones, and clients that log in
meanwhile."""

import os
import shutil
import signal
import threading

from api import Api
from conftest import PASSWORD, Server, make_authd
from harness import encryption, totp
from harness.authd import USER
from harness.private import free_ports, read_text, wait_until


def key_names(directory, name):
    """The names of the keys of a file, in the file's order."""
    return [encryption.key_id(bytes.fromhex(line)) for line in read_text(os.path.join(directory, name)).split()]


class Node(Server):
    """An authd with key files of its own."""

    def __init__(self, postgres, keys_of=None):
        authd = make_authd(postgres)
        self.address = ("127.0.0.1", free_ports()[0])
        authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % self.address})
        authd.config["public_url"] = "http://%s:%d" % self.address
        if keys_of:
            authd.config["key_dir"] = os.path.join(authd.directory, "keys")
        authd.write_config()
        super().__init__(authd, postgres)
        self.keys = authd.config["key_dir"]
        self.api = Api(self.address, authd.http)
        self.phones = {}
        if keys_of:
            os.mkdir(self.keys, 0o700)
            shutil.chown(self.keys, USER, USER)
            self.copy_keys(keys_of)

    def file(self, name):
        return os.path.join(self.keys, name)

    def copy_keys(self, other, names=("pepper", "encryption", "audit")):
        for name in names:
            self.write(name, read_text(other.file(name)))

    def write(self, name, text):
        with open(self.file(name) + ".copy", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(file.name, 0o600)
        shutil.chown(file.name, USER, USER)
        os.rename(file.name, self.file(name))

    def lines(self, name):
        return read_text(self.file(name)).splitlines()

    def names(self, name):
        return key_names(self.keys, name)

    def list(self):
        return self.api.good("GET", "/v1/keys")["items"]

    def current(self, purpose):
        (one,) = [key for key in self.list() if key["purpose"] == purpose and key["current"]]
        return one["id"]

    def count(self, purpose, name):
        (one,) = [key for key in self.list() if (key["purpose"], key["id"]) == (purpose, name)]
        return one["count"]

    def rotate(self, purpose, **body):
        return self.api.good("POST", f"/v1/keys/{purpose}/rotate", body or None)

    def sign_in(self, login):
        """Signs in with a code, which users who administer others need."""
        if login not in self.phones:
            self.phones[login] = totp.enrol_in(self.postgres, self.keys, login)
        self.sql("UPDATE authd.totp SET last_step = 0 WHERE account = (SELECT id FROM authd.account"
                 f" WHERE login = '{login}')")
        return self.api.sign_in(login, PASSWORD, totp.code(self.phones[login]))

    def hup(self):
        self.authd.process.send_signal(signal.SIGHUP)

    def wait_count(self, purpose, name, count=0):
        wait_until(lambda: self.count(purpose, name) == count, 60, f"{count} rows of the {purpose} key {name}")

    def wait_first(self, purpose, name):
        wait_until(lambda: self.names(purpose)[0] == name, 30, f"{name} first in its file")


def add_seeds(node, count):
    """Adds users with second factors, by rows; returns {account: (id, seed)}."""
    numbers = node.sql(f"SELECT authd.credential_id() FROM generate_series(1, {count})").split()
    accounts = node.sql(
        "INSERT INTO authd.domain (name) VALUES ('encrypted.example') ON CONFLICT DO NOTHING;"
        "INSERT INTO authd.account (login, domain) SELECT format('s%s@encrypted.example', gen_random_uuid()), id "
        f"FROM authd.domain, generate_series(1, {count}) WHERE name = 'encrypted.example' RETURNING id").split()
    accounts = [word for word in accounts if word.isdigit()]
    seeds, rows = {}, []
    for account, number in zip(accounts, numbers):
        seeds[account] = int(number), os.urandom(20)
        text = encryption.encrypt(node.keys, seeds[account][1], "totp", int(number), int(account), 0)
        rows.append(f"({account}, {number}, '{text}', 'SHA1', 6, 0)")
    node.sql("INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step) VALUES " + ",".join(rows))
    return seeds


def assert_seeds(node, seeds):
    rows = node.sql("SELECT account, seed FROM authd.totp").splitlines()
    held = dict(row.split("|") for row in rows)
    for account, (number, seed) in seeds.items():
        assert encryption.decrypt(node.keys, held[account], "totp", number, int(account), 0) == seed


class Load:
    """Clients that log in without a pause."""

    def __init__(self, node, logins):
        self.node, self.refused, self.done, self.over = node, [], 0, False
        self.threads = [threading.Thread(target=self.run, args=login) for login in logins]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until(lambda: self.done > len(self.threads), what="the first logins")
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()

    def run(self, login, secret):
        while not self.over:
            with self.node.connect(self.node.replying) as client:
                reply = client.login(login, secret)
            if reply.command != "OK":
                self.refused.append(reply.line)
            self.done += 1

    def more(self, count=20):
        wanted = self.done + count
        wait_until(lambda: self.done >= wanted, 60, "more logins")


def trim(node, purpose):
    """Removes the old keys from a file once their count is 0, as an administrator would, to make room."""
    for key in node.list():
        if key["purpose"] == purpose and not key["current"]:
            node.wait_count(purpose, key["id"])
    node.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    current = node.current(purpose)
    node.write(purpose, node.lines(purpose)[node.names(purpose).index(current)] + "\n")
    node.hup()
    wait_until(lambda: [key["id"] for key in node.list() if key["purpose"] == purpose] == [current], 30,
               "one key on the list")
