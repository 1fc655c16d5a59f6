"""Listeners: unix sockets with owner, mode and allow-list, loopback TCP; and a log that nobody reads."""

import fcntl
import os
import pwd
import socket
import stat
import subprocess

import pytest
from client import Dovecot, plain
from conftest import PASSWORD
from harness.authd import SANITIZERS, Authd, program
from harness.private import free_ports

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def authd(server):
    """A second authd on the same database, with sockets of every kind."""
    node = Authd(server.postgres)
    node.port, = free_ports()
    path = os.path.join(node.directory, "limited")
    node.config["listeners"] += [
        {"protocol": "dovecot", "address": f"127.0.0.1:{node.port}", "identity": "tagged"},
        {"protocol": "dovecot", "path": path, "owner": "nobody", "group": "nogroup", "mode": "0666",
         "peers": ["nobody"]},
    ]
    node.limited = path
    node.write_config()
    with node:
        yield node


def test_loopback_tcp(authd, server, alice):
    with Dovecot(("127.0.0.1", authd.port)) as client:
        assert client.login(alice, PASSWORD).fields["user"] == alice.replace("@", "#p1@")
        assert client.login(alice, "wrong").command == "FAIL"


def test_two_nodes_see_the_same_change_at_once(authd, server):
    login = server.new_user()
    with Dovecot(authd.dovecot) as client:
        assert client.login(login, PASSWORD).command == "OK"
        server.authd.authctl("user", "suspend", login, "--reason", "stolen")  # through the other node
        assert client.login(login, PASSWORD).command == "FAIL"


def test_owner_group_and_mode(authd):
    status = os.stat(authd.limited)
    assert (status.st_uid, status.st_gid) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert stat.S_IMODE(status.st_mode) == 0o666
    assert os.stat(authd.http).st_uid == pwd.getpwnam("smtp-authd").pw_uid


def first_octets(path, uid):
    """The octets that a process of this user can read."""
    code = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1]); "
            "print(s.recv(7))")
    return subprocess.run(["setpriv", f"--reuid={uid}", "--clear-groups", "/usr/bin/python3", "-c", code, path],
                          capture_output=True, text=True, cwd="/", check=True).stdout.strip()


def test_only_the_listed_peers_are_served(authd):
    assert first_octets(authd.limited, NOBODY.pw_uid) == "b'VERSION'"
    assert first_octets(authd.limited, pwd.getpwnam("postfix").pw_uid) == "b''"
    with Dovecot(authd.limited, handshake=False) as client:  # root is not in the list
        assert client.is_closed()


class UnreadAuthd(Authd):
    """An authd whose standard error is a pipe that nobody reads."""

    def spawn(self):
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        with open(self.output_path, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([program("smtp-authd"), "-c", self.config_path], stdout=out,
                                            stdin=subprocess.DEVNULL, stderr=writer,
                                            env={**os.environ, **SANITIZERS}, start_new_session=True)
        os.close(writer)


def test_a_log_that_nobody_reads_delays_no_login(server, alice):
    """Writes more lines than the pipe and the ring hold; later logins are still answered."""
    with UnreadAuthd(server.postgres) as authd, Dovecot(authd.dovecot) as client:
        for start in (1, 1001):
            client.send("".join(f"AUTH\t{n}\tPLAIN\tservice={'x' * 60}\tresp=AAAA\n"
                                for n in range(start, start + 1000)))
            assert {client.reply().command for _ in range(1000)} == {"FAIL"}
        client.last_id = 3000
        for _ in range(5):
            assert client.login(alice, PASSWORD).command == "OK"
        os.close(authd.reader)


def test_a_path_that_is_no_socket_is_left_alone(server, tmp_path):
    authd = Authd(server.postgres)
    with open(authd.dovecot, "w", encoding="ascii") as file:
        file.write("not a socket")
    done = authd.command()
    assert done.returncode == 1 and authd.dovecot in done.stdout
    with open(authd.dovecot, encoding="ascii") as file:
        assert file.read() == "not a socket"
    authd.destroy()


def test_no_socket_is_there_before_its_listener(server):
    """The socket appears by rename: a client that sees the socket can connect."""
    authd = Authd(server.postgres)
    authd.spawn()
    while not os.path.exists(authd.dovecot):
        assert authd.process.poll() is None
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(authd.dovecot)
    authd.destroy()
