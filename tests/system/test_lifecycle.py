"""Start, stop, crash and takeover of authd with its embedded PostgreSQL."""

import os
import stat

import pytest

from harness import clients
from harness.authd import Authd, new_password
from harness.private import process_alive, wait_until

LOGIN = "alice@example.org"


@pytest.fixture()
def authd():
    with Authd() as running:
        running.password = new_password()
        running.add_user(LOGIN, running.password)
        yield running


def logs_in(authd):
    return clients.testsaslauthd(authd.saslauthd, LOGIN, authd.password)


def test_sigterm_stops_authd_and_its_database(authd):
    assert logs_in(authd) is True
    database = authd.embedded_pid()
    assert database
    authd.stop()
    assert not process_alive(database)
    assert authd.embedded_pid() == 0
    authd.start()
    assert logs_in(authd) is True


def test_database_outlives_a_killed_authd_and_is_adopted(authd):
    database = authd.embedded_pid()
    authd.kill()
    assert authd.embedded_pid() == database
    assert os.path.exists(authd.saslauthd)  # a stale socket, which the next authd takes over
    authd.start()
    assert authd.embedded_pid() == database
    assert logs_in(authd) is True
    authd.stop()
    assert not process_alive(database)


def test_database_that_crashed_is_started_again(authd):
    crashed = authd.embedded_pid()
    os.kill(crashed, 9)
    wait_until(lambda: authd.embedded_pid() not in (0, crashed), 60, "the database's restart")
    wait_until(lambda: logs_in(authd) is True, 60, "a login")


def test_second_instance_refuses_a_live_socket(authd):
    second = Authd()
    try:
        second.config["listeners"][1]["path"] = authd.saslauthd
        second.write_config()
        done = second.command()
        assert done.returncode != 0
        assert authd.saslauthd in done.stdout
    finally:
        second.destroy()
    assert logs_in(authd) is True


def test_runs_as_its_own_user_and_keeps_its_state_private(authd):
    uid = os.stat(authd.state).st_uid
    assert uid != 0
    for pid in (authd.process.pid, authd.embedded_pid()):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            uids = next(line for line in file if line.startswith("Uid:")).split()[1:]
        assert set(uids) == {str(uid)}
    for folder, _, files in os.walk(authd.state):
        assert stat.S_IMODE(os.stat(folder).st_mode) & 0o077 == 0, folder
        assert os.stat(folder).st_uid == uid
    assert stat.S_IMODE(os.stat(authd.http).st_mode) == 0o600
