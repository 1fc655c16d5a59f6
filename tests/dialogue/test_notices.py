"""Notices: mail to users about events of their accounts, through SMTP, from two nodes on one database."""

import os
import re

import pytest
from conftest import PASSWORD, Server, make_authd, numbers
from harness import totp
from harness.ask import ask
from harness.private import wait_until
from harness.sink import Sink

SUBJECT = "A new app password for your mail account"


class Node(Server):
    """An authd that sends mail."""

    def new_reader(self):
        """A user with a recovery address; returns both."""
        number = next(numbers)
        login, address = f"reader{os.getpid()}x{number}@example.org", f"reader{number}@home.example"
        self.authd.authctl("user", "add", login, "--recovery-address", address, password=PASSWORD)
        return login, address

    def add(self, login, label="Scanner", query=""):
        answer = ask(self.authd.http, "POST", f"/v1/users/{login}/app-passwords{query}", {"label": label})
        assert answer.status in (200, 201), answer
        return answer.json

    def rows(self, login, what="count(*)"):
        return self.sql(f"SELECT {what} FROM authd.notice AS n JOIN authd.account AS a ON a.id = n.account "
                        f"WHERE a.login = '{login}'")

    def wait_sent(self, login, count=1):
        wait_until(lambda: self.rows(login, "count(sent_at)") == str(count), 20, "the record of the mail")


def make_node(server, url):
    authd = make_authd(server.postgres)
    authd.config["mail"] = {"from": "postmaster@example.org", "server": url}
    authd.write_config()
    return Node(authd, server.postgres)


@pytest.fixture(scope="module")
def sink():
    with Sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def nodes(server, sink):
    """Two nodes on one database."""
    one, other = make_node(server, sink.url), make_node(server, sink.url)
    with one.authd, other.authd:
        yield one, other


def test_a_new_app_password_is_told_once(nodes, sink):
    users = [nodes[0].new_reader() for _ in range(20)]
    for number, (login, _) in enumerate(users):
        secret = nodes[number % 2].add(login)["secret"]
    for login, _ in users:
        nodes[0].wait_sent(login)
    for login, address in users:
        (mail,) = sink.to(address)
        assert (mail.sender, mail.headers["Subject"]) == ("postmaster@example.org", SUBJECT)
        assert mail.headers["Auto-Submitted"] == "auto-generated"
        assert f"\r\n  Account: {login}\r\n  Name: Scanner\r\n  By: an administrator" in mail.body
    body = sink.to(users[-1][1])[0].body
    assert secret not in body and secret.replace("-", "") not in body and "http" not in body
    sent = [node.authd.events("notice") for node in nodes]
    logins = [event["user"] for events in sent for event in events if event["outcome"] == "sent"]
    assert all(logins.count(login) == 1 for login, _ in users)


def test_second_factors_are_told_of(nodes, sink):
    login, address = nodes[0].new_reader()
    http = nodes[0].authd.http
    secret = ask(http, "POST", f"/v1/users/{login}/totp", {}).json["secret"]
    confirmed = ask(http, "POST", f"/v1/users/{login}/totp/confirm", {"code": totp.code(secret)})
    assert confirmed.status == 200, confirmed
    made = ask(http, "POST", f"/v1/users/{login}/recovery-codes").json["codes"]
    nodes[0].wait_sent(login, 2)
    with nodes[0].connect() as client:
        for number in range(8):
            client.login(login, f"{PASSWORD}{number:06}")
    nodes[0].wait_sent(login, 4)
    assert ask(http, "DELETE", f"/v1/users/{login}/totp").status == 200
    nodes[0].wait_sent(login, 5)
    assert len(sink.to(address)) == 5
    mails = {mail.headers["Subject"]: mail for mail in sink.to(address)}
    assert set(mails) == {
        "A second factor was set up for your mail account", "New recovery codes for your mail account",
        "Wrong codes came with the password of your mail account", "Too many wrong codes for your mail account",
        "The second factor of your mail account was removed"}
    assert "\r\n  Locked until: 2" in mails["Too many wrong codes for your mail account"].body
    assert re.search(r"\r\n  Wrong codes: 3\r\n  Since: 2\S+Z\r\n",
                     mails["Wrong codes came with the password of your mail account"].body)
    mails = mails.values()
    for mail in mails:
        assert f"\r\n  Account: {login}\r\n" in mail.body
        assert not [word for word in [secret, *confirmed.json["codes"], *made] if word in mail.body]


def test_a_dry_run_tells_nobody(nodes, sink):
    login, address = nodes[0].new_reader()
    nodes[0].add(login, "Dry", "?dry_run=true")
    nodes[0].add(login, "Earnest")
    nodes[0].wait_sent(login)
    (mail,) = sink.to(address)
    assert "Name: Earnest" in mail.body


def test_without_a_recovery_address_it_goes_to_the_login(nodes, sink):
    login = nodes[0].new_user()
    nodes[0].add(login)
    nodes[0].wait_sent(login)
    assert len(sink.to(login)) == 1


@pytest.mark.parametrize("label, printed", [
    ("Größe ☃", "Größe ☃"), ("a\u2028Subject: b", "a?Subject: b"), ("\u202egnp.exe", "?gnp.exe"),
    (". QUIT", ". QUIT"), ("x" * 100, "x" * 100), ("=?utf-8?B?YQ==?=", "=?utf-8?B?YQ==?=")])
def test_a_label_stays_in_its_line(nodes, sink, label, printed):
    login, address = nodes[0].new_reader()
    nodes[0].add(login, label)
    nodes[0].wait_sent(login)
    (mail,) = sink.to(address)
    assert f"\r\n  Name: {printed}\r\n  By: " in mail.body
    assert mail.headers["Subject"] == SUBJECT
    assert len(mail.headers) == 9


def test_another_recovery_address_is_told_to_the_old_one(nodes, sink):
    login, address = nodes[0].new_reader()
    thief = f"thief{next(numbers)}@home.example"
    assert ask(nodes[0].authd.http, "PATCH", f"/v1/users/{login}", {"recovery_address": thief}).status == 200
    nodes[0].wait_sent(login)
    assert [mail.headers["Subject"] for mail in sink.to(address)] == ["Another recovery address for your mail account"]
    assert not sink.to(thief)


def test_a_mail_that_is_refused_comes_later(nodes, sink):
    login, address = nodes[0].new_reader()
    sink.refuse = "451 4.3.0 the disk is full"
    try:
        nodes[0].add(login)
        wait_until(lambda: nodes[0].rows(login, "max(attempts)") == "1"
                   and "failed" in [event["outcome"] for node in nodes for event in node.authd.events("notice")
                                    if event["user"] == login], 20, "the first try")
    finally:
        sink.refuse = None
    (why,) = [event["why"] for node in nodes for event in node.authd.events("notice") if event["user"] == login]
    assert "the server said: 451 4.3.0 the disk is full" in why
    # The database decides when the next try is due; the test lets that time pass.
    wait_until(lambda: nodes[0].sql(
        "WITH due AS (UPDATE authd.notice AS n SET taken_until = NULL FROM authd.account AS a WHERE a.id = n.account "
        f"AND a.login = '{login}' AND n.taken_until < now() + interval '30 seconds' RETURNING 1) "
        "SELECT count(*) FROM due") == "1", 20, "the record of the failure")
    nodes[0].wait_sent(login)
    assert len(sink.to(address)) == 1
