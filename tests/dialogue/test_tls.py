"""HTTPS with curl and openssl as clients: certificates that change, and slow clients."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest
from harness.authd import USER
from harness.private import free_ports, wait_until


class Certificates:
    """A certificate authority, with its certificates in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        os.mkdir(directory, 0o755)
        self.authority = self.path("ca.pem")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", self.path("ca.key"), "-out", self.authority, "-days", "2", "-subj", "/CN=test CA")

    def path(self, name):
        return os.path.join(self.directory, name)

    @staticmethod
    def openssl(*words):
        return subprocess.run(
            ["openssl", *words], check=True, capture_output=True, text=True).stdout

    def make(self, name, key=("ec", "ec_paramgen_curve:P-256"), days="1", mode=0o640):
        """Makes NAME.pem and NAME.key for 127.0.0.1; the key is readable by authd's group."""
        request = self.path(f"{name}.csr")
        extensions = self.path(f"{name}.ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write("subjectAltName=IP:127.0.0.1\n")
        self.openssl("req", "-new", "-newkey", key[0], "-pkeyopt", key[1], "-nodes", "-keyout",
                     self.path(f"{name}.key"), "-out", request, "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self.path("ca.key"),
                     "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", self.path(f"{name}.pem"))
        shutil.chown(self.path(f"{name}.key"), 0, USER)
        os.chmod(self.path(f"{name}.key"), mode)

    def install(self, name, *suffixes):
        """Puts the pair where the listener looks for it, each file in one step."""
        for suffix in suffixes or ("pem", "key"):
            new = self.path(f"new.{suffix}")
            shutil.copy2(self.path(f"{name}.{suffix}"), new)
            shutil.chown(new, 0, USER)
            os.rename(new, self.path(f"tls.{suffix}"))


class Https:
    """authd with an HTTPS listener."""

    def __init__(self, server):
        self.authd = server.authd
        self.address = ("127.0.0.1", free_ports()[0])
        self.certificates = Certificates(os.path.join(self.authd.directory, "tls"))
        self.certificates.make("first")
        self.certificates.install("first")
        self.authd.config["listeners"].append({
            "protocol": "http", "address": "%s:%d" % self.address,
            "tls": {"certificate": self.certificates.path("tls.pem"), "key": self.certificates.path("tls.key")}})
        self.authd.write_config()

    def curl(self, path, *options):
        """Runs curl; returns (exit status of curl, status of HTTP, body)."""
        url = "https://%s:%d%s" % (*self.address, path)
        done = subprocess.run(
            ["curl", "-sS", "--cacert", self.certificates.authority, "-w", "\n%{http_code}", *options, url],
            capture_output=True, text=True, timeout=30, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return done.returncode, int(status or 0), body

    def s_client(self, *options):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", "%s:%d" % self.address, "-CAfile", self.certificates.authority,
             *options], input="", capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def presented(self):
        """The name in the certificate that a new connection gets."""
        _, text = self.s_client()
        return next((line.rpartition("CN = ")[2] for line in text.splitlines() if line.startswith("subject=")), None)

    def connect(self):
        """A TCP connection on which TLS was not begun."""
        client = socket.create_connection(self.address)
        client.settimeout(20)
        return client

    def refused(self):
        return [event["message"] for event in self.authd.events("certificate-refused")]


@pytest.fixture
def https(instance):
    instance = Https(instance)
    instance.authd.start()
    return instance


def test_requests_are_answered(https):
    for version in "1.2", "1.3":
        assert https.curl("/healthz", f"--tlsv{version}", "--tls-max", version) == (0, 200, '{"status":"up"}')
    assert https.curl("/nothing")[:2] == (0, 404)
    assert https.authd.authctl("user", "list").status == 0  # the socket in clear still works


def test_a_large_body_comes_whole(https):
    body = https.certificates.path("body")
    with open(body, "w", encoding="ascii") as file:
        file.write("x" * 900_000)
    code, status, _ = https.curl("/v1/users", "-H", "Content-Type: application/json", "--data-binary", f"@{body}")
    assert code == 0
    assert status in (401, 413)


def test_old_protocols_are_refused(https):
    for version in "-tls1", "-tls1_1":
        code, text = https.s_client(version, "-cipher", "ALL:@SECLEVEL=0")
        assert code != 0, text
        assert "Cipher is (NONE)" in text
    code, text = https.s_client("-tls1_2", "-cipher", "AES128-SHA256:AES256-SHA:ECDHE-ECDSA-AES128-SHA")
    assert "Cipher is (NONE)" in text
    code, text = https.s_client("-tls1_2")
    assert code == 0, text


def test_clear_text_gets_no_answer(https):
    with https.connect() as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := client.recv(4096):
                answer += chunk
    assert b"HTTP/" not in answer


def test_a_new_certificate_is_shown_without_a_restart(https):
    assert https.presented() == "first"
    https.certificates.make("second", key=("rsa", "rsa_keygen_bits:2048"))
    https.certificates.install("second")
    wait_until(lambda: https.presented() == "second", 30, "the new certificate")
    assert https.curl("/healthz")[1] == 200
    https.certificates.make("third")
    https.certificates.install("third")
    https.authd.process.send_signal(signal.SIGHUP)
    wait_until(lambda: https.presented() == "third", 2, "the new certificate, at once")
    assert https.refused() == []


def test_a_connection_outlives_its_certificate(https):
    argv = ["openssl", "s_client", "-quiet", "-connect", "%s:%d" % https.address,
            "-CAfile", https.certificates.authority]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        request = b"GET /healthz HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (b"127.0.0.1", https.address[1])
        client.stdin.write(request)
        client.stdin.flush()
        assert client.stdout.readline().startswith(b"HTTP/1.1 200")
        https.certificates.make("second")
        https.certificates.install("second")
        https.authd.process.send_signal(signal.SIGHUP)
        wait_until(lambda: https.presented() == "second", 5, "the new certificate")
        client.stdin.write(request)
        client.stdin.flush()
        while not (line := client.stdout.readline()).startswith(b"HTTP/1.1") and b'"up"}HTTP/1.1' not in line:
            assert line
        client.stdin.close()
        client.kill()


def test_a_bad_new_certificate_changes_nothing(https):
    certificates = https.certificates
    certificates.make("second")
    certificates.make("expired", days="-1")

    def refused(said):
        before = len(https.refused())
        https.authd.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(https.refused()) > before, 5, "its refusal")
        assert said in https.refused()[-1]
        assert https.refused()[-1].endswith("the previous one stays in use")
        assert https.presented() == "first"

    certificates.install("second", "pem")
    refused("is not the key of")
    certificates.install("first")
    with open(certificates.path("tls.pem"), "w", encoding="ascii") as file:
        file.write("-----BEGIN CERTIFICATE-----\nnonsense\n")
    refused("no certificate with its chain in PEM")
    certificates.install("expired")
    refused("has expired; renew it")
    certificates.install("second")
    os.chmod(certificates.path("tls.key"), 0o644)
    refused("others may read the key (mode 0644)")
    os.chmod(certificates.path("tls.key"), 0o600)
    refused("Permission denied: authd reads it as its own user")
    os.unlink(certificates.path("tls.key"))
    refused("No such file or directory")
    certificates.install("second")
    https.authd.process.send_signal(signal.SIGHUP)
    wait_until(lambda: https.presented() == "second", 5, "the good one")


