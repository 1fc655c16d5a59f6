"""SIGTERM: requests under way are answered, no new request begins, and nothing is left behind."""

import signal
import socket

import pytest
from client import Closed, Dovecot, plain, saslauthd_answer, saslauthd_begin
from conftest import DEAR_HASH, PASSWORD, doveadm_hash
from harness.authd import Authd
from harness.private import process_alive, wait_until


def terminate(authd):
    """Sends SIGTERM; returns once authd has begun to stop."""
    authd.process.send_signal(signal.SIGTERM)
    wait_until(lambda: authd.events("stopping"), what="the beginning of the end")


def assert_ended_well(authd, seconds=15):
    assert authd.process.wait(seconds) == 0, authd.log_text()
    assert " event=stopped " in authd.log_text().splitlines()[-1]
    for path in (authd.dovecot, authd.saslauthd, authd.http):
        assert_dead(path)


def assert_dead(path):
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        sock.connect(path)


def test_logins_under_way_are_answered(instance):
    authd = instance.authd
    authd.start()
    login = instance.new_user(stored=doveadm_hash("old secret", "SHA512-CRYPT", "-r", "1500000"))
    right, wrong, idle = instance.connect(), instance.connect(), instance.connect()
    idle_saslauthd = socket.socket(socket.AF_UNIX)
    idle_saslauthd.connect(instance.saslauthd)
    by_saslauthd = [saslauthd_begin(instance.saslauthd, login, word) for word in ("old secret", "wrong")]
    right.begin(login, "old secret")
    wrong.begin(login, "wrong")
    wait_until(instance.threads_hashing, what="the first of four hashes")

    terminate(authd)
    assert idle.is_closed()
    assert idle_saslauthd.recv(10) == b""
    assert_dead(instance.plain)
    assert right.reply().line == f"OK\t1\tuser={login}"
    assert wrong.reply().masked() == "FAIL\treference"
    assert right.is_closed() and wrong.is_closed()
    assert [saslauthd_answer(sock)[:2] for sock in by_saslauthd] == [b"OK", b"NO"]
    assert_ended_well(authd)
    assert {event["reason"] for event in authd.events("auth")} == {"good-password", "wrong-password"}
    assert authd.log_text().index("event=stopping") < authd.log_text().index("event=auth")


def test_nothing_new_begins(instance):
    """A new request on an open connection gets a temporary failure, or a closed connection where clients would
    misread a reply."""
    authd = instance.authd
    authd.start()
    login = instance.new_user(stored=DEAR_HASH)
    replying, plain_one = instance.connect(instance.replying), instance.connect()
    for client in (replying, plain_one):
        client.begin(login, "wrong")
    wait_until(lambda: instance.threads_hashing() == 2, what="both hashes")

    terminate(authd)
    refused = replying.ask(f"AUTH\t2\tPLAIN\tservice=smtp\tresp={plain(login, PASSWORD)}\n")
    assert (refused.command, refused.id, refused.fields["code"]) == ("FAIL", "2", "temp_fail")
    plain_one.send(f"AUTH\t2\tPLAIN\tservice=smtp\tresp={plain(login, PASSWORD)}\n")
    with pytest.raises(Closed):
        plain_one.reply()
    assert replying.reply().id == "1"
    assert_ended_well(authd)
    deferred = [event["reason"] for event in authd.events("auth") if event["outcome"] == "tempfail"]
    assert deferred == ["stopping"] * 2


def test_an_exchange_that_is_never_finished_holds_nobody_up(instance):
    authd = instance.authd
    authd.start()
    with instance.connect() as client:
        client.auth("LOGIN")
        terminate(authd)
        assert client.is_closed()
        assert_ended_well(authd)


def test_a_second_signal_does_not_wait(instance):
    authd = instance.authd
    authd.start()
    with instance.connect() as client:
        client.auth("LOGIN")
        terminate(authd)
        authd.process.send_signal(signal.SIGTERM)
        assert_ended_well(authd, seconds=4)  # before the first request's time is over
        assert client.is_closed()


def test_an_exchange_is_finished_and_the_embedded_database_stops_after_it():
    with Authd() as authd:
        authd.add_user("alice@example.org", PASSWORD)
        database = authd.embedded_pid()
        assert database
        with Dovecot(authd.dovecot) as client:
            client.auth("LOGIN")
            terminate(authd)
            assert client.cont(b"alice").challenge() == b"Password:"
            assert client.cont(PASSWORD.encode()).line == "OK\t1\tuser=alice@example.org"
            assert client.is_closed()
        authd.process.send_signal(signal.SIGTERM)  # must stop the database, too
        assert_ended_well(authd, seconds=30)
        assert not process_alive(database) and authd.embedded_pid() == 0
        assert "database system is shut down" in authd.embedded_log_text()
