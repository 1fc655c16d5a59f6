"""Requests of strangers and mistaken programs: bodies, cursors, conditions and keys that are not what they should be.
Each request is refused with a reason, and changes nothing."""

import json

import pytest
from api import Api
from harness.private import read_text
from world import FAR, HOME, make_world

USERS = "/v1/users"


@pytest.fixture(scope="module")
def world():
    yield from make_world()


@pytest.fixture
def unchanged(world):
    before = world.snapshot()
    yield world
    assert world.snapshot() == before


# Bodies


@pytest.mark.parametrize("body, detail", [
    (b"{", "not JSON at line 1, column 1"),
    (b"[]", "the body is not an object"),
    (b"null", "not JSON at line 1, column 4"),
    (b'"text"', "not JSON at line 1, column 6"),
    (b'{"login": "a@home.example"} {}', "not JSON at line 1, column 29"),
    (b'{"login": "a@home.example", "login": "b@home.example"}', "line 1: duplicate object key near '\"login\"'"),
    (b'{"login": "\xff@home.example"}', "line 1: not UTF-8"),
    (b'{"login": "\xed\xa0\x80@home.example"}', "line 1: not UTF-8"),
    (b'{"login": "a\\u0000@home.example"}', "line 1: a NUL in a text"),
    (b'{"login": "\\ud800"}', "not JSON at line 1, column 18"),
    (b'{"login": ' + b"[" * 17 + b"]" * 17 + b"}", "nested deeper than 16 levels"),
    (b"[" * 30000, "nested deeper than 16 levels"),
    (b'{"a":' * 10000, "nested deeper than 16 levels"),
    (b"\xef\xbb\xbf{}", "not JSON at line 1, column 1"),
    (b"login=a%40home.example", "not JSON at line 1, column 5"),
])
def test_a_body_that_is_no_object_in_json(unchanged, body, detail):
    answer = unchanged.api.call("POST", USERS, body)
    assert (answer.status, answer.type) == (400, "malformed-json")
    assert answer.json["detail"] == detail


@pytest.mark.parametrize("body, field, detail", [
    ({}, "login", "is missing"),
    ({"login": None}, "login", "is not a text"),
    ({"login": 7}, "login", "is not a text"),
    ({"login": ["a@home.example"]}, "login", "is not a text"),
    ({"login": {"a": 1}}, "login", "is not a text"),
    ({"login": ""}, "login", "is empty"),
    ({"login": "x" * 319}, "login", "is longer than 318 characters"),
    ({"login": "a@home.example", "service": "true"}, "service", "is neither true nor false"),
    ({"login": "a@home.example", "addresses": "a@home.example"}, "addresses", "is not a list"),
    ({"login": "a@home.example", "addresses": [1]}, "addresses[0]", "is not a text"),
    ({"login": "a@home.example", "addresses": ["a@home.example"] * 257}, "addresses",
     "does not have 0 to 256 items"),
    ({"login": "a@home.example", "role": "root"}, "role",
     "is not one of user, helpdesk, domain-admin, auditor, admin"),
    ({"login": "a@home.example", "is_admin": True}, "is_admin", None),
    ({"login": "a@home.example", "id": "1"}, "id", None),
    ({"login": "a@home.example", "user_id": 1}, "user_id", None),
    ({"login": "a@home.example", "password_hash": "$6$x"}, "password_hash", None),
    ({"login": "a@home.example", "__proto__": {}}, "__proto__", None),
    ({"login": "a@home.example", "ä" * 200: 1}, "ä" * 32, None),
])
def test_a_member_that_is_not_as_described(unchanged, body, field, detail):
    answer = unchanged.api.call("POST", USERS, body)
    assert (answer.status, answer.type) == (422, "invalid")
    error = answer.json["errors"][0]
    assert error["field"] == field
    assert error["detail"] == detail or detail is None and error["detail"].startswith("is unknown; this takes login")


def test_all_flaws_are_told_at_once_and_no_value(unchanged):
    secret = "a secret that nobody may read"
    answer = unchanged.api.call("POST", USERS, {"login": 1, "service": 1, "role": secret, secret[:9]: secret})
    assert {error["field"] for error in answer.json["errors"]} == {"login", "service", "role", secret[:9]}
    assert secret not in answer.text
    answer = unchanged.api.call("POST", USERS, {str(number): secret for number in range(100)})
    assert len(answer.json["errors"]) == 10


