"""Keys that replace others while authd runs: nobody is refused, nothing is lost wherever it stops, and what was made
with the old keys goes over to the new ones."""

import os
import shutil
import signal
import threading
import time

import pytest
from api import Api
from authctl import REFUSED, USAGE, Person
from client import Dovecot
from conftest import PASSWORD, Server, doveadm_hash, make_authd
from harness import app_password, sealing, totp
from harness.app_password import Pepper
from harness.authd import USER, Authd
from harness.postgres import Postgres
from harness.private import free_ports, read_text, wait_until
from terminal import Terminal


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as postgres:
        postgres.create_authd_database()
        yield postgres


def key_names(directory, name):
    """The names of a file's keys, in its order."""
    return [sealing.key_id(bytes.fromhex(line)) for line in read_text(os.path.join(directory, name)).split()]


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

    def copy_keys(self, other, names=("pepper", "sealing", "audit")):
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
        """With a code, which who administers others needs."""
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


@pytest.fixture(scope="module")
def first(postgres):
    """The node that made the keys; it goes on through all tests here."""
    node = Node(postgres)
    node.authd.migrate()
    node.authd.start()
    yield node
    node.authd.destroy()


@pytest.fixture
def second(postgres, first):
    node = Node(postgres, keys_of=first)
    node.authd.start()
    yield node
    node.authd.destroy()


def add_seeds(node, count):
    """Users with second factors, by rows; {account: (id, seed)}."""
    numbers = node.sql(f"SELECT authd.credential_id() FROM generate_series(1, {count})").split()
    accounts = node.sql(
        "INSERT INTO authd.domain (name) VALUES ('sealed.example') ON CONFLICT DO NOTHING;"
        "INSERT INTO authd.account (login, domain) SELECT format('s%s@sealed.example', gen_random_uuid()), id "
        f"FROM authd.domain, generate_series(1, {count}) WHERE name = 'sealed.example' RETURNING id").split()
    accounts = [word for word in accounts if word.isdigit()]
    seeds, rows = {}, []
    for account, number in zip(accounts, numbers):
        seeds[account] = int(number), os.urandom(20)
        text = sealing.seal(node.keys, seeds[account][1], "totp", int(number), int(account), 0)
        rows.append(f"({account}, {number}, '{text}', 'SHA1', 6, 0)")
    node.sql("INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step) VALUES " + ",".join(rows))
    return seeds


def assert_seeds(node, seeds):
    rows = node.sql("SELECT account, seed FROM authd.totp").splitlines()
    held = dict(row.split("|") for row in rows)
    for account, (number, seed) in seeds.items():
        assert sealing.unseal(node.keys, held[account], "totp", number, int(account), 0) == seed


class Load:
    """Clients that log in all the time."""

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


# ---- the list

def test_what_there_is(first):
    keys = {key["purpose"]: key for key in first.list()}
    assert sorted(keys) == ["audit", "pepper", "sealing"] and len(first.list()) == 3
    assert all(key["current"] and not key["more"] and key["kind"] == "key" for key in keys.values())
    assert keys["audit"]["count"] is None
    assert {name: keys[name]["id"] for name in keys} == {name: first.names(name)[0] for name in keys}
    before = keys["pepper"]["count"]
    first.api.make_key(label="counted")
    assert first.count("pepper", keys["pepper"]["id"]) == before + 1


def test_who_may_not(first):
    login = first.new_user()
    first.api.good("PATCH", f"/v1/users/{login}", {"role": "domain-admin"})
    assert first.api.call("GET", "/v1/keys", who=first.sign_in(login)).status == 403
    reader = first.api.make_key(rights=["keys:read"])
    assert first.api.call("GET", "/v1/keys", who=reader).status == 200
    writer = first.api.make_key(rights=["*:write"])
    assert first.api.call("POST", "/v1/keys/sealing/rotate", who=writer).status == 403
    assert first.list() == first.list()


@pytest.mark.parametrize("purpose, status", [("audit", 422), ("signing", 422), ("absent", 404)])
def test_what_is_not_rotated(first, purpose, status):
    before = first.list()
    assert first.api.call("POST", f"/v1/keys/{purpose}/rotate").status == status
    assert first.list() == before


