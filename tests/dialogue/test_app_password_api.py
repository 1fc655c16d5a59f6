"""App passwords over the API: made, displayed once, changed, rotated, revoked, and good for a login."""

import re

import pytest
from client import saslauthd
from conftest import PASSWORD, doveadm_hash
from harness.api import call
from harness.app_password import Pepper, check_digits

DISPLAYED = re.compile(r"apw(-[a-z2-7]{6}){5}")


@pytest.fixture
def api(server):
    return lambda method, target, body=None, **headers: call(server.authd.http, method, target, body, **headers)


def add(api, login, **body):
    answer = api("POST", f"/v1/users/{login}/app-passwords", {"label": "phone", **body})
    assert answer.status == 201, answer.json
    return answer.json


def one(login, made, more=""):
    return f"/v1/users/{login}/app-passwords/{made['id']}{more}"


def lets_in(server, login, secret):
    with server.connect(server.tagged) as client:
        return client.login(login, secret).command == "OK"


def test_made_shown_once_and_good(server, api):
    login = server.new_user()
    made = add(api, login)
    assert DISPLAYED.fullmatch(made["secret"]), made
    text = made["secret"].replace("-", "")
    assert check_digits(text[:31]) == text[31:]
    assert lets_in(server, login, made["secret"])

    found = api("GET", one(login, made))
    assert found.status == 200 and "secret" not in found.json
    assert found.json["etag"] == made["etag"] and found.headers["ETag"] == f'"{made["etag"]}"'
    (listed,) = api("GET", f"/v1/users/{login}/app-passwords").json["items"]
    assert listed["id"] == made["id"] and "secret" not in listed
    assert made["secret"] not in server.authd.log_text() and text not in server.authd.log_text()


def test_the_database_has_a_verifier_alone(server, api):
    login = server.new_user()
    made = add(api, login)
    text = made["secret"].replace("-", "")
    pepper = Pepper(server.authd.config["key_dir"])
    selector, verifier, key = server.sql(
        f"SELECT selector, encode(verifier, 'hex'), key FROM authd.app_password_secret "
        f"WHERE app_password = {made['id']}").split("|")
    assert (selector, key) == (text[3:11], pepper.name)
    assert verifier == pepper.verifier(int(made["id"]), int(made["user_id"]), text)
    audit = server.sql("SELECT string_agg(recorded::text || person::text, ' ') FROM authd.audit_event AS recorded "
                       "JOIN authd.audit_person AS person ON person.event = recorded.id "
                       f"WHERE object_id = '{made['id']}'")
    assert "app_password_add" in audit and text[11:31] not in audit and verifier not in audit


def test_a_repeated_request_has_no_secret(server, api):
    login = server.new_user()
    target, body = f"/v1/users/{login}/app-passwords", {"label": "phone"}
    first = api("POST", target, body, Idempotency_Key="once")
    again = api("POST", target, body, Idempotency_Key="once")
    assert (first.status, again.status) == (201, 201)
    assert again.json.pop("replayed") is True
    assert "secret" not in again.json and again.json["id"] == first.json["id"]
    assert len(api("GET", target).json["items"]) == 1
    assert api("POST", target, {"label": "other"}, Idempotency_Key="once").status == 422


def test_a_dry_run_makes_nothing(server, api):
    login = server.new_user()
    made = add(api, login)
    before = api("GET", one(login, made)).json
    tried = api("POST", f"/v1/users/{login}/app-passwords?dry_run=true", {"label": "phone"})
    assert tried.status == 200 and "secret" not in tried.json
    rotated = api("POST", one(login, made, "/rotate?dry_run=true"), {})
    assert rotated.status == 200 and "secret" not in rotated.json
    assert api("GET", f"/v1/users/{login}/app-passwords").json["items"] == [before]
    assert lets_in(server, login, made["secret"])


def test_rotated(server, api):
    login = server.new_user()
    made = add(api, login)
    rotated = api("POST", one(login, made, "/rotate"), {"overlap": 3600})
    assert rotated.status == 200 and rotated.json["id"] == made["id"]
    assert lets_in(server, login, made["secret"]) and lets_in(server, login, rotated.json["secret"])
    last = api("POST", one(login, made, "/rotate"), {}).json
    assert [lets_in(server, login, secret) for secret in
            (made["secret"], rotated.json["secret"], last["secret"])] == [False, False, True]
    assert api("POST", one(login, made, "/rotate"), {"overlap": 604801}).status == 422


