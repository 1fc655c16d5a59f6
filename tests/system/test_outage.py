"""PostgreSQL goes away and comes back under Postfix and Exim. A user with the right password gets a temporary error
(454, 435) and never "wrong password" (535)."""

import contextlib

import pytest

from harness import clients
from harness.private import wait_until


@contextlib.contextmanager
def stopped(site):
    site.postgres.stop()
    try:
        yield
    finally:
        site.postgres.start()


@contextlib.contextmanager
def hung(site):
    site.postgres.hang()
    try:
        yield
    finally:
        site.postgres.resume()


def login(site, server):
    return clients.swaks(getattr(site, server).port, "PLAIN", site.ALICE, site.password).code


def recovered(site):
    """Both servers accept logins again, and until then give only temporary errors."""
    for server, temporary in (("postfix", 454), ("exim", 435)):
        def accepted(server=server, temporary=temporary):
            code = login(site, server)
            assert code in (235, temporary)
            return code == 235
        wait_until(accepted, 30, f"{server}'s recovery")


@pytest.mark.parametrize("trouble", [stopped, hung], ids=lambda trouble: trouble.__name__)
def test_temporary_error_and_recovery(site, trouble):
    recovered(site)
    since = site.authd.log_size()
    with trouble(site):
        assert login(site, "postfix") == 454
        assert login(site, "exim") == 435
        # A new smtpd asks for the mechanisms now, and gets them without the database.
        site.postfix.reload()
        assert login(site, "postfix") == 454
        assert clients.testsaslauthd(site.authd.saslauthd, site.ALICE, site.password) is None
    events = site.authd.events(since=since)
    assert events and {event["outcome"] for event in events} == {"tempfail"}
    recovered(site)


def test_postfix_knows_at_once_that_authd_is_back(site):
    """The disconnected smtpd connects anew for its next login, without a second temporary error."""
    recovered(site)
    since = site.authd.log_size()
    with stopped(site):
        assert login(site, "postfix") == 454
    wait_until(lambda: site.authd.events("database-up", since), what="authd's connection")
    assert login(site, "postfix") == 235


def test_restart_of_postgresql(site):
    site.postgres.restart()
    recovered(site)


def test_restart_of_authd_between_logins_is_invisible(site):
    assert login(site, "postfix") == 235
    site.authd.stop()
    site.authd.start()
    assert login(site, "postfix") == 235
    assert login(site, "exim") == 235