def test_a_dry_run_changes_nothing(first):
    before = first.list(), first.lines("sealing")
    made = first.api.good("POST", "/v1/keys/sealing/rotate?dry_run=true")
    assert made["id"] is None and made["purpose"] == "sealing"
    assert (first.list(), first.lines("sealing")) == before


def test_authctl_asks(first):
    person, before = Person(first), first.lines("sealing")
    status, _, talk = person.run("key", "rotate", "sealing", stdin="")
    assert status == USAGE and "needs --yes" in talk
    status, _, talk = person.run("key", "rotate", "audit", "--yes")
    assert status == REFUSED and "not rotated" in talk
    assert first.lines("sealing") == before
    out, talk = person.do("key", "rotate", "sealing", "--yes")
    assert "Back up the key files" in talk and first.lines("sealing")[-1:] == before[-1:]
    out, _ = person.do("key", "list", "--plain")
    assert first.current("sealing") in out
    (event,) = first.api.good("GET", "/v1/audit?action=key_rotate")["items"]
    assert event["actor"]["name"] == "root (uid 0)" and event["object"] == {
        "kind": "key", "id": first.current("sealing")}


def test_authctl_says_what_ends(first):
    person, before = Person(first), first.lines("pepper")
    with Terminal(person.argv("key", "rotate", "pepper"), 200) as terminal:
        terminal.expect("Go on? [y/N] ")
        question = terminal.text
        terminal.type("n\n")
        assert terminal.finish()[0] == REFUSED
    assert "key rotate pepper: with a new pepper every session, reset link and enrolment ticket." in question
    assert first.lines("pepper") == before
    with Terminal(person.argv("key", "list"), 100) as terminal:
        status, table = terminal.finish()
    heading, *rows, count = table.splitlines()
    print(table)
    assert (status, count) == (0, f"{len(first.list())} keys")
    assert heading.split() == ["PURPOSE", "ID", "CURRENT", "NEEDED", "BY", "SINCE"]
    assert [row.split()[:3] for row in rows] == [
        [key["purpose"], key["id"], "yes" if key["current"] else "no"] for key in first.list()]


# ---- sealing

def test_sealed_texts_follow_while_logins_run(first):
    login = first.new_user()
    secret = app_password.add(first.postgres, Pepper(first.keys), login).text
    first.api.good("POST", f"/v1/users/{login}/app-passwords",
                   {"label": "elsewhere", "hash": doveadm_hash("made elsewhere", "SHA512-CRYPT")})
    seeds, old = add_seeds(first, 700), first.current("sealing")
    enrolling, enrolled = first.new_user(), first.new_user()
    pending = first.api.good("POST", f"/v1/users/{enrolling}/totp", {})["secret"]
    phone = totp.enrol_in(first.postgres, first.keys, enrolled)
    versions = first.sql("SELECT sum(version) FROM authd.account")
    with Load(first, [(login, PASSWORD), (login, secret), (login, "made elsewhere")]) as load:
        made = first.rotate("sealing")
        assert made["current"] and made["changed"] and made["id"] != old
        first.wait_count("sealing", old)
        load.more()
        first.rotate("pepper")
        load.more()
    assert load.refused == []
    first.wait_first("sealing", made["id"])
    assert first.current("sealing") == made["id"]
    assert first.count("sealing", made["id"]) >= 700
    assert first.names("sealing")[1] == old
    assert_seeds(first, seeds)
    assert first.sql("SELECT sum(version) FROM authd.account") == versions
    with first.connect() as client:
        assert client.login(enrolled, PASSWORD + totp.code(phone)).command == "OK"
    first.api.good("POST", f"/v1/users/{enrolling}/totp/confirm", {"code": totp.code(pending)})


def test_a_text_that_cannot_be_opened_stays(first):
    seeds, old = add_seeds(first, 3), first.current("sealing")
    broken, other = sorted(seeds, key=int)[:2]
    first.sql(f"UPDATE authd.totp SET seed = (SELECT seed FROM authd.totp WHERE account = {other}) "
              f"WHERE account = {broken}")
    since = first.authd.log_size()
    first.rotate("sealing")
    first.wait_count("sealing", old, 1)
    (event,) = wait_until(lambda: first.authd.events("resealed", since), what="the end of the run")
    assert event["broken"] == "1" and int(event["replaced"]) >= 2
    assert_seeds(first, {account: seed for account, seed in seeds.items() if account != broken})
    first.sql(f"DELETE FROM authd.totp WHERE account = {broken}")


