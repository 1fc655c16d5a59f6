"""Reset links: mailed once, good once."""

import re
import threading
import time

import pytest
from conftest import PASSWORD, Server, make_authd, numbers
from harness import totp
from harness.ask import ask
from harness.sink import Sink

NEW = "marmot quartz lamp drizzle"
OTHER = "velvet canyon hinge tuba"
REFUSAL = {"detail": "the link is not good, or no longer", "status": 401, "hint": "Ask for a new one.",
           "title": "Not signed in"}


class Site(Server):
    """authd with a mail server of the test's own."""

    def __init__(self, authd, postgres, sink):
        super().__init__(authd, postgres)
        self.sink = sink

    def new_reader(self):
        """A user with a recovery address."""
        login = self.new_user()
        address = f"reader{next(numbers)}@home.example"
        answer = ask(self.authd.http, "PATCH", f"/v1/users/{login}", {"recovery_address": address})
        assert answer.status == 200, answer
        return login, address

    def ask_link(self, login, query="", **body):
        return ask(self.authd.http, "POST", f"/v1/users/{login}/reset-link{query}", body)

    def new_link(self, login, **body):
        """Has a link mailed; returns its token."""
        before = len(self.sink.links())
        answer = self.ask_link(login, **body)
        assert answer.status == 201, answer
        (mail,) = self.sink.links()[before:]
        return mail.link()[2]

    def use(self, token, password=NEW):
        return ask(self.authd.http, "POST", "/v1/reset", {"token": token, "password": password})

    def assert_refused(self, token, password=NEW):
        answer = self.use(token, password)
        members = {name: value for name, value in answer.json.items() if name not in ("reference", "type")}
        assert members == REFUSAL

    def password_is(self, login, password):
        with self.connect() as client:
            return client.login(login, password).command == "OK"

    def links(self, login):
        return int(self.sql("SELECT count(*) FROM authd.reset_link AS l JOIN authd.account AS a ON a.id = l.account "
                            f"WHERE a.login = '{login}'"))


@pytest.fixture(scope="module")
def site(server):
    with Sink() as sink:
        authd = make_authd(server.postgres)
        authd.config["public_url"] = "https://auth.example.org"
        authd.config["mail"] = {"from": "postmaster@example.org", "server": sink.url}
        authd.config["password"] = {}
        authd.write_config()
        with authd:
            yield Site(authd, server.postgres, sink)


def test_a_link_sets_a_password_once(site):
    login, address = site.new_reader()
    answer = site.ask_link(login)
    assert answer.status == 201
    mail = site.sink.links()[-1]
    link = mail.link()
    assert (mail.sender, mail.recipients) == ("postmaster@example.org", [address])
    assert mail.headers["To"] == f"<{address}>"
    assert mail.headers["From"] == "<postmaster@example.org>"
    assert mail.headers["Subject"] == "Set a new password"
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["Message-ID"].endswith("@example.org>")
    assert {"Date", "MIME-Version", "Content-Type"} < set(mail.headers)
    assert link[1] == "https://auth.example.org/reset"
    assert login in mail.body
    assert (answer.json["kind"], answer.json["user"], answer.json["mailed_to"]) == (
        "reset-link", login, f"{address[0]}***@home.example")
    assert link[2] not in str(answer.json) and "mail_to" not in answer.json
    assert link[2] not in site.authd.log_text()
    assert site.sql("SELECT count(*) FROM authd.reset_link WHERE encode(digest, 'hex') LIKE '%" + link[2] + "%'") == "0"

    assert site.password_is(login, PASSWORD)
    used = site.use(link[2])
    assert (used.status, used.json["login"]) == (200, login), used
    assert site.password_is(login, NEW) and not site.password_is(login, PASSWORD)
    site.assert_refused(link[2], OTHER)
    assert site.password_is(login, NEW)


def test_of_two_at_the_same_time_one_is_good(site):
    login, _ = site.new_reader()
    token = site.new_link(login)
    answers = []
    passwords = [f"{NEW} {number}" for number in range(6)]
    threads = [threading.Thread(target=lambda p=password: answers.append((site.use(token, p).status, p)))
               for password in passwords]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200] + [401] * 5
    (winner,) = [password for status, password in answers if status == 200]
    assert [password for password in passwords if site.password_is(login, password)] == [winner]


def test_what_is_wrong_with_a_link_is_not_told(site):
    login, _ = site.new_reader()
    site.assert_refused("x")
    site.assert_refused("A" * 43)
    site.assert_refused("A" * 43, "short")  # the rules for passwords are not even applied
    token = site.new_link(login)
    for other in (token[:-1], token + "A", token.swapcase(), token + "="):
        site.assert_refused(other)
    site.sql(f"UPDATE authd.reset_link SET expires_at = authd.now() - interval '1 second' WHERE account = "
             f"(SELECT id FROM authd.account WHERE login = '{login}')")
    site.assert_refused(token)
    assert site.password_is(login, PASSWORD)


def test_a_password_change_ends_the_link(site):
    login, _ = site.new_reader()
    token = site.new_link(login)
    assert ask(site.authd.http, "PUT", f"/v1/users/{login}/password", {"password": OTHER}).status == 200
    site.assert_refused(token)
    token = site.new_link(login)
    site.authd.authctl("user", "suspend", login)
    site.assert_refused(token)
    assert site.ask_link(login).status == 409
    login, _ = site.new_reader()
    first = site.new_link(login)
    second = site.new_link(login)
    site.assert_refused(first)
    assert site.use(second).status == 200


