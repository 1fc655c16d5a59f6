"""The Dovecot handshake: the lines that clients need at once, and mistakes that close the connection."""

import re
import socket

import pytest
from client import plain
from conftest import PASSWORD


def test_is_sent_at_once_and_whole(server):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(server.plain)
        octets = sock.recv(1024)  # Radicale reads the handshake in this way
    assert octets.endswith(b"\nDONE\n") and len(octets) < 1024
    lines = octets.decode("ascii").splitlines()
    assert [line.split("\t")[0] for line in lines] == [
        "VERSION", "MECH", "MECH", "SPID", "CUID", "COOKIE", "DONE"]
    assert lines[0] == "VERSION\t1\t2"
    assert lines[1:3] == ["MECH\tPLAIN\tplaintext", "MECH\tLOGIN\tplaintext"]
    assert re.fullmatch(r"COOKIE\t[0-9a-f]{32}", lines[5])


def test_connection_numbers_and_cookies_differ(server):
    with server.connect() as one, server.connect() as other:
        assert one.greeting[4] != other.greeting[4]
        assert one.greeting[5] != other.greeting[5]


@pytest.mark.parametrize("words", [
    "CPID\t1\n",
    "VERSION\t2\t0\n",
    "VERSION\t1\n",
    "VERSION\t1\t0\t0\n",
    "VERSION\t1\tx\n",
    "VERSION\t1\t0\nCPID\t0\n",
    "VERSION\t1\t0\nCPID\t4294967296\n",
    "VERSION\t1\t0\nVERSION\t1\t0\n",
    "VERSION\t1\t0\nAUTH\t1\tPLAIN\tservice=smtp\n",
    "VERSION\t1\t0\nNOISE\n",
    "\n",
    "GET / HTTP/1.0\r\n\r\n",
    b"\x00\n",
])
def test_anything_else_is_closed_without_a_word(server, words):
    with server.connect(handshake=False) as client:
        client.read_greeting()
        client.send(words)
        assert client.is_closed()


def test_any_minor_version_and_shared_process_ids(server, alice):
    with server.connect(minor=99) as one, server.connect(minor=0) as other:
        assert one.login(alice, PASSWORD).command == "OK"
        assert other.login(alice, PASSWORD).command == "OK"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_however_the_octets_are_cut(server, alice, size):
    words = f"VERSION\t1\t0\nCPID\t1\nAUTH\t9\tPLAIN\tservice=smtp\tresp={plain(alice, PASSWORD)}\n".encode()
    with server.connect(handshake=False) as client:
        client.read_greeting()
        for start in range(0, len(words), size):
            client.send(words[start:start + size])
        assert client.line() == f"OK\t9\tuser={alice}"


def test_a_client_that_half_closes_gets_its_answer(server, alice):
    with server.connect() as client:
        client.send(f"AUTH\t1\tPLAIN\tservice=smtp\tresp={plain(alice, PASSWORD)}\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.line() == f"OK\t1\tuser={alice}"
        assert client.is_closed()
