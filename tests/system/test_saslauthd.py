"""authd in place of saslauthd: with saslauthd's own test client, and with libsasl2 inside Postfix's smtpd."""

import pytest

from harness import clients
from harness.authd import new_password


def test_right_password(site):
    since = site.authd.log_size()
    assert clients.testsaslauthd(site.authd.saslauthd, site.ALICE, site.password) is True
    assert site.authd.wait_event(since, outcome="allow")["user"] == site.ALICE


def test_realm_is_the_domain(site):
    assert clients.testsaslauthd(site.authd.saslauthd, "alice", site.password, realm="example.org") is True
    assert clients.testsaslauthd(site.authd.saslauthd, "alice", site.password, realm="example.net") is False


def test_refusals(site):
    assert clients.testsaslauthd(site.authd.saslauthd, site.ALICE, new_password()) is False
    assert clients.testsaslauthd(site.authd.saslauthd, site.BOB, site.password) is False
    assert clients.testsaslauthd(site.authd.saslauthd, "nobody@example.org", site.password) is False


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_postfix_by_libsasl2(site, mechanism):
    port = site.postfix.cyrus_port
    assert clients.swaks(port, mechanism, site.ALICE, site.password).code == 235
    assert clients.swaks(port, mechanism, site.ALICE, new_password()).code == 535
