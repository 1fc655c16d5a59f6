"""A forgotten password: a real Postfix delivers the link to the user, who sets a password and logs in by SMTP."""

import os

import pytest

from harness import clients
from harness.ask import ask
from harness.authd import Authd, new_password
from harness.postfix import Postfix
from harness.private import run, wait_until
from harness.sink import Sink

LOGIN, READER = "alice@example.org", "alice.reader@home.example"

# A Postfix that takes mail from this machine and forwards it to the user's mail server.
SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/local
  -o mynetworks=127.0.0.0/8
  -o smtpd_relay_restrictions=permit_mynetworks,reject
smtp unix - - n - - smtp
"""


@pytest.fixture()
def mail(request):
    """A Postfix, with the line of main.cf that a test may give, and the user's mail server."""
    with Sink() as home:
        postfix = Postfix()
        request.addfinalizer(postfix.destroy)
        with open(os.path.join(postfix.directory, "etc", "main.cf"), "a", encoding="ascii") as file:
            file.write(f"default_transport = smtp:[127.0.0.1]:{home.url.rpartition(':')[2]}\n")
            file.write(f"{getattr(request, 'param', '')}\n")
        postfix.write_services(SERVICES.format(port=postfix.port))
        postfix.start()
        yield postfix, home


def serve(postfix):
    return Authd(settings={
        "public_url": "https://auth.example.org",
        "mail": {"from": "postmaster@example.org", "server": f"smtp://127.0.0.1:{postfix.port}"}})


def test_a_forgotten_password(mail):
    postfix, home = mail
    with serve(postfix) as authd:
        old, new = new_password(), new_password()
        authd.add_user(LOGIN, old)
        assert ask(authd.http, "PATCH", f"/v1/users/{LOGIN}", {"recovery_address": READER}).status == 200
        answer = ask(authd.http, "POST", f"/v1/users/{LOGIN}/reset-link", {})
        assert answer.status == 201, answer
        wait_until(lambda: home.mails, 20, "the mail at the reader's own server")
        (arrived,) = home.mails
        assert (arrived.sender, arrived.recipients) == ("postmaster@example.org", [READER])
        assert arrived.headers["Auto-Submitted"] == "auto-generated"
        assert clients.testsaslauthd(authd.saslauthd, LOGIN, old) is True
        token = arrived.link()[2]
        done = ask(authd.http, "POST", "/v1/reset", {"token": token, "password": new})
        assert (done.status, done.json["login"]) == (200, LOGIN), done
        assert clients.testsaslauthd(authd.saslauthd, LOGIN, new) is True
        assert clients.testsaslauthd(authd.saslauthd, LOGIN, old) is False
        assert ask(authd.http, "POST", "/v1/reset", {"token": token, "password": old}).status == 401
        for text in authd.log_text(), authd.embedded_log_text():
            assert token not in text and new not in text
        dump = run("grep", "-r", "-l", "-F", "-e", token, "-e", new, authd.state, check=False)
        assert dump.stdout == ""


@pytest.mark.parametrize("mail", ["smtputf8_enable = yes", "smtputf8_enable = no"], indirect=True)
def test_a_recovery_address_that_is_not_ascii(mail, request):
    """Postfix delivers the link to the very address, or is not given it."""
    postfix, home = mail
    reader = "j\u00f6rg.\u8aad\u8005@home.example"
    with serve(postfix) as authd:
        authd.add_user(LOGIN, new_password())
        assert ask(authd.http, "PATCH", f"/v1/users/{LOGIN}", {"recovery_address": reader}).status == 200
        answer = ask(authd.http, "POST", f"/v1/users/{LOGIN}/reset-link", {})
        if request.node.callspec.params["mail"].endswith("no"):
            assert answer.status == 409 and "does not offer SMTPUTF8" in answer.json["detail"], answer
            assert "from=<postmaster@example.org>" not in postfix.log_text()
            return
        assert answer.status == 201, answer
        wait_until(lambda: home.mails, 20, "the mail at the reader's own server")
        (arrived,) = home.mails
        assert (arrived.recipients, arrived.headers["To"]) == ([reader], f"<{reader}>")
        assert "SMTPUTF8" in arrived.parameters and arrived.link()
