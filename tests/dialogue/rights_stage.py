"""Callers, targets and what a caller may do to a target: the setting of the tests of the matrix of rights. Callers and
targets differ in role and in reach; API keys are narrowed to some domains, or not."""

import json

from good_requests import body_of, has_dry_run, url_of
from world import EMPTY, FAR, HOME, PASSWORD, RANKS, ROLES

ABSENT = "999999"

# Users beside those of the world: (login, role, domains that the user administers beside the own).
WIDE = [(f"wide-helpdesk@{HOME}", "helpdesk", [FAR]), (f"wide-admin@{HOME}", "domain-admin", [FAR]),
        (f"far-helpdesk@{FAR}", "helpdesk", [HOME]), (f"plain@{HOME}", "user", [])]

# What only takes away needs a role below the caller's; everything else that changes an account gives control of it, and
# needs a reach that contains the account's own, too.
TAKES_AWAY = {"user_suspend", "user_delete", "user_revoke_all", "password_clear", "address_remove", "session_revoke",
              "app_password_revoke", "api_key_revoke"}

# What concerns the whole site: a caller of some domains may not, whatever the role is.
WHOLE_SITE = {"domain_add", "domain_delete", "domain_revoke_all", "class_add", "class_set", "class_delete", "key_list",
              "class_scope_put", "class_scope_delete", "site_scope_put", "site_scope_delete", "audit_verify"}


class Target:
    """An object: `owner` is the login to which it belongs, `domain` its domain, `reach` what its owner's role reaches
    (None: the site)."""

    def __init__(self, kind, path, owner=None, rank=0, domain=None, reach=()):
        self.kind, self.path, self.owner, self.rank, self.domain, self.reach = kind, path, owner, rank, domain, reach

    def __repr__(self):
        return self.kind


def make_stage(world):
    """Adds users, callers, and keys, sessions and app passwords of all users."""
    for login, role, domains in WIDE:
        world.new_user(login, role=role)
        if domains:
            world.api.good("PATCH", f"/v1/users/{login}", {"domains": domains})
            world.api.good("PUT", f"/v1/users/{login}/password", {"password": PASSWORD})
    world.keys, world.things = {"host": world.api.make_key(label="the host's").id}, {}
    for login in world.logins:
        caller = world.sign_in(login)
        world.things["sessions", login] = caller.session
        made = world.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "phone"})
        world.things["app-passwords", login] = made["id"]
        # The dry run of a confirmation checks no code.
        world.server.sql("INSERT INTO authd.totp_pending (account, id, seed, algorithm, digits, expires_at) "
                         f"SELECT {world.logins[login]}, authd.credential_id(), '$cipher$00000000$x', 'SHA1', 6, "
                         "authd.now() + interval '1 hour'")
        if login.partition("@")[0] in ("domain-admin", "second-admin", "wide-admin", "admin", "far-admin"):
            world.keys[login] = world.api.make_key(caller, label="mine").id
    world.owners = {login: owner_of(world, login) for login in world.logins}
    world.callers += list(wide_callers(world))
    return world


def owner_of(world, login):
    """(rank, reach) of a user."""
    user = world.api.good("GET", f"/v1/users/{login}")
    return RANKS[user["role"]], {"user": [], "admin": None, "auditor": None}.get(
        user["role"], [user["domain"], *user["domains"]])


def wide_callers(world):
    """Callers who reach two domains, and API keys that are narrowed to one."""
    for login in f"wide-helpdesk@{HOME}", f"wide-admin@{HOME}":
        caller = world.sign_in(login)
        caller.rank, caller.reach = world.owners[login]
        caller.name, caller.role, caller.rights = login.partition("@")[0], ROLES[caller.rank], None
        yield caller
    for owner, role, domain in [(None, "admin", FAR), (f"admin@{HOME}", "admin", HOME),
                                (f"wide-admin@{HOME}", "domain-admin", HOME), (f"wide-admin@{HOME}", "domain-admin", FAR)]:
        key = world.api.make_key(world.sign_in(owner) if owner else None, rights=["*:write"], domains=[domain])
        key.name = f"key of {(owner or 'host').partition('@')[0]} for {domain}"
        key.role, key.rank, key.reach, key.login, key.narrowed = role, RANKS[role], [domain], owner, True
        yield key


# ---- targets

