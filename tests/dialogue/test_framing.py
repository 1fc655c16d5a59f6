"""Requests octet by octet, over the unix socket, TCP and TLS. What libmicrohttpd would read leniently is refused with
one answer, and the connection is closed: a request behind it does not happen."""

import contextlib
import itertools
import os

import pytest
from conftest import Server, make_authd
from harness.private import free_ports, wait_until
from test_tls import Certificates
from wire import Wire

numbers = itertools.count(1)

# Templates: HOST is the server's name, MARK makes a domain that must not be there afterwards.
GET = b"GET /healthz HTTP/1.1\r\nHost: HOST\r\n"
POST = b"POST /v1/domains HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\n"
END = b"\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
BAD = {
    # lines
    "bare LF after the request line": b"GET /healthz HTTP/1.1\nHost: HOST\r\n\r\n",
    "bare LF after a header": GET + b"X-A: 1\nX-B: 2\r\n\r\n",
    "bare LF as the empty line": GET + b"\n",
    "bare LF everywhere": b"GET /healthz HTTP/1.1\nHost: HOST\n\n",
    "bare CR in a value": GET + b"X-A: 1\rContent-Length: 30\r\n\r\n",
    "bare CR as a line's end": GET + b"X-A: 1\r\r\n",
    "CR CR LF": GET + b"X-A: 1\r\r\n\r\n",
    "bare CR in the target": b"GET /heal\rthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "two empty lines before": b"\r\n\r\n" + GET + END,
    "LF before": b"\n" + GET + END,
    # octets
    "NUL in the method": b"G\0T /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "NUL in the target": b"GET /healthz\0x HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "NUL in a name": GET + b"X-\0A: 1\r\n\r\n",
    "NUL in a value": GET + b"X-A: 1\0 2\r\n\r\n",
    "NUL alone": b"\0",
    "a control character in a value": GET + b"X-A: 1\x01\r\n\r\n",
    "DEL in a value": GET + b"X-A: 1\x7f\r\n\r\n",
    "octets of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an octet above ASCII in the target": b"GET /h\xe4 HTTP/1.1\r\nHost: HOST\r\n\r\n",
    # folded lines
    "Content-Length folded onto a header": POST + b"X-A: 1\r\n Content-Length: 30\r\n\r\n",
    "Content-Length with a folded value": POST + b"Content-Length:\r\n 30\r\n\r\n",
    "Content-Length folded by a tab": POST + b"Content-Length:\r\n\t30\r\n\r\n",
    "Content-Length continued": POST + b"Content-Length: 3\r\n 0\r\n\r\n",
    "Transfer-Encoding with a folded value": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n",
    "Transfer-Encoding folded onto a header": POST + b"X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n",
    "Host with a folded value": b"GET /healthz HTTP/1.1\r\nHost:\r\n HOST\r\n\r\n",
    "a header continued": GET + b"X-A: 1\r\n 2\r\n\r\n",
    "a blank before the first header": b"GET /healthz HTTP/1.1\r\n Host: HOST\r\n\r\n",
    "a line of one blank": GET + b" \r\n\r\n",
    # names
    "an empty name": GET + b": x\r\n\r\n",
    "a blank before the colon": POST + b"Content-Length : 30\r\n\r\n",
    "a tab before the colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n",
    "a blank in a name": GET + b"X A: 1\r\n\r\n",
    "no colon": GET + b"X-A\r\n\r\n",
    "an octet above ASCII in a name": GET + b"X-\xc3\xa4: 1\r\n\r\n",
    # Content-Length
    "two equal Content-Lengths in one": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "two equal Content-Lengths": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "two different Content-Lengths": POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    "Content-Length with a plus": POST + b"Content-Length: +2\r\n\r\n{}",
    "Content-Length with a minus": POST + b"Content-Length: -2\r\n\r\n{}",
    "Content-Length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "Content-Length with a blank inside": POST + b"Content-Length: 2 2\r\n\r\n{}",
    "Content-Length with a blank behind": POST + b"Content-Length: 2 \r\n\r\n{}",
    "Content-Length with a fraction": POST + b"Content-Length: 2.0\r\n\r\n{}",
    "Content-Length without a value": POST + b"Content-Length:\r\n\r\n",
    "Content-Length in quotes": POST + b'Content-Length: "2"\r\n\r\n{}',
    "Content-Length and Transfer-Encoding": CHUNKED + b"Content-Length: 2\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding and Content-Length": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Transfer-Encoding
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding twice": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "xchunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked with a parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "an empty Transfer-Encoding": POST + b"Transfer-Encoding:\r\n\r\n",
    "chunked in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # the request line
    "two blanks before the target": b"GET  /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "two blanks before the version": b"GET /healthz  HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a tab before the target": b"GET\t/healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a tab before the version": b"GET /healthz\tHTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a blank at the end": b"GET /healthz HTTP/1.1 \r\nHost: HOST\r\n\r\n",
    "a blank before the method": b" GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a blank in the target": b"GET /heal thz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "no version": b"GET /healthz\r\nHost: HOST\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a version in lower case": b"GET /healthz http/1.1\r\nHost: HOST\r\n\r\n",
    "a version of two digits": b"GET /healthz HTTP/1.10\r\nHost: HOST\r\n\r\n",
    "a method that is no token": b"GE(T /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "authority-form": b"CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "absolute-form": b"GET http://HOST/healthz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "asterisk-form": b"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n",
    # other headers
    "two Hosts": GET + b"Host: other.example\r\n\r\n",
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Authorizations": GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    # chunks
    "a chunk extension": CHUNKED + b"\r\n2;a=b\r\n{}\r\n0\r\n\r\n",
    "a chunk extension with a bare LF": CHUNKED + b"\r\n2;a\n{}\r\n0\r\n\r\n",
    "a chunk size with a bare LF": CHUNKED + b"\r\n2\n{}\r\n0\r\n\r\n",
    "a chunk size with a plus": CHUNKED + b"\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with a minus": CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with a blank before": CHUNKED + b"\r\n 2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with a blank behind": CHUNKED + b"\r\n2 \r\n{}\r\n0\r\n\r\n",
    "no chunk size": CHUNKED + b"\r\n\r\n{}\r\n0\r\n\r\n",
    "a chunk size of 17 digits": CHUNKED + b"\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"\r\n1\r\n{}\r\n0\r\n\r\n",
    "a chunk without CRLF": CHUNKED + b"\r\n2\r\n{}0\r\n\r\n",
    "a chunk with a bare LF": CHUNKED + b"\r\n2\r\n{}\n0\r\n\r\n",
    "a last chunk with a bare LF": CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\n",
    "a trailer": CHUNKED + b"\r\n2\r\n{}\r\n0\r\nX-A: 1\r\n\r\n",
    "Content-Length as a trailer": CHUNKED + b"\r\n2\r\n{}\r\n0\r\nContent-Length: 40\r\n\r\n",
}
OTHER = {
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version-not-supported"),
    "HTTP/1.2": (GET.replace(b"1.1", b"1.2") + END, 505, "version-not-supported"),
    "HTTP/0.9 by number": (GET.replace(b"1.1", b"0.9") + END, 505, "version-not-supported"),
    "a Content-Length of 100 digits": (POST + b"Content-Length: " + b"9" * 100 + b"\r\n\r\n", 413, "too-large"),
    "a Content-Length of 2^63": (POST + b"Content-Length: 9223372036854775808\r\n\r\n", 413, "too-large"),
    "a Content-Length of 2^64 + 2": (POST + b"Content-Length: 18446744073709551618\r\n\r\n{}", 413, "too-large"),
    "a Content-Length of 4 GiB": (POST + b"Content-Length: 4294967296\r\n\r\n", 413, "too-large"),
    "a body of too many chunks": (CHUNKED + END + b"40000\r\n%s\r\n" % (b" " * 0x40000) * 5, 413, "too-large"),
    "1,000 headers": (GET + b"X: 1\r\n" * 1000 + END, 431, "headers-too-large"),
    "101 headers": (GET + b"X: 1\r\n" * 100 + END, 431, "headers-too-large"),
    "a header of 64 KiB": (GET + b"X-A: " + b"x" * 65536 + b"\r\n\r\n", 431, "headers-too-large"),
    "a name of 64 KiB": (GET + b"X" * 65536 + b": 1\r\n\r\n", 431, "headers-too-large"),
    "a target of 64 KiB": (b"GET /" + b"x" * 65536 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n", 414, "target-too-long"),
    "a head that is one octet too long": (
        lambda host: GET.replace(b"HOST", host) + b"X: " + b"x" * (16384 - len(GET) - len(host) - 2) + b"\r\n\r\n",
        431, "headers-too-large"),
}
GOOD = {
    "a plain request": (GET + END, [200]),
    "HTTP/1.0 that is kept open": (b"GET /healthz HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n", [200]),
    "an empty line before": (b"\r\n" + GET + END, [200]),
    "two at once": (GET + END + GET + END, [200, 200]),
    "three at once, bodies between": (
        GET + END + POST + b"Content-Length: 2\r\n\r\n{}" + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n", [200, 4, 4]),
    "a body": (POST + b"Content-Length: 2\r\n\r\n{}", [4]),
    "a body of length 0": (POST + b"Content-Length: 0\r\n\r\n", [4]),
    "a Content-Length with zeros and blanks": (POST + b"Content-Length: \t 0002\r\n\r\n{}", [4]),
    "an empty line behind a body": (POST + b"Content-Length: 2\r\n\r\n{}\r\n", [4]),
    "chunks": (CHUNKED + b"\r\n1\r\n{\r\n00001\r\n}\r\n0\r\n\r\n", [4]),
    "a last chunk of zeros": (CHUNKED + b"\r\n2\r\n{}\r\n000\r\n\r\n", [4]),
    "chunks in capitals": (
        POST + b"TRANSFER-ENCODING: Chunked\r\n\r\nA\r\n{        }\r\n0a\r\n          \r\n0\r\n\r\n", [4]),
    "no chunk": (CHUNKED + b"\r\n0\r\n\r\n", [4]),
    "a header without a value": (GET + b"X-A:\r\nX-B: \r\n\r\n", [200]),
    "octets above ASCII in a value": (GET + b"X-A: \xc3\xa4\xff\r\n\r\n", [200]),
    "100 headers": (GET + b"X: 1\r\n" * 99 + END, [200]),
    "a head of 16 KiB": (
        lambda host: GET.replace(b"HOST", host) + b"X: " + b"x" * (16384 - len(GET) - len(host) - 3) + b"\r\n\r\n",
        [200]),
    "a path that is not there": (b"GET /nothing HTTP/1.1\r\nHost: HOST\r\n\r\n", [404]),
    "TRACE": (b"TRACE /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", [405]),
}
EVERYWHERE = "unix", "tcp", "tls"


class Site:
    """An authd with a socket of each kind."""

    def __init__(self, server):
        self.authd = server.authd
        self.tcp, self.tls = (("127.0.0.1", port) for port in free_ports(2))
        self.certificates = Certificates(os.path.join(self.authd.directory, "tls"))
        self.certificates.make("first")
        self.certificates.install("first")
        self.authd.config["listeners"] += [
            {"protocol": "http", "address": "%s:%d" % self.tcp},
            {"protocol": "http", "address": "%s:%d" % self.tls, "tls": {
                "certificate": self.certificates.path("tls.pem"), "key": self.certificates.path("tls.key")}}]
        self.authd.write_config()

    def connect(self, kind):
        if kind == "unix":
            return Wire(self.authd.http)
        return Wire(getattr(self, kind), self.certificates.authority if kind == "tls" else None)

    def host(self, kind):
        return b"localhost" if kind == "unix" else b"%s:%d" % (b"127.0.0.1", getattr(self, kind)[1])

    def fill(self, template, kind):
        host = self.host(kind)
        return template(host) if callable(template) else template.replace(b"HOST", host)

    def marker(self, kind):
        """A request that makes a domain, and its name."""
        name = f"mark{next(numbers)}.example"
        body = b'{"name": "%s"}' % name.encode()
        return self.fill(POST, kind) + b"Content-Length: %d\r\n\r\n%s" % (len(body), body), name

    def has_domain(self, name):
        with Wire(self.authd.http) as wire:
            wire.send(b"GET /v1/domains/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
            return wire.reply().status == 200


@pytest.fixture(scope="module")
def site(server):
    authd = make_authd(server.postgres)
    site = Site(Server(authd, server.postgres))
    with authd:
        yield site


def refused_once(site, kind, octets, pieces=0):
    """The one answer to the octets, behind which a marker comes; the server closes, and the marker does nothing."""
    marker, name = site.marker(kind)
    with site.connect(kind) as wire:
        if pieces:
            for start in range(0, len(octets), pieces):
                wire.send(octets[start:start + pieces])
        wire.send(octets * (not pieces) + marker)
        answers = wire.replies()
    assert len(answers) == 1, answers
    answer, = answers
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff" and "date" in answer.headers
    assert not site.has_domain(name)
    event, = wait_until(lambda: [event for event in site.authd.events("http")
                                 if event.get("ref") == answer.json["reference"]], what="the line in the log")
    assert event["status"] == str(answer.status)
    return answer


@pytest.mark.parametrize("kind", EVERYWHERE)
@pytest.mark.parametrize("name", BAD)
def test_a_request_that_is_not_framed_well(site, kind, name):
    answer = refused_once(site, kind, site.fill(BAD[name], kind))
    assert (answer.status, answer.problem) == (400, "bad-request")
    assert answer.json["detail"].startswith("the request ")


@pytest.mark.parametrize("name, detail", {
    "bare LF after a header": "has a LF that follows no CR",
    "bare CR in a value": "has a CR that no LF follows",
    "NUL in a value": "has a NUL or another control character in its headers",
    "Content-Length folded onto a header": "has a folded header, or a blank before a header's name",
    "no colon": "has a header without a colon",
    "an empty name": "has a header whose name is not a token",
    "Content-Length in hexadecimal": "has a Content-Length that is not a number",
    "two blanks before the target": "has no target of visible ASCII characters",
    "a chunk extension": "has a chunk size that is not a hexadecimal number alone",
    "a trailer": "has trailers, or a last chunk without a CRLF",
}.items())
def test_a_refusal_says_what_is_wrong(site, name, detail):
    answer = refused_once(site, "unix", site.fill(BAD[name], "unix"))
    assert answer.json["detail"] == f"the request {detail}"


@pytest.mark.parametrize("kind", EVERYWHERE)
@pytest.mark.parametrize("name", OTHER)
def test_a_request_that_is_too_large_or_of_another_version(site, kind, name):
    template, status, problem = OTHER[name]
    answer = refused_once(site, kind, site.fill(template, kind))
    assert (answer.status, answer.problem) == (status, problem)


@pytest.mark.parametrize("name", [name for name in BAD if len(BAD[name]) < 200])
def test_a_bad_request_in_single_octets(site, name):
    answer = refused_once(site, "tcp", site.fill(BAD[name], "tcp"), pieces=1)
    assert (answer.status, answer.problem) == (400, "bad-request")


def answered(wire, statuses):
    """The next answers have these statuses; 4 is any refusal of what was asked."""
    for status in statuses:
        answer = wire.reply()
        assert answer is not None
        assert answer.status == status or (status == 4 and 400 < answer.status < 500), answer
        assert "connection" not in answer.headers or answer.headers["connection"].lower() == "keep-alive"


@pytest.mark.parametrize("kind", EVERYWHERE)
@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("pieces", [0, 1, 7])
def test_a_request_that_is_framed_well(site, kind, name, pieces):
    """Each request gets its answer, and the connection then serves another one."""
    template, statuses = GOOD[name]
    octets = site.fill(template, kind)
    if pieces and len(octets) > 2000:
        pieces *= 500
    with site.connect(kind) as wire:
        for start in range(0, len(octets), pieces or len(octets)):
            wire.send(octets[start:start + (pieces or len(octets))])
        answered(wire, statuses)
        wire.send(site.fill(GET + END, kind))
        answered(wire, [200])


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_an_answer_is_finished_before_a_later_refusal(site, kind):
    """Good requests before a bad one are answered, in their order."""
    with site.connect(kind) as wire:
        wire.send(site.fill(GET + END + b"GET /openapi.json HTTP/1.1\r\nHost: HOST\r\n\r\n" + GET + b" folded\r\n\r\n"
                            + GET + END, kind))
        answers = wire.replies()
    assert [answer.status for answer in answers] == [200, 200, 400]
    assert answers[1].json["openapi"].startswith("3.")


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_the_client_closes_after_its_request(site, kind):
    with site.connect(kind) as wire:
        wire.send(site.fill(GET + b"Connection: close\r\n\r\n" + GET + END, kind))
        answer, = wire.replies()
    assert answer.status == 200 and answer.headers["connection"].lower() == "close"


def test_the_client_sends_no_more(site):
    """A client that shuts its sending side down gets the answers to its whole requests."""
    with site.connect("unix") as wire:
        wire.send(GET + END + GET + END + b"GET /heal")
        wire.socket.shutdown(1)
        assert [answer.status for answer in wire.replies()] == [200, 200]


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("begun", [b"", b"{"])
def test_the_client_goes_within_a_body(site, kind, begun):
    """The connection ends with the client, and not with the time that a request has."""
    before = site.authd.log_size()
    with site.connect(kind) as wire:
        wire.send(site.fill(POST, kind) + b"Content-Length: 2\r\n\r\n" + begun)
        wire.socket.shutdown(1)
        wire.replies()
    event, = wait_until(lambda: [event for event in site.authd.events("http", before)
                                 if event["route"] in ("/v1/domains", "none")], what="the line in the log")
    assert event["reason"] != "client-slow", event


def test_a_body_is_asked_for(site):
    with site.connect("unix") as wire:
        wire.send(POST.replace(b"HOST", b"localhost") + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert wire.reply().status == 100
        wire.send(b"{}")
        answered(wire, [422])


def test_a_large_answer_to_a_client_that_reads_slowly(site):
    """Many answers are asked for before any is read; all arrive whole."""
    with site.connect("tcp") as wire:
        request = site.fill(b"GET /openapi.json HTTP/1.1\r\nHost: HOST\r\n\r\n", "tcp")
        wire.socket.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 64:
                assert wire.socket.send(request) == len(request)
                sent += 1
        wire.socket.settimeout(20)
        texts = {wire.reply().body for _ in range(sent)}
    assert sent == 64 and len(texts) == 1
