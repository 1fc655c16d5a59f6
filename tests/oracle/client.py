"""A client that knows the right verdict of every login, and counts the answers while faults hit the database.

The client drives many Dovecot-protocol connections from one thread. Four kinds of fault must never occur,
whatever happens to PostgreSQL:

* *false accept*: a login that must be refused is accepted, or a login is accepted as another user;
* *false reject*: a login that must be accepted is refused permanently;
* *lost*: a login is not answered, nor its connection closed, within ten seconds, the time that Postfix waits;
* *stray*: an answer without a request.

A closed connection and code=temp_fail both mean "try again". They are always allowed, and counted, so that a
test can check in which phases they occur.
"""

import selectors
import socket
import threading
import time
from collections import Counter

from .logins import GARBAGE, Mix

PATIENCE = 10.0  # seconds; Postfix's read timeout
FAULTS = ("false accepts", "false rejects", "lost", "stray")
COLUMNS = ("accepted", "refused", "temporary", "closed", "expelled", "unreachable", *FAULTS)


class Connection:
    """A connection: it connects, reads the handshake, then keeps logins in flight by their ids."""

    def __init__(self, oracle, path):
        self.oracle, self.path = oracle, path
        self.socket = None
        self.retry_at = 0.0
        self._reset()

    def _reset(self):
        self.input = b""
        self.ready = False
        self.number = 0
        self.pending = {}  # id: (request, time sent, phase)
        self.opened = time.monotonic()

    def open(self):
        self._reset()
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        try:
            sock.connect(self.path)
            sock.send(b"VERSION\t1\t2\nCPID\t1\n")
        except OSError:
            sock.close()
            self.retry_at = time.monotonic() + 0.05
            self.oracle.count("unreachable")
            return
        self.socket = sock
        self.oracle.selector.register(sock, selectors.EVENT_READ, self)

    def close(self):
        self.oracle.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        self.retry_at = time.monotonic() + 0.02

    def ended(self):
        """The server closed the connection, which means "try again" for every login in flight."""
        if not self.ready:
            self.oracle.count("unreachable")
        for _, _, phase in self.pending.values():
            self.oracle.count("closed", phase)
        self.close()

    def send(self):
        """Keeps the wanted number of logins in flight."""
        out = b""
        while self.ready and self.oracle.sending and len(self.pending) < self.oracle.outstanding:
            self.number += 1
            request = self.oracle.mix.next()
            self.pending[self.number] = (request, time.monotonic(), self.oracle.phase)
            out += request.line(self.number)
        if out:
            try:
                self.socket.sendall(out)  # a few hundred octets: they fit, or the server reads no more
            except OSError:
                self.ended()

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.ended()
            return
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            if self.ready:
                self.answered(line.decode("utf-8", "replace").split("\t"))
            elif line == b"DONE":
                self.ready = True

    def answered(self, fields):
        word, number, rest = fields[0], fields[1] if len(fields) > 1 else "", fields[2:]
        if word not in ("OK", "FAIL") or not number.isdecimal() or int(number) not in self.pending:
            self.oracle.count("stray")
            return
        request, _, phase = self.pending.pop(int(number))
        self.oracle.check(request, phase, word == "OK", rest)

    def overdue(self, now):
        """Gives up a connection with a login or a handshake that has waited too long."""
        late = [(one.kind, phase) for one, sent, phase in self.pending.values() if now - sent > PATIENCE]
        if not self.ready and now - self.opened > PATIENCE:
            late.append(("handshake", self.oracle.phase))
        for kind, phase in late:
            self.oracle.count("lost", phase)
            self.oracle.kinds[kind, "lost"] += 1
        if late:
            self.close()


class Vandal(Connection):
    """Breaks the protocol, must be disconnected without an answer, and connects again. Other connections must not be
    affected."""

    def send(self):
        if not self.ready or self.pending or not self.oracle.sending:
            return
        garbage = self.oracle.mix.random.choice(GARBAGE)
        self.pending[garbage.kind] = (garbage, time.monotonic(), self.oracle.phase)
        try:
            self.socket.send(garbage.response.encode("ascii"))
        except OSError:
            self.ended()

    def answered(self, fields):
        self.oracle.count("stray")
        self.oracle.kinds[next(iter(self.pending), "before garbage"), "stray"] += 1

    def ended(self):
        for _, _, phase in self.pending.values():
            self.oracle.count("expelled", phase)
        self.close()