def user_targets(world, caller):
    kinds = {"other": f"plain@{HOME}", "helpdesk": f"helpdesk@{HOME}", "wide helpdesk": f"wide-helpdesk@{HOME}",
             "far helpdesk": f"far-helpdesk@{FAR}", "domain-admin": f"second-admin@{HOME}",
             "wide domain-admin": f"wide-admin@{HOME}", "auditor": f"auditor@{HOME}", "admin": f"admin@{HOME}",
             "far": f"far@{FAR}", "far domain-admin": f"far-admin@{FAR}"}
    if getattr(caller, "login", None):
        kinds["own"] = caller.login
    for kind, login in kinds.items():
        yield user_target(world, kind, login, login)
    yield user_target(world, "far by id", f"far@{FAR}", world.logins[f"far@{FAR}"])
    yield Target("absent", f"nobody@{HOME}")
    yield Target("absent by id", ABSENT)


def user_target(world, kind, login, path):
    rank, reach = world.owners[login]
    return Target(kind, path, login, rank, login.partition("@")[2], reach)


def key_targets(world, caller):
    for login in world.keys:
        if login != "host":
            yield user_target(world, "own" if login == getattr(caller, "login", None) else login, login, world.keys[login])
    yield Target("host's", world.keys["host"], None, 4, None, None)
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


# ---- the rules

def is_own(caller, target):
    return target.owner is not None and target.owner == getattr(caller, "login", None)


def is_visible(caller, target):
    if target.domain is None and target.kind != "host's":
        return False  # the object is absent
    if target.kind == "host's":
        return caller.reach is None
    if target.domain == "":  # the object belongs to the whole site and is no secret
        return True
    own = is_own(caller, target) and not getattr(caller, "narrowed", False)
    return caller.reach is None or target.domain in caller.reach or own


def contains(reach, part):
    """Whether a reach has all domains of another; None is the whole site."""
    return reach is None or (part is not None and set(part) <= set(reach))


def may_change(caller, target, operation):
    """Whether role and reach of a caller are above those of another's account."""
    if target.rank >= caller.rank:
        return False
    return operation["operationId"] in TAKES_AWAY or contains(caller.reach, target.reach)


def has_right(key, right):
    """Whether an API key has a right: writing includes reading, and * is every resource."""
    resource, _, access = right.partition(":")
    return bool({f"{name}:{verb}" for name in (resource, "*") for verb in (access, "write")} & set(key.rights))


def closed_to(operation, caller):
    """The status with which the route refuses the caller, whatever the object; None: it does not."""
    roles = operation["x-roles"]
    if not roles:
        return None
    if caller.role is None:
        return 401
    if caller.role not in roles and "user" not in roles:
        return 403
    if caller.rights is not None:
        if operation.get("x-no-api-keys") or not all(has_right(caller, right) for right in operation["x-rights"]):
            return 403
    if operation.get("x-session-only") and "Cookie" not in caller.headers:
        return 403
    return None


def expected(operation, method, caller, target):
    """The expected status: 401, 403, 404, or None if the request is allowed."""
    roles, name = operation["x-roles"], operation["operationId"]
    if closed_to(operation, caller) or not roles:
        return closed_to(operation, caller)
    too_narrow = caller.reach is not None and name in WHOLE_SITE
    if target is None or name.startswith("class_scope_") and too_narrow:
        return 403 if too_narrow else None
    if not is_visible(caller, target):
        return 404
    if too_narrow:
        return 403
    own, by_role = is_own(caller, target), caller.role in roles and caller.role != "user"
    if not by_role and not own:
        return 403
    if method != "GET" and (target.owner is not None or target.kind == "host's"):
        # A narrowed API key does not control its owner, who reaches further.
        mine = own and ("user" in roles or name.startswith("api_key")) and (
            name in TAKES_AWAY or contains(caller.reach, target.reach))
        if not mine and not may_change(caller, target, operation):
            return 403
    return None


def is_as_expected(answer, wanted, operation):
    if wanted is not None:
        return answer.status == wanted
    return answer.status not in (401, 403) and answer.status < 500 and (
        answer.status != 404 or operation["operationId"] == "address_remove")


def within(caller, body):
    """The body with a domain within the caller's reach."""
    reach = getattr(caller, "reach", None)
    if not reach or HOME in reach:
        return body
    return json.loads(json.dumps(body).replace(HOME, reach[0]))


def ask(world, method, path, operation, caller, dry=True, body=None):
    assert method == "GET" or has_dry_run(operation) or operation["operationId"] == "password_strength", \
        f"{operation['operationId']} has no dry run: it needs a test of its own"
    url = url_of(operation, path)
    return world.api.call(method, url if dry else url.replace("dry_run=true", "dry_run=false"),
                          within(caller, body_of(operation)) if body is None else body, caller)
