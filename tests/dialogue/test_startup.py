"""From start to `ready`: the faults that stop authd from starting, and the faults that it copes with."""

import contextlib
import os
import socket
import subprocess
import time

import pytest
from client import Closed, saslauthd
from conftest import PASSWORD
from harness.authd import SANITIZERS, program
from harness.private import free_ports, process_alive, read_text, wait_until
from wire import Wire


def start_by(authd, *wrapper):
    """Starts authd through another program, which changes its surroundings."""
    with open(authd.output_path, "w", encoding="utf-8") as out, \
            open(authd.log_path, "a", encoding="utf-8") as log:
        authd.process = subprocess.Popen(
            [*wrapper, program("smtp-authd"), "-c", authd.config_path], stdin=subprocess.DEVNULL, stdout=out,
            stderr=log, env={**os.environ, **SANITIZERS}, start_new_session=True)


def assert_refuses_to_start(authd, *words):
    """authd ends with status 1, without `ready`, and logs one error line with the fault and the remedy."""
    authd.spawn()
    status, authd.process = authd.process.wait(20), None
    assert status == 1, authd.log_text()
    assert read_text(authd.output_path) == ""
    errors = [line for line in authd.log_text().splitlines() if " level=error " in line]
    assert len(errors) == 1 and all(word in errors[0] for word in words), authd.log_text()


@pytest.fixture
def database(server):
    """An empty database for one test; returns its name."""
    server.postgres.psql("CREATE DATABASE other OWNER authd_owner TEMPLATE template0 ENCODING 'UTF8'")
    yield "other"
    server.postgres.psql("DROP DATABASE other WITH (FORCE)")


def use_database(instance, name):
    instance.authd.config["database"].update(url=instance.postgres.url(name, "authd_service"),
                                             owner_url=instance.postgres.url(name, "authd_owner"))
    instance.authd.write_config()


def test_a_database_without_schema(instance, database):
    use_database(instance, database)
    assert_refuses_to_start(instance.authd, "database-unusable", "no authd schema", "--migrate")
    instance.authd.migrate()
    instance.authd.start()


def test_a_schema_that_is_too_new(instance, database):
    use_database(instance, database)
    instance.authd.migrate()
    instance.postgres.psql("UPDATE authd.schema_info SET function_set = function_set + 100, "
                           "oldest_compatible = function_set + 100", database=database)
    assert_refuses_to_start(instance.authd, "database-unusable", "install a newer authd")


def test_without_a_database_it_serves_and_defers(instance, alice):
    authd = instance.authd
    authd.config["database"]["url"] = f"host={authd.directory} dbname=authd user=authd_service"
    authd.write_config()
    authd.start()
    with instance.connect() as client:
        assert "MECH\tPLAIN\tplaintext" in client.greeting
        with pytest.raises(Closed):
            client.login(alice, PASSWORD)
    with instance.connect(instance.replying) as client:
        assert client.login(alice, PASSWORD).fields["code"] == "temp_fail"
        assert client.login("nobody@example.org", PASSWORD).fields["code"] == "temp_fail"
    assert saslauthd(instance.saslauthd, alice, PASSWORD) == b""
    logged = {(event["outcome"], event["reason"]) for event in authd.events()}
    assert logged == {("tempfail", "database-down")}


def accepts(path):
    with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
        sock.connect(path)
        return True
    return False