@pytest.mark.parametrize("login", [
    "a b@home.example", "a@-.example", "a#p1@home.example", "@home.example", "a@", "a..b@home.example",
    "\"a b\"@home.example", "*@home.example", "a@home.example\r\nX: y", "a%40@home.example"])
def test_a_login_that_is_no_name(unchanged, login):
    answer = unchanged.api.call("POST", USERS, {"login": login})
    assert (answer.status, answer.type) == (422, "invalid"), answer


def test_one_name_has_one_spelling(world):
    made = world.api.good("POST", USERS, {"login": "Straße@BÜCHER.example"})
    assert made["login"] == "strasse@xn--bcher-kva.example"
    for spelling in "STRASSE@xn--bcher-kva.EXAMPLE", "strasse@bücher.example":
        answer = world.api.call("POST", USERS, {"login": spelling})
        assert answer.status == 409, answer
        path = f"{USERS}/{spelling}".encode().decode("latin-1")
        quoted = "".join(c if c < "\x7f" else f"%{ord(c):02x}" for c in path)
        assert world.api.good("GET", quoted)["id"] == made["id"]


@pytest.mark.parametrize("method, path", [
    ("POST", USERS), ("PATCH", f"{USERS}/peer@{HOME}"), ("POST", "/v1/session")])
def test_a_body_of_a_mebibyte(unchanged, method, path):
    body = b'{"login": "' + b"x" * (1024 * 1024 - 20) + b'"}'
    for who in unchanged.api.nobody, unchanged.api.host, unchanged.caller("user"):
        answer = unchanged.api.call(method, path, body, who)
        expected = (401,) if who is unchanged.api.nobody and path != "/v1/session" else (413, 403)
        assert answer.status in expected, (who, answer)


def test_a_stranger_makes_nobody_keep_his_body(world):
    """Opens 64 connections that each send 900 KB to a route which the caller may not use."""
    pid = world.server.authd.process.pid

    def resident():
        return int(read_text(f"/proc/{pid}/statm").split()[1]) * 4096

    body = b"x" * 900000
    world.api.call("POST", USERS, body, world.api.nobody)
    before = resident()
    for _ in range(64):
        assert world.api.call("POST", USERS, body, world.api.nobody).status == 401
    # Of 58 MB; a build with sanitizers keeps freed memory of each connection for a while.
    assert resident() - before < 16 * 1024 * 1024


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x", "application/jsonx", "text/json"])
def test_another_kind_of_body(unchanged, kind):
    body = b'{"login": "a@home.example"}'
    answer = unchanged.api.call("POST", USERS, body, Content_Type=kind)
    assert (answer.status, answer.type) == (415, "unsupported-media-type")


def test_a_packed_body(unchanged):
    answer = unchanged.api.call("POST", USERS, b"\x1f\x8b", Content_Encoding="gzip")
    assert (answer.status, answer.type) == (415, "unsupported-media-type")


def test_a_body_where_none_belongs(unchanged):
    answer = unchanged.api.call("GET", USERS, {})
    assert (answer.status, answer.type) == (400, "bad-request")
    answer = unchanged.api.call("DELETE", f"{USERS}/peer@{HOME}", {})
    assert (answer.status, answer.type) == (400, "bad-request")


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1e3", "limit=99999999999999999999", "suspended=1",
    "suspended=TRUE", "sort=password", "nonsense=1", "limit=1&limit=2", "match=", "match=" + "x" * 201,
    "dry_run=true", "role=root", "unused_days=0"])
def test_a_query_that_is_not_as_described(unchanged, query):
    answer = unchanged.api.call("GET", f"{USERS}?{query}")
    assert answer.status in (400, 422), answer
    assert answer.status == 422 or query == "limit=1&limit=2"


# Objects of other users


def test_ids_of_others_under_ones_own_name(world):
    peer, far = world.sign_in(f"peer@{HOME}"), world.sign_in(f"far@{FAR}")
    before = world.snapshot()
    for path in (f"/v1/users/me/sessions/{far.session}", f"/v1/users/far@{FAR}/sessions/{far.session}",
                 f"/v1/users/{world.logins[f'far@{FAR}']}/sessions/{far.session}",
                 f"/v1/users/peer@{HOME}/sessions/{far.session}", "/v1/users/me/sessions/x",
                 "/v1/users/me/sessions/99999999999999999999", "/v1/users/me/sessions/-1"):
        answer = world.api.call("DELETE", path, who=peer)
        assert answer.status in (404, 422), (path, answer)
    assert world.snapshot() == before
    assert world.api.call("GET", "/v1/session", who=far).status == 200


