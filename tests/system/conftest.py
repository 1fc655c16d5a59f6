"""One site for most tests: PostgreSQL, authd on it, and in front of it a Postfix and an Exim."""

import contextlib
import os

import pytest

from harness.authd import Authd, new_password
from harness.exim import Exim
from harness.postfix import Postfix
from harness.postgres import Postgres
from harness.private import make_directory, remove_directory

# Whatever PostgreSQL can be told to log it logs here, so that test_secrecy can look for secrets in it.
TALKATIVE = ("log_statement = 'all'", "log_min_duration_statement = 0", "log_connections = on")


class Site:
    """Postfix has a tagged listener, Exim a plain one. Alice can log in, Bob is suspended."""

    ALICE, BOB = "alice@example.org", "bob@example.org"

    def __init__(self, stack):
        self.sasl_config = make_directory()
        stack.callback(remove_directory, self.sasl_config)
        self.postgres = stack.enter_context(Postgres(TALKATIVE))
        self.postgres.create_authd_database()
        self.postfix = Postfix("private/authd-auth", self.sasl_config)
        stack.callback(self.postfix.destroy)
        self.authd = Authd(self.postgres, [
            self.postfix.listener(identity="tagged", peers=["postfix", "root"])])
        stack.callback(self.authd.destroy)
        self._configure_sasl()
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

    def _configure_sasl(self):
        """libsasl2, as an smtpd of type cyrus uses it, with authd in the place of saslauthd."""
        with open(os.path.join(self.sasl_config, "smtpd.conf"), "w", encoding="ascii") as file:
            file.write("pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"
                       f"saslauthd_path: {self.authd.saslauthd}\n")


@pytest.fixture(scope="session")
def site():
    with contextlib.ExitStack() as stack:
        yield Site(stack)
