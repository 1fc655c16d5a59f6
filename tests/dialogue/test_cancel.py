"""A client leaves, or cancels a request, while a step of the request is under way. The request ends in the log, no
reply is sent for it, and other requests notice nothing. Memory that outlives its login is reported by the
sanitizers when the server stops."""

import contextlib

import pytest
from client import plain, saslauthd_begin
from conftest import DEAR_HASH, PASSWORD, doveadm_hash
from harness.private import wait_until


@contextlib.contextmanager
def hung(postgres):
    postgres.hang()
    try:
        yield
    finally:
        postgres.resume()


# Each of these brings request 1 of a client to a point, holds it there, and yields the members of its log line.

@contextlib.contextmanager
def at_the_user_name(server, client):
    assert client.auth("LOGIN").challenge() == b"Username:"
    yield {"outcome": "more", "mechanism": "LOGIN"}


@contextlib.contextmanager
def at_the_password(server, client):
    client.auth("LOGIN")
    assert client.cont(server.new_user().encode()).challenge() == b"Password:"
    yield {"outcome": "more", "mechanism": "LOGIN"}


@contextlib.contextmanager
def at_the_lookup(server, client):
    login = server.new_user()
    with hung(server.postgres):
        client.begin(login, PASSWORD)
        yield {"outcome": "more", "user": login}


@contextlib.contextmanager
def at_the_hash(server, client):
    login = server.new_user(stored=DEAR_HASH)
    server.wait_hashes_done()
    client.begin(login, PASSWORD)
    wait_until(server.threads_hashing, what="the hash")
    yield {"outcome": "more", "user": login}  # a finished hash would change the outcome


POINTS = [at_the_user_name, at_the_password, at_the_lookup, at_the_hash]


@pytest.mark.parametrize("point", POINTS)
def test_the_connection_closes(server, alice, point):
    since = server.authd.log_size()
    with server.connect() as client, point(server, client) as expected:
        client.socket.close()
        server.authd.wait_event(since=since, reason="client-gone", **expected)
    with server.connect() as neighbour:
        assert neighbour.login(alice, PASSWORD).command == "OK"


@pytest.mark.parametrize("point", POINTS)
def test_the_request_is_cancelled(server, alice, point):
    since = server.authd.log_size()
    with server.connect() as client:
        with point(server, client) as expected:
            client.send("CANCEL\t1\n")
            assert client.ask("CONT\t1\tAA==\n").line == "FAIL\t1\treason=Authentication request timed out"
            server.authd.wait_event(since=since, reason="abandoned", **expected)
        client.last_id = 0
        assert client.login(alice, PASSWORD).line == f"OK\t1\tuser={alice}"


def test_others_are_answered_while_an_abandoned_hash_runs_out(server, alice):
    with server.connect() as client, at_the_hash(server, client):
        client.socket.close()
        with server.connect() as neighbour:
            assert neighbour.login(alice, PASSWORD).command == "OK"


def leaves_on_the_grid(server, leave):
    """Has a login refused, and leaves after the decision but before the reply is sent: the second request was sent
    after the first and takes longer, because of its confirmation. False if the reply was already sent."""
    login = server.new_user()
    server.wait_hashes_done()
    since = server.authd.log_size()
    with server.connect() as client:
        client.send(f"AUTH\t1\tPLAIN\tservice=smtp\tresp={plain(login, 'wrong')}\n"
                    f"AUTH\t2\tPLAIN\tservice=smtp\tresp={plain(login, PASSWORD)}\n")
        client.reply()
        server.wait_hashes_done()
        leave(client)
        lines = wait_until(lambda: both_lines(server, since, login), 10, "both lines in the log")
    return [line.get("gone") for line in lines if line["reason"] == "wrong-password"] == ["yes"]


def both_lines(server, since, login):
    lines = [line for line in server.authd.events(since=since) if line.get("user") == login]
    return lines if len(lines) == 2 else None


def close(client):
    client.socket.close()


def cancel(client):
    client.send("CANCEL\t1\n")


@pytest.mark.parametrize("leave", [close, cancel])
def test_a_refusal_waits_for_the_grid(server, alice, leave):
    assert any(leaves_on_the_grid(server, leave) for _ in range(5))  # a busy machine may miss the moment
    with server.connect() as neighbour:
        assert neighbour.login(alice, PASSWORD).command == "OK"


def test_the_database_hangs_between_the_hash_and_the_confirmation(server, alice):
    """authd cannot find out whether the account was changed meanwhile, so the login is not allowed."""
    login = server.new_user(stored=doveadm_hash("old secret", "SHA512-CRYPT", "-r", "3000000"))
    since = server.authd.log_size()
    with server.connect() as client, server.connect(server.replying) as leaver:
        client.begin(login, "old secret")
        leaver.begin(login, "old secret")
        wait_until(lambda: server.threads_hashing() == 2, what="both hashes")
        with hung(server.postgres):
            server.wait_hashes_done()
            assert leaver.pass_by()  # request 1 has no reply yet
            leaver.socket.close()
            gone = server.authd.wait_event(since=since, user=login, reason="client-gone")
            assert gone["outcome"] == "more"
            assert client.is_closed()
            server.authd.wait_event(since=since, user=login, outcome="tempfail", reason="database-slow")
    assert not [event for event in server.authd.events(since=since) if event["outcome"] == "allow"]
    wait_until(lambda: server.is_serving(alice), what="the database's return")


def test_one_of_two_lookups_is_cancelled(server, alice):
    """Both lookups share a statement; its answer reaches only the one that was not cancelled."""
    other = server.new_user()
    with server.connect() as client:
        with hung(server.postgres):
            client.begin(other, PASSWORD)
            client.begin(alice, PASSWORD, id="2")
            client.send("CANCEL\t1\n")
            assert client.ask("CONT\t1\tAA==\n").id == "1"
        assert client.reply().line == f"OK\t2\tuser={alice}"
        assert client.pass_by()  # no reply came for request 1


def test_one_of_two_hashes_is_cancelled(server, alice):
    with server.connect() as client:
        with at_the_hash(server, client):
            client.begin(alice, PASSWORD, id="2")
            client.send("CANCEL\t1\n")
            assert client.reply().line == f"OK\t2\tuser={alice}"
        server.wait_hashes_done()
        assert client.pass_by()  # no reply came for request 1, whose hash is done


def test_a_saslauthd_client_leaves_at_the_lookup(server):
    login = server.new_user()
    since = server.authd.log_size()
    with hung(server.postgres):
        saslauthd_begin(server.saslauthd, login, PASSWORD).close()
        event = server.authd.wait_event(since=since, user=login)
    assert (event["front"], event["outcome"], event["reason"]) == ("saslauthd", "more", "client-gone")


def test_a_saslauthd_client_leaves_at_the_hash(server):
    login = server.new_user(stored=DEAR_HASH)
    server.wait_hashes_done()
    since = server.authd.log_size()
    sock = saslauthd_begin(server.saslauthd, login, PASSWORD)
    wait_until(server.threads_hashing, what="the hash")
    sock.close()
    event = server.authd.wait_event(since=since, user=login)
    assert (event["front"], event["outcome"], event["reason"]) == ("saslauthd", "more", "client-gone")
