"""A killed authd leaves no user half enrolled."""

import subprocess
import threading
import time

import pytest
from conftest import Server, make_authd
from harness import totp
from harness.api import call
from harness.postgres import program
from harness.private import wait_until
from totp_stage import login, stage  # noqa: F401 (login and stage are fixtures)


@pytest.fixture
def mortal(server):
    authd = make_authd(server.postgres)
    yield Server(authd, server.postgres)
    authd.destroy()


def cut_off(path, *request):
    """Sends a request whose answer may be cut off."""
    try:
        return call(path, *request)
    except (OSError, ValueError):
        return None


def test_a_killed_authd_leaves_nobody_half_enrolled(stage, mortal):
    """authd is killed at moments of a confirmation a millisecond apart; the user then is wholly enrolled or not at
    all."""
    seen, authd = {}, mortal.authd
    for moment in range(24):
        login = stage.new_user()
        authd.start()
        made = cut_off(authd.http, "POST", f"/v1/users/{login}/totp", {}).json
        answers = []
        thread = threading.Thread(target=lambda code=totp.code(made["secret"]), name=login: answers.append(
            cut_off(authd.http, "POST", f"/v1/users/{name}/totp/confirm", {"code": code})))
        thread.start()
        time.sleep(moment / 1000)
        authd.kill()
        thread.join()
        wait_until(lambda: no_transaction(stage, mortal), what="the end of the killed node's transactions")
        state = stage.state(login)
        assert state in ("with", "without"), (moment, state)
        assert answers[0] is None or state == "with", (moment, answers)
        seen[state] = seen.get(state, 0) + 1
        if state == "without":  # the enrolment can be begun again
            assert stage.enrol(login)[1]["enrolled"] is True
    print("killed confirmations:", seen)


def no_transaction(stage, mortal):
    return stage.server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'authd_service' AND state <> 'idle' "
                            "AND query LIKE '%totp%'") == "0"


def test_killed_in_the_middle_of_the_change(stage, mortal, login):
    """authd is killed while its transaction waits for a lock that another session holds."""
    authd = mortal.authd
    authd.start()
    made = call(authd.http, "POST", f"/v1/users/{login}/totp", {}).json
    holder = subprocess.Popen([program("psql"), "-X", "-q", stage.server.postgres.url("authd", "postgres")],
                              stdin=subprocess.PIPE, text=True)
    try:
        holder.stdin.write("BEGIN; LOCK TABLE authd.recovery_code IN EXCLUSIVE MODE;\n")
        holder.stdin.flush()
        wait_until(lambda: stage.server.sql("SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND granted "
                                            "AND relation = 'authd.recovery_code'::regclass") == "1")
        thread = threading.Thread(target=cut_off, args=(authd.http, "POST", f"/v1/users/{login}/totp/confirm",
                                                        {"code": totp.code(made["secret"])}))
        thread.start()
        wait_until(lambda: stage.server.sql("SELECT count(*) FROM pg_locks WHERE NOT granted "
                                            "AND relation = 'authd.recovery_code'::regclass") == "1")
        assert stage.state(login) == "without"
        authd.kill()
        thread.join()
    finally:
        holder.communicate("ROLLBACK;\n")
    wait_until(lambda: no_transaction(stage, mortal), what="the end of the killed node's transaction")
    assert stage.state(login) in ("without", "with")
