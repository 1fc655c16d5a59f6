"""A client of the HTTP API on a unix socket. As root it is an administrator."""

import http.client
import json
import socket


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = dict(response.getheaders())
        text = response.read().decode("utf-8")
        self.json = json.loads(text) if text else None

    def __repr__(self):
        return f"{self.status} {self.json}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, method, target, body=None, **headers):
    """Sends one request with a JSON body; an underscore in the name of a header stands for a hyphen."""
    connection = UnixConnection(path)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    octets = None
    if body is not None:
        octets = json.dumps(body).encode("utf-8")
        sent["Content-Type"] = "application/json"
    try:
        connection.request(method, target, octets, sent)
        return Answer(connection.getresponse())
    finally:
        connection.close()