def test_a_new_password_keeps_the_rules(site):
    """If the password is refused, the link stays good."""
    login, address = site.new_reader()
    token = site.new_link(login)
    answer = site.use(token, "short")
    assert (answer.status, answer.json["detail"]) == (
        422, "password is 5 characters long, and at least 15 are needed; use four or more unrelated words")
    answer = site.use(token, f"{address.partition('@')[0]} home 7kQ")
    assert (answer.status, answer.json["detail"][:70]) == (
        422, "password is easy to guess: it is built from its owner's name or domain")
    assert site.use(token).status == 200


def test_who_has_a_second_factor_may_choose_a_shorter_one(site):
    login, _ = site.new_reader()
    token = site.new_link(login)
    assert site.use(token, "qZ7!xw2p").status == 422
    totp.enrol_in(site.postgres, site.authd.config["key_dir"], login)
    assert site.use(token, "qZ7!xw2p").status == 200


def test_a_dry_run_mails_nothing(site):
    """Nor does it count: the fourth dry run is answered like the first."""
    login, _ = site.new_reader()
    before = len(site.sink.links())
    for _ in range(4):
        answer = site.ask_link(login, "?dry_run=true")
        assert (answer.status, answer.json["kind"]) == (200, "reset-link")
        assert "mail_to" not in answer.json
    assert len(site.sink.links()) == before and site.links(login) == 0


def test_three_links_an_hour(site):
    """The refusal says after how many seconds there is a link again, and there is one then; a restart forgets
    nothing, and authctl ends with 3."""
    login, _ = site.new_reader()
    tokens = [site.new_link(login) for _ in range(3)]
    before = len(site.sink.links())
    answer = site.ask_link(login)
    assert (answer.status, answer.json["type"], answer.json["detail"]) == (
        429, "too-many-requests", f"{login} got three reset links within an hour, which is the limit")
    assert re.fullmatch(r"The next link can be mailed at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.", answer.json["hint"])
    wait = int(answer.headers["Retry-After"])
    assert 3400 < wait <= 3600
    assert site.use(tokens[2]).status == 200
    site.authd.stop()
    site.authd.start()
    done = site.authd.authctl("user", "reset-link", login, check=False)
    assert (done.status, done.json["type"]) == (3, "too-many-requests")
    assert len(site.sink.links()) == before and site.links(login) == 0
    # The database's clock decides; the test lets the time pass by making what was before older.
    age = (f"UPDATE authd.reset_mail AS m SET created_at = m.created_at - interval '%s seconds' FROM authd.account AS a "
           f"WHERE a.id = m.account AND a.login = '{login}'")
    site.sql(age % (wait - 60))
    assert 0 < int(site.ask_link(login).headers["Retry-After"]) <= 60
    site.sql(age % 60)
    assert site.use(site.new_link(login)).status == 200


def test_nobody_without_a_recovery_address(site):
    login = site.new_user()
    answer = site.ask_link(login)
    assert (answer.status, answer.json["detail"]) == (409, f"{login} has no recovery address")


def test_a_link_that_cannot_be_mailed_is_withdrawn(site):
    login, _ = site.new_reader()
    before = len(site.sink.links())
    site.sink.refuse = "451 4.3.0 the disk is full"
    try:
        answer = site.ask_link(login)
    finally:
        site.sink.refuse = None
    assert (answer.status, answer.json["detail"]) == (
        503, "the mail with the link could not be sent, so the link was withdrawn")
    assert len(site.sink.links()) == before and site.links(login) == 0
    (event,) = [event for event in site.authd.events("http") if event.get("ref") == answer.json["reference"]]
    assert "the server said: 451 4.3.0 the disk is full" in event["reason"]
    assert site.sql("SELECT count(*) FROM authd.reset_mail AS m JOIN authd.account AS a ON a.id = m.account "
                    f"WHERE a.login = '{login}'") == "0"
    assert site.use(site.new_link(login)).status == 200


def test_a_mail_server_that_is_not_there(instance):
    instance.authd.config["public_url"] = "https://auth.example.org"
    instance.authd.config["mail"] = {"from": "postmaster@example.org", "server": "smtp://127.0.0.1:1"}
    instance.authd.write_config()
    instance.authd.start()
    site = Site(instance.authd, instance.postgres, None)
    login, _ = site.new_reader()
    answer = site.ask_link(login)
    assert answer.status == 503
    assert site.links(login) == 0


def test_a_mail_server_that_does_not_answer_holds_nobody_up(site):
    login, _ = site.new_reader()
    site.sink.silent = True
    began = time.monotonic()
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(site.ask_link(login)))
    try:
        waiting.start()
        time.sleep(0.5)
        assert site.password_is(login, PASSWORD)
        assert site.authd.authctl("user", "show", login).status == 0
        assert time.monotonic() - began < 8
        waiting.join(30)
    finally:
        site.sink.silent = False
    assert answers[0].status == 503
    assert 8 < time.monotonic() - began < 20
    assert site.links(login) == 0


def test_without_mail_settings_there_are_no_links(server):
    login, _ = Site.new_reader(server)
    for query in "", "?dry_run=true":
        answer = Site.ask_link(server, login, query)
        assert (answer.status, answer.json["detail"]) == (409, "this authd sends no mail")
        assert "mail.from" in answer.json["hint"]
    assert Site.links(server, login) == 0
    assert Site.ask_link(server, "nobody@nowhere.example").status == 404


def test_nobody_but_a_caller_gets_a_link(site):
    login, _ = site.new_reader()
    answer = ask(site.authd.http, "POST", f"/v1/users/{login}/reset-link", {}, X_Forwarded_For="192.0.2.1")
    assert answer.status == 401
    assert site.links(login) == 0
