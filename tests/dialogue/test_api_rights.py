"""The rights: each caller × each route of the API × own, other, far and absent objects. The expected status
follows from the roles that /openapi.json names and from the caller's reach. A request that must be refused is sent
without a dry run, and must change nothing."""

import pytest
from good_requests import ALONE, QUERIES, QUESTIONS, body_of, has_dry_run
from world import EMPTY, FAR, HOME, RANKS, make_world

ABSENT = "999999"

@pytest.fixture(scope="module")
def world():
    yield from make_world()


class Target:
    """An object: `owner` is the login to which it belongs, `domain` its domain."""

    def __init__(self, kind, path, owner=None, rank=0, domain=None):
        self.kind, self.path, self.owner, self.rank, self.domain = kind, path, owner, rank, domain

    def __repr__(self):
        return self.kind


def user_targets(world, caller):
    logins = {"other": f"peer@{HOME}", "equal": f"second-admin@{HOME}", "above": f"admin@{HOME}",
              "far": f"far@{FAR}", "far-admin": f"far-admin@{FAR}"}
    if getattr(caller, "login", None):
        logins["own"] = caller.login
    for kind, login in logins.items():
        role = world.api.good("GET", f"/v1/users/{login}")["role"]
        yield Target(kind, login, login, RANKS[role], login.partition("@")[2])
    yield Target("far by id", world.logins[f"far@{FAR}"], f"far@{FAR}", 0, FAR)
    yield Target("absent", f"nobody@{HOME}")
    yield Target("absent by id", ABSENT)


def key_targets(world, caller):
    for login in f"domain-admin@{HOME}", f"second-admin@{HOME}", f"admin@{HOME}", f"far-admin@{FAR}":
        owner = "own" if login == getattr(caller, "login", None) else login
        role = {"admin": "admin"}.get(login.partition("@")[0], "domain-admin")
        yield Target(owner, world.keys[login], login, RANKS[role], login.partition("@")[2])
    yield Target("host's", world.keys["host"], None, 4, None)
    yield Target("absent", ABSENT)


def targets_of(world, caller, pattern):
    """(path, target) for each object that a pattern may name."""
    if "{user}" in pattern:
        for target in user_targets(world, caller):
            path = pattern.replace("{user}", target.path)
            yield path.replace("{id}", sub_object(world, pattern, target.owner)), target
    elif "{domain}" in pattern:
        for kind, name in {"own": HOME, "far": FAR, "empty": EMPTY}.items():
            yield pattern.replace("{domain}", name), Target(kind, name, domain=name)
        yield pattern.replace("{domain}", "absent.example"), Target("absent", "absent.example")
    elif "{class}" in pattern:
        for name in "staff", "idle":
            yield pattern.replace("{class}", name), Target(name, name, domain="")
        yield pattern.replace("{class}", "absent"), Target("absent", "absent")
    elif "{purpose}" in pattern:
        yield pattern.replace("{purpose}", "encryption"), None
    elif "{id}" in pattern:
        for target in key_targets(world, caller):
            yield pattern.replace("{id}", target.path), target
    else:
        yield pattern, None


def sub_object(world, pattern, owner):
    """The id of an object that belongs to a user, such as a session that no test uses."""
    kind = pattern.split("/")[4] if pattern.count("/") > 3 else ""
    return world.things.get((kind, owner), ABSENT)


def is_visible(caller, target):
    if target.domain is None and target.kind != "host's":
        return False  # the object is absent
    if target.kind == "host's":
        return caller.reach is None
    if target.domain == "":  # the object belongs to the whole site and is no secret
        return True
    own = target.owner is not None and target.owner == getattr(caller, "login", None)
    return caller.reach is None or target.domain in caller.reach or own


def has_right(key, right):
    """Whether an API key has a right: writing includes reading, and * is every resource."""
    resource, _, access = right.partition(":")
    return bool({f"{name}:{verb}" for name in (resource, "*") for verb in (access, "write")} & set(key.rights))


def expected(operation, method, caller, target):
    """The expected status: 401, 403, 404, or None if the request is allowed."""
    roles = operation["x-roles"]
    if not roles:
        return None
    if caller.role is None:
        return 401
    by_role = caller.role in roles and caller.role != "user"
    for_self = "user" in roles
    if not by_role and not for_self:
        return 403
    if caller.rights is not None:
        if operation.get("x-no-api-keys") or not all(has_right(caller, right) for right in operation["x-rights"]):
            return 403
    if operation.get("x-session-only") and "Cookie" not in caller.headers:
        return 403
    if target is None:
        return None
    if not is_visible(caller, target):
        return 404
    own = target.owner is not None and target.owner == getattr(caller, "login", None)
    if not by_role and not own:
        return 403
    if method != "GET" and target.owner is not None or target.kind == "host's" and method != "GET":
        mine = own and (for_self or operation["operationId"].startswith("api_key"))
        if target.rank >= caller.rank and not mine:
            return 403
    return None


