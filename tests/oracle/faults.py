"""The faults of PostgreSQL during which the oracle sends logins, and the report on the results."""

import time

from .client import Oracle

RECOVERY_SECONDS = 2.0  # promised from "PostgreSQL accepts again" to the first good login; reported, not checked


def crash(postgres):
    """The server dies as by kill -9, then starts with crash recovery."""
    postgres.stop("immediate")
    postgres.start()


# Phase, its share of the whole time, the action that begins it, and whether PostgreSQL serves in it. The hang must
# be longer than the oracle's PATIENCE: otherwise a lost login would not be noticed.
SCRIPT = [
    ("healthy", 2, None, True),
    ("stopped", 4, lambda postgres: postgres.stop("fast"), False),
    ("started", 3, lambda postgres: postgres.start(), True),
    ("hung", 11, lambda postgres: postgres.hang(), False),
    ("resumed", 3, lambda postgres: postgres.resume(), True),
    ("crashed", 3, crash, True),
]


class Report:
    def __init__(self, oracle, recoveries):
        self.oracle, self.recoveries = oracle, recoveries

    def problems(self):
        """A sentence for each problem. An empty list means that the run passed."""
        counts = self.oracle.counts
        found = [f"{count} {column}" for column, count in self.oracle.faults().items() if count]
        if self.oracle.total("unreachable"):
            found.append(f"{self.oracle.total('unreachable')} connections without a handshake")
        for phase, seconds in self.recoveries.items():
            if seconds is None:
                found.append(f"{phase}: no good login after PostgreSQL was back")
        put_off = counts["healthy", "temporary"] + counts["healthy", "closed"]
        if put_off > self.oracle.capacity():
            found.append(f"healthy: {put_off} logins were put off, more than the next fault could reach")
        for phase, _, _, serving in SCRIPT:
            if serving and not counts[phase, "accepted"]:
                found.append(f"{phase}: no login was accepted")
            if not serving and not counts[phase, "temporary"] + counts[phase, "closed"]:
                found.append(f"{phase}: the database was away and nobody noticed")
        return found

    def text(self):
        times = ", ".join(f"{phase} {'never' if seconds is None else f'{seconds:.2f} s'}"
                          for phase, seconds in self.recoveries.items())
        return f"{self.oracle.table()}\nfirst good login after PostgreSQL accepts again: {times}"


def play(postgres, paths, accounts, seconds=26, connections=8, outstanding=4):
    """Runs the whole script against the Dovecot sockets `paths` and returns a Report."""
    scale = seconds / sum(share for _, share, _, _ in SCRIPT)
    recoveries = {}
    with Oracle(paths, accounts, connections, outstanding) as oracle:
        try:
            for phase, share, act, serving in SCRIPT:
                oracle.begin(phase)
                if act:
                    act(postgres)
                began = time.monotonic()
                if act and serving:
                    recoveries[phase] = oracle.wait_accept(began, 5 * RECOVERY_SECONDS)
                time.sleep(max(0.0, began + share * max(scale, 1.0) - time.monotonic()))
        finally:
            postgres.resume()
    return Report(oracle, recoveries)
