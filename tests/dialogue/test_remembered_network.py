"""Networks remembered after a code: from which addresses, how often and until when the main password is good without
another code."""

import pytest
from client import saslauthd
from conftest import PASSWORD
from phone import AWAY, HOME, NEEDED, by, new_phone, outcome


@pytest.fixture
def remembering(instance):
    """A node that remembers a network after a code."""
    instance.authd.config["second_factor_remember"] = {"for": "12h", "uses": 3, "network": "/24,/64",
                                                    "shared": ["203.0.113.0/24"]}
    instance.authd.write_config()
    instance.authd.start()
    return instance


def test_a_remembered_network(remembering):
    user = new_phone(remembering)
    assert by(remembering, user.login, PASSWORD, rip=HOME)[0] == NEEDED
    used = PASSWORD + user.code()
    assert by(remembering, user.login, used, rip=HOME) == ("good-password", "totp")
    assert by(remembering, user.login, PASSWORD, rip="192.0.2.200") == ("good-password", "remembered")
    assert by(remembering, user.login, PASSWORD, rip=AWAY)[0] == NEEDED
    assert by(remembering, user.login, "wrong", rip=HOME)[0] == "wrong-password"
    # In a remembered network, the code that follows a right password is neither checked nor counted.
    assert by(remembering, user.login, PASSWORD + user.wrong(), rip=HOME) == ("good-password", "remembered")
    assert by(remembering, user.login, used, rip=HOME) == ("good-password", "remembered")
    assert user.row("failures") == "0"
    assert by(remembering, user.login, PASSWORD, rip=HOME)[0] == NEEDED  # the three uses are over
    assert by(remembering, user.login, PASSWORD + user.wrong(), rip=HOME)[0] == "wrong-code"
    user.forget()
    assert by(remembering, user.login, PASSWORD + user.code(), rip=HOME) == ("good-password", "totp")
    assert by(remembering, user.login, PASSWORD, rip=HOME) == ("good-password", "remembered")


def test_a_new_code_renews_it(remembering):
    user = new_phone(remembering)
    for _ in range(2):
        user.forget()
        assert by(remembering, user.login, PASSWORD + user.code(), rip="2001:db8::1") == ("good-password", "totp")
        for host in (2, 3, 4):
            assert by(remembering, user.login, PASSWORD, rip=f"2001:db8::{host}") == ("good-password", "remembered")
        assert by(remembering, user.login, PASSWORD, rip="2001:db8::5")[0] == NEEDED


@pytest.mark.parametrize("client", [None, "127.0.0.1", "::1", "::ffff:127.0.0.1", "203.0.113.7"])
def test_no_remember_there(remembering, client):
    """A network is not remembered if too many users share it, or if the client's address is unknown."""
    user = new_phone(remembering)
    where = {} if client is None else {"rip": client}
    assert by(remembering, user.login, PASSWORD + user.code(), **where) == ("good-password", "totp")
    assert by(remembering, user.login, PASSWORD, **where)[0] == NEEDED
    assert remembering.sql("SELECT count(*) FROM authd.remembered_network JOIN authd.account ON account.id = account "
                        f"WHERE login = '{user.login}'") == "0"


def test_no_remember_by_saslauthd(remembering):
    user = new_phone(remembering)
    assert by(remembering, user.login, PASSWORD + user.code(), rip=HOME) == ("good-password", "totp")
    assert saslauthd(remembering.saslauthd, user.login, PASSWORD, extra=HOME)[:2] == b"NO"


def test_none_unless_configured(server):
    phone = new_phone(server)
    assert outcome(server, phone.login, PASSWORD + phone.code(), rip=HOME) == "good-password"
    assert outcome(server, phone.login, PASSWORD, rip=HOME) == NEEDED


def test_remember_ends_with_the_enrolment(remembering):
    user = new_phone(remembering)
    assert by(remembering, user.login, PASSWORD + user.code(), rip=HOME) == ("good-password", "totp")
    remembering.sql(f"UPDATE authd.totp SET id = authd.credential_id() + 100000 WHERE id = {user.row('id')}")
    remembering.sql(f"UPDATE authd.account SET version = version + 1 WHERE login = '{user.login}'")
    assert by(remembering, user.login, PASSWORD, rip=HOME)[0] == NEEDED


@pytest.mark.parametrize("password", ["battery staple 123456", "battery staple $123456"])
def test_remember_for_passwords_that_end_in_digits(remembering, password):
    """In a remembered network the secret is also tried as a whole; in another network its last digits are taken for a code."""
    user = new_phone(remembering, password=password)
    assert by(remembering, user.login, password, rip=HOME)[0] == "wrong-password"
    assert by(remembering, user.login, password + user.code(), rip=HOME) == ("good-password", "totp")
    assert by(remembering, user.login, password, rip=HOME) == ("good-password", "remembered")
    assert by(remembering, user.login, password, rip=AWAY)[0] == "wrong-password"
    assert by(remembering, user.login, "battery staple 654321", rip=HOME)[0] == "wrong-password"
    assert by(remembering, user.login, password + user.wrong(), rip=HOME) == ("good-password", "remembered")
    assert user.row("failures") == "0"
