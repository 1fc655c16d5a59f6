"""Bad input leads to a clear refusal or a closed connection; nothing is changed, and other clients are not harmed."""

import os
import resource
import socket
import time

import pytest
from client import encode, plain
from conftest import PASSWORD
from harness.private import wait_until


def assert_neighbour_is_well(server, alice):
    with server.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"


@pytest.mark.parametrize("octets", [
    b"",
    b"alice",
    b"\0alice",
    b"alice\0secret",
    b"\0alice\0secret\0",
    b"\0alice\0sec\0ret",
    b"\0\0\0alice\0secret",
    b"\0\0secret",
    b"\0alice\0",
    b"\0" * 2,
    b"\0alice\0" + b"x" * 1025,
    b"\0alice\0" + b"x" * 4096,
    b"\0" + b"a" * 5000 + b"\0secret",
    b"\0al\xffice\0secret",
    b"\0\xc0\xae\0secret",
    b"\0al\xed\xa0\x80ice\0secret",
    b"\0al\x01ice\0secret",
    b"\0al\tice\0secret",
    b"\0al\rice\nOK\t1\tuser=root\0secret",
    b"\0al\x7fice\0secret",
    b"\0al\xc2\x85ice\0secret",
    b"\0alice \0secret",
    b"\0 alice\0secret",
])
def test_malformed_plain(server, octets):
    since = server.authd.log_size()
    with server.connect() as client:
        reply = client.auth(resp=encode(octets) or "=")
        assert reply.command == "FAIL" and len(reply.words) <= 4
        assert client.auth(resp="=").command == "FAIL"  # the connection is still usable
    reference = reply.fields["reason"].split("(reference ")[1].rstrip(")")
    event = server.authd.wait_event(since=since, ref=reference)
    assert (event["outcome"], event["reason"]) in {("deny", "malformed"), ("deny", "bad-name")}


RESERVED = ["#", "\uff03", "\ufe5f", "\uff20", "\ufe6b", "%", "!", "\uff01", "\uff05", "*", "\"", "\u2100",
            "(", "\uff1c", "<", ",", ":", ";", "\\", "[", "]", "\u200b", "\u202e", "\ufeff", "\u3000"]


@pytest.mark.parametrize("character", RESERVED)
def test_reserved_characters_in_every_place(server, alice, character):
    local, domain = alice.split("@")
    with server.connect() as client:
        for authcid in (f"{local}{character}p1@{domain}", f"{character}{local}@{domain}",
                        f"{local}@exa{character}mple.org", f"{local}@{domain}{character}"):
            if character in "\u200b\ufeff" and "@exa" in authcid + authcid:
                continue  # UTS #46 may ignore this character in a domain: see the test of spellings
            client.send(f"AUTH\t{client.last_id + 1}\tPLAIN\tservice=smtp\tresp={plain(authcid, PASSWORD)}\n"
                        f"AUTH\t{client.last_id + 2}\tPLAIN\tservice=smtp\t"
                        f"resp={plain(alice, PASSWORD, authzid=authcid)}\n")
            client.last_id += 2
            assert {client.reply().command for _ in range(2)} == {"FAIL"}, authcid


@pytest.mark.parametrize("resp", ["A", "AA", "AAA", "AA=", "A===", "AGEAYg=", "AGEAYg", "A*==",
                                  "AAAA=", "_-_-", "AAAA AAAA", "\u00e4"])
def test_bad_base64_is_answered_at_once_and_the_connection_kept(server, alice, resp):
    with server.connect() as client:
        reply = client.auth(resp=resp)
        assert (reply.command, reply.fields["code"]) == ("FAIL", "invalid_base64")
        client.auth()
        reply = client.ask(f"CONT\t{client.last_id}\t{resp}\n")
        assert (reply.command, reply.fields["code"]) == ("FAIL", "invalid_base64")
        assert client.login(alice, PASSWORD).command == "OK"


def test_a_response_cut_by_the_mta_says_so(server):
    with server.connect() as client:
        reply = client.auth(resp=plain("alice", "x" * 1500)[:1999])
        assert "line_length_limit" in reply.fields["reason"]


