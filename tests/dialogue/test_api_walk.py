"""The API against its own description: every route answers with every status that the description names, every answer
is as described (api.py checks it), and no other route exists."""

import itertools
import os

import pytest
from good_requests import ALONE, BODIES, body_of, has_dry_run
from harness import totp
from world import EMPTY, FAR, HOME, make_world

QUERIES = {"address_remove": f"address=spare@{HOME}"}

# A user who has a second factor and has begun to enrol another.
ENROLLED = f"enrolled@{HOME}"

# A user who gets all reset links that a user may get.
LINKED = f"linked@{HOME}"

# For each parameter, an object that may be changed and deleted.
GOOD = {"user": f"peer@{HOME}", "domain": EMPTY, "class": "idle", "purpose": "encryption"}
ABSENT = {"user": f"nobody@{HOME}", "domain": "absent.example", "class": "absent", "purpose": "absent",
          "id": "999999"}


@pytest.fixture(scope="module")
def world():
    yield from make_world()


@pytest.fixture(scope="module")
def stage(world):
    world.peer = world.sign_in(GOOD["user"])
    world.api.good("POST", f"/v1/users/{GOOD['user']}/addresses", {"address": f"spare@{HOME}"})
    world.key = world.api.make_key(label="the host's").id
    world.app_password = world.api.good("POST", f"/v1/users/{GOOD['user']}/app-passwords", {"label": "phone"})["id"]
    world.new_user(ENROLLED)
    world.new_user(LINKED)
    totp.enrol_in(world.server.postgres, world.server.authd.config["key_dir"], ENROLLED)
    world.api.good("POST", f"/v1/users/{ENROLLED}/totp", {})
    # The digits are the id of one user and the login of another.
    world.digits = world.logins[f"far@{FAR}"]
    world.new_user(f"{world.digits}@example.org")
    world.rights = world.server.sql(
        "SELECT 'EXECUTE ON FUNCTION ' || string_agg(oid::regprocedure::text, ', ') FROM pg_proc "
        "WHERE pronamespace = 'authd'::regnamespace AND has_function_privilege('authd_service', oid, 'EXECUTE')")
    world.stranger = world.api.make_key(rights=["import:read"], label="stranger")
    return world


