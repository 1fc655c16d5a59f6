"""Grace after a code: from where, how often and until when the main password is good without another one."""

import pytest
from client import saslauthd
from conftest import PASSWORD
from phone import ELSEWHERE, HOME, NEEDED, by, new_phone, outcome


@pytest.fixture
def graceful(instance):
    """A node that gives grace after a code."""
    instance.authd.config["second_factor_grace"] = {"for": "12h", "uses": 3, "network": "/24,/64",
                                                    "shared": ["203.0.113.0/24"]}
    instance.authd.write_config()
    instance.authd.start()
    return instance


def test_grace(graceful):
    user = new_phone(graceful)
    assert by(graceful, user.login, PASSWORD, rip=HOME)[0] == NEEDED
    used = PASSWORD + user.code()
    assert by(graceful, user.login, used, rip=HOME) == ("good-password", "totp")
    assert by(graceful, user.login, PASSWORD, rip="192.0.2.200") == ("good-password", "grace")
    assert by(graceful, user.login, PASSWORD, rip=ELSEWHERE)[0] == NEEDED
    assert by(graceful, user.login, "wrong", rip=HOME)[0] == "wrong-password"
    # Beside the right password nothing else is looked at, nor counted.
    assert by(graceful, user.login, PASSWORD + user.wrong(), rip=HOME) == ("good-password", "grace")
    assert by(graceful, user.login, used, rip=HOME) == ("good-password", "grace")
    assert user.row("failures") == "0"
    assert by(graceful, user.login, PASSWORD, rip=HOME)[0] == NEEDED  # three uses
    assert by(graceful, user.login, PASSWORD + user.wrong(), rip=HOME)[0] == "wrong-code"
    user.forget()
    assert by(graceful, user.login, PASSWORD + user.code(), rip=HOME) == ("good-password", "totp")
    assert by(graceful, user.login, PASSWORD, rip=HOME) == ("good-password", "grace")


def test_a_new_code_renews_it(graceful):
    user = new_phone(graceful)
    for _ in range(2):
        user.forget()
        assert by(graceful, user.login, PASSWORD + user.code(), rip="2001:db8::1") == ("good-password", "totp")
        for host in (2, 3, 4):
            assert by(graceful, user.login, PASSWORD, rip=f"2001:db8::{host}") == ("good-password", "grace")
        assert by(graceful, user.login, PASSWORD, rip="2001:db8::5")[0] == NEEDED


@pytest.mark.parametrize("client", [None, "127.0.0.1", "::1", "::ffff:127.0.0.1", "203.0.113.7"])
def test_no_grace_there(graceful, client):
    """Where too many come from, or nobody says from where."""
    user = new_phone(graceful)
    where = {} if client is None else {"rip": client}
    assert by(graceful, user.login, PASSWORD + user.code(), **where) == ("good-password", "totp")
    assert by(graceful, user.login, PASSWORD, **where)[0] == NEEDED
    assert graceful.sql("SELECT count(*) FROM authd.factor_grace JOIN authd.account ON account.id = account "
                        f"WHERE login = '{user.login}'") == "0"


def test_no_grace_by_saslauthd(graceful):
    user = new_phone(graceful)
    assert by(graceful, user.login, PASSWORD + user.code(), rip=HOME) == ("good-password", "totp")
    assert saslauthd(graceful.saslauthd, user.login, PASSWORD, extra=HOME)[:2] == b"NO"


def test_none_unless_configured(server):
    phone = new_phone(server)
    assert outcome(server, phone.login, PASSWORD + phone.code(), rip=HOME) == "good-password"
    assert outcome(server, phone.login, PASSWORD, rip=HOME) == NEEDED


def test_grace_ends_with_the_enrolment(graceful):
    user = new_phone(graceful)
    assert by(graceful, user.login, PASSWORD + user.code(), rip=HOME) == ("good-password", "totp")
    graceful.sql(f"UPDATE authd.totp SET id = authd.credential_id() + 100000 WHERE id = {user.row('id')}")
    graceful.sql(f"UPDATE authd.account SET version = version + 1 WHERE login = '{user.login}'")
    assert by(graceful, user.login, PASSWORD, rip=HOME)[0] == NEEDED


@pytest.mark.parametrize("password", ["battery staple 123456", "battery staple $123456"])
def test_grace_for_passwords_that_end_in_digits(graceful, password):
    """There the whole of it is tried as well; elsewhere it is taken for another password with a code."""
    user = new_phone(graceful, password=password)
    assert by(graceful, user.login, password, rip=HOME)[0] == "wrong-password"
    assert by(graceful, user.login, password + user.code(), rip=HOME) == ("good-password", "totp")
    assert by(graceful, user.login, password, rip=HOME) == ("good-password", "grace")
    assert by(graceful, user.login, password, rip=ELSEWHERE)[0] == "wrong-password"
    assert by(graceful, user.login, "battery staple 654321", rip=HOME)[0] == "wrong-password"
    assert by(graceful, user.login, password + user.wrong(), rip=HOME) == ("good-password", "grace")
    assert user.row("failures") == "0"
