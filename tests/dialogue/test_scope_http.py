"""Sending scopes over HTTP: accepted documents, their canonical form in answers, and messages about flaws."""

import contextlib
import http.client
import json
import socket

import pytest

MONITORED = {"v": 1, "mode": "monitor", "monitor_until": "2000-01-01T00:00:00Z"}


class Local(http.client.HTTPConnection):
    """An HTTP connection on the administrator's unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


@pytest.fixture
def ask(server):
    """A function that sends a request and returns (status, JSON, ETag)."""
    def call(method, path, body=None, **headers):
        with contextlib.closing(Local(server.authd.http)) as client:
            octets = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            if octets is not None:
                headers["Content-Type"] = "application/json"
            client.request(method, path, octets, {key.replace("_", "-"): value for key, value in headers.items()})
            answer = client.getresponse()
            return answer.status, json.loads(answer.read()), answer.getheader("ETag")
    return call


@pytest.fixture(params=["user", "domain", "class", "site"])
def place(request, server):
    """The path of a scope that no other test uses; the site's scope is removed afterwards."""
    login = server.new_user()
    tag = login.partition("@")[0]
    server.sql(f"INSERT INTO authd.domain (name) VALUES ('{tag}.example');"
               f"INSERT INTO authd.class (name) VALUES ('{tag}')")
    yield {"user": f"/v1/users/{login}/scope", "domain": f"/v1/domains/{tag.upper()}.Example/scope",
           "class": f"/v1/classes/{tag}/scope", "site": "/v1/scope"}[request.param], request.param
    server.sql("UPDATE authd.site SET scope = NULL")


def test_put_get_delete(ask, place):
    path, level = place
    status, nothing, etag = ask("GET", path)
    assert (status, nothing["document"], nothing["level"]) == (200, None, level)
    document = {"v": 1, "networks": {"allow": ["192.0.2.7", "::ffff:192.0.2.0/120"]}, "mode": "enforce",
                "mechanisms": ["plain", "LOGIN"], "time": {"tz": "Europe/Berlin", "windows": []}}
    status, put, new_etag = ask("PUT", path, document, If_Match=etag)
    assert (status, put["changed"]) == (200, True)
    assert put["document"] == {
        "v": 1, "networks": {"allow": ["192.0.2.0/24", "192.0.2.7/32"]}, "mechanisms": ["LOGIN", "PLAIN"],
        "time": {"tz": "Europe/Berlin", "windows": []}}
    assert ask("GET", path)[1:] == ({key: put[key] for key in put if key != "changed"}, new_etag)
    assert ask("PUT", path, put["document"])[1]["changed"] is False
    assert ask("DELETE", path, If_Match=etag)[0] == 412
    status, gone, _ = ask("DELETE", path, If_Match=new_etag)
    assert (status, gone["document"], gone["changed"]) == (200, None, True)


def test_dry_run_checks_everything(ask, place, server):
    path, _ = place
    status, answer, _ = ask("PUT", path + "?dry_run=true", {"v": 1, "max_size": 5})
    assert (status, answer["document"]) == (200, {"v": 1, "max_size": 5})
    assert ask("GET", path)[1]["document"] is None
    assert server.sql("SELECT count(*) FROM authd.scope_document WHERE canonical LIKE '%\"max_size\":5,%'") == "0"
    assert ask("PUT", path + "?dry_run=true", {"v": 1, "max_size": 0})[0] == 422


def test_every_flaw_has_its_place(ask):
    status, problem, _ = ask("PUT", "/v1/scope", {
        "v": 1, "network": {}, "networks": {"allow": ["192.0.2.1/24", "10.0.0.0/8"]}, "max_size": "10MiB"})
    assert (status, problem["type"].rpartition("/")[2]) == (422, "invalid")
    flaws = {error["field"]: error["detail"] for error in problem["errors"]}
    assert list(flaws) == ["/network", "/networks/allow/0", "/max_size"]
    assert flaws["/networks/allow/0"] == 'is "192.0.2.1/24", with bits set behind its prefix: write 192.0.2.0/24'
    assert problem["detail"].startswith("/network is unknown: leave it out; allowed here: v, mode")


@pytest.mark.parametrize(("body", "status", "detail"), [
    (None, 422, "/v is missing"),
    ([], 400, "not an object"),
    (b'{"v": 1, "v": 1}', 400, "duplicate"),
    (b'{"v": 1, "time": {"tz": "\xff"}}', 400, ""),
    ({"v": 2}, 422, "/v is not 1"),
    ({"v": 1, "time": {"tz": "Europe/Atlantis", "windows": []}}, 422,
     "/time/tz is Europe/Atlantis, which is no time zone"),
    (MONITORED, 422, "/monitor_until is 2000-01-01T00:00:00Z, which is past"),
    ({**MONITORED, "monitor_until": "2100-01-01T00:00:00Z"}, 422, "more than 30 days ahead"),
    ({"v": 1, "header_from": {"allow": ["*@x.example"] * 257}}, 422, "/header_from/allow has 257 items"),
])
def test_refused(ask, body, status, detail):
    answered, problem, _ = ask("PUT", "/v1/scope", body)
    assert answered == status, problem
    assert detail in problem["detail"]
    assert ask("GET", "/v1/scope")[1]["document"] is None


def test_not_there(ask):
    assert [ask("PUT", f"/v1/{path}/scope", {"v": 1})[0]
            for path in ("users/nobody@example.org", "domains/nothing.example", "classes/nothing")] == [404] * 3


def test_largest(ask):
    document = {"v": 1, "networks": {"allow": [f"2001:db8:{n:x}:{n:x}:{n:x}:{n:x}::/112" for n in range(4096, 4352)]}}
    status, answer, _ = ask("PUT", "/v1/scope", document)
    assert (status, len(answer["document"]["networks"]["allow"])) == (200, 256)
    assert ask("DELETE", "/v1/scope")[0] == 200
