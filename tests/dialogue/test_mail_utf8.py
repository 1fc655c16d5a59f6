"""Mail to addresses that are not ASCII needs SMTPUTF8 (RFC 6531): it is handed over to a server that offers SMTPUTF8, and
to no other server."""

import os
from urllib.parse import quote

import pytest
from conftest import PASSWORD, make_authd, numbers
from harness.ask import ask
from harness.private import wait_until
from harness.sink import Sink
from test_notices import Node
from test_reset import Site

# libcurl knows the keyword in capitals only, and leaves the parameter of MAIL out after any other.
OFFERED = {"yes": ("SMTPUTF8", "8BITMIME"), "last": ("8BITMIME", "SIZE", "SMTPUTF8"), "no": ("8BITMIME", "SIZE"),
           "small letters": ("8BITMIME", "smtputf8"), "another": ("SMTPUTF8X", "XSMTPUTF8", "8BITMIME"), "nothing": (),
           "not even EHLO": None}


class Mailing(Site, Node):
    """authd with a mail server; it sends reset links and notices."""

    def reader_at(self, local_part):
        """A user with a recovery address that begins like this."""
        number = next(numbers)
        login, address = f"reader{os.getpid()}x{number}@example.org", f"{local_part}{number}@home.example"
        answer = ask(self.authd.http, "POST", "/v1/users",
                     {"login": login, "password": PASSWORD, "recovery_address": address})
        assert answer.json["recovery_address"] == address
        return login, address

    def notice_event(self, login):
        return next((event for event in self.authd.events("notice") if event["user"] == login), None)

    def cause_of(self, answer):
        self.authd.log_size()  # the line is there from then on
        (event,) = [event for event in self.authd.events("http") if event.get("ref") == answer.json["reference"]]
        return event["reason"]


def serve(server, sink, sender="postmaster@example.org"):
    authd = make_authd(server.postgres)
    authd.config["public_url"] = "https://auth.example.org"
    authd.config["mail"] = {"from": sender, "server": sink.url}
    authd.write_config()
    return Mailing(authd, server.postgres, sink)


@pytest.fixture(scope="module")
def site(server):
    with Sink() as sink:
        site = serve(server, sink)
        with site.authd:
            yield site


@pytest.fixture
def offer(site):
    """Sets what the mail server offers."""
    def set_extensions(word):
        site.sink.extensions = OFFERED[word]
    yield set_extensions
    site.sink.extensions = OFFERED["yes"]


@pytest.mark.parametrize("word", ["yes", "last"])
def test_a_server_that_offers_it_gets_the_mail(site, offer, word):
    offer(word)
    login, address = site.reader_at("grün")
    answer = site.ask_link(login)
    assert answer.status == 201, answer
    mail = site.sink.links()[-1]
    assert (mail.recipients, mail.headers["To"]) == ([address], f"<{address}>")
    assert "SMTPUTF8" in mail.parameters
    assert site.use(mail.link()[2]).status == 200
    site.add(login)
    site.wait_sent(login)
    (mail,) = [mail for mail in site.sink.to(address) if not mail.link()]
    assert "SMTPUTF8" in mail.parameters and mail.headers["To"] == f"<{address}>"


@pytest.mark.parametrize("word", ["no", "small letters", "another", "nothing", "not even EHLO"])
def test_no_other_server_gets_a_link(site, offer, word):
    """The link is withdrawn, does not count, and the answer says what to do."""
    offer(word)
    login, _ = site.reader_at("grün")
    before = len(site.sink.mails)
    for _ in range(4):
        answer = site.ask_link(login)
        assert (answer.status, answer.json["type"]) == (409, "conflict")
        assert answer.json["detail"] == ("the recovery address or mail.from is not ASCII, and the mail server does not "
                                         "offer SMTPUTF8, so the link was withdrawn")
        assert answer.json["hint"].startswith("Turn SMTPUTF8 (RFC 6531) on in the mail server")
    assert site.cause_of(answer).startswith("no-smtputf8: ")
    assert len(site.sink.mails) == before and site.links(login) == 0
    offer("yes")
    assert site.use(site.new_link(login)).status == 200


@pytest.mark.parametrize("word", ["no", "not even EHLO"])
def test_no_other_server_gets_a_notice(site, offer, word):
    """The log says that it is not tried again."""
    offer(word)
    login, address = site.reader_at("grün")
    site.add(login)
    event = wait_until(lambda: site.notice_event(login), 20, "the line in the log")
    assert (event["outcome"], event["kind"]) == ("undeliverable", "app-password")
    assert event["why"].startswith("no-smtputf8: ")
    wait_until(lambda: site.rows(login, "max(n.taken_until - n.created_at)") == "1 day", 20, "the record")
    offer("yes")
    other, there = site.reader_at("grün")
    site.add(other)
    site.wait_sent(other)
    assert site.sink.to(there) and not site.sink.to(address)
    assert site.rows(login, "max(attempts)") == "1"


@pytest.mark.parametrize("word", OFFERED)
def test_ascii_addresses_need_nothing(site, offer, word):
    offer(word)
    login, address = site.reader_at("ascii")
    site.new_link(login)
    site.add(login, "Größe")  # text in the body, which 8BITMIME concerns
    site.wait_sent(login)
    mails = site.sink.to(address)
    assert len(mails) == 2 and not any("SMTPUTF8" in mail.parameters for mail in mails)


def test_a_sender_that_is_not_ascii_needs_it_for_every_mail(server):
    with Sink() as sink:
        site = serve(server, sink, "pöst@example.org")
        with site.authd:
            login, _ = site.reader_at("ascii")
            site.new_link(login)
            (mail,) = sink.links()
            assert (mail.sender, mail.headers["From"]) == ("pöst@example.org", "<pöst@example.org>")
            assert "SMTPUTF8" in mail.parameters
            sink.extensions = ()
            assert site.ask_link(login).status == 409
            assert len(sink.links()) == 1


def test_a_login_is_a_recovery_address_too(site, offer):
    """A user without a recovery address gets notices at the login."""
    login = f"jürgen{next(numbers)}@example.org"
    site.authd.authctl("user", "add", login)
    site.add(quote(login))
    site.wait_sent(login)
    (mail,) = site.sink.to(login)
    assert "SMTPUTF8" in mail.parameters and f"\r\n  Account: {login}\r\n" in mail.body
    offer("no")
    other = f"jürgen{next(numbers)}@example.org"
    site.authd.authctl("user", "add", other)
    site.add(quote(other))
    assert wait_until(lambda: site.notice_event(other), 20, "the line in the log")["outcome"] == "undeliverable"
    assert not site.sink.to(other)
