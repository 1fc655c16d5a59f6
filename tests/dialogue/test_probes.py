"""Probes of load balancers and supervisors, which know authd by an address: /healthz and /readyz answer whatever Host
says, and no other route does."""

import pytest
from world import make_world

PROBES = {"/healthz": b'{"status":"up"}', "/readyz": b'{"status":"ready"}'}


@pytest.fixture(scope="module")
def world():
    yield from make_world()


def ask(world, method, path, headers, version="1.1"):
    """(status, headers, body) of one request."""
    request = f"{method} {path} HTTP/{version}\r\nConnection: close\r\n{headers}\r\n"
    head, _, body = world.api.raw(request.encode()).partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("ascii").lower(), body


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "192.0.2.7:{port}", "[2001:db8::7]:{port}", "[::1]",
                                  "node7", "node7.cluster.example:{port}", "evil.example", "no name at all", "", ":"])
def test_any_host_will_do(world, path, host):
    line = "Host: %s\r\n" % host.format(port=world.api.address[1])
    for version in "1.0", "1.1":
        status, _, body = ask(world, "GET", path, line, version)
        assert (status, body) == (200, PROBES[path])
    assert ask(world, "HEAD", path, line)[::2] == (200, b"")


@pytest.mark.parametrize("path", PROBES)
def test_http_1_0_needs_no_host(world, path):
    assert ask(world, "GET", path, "", "1.0")[::2] == (200, PROBES[path])
    assert ask(world, "GET", path, "", "1.1")[0] == 400


@pytest.mark.parametrize("path", PROBES)
def test_two_hosts_are_a_flaw_of_framing(world, path):
    assert ask(world, "GET", path, "Host: a.example\r\nHost: b.example\r\n")[0] == 400


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_uses_no_cookie_and_no_key(world, path):
    """A credential changes nothing, sets no cookie, and is not looked up: the session counts as unused."""
    caller = world.sign_in("user@home.example")
    world.server.sql("UPDATE authd.http_session SET last_seen_at = last_seen_at - interval '10 minutes'")
    seen = world.server.sql("SELECT max(last_seen_at) FROM authd.http_session")
    for headers in caller.headers, {"Cookie": "__Host-authd=wrong"}, {"Authorization": "Bearer wrong"}:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        status, head, body = ask(world, "GET", path, f"Host: evil.example\r\n{lines}")
        assert (status, body) == (200, PROBES[path])
        assert "set-cookie" not in head
    assert world.server.sql("SELECT max(last_seen_at) FROM authd.http_session") == seen
    assert world.api.call("GET", "/v1/session", who=caller).status == 200
    assert world.server.sql("SELECT max(last_seen_at) FROM authd.http_session") > seen


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_reading_is_a_probe(world, path, method):
    assert ask(world, method, path, "Host: evil.example\r\n")[0] == 421


def test_every_other_route_wants_a_name_of_this_server(world):
    for method, pattern, operation in world.api.operations():
        path = pattern.replace("{", "").replace("}", "")
        status = ask(world, method, path, "Host: evil.example\r\n")[0]
        assert (status == 421) == (pattern not in PROBES), (method, pattern, status)
        assert ("421" in operation["responses"]) == (pattern not in PROBES), (method, pattern)
    for path in "/healthz/", "/readyz/x", "/healthz%2f", "//healthz", "/HEALTHZ", "/v1/healthz", "/":
        assert ask(world, "GET", path, "Host: evil.example\r\n")[0] in (400, 421), path
