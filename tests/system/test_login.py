"""Mail clients log in to Postfix (smtpd chrooted) and Exim, which ask authd."""

import re
import smtplib

import pytest

from harness import clients
from harness.authd import new_password

SERVERS = ["postfix", "exim"]
CLIENTS = [clients.swaks, clients.curl, clients.msmtp]
MECHANISMS = ["PLAIN", "LOGIN"]


def port_of(site, server):
    return getattr(site, server).port


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
@pytest.mark.parametrize("server", SERVERS)
def test_right_password(site, server, client, mechanism):
    since = site.authd.log_size()
    answer = client(port_of(site, server), mechanism, site.ALICE, site.password)
    assert (answer.code, answer.status) == (235, 0), answer.transcript
    event = site.authd.wait_event(since, outcome="allow")
    assert event["reason"] == "good-password"
    assert event["mechanism"].upper() == mechanism
    assert event["user"] == site.ALICE
    assert event["client"] == "127.0.0.1"


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
@pytest.mark.parametrize("server", SERVERS)
def test_wrong_password(site, server, client, mechanism):
    since = site.authd.log_size()
    answer = client(port_of(site, server), mechanism, site.ALICE, new_password())
    assert answer.code == 535, answer.transcript
    assert answer.status != 0
    assert site.authd.wait_event(since, outcome="deny")["reason"] == "wrong-password"


def test_tls_from_the_start(site):
    answer = clients.swaks(site.postfix.tls_port, "PLAIN", site.ALICE, site.password, tls="wrapper", send=True)
    assert (answer.code, answer.status) == (235, 0), answer.transcript


def test_default_domain_completes_the_name(site):
    answer = clients.swaks(site.postfix.port, "PLAIN", "alice", site.password)
    assert answer.code == 235, answer.transcript


def test_refusals_differ_in_nothing_but_the_reference(site):
    """Wrong password, unknown user and suspended user; the reference in the reply leads to the log line that
    distinguishes them."""
    texts = {}
    cases = {"wrong-password": (site.ALICE, new_password()),
             "unknown-user": ("nobody@example.org", site.password),
             "suspended": (site.BOB, site.password)}
    for reason, (user, password) in cases.items():
        since = site.authd.log_size()
        answer = clients.swaks(site.postfix.port, "PLAIN", user, password)
        assert answer.code == 535, answer.transcript
        event = site.authd.wait_event(since, outcome="deny")
        assert event["reason"] == reason
        assert event["ref"] in answer.text
        texts[reason] = answer.text.replace(event["ref"], "")
    assert len(set(texts.values())) == 1, texts


@pytest.mark.parametrize("server", SERVERS)
def test_auth_before_starttls_is_refused(site, server):
    since = site.authd.log_size()
    with smtplib.SMTP("127.0.0.1", port_of(site, server), timeout=20) as smtp:
        smtp.ehlo("client.example.org")
        assert "auth" not in smtp.esmtp_features
        code, _ = smtp.docmd("AUTH", "PLAIN AGFsaWNlAHNlY3JldA==")
        assert code in (503, 530)
    assert site.authd.events(since=since) == []


def logged_identity(site, since):
    """The sasl_username of the first mail in Postfix's log after that offset."""
    return re.search(r"sasl_username=(\S+)", site.postfix.log_text()[since:]).group(1)


def test_postfix_sees_the_password_generation_in_the_identity(site):
    login, first, second = "carol@example.org", new_password(), new_password()
    site.authd.add_user(login, first)
    generations = []
    for password in (first, second):
        if password == second:
            site.authd.authctl("password", "set", login, password=second)
        since = len(site.postfix.log_text())
        answer = clients.swaks(site.postfix.port, "PLAIN", login, password, send=True)
        assert (answer.code, answer.status) == (235, 0), answer.transcript
        generations.append(int(re.fullmatch(r"carol#p(\d+)@example\.org", logged_identity(site, since)).group(1)))
    assert generations[0] < generations[1]
    assert clients.swaks(site.postfix.port, "PLAIN", login, first).code == 535


def test_exim_sees_the_plain_identity(site):
    since = len(site.exim.log_text())
    answer = clients.swaks(site.exim.port, "LOGIN", site.ALICE, site.password, send=True)
    assert (answer.code, answer.status) == (235, 0), answer.transcript
    assert f" A=login:{site.ALICE} " in site.exim.log_text()[since:]


def test_suspend_and_resume_take_effect_at_once(site):
    login, password = "dave@example.org", new_password()
    site.authd.add_user(login, password)
    assert clients.swaks(site.postfix.port, "PLAIN", login, password).code == 235
    site.authd.authctl("user", "suspend", login, "--reason", "test")
    assert clients.swaks(site.postfix.port, "PLAIN", login, password).code == 535
    site.authd.authctl("user", "resume", login)
    assert clients.swaks(site.postfix.port, "PLAIN", login, password).code == 235
