"""The client sides of authd's mail sockets, octet by octet."""

import base64
import contextlib
import socket
import struct


def plain(authcid, password, authzid=""):
    """A PLAIN response (RFC 4616), base64."""
    parts = [part if isinstance(part, bytes) else part.encode() for part in (authzid, authcid, password)]
    return encode(b"\0".join(parts))


def encode(octets):
    return base64.b64encode(octets).decode("ascii")


class Closed(Exception):
    """The server closed the connection."""


class Reply:
    """A reply; `words` are the fields of the line, and the first is the command."""

    def __init__(self, line):
        self.line = line
        self.words = line.split("\t")
        self.command, self.id = self.words[0], self.words[1] if len(self.words) > 1 else None
        self.fields = dict(word.partition("=")[::2] for word in self.words[2:])

    def challenge(self):
        assert self.command == "CONT", self.line
        return base64.b64decode(self.words[2])

    def masked(self):
        """The line without the parts that may differ between two refusals: the id, the name and the reference."""
        return "\t".join(
            "reference" if word.startswith("reason=") and "(reference " in word else word
            for number, word in enumerate(self.words) if number != 1 and not word.startswith("user="))


class Dovecot:
    """A client of the Dovecot auth protocol; the server's handshake is read when it connects."""

    def __init__(self, path, minor=0, handshake=True, timeout=12):
        if isinstance(path, tuple):
            self.socket = socket.create_connection(path)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        self.socket.settimeout(timeout)
        self.buffer = b""
        self.greeting = []
        self.last_id = 0
        if handshake:
            self.read_greeting()
            self.send(f"VERSION\t1\t{minor}\nCPID\t4711\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read_greeting(self):
        while not self.greeting or self.greeting[-1] != "DONE":
            self.greeting.append(self.line())
        return self.greeting

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))

    def line(self):
        while b"\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise Closed(self.buffer)
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode("utf-8")

    def reply(self):
        return Reply(self.line())

    def ask(self, text):
        self.send(text)
        return self.reply()

    def auth(self, mechanism="PLAIN", resp=None, **parameters):
        """Sends AUTH with the next id; returns the reply."""
        self.last_id += 1
        words = ["AUTH", str(self.last_id), mechanism, "service=smtp", "nologin"]
        words += [f"{key}={value}" for key, value in parameters.items()]
        words += [] if resp is None else [f"resp={resp}"]
        return self.ask("\t".join(words) + "\n")

    def begin(self, authcid, password, id="1"):
        """Sends AUTH and returns once authd has begun with it: only then does authd refuse the line that pass_by()
        adds."""
        assert self.pass_by(f"AUTH\t{id}\tPLAIN\tservice=smtp\tresp={plain(authcid, password)}\n")

    def pass_by(self, lines=""):
        """True if authd has read these and all earlier lines, and none of them was answered yet."""
        return self.ask(lines + "CONT\t4711\tAA==\n").line == "FAIL\t4711\treason=Authentication request timed out"

    def login(self, authcid, password, authzid=""):
        return self.auth(resp=plain(authcid, password, authzid))

    def cont(self, octets):
        return self.ask(f"CONT\t{self.last_id}\t{encode(octets)}\n")

    def is_closed(self):
        """True if the server closes the connection without sending anything."""
        with contextlib.suppress(ConnectionError):
            return self.socket.recv(65536) == b""
        return True


def saslauthd_begin(path, login, password, service="smtp", realm="", extra=None, raw=None):
    """Sends a saslauthd request; returns the socket that the answer will come from."""
    fields = [login, password, service, realm] + ([] if extra is None else [extra])
    octets = [field if isinstance(field, bytes) else field.encode() for field in fields]
    request = raw if raw is not None else b"".join(struct.pack("!H", len(o)) + o for o in octets)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(12)
    sock.connect(path)
    with contextlib.suppress(BrokenPipeError):  # authd may answer or close before it has read everything
        sock.sendall(request)
    return sock


def saslauthd_answer(sock):
    """The answer without its count; b"" if the server closed without one."""
    answer = b""
    with sock, contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(4096):
            answer += chunk
    if not answer:
        return b""
    (length,) = struct.unpack("!H", answer[:2])
    assert len(answer) == 2 + length, answer
    return answer[2:]


def saslauthd(path, login, password, **fields):
    """Sends one saslauthd request and returns its answer."""
    return saslauthd_answer(saslauthd_begin(path, login, password, **fields))
