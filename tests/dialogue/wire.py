"""A connection on which a test writes octets of HTTP as it likes, and reads whole answers."""

import json
import socket
import ssl


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.body[:200]}"

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The type of the problem, which must be complete."""
        assert self.headers["content-type"] == "application/problem+json", self
        problem = self.json
        assert problem["status"] == self.status and problem["detail"] and problem["reference"], self
        return problem["type"]


class Wire:
    """`where` is the path of a unix socket or an address; `authority` the certificate of an HTTPS server."""

    def __init__(self, where, authority=None, source=None):
        self.buffer = b""
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(where)
        else:
            self.socket = socket.create_connection(where, source_address=source and (source, 0))
        self.socket.settimeout(20)
        if authority:
            self.socket = ssl.create_default_context(cafile=authority).wrap_socket(self.socket, server_hostname=where[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        """A server that has refused already may have closed."""
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def more(self):
        """Reads on; False at the end."""
        data = self.socket.recv(65536)
        self.buffer += data
        return data != b""

    def reply(self):
        """The next answer; None: the server has closed the connection before one. A part of an answer is a failure."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                assert self.buffer == b""
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            assert self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(int(status), headers, body)

    def replies(self):
        """All answers up to the end of the connection."""
        return list(iter(self.reply, None))
