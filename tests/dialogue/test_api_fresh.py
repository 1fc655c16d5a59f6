"""What needs a fresh sign-in: whatever may give somebody more than before. /openapi.json says it, the tables below say
it again by hand, and a session that is not fresh tries each route and each member."""

import pytest
from good_requests import ALONE, bodies_of, path_of, url_of
from world import HOME, make_world

# Changes that a session may make although it is not fresh, and why.
STALE = {
    "user_suspend": "takes away",
    "address_remove": "takes away",
    "session_revoke": "takes away",
    "app_password_revoke": "takes away",
    "api_key_revoke": "takes away",
    "class_delete": "takes away what no user has",
    "class_add": "decides nothing while no user has the class and no scope is set",
    "class_set": "gives another name",
    "domain_add": "decides nothing while the domain has no user; its members say more",
    "domain_set": "its members say more",
    "user_set": "its members say more",
    "app_password_set": "the database compares the old with the new",
    "api_key_set": "the database compares the old with the new",
    "totp_confirm": "finishes what began by a fresh sign-in",
    "password_strength": "changes nothing",
    "audit_verify": "changes nothing",
}

# The members of these routes that a session may set although it is not fresh.
STALE_MEMBERS = {
    "domain_add": {"name", "description"},
    "domain_set": {"description"},
    "user_set": {"display_name"},
}


@pytest.fixture(scope="module")
def world():
    yield from make_world()


@pytest.fixture(scope="module")
def stale(world):
    """An administrator whose session is not fresh."""
    admin = world.sign_in(f"admin@{HOME}")
    world.server.sql("UPDATE authd.http_session SET fresh_at = fresh_at - interval '10 minutes' "
                     f"WHERE id = {admin.session}")
    return admin


def changes(world):
    for method, pattern, operation in world.api.operations():
        if method != "GET" and operation["operationId"] not in ALONE:
            yield method, pattern, operation


def needs_fresh(operation, member):
    name = operation["operationId"]
    return name not in STALE or (name in STALE_MEMBERS and member not in STALE_MEMBERS[name])


def test_the_document_is_as_the_table_says(world):
    names = set()
    for _, _, operation in changes(world):
        name = operation["operationId"]
        names.add(name)
        assert operation["x-fresh"] == (name not in STALE), name
        if name in STALE and "requestBody" in operation:
            members = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
            for member, schema in members.items():
                assert schema.get("x-fresh", False) == needs_fresh(operation, member), (name, member)
    assert set(STALE) <= names and set(STALE_MEMBERS) <= names
    assert not [pattern for method, pattern, operation in world.api.operations() if method == "GET" and operation["x-fresh"]]


def test_a_session_that_is_not_fresh_gives_nothing(world, stale):
    before = world.snapshot()
    wrong, seen = [], {True: 0, False: 0}
    for method, pattern, operation in changes(world):
        for member, body in bodies_of(operation):
            path = url_of(operation, path_of(pattern, id="999999"))
            answer = world.api.call(method, path, body, stale)
            refused = answer.status == 403 and answer.type == "fresh-sign-in-required"
            if refused != needs_fresh(operation, member):
                wrong.append(f"{method} {path} {member}: {answer}")
            seen[refused] += 1
    assert not wrong, "\n".join(wrong)
    assert min(seen.values()) > 20
    assert world.snapshot() == before


def test_a_fresh_session_may(world):
    admin = world.sign_in(f"admin@{HOME}")
    for method, pattern, operation in changes(world):
        for member, body in bodies_of(operation):
            if member == "ticket":
                continue  # 403, as a wrong ticket is
            path = url_of(operation, path_of(pattern, id="999999"))
            answer = world.api.call(method, path, body, admin)
            assert answer.status not in (401, 403) and answer.status < 500, (method, path, member, answer)