class Route:
    """One operation, and a way to make it answer with each of its statuses."""

    def __init__(self, stage, method, pattern, operation):
        self.stage, self.api = stage, stage.api
        self.method, self.pattern, self.operation = method, pattern, operation
        self.name = operation["operationId"]

    def path(self, parameters, query=""):
        path = self.pattern
        for name, value in {"id": self.sub_object(), **parameters}.items():
            path = path.replace("{%s}" % name, value)
        words = [word for word in (QUERIES.get(self.name), query) if word]
        return path + ("?" + "&".join(words) if words else "")

    def sub_object(self):
        if "/sessions/" in self.pattern:
            return self.stage.peer.session
        if "/app-passwords/" in self.pattern:
            return self.stage.app_password
        return self.stage.key

    def good(self):
        """The parameters with which the operation succeeds."""
        enrolled = self.name in ("totp_show", "totp_enroll", "totp_confirm", "totp_remove", "recovery_codes_set")
        return {**GOOD, "user": ENROLLED} if enrolled else GOOD

    def body(self):
        return body_of(self.operation)

    def who(self):
        """A caller who may call the operation."""
        if self.operation.get("x-session-only"):
            return self.stage.sign_in(f"helpdesk@{HOME}")
        return self.api.host if self.operation["x-roles"] else self.api.nobody

    def call(self, query="", who=None, body=None, parameters=None, **headers):
        return self.api.call(self.method, self.path(parameters or self.good(), query), body or self.body(),
                             who or self.who(), **headers)

    # A way to each status

    def meet_200(self):
        if self.knows_dry_run():
            return self.call("dry_run=true")
        if self.name == "reset_use":
            self.api.good("POST", f"/v1/users/far@{FAR}/reset-link")
            return self.call(body={**self.body(), "token": self.stage.sink.links()[-1].link()[2]})
        return self.call()

    def meet_201(self):
        if self.name == "session_fresh":
            who = self.who()
            return self.call(who=who, body={**self.body(), "code": self.stage.code_of(who.login)})
        return self.call()

    def meet_400(self):
        """Two programs could see the end of this request in two places."""
        host = "%s:%d" % self.api.address
        return self.raw(f"Host: {host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n")

    def meet_401(self):
        if self.name == "sign_in":
            return self.call(body={"login": f"peer@{HOME}", "password": "wrong"})
        return self.call(who=self.api.nobody)

    def meet_403(self):
        if self.operation.get("x-session-only") or self.name == "sign_in":
            return self.call(X_Requested_With=None)
        return self.call(who=self.stage.stranger)

    def meet_404(self):
        if self.name == "user_add":
            return self.call(who=self.stage.caller("domain-admin"), body={"login": "a@absent.example"})
        return self.call(parameters=ABSENT)

    def meet_409(self):
        if "{user}" in self.pattern:
            return self.call(parameters={"user": self.stage.digits})
        if self.name == "api_key_add":
            return self.meet_too_many_keys()
        if self.name == "key_rotate":
            return self.meet_no_key_file()
        how = {
            "user_add": {"body": {"login": GOOD["user"]}},
            "domain_add": {"body": {"name": HOME}},
            "domain_delete": {"parameters": {"domain": HOME}},
            "class_add": {"body": {"name": "staff"}},
            "class_set": {"body": {"name": "staff"}},
            "class_delete": {"parameters": {"class": "staff"}},
        }
        return self.call(**how[self.name])

    def meet_too_many_keys(self):
        who = self.stage.sign_in(f"far-admin@{FAR}")
        for _ in range(100):
            self.api.make_key(who)
        return self.call(who=who)

    def meet_no_key_file(self):
        path = os.path.join(self.stage.server.authd.config["key_dir"], "encryption")
        os.rename(path, f"{path}.away")
        try:
            return self.call()
        finally:
            os.rename(f"{path}.away", path)

    def meet_412(self):
        return self.call("dry_run=true", If_Match='"%s"' % ("0" * 32))

    def meet_413(self):
        host = "%s:%d" % self.api.address
        return self.raw(f"Host: {host}\r\nContent-Length: 6000000\r\n")

    def meet_415(self):
        return self.call(Content_Type="text/plain", body=b"{}")

    def meet_421(self):
        return self.raw("Host: elsewhere.example\r\n")

    def meet_429(self):
        """Three links are allowed within an hour."""
        for _ in range(3):
            self.api.good("POST", f"/v1/users/{LINKED}/reset-link", {})
        return self.call(parameters={"user": LINKED})

    def meet_422(self):
        return self.call("nonsense=1")

    def meet_503(self):
        """A database that refuses the service's calls."""
        who = self.stage.peer if self.name in ("session_show", "site") else self.who()
        self.stage.server.sql(f"REVOKE {self.stage.rights} FROM authd_service")
        try:
            return self.call(who=who)
        finally:
            self.stage.server.sql(f"GRANT {self.stage.rights} TO authd_service")

    # Helpers

    def knows_dry_run(self):
        return has_dry_run(self.operation)

    def raw(self, headers):
        path = self.path(self.good())
        answer = self.api.raw(f"{self.method} {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        return Raw(int(head.split()[1]), body)


def last_if_good(status):
    return int(status) if status < "300" else 0


class Raw:
    def __init__(self, status, text):
        self.status, self.text = status, text


def test_every_status_of_every_route_is_met(stage):
    missed, met = [], 0
    for method, pattern, operation in stage.api.operations():
        route = Route(stage, method, pattern, operation)
        # Requests that make permanent changes come last.
        for status in sorted(operation["responses"], key=last_if_good):
            answer = getattr(route, f"meet_{status}")()
            met += 1
            if answer.status != int(status):
                missed.append(f"{method} {pattern} {status}: {answer.status} {answer.text[:200]}")
    print("met:", met)
    assert not missed, "\n".join(missed)
    assert met > 300


def test_every_problem_type_of_the_document_is_one_of_the_statuses(stage):
    types = set()
    for _, _, operation in stage.api.operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response["x-problems"], (operation["operationId"], status)
                types |= set(response["x-problems"])
    assert {"unauthorized", "forbidden", "fresh-sign-in-required", "csrf", "precondition-failed",
            "misdirected", "idempotency-key-reused", "unavailable"} <= types


def test_no_method_beside_the_described_ones(stage):
    for pattern, path in stage.api.document["paths"].items():
        allowed = {method.upper() for method in path} | ({"HEAD"} if "get" in path else set())
        url = pattern
        for name, value in {**GOOD, "id": "1"}.items():
            url = url.replace("{%s}" % name, value)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - allowed:
            answer = stage.api.call(method, url)
            assert (answer.status, answer.type) == (405, "method-not-allowed"), (method, url, answer)
            assert set(answer.headers["Allow"].split(", ")) == allowed


def test_no_path_beside_the_described_ones(stage):
    """Tries every sequence of the words of all paths, up to the longest path."""
    patterns = [pattern.split("/")[1:] for pattern in stage.api.document["paths"]]
    words = sorted({word for pattern in patterns for word in pattern if not word.startswith("{")} | {"metrics", "x"})
    described = {tuple("*" if word.startswith("{") else word for word in pattern) for pattern in patterns}

    def is_described(path):
        return any(len(path) == len(pattern) and all(a in ("*", b) for a, b in zip(pattern, path))
                   for pattern in described)

    asked = 0
    for length in 1, 2, 3:
        for path in itertools.product(words, repeat=length):
            if is_described(path) or length == 3 and path[0] != "v1":
                continue
            answer = stage.api.call("GET", "/" + "/".join(path))
            assert (answer.status, answer.type) == (404, "not-found"), path
            asked += 1
    for path in ("/", "//", "/v1", "/v1/", "/v1/users/", f"/v1/users/me/x/y", "/V1/users", "/v1/users%2Fme",
                 "/v1/users/me/sessions/", "/v1/users/me/addresses/x"):
        assert stage.api.call("GET", path).status == 404, path
        asked += 1
    assert asked > 500


def test_all_operations_are_tried(stage):
    """An author who adds a route must add a good request of it to BODIES."""
    names = [operation["operationId"] for _, _, operation in stage.api.operations()]
    assert len(names) == len(set(names))
    assert set(BODIES) >= {operation["operationId"] for _, _, operation in stage.api.operations()
                           if "requestBody" in operation}
    assert ALONE <= set(names)


def test_head_is_get_without_a_body(stage):
    for path in "/healthz", "/v1/users", "/openapi.json":
        host = "%s:%d" % stage.api.address
        answer = stage.api.raw(f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = b"401" if path == "/v1/users" else b"200"
        assert answer.split()[1] == status
        assert answer.endswith(b"\r\n\r\n")