def test_revoked(server, api):
    login = server.new_user()
    made = add(api, login)
    assert api("DELETE", one(login, made), If_Match='"0"').status == 412
    assert lets_in(server, login, made["secret"])
    assert api("DELETE", one(login, made), If_Match=f'"{made["etag"]}"').status == 200
    assert not lets_in(server, login, made["secret"])
    assert api("GET", one(login, made)).status == 404
    other = server.new_user()
    assert api("GET", one(other, add(api, login))).status == 404


def test_a_scope_of_its_own(server, api):
    login = server.new_user()
    document = {"v": 1, "networks": {"allow": ["192.0.2.0/24"]}}
    made = add(api, login, scope=document)
    assert made["scope"]["networks"] == {"allow": ["192.0.2.0/24"]}
    with server.connect(server.tagged) as client:
        def outcome(address):
            return client.auth(resp=login_response(login, made["secret"]), rip=address).command
        assert (outcome("192.0.2.1"), outcome("192.0.3.1")) == ("OK", "FAIL")
        changed = api("PATCH", one(login, made), {"scope": {"v": 1, "networks": {"allow": ["192.0.3.0/24"]}}})
        assert changed.json["changed"] is True
        assert (outcome("192.0.2.1"), outcome("192.0.3.1")) == ("FAIL", "OK")
        assert api("PATCH", one(login, made), {"scope": None}).json["scope"] is None
        assert (outcome("192.0.2.1"), outcome("192.0.3.1")) == ("OK", "OK")


def login_response(login, secret):
    from client import plain
    return plain(login, secret)


@pytest.mark.parametrize("body", [{"scope": {"v": 1, "netwroks": {}}}, {"scope": {"v": 1, "networks": {"allow": ["x"]}}},
                                  {"scope": {"v": 1, "time": {"tz": "Europe/Atlantis", "windows": []}}}])
def test_a_flawed_scope(server, api, body):
    login = server.new_user()
    refused = api("POST", f"/v1/users/{login}/app-passwords", {"label": "phone", **body})
    assert refused.status == 422 and "/" in refused.json["detail"], refused.json
    made = add(api, login)
    assert api("PATCH", one(login, made), body).status == 422


def test_imported(server, api):
    login = server.new_user()
    made = add(api, login, hash=doveadm_hash("imported", "SHA512-CRYPT"))
    assert made["imported"] is True and "secret" not in made
    assert lets_in(server, login, "imported") and lets_in(server, login, PASSWORD)
    for unreadable in ("!", "plain text?", "$6$rounds=999999999$abc$" + "." * 86, "{UNHEARD-OF}abc"):
        refused = api("POST", f"/v1/users/{login}/app-passwords", {"label": "phone", "hash": unreadable})
        assert refused.status == 422, unreadable
    assert api("POST", one(login, made, "/rotate"), {}).status == 409


@pytest.mark.parametrize("body", [{}, {"label": ""}, {"label": "x" * 101}, {"label": "a\nb"}, {"label": 5},
                                  {"label": "a", "expires_in": 1}, {"label": "a", "sliding": True},
                                  {"label": "a", "expires_at": "2001-01-01T00:00:00Z"},
                                  {"label": "a", "selector": "aaaaaaaa"}, {"label": "a", "credential": 5},
                                  {"label": "a", "password_hash": "$6$x"}])
def test_what_is_refused(server, api, body):
    login = server.new_user()
    assert api("POST", f"/v1/users/{login}/app-passwords", body).status == 422
    assert api("GET", f"/v1/users/{login}/app-passwords").json["items"] == []


def test_it_is_for_mail_alone(server, api):
    """The API refuses an app password like a wrong password."""
    login = server.new_user()
    made = add(api, login)
    since = server.authd.log_size()
    refused = api("POST", "/v1/session", {"login": login, "password": made["secret"]}, X_Requested_With="authd")
    wrong = api("POST", "/v1/session", {"login": login, "password": "wrong"}, X_Requested_With="authd")
    assert refused.status == wrong.status and refused.status in (401, 403)
    assert refused.json["detail"] == wrong.json["detail"]
    if refused.status == 401:
        assert server.authd.wait_event(since, user=login)["reason"] == "app-password-not-here"
    signed_in = api("POST", "/v1/session", {"login": login, "password": PASSWORD}, X_Requested_With="authd")
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]
    for password, status in ((made["secret"], 401), (PASSWORD, 201)):
        renewed = api("POST", "/v1/session/fresh", {"password": password}, X_Requested_With="authd", Cookie=cookie)
        assert renewed.status == status, renewed.json
    assert saslauthd(server.saslauthd, login, made["secret"]) == b"OK"