def test_without_standard_descriptors(instance, alice):
    """A socket with descriptor 2 would get the log's output."""
    start_by(instance.authd, "sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    wait_until(lambda: accepts(instance.replying), what="the socket")
    wait_until(lambda: instance.is_serving(alice), what="the database")
    with instance.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"
        assert client.login(alice, "wrong").command == "FAIL"
    for number in range(3):
        assert os.readlink(f"/proc/{instance.authd.process.pid}/fd/{number}") == "/dev/null"


@contextlib.contextmanager
def crowd(path, count):
    """Opens idle connections; yields how many were served."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(count)]
        served = 0
        for sock in sockets:
            sock.settimeout(10)
            sock.connect(path)
            served += sock.recv(100) != b""
        yield served


def log_in_when_possible(client, login):
    wait_until(lambda: client.login(login, PASSWORD).command == "OK", what="a login", interval=0.01)


def test_clients_leave_descriptors_to_the_database(instance, server, alice):
    start_by(instance.authd, "prlimit", "--nofile=64:64")
    wait_until(instance.authd.is_ready, what="`ready`")
    with instance.connect(instance.replying) as client:
        assert client.login(alice, PASSWORD).command == "OK"
        with crowd(instance.plain, 300) as served:
            assert 10 < served < 60
            instance.postgres.stop()
            assert client.login(alice, PASSWORD).fields["code"] == "temp_fail"
            instance.postgres.start()
            log_in_when_possible(client, alice)
    with instance.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"
    wait_until(lambda: server.is_serving(alice), what="the other authd's database")


def test_the_administrator_gets_in_when_descriptors_are_short(instance):
    """Clients of other sockets have taken all the connections that clients get."""
    start_by(instance.authd, "prlimit", "--nofile=64:64")
    wait_until(instance.authd.is_ready, what="`ready`")
    with crowd(instance.plain, 500) as served:
        assert 10 < served < 60
        for _ in range(3):
            assert instance.authd.authctl("user", "list", check=False).status == 0
        (event,) = [event for event in instance.authd.events("short-of-descriptors")
                    if instance.plain in event["message"]]
        assert event["message"] == (f"{instance.plain}: 1 connections were closed at once; allow authd more open "
                                    "files (LimitNOFILE=)")


def test_requests_leave_descriptors_to_the_administrator(instance):
    """A request takes two more descriptors. Clients get a 503 when there are none for them; the administrator does
    not."""
    port, = free_ports()
    host = f"127.0.0.1:{port}"
    instance.authd.config["listeners"].append({"protocol": "http", "address": host})
    instance.authd.write_config()
    start_by(instance.authd, "prlimit", "--nofile=64:64")
    wait_until(instance.authd.is_ready, what="`ready`")
    with contextlib.ExitStack() as stack:
        statuses = []
        while 503 not in statuses:
            wire = stack.enter_context(Wire(("127.0.0.1", port)))
            wire.send(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = wire.reply()
            statuses.append(answer.status)
        assert answer.problem == "unavailable" and wire.reply() is None
        assert set(statuses[:-1]) == {200}
        for _ in range(3):
            assert instance.authd.authctl("user", "list").status == 0


def test_the_first_login_after_an_outage(instance, server, alice):
    """The outage was long enough for authd's attempts to become rare."""
    instance.authd.start()
    with instance.connect(instance.replying) as client:
        instance.postgres.stop()
        time.sleep(2.5)
        assert client.login(alice, PASSWORD).fields["code"] == "temp_fail"
        instance.postgres.start()
        log_in_when_possible(client, alice)
    wait_until(lambda: server.is_serving(alice), what="the other authd's database")


def test_a_second_instance_on_live_sockets(server, alice):
    done = server.authd.command()
    assert done.returncode == 1 and "ready" not in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if " level=error " in line]
    assert server.plain in line and "another program is listening there" in line
    assert server.is_serving(alice)
    with server.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"


def test_what_a_killed_authd_left_is_taken_over(instance, alice):
    instance.authd.start()
    pid = instance.authd.process.pid
    instance.authd.kill()
    assert not process_alive(pid) and os.path.exists(instance.plain)
    instance.authd.start()
    with instance.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"
    assert saslauthd(instance.saslauthd, alice, PASSWORD) == b"OK"


def test_what_is_not_a_socket_is_left_alone(instance):
    with open(instance.plain, "w", encoding="ascii") as file:
        file.write("precious")
    assert_refuses_to_start(instance.authd, instance.plain, "not a socket")
    assert read_text(instance.plain) == "precious"


def assert_refuses_the_configuration(authd, word):
    """The refusal is one line and comes before authd touches anything, with and without --check-config."""
    for option in (["--check-config"], []):
        done = authd.command(*option)
        assert done.returncode == 1, done.stdout
        (line,) = done.stdout.splitlines()
        assert authd.config_path in line and word in line
        assert "hunter2" not in line
    assert not os.path.exists(authd.dovecot)


@pytest.mark.parametrize("text", [b"", b"listeners: [", b"- a\n- b\n", b"\0\1\2", b"just words", b"\xff\xfe",
                                  b"user: a\nuser: b\n", b"a: &a [*a]\n", b"x" * 300_000], ids=range(9))
def test_a_configuration_that_is_none(instance, text):
    with open(instance.authd.config_path, "wb") as file:
        file.write(text)
    assert_refuses_the_configuration(instance.authd, "authd.yaml")


@pytest.mark.parametrize("key, value", [
    ("lisstners", []),
    ("listeners", []),
    ("listeners", [{"protocol": "gopher", "path": "/x"}]),
    ("listeners", [{"protocol": "dovecot"}]),
    ("default_domain", ["a", "b"]),
    ("default_domain", "not a domain"),
    ("user", "no-such-user"),
    ("workers", -1),
    ("workers", "many"),
    ("database", {"mode": "external", "url": "host=/x dbname=authd password=hunter2"}),
    ("database", {"mode": "external"}),
    ("password", {"hash_memory": "46 bananas"}),
])
def test_a_bad_setting(instance, key, value):
    instance.authd.config[key] = value
    instance.authd.write_config()
    assert_refuses_the_configuration(instance.authd, key)


def test_a_good_configuration_and_one_that_is_missing(instance):
    done = instance.authd.command("--check-config")
    assert (done.returncode, done.stdout) == (0, f"{instance.authd.config_path}: ok\n")
    assert not os.path.exists(instance.plain)
    os.unlink(instance.authd.config_path)
    done = instance.authd.command("--check-config")
    assert done.returncode == 1 and instance.authd.config_path in done.stdout


def test_usage_says_the_name_that_was_called(tmp_path):
    path = tmp_path / "authd"
    path.symlink_to(program("smtp-authd"))
    for called in (program("smtp-authd"), path):
        done = subprocess.run([called, "--dry-run"], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (2, f"{os.path.basename(called)}: --dry-run goes with --migrate\n")
        done = subprocess.run([called, "--help"], capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout.startswith(f"usage: {os.path.basename(called)} [-c FILE] ")