def test_absent_and_out_of_reach_look_alike(world):
    admin = world.caller("domain-admin")
    answers = [world.api.call("GET", f"{USERS}/{who}", who=admin) for who in (f"far@{FAR}", f"not@{FAR}")]
    texts = [(a.status, a.type, a.json["detail"].replace("not@", "far@"), a.json["hint"]) for a in answers]
    assert texts[0] == texts[1] and texts[0][0] == 404


# Cursors


def test_a_list_is_whole_and_stable_under_inserts(world):
    for number in range(7):
        world.api.good("POST", USERS, {"login": f"page{number}@{HOME}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = world.api.good("GET", f"{USERS}?limit=2&match=page{cursor}")
        seen += [user["login"] for user in page["items"]]
        if len(seen) == 2:
            world.api.good("POST", USERS, {"login": f"page00@{HOME}"})  # sorts before everything that was listed
            world.api.good("DELETE", f"{USERS}/page0@{HOME}")
        cursor = page["next"] and f"&cursor={page['next']}"
    assert seen == [f"page{number}@{HOME}" for number in range(7)]


def test_a_cursor_belongs_to_its_list(unchanged):
    api = unchanged.api
    cursor = api.good("GET", f"{USERS}?limit=1&sort=login")["next"]
    assert api.call("GET", f"{USERS}?limit=3&sort=login&cursor={cursor}").status == 200
    forged = [cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), "A" + cursor[1:], cursor + "A", cursor[:-4],
              "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", json.dumps({"after": "x"}).replace('"', "%22").replace(" ", "")]
    for text in forged:
        answer = api.call("GET", f"{USERS}?sort=login&cursor={text}")
        assert answer.status == 422 and answer.json["errors"][0]["field"] == "cursor", answer
    for path in (USERS, f"{USERS}?sort=-login", f"{USERS}?sort=login&suspended=true", "/v1/domains",
                 f"{USERS}?sort=login&match=a"):
        answer = api.call("GET", f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
        assert answer.status == 422 and answer.json["errors"][0]["field"] == "cursor", (path, answer)


def test_a_cursor_opens_nothing_to_another_caller(world):
    """A caller who gets hold of another caller's cursor still sees only the objects in his own reach."""
    cursor = world.api.good("GET", f"{USERS}?limit=1")["next"]
    page = world.api.good("GET", f"{USERS}?cursor={cursor}", who=world.caller("domain-admin"))
    assert {user["domain"] for user in page["items"]} == {HOME}


# Conditions


def test_an_etag_that_is_no_longer_true(world):
    path = f"{USERS}/peer@{HOME}"
    answer = world.api.call("GET", path)
    etag = answer.headers["ETag"]
    assert etag == f'"{answer.json["etag"]}"'
    changed = world.api.call("PATCH", path, {"display_name": "one"}, If_Match=etag)
    assert changed.status == 200 and changed.headers["ETag"] != etag
    before = world.snapshot()
    for condition in etag, f"W/{changed.headers['ETag']}", '"x"', '""', f'{etag}, "x"':
        for method, body in (("PATCH", {"display_name": "two"}), ("DELETE", None)):
            answer = world.api.call(method, path, body, If_Match=condition)
            assert (answer.status, answer.type) == (412, "precondition-failed"), (condition, answer)
    for condition in etag[1:], "", ",", f"{etag} {etag}", "*, *", "W/*", "\"" + "x" * 10:
        answer = world.api.call("PATCH", path, {"display_name": "two"}, If_Match=condition)
        assert (answer.status, answer.type) == (400, "bad-request"), (condition, answer)
    assert world.snapshot() == before
    for condition in changed.headers["ETag"], f'{etag}, {changed.headers["ETag"]}', "*":
        assert world.api.call("PATCH", path, {"display_name": "two"}, If_Match=condition).status in (200, 412)
    assert world.api.good("GET", path)["display_name"] == "two"
    assert world.api.call("GET", path, If_Match="*").status == 400


# Idempotency-Key


def test_a_request_twice_under_one_key(world):
    body = {"login": f"once@{HOME}"}
    first = world.api.call("POST", USERS, body, Idempotency_Key="once")
    again = world.api.call("POST", USERS, body, Idempotency_Key="once")
    assert first.status == again.status == 201
    assert again.json == {**first.json, "replayed": True}
    before = world.snapshot()
    answer = world.api.call("POST", USERS, {"login": f"twice@{HOME}"}, Idempotency_Key="once")
    assert (answer.status, answer.type) == (422, "idempotency-key-reused")
    answer = world.api.call("POST", f"{USERS}/peer@{HOME}/suspend", {}, Idempotency_Key="once")
    assert (answer.status, answer.type) == (422, "idempotency-key-reused")
    assert world.snapshot() == before
    # The draft writes the key in quotes; it is the same key, also for another request.
    quoted = world.api.call("POST", USERS, body, Idempotency_Key='"once"')
    assert (quoted.status, quoted.json) == (201, again.json)
    answer = world.api.call("POST", USERS, {"login": f"twice@{HOME}"}, Idempotency_Key='"once"')
    assert (answer.status, answer.type) == (422, "idempotency-key-reused")
    assert world.snapshot() == before
    # Another caller has keys of his own, and does not get this caller's answer.
    other = world.api.call("POST", USERS, body, world.caller("admin"), Idempotency_Key="once")
    assert other.status == 409


def test_a_secret_is_answered_once(world):
    body = {"label": "once"}
    first = world.api.call("POST", "/v1/api-keys", body, Idempotency_Key="secret").json
    again = world.api.call("POST", "/v1/api-keys", body, Idempotency_Key="secret").json
    assert first.pop("secret").startswith("apk-")
    assert again == {**first, "replayed": True}
    assert "secret" not in world.api.good("POST", "/v1/api-keys?dry_run=true", body)


def test_a_dry_run_keeps_no_key(world):
    body = {"login": f"dry@{HOME}"}
    for _ in range(2):
        answer = world.api.call("POST", f"{USERS}?dry_run=true", body, Idempotency_Key="dry")
        assert answer.status == 200 and "replayed" not in answer.json
    assert world.api.call("POST", USERS, {"login": f"wet@{HOME}"}, Idempotency_Key="dry").status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\tb", "ä", '"', '""', '"a', 'a"', '"a"b', '"a";x', '"a" ;x=1',
                                 '"a", "b"', r'"a\b"', r'"a\"', '"a b"', '"ä"', '"%s"' % ("x" * 256)])
