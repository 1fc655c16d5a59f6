"""Sign-in to the API over TCP, by browsers and by clients that must not be let in."""

import itertools
import os
import time

import pytest
from api import Caller
from world import HOME, PASSWORD, make_world

PEER = f"peer@{HOME}"

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world():
    yield from make_world()


@pytest.fixture
def somebody(world):
    """A user that no other test knows."""
    login = f"s{next(numbers)}@{HOME}"
    world.new_user(login)
    return login


def sign_in(world, login, password=PASSWORD, **headers):
    return world.api.call("POST", "/v1/session", {"login": login, "password": password}, world.api.nobody, **headers)


def with_cookie(value):
    return Caller("cookie", {"Cookie": value})


def is_signed_in(world, who):
    status = world.api.call("GET", "/v1/session", who=who).status
    assert status in (200, 401)
    return status == 200


# The cookie


def test_the_cookie_is_the_browsers_alone(world, somebody):
    answer = sign_in(world, somebody)
    value, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]
    assert value.startswith("__Host-authd=") and len(value) == len("__Host-authd=") + 43
    assert answer.cookie not in answer.text
    assert answer.json["user"] == somebody and answer.json["client"] == "127.0.0.1"
    dump = world.server.sql("SELECT string_agg(session::text, ' ') FROM authd.http_session AS session")
    assert answer.cookie not in dump
    assert answer.cookie not in world.server.authd.log_text()


def test_each_sign_in_makes_a_new_session_and_ends_the_old_one(world, somebody):
    first = world.api.sign_in(somebody, PASSWORD)
    second = sign_in(world, somebody, Cookie=first.headers["Cookie"])
    assert not is_signed_in(world, first)
    assert is_signed_in(world, with_cookie(f"__Host-authd={second.cookie}"))
    other = world.api.sign_in(somebody, PASSWORD)  # another browser
    assert is_signed_in(world, other) and is_signed_in(world, with_cookie(f"__Host-authd={second.cookie}"))


def test_a_session_that_was_there_before_is_not_taken_over(world, somebody):
    planted = "A" * 43
    answer = sign_in(world, somebody, Cookie=f"__Host-authd={planted}")
    assert answer.status == 201 and answer.cookie != planted
    assert not is_signed_in(world, with_cookie(f"__Host-authd={planted}"))


@pytest.mark.parametrize("value", [
    "", "__Host-authd=", "__Host-authd={0}x", "__Host-authd={0}; __Host-authd={0}", "__host-authd={0}",
    "authd={0}", "x__Host-authd={0}", "__Host-authd=\"{0}\"", "__Host-authd=" + "A" * 43, "__Host-authd=" + "A" * 4000,
    "; ; =; __Host-authd", "__Host-authd={0}="])
def test_cookies_that_are_none_of_ours(world, value):
    good = sign_in(world, PEER).cookie
    assert is_signed_in(world, with_cookie(f"a=b;  __Host-authd={good} ;c"))
    assert not is_signed_in(world, with_cookie(value.format(good)))


def test_sign_out_is_the_servers(world, somebody):
    caller = world.api.sign_in(somebody, PASSWORD)
    answer = world.api.call("DELETE", "/v1/session", who=caller)
    assert answer.json == {"changed": True} and "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not is_signed_in(world, caller)
    assert world.server.sql(f"SELECT count(*) FROM authd.http_session WHERE id = {caller.session}") == "0"


@pytest.mark.parametrize("column, age", [("last_seen_at", "30 minutes"), ("created_at", "12 hours")])
def test_a_session_ends_by_itself(world, somebody, column, age):
    caller = world.api.sign_in(somebody, PASSWORD)

    def age_by(interval):
        world.server.sql(f"UPDATE authd.http_session SET {column} = now() - interval '{interval}' "
                         f"WHERE id = {caller.session}")

    age_by(f"{age}' - interval '20 seconds")
    assert not is_signed_in(world, caller)
    age_by(f"{age}' + interval '20 seconds")
    assert is_signed_in(world, caller)


