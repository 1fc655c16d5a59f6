"""Canary passwords go every way that a password can go; no log may contain them, in any form."""

import base64
import re

import pytest

from harness import clients, stored
from harness.authd import Authd, new_password

LOGIN = "canary@example.org"


def forms(secret):
    """The secret itself, and its forms in PLAIN and LOGIN."""
    plain = f"\0{LOGIN}\0{secret}".encode()
    return [secret, base64.b64encode(secret.encode()).decode().rstrip("="),
            base64.b64encode(plain).decode().rstrip("=")]


def use_everywhere(authd, port, right, wrong):
    authd.add_user(LOGIN, wrong)
    authd.authctl("password", "set", LOGIN, password=right)
    for mechanism in ("PLAIN", "LOGIN"):
        assert clients.swaks(port, mechanism, LOGIN, right).code == 235
        assert clients.swaks(port, mechanism, LOGIN, wrong).code == 535
    assert clients.testsaslauthd(authd.saslauthd, LOGIN, right) is True
    assert clients.testsaslauthd(authd.saslauthd, LOGIN, wrong) is False
    # A secret entered as a user name is logged, which is the user's own doing; a secret in a mistyped command is not.
    assert authd.authctl("password", "set", "nobody@example.org", password=right, check=False).status == 1


def stored_forms(site):
    """The stored password, encrypted and decrypted, without the public parameters before salt and hash."""
    opened = stored.read(site.postgres, site.authd.config["key_dir"], LOGIN)
    assert opened.startswith("$argon2id$")
    encrypted = site.postgres.psql(f"SELECT password FROM authd.account WHERE login = '{LOGIN}'", "authd")
    return [opened.split("$", 4)[4], encrypted.split("$")[3]]


def test_no_log_shows_a_password_or_its_hash(site):
    right, wrong = new_password(), new_password()
    use_everywhere(site.authd, site.postfix.port, right, wrong)
    assert site.authd.wait_event(user=LOGIN, outcome="allow")
    hashes = stored_forms(site)
    logs = {"authd": site.authd.log_text(), "PostgreSQL": site.postgres.log_text(),
            "Postfix": site.postfix.log_text()}
    assert "authd." in logs["PostgreSQL"]  # shows that the log is as verbose as this test needs
    for name, text in logs.items():
        for form in [*forms(right), *forms(wrong), *hashes]:
            assert form not in text, name
        assert "resp=" not in text, name


def test_embedded_database_logs_no_secret_whatever_it_is_told_to_log(site):
    """The administrator may write local.conf beside the embedded cluster."""
    password = new_password()
    with Authd() as authd:
        authd.stop()
        authd.write_local_conf("log_statement = 'all'\nlog_min_duration_statement = 0\n")
        authd.start()
        authd.add_user(LOGIN, password)
        assert clients.testsaslauthd(authd.saslauthd, LOGIN, password) is True
        text = authd.embedded_log_text()
        assert "authd." in text
        assert not [form for form in forms(password) if form in text]
        assert not re.search(r"\$argon2id\$v=\d", text)


@pytest.mark.parametrize("name", ["cmdline", "environ"])
def test_process_shows_no_secret(site, name):
    with open(f"/proc/{site.authd.process.pid}/{name}", "rb") as file:
        assert site.password.encode() not in file.read()