def test_a_key_that_is_none(unchanged, key):
    for query in "", "?dry_run=true":
        answer = unchanged.api.call("POST", USERS + query, {"login": f"key@{HOME}"}, Idempotency_Key=key)
        assert (answer.status, answer.type) == (400, "bad-request")
        assert "Idempotency-Key" in answer.json["detail"]


def test_a_key_where_none_belongs(unchanged):
    answer = unchanged.api.call("PATCH", f"{USERS}/peer@{HOME}", {}, Idempotency_Key="x")
    assert (answer.status, answer.type) == (400, "bad-request")


# Contents of answers


def test_no_answer_tells_of_the_inside(world):
    """No answer contains SQL or paths, whatever the request."""
    for path in (USERS, f"{USERS}/x'--", f"{USERS}/%27%3B", f"{USERS}?cursor=x", f"{USERS}?match=%25"):
        text = world.api.call("GET", path).text.lower()
        for word in ("select ", "plpgsql", "authd.manage", "/usr/", "/tmp/", "line 1:", "pg_"):
            assert word not in text, (path, text)


def test_refusals_are_in_the_log_under_their_reference(world):
    answer = world.api.call("GET", f"{USERS}/nobody@{HOME}")
    world.server.authd.log_size()
    lines = [line for line in world.server.authd.log_text().splitlines() if f"ref={answer.json['reference']}" in line]
    assert len(lines) == 1 and "status=404" in lines[0] and "nobody@" not in lines[0]


def test_the_site_is_as_configured(instance):
    instance.authd.config.update(public_url="https://auth.example.org",
                                 submission={"host": "mail.example.org", "port": 465},
                                 password={"min_length": 20}, second_factor="required",
                                 second_factor_inline=False)
    instance.authd.write_config()
    instance.authd.start()
    site = Api(None, instance.authd.http).good("GET", "/v1/site")
    assert site == {"public_url": "https://auth.example.org", "default_domain": "example.org",
                    "submission": {"host": "mail.example.org", "port": 465},
                    "password": {"min_length": 20, "min_length_with_factor": 8, "min_score": 3},
                    "second_factor": {"policy": "required", "inline_codes": False}, "version": site["version"]}
