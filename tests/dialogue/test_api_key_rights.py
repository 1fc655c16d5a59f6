"""The rights of API keys do not imply each other: keys with one right, and keys with all rights but one, try every
route and every member of each body, one by one. The tables below are written by hand; what /openapi.json declares and
what authd does must both be as they say."""

import itertools

import pytest
from good_requests import ALONE, bodies_of, path_of, url_of
from world import FAR, HOME, PASSWORD, make_world

RESOURCES = ["site", "users", "passwords", "app-passwords", "scopes", "sessions", "domains", "classes", "audit", "keys",
             "import", "totp"]

# The routes that each right opens by itself.
ROUTES = {
    "site:read": "site session_show",
    "users:read": "user_list user_show address_list",
    "users:write": "user_add user_set user_delete user_suspend user_resume user_revoke_all address_add address_remove "
                   "domain_revoke_all",
    "passwords:write": "password_set password_clear password_strength reset_link_add",
    "app-passwords:read": "app_password_list app_password_show",
    "app-passwords:write": "app_password_add app_password_set app_password_revoke app_password_rotate",
    "totp:read": "totp_show",
    "totp:write": "totp_ticket_add",
    "sessions:read": "session_list",
    "sessions:write": "session_revoke",
    "scopes:read": "user_scope_get domain_scope_get class_scope_get site_scope_get",
    "scopes:write": "user_scope_put user_scope_delete domain_scope_put domain_scope_delete class_scope_put "
                    "class_scope_delete site_scope_put site_scope_delete",
    "domains:read": "domain_list domain_show",
    "domains:write": "domain_add domain_set domain_delete",
    "classes:read": "class_list class_show",
    "classes:write": "class_add class_set class_delete",
    "audit:read": "audit_list activity_list",
    "audit:write": "audit_verify",
    "keys:read": "key_list",
}

# The routes that need several rights.
MANY = {
    "user_export": "users:read passwords:read app-passwords:read totp:read sessions:read scopes:read audit:read",
    "import_rows": "import:write users:write",
}

# The members that a right opens in place of the route's.
MEMBERS = {
    "passwords:write": "user_add.password user_add.recovery_address user_set.recovery_address "
                       "import_rows.rows.password_hash import_rows.rows.recovery_address",
    "scopes:write": "user_add.class user_set.class import_rows.rows.class import_rows.rows.networks",
    "totp:write": "user_add.second_factor user_set.second_factor domain_add.second_factor domain_set.second_factor "
                  "domain_add.second_factor_from domain_set.second_factor_from",
}

# What no right opens.
CLOSED = ("api_key_list api_key_add api_key_show api_key_set api_key_revoke key_rotate totp_enroll totp_confirm "
          "totp_remove recovery_codes_set user_add.role user_add.domains user_set.role user_set.domains").split()


@pytest.fixture(scope="module")
def world():
    yield from make_world()


@pytest.fixture(scope="module")
def stage(world):
    user = f"user@{HOME}"
    app_password = world.api.good("POST", f"/v1/users/{user}/app-passwords", {"label": "phone"})["id"]
    world.objects = {"sessions": world.sign_in(user).session, "app-passwords": app_password, "api-keys": "1"}
    return world


def rights_of_route(name):
    if name in MANY:
        return set(MANY[name].split())
    found = {right for right, routes in ROUTES.items() if name in routes.split()}
    assert len(found) == (name not in CLOSED), f"{name}: write into the tables by which right it is opened"
    return found


def rights_of(name, member):
    """The rights that a good request needs that sets this member; None: it is closed to API keys."""
    if name in CLOSED or f"{name}.{member}" in CLOSED:
        return None
    own = {right for right, members in MEMBERS.items() if f"{name}.{member}" in members.split()}
    assert len(own) < 2
    # A user, a domain and a row also have a name, which belongs to the route.
    with_route = name.endswith("_add") or name == "import_rows" or not own
    return own | (rights_of_route(name) if with_route else set())


def operations(stage):
    for method, pattern, operation in stage.api.operations():
        if operation["operationId"] not in ALONE and operation["x-roles"]:
            yield method, pattern, operation


def requests(stage):
    """(what, method, path, body, the rights that it needs) for each route and each member."""
    for method, pattern, operation in operations(stage):
        kind = next((kind for kind in stage.objects if f"/{kind}/" in pattern), "sessions")
        path = url_of(operation, path_of(pattern, id=stage.objects[kind]))
        for member, body in bodies_of(operation):
            name = operation["operationId"]
            yield f"{name}.{member}" if member else name, method, path, body, rights_of(name, member)


