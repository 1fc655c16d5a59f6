"""The rights: each caller × each route of the API × own, other, far and absent objects of owners with every role and
reach. The expected status follows from the roles that /openapi.json names, and from role and reach of caller and owner
(rights_stage.py). A request that must be refused is sent without a dry run, and must change nothing."""

import pytest
from good_requests import ALONE
from rights_stage import ask, expected, is_as_expected, make_stage, targets_of
from world import FAR, HOME, make_world


@pytest.fixture(scope="module")
def stage():
    for world in make_world():
        yield make_stage(world)


def cells(world):
    for method, pattern, operation in world.api.operations():
        if operation["operationId"] in ALONE:
            continue
        for caller in world.callers:
            for path, target in targets_of(world, caller, pattern):
                yield method, path, operation, caller, target


def test_every_cell_of_the_matrix(stage):
    before = stage.snapshot()
    wrong, count = [], {}
    for method, path, operation, caller, target in cells(stage):
        wanted = expected(operation, method, caller, target)
        answer = ask(stage, method, path, operation, caller, dry=wanted is None)
        count[wanted or "allowed"] = count.get(wanted or "allowed", 0) + 1
        if not is_as_expected(answer, wanted, operation):
            wrong.append(f"{caller} {method} {path} ({target}): {wanted or 'allowed'} expected, {answer}")
    print("cells:", count)
    assert not wrong, f"{len(wrong)} of {sum(count.values())} cells:\n" + "\n".join(wrong[:40])
    assert sum(count.values()) > 3000 and all(count[status] > 50 for status in (401, 403, 404, "allowed"))
    assert stage.snapshot() == before


@pytest.mark.parametrize("role", ["user", "helpdesk", "domain-admin", "auditor"])
@pytest.mark.parametrize("change", [{"role": "admin"}, {"login": f"renamed@{HOME}"}, {"class": "idle"},
                                    {"domains": [FAR]}, {"second_factor": "off"}])
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