class Oracle:
    """A context manager that sends logins until it is left; `counts` and `table()` are read afterwards. A login
    counts under the phase in which it was sent, so a fault also shows in the phase before it."""

    def __init__(self, paths, accounts, connections=8, outstanding=4, seed=1):
        self.mix = Mix(accounts, seed)
        self.outstanding = outstanding
        self.connections = [Connection(self, paths[i % len(paths)]) for i in range(connections)]
        self.connections += [Vandal(self, path) for path in paths]
        self.selector = selectors.DefaultSelector()
        self.phases = []
        self.phase = None
        self.counts = Counter()  # (phase, column)
        self.kinds = Counter()  # (kind, column): what exactly went wrong
        self.sending = True
        self.error = None
        self._accepted = threading.Condition()
        self._last_accept = 0.0
        self._thread = threading.Thread(target=self._run, name="oracle", daemon=True)

    def __enter__(self):
        self.begin("at first")
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.sending = False
        self._thread.join(PATIENCE + 5)
        self.selector.close()
        if self._thread.is_alive() or self.error:
            raise RuntimeError(f"the oracle itself failed: {self.error or 'it does not end'}")

    def begin(self, phase):
        """Logins sent from now on count under this name."""
        if phase not in self.phases:
            self.phases.append(phase)
        self.phase = phase

    def wait_accept(self, since, seconds):
        """Waits for a good login that is accepted after `since`. Returns the seconds between the two, or None."""
        with self._accepted:
            self._accepted.wait_for(lambda: self._last_accept > since, seconds)
            return self._last_accept - since if self._last_accept > since else None

    def count(self, column, phase=None):
        self.counts[phase or self.phase, column] += 1

    def check(self, request, phase, accepted, fields):
        if accepted:
            user = fields[0][5:] if fields and fields[0].startswith("user=") else ""
            right = request.allowed and request.identity_right(user)
            column = "accepted" if right else "false accepts"
        elif "temp" in fields or "code=temp_fail" in fields:
            column = "temporary"
        else:
            column = "false rejects" if request.allowed else "refused"
        self.count(column, phase)
        self.kinds[request.kind, column] += 1
        if column == "accepted":
            with self._accepted:
                self._last_accept = time.monotonic()
                self._accepted.notify_all()

    def capacity(self):
        """The highest number of logins in flight."""
        return len(self.connections) * self.outstanding

    def total(self, column):
        return sum(count for (_, name), count in self.counts.items() if name == column)

    def faults(self):
        return {column: self.total(column) for column in FAULTS}

    def table(self):
        """A table with a row for each phase and a column for each count."""
        phases = [one for one in self.phases if any(self.counts[one, column] for column in COLUMNS)]
        width = max(map(len, [*phases, "total"]))
        lines = [f"{'':<{width}} " + " ".join(f"{column:>13}" for column in COLUMNS)]
        for phase in phases:
            lines.append(f"{phase:<{width}} " + " ".join(f"{self.counts[phase, c]:>13}" for c in COLUMNS))
        lines.append(f"{'total':<{width}} " + " ".join(f"{self.total(c):>13}" for c in COLUMNS))
        lines += [f"  {column}: {kind} x {count}" for (kind, column), count in sorted(self.kinds.items())
                  if column in FAULTS]
        return "\n".join(lines)

    def _run(self):
        try:
            while self.sending or any(one.socket and one.pending for one in self.connections):
                self._turn()
            for connection in self.connections:
                if connection.socket:
                    connection.close()
        except Exception as error:  # pylint: disable=broad-except  # __exit__ raises it in the waiting thread
            self.error = error

    def _turn(self):
        for key, _ in self.selector.select(0.02):
            key.data.receive()
        now = time.monotonic()
        for connection in self.connections:
            if connection.socket is None:
                if self.sending and now >= connection.retry_at:
                    connection.open()
                continue
            connection.send()
            if connection.socket is not None:
                connection.overdue(now)
