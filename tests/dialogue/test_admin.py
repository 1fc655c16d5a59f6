"""authctl and the HTTP sockets behind it, as used by an administrator and by a stranger on the machine."""

import contextlib
import json
import os
import select
import socket
import subprocess
import time

import pytest
from harness.authd import program
from harness.private import free_ports, wait_until

USAGE, TEMPORARY = 2, 3


def authctl(server, *words, stdin=b"", stdout=subprocess.PIPE, options=("--json",)):
    """Runs authctl with words as octets; returns (exit status, stdout, stderr)."""
    argv = [program("smtp-authctl"), "--socket", server.authd.http, *options, *words]
    done = subprocess.run(argv, input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def refusal(server, *words, **options):
    """The exit status and the problem of a command that must fail."""
    status, out, _ = authctl(server, *words, **options)
    problem = json.loads(out)
    assert status != 0, problem
    return status, problem["detail"]


class Http:
    """One HTTP connection, octet by octet."""

    def __init__(self, address):
        local = isinstance(address, str)
        self.host = "localhost" if local else "%s:%d" % address
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        self.socket.settimeout(15)
        self.socket.connect(address)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.socket.close()

    def get(self, path):
        """(status, body); the status is 0 if the connection was closed instead."""
        try:
            self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
            return self.response()
        except ConnectionError:
            return 0, None

    def response(self):
        line = self.reader.readline()
        if not line:
            return 0, None
        length = 0
        while (header := self.reader.readline().strip()):
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return int(line.split()[1]), json.loads(self.reader.read(length))

    def is_closed(self):
        """True if the other side has closed the connection without sending anything."""
        if not select.select([self.socket], [], [], 0)[0]:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def get(address, path):
    with Http(address) as client:
        return client.get(path)


@pytest.fixture
def loopback(instance):
    """An authd with an HTTP socket for everybody, and the address of that socket."""
    address = ("127.0.0.1", free_ports()[0])
    instance.authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address})
    instance.authd.write_config()
    instance.authd.start()
    return instance, address


# Naming a user


def test_digits_that_are_an_id_and_a_login_are_refused(server):
    login = server.new_user()
    number = server.authd.authctl("user", "show", login).json["id"]
    assert server.authd.authctl("user", "show", number).json["login"] == login
    server.authd.authctl("user", "add", number)
    status, detail = refusal(server, "password", "set", number, "--password-stdin", stdin=b"a new password\n")
    assert (status, detail) == (1, f"{number} is the id of {login} and the login of {number}@example.org")
    server.authd.authctl("password", "set", f"{number}@example.org", password="a new password")
    assert server.authd.authctl("user", "show", login).json["password_generation"] == 1


def test_a_login_of_digits_that_are_no_id_is_found(server):
    server.authd.authctl("user", "add", "987654321")
    assert server.authd.authctl("user", "show", "987654321").json["login"] == "987654321@example.org"


def test_me_is_the_caller(server):
    status, problem = get(server.authd.http, "/v1/users/me")
    assert (status, problem["detail"]) == (404, "the caller is root (uid 0), who has no account")
    for word in "me", "ME":
        assert refusal(server, "user", "add", word) == (
            1, 'login is "me", which stands for the caller: write it with its domain')
    login = server.authd.authctl("user", "add", "me@example.org").json["login"]
    assert server.authd.authctl("user", "delete", login).status == 0


# Words of a command


@pytest.mark.parametrize("words", [
    ("user", "suspend", "{login}", "--reason", b"gr\xfc\xdfe"),
    ("user", "add", b"\xe4dam@example.org"),
    ("user", "add", "eve@example.org", b"--address=\xe4@example.org"),
    ("address", "add", "{login}", b"\xe4@example.org"),
])
def test_arguments_are_utf8(server, alice, words):
    words = [alice if word == "{login}" else word for word in words]
    status, detail = refusal(server, *words)
    assert status == USAGE
    assert "is not UTF-8" in detail


