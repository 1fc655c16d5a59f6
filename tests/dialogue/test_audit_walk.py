"""Every operation of the API that changes something adds a row to the audit, with the reference that is in the log.
"""

import pytest
from audit_site import wait_sealed
from conftest import PASSWORD
from harness import totp
from world import make_world

USER = "walked@walk.example"

# Operations that change nothing, or are recorded as a login.
OTHERS = {"sign_in", "sign_out", "session_fresh", "audit_verify", "password_strength"}

SCOPE = {"v": 1, "max_recipients": 5}

# (operation, parameters, query, body); each call relies on the calls before it.
CALLS = [
    ("domain_add", {}, "", {"name": "walk.example"}),
    ("domain_set", {"domain": "walk.example"}, "", {"description": "Something"}),
    ("class_add", {}, "", {"name": "walked"}),
    ("class_set", {"class": "walked"}, "", {"description": "Something"}),
    ("user_add", {}, "", {"login": USER, "password": PASSWORD}),
    ("user_set", {"user": USER}, "", {"recovery_address": "reader@other.example"}),
    ("user_set", {"user": USER}, "", {"login": "walked@new.example"}),
    ("user_set", {"user": "walked@new.example"}, "", {"login": USER}),
    ("address_add", {"user": USER}, "", {"address": "another@walk.example"}),
    ("address_remove", {"user": USER}, "address=another@walk.example", None),
    ("user_suspend", {"user": USER}, "", {"reason": "a test"}),
    ("user_resume", {"user": USER}, "", None),
    ("app_password_add", {"user": USER}, "", {"label": "walked"}),
    ("app_password_set", {"user": USER, "id": "{app_password_add}"}, "", {"label": "other"}),
    ("app_password_rotate", {"user": USER, "id": "{app_password_add}"}, "", {}),
    ("app_password_revoke", {"user": USER, "id": "{app_password_add}"}, "", None),
    ("totp_ticket_add", {"user": USER}, "", None),
    ("totp_enroll", {"user": USER}, "", {}),
    ("totp_confirm", {"user": USER}, "", {}),
    ("recovery_codes_set", {"user": USER}, "", None),
    ("totp_remove", {"user": USER}, "", None),
    ("user_scope_put", {"user": USER}, "", SCOPE),
    ("user_scope_delete", {"user": USER}, "", None),
    ("domain_scope_put", {"domain": "walk.example"}, "", SCOPE),
    ("domain_scope_delete", {"domain": "walk.example"}, "", None),
    ("class_scope_put", {"class": "walked"}, "", SCOPE),
    ("class_scope_delete", {"class": "walked"}, "", None),
    ("site_scope_put", {}, "", SCOPE),
    ("site_scope_delete", {}, "", None),
    ("session_revoke", {"user": USER, "id": "{sign_in}"}, "", None),
    ("api_key_add", {}, "", {"label": "walked"}),
    ("api_key_set", {"id": "{api_key_add}"}, "", {"label": "other"}),
    ("api_key_revoke", {"id": "{api_key_add}"}, "", None),
    ("reset_link_add", {"user": USER}, "", {}),
    ("reset_use", {}, "", {"password": "yet another long password"}),
    ("password_set", {"user": USER}, "", {"password": "quite another long password"}),
    ("password_clear", {"user": USER}, "", None),
    ("user_revoke_all", {"user": USER}, "", None),
    ("domain_revoke_all", {"domain": "walk.example"}, "", None),
    ("user_delete", {"user": USER}, "", None),
    ("key_rotate", {"purpose": "encryption"}, "", {}),
    ("import_rows", {}, "", {"rows": [{"line": 1, "login": "imported@other.example"}]}),
    ("class_delete", {"class": "walked"}, "", None),
    ("domain_delete", {"domain": "walk.example"}, "", None),
]


@pytest.fixture(scope="module")
def world():
    yield from make_world()


def changing(api):
    """{operation: (method, pattern)} of all routes that may change something."""
    return {operation["operationId"]: (method, pattern) for method, pattern, operation in api.operations()
            if method != "GET" and operation["operationId"] not in OTHERS}


def test_every_changing_operation_is_here(world):
    assert set(changing(world.api)) == {name for name, *_ in CALLS}, "add what is new to CALLS"


def test_every_change_is_recorded_under_its_reference(world):
    api, authd, found = world.api, world.server.authd, {}
    routes = changing(api)
    for name, parameters, query, body in CALLS:
        method, pattern = routes[name]
        if name == "session_revoke":
            found["sign_in"] = api.sign_in(USER, PASSWORD).session
        if name == "reset_use":
            body = {**body, "token": world.sink.links()[-1].link()[2]}
        if name == "totp_confirm":
            body = {"code": totp.code(found["secret"])}
        path = pattern
        for word, value in parameters.items():
            path = path.replace("{%s}" % word, value.format(**found) if value.startswith("{") else value)
        since = authd.log_size()
        who = api.nobody if name == "reset_use" else api.host
        answer = api.call(method, path + ("?" + query if query else ""), body, who)
        assert answer.status in (200, 201), (name, answer)
        found[name] = answer.json.get("id")
        found["secret"] = answer.json.get("secret")
        authd.log_size()
        (line,) = [event for event in authd.events("http", since) if event["route"] == pattern]
        rows = api.good("GET", f"/v1/audit?reference={line['ref']}")["items"]
        # Each level of scopes has a route of its own but all have one action; an import adds users.
        action = name[name.index("scope_"):] if "_scope_" in name else name
        action = "user_add" if name == "import_rows" else action
        assert action in {row["action"] for row in rows}, (name, rows)
        assert {row["actor"]["name"] for row in rows} == {USER if name == "reset_use" else "root (uid 0)"}
        assert {row["via"] for row in rows} <= {"api", "ctl"} and all(row["peer"] for row in rows)
    verify_all(world)


def verify_all(world):
    """The rows of every operation have a tag that fits the operation, its actor and the action."""
    wait_sealed(world.server)
    report = world.api.call("POST", "/v1/audit/verify", {}, world.api.host).json
    assert report["complete"] and report["flaws"] == []


def test_the_tag_fits_every_kind_of_caller(world):
    """A session, an API key, and authd itself after wrong codes."""
    for name, domain in (("admin", "by-session.example"), ("key *:write", "by-key.example")):
        assert world.api.call("POST", "/v1/domains", {"name": domain}, world.caller(name)).status == 201
    body = {"login": world.caller("auditor").login, "password": PASSWORD}
    for code in range(100000, 100005):
        assert world.api.call("POST", "/v1/session", {**body, "code": str(code)}, world.api.nobody).status == 401
    wait_sealed(world.server)
    assert world.server.sql("SELECT string_agg(DISTINCT actor_kind || ' ' || action, ', ') FROM authd.audit_event "
                            "WHERE actor_kind <> 'host' AND action IN ('domain_add', 'totp_locked')") == (
        "api-key domain_add, authd totp_locked, session domain_add")
    verify_all(world)
