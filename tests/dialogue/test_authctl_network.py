"""authctl on another machine: over TLS, with an API key; and the connections that it refuses."""

import json
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from harness.authd import USER, program
from harness.private import free_ports, run

DONE, REFUSED, USAGE, TEMPORARY = 0, 1, 2, 3


def authctl(*words, **environment):
    done = subprocess.run([program("smtp-authctl"), *words], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


def make_certificate(folder, name):
    """Makes a self-signed certificate; returns (certificate, key)."""
    certificate, key = os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-keyout", key, "-out", certificate, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    shutil.chown(key, USER)
    return certificate, key


@pytest.fixture
def remote(instance):
    """An authd behind TLS: (server, its URL, its certificate)."""
    certificate, key = make_certificate(instance.authd.directory, "localhost")
    port = free_ports()[0]
    instance.authd.config["listeners"].append({
        "protocol": "http", "address": f"127.0.0.1:{port}", "tls": {"certificate": certificate, "key": key}})
    instance.authd.write_config()
    instance.authd.start()
    return instance, f"https://localhost:{port}", certificate


def test_without_a_key_it_is_nobody(remote):
    _, url, certificate = remote
    status, out, _ = authctl("--url", url, "--cacert", certificate, "--json", "user", "list")
    assert (status, json.loads(out)["status"]) == (REFUSED, 401)


def test_with_a_key_it_is_whose_the_key_is(remote, tmp_path):
    """The key is read from a file and printed nowhere."""
    server, url, certificate = remote
    made = server.authd.authctl("api-key", "add", "--label", "remote").json
    path = tmp_path / "key"
    path.write_text(made["secret"] + "\n", encoding="ascii")
    there = ("--url", f"{url}/", "--cacert", certificate, "--token-file", str(path))
    login = server.new_user()
    status, out, talk = authctl(*there, "user", "list", "--match", login, "--verbose")
    assert (status, out.split("\t")[0]) == (DONE, login)
    assert f"authd at {url}/, with the key in {path}\n" in talk
    assert made["secret"] not in talk
    status, out, talk = authctl(*there, "--json", "user", "suspend", login)
    assert (status, json.loads(out)["status"]) == (REFUSED, 403)
    assert talk.splitlines()[0] == "smtp-authctl: " + json.loads(out)["detail"]


def test_an_unknown_certificate_is_refused(remote):
    _, url, _ = remote
    status, out, talk = authctl("--url", url, "user", "list")
    assert (status, out) == (TEMPORARY, "")
    assert talk.startswith(f"smtp-authctl: cannot reach authd at {url}: SSL certificate problem")
    assert "--cacert FILE" in talk


def test_another_name_is_refused(remote):
    _, url, certificate = remote
    status, _, talk = authctl("--url", url.replace("localhost", "127.0.0.1"), "--cacert", certificate, "user", "list")
    assert status == TEMPORARY
    assert "127.0.0.1" in talk


def test_no_proxy_of_the_environment_is_asked(remote):
    _, url, certificate = remote
    nowhere = f"http://127.0.0.1:{free_ports()[0]}"
    proxies = {name: nowhere for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
    assert authctl("--url", url, "--cacert", certificate, "user", "list", NO_PROXY="", no_proxy="",
                   **proxies)[0] == REFUSED


@pytest.mark.parametrize("url", [
    "http://auth.example.org", "http://127.0.0.1.example.org", "http://localhost@example.org", "ftp://localhost",
    "auth.example.org", "https://", "https://user:word@example.org", "https://example.org/?x", "http://[::1",
    "file:///etc/passwd", "http://localhost.example.org:80",
])
def test_a_url_that_would_show_the_key_is_usage(url):
    status, out, talk = authctl("--url", url, "user", "list")
    assert (status, out) == (USAGE, "")
    assert talk.startswith("smtp-authctl: --url ")


@pytest.mark.parametrize(("content", "flaw"), [
    ("", "is empty"), ("\n", "is empty"), ("one\ntwo\n", "holds more than one line of ASCII"),
    ("k\u00e9y", "holds more than one line of ASCII"), ("x" * 2000, "has more than 1024 octets"),
])
def test_a_key_file_holds_one_key(tmp_path, content, flaw):
    path = tmp_path / "key"
    path.write_text(content, encoding="utf-8")
    status, _, talk = authctl("--url", "https://localhost", "--token-file", str(path), "user", "list")
    assert (status, talk) == (USAGE, f"smtp-authctl: {path} {flaw}\n")


def test_a_key_file_that_is_not_there():
    status, _, talk = authctl("--url", "https://localhost", "--token-file", "/nowhere/key", "user", "list")
    assert (status, talk) == (USAGE, "smtp-authctl: cannot read /nowhere/key: No such file or directory\n")


def test_nobody_listens():
    url = f"https://localhost:{free_ports()[0]}"
    status, out, talk = authctl("--url", url, "--json", "user", "list")
    problem = json.loads(out)
    assert status == TEMPORARY
    assert problem["detail"].startswith(f"cannot reach authd at {url}: ")
    assert problem["hint"] == "Check the URL, and that authd listens there."
    assert talk.startswith("smtp-authctl: cannot reach authd at ")


class Gateway(BaseHTTPRequestHandler):
    """A program between authctl and authd that answers by itself: the path has the status and the body."""

    def do_GET(self):
        _, status, body = self.path.split("/")[:3]
        text = {"object": b'{"message": "no"}', "list": b"[]", "page": b"<html>", "nothing": b""}[body]
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def gateway():
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status, body, expected", [
    (403, "object", REFUSED), (404, "page", REFUSED), (407, "nothing", REFUSED), (302, "object", TEMPORARY),
    (502, "page", TEMPORARY), (503, "object", TEMPORARY), (200, "list", TEMPORARY), (200, "page", TEMPORARY)])
def test_an_answer_that_is_not_from_authd(gateway, status, body, expected):
    """--json still prints a problem, and not what a gateway says."""
    got, out, _ = authctl("--url", f"{gateway}/{status}/{body}", "--json", "user", "show", "a")
    assert (got, json.loads(out)["type"]) == (expected, "unexpected-answer")
