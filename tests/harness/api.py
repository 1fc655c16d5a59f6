"""A client of the management API on the administrator's socket."""

import http.client
import json
import socket
from dataclasses import dataclass


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass
class Answer:
    status: int
    json: dict
    headers: object


def call(path, method, target, body=None, **headers):
    """Sends one request; an underscore in the name of a header stands for a hyphen."""
    connection = UnixConnection(path)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, target, None if body is None else json.dumps(body), sent)
        response = connection.getresponse()
        text = response.read()
        return Answer(response.status, json.loads(text) if text else None, response.headers)
    finally:
        connection.close()