def is_open(answer):
    assert answer.status < 500 and answer.status != 401, answer
    return answer.status != 403


def test_the_document_declares_what_the_tables_say(stage):
    used, listed = set(), set()
    for _, _, operation in operations(stage):
        name = operation["operationId"]
        declared = set(operation.get("x-rights", []))
        assert declared == rights_of_route(name), name
        assert operation.get("x-no-api-keys", False) == (name in CLOSED) == (not declared), name
        listed |= {name}
        used |= declared
        for member, schema in declared_members(operation):
            what = f"{name}.{member}"
            own = {right for right, members in MEMBERS.items() if what in members.split()}
            assert set(schema.get("x-rights", [])) == own, what
            assert schema.get("x-no-api-keys", False) == (what in CLOSED), what
            listed |= {what}
    tables = [*ROUTES.values(), *MEMBERS.values()]
    assert set(" ".join(tables).split()) | set(MANY) | set(CLOSED) <= listed
    assert {right.partition(":")[0] for right in used} == set(RESOURCES)


def declared_members(operation):
    body = operation.get("requestBody")
    members = body["content"]["application/json"]["schema"]["properties"] if body else {}
    for name, schema in members.items():
        yield name, schema
        if name == "rows":
            for cell, cell_schema in schema["items"]["properties"].items():
                yield f"rows.{cell}", cell_schema


def test_the_database_takes_the_same_resources(stage):
    for resource, access in itertools.product([*RESOURCES, "*"], ["read", "write"]):
        stage.api.make_key(rights=[f"{resource}:{access}"])
    for right in "api-keys:read", "nonsense:write", "users:delete":
        answer = stage.api.call("POST", "/v1/api-keys", {"label": "x", "rights": [right]})
        assert answer.status == 422
        assert answer.json["hint"].endswith(" one of *, %s." % ", ".join(RESOURCES))
    stage.server.sql("DELETE FROM authd.api_key WHERE owner IS NULL")


def test_a_right_opens_nothing_but_its_own(stage):
    """Keys with one right: a request that needs more, or another, is refused."""
    wrong, opened = [], {}
    for resource, access in itertools.product(RESOURCES, ["read", "write"]):
        key = stage.api.make_key(rights=[f"{resource}:{access}"])
        held = {f"{resource}:read", f"{resource}:{access}"}
        for what, method, path, body, needed in requests(stage):
            allowed = needed is not None and needed <= held
            answer = stage.api.call(method, path, body, key)
            if is_open(answer) != allowed:
                wrong.append(f"{key}: {method} {path} {what}: {'allowed' if allowed else 403} expected, {answer}")
            if is_open(answer):
                opened.setdefault(f"{resource}:{access}", []).append(what)
    print_table(opened)
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong[:40])
    assert set(ROUTES) <= set(opened)


def test_no_other_rights_make_up_for_one(stage):
    """Keys with all rights but those of one resource: every request that needs one of them is refused, by its name."""
    wrong, count = [], 0
    for resource in RESOURCES:
        key = stage.api.make_key(rights=[f"{other}:write" for other in RESOURCES if other != resource])
        for what, method, path, body, needed in requests(stage):
            lacks = [right for right in needed or [] if right.partition(":")[0] == resource]
            answer = stage.api.call(method, path, body, key)
            sentence = answer.json.get("detail", "")
            if is_open(answer) == bool(needed is None or lacks):
                wrong.append(f"without {resource}: {method} {path} {what}: {answer}")
            elif lacks and f" lacks the right {lacks[0]}" not in sentence:
                wrong.append(f"without {resource}: {method} {path} {what}: {sentence}")
            count += bool(lacks)
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong[:40])
    assert count > 100


def test_all_rights_open_all_but_what_is_closed(stage):
    for rights in ["*:write"], [f"{resource}:write" for resource in RESOURCES]:
        key = stage.api.make_key(rights=rights)
        for what, method, path, body, needed in requests(stage):
            answer = stage.api.call(method, path, body, key)
            assert is_open(answer) == (needed is not None), (rights, what, answer)


def print_table(opened):
    """For `pytest -s`: what each right opens by itself. A right to write opens what the right to read does."""
    for right, requests_ in opened.items():
        resource = right.partition(":")[0]
        news = [what for what in requests_ if right.endswith(":read") or what not in opened.get(f"{resource}:read", [])]
        print(f"{right:20} {' '.join(news)}")


