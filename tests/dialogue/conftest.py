"""One authd for all dialogues, on one private PostgreSQL; each test takes users of its own."""

import os

import pytest
from client import Dovecot
from harness.authd import Authd
from harness.postgres import Postgres

PASSWORD = "correct horse battery staple"


class Server:
    """authd with its sockets, and what every test needs of it."""

    def __init__(self, authd, postgres):
        self.authd, self.postgres = authd, postgres
        self.tagged = os.path.join(authd.directory, "tagged")
        self.replying = os.path.join(authd.directory, "replying")
        self.plain = authd.dovecot
        self.saslauthd = authd.saslauthd
        self.count = 0

    def connect(self, path=None, **options):
        return Dovecot(path or self.plain, **options)

    def new_user(self, password=PASSWORD):
        """A user that no other test knows; returns the login."""
        self.count += 1
        login = f"user{os.getpid()}x{self.count}@example.org"
        self.authd.authctl("user", "add", login, password=password)
        return login

    def set_hash(self, login, stored):
        """As an import would."""
        self.sql(f"UPDATE authd.account SET password = '{stored}', version = version + 1 "
                 f"WHERE login = '{login}'")

    def stored_hash(self, login):
        return self.sql(f"SELECT password FROM authd.account WHERE login = '{login}'")

    def sql(self, text):
        return self.postgres.psql(text, database="authd")


@pytest.fixture(scope="session")
def server():
    with Postgres() as postgres:
        postgres.create_authd_database()
        authd = Authd(postgres)
        for name, options in {"tagged": {"identity": "tagged"},
                              "replying": {"tempfail": "reply"}}.items():
            authd.config["listeners"].append(
                {"protocol": "dovecot", "path": os.path.join(authd.directory, name), "mode": "0666",
                 **options})
        authd.write_config()
        authd.migrate()
        with authd:
            yield Server(authd, postgres)


@pytest.fixture(scope="session")
def alice(server):
    """A user with a good password, for tests that change nothing about her."""
    return server.new_user()