def test_killed_while_texts_follow(first):
    seeds, old = add_seeds(first, 3000), first.current("sealing")
    total = first.count("sealing", old)
    first.rotate("sealing")
    for _ in range(3):
        left = first.count("sealing", old)
        wait_until(lambda left=left: first.count("sealing", old) < left or left == 0, 60, "some progress")
        first.authd.kill()
        assert_seeds(first, seeds)
        first.authd.start()
    assert total >= 3000
    first.wait_count("sealing", old)
    assert_seeds(first, seeds)


# ---- the steps of a rotation: killed between any two, authd goes on

def test_killed_before_the_database_knows_of_it(first):
    before = first.list()
    made = first.rotate("sealing", prepare=True)
    assert not made["current"] and first.names("sealing")[-1] == made["id"]
    first.authd.kill()
    first.authd.start()
    assert first.list() == before
    assert first.rotate("sealing")["id"] == made["id"]
    first.wait_first("sealing", made["id"])


@pytest.mark.parametrize("purpose", ["sealing", "pepper"])
def test_killed_before_it_is_the_first(first, purpose):
    old = first.current(purpose)
    new = os.urandom(32)
    first.authd.kill()
    first.write(purpose, "\n".join([*first.lines(purpose)[:1], new.hex()]) + "\n")
    # What was behind the first is needed by nothing here.
    first.sql(f"UPDATE authd.key SET removed_at = authd.now() WHERE kind = '{purpose}' AND id <> '{old}'")
    app_password.manage(first.postgres, "key_rotate", purpose=purpose, id=sealing.key_id(new), replaces=old)
    first.authd.start()
    first.wait_first(purpose, sealing.key_id(new))
    assert first.names(purpose) == [sealing.key_id(new), old]
    assert first.current(purpose) == sealing.key_id(new)
    login = first.new_user()
    made = first.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "new"})
    with first.connect() as client:
        assert client.login(login, made["secret"]).command == "OK"


def test_killed_while_the_file_was_written(first):
    old = first.lines("sealing")
    first.authd.kill()
    with open(first.file("sealing.new"), "w", encoding="ascii") as file:
        file.write("12345")
    first.authd.start()
    assert first.lines("sealing") == old
    made = first.rotate("sealing")
    first.wait_first("sealing", made["id"])
    assert sorted(os.listdir(first.keys)) == ["audit", "pepper", "sealing"]


def test_killed_at_any_moment(first):
    """The moments are random; what must hold is not: it starts, and the database's key is the first of the file."""
    seeds = add_seeds(first, 200)
    for turn in range(6):
        trim(first, "sealing")
        asked = threading.Thread(target=rotate_or_die, args=(first,))
        asked.start()
        time.sleep(0.004 * turn)
        first.authd.kill()
        asked.join()
        first.authd.start()
        wait_until(lambda: first.names("sealing")[0] == first.current("sealing"), 30, "the current key first")
        assert_seeds(first, seeds)
    first.rotate("sealing")


def rotate_or_die(node):
    try:
        node.api.call("POST", "/v1/keys/sealing/rotate")
    except (OSError, ValueError, ConnectionError):
        pass
    except Exception as error:  # the answer broke off
        assert "RemoteDisconnected" in type(error).__name__ or "Incomplete" in type(error).__name__, error


def trim(node, purpose):
    """Makes room in a file, as an administrator would: old keys whose count is 0 go."""
    for key in node.list():
        if key["purpose"] == purpose and not key["current"]:
            node.wait_count(purpose, key["id"])
    node.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    current = node.current(purpose)
    node.write(purpose, node.lines(purpose)[node.names(purpose).index(current)] + "\n")
    node.hup()
    wait_until(lambda: [key["id"] for key in node.list() if key["purpose"] == purpose] == [current], 30,
               "one key on the list")


# ---- peppers