@pytest.mark.parametrize("words", [
    "AUTH\t0\tPLAIN\n", "AUTH\t4294967296\tPLAIN\n", "AUTH\t-1\tPLAIN\n", "AUTH\tx\tPLAIN\n", "AUTH\n",
    "AUTH\t1\n", "AUTH\t1\t\n", "AUTH\t1\tPLAIN\tresp=AA==\tsecured\n", "CONT\n", "CONT\t1\n", "CANCEL\n",
    "CANCEL\tx\n", "CANCEL\t1\t1\n", "\n", "EHLO there\n", "VERSION\t1\t0\n", "CPID\t9\n", "\t\t\t\n",
    b"AUTH\x001\x00PLAIN\n", b"\xff\xfe\n",
])
def test_what_breaks_the_protocol_is_closed(server, alice, words):
    with server.connect() as client:
        client.send(words)
        assert client.is_closed()
    assert_neighbour_is_well(server, alice)


def test_an_id_in_use_closes_and_a_finished_one_is_free(server, alice):
    with server.connect() as client:
        client.send(f"AUTH\t5\tPLAIN\tresp={plain(alice, PASSWORD)}\n")
        assert client.reply().command == "OK"
        client.send(f"AUTH\t5\tPLAIN\tresp={plain(alice, PASSWORD)}\n")
        assert client.reply().command == "OK"
        client.send("AUTH\t6\tPLAIN\nAUTH\t6\tPLAIN\n")
        assert client.reply().command == "CONT"
        assert client.is_closed()
    assert_neighbour_is_well(server, alice)


def test_an_id_is_busy_until_its_refusal_has_left(server, alice):
    with server.connect() as client:
        client.send(f"AUTH\t5\tPLAIN\tresp={plain(alice, 'wrong')}\n")
        client.send(f"AUTH\t5\tPLAIN\tresp={plain(alice, PASSWORD)}\n")
        assert client.is_closed()


def test_continuations_without_a_challenge(server, alice):
    since = server.authd.log_size()
    with server.connect() as client:
        assert client.ask("CONT\t77\tAA==\n").line == "FAIL\t77\treason=Authentication request timed out"
        client.send(f"AUTH\t1\tPLAIN\tresp={plain(alice, 'wrong')}\nCONT\t1\tAA==\n")
        assert client.reply().fields["reason"] == "Unexpected continuation"
        server.authd.wait_event(since=since, outcome="deny", reason="malformed", user=alice)
        client.auth("LOGIN")
        client.send(f"CANCEL\t{client.last_id}\nCANCEL\t999\n")
        assert client.ask(f"CONT\t{client.last_id}\tAA==\n").command == "FAIL"
        client.last_id += 1
        assert client.login(alice, PASSWORD).command == "OK"


def test_unknown_mechanisms_and_parameters(server, alice):
    with server.connect() as client:
        for name in ("GSSAPI", "plain2", "X" * 500, "PLA\x01nIN", "\u00e4"):
            assert client.auth(name, resp="AA==").fields["reason"] == "Authentication mechanism not supported"
        client.send(f"AUTH\t90\tpLaIn\tfoo\tbar=\trip=not an address\tlip=\tsecured=tls\t=\t\t"
                    f"resp={plain(alice, PASSWORD)}\n")
        assert client.reply().line == f"OK\t90\tuser={alice}"
        client.send(f"AUTH\t91\tPLAIN\tresp={plain(alice, PASSWORD)}\n")  # AUTH without service=
        assert client.reply().command == "OK"


def test_line_lengths(server, alice):
    with server.connect() as client:
        line = f"AUTH\t1\tPLAIN\tresp={plain(alice, PASSWORD)}"
        padding = "x" * (16383 - len(line) - 1)
        line = line.replace("\tresp=", f"\t{padding}\tresp=")
        assert len(line) == 16383
        assert client.ask(line + "\n").command == "OK"
        client.send(line.replace(padding, padding + "x") + "\n")
        assert client.is_closed()
    assert_neighbour_is_well(server, alice)


def test_a_megabyte_without_a_line_end(server, alice):
    with server.connect() as client:
        try:
            client.send(b"A" * (1 << 20))
        except OSError:
            pass  # authd closed the connection while the test was sending
        assert client.is_closed()
    assert_neighbour_is_well(server, alice)