def test_a_password_is_one_line(server):
    login = server.new_user()
    password = "over the hills"
    for typed in b"%s\n", b"%s\r\n", b"%s":
        status, _, err = authctl(server, "password", "set", login, "--password-stdin",
                                 stdin=typed % password.encode())
        assert status == 0, err
        with server.connect() as client:
            assert client.login(login, password).command == "OK"
    for typed in b"one\ntwo\n", b"one\n\n", b"one\r\ntwo":
        status, detail = refusal(server, "password", "set", login, "--password-stdin", stdin=typed)
        assert status == USAGE
        assert detail == "standard input has more than one line; the password is one line"
    with server.connect() as client:
        assert client.login(login, password).command == "OK"


def test_json_after_a_wrong_option_is_one_value(server):
    status, out, _ = authctl(server, "user", "list", "--wrong", "--json", options=())
    assert status == USAGE
    assert json.loads(out)["detail"] == "no option --wrong"


def test_a_full_disk_does_not_hide_the_change(server):
    login = f"full{os.getpid()}@example.org"
    with open("/dev/full", "wb") as full:
        status, _, err = authctl(server, "user", "add", login, stdout=full)
        assert status == TEMPORARY
        assert "cannot write to standard output; the change was made" in err
        status, _, err = authctl(server, "user", "show", login, stdout=full)
        assert status == TEMPORARY
        assert "the change was made" not in err


# A database that does not work


def test_ready_means_that_the_database_answers(instance):
    instance.authd.start()
    with Http(instance.authd.http) as client:
        assert client.get("/readyz") == (200, {"status": "ready"})
        instance.postgres.hang()
        try:
            status, problem = client.get("/readyz")
            assert client.get("/healthz") == (200, {"status": "up"})
        finally:
            instance.postgres.resume()
        assert (status, problem["detail"]) == (503, "the database does not answer")
        wait_until(lambda: client.get("/readyz")[0] == 200, what="authd's database")


@pytest.mark.parametrize(("no", "yes", "hint"), [
    ("REVOKE EXECUTE ON FUNCTION authd.manage FROM authd_service",
     "GRANT EXECUTE ON FUNCTION authd.manage TO authd_service", "The log says why"),
    ("ALTER ROLE authd_service SET default_transaction_read_only = on",
     "ALTER ROLE authd_service RESET default_transaction_read_only", "target_session_attrs=read-write"),
])
def test_a_database_that_says_no_has_changed_nothing(instance, no, yes, hint):
    instance.sql(no)
    try:
        instance.authd.start()
        status, out, _ = authctl(instance, "user", "add", f"no{os.getpid()}@example.org")
    finally:
        instance.sql(yes)
    problem = json.loads(out)
    assert status == TEMPORARY
    assert problem["detail"] == "the database cannot do this now; nothing was changed"
    assert hint in problem["hint"]


# Clients that take more than their share


def test_strangers_cannot_keep_the_administrator_out(loopback):
    server, address = loopback
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Http(address)) for _ in range(600)]
        wait_until(lambda: sum(client.is_closed() for client in clients) == 600 - 32,
                   what="the end of the connections beyond the share of one network")
        assert server.authd.authctl("user", "list").status == 0
        assert get(address, "/healthz")[0] == 200, "an idle connection makes room"


HEAD = b"PUT /v1/users/x/password HTTP/1.1\r\nHost: %s\r\n"
DRIPPING = {
    "request line": b"",
    "headers": HEAD + b"X-Drip: ",
    "body": HEAD + b"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n",
}


def test_a_request_that_drips_is_given_up(loopback):
    _, address = loopback
    with contextlib.ExitStack() as stack:
        idle = stack.enter_context(Http(address))
        assert idle.get("/healthz")[0] == 200
        dripping = {name: stack.enter_context(Http(address)) for name in DRIPPING}
        dripping["second request"] = stack.enter_context(Http(address))
        assert dripping["second request"].get("/healthz")[0] == 200
        for name, client in dripping.items():
            client.socket.sendall(DRIPPING.get(name, b"G").replace(b"%s", client.host.encode()))
        began = time.monotonic()
        while dripping and time.monotonic() < began + 14:
            for name, client in list(dripping.items()):
                if client.is_closed():
                    del dripping[name]
                    continue
                with contextlib.suppress(ConnectionError):
                    client.socket.sendall(b"x")
            time.sleep(0.25)
        assert not dripping
        assert idle.get("/healthz")[0] == 200