def test_verifiers_follow_when_they_are_used(first):
    login, idle = first.new_user(), first.new_user()
    make = lambda owner: first.api.good("POST", f"/v1/users/{owner}/app-passwords", {"label": "x"})["secret"]  # noqa: E731
    used, unused = make(login), make(idle)
    key = first.api.make_key(rights=["*:write"])
    session = first.api.sign_in(login, PASSWORD)
    old = first.current("pepper")
    before = first.count("pepper", old)
    versions = first.sql("SELECT sum(version) FROM authd.app_password")
    new = first.rotate("pepper")["id"]
    first.wait_first("pepper", new)
    assert first.api.call("GET", "/v1/session", who=session).status == 401
    assert first.count("pepper", old) == before
    with first.connect() as client:
        assert client.login(login, used).command == "OK"
    first.wait_count("pepper", old, before - 1)
    assert first.api.good("POST", "/v1/users", {"login": f"by.key{os.getpid()}@example.org"}, who=key)["changed"]
    first.wait_count("pepper", old, before - 2)
    assert first.api.call("GET", "/v1/users", who=key).status == 200
    with first.connect() as client:
        assert client.login(login, used).command == "OK"
        assert client.login(idle, unused).command == "OK"
    first.wait_count("pepper", old, before - 3)
    assert first.sql("SELECT sum(version) FROM authd.app_password") == versions


def test_who_rotates_by_a_session_is_signed_out(first):
    login = first.new_user()
    first.api.good("PATCH", f"/v1/users/{login}", {"role": "admin"})
    session = first.sign_in(login)
    made = first.api.call("POST", "/v1/keys/pepper/rotate", who=session)
    assert made.status == 200, made
    first.wait_first("pepper", made.json["id"])
    assert first.api.call("GET", "/v1/keys", who=session).status == 401
    assert first.api.call("GET", "/v1/keys", who=first.sign_in(login)).status == 200


# ---- an embedded database

def test_an_embedded_database():
    with Authd() as authd:
        login, directory = "somebody@example.org", os.path.join(authd.state, "keys")
        authd.add_user(login, PASSWORD)
        made = [authd.authctl("key", "rotate", name).json["id"] for name in ("sealing", "pepper")]
        left = authd.authctl("key", "rotate", "sealing", "--prepare").json["id"]
        authd.stop()
        authd.start()
        assert [key_names(directory, name)[0] for name in ("sealing", "pepper")] == made
        assert key_names(directory, "sealing")[-1] == left
        with Dovecot(authd.dovecot) as client:
            assert client.login(login, PASSWORD).command == "OK"
        assert authd.authctl("key", "rotate", "sealing").json["id"] == left


# ---- several nodes

def test_two_nodes(first, second):
    login, old = first.new_user(), first.current("sealing")
    trim(first, "sealing")
    second.copy_keys(first)
    second.hup()
    seeds = add_seeds(first, 300)
    made = first.rotate("sealing", prepare=True)
    assert first.current("sealing") == old and not made["current"]
    second.copy_keys(first, ["sealing"])
    second.hup()
    with Load(first, [(login, PASSWORD)]) as one, Load(second, [(login, PASSWORD)]) as other:
        assert first.rotate("sealing")["id"] == made["id"]
        second.wait_first("sealing", made["id"])
        first.wait_count("sealing", old)
        one.more()
        other.more()
    assert one.refused == other.refused == []
    assert first.names("sealing") == second.names("sealing") == [made["id"], old]
    assert_seeds(second, seeds)


def test_a_node_that_lacks_the_key_finds_it_once_it_is_there(first, second):
    since = second.authd.log_size()
    made = first.rotate("sealing")
    first.wait_first("sealing", made["id"])
    wait_until(lambda: second.authd.events("key-missing", since), 20, "the complaint")
    assert made["id"] in second.authd.events("key-missing", since)[0]["message"]
    second.copy_keys(first, ["sealing"])
    wait_until(lambda: [event for event in second.authd.events("keys", since) if event["sealing"] == made["id"]],
               20, "the new key")
    assert second.is_serving(first.new_user())


# ---- reading the files again