@pytest.mark.parametrize(("break_it", "said"), [
    (lambda pair: os.chmod(pair.path("tls.key"), 0o644), "others may read the key (mode 0644): chmod 640"),
    (lambda pair: os.chmod(pair.path("tls.key"), 0o660), "others may change the key (mode 0660)"),
    (lambda pair: os.unlink(pair.path("tls.pem")), "tls.pem: No such file or directory"),
    (lambda pair: (pair.make("other"), pair.install("other", "key")), "is not the key of"),
])
def test_a_start_without_a_usable_pair_is_refused(instance, break_it, said):
    https = Https(instance)
    break_it(https.certificates)
    for arguments in ("--check-config",), ():
        done = https.authd.command(*arguments)
        assert done.returncode == 1, done.stdout
        assert said in done.stdout


def test_slow_clients_are_dropped(https):
    """Each slow client can hold its connection for about ten seconds, in whatever part of the handshake or request.
    """
    argv = ["openssl", "s_client", "-quiet", "-connect", "%s:%d" % https.address,
            "-CAfile", https.certificates.authority]
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(https.connect())
        dripping = stack.enter_context(https.connect())
        inside = stack.enter_context(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                      stderr=subprocess.DEVNULL))
        inside.stdin.write(b"GET / HTTP/1.1\r\nX-Drip: ")
        record = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(505)
        began = time.monotonic()
        ended = {}
        while len(ended) < 3 and time.monotonic() < began + 16:
            with contextlib.suppress(OSError):
                dripping.send(record[:1])
                record = record[1:]
            with contextlib.suppress(OSError):
                inside.stdin.write(b"x")
                inside.stdin.flush()
            for name, client in ("silent", silent), ("dripping", dripping):
                client.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    try:
                        gone = client.recv(1) == b""
                    except ConnectionResetError:
                        gone = True
                    if gone:
                        ended.setdefault(name, time.monotonic() - began)
            if inside.poll() is not None:
                ended.setdefault("inside", time.monotonic() - began)
            assert https.curl("/healthz")[1] == 200  # other clients do not wait
        inside.stdin = None
        assert sorted(ended) == ["dripping", "inside", "silent"], ended
        assert all(seconds > 8 for seconds in ended.values()), ended