def test_what_ends_a_users_sessions(world, somebody):
    new = "quite another long password"
    for path, body, method in ((f"/v1/users/{somebody}/password", {"password": new}, "PUT"),
                               (f"/v1/users/{somebody}/revoke-all", None, "POST"),
                               (f"/v1/users/{somebody}/suspend", {}, "POST")):
        caller = world.api.sign_in(somebody, PASSWORD)
        world.api.good(method, path, body)
        assert not is_signed_in(world, caller), path
        if method == "PUT" or "revoke" in path:
            world.api.good("PUT", f"/v1/users/{somebody}/password", {"password": PASSWORD})


def test_a_password_changed_by_oneself_keeps_ones_own_session(world, somebody):
    mine, other = world.api.sign_in(somebody, PASSWORD), world.api.sign_in(somebody, PASSWORD)
    world.api.good("PUT", "/v1/users/me/password", {"password": "quite another long password"}, mine)
    assert is_signed_in(world, mine) and not is_signed_in(world, other)


# A fresh sign-in


def test_a_fresh_sign_in_has_a_new_cookie(world, somebody):
    caller = world.api.sign_in(somebody, PASSWORD)
    world.server.sql("UPDATE authd.http_session SET fresh_at = fresh_at - interval '10 minutes' "
                     f"WHERE id = {caller.session}")
    assert world.api.good("GET", "/v1/session", who=caller)["fresh"] is False
    body = {"password": "quite another long password"}
    answer = world.api.call("PUT", "/v1/users/me/password", body, caller)
    assert (answer.status, answer.type) == (403, "fresh-sign-in-required")
    assert world.api.call("POST", "/v1/session/fresh", {"password": "wrong"}, caller).status == 401
    assert is_signed_in(world, caller)
    answer = world.api.call("POST", "/v1/session/fresh", {"password": PASSWORD}, caller)
    assert answer.status == 201 and not is_signed_in(world, caller)
    caller = with_cookie(f"__Host-authd={answer.cookie}")
    assert world.api.good("GET", "/v1/session", who=caller)["fresh"] is True
    world.api.good("PUT", "/v1/users/me/password", body, caller)


# Refusals


def test_a_refused_sign_in_is_one_answer(world, somebody):
    world.api.good("POST", "/v1/users", {"login": f"bare@{HOME}"})
    world.api.good("POST", "/v1/users", {"login": f"robot@{HOME}", "service": True})
    world.new_user(f"out@{HOME}")
    world.api.good("POST", f"/v1/users/out@{HOME}/suspend", {})
    refused = set()
    for login, password in ((somebody, "wrong"), (f"nobody@{HOME}", PASSWORD), (f"bare@{HOME}", PASSWORD),
                            (f"robot@{HOME}", PASSWORD), (f"out@{HOME}", "wrong"), ("a b", PASSWORD),
                            (somebody, PASSWORD + " "), (somebody, "apw" + "a" * 30), (somebody, "x" * 1024)):
        answer = sign_in(world, login, password)
        assert "Set-Cookie" not in answer.headers
        del answer.json["reference"]
        refused.add((answer.status, str(answer.json)))
    assert len(refused) == 1 and refused.pop()[0] == 401
    answer = sign_in(world, f"out@{HOME}")
    assert (answer.status, answer.json["detail"]) == (401, "this account is suspended")


def test_a_database_that_is_away_is_no_wrong_password(world, somebody):
    caller = world.api.sign_in(somebody, PASSWORD)
    world.server.postgres.stop("immediate")
    try:
        for answer in sign_in(world, somebody), world.api.call("GET", "/v1/session", who=caller):
            assert (answer.status, answer.type) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "1"
    finally:
        world.server.postgres.start()
    deadline = time.monotonic() + 20
    while world.api.call("GET", "/v1/session", who=caller).status == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert is_signed_in(world, caller)


def test_a_refusal_is_in_the_log(world, somebody):
    answer = sign_in(world, somebody, "wrong")
    world.server.authd.log_size()
    line = next(line for line in world.server.authd.log_text().splitlines()
                if f"ref={answer.json['reference']}" in line)
    assert "status=401" in line and "reason=wrong-password" in line