@pytest.mark.parametrize("flaw, words", [
    (lambda node: os.unlink(node.file("pepper")), "there is no"),
    (lambda node: os.chmod(node.file("sealing"), 0o644), "can read"),
    (lambda node: node.write("sealing", "0" * 64 + "\n"), "does not hold a key"),
    (lambda node: node.write("sealing", "3" * 64 + "\n"), "which is not in the files"),
    (lambda node: node.write("audit", "3" * 64 + "\n"), "which is not in the files"),
], ids=["missing", "readable", "zeros", "another", "audit"])
def test_files_that_are_wrong_leave_the_keys_of_before(first, second, flaw, words):
    since, login = second.authd.log_size(), second.new_user()
    secret = second.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "x"})["secret"]
    flaw(second)
    second.hup()
    (event,) = wait_until(lambda: second.authd.events("keys-refused", since), 20, "the complaint")
    assert words in event["message"] and "stay" in event["message"]
    with second.connect() as client:
        assert client.login(login, secret).command == "OK"
    os.chmod(second.file("sealing"), 0o600)
    second.copy_keys(first)
    second.hup()
    wait_until(lambda: second.authd.events("keys", since), 20, "the keys")


def test_a_key_that_something_needs_stays_on_the_list(first):
    login = first.new_user()
    secret = first.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "x"})["secret"]
    old = first.current("pepper")
    new = first.rotate("pepper")["id"]
    first.wait_first("pepper", new)
    first.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    text, since = read_text(first.file("pepper")), first.authd.log_size()
    kept = [line for line, name in zip(first.lines("pepper"), first.names("pepper")) if name != old]
    first.write("pepper", "\n".join(kept) + "\n")
    first.hup()
    (event,) = wait_until(lambda: first.authd.events("keys-refused", since), 20, "the complaint")
    assert f"pepper {old}" in event["message"]
    first.write("pepper", text)
    first.hup()
    with first.connect() as client:
        assert client.login(login, secret).command == "OK"
    assert first.count("pepper", old) >= 0


def test_a_line_that_was_lost_does_no_harm_before_it_is_noticed(first):
    login, other = first.new_user(), first.new_user()
    make = lambda owner: first.api.good("POST", f"/v1/users/{owner}/app-passwords", {"label": "x"})["secret"]  # noqa: E731
    one, two = make(login), make(other)
    lost = first.lines("pepper")[0]
    first.wait_first("pepper", first.rotate("pepper")["id"])
    first.write("pepper", "".join(line + "\n" for line in first.lines("pepper") if line != lost))
    first.wait_first("sealing", first.rotate("sealing")["id"])
    first.wait_first("pepper", first.rotate("pepper")["id"])
    with first.connect() as client:
        assert client.login(login, one).command == "OK"
    first.write("pepper", "\n".join([*first.lines("pepper"), lost]) + "\n")
    first.hup()
    first.authd.stop()
    first.authd.start()
    with first.connect() as client:
        assert client.login(other, two).command == "OK"


def test_a_file_that_is_full(first):
    trim(first, "sealing")
    for _ in range(7):
        first.wait_first("sealing", first.rotate("sealing")["id"])
    assert len(first.lines("sealing")) == 8
    refused = first.api.call("POST", "/v1/keys/sealing/rotate")
    assert refused.status == 409 and "remove the lines" in refused.json["detail"]
    trim(first, "sealing")
    first.wait_first("sealing", first.rotate("sealing")["id"])


def test_a_key_that_came_off_the_list_never_comes_back(first):
    trim(first, "sealing")
    old = first.lines("sealing")[0]
    first.wait_first("sealing", first.rotate("sealing")["id"])
    trim(first, "sealing")
    first.write("sealing", read_text(first.file("sealing")) + old + "\n")
    first.hup()
    made = first.rotate("sealing")["id"]
    assert made != sealing.key_id(bytes.fromhex(old))
    first.wait_first("sealing", made)


def test_requests_under_one_idempotency_key_rotate_once(first):
    trim(first, "sealing")
    answers = [first.api.call("POST", "/v1/keys/sealing/rotate", Idempotency_Key="once") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["id"] == answers[1].json["id"] and answers[1].json["replayed"]
    first.wait_first("sealing", answers[0].json["id"])
    assert len(first.lines("sealing")) == 2


def test_migrate_takes_what_nothing_needs_off_the_list(first):
    trim(first, "sealing")
    first.wait_first("sealing", first.rotate("sealing")["id"])
    for key in first.list():
        if key["purpose"] == "sealing" and not key["current"]:
            first.wait_count("sealing", key["id"])
    first.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    first.authd.stop()
    first.write("sealing", first.lines("sealing")[0] + "\n")
    first.authd.migrate()
    first.authd.start()
    assert [key["id"] for key in first.list() if key["purpose"] == "sealing"] == first.names("sealing")
