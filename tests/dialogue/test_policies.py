"""Second-factor policies, as administrators set them, and their effect on logins and passwords."""

import os

import pytest
from authctl import Person
from conftest import PASSWORD, numbers
from harness import totp
from harness.ask import ask


@pytest.fixture
def domain(server):
    """A domain that no other test uses."""
    name = f"policy{os.getpid()}x{next(numbers)}.example"
    assert ask(server.authd.http, "POST", "/v1/domains", {"name": name}).status == 201
    return name


@pytest.fixture
def user(server, domain):
    login = f"alice@{domain}"
    server.authd.authctl("user", "add", login, password=PASSWORD)
    return login


@pytest.fixture
def root(server):
    return Person(server)


def reason(server, login, secret=PASSWORD):
    """The reason for the outcome of a mail login with this secret."""
    since = server.authd.log_size()
    with server.connect() as client:
        client.login(login, secret)
    return server.authd.wait_event(since, user=login)["reason"]


def without_factor(root, domain):
    items = root.json("user", "list", "--without-factor", "--domain", domain)["items"]
    return [item["login"] for item in items]


def enrol(server, login):
    return totp.enrol_in(server.postgres, server.authd.config["key_dir"], login)


def test_a_domain_is_switched_by_a_date(server, domain, user, root):
    assert reason(server, user) == "good-password"
    found = root.json("domain", "set", domain, "second_factor=required", "second_factor_from=2999-01-01")
    assert (found["second_factor"], found["second_factor_from"]) == ("required", "2999-01-01T00:00:00Z")
    assert reason(server, user) == "good-password"
    assert without_factor(root, domain) == [user]
    root.do("domain", "set", domain, "second_factor_from=2020-01-01T00:00:00+01:00")
    assert reason(server, user) == "must-enrol"
    seed = enrol(server, user)
    assert reason(server, user) == "app-password-or-code-required"
    assert reason(server, user, PASSWORD + totp.code(seed)) == "good-password"
    assert without_factor(root, domain) == []
    found = root.json("user", "show", user)
    assert (found["enrolled"], found["second_factor"]) == (True, None)


def test_taking_it_back_leaves_who_has_enrolled_as_he_is(server, domain, user, root):
    root.do("domain", "set", domain, "second_factor=required")
    assert reason(server, user) == "must-enrol"
    found = root.json("domain", "set", domain, "second_factor=", "second_factor_from=")
    assert (found["second_factor"], found["second_factor_from"]) == (None, None)
    assert reason(server, user) == "good-password"
    enrol(server, user)
    assert reason(server, user) == "app-password-or-code-required"


def test_a_user_may_be_held_to_more_and_not_to_less(server, domain, user, root):
    assert root.json("user", "set", user, "second_factor=required")["second_factor"] == "required"
    assert reason(server, user) == "must-enrol"
    root.do("user", "set", user, "second_factor=off")
    assert reason(server, user) == "good-password"
    root.do("domain", "set", domain, "second_factor=required")
    assert reason(server, user) == "must-enrol"


def test_an_app_password_goes_on(server, domain, user):
    made = ask(server.authd.http, "POST", f"/v1/users/{user}/app-passwords", {"label": "Scanner"}).json
    answer = ask(server.authd.http, "PATCH", f"/v1/domains/{domain}", {"second_factor": "required"})
    assert answer.status == 200 and answer.json["changed"] is True
    assert reason(server, user, made["secret"]) == "good-app-password"
    assert reason(server, user) == "must-enrol"


@pytest.mark.parametrize("member, value", [
    ("second_factor", "on"), ("second_factor", ""), ("second_factor", True), ("second_factor", ["off"]),
    ("second_factor_from", "2027-02-30"), ("second_factor_from", "tomorrow, at noon"),
    ("second_factor_from", 20270101), ("second_factor_from", "infinity  "),
    ("second_factor_from", "2027-01-01T00:00:00")])
def test_no_other_words(server, domain, member, value):
    answer = ask(server.authd.http, "PATCH", f"/v1/domains/{domain}", {member: value})
    assert answer.status == 422 and member in str(answer.json)
    found = ask(server.authd.http, "GET", f"/v1/domains/{domain}").json
    assert (found["second_factor"], found["second_factor_from"]) == (None, None)


def test_who_is_added_may_be_held_to_it_from_the_start(server, domain):
    login = f"bob@{domain}"
    made = ask(server.authd.http, "POST", "/v1/users", {"login": login, "password": PASSWORD,
                                                        "second_factor": "required"})
    assert (made.status, made.json["second_factor"], made.json["enrolled"]) == (201, "required", False)
    assert reason(server, login) == "must-enrol"


def test_each_change_is_in_the_audit(server, domain):
    for word in "required", "off", None:
        ask(server.authd.http, "PATCH", f"/v1/domains/{domain}", {"second_factor": word})
    rows = ask(server.authd.http, "GET", f"/v1/audit?action=domain_set&domain={domain}").json["items"]
    assert [(row["before"]["second_factor"], row["after"]["second_factor"]) for row in reversed(rows)] == [
        (None, "required"), ("required", "off"), ("off", None)]
