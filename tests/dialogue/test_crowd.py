"""Clients that open as many connections as they get: others are answered all the same."""

import concurrent.futures
import contextlib
import socket
import threading

import pytest
from conftest import DEAR_HASH, Server
from harness.private import free_ports, wait_until
from wire import Wire

NEAR, FAR = "127.0.0.1", "127.0.1.1"  # two networks
SHARE, GUESTS = 32, 250
GET = b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"


class Site:
    def __init__(self, server, **options):
        self.authd = server.authd
        self.address = ("127.0.0.1", free_ports()[0])
        self.host = b"%s:%d" % (b"127.0.0.1", self.address[1])
        self.authd.config["listeners"].append({"protocol": "http", "address": self.host.decode(), **options})
        self.authd.write_config()
        self.authd.start()

    def connect(self, source=NEAR, octets=b""):
        wire = Wire(self.address, source=source)
        wire.send(octets.replace(b"HOST", self.host))
        return wire

    def served(self, wire):
        """Whether a request on the connection is answered."""
        wire.send(GET.replace(b"HOST", self.host))
        answer = wire.reply()
        return answer is not None and answer.status == 200

    def crowd(self, stack, sources, octets=b"GET /healthz HTTP/1.1\r\nX-Half: "):
        """Connections that are half open unless `octets` says otherwise."""
        return [stack.enter_context(self.connect(source, octets)) for source in sources]

    def lines(self):
        return [event["message"] for event in self.authd.events("too-many-connections")]


@pytest.fixture
def site(instance, request):
    return Site(instance, **getattr(request, "param", {}))


def gone(wire):
    """True if the server has closed; nothing was answered."""
    wire.socket.setblocking(False)
    try:
        return wire.socket.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_half_open_connections_of_one_client(site):
    """The oldest make room for its own new ones, and another client does not notice."""
    with contextlib.ExitStack() as stack:
        crowd = site.crowd(stack, [NEAR] * 256)
        with site.connect(FAR) as other:
            assert site.served(other)
        with site.connect(NEAR) as newest:
            assert site.served(newest)
            wait_until(lambda: all(map(gone, crowd[:-SHARE + 1])), what="the end of the oldest")
            assert not any(map(gone, crowd[-SHARE + 1:]))
            assert site.served(newest)
    first, = site.lines()  # the rest is counted for a minute
    assert first.endswith("that were closed: 1")


def test_half_open_connections_of_many_networks(site):
    """The oldest guest makes room, and administrators have a half of their own."""
    with contextlib.ExitStack() as stack:
        sources = [f"127.1.{number % 50}.1" for number in range(300)]
        crowd = site.crowd(stack, sources)
        with site.connect(FAR) as other:
            assert site.served(other)
            wait_until(lambda: all(map(gone, crowd[:300 - GUESTS + 1])), what="the end of the oldest")
            assert not any(map(gone, crowd[300 - GUESTS + 1:]))
        admins = [stack.enter_context(Wire(site.authd.http)) for _ in range(200)]
        assert all(site.served(admin) for admin in admins)
        assert not any(map(gone, crowd[300 - GUESTS + 1:]))


def test_idle_connections_make_room(site):
    with contextlib.ExitStack() as stack:
        crowd = site.crowd(stack, [NEAR] * SHARE, GET)
        assert all(wire.reply().status == 200 for wire in crowd)
        with site.connect(NEAR) as newest:
            assert site.served(newest)
            wait_until(lambda: gone(crowd[0]), what="the end of the oldest")
            assert not any(map(gone, crowd[1:]))


def sign_in(login):
    body = b'{"login": "%s", "password": "a wrong password"}' % login.encode()
    return (b"POST /v1/session HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"
            b"X-Requested-With: authd\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_a_request_in_progress_is_not_cut(site, server):
    """It is the oldest connection of its network, whose share is then taken by half-open ones."""
    login = server.new_user(stored=DEAR_HASH)
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(site.connect(NEAR, sign_in(login)))
        wait_until(Server(site.authd, server.postgres).threads_hashing, what="the hash")
        crowd = site.crowd(stack, [NEAR] * 100)
        wait_until(lambda: gone(crowd[0]), what="the end of the oldest")
        assert busy.reply().status in (401, 503)
        assert site.served(busy)


def test_no_request_in_progress_is_cut_for_a_new_one(site):
    """All connections of the network wait for the rest of a body: the new connection is closed."""
    with contextlib.ExitStack() as stack:
        crowd = site.crowd(stack, [NEAR] * SHARE, sign_in("nobody@example.org")[:-1])
        with site.connect(FAR) as other:
            assert site.served(other)
        with site.connect(NEAR, GET) as newest:
            wait_until(lambda: gone(newest), what="the end of the newest")
        assert not any(map(gone, crowd))
        for wire in crowd:
            wire.socket.settimeout(20)
            wire.send(b"}")
        assert all(wire.reply().status in (401, 503) for wire in crowd)
    assert len(site.lines()) == 1


def flood(site, ended):
    """Opens connections as fast as it can, and lets them go."""
    while not ended.is_set():
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for _ in range(80):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(site.address)


def answers(site):
    """How many of many requests get an answer, each on a connection of its own."""
    count = 0
    for _ in range(300):
        with contextlib.suppress(ConnectionResetError), site.connect(NEAR, GET) as wire:
            count += wire.reply() is not None
    return count


def test_an_answer_is_not_lost_to_a_new_connection(site):
    """A connection is not idle between the end of its request and the moment at which its client has the answer: what
    the log calls answered has come."""
    ended = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        crowd = pool.submit(flood, site, ended)
        asking = [pool.submit(answers, site) for _ in range(4)]
        count = sum(one.result() for one in asking)
        ended.set()
        crowd.result()
    with Wire(site.authd.http) as last:
        last.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert last.reply() is not None
    wait_until(lambda: [event for event in site.authd.events("http") if event["route"] == "/readyz"], what="its line")
    logged = [event for event in site.authd.events("http") if (event["route"], event.get("status")) == ("/healthz", "200")]
    assert count == len(logged)


@pytest.mark.parametrize("site", [{"trusted_proxies": [NEAR]}], indirect=True)
def test_a_trusted_proxy_has_no_share(site):
    with contextlib.ExitStack() as stack:
        crowd = site.crowd(stack, [NEAR] * 200)
        with site.connect(FAR) as other:
            assert site.served(other)
        assert not any(map(gone, crowd))
    assert site.lines() == []


