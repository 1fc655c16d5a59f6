"""The saslauthd protocol: counted strings in; OK, NO or a closed connection out."""

import socket
import struct

import pytest
from client import saslauthd
from conftest import PASSWORD


def test_ok_and_no(server, alice):
    local, domain = alice.split("@")
    assert saslauthd(server.saslauthd, alice, PASSWORD) == b"OK"
    assert saslauthd(server.saslauthd, local, PASSWORD, realm=domain) == b"OK"
    assert saslauthd(server.saslauthd, local, PASSWORD) == b"OK"  # default_domain completes the login
    assert saslauthd(server.saslauthd, alice, PASSWORD, realm=domain) == b"OK"
    # The user typed alice@example.org@elsewhere.example, which libsasl splits at the last @.
    assert saslauthd(server.saslauthd, alice, PASSWORD, realm="elsewhere.example")[:2] == b"NO"
    assert saslauthd(server.saslauthd, alice, "wrong")[:2] == b"NO"
    assert saslauthd(server.saslauthd, local, PASSWORD, realm="elsewhere.example")[:2] == b"NO"


def test_a_fifth_string_is_taken_and_never_waited_for(server, alice):
    assert saslauthd(server.saslauthd, alice, PASSWORD, extra="192.0.2.1;25") == b"OK"


@pytest.mark.parametrize("login, password, realm", [
    ("", "x", ""), ("alice", "", ""), ("al\0ice", "x", ""), ("alice", "x\0y", ""),
    ("alice", "x", "exa\0mple.org"), (b"al\xffice", "x", ""), ("alice#p1", PASSWORD, "example.org"),
    ("alice", "x", "exa\uff03mple.org"), ("alice", "x", "exa#mple.org"), ("alice", "x", "@"),
    ("alice\n", "x", ""), ("x" * 5000, "x", ""), ("alice", "x" * 5000, ""), ("alice", "x", "x" * 5000),
])
def test_bad_fields_are_refused(server, login, password, realm):
    assert saslauthd(server.saslauthd, login, password, realm=realm)[:2] in (b"NO", b"")


def test_refusals_are_alike(server, alice):
    answers = {saslauthd(server.saslauthd, *claim).split(b" ")[0]
               for claim in ((alice, "wrong"), ("nobody-here", "wrong"))}
    assert answers == {b"NO"}


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0\5ali", b"\0\5alice\0\6secret\0\4smtp", b"\xff\xff" * 3])
def test_half_a_request_is_ended(server, alice, octets):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(12)
        sock.connect(server.saslauthd)
        sock.sendall(octets)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100)[2:4] in (b"", b"NO")
    assert saslauthd(server.saslauthd, alice, PASSWORD) == b"OK"


def test_octet_by_octet(server, alice):
    request = b"".join(struct.pack("!H", len(o)) + o for o in (alice.encode(), PASSWORD.encode(), b"imap", b""))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(12)
        sock.connect(server.saslauthd)
        for octet in request:
            sock.sendall(bytes([octet]))
        assert sock.recv(100) == b"\0\2OK"
