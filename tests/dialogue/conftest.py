"""One authd on one private PostgreSQL for all tests of a worker; each test makes users of its own."""

import functools
import glob
import itertools
import os
import subprocess

import pytest
from client import Dovecot
from harness import stored as stored_hashes
from harness.authd import Authd
from harness.postgres import Postgres
from harness.private import read_text, wait_until

PASSWORD = "correct horse battery staple"

# A hash that no password matches, and whose check takes about a second.
DEAR_HASH = "$6$rounds=2500000$authdauthd$" + "." * 86

numbers = itertools.count(1)


class Server:
    """authd with its sockets, and the helpers that every test needs."""

    def __init__(self, authd, postgres):
        self.authd, self.postgres = authd, postgres
        self.tagged = os.path.join(authd.directory, "tagged")
        self.replying = os.path.join(authd.directory, "replying")
        self.plain = authd.dovecot
        self.saslauthd = authd.saslauthd

    def connect(self, path=None, **options):
        return Dovecot(path or self.plain, **options)

    def new_user(self, password=PASSWORD, stored=None, role="user"):
        """Makes a user that no other test knows, with an imported hash if `stored` is given; returns the login."""
        login = f"user{os.getpid()}x{next(numbers)}@example.org"
        self.authd.authctl("user", "add", login, "--role", role, password=password)
        if stored:
            self.set_hash(login, stored)
        return login

    def set_hash(self, login, stored):
        """Sets a user's password hash, as an import would."""
        stored_hashes.write(self.postgres, self.authd.config["key_dir"], login, stored)

    def stored_hash(self, login):
        return stored_hashes.read(self.postgres, self.authd.config["key_dir"], login)

    def sql(self, text):
        return self.postgres.psql(text, database="authd")

    def threads_hashing(self):
        """How many threads are hashing passwords at this moment, according to the kernel."""
        tasks = glob.glob(f"/proc/{self.authd.process.pid}/task/*/stat")
        stats = [read_text(path).partition("(")[2].rpartition(") ") for path in tasks]
        return sum(name.startswith("hash") and rest[:1] == "R" for name, _, rest in stats)

    def wait_hashes_done(self):
        wait_until(lambda: self.threads_hashing() == 0, what="the end of all hashes")

    def is_serving(self, login):
        """True if this login succeeds now, which means that authd has its database."""
        with self.connect(self.replying) as client:
            return client.login(login, PASSWORD).command == "OK"


@functools.cache
def doveadm_hash(password, scheme, *options):
    """An imported hash, made by Dovecot's own program."""
    done = subprocess.run(["doveadm", "pw", *options, "-s", scheme, "-p", password], check=True,
                          capture_output=True, text=True)
    return done.stdout.strip().partition("}")[2]


def make_authd(postgres):
    authd = Authd(postgres)
    for name, options in {"tagged": {"identity": "tagged"}, "replying": {"tempfail": "reply"}}.items():
        authd.config["listeners"].append(
            {"protocol": "dovecot", "path": os.path.join(authd.directory, name), "mode": "0666", **options})
    authd.write_config()
    return authd


@pytest.fixture(scope="session")
def server():
    with Postgres() as postgres:
        postgres.create_authd_database()
        authd = make_authd(postgres)
        authd.migrate()
        with authd:
            yield Server(authd, postgres)


@pytest.fixture
def instance(server):
    """An authd for this test alone on the same database, not started yet."""
    authd = make_authd(server.postgres)
    yield Server(authd, server.postgres)
    authd.destroy()


@pytest.fixture(scope="session")
def alice(server):
    """A user with a good password, for tests that leave her unchanged."""
    return server.new_user()