# Examples, each with its sentence

def name_of(key):
    return f"api key {key.id} (test)"


def test_a_recovery_address_and_a_link_are_the_password(stage):
    peer = f"/v1/users/peer@{HOME}"
    key = stage.api.make_key(rights=["users:write"])
    answer = stage.api.call("PATCH", peer, {"display_name": "P", "recovery_address": "thief@other.example"}, key)
    assert answer.json["detail"] == f"{name_of(key)} lacks the right passwords:write, which recovery_address needs"
    answer = stage.api.call("POST", f"{peer}/reset-link", {}, key)
    assert answer.json["detail"] == f"{name_of(key)} lacks the right passwords:write"
    answer = stage.api.call("PATCH", peer, {"role": "helpdesk"}, stage.api.make_key(rights=["*:write"]))
    assert answer.json["detail"] == "no API key may set role"
    user = stage.api.good("GET", peer)
    assert (user["recovery_address"], user["role"], user["display_name"]) == ("safe@other.example", "user", None)


def test_a_key_may_set_the_members_of_its_right_alone(stage):
    peer = f"/v1/users/peer@{HOME}"
    key = stage.api.make_key(rights=["passwords:write"])
    assert stage.api.call("PATCH", peer, {"recovery_address": "other@other.example"}, key).status == 200
    assert stage.api.call("PATCH", peer, {"recovery_address": "safe@other.example"}, key).status == 200
    for body in {}, {"recovery_address": None, "display_name": "P"}, {"display_name": "P"}:
        answer = stage.api.call("PATCH", peer, body, key)
        assert (answer.status, answer.type) == (403, "forbidden"), (body, answer)
        assert answer.json["detail"].startswith(f"{name_of(key)} lacks the right users:write")
    assert stage.api.good("GET", peer)["recovery_address"] == "safe@other.example"


def test_an_import_names_the_first_line_that_needs_a_right(stage):
    key = stage.api.make_key(rights=["import:write", "users:write"])
    rows = [{"line": 3, "login": f"one@{HOME}"}, {"line": 4, "login": f"two@{HOME}", "class": "idle"},
            {"line": 5, "login": f"three@{HOME}", "class": "idle"}]
    answer = stage.api.call("POST", "/v1/import", {"rows": rows}, key)
    assert answer.json["detail"] == f"{name_of(key)} lacks the right scopes:write, which class of line 4 needs"
    rows = [{"login": f"one@{HOME}"}, {"login": f"two@{HOME}", "password_hash": None}]
    answer = stage.api.call("POST", "/v1/import", {"rows": rows}, key)
    assert answer.json["detail"] == f"{name_of(key)} lacks the right passwords:write, which password_hash of rows[1] needs"
    assert stage.api.call("GET", f"/v1/users/one@{HOME}").status == 404
    answer = stage.api.call("POST", "/v1/import", {"rows": rows[:1] + [{"login": 5}, {"nonsense": 1}]}, key)
    assert answer.json["counts"] == {"added": 1, "refused": 2}, answer
    stage.api.good("DELETE", f"/v1/users/one@{HOME}")


def test_an_export_shows_an_api_key_no_api_keys(stage):
    login = f"far-admin@{FAR}"
    admin = stage.sign_in(login)
    stage.api.make_key(admin, label="mine")
    assert stage.api.good("GET", "/v1/users/me/export", who=admin)["api_keys"][0]["label"] == "mine"
    assert stage.api.good("GET", f"/v1/users/{login}/export")["api_keys"][0]["label"] == "mine"
    key = stage.api.make_key(rights=["*:read"])
    assert stage.api.good("GET", f"/v1/users/{login}/export", who=key)["api_keys"] is None


def test_a_new_domain_is_not_made_by_the_right_for_users(stage):
    key = stage.api.make_key(rights=["users:write", "import:write", "passwords:write"])
    new = {"login": "a@fresh.example", "password": PASSWORD}
    for method, path, body in [("POST", "/v1/users", new), ("POST", "/v1/import", {"rows": [{"login": "a@fresh.example"}]}),
                               ("PATCH", f"/v1/users/peer@{HOME}", {"login": "a@fresh.example"})]:
        answer = stage.api.call(method, path, body, key)
        assert answer.status == 403, answer
        assert answer.json["detail"] == (f"{name_of(key)} lacks the right domains:write, which the new domain "
                                         "fresh.example needs")
    assert stage.api.call("GET", "/v1/domains/fresh.example").status == 404
