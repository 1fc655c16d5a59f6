"""One site for most tests: PostgreSQL, authd, a Postfix and an Exim."""

import contextlib

import pytest

from harness.authd import Authd, new_password
from harness.exim import Exim
from harness.postfix import Postfix
from harness.postgres import Postgres

# PostgreSQL logs as much as it can, so that test_secrecy can look for secrets in its log.
TALKATIVE = ("log_statement = 'all'", "log_min_duration_statement = 0", "log_connections = on")


class Site:
    """A site with a tagged listener for Postfix and a plain one for Exim. Alice can log in, Bob is suspended."""

    ALICE, BOB = "alice@example.org", "bob@example.org"

    def __init__(self, stack):
        self.postgres = stack.enter_context(Postgres(TALKATIVE))
        self.postgres.create_authd_database()
        self.postfix = Postfix()
        stack.callback(self.postfix.destroy)
        self.authd = Authd(self.postgres, [
            self.postfix.listener(identity="tagged", peers=["postfix", "root"])])
        stack.callback(self.authd.destroy)
        self.postfix.write_sasl_config(self.authd.saslauthd)
        self.authd.migrate()
        self.authd.start()
        self.postfix.start()
        self.exim = Exim(self.authd.dovecot)
        stack.callback(self.exim.destroy)
        self.exim.start()
        self.password = new_password()
        for login in (self.ALICE, self.BOB):
            self.authd.add_user(login, self.password)
        self.authd.authctl("user", "suspend", self.BOB, "--reason", "test")


@pytest.fixture(scope="session")
def site():
    with contextlib.ExitStack() as stack:
        yield Site(stack)
