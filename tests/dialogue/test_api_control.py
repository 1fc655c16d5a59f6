"""Control of an account: who gives it anything has a role above the account's and reaches all that the account reaches,
before the change and after it. Each caller × each target × each member of a change of a user, new users of each role,
moves to another domain, and imports."""

import pytest
from good_requests import bodies_of, members_of
from rights_stage import (
    ask,
    closed_to,
    contains,
    expected,
    is_as_expected,
    is_own,
    is_visible,
    make_stage,
    may_change,
    user_target,
    user_targets,
    within,
)
from world import FAR, HOME, PASSWORD, RANKS, ROLES, make_world

OWN = {"display_name", "recovery_address"}  # what users change of their own account
SITE_ROLES = {"auditor", "admin"}  # they reach the whole site


@pytest.fixture(scope="module")
def stage():
    for world in make_world():
        yield make_stage(world)


def operation_of(stage, name):
    return next(found for found in stage.api.operations() if found[2]["operationId"] == name)


def check(stage, cells):
    """Each cell: (what, caller, method, path, operation, body, the expected status or None)."""
    before = stage.snapshot()
    wrong, count = [], {}
    for what, caller, method, path, operation, body, wanted in cells:
        answer = ask(stage, method, path, operation, caller, wanted is None, body)
        count[wanted or "allowed"] = count.get(wanted or "allowed", 0) + 1
        if not is_as_expected(answer, wanted, operation):
            wrong.append(f"{caller}: {what}: {wanted or 'allowed'} expected, {answer}")
    print("cells:", count)
    assert not wrong, f"{len(wrong)} of {sum(count.values())} cells:\n" + "\n".join(wrong[:40])
    assert stage.snapshot() == before
    return count


def member_is_closed(schema, operation, caller):
    """Whether a member is closed to a caller, whoever the user is."""
    if schema.get("x-no-api-keys") and caller.rights is not None:
        return True
    role = caller.role if caller.role in operation["x-roles"] else "user"
    return role not in schema.get("x-roles", [role])


def test_every_member_of_every_user(stage):
    method, pattern, operation = operation_of(stage, "user_set")
    members = members_of(operation)

    def cells():
        for caller in stage.callers:
            for target in user_targets(stage, caller):
                for member, body in bodies_of(operation):
                    wanted = closed_to(operation, caller)
                    if wanted is None and member_is_closed(members[member], operation, caller):
                        wanted = 403
                    if wanted is None:
                        wanted = expected(operation, method, caller, target)
                    if wanted is None and is_own(caller, target) and member not in OWN:
                        wanted = 403
                    yield (f"{member} of {target}", caller, method, pattern.replace("{user}", target.path), operation,
                           within(caller, body), wanted)

    count = check(stage, cells())
    assert all(count[status] > 50 for status in (401, 403, 404, "allowed"))


def givers(stage):
    return [caller for caller in stage.callers if caller.role in ("domain-admin", "admin")]


def test_every_role_for_a_user_who_is_below(stage):
    """Also roles of the whole site, which a caller of some domains does not give; no API key gives a role."""
    method, pattern, operation = operation_of(stage, "user_set")

    def cells():
        for caller in givers(stage):
            target = user_target(stage, "other", f"plain@{HOME}", f"plain@{HOME}")
            for role in ROLES:
                wanted = closed_to(operation, caller)
                if caller.rights is not None or RANKS[role] >= caller.rank:
                    wanted = 403
                elif not is_visible(caller, target):
                    wanted = 404
                elif role in SITE_ROLES and caller.reach is not None:
                    wanted = 403
                yield (f"{role} for {target}", caller, method, pattern.replace("{user}", target.path), operation,
                       {"role": role}, wanted)

    assert check(stage, cells())[403] > 10


def test_new_users_of_every_role(stage):
    method, pattern, operation = operation_of(stage, "user_add")

    def cells():
        for caller in givers(stage):
            for domain in HOME, FAR:
                for role in [None, *ROLES]:
                    body = {"login": f"new@{domain}", **({"role": role} if role else {})}
                    wanted = closed_to(operation, caller)
                    if wanted is None and caller.rights is not None and role:
                        wanted = 403
                    elif wanted is None and not contains(caller.reach, [domain]):
                        wanted = 404
                    elif wanted is None and role and RANKS[role] >= caller.rank:
                        wanted = 403
                    elif wanted is None and role in SITE_ROLES and caller.reach is not None:
                        wanted = 403
                    yield f"a new {role} in {domain}", caller, method, pattern, operation, body, wanted

    check(stage, cells())


def test_an_import_over_every_user(stage):
    _, path, operation = operation_of(stage, "import_rows")
    before = stage.snapshot()
    wrong, count = [], {True: 0, False: 0}
    for caller in givers(stage):
        if closed_to(operation, caller):
            continue
        for target in user_targets(stage, caller):
            if target.owner is None:
                continue
            within = caller.reach is None or target.domain in caller.reach
            allowed = within and may_change(caller, target, {"operationId": "import_rows"})
            body = {"existing": "update", "create": False, "rows": [{"login": target.owner, "display_name": "Other"}]}
            answer = ask(stage, "POST", path, operation, caller, dry=allowed, body=body)
            outcome = answer.json["results"][0]["outcome"]
            count[allowed] += 1
            if outcome != ("updated" if allowed else "refused"):
                wrong.append(f"{caller}: import over {target}: {answer}")
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong)
    assert min(count.values()) > 20
    assert stage.snapshot() == before


@pytest.mark.parametrize("giver, login, status", [
    ("domain-admin", f"helpdesk@{HOME}", 404), ("wide-admin", f"helpdesk@{HOME}", 200),
    ("wide-admin", f"wide-helpdesk@{HOME}", 200), (f"key of admin for {HOME}", f"helpdesk@{HOME}", 404),
    (f"key of wide-admin for {FAR}", f"far-helpdesk@{FAR}", 403),
    (f"key of wide-admin for {HOME}", f"wide-helpdesk@{HOME}", 403)])
def test_a_user_moves_within_the_reach_of_the_caller(stage, giver, login, status):
    answer = stage.api.call("PATCH", f"/v1/users/{login}?dry_run=true", {"login": f"moved@{FAR}"}, stage.caller(giver))
    assert answer.status == status, answer


def test_domains_of_a_former_role_do_not_wake(stage):
    """A caller of one domain makes a user helpdesk who once administered another domain as well."""
    login = f"once@{HOME}"
    stage.new_user(login, role="helpdesk")
    stage.api.good("PATCH", f"/v1/users/{login}", {"domains": [FAR]})
    stage.api.good("PATCH", f"/v1/users/{login}", {"role": "user"})
    answer = stage.api.call("PATCH", f"/v1/users/{login}", {"role": "helpdesk"}, stage.caller("domain-admin"))
    assert answer.status == 403 or answer.json["domains"] == [], answer
    stage.api.good("DELETE", f"/v1/users/{login}")


def test_a_password_of_a_wider_account_is_not_set(stage):
    """The example: who sets the password of a helpdesk user of two domains reaches both."""
    login = f"wide-helpdesk@{HOME}"
    for giver, status in {"domain-admin": 403, f"key of wide-admin for {HOME}": 403, "wide-admin": 200}.items():
        answer = stage.api.call("PUT", f"/v1/users/{login}/password?dry_run=true",
                                {"password": PASSWORD + " again"}, stage.caller(giver))
        assert answer.status == status, (giver, answer)
        answer = stage.api.call("POST", f"/v1/users/{login}/suspend?dry_run=true", {}, stage.caller(giver))
        assert answer.status == 200, (giver, answer)