def cells(world):
    for method, pattern, operation in world.api.operations():
        if operation["operationId"] in ALONE:
            continue
        for caller in world.callers:
            for path, target in targets_of(world, caller, pattern):
                yield method, path, operation, caller, target


def ask(world, method, path, operation, caller, dry):
    name = operation["operationId"]
    query = [QUERIES[name]] if name in QUERIES else []
    assert method == "GET" or has_dry_run(operation) or name in QUESTIONS, f"{name} has no dry run: it needs a test of its own"
    if dry and has_dry_run(operation):
        query.append("dry_run=true")
    return world.api.call(method, path + ("?" if query else "") + "&".join(query), body_of(operation), caller)


@pytest.fixture(scope="module")
def stage(world):
    """Keys and sessions of every caller who may own some."""
    world.keys, world.things = {}, {}
    world.keys["host"] = world.api.make_key(label="the host's").id
    for login in world.logins:
        caller = world.sign_in(login)
        world.things["sessions", login] = caller.session
        made = world.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "phone"})
        world.things["app-passwords", login] = made["id"]
        # The dry run of a confirmation checks no code.
        world.server.sql("INSERT INTO authd.totp_pending (account, id, seed, algorithm, digits, expires_at) "
                         f"SELECT {world.logins[login]}, authd.credential_id(), '$cipher$00000000$x', 'SHA1', 6, "
                         "authd.now() + interval '1 hour'")
        if login.partition("@")[0] in ("domain-admin", "second-admin", "admin", "far-admin"):
            world.keys[login] = world.api.make_key(caller, label="mine").id
    return world


def test_every_cell_of_the_matrix(stage):
    before = stage.snapshot()
    wrong, count = [], {}
    for method, path, operation, caller, target in cells(stage):
        wanted = expected(operation, method, caller, target)
        answer = ask(stage, method, path, operation, caller, dry=wanted is None)
        count[wanted or "allowed"] = count.get(wanted or "allowed", 0) + 1
        if wanted is None:
            right = answer.status not in (401, 403) and answer.status < 500 and (
                answer.status != 404 or operation["operationId"] == "address_remove")
        else:
            right = answer.status == wanted
        if not right:
            wrong.append(f"{caller} {method} {path} ({target}): {wanted or 'allowed'} expected, {answer}")
    print("cells:", count)
    assert not wrong, f"{len(wrong)} of {sum(count.values())} cells:\n" + "\n".join(wrong[:40])
    assert sum(count.values()) > 1000 and all(count[status] > 50 for status in (401, 403, 404, "allowed"))
    assert stage.snapshot() == before


@pytest.mark.parametrize("role", ["user", "helpdesk", "domain-admin", "auditor"])
@pytest.mark.parametrize("change", [
    {"role": "admin"}, {"login": f"renamed@{HOME}"}, {"class": "idle"}, {"domains": [FAR]},
                                    {"second_factor": "off"}])
def test_nobody_raises_himself(stage, role, change):
    before = stage.snapshot()
    caller = stage.caller(role)
    for who in "me", caller.login:
        answer = stage.api.call("PATCH", f"/v1/users/{who}", change, caller)
        assert answer.status == 403, answer
    assert stage.snapshot() == before


def test_nobody_grants_a_role_that_is_not_below_his(stage):
    before = stage.snapshot()
    admin = stage.caller("domain-admin")
    for role in "domain-admin", "auditor", "admin":
        assert stage.api.call("PATCH", f"/v1/users/peer@{HOME}", {"role": role}, admin).status == 403
        body = {"login": f"new-{role}@{HOME}", "role": role}
        assert stage.api.call("POST", "/v1/users", body, admin).status == 403
    assert stage.snapshot() == before


@pytest.mark.parametrize("method, path", [("PUT", "password"), ("POST", "password-strength")])
def test_the_strength_of_a_password_says_nothing_of_an_account_that_is_not_below(stage, method, path):
    admin = stage.caller("domain-admin")
    weak = {"password": f"auditor@{HOME}"}
    answer = stage.api.call(method, f"/v1/users/auditor@{HOME}/{path}", weak, admin)
    assert (answer.status, answer.type) == (403, "forbidden")
    assert answer.json["detail"] == f"auditor@{HOME} has the role auditor, which is not below yours"
    answer = stage.api.call(method, f"/v1/users/me/{path}", {"password": admin.login}, admin)
    assert answer.status == (422 if method == "PUT" else 200), answer
    if method == "POST":
        assert not answer.json["acceptable"]


def test_a_changed_role_counts_at_once(stage):
    login = f"passing@{HOME}"
    stage.new_user(login, role="helpdesk")
    caller = stage.sign_in(login)
    assert stage.api.call("GET", f"/v1/users/peer@{HOME}", who=caller).status == 200
    stage.api.good("PATCH", f"/v1/users/{login}", {"role": "user"})
    assert stage.api.call("GET", f"/v1/users/peer@{HOME}", who=caller).status == 404
    stage.api.good("POST", f"/v1/users/{login}/suspend", {"reason": "gone"})
    assert stage.api.call("GET", "/v1/users/me", who=caller).status == 401