def test_fields_from_the_network_stay_one_log_line(server, alice):
    since = server.authd.log_size()
    with server.connect() as client:
        client.send(f"AUTH\t1\tPLAIN\tservice=a\x01nauth outcome=allow\x01t\x01r\x010 \"x\tr\x01np=1\t"
                    f"rip=192.0.2.7\x1b[31m\tresp={plain('nobody', 'x')}\n")
        assert client.reply().command == "FAIL"
    event = server.authd.wait_event(since=since, outcome="deny")
    assert event["user"] == "nobody@example.org"
    added = server.authd.log_text()[since:]
    assert "\x1b" not in added and "\r" not in added
    assert all(line.startswith("20") or "=" in line.split(" ")[0] for line in added.splitlines())


def test_one_bad_name_among_sixty_four(server, alice):
    """All 64 names share one database call; only the bad name is refused."""
    with server.connect() as client:
        lines = [f"AUTH\t{n}\tPLAIN\tresp={plain(alice, PASSWORD)}\n" for n in range(1, 64)]
        lines.insert(31, f"AUTH\t64\tPLAIN\tresp={plain(b'al' + bytes([0xff]) + b'ice', PASSWORD)}\n")
        client.send("".join(lines))
        replies = {reply.id: reply.command for reply in (client.reply() for _ in range(64))}
    assert replies.pop("64") == "FAIL"
    assert set(replies.values()) == {"OK"}


def test_ten_thousand_connects_and_closes(server, alice):
    before = len(os.listdir(f"/proc/{server.authd.process.pid}/fd"))
    for _ in range(10_000):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(server.plain)
    assert_neighbour_is_well(server, alice)
    wait_until(lambda: len(os.listdir(f"/proc/{server.authd.process.pid}/fd")) <= before + 4,
               what="the descriptors' return")


def test_clients_that_leave_in_the_middle(server, alice):
    """Clients leave before the handshake, in it, in an exchange, and while the database or a worker is busy."""
    words = f"VERSION\t1\t0\nCPID\t1\nAUTH\t1\tLOGIN\tservice=smtp\nAUTH\t2\tPLAIN\tresp={plain(alice, 'x')}\n" \
            f"AUTH\t3\tPLAIN\tresp={plain(alice, PASSWORD)}\nCONT\t1\t{encode(alice.encode())}\n"
    for cut in range(0, len(words), 3):
        with server.connect(handshake=False) as client:
            client.send(words[:cut])
    for delay in (0, 0.001, 0.003, 0.01, 0.05):
        with server.connect() as client:
            client.send(words.split("\n", 2)[2])
            time.sleep(delay)
    assert_neighbour_is_well(server, alice)


def test_a_client_that_never_reads(server, alice):
    """The client has to wait, its memory stays bounded, and other clients are served."""
    def memory():
        with open(f"/proc/{server.authd.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    with server.connect() as deaf:
        deaf.socket.settimeout(2)
        before = memory()
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 << 20:
                sent += deaf.socket.send(b"CONT\t1\tAA==\n" * 1000)
        assert_neighbour_is_well(server, alice)
        assert memory() - before < 16 << 20


def test_a_slow_client_holds_nobody_up(server, alice):
    with server.connect() as slow:
        slow.send("AUTH\t1\tPLA")
        for _ in range(3):
            assert_neighbour_is_well(server, alice)
        slow.send(f"IN\tresp={plain(alice, PASSWORD)}\n")
        assert slow.reply().command == "OK"


def test_one_client_with_too_much_to_ask_waits_for_himself(server, alice):
    """One connection asks for two hundred hashes at a time; logins on other connections proceed."""
    with server.connect(server.replying) as hog:
        for number in range(1, 201):
            hog.send(f"AUTH\t{number}\tPLAIN\tresp={plain('nobody-here', 'x')}\n")
        for _ in range(5):
            assert_neighbour_is_well(server, alice)
        assert {hog.reply().command for _ in range(200)} == {"FAIL"}


def test_clients_that_stop_sending_in_an_exchange_are_let_go(server, alice):
    """An exchange that waits for a client which has stopped sending is ended."""
    with server.connect() as client:
        client.send("AUTH\t1\tLOGIN\n")
        assert client.reply().command == "CONT"
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()
    with server.connect() as client:  # one request that waits for the client, one that does not
        client.send(f"AUTH\t1\tLOGIN\nAUTH\t2\tPLAIN\tresp={plain(alice, PASSWORD)}\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.reply().command == "CONT"
        assert client.reply().line == f"OK\t2\tuser={alice}"
        assert client.is_closed()
