"""A small auth server that gives wrong answers on request, to test the programs that check authd."""

import base64
import os
import socket
import threading

HANDSHAKE = (b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t" + b"0" * 32 + b"\nDONE\n")
LINE_MAX = 16384


class Liar:
    """A server with the users `accounts` (login: password), as a context manager; `path` is its socket.
    `lie(line_number, login, allowed)` returns the octets of the answer, in which %d stands for the id, or None for
    the right answer."""

    def __init__(self, directory, accounts, lie):
        self.path = os.path.join(directory, "liar")
        self.accounts, self.lie = accounts, lie
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                connection.sendall(HANDSHAKE)
                buffer = b""
                for number in range(1 << 30):
                    while b"\n" not in buffer:
                        data = connection.recv(65536)
                        buffer += data
                        if not data or len(buffer) > LINE_MAX:
                            return
                    line, buffer = buffer.split(b"\n", 1)
                    if line.split(b"\t")[0] not in (b"VERSION", b"CPID"):
                        connection.sendall(self._answer(number, line.split(b"\t")))
            except (OSError, ValueError):
                pass  # the client left, or broke the protocol: close

    def _answer(self, number, fields):
        identifier = int(fields[1]) if len(fields) > 1 else 0
        if not 0 < identifier < 1 << 32 or not fields[-1].startswith(b"resp="):
            raise ValueError("broken request")
        login, allowed = self._judge(fields[-1][5:])
        said = self.lie(number, login, allowed)
        if said is None:
            said = b"OK\t%d\tuser=" + login + b"\n" if allowed else b"FAIL\t%d\n"
        return said.replace(b"%d", str(identifier).encode())

    def _judge(self, response):
        """The login, and whether it must be allowed; (b"nobody", False) for a malformed response."""
        try:
            authzid, login, password = base64.b64decode(response, validate=True).decode().split("\0")
        except ValueError:
            return b"nobody", False
        if authzid not in ("", login) or base64.b64encode(base64.b64decode(response)) != response:
            return b"nobody", False
        return login.encode(), self.accounts.get(login) == password and bool(password)