# Requests that another site's page sends


FORGED = [
    {"X_Requested_With": None}, {"X_Requested_With": "XMLHttpRequest"},
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1"},
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("headers", FORGED)
def test_a_page_of_another_site_changes_nothing(world, headers):
    caller = world.sign_in(f"admin@{HOME}")
    before = world.snapshot()
    for method, pattern, operation in world.api.operations():
        if method == "GET" or not operation["x-roles"] and operation["operationId"] != "sign_in":
            continue
        path = pattern.replace("{user}", PEER).replace("{domain}", "empty.example").replace("{id}", "1")
        body = {} if "requestBody" in operation else None
        answer = world.api.call(method, path.replace("{class}", "idle"), body, caller, **headers)
        assert (answer.status, answer.type) == (403, "csrf"), (method, path, answer)
    assert world.snapshot() == before
    assert is_signed_in(world, caller)


def test_login_by_another_site_is_refused(world, somebody):
    for headers in FORGED:
        answer = sign_in(world, somebody, **headers)
        assert (answer.status, answer.type) == (403, "csrf") and "Set-Cookie" not in answer.headers


def test_our_own_page_and_a_program_may(world, somebody):
    host = "%s:%d" % world.api.address
    caller = world.api.sign_in(somebody, PASSWORD, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
    for headers in ({}, {"Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"},
                    {"Origin": f"http://localhost:{world.api.address[1]}"}):
        assert world.api.call("PATCH", "/v1/users/me", {"display_name": "x"}, caller, **headers).status == 200


def test_reading_has_no_effect(world, somebody):
    """A link may make a browser send its cookie with a GET; therefore no GET changes anything."""
    caller = world.sign_in(f"admin@{HOME}")
    before = world.snapshot()
    for method, pattern, _ in world.api.operations():
        if method == "GET":
            path = pattern.replace("{user}", somebody).replace("{domain}", HOME).replace("{class}", "staff")
            world.api.call("GET", path.replace("{id}", "1"), who=caller, Sec_Fetch_Site="cross-site")
    assert world.snapshot() == before


@pytest.mark.parametrize("host", [
    "evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.1.evil.example:{port}", "evil.example:{port}",
    "[::1]:{port}", "127.0.0.1:{port}@evil.example", ""])
def test_a_name_that_is_not_ours(world, host):
    """DNS rebinding: the attacker's host name leads to authd's address."""
    host = host.format(port=world.api.address[1])
    for path in "/openapi.json", "/v1/session", "/nothing":
        answer = world.api.call("GET", path, who=world.api.nobody, Host=host)
        assert (answer.status, answer.type) == (421, "misdirected"), answer


# API keys


def test_a_key_is_the_caller_it_was_made_for(world):
    caller = world.sign_in(f"domain-admin@{HOME}")
    key = world.api.make_key(caller, rights=["users:read"])
    who = world.api.good("GET", "/v1/users/me", who=key)
    assert who["login"] == f"domain-admin@{HOME}"
    assert world.api.call("GET", "/v1/session", who=key).status == 403
    for spelling in (key.headers["Authorization"].upper().replace("BEARER", "bearer"),
                     key.headers["Authorization"].replace("-", "")):
        assert world.api.call("GET", "/v1/users/me", Authorization=spelling, who=world.api.nobody).status == 200


def test_keys_that_are_none(world):
    key = world.api.make_key(rights=["*:write"]).headers["Authorization"]
    flipped = key[:-1] + ("a" if key[-1] != "a" else "b")
    other = key[:14] + ("a" if key[14] != "a" else "b") + key[15:]
    for text in ("", "Bearer", "Bearer ", f"Basic {key[7:]}", flipped, other, key.replace("apk", "apw"), key + "a",
                 "Bearer " + "a" * 4000, key[7:], "Bearer \t\xff"):
        for path in "/v1/users", "/v1/session":
            answer = world.api.call("GET", path, who=world.api.nobody, Authorization=text)
            assert answer.status == 401, (text, answer)


def test_a_key_counts_alone(world):
    """A key replaces the caller's other credentials, on the administrator's socket too: a client that presents a key
    wants the key's rights and no more."""
    key = world.api.make_key(rights=["domains:read"]).headers["Authorization"]
    assert world.api.call("GET", "/v1/users", Authorization=key).status == 403
    assert world.api.call("GET", "/v1/domains", Authorization=key).status == 200
    assert world.api.call("GET", "/v1/domains", Authorization="Bearer x").status == 401


def test_a_row_pasted_onto_another_owner_opens_nothing(world):
    key = world.api.make_key(world.sign_in(f"domain-admin@{HOME}"), rights=["*:read"])
    assert world.api.call("GET", "/v1/users/me", who=key).status == 200
    world.server.sql(f"UPDATE authd.api_key SET owner = {world.logins[f'admin@{HOME}']} WHERE id = {key.id}")
    assert world.api.call("GET", "/v1/users/me", who=key).status == 401


def test_a_key_ends(world):
    key = world.api.make_key(rights=["*:read"], expires_in=3600)
    assert world.api.call("GET", "/v1/users", who=key).status == 200
    world.server.sql(f"UPDATE authd.api_key SET expires_at = now() WHERE id = {key.id}")
    assert world.api.call("GET", "/v1/users", who=key).status == 401
    key = world.api.make_key(rights=["*:read"])
    world.api.good("DELETE", f"/v1/api-keys/{key.id}")
    assert world.api.call("GET", "/v1/users", who=key).status == 401


def test_two_credentials_in_one_header_each_are_refused(world):
    host = "%s:%d" % world.api.address
    for name in "Authorization", "Cookie":
        request = f"GET /v1/session HTTP/1.1\r\nHost: {host}\r\n{name}: a\r\n{name}: b\r\n\r\n"
        assert world.api.raw(request.encode()).split()[1] == b"400"


# The client's address


def test_the_administrators_socket_trusts_no_relay(world):
    for headers in ({"X_Forwarded_For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}, {"Via": "1.1 proxy"},
                    {"Origin": "http://localhost"}, {"Cookie": "a=b"}, {"Sec_Fetch_Site": "none"}):
        assert world.api.call("GET", "/v1/users", **headers).status == 401, headers


def test_a_header_names_no_client_without_a_trusted_proxy(world, somebody):
    answer = sign_in(world, somebody, X_Forwarded_For="203.0.113.9")
    assert answer.json["client"] == "127.0.0.1"


def test_a_trusted_proxy_names_its_client(instance):
    from api import Api
    from harness.private import free_ports
    address = ("127.0.0.1", free_ports()[0])
    instance.authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address,
                                               "trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]})
    instance.authd.config["public_url"] = "https://auth.example.org"
    instance.authd.write_config()
    instance.authd.start()
    api = Api(address, instance.authd.http)
    login = f"proxied{os.getpid()}@example.org"
    api.good("POST", "/v1/users", {"login": login, "password": PASSWORD})
    for header, client in (("203.0.113.9", "203.0.113.9"), ("1.1.1.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
                           ("2001:db8::9", "2001:db8::9"), ("nonsense", "127.0.0.1")):
        answer = api.call("POST", "/v1/session", {"login": login, "password": PASSWORD}, api.nobody,
                          X_Forwarded_For=header, Host="auth.example.org", Origin="https://auth.example.org")
        assert answer.status == 201 and answer.json["client"] == client
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    # A proxy passes these headers on as the client wrote them.
    for names in ({}, {"X_Forwarded_For": "203.0.113.9"}):
        answer = api.call("POST", "/v1/session", {"login": login, "password": PASSWORD}, api.nobody,
                          Host="auth.example.org", Forwarded="for=192.0.2.66", X_Real_IP="192.0.2.66",
                          X_Client_IP="192.0.2.66", True_Client_IP="192.0.2.66", **names)
        assert answer.status == 201 and answer.json["client"] == names.get("X_Forwarded_For", "127.0.0.1")
