#!/usr/bin/python3
"""Causes faults of PostgreSQL under a running authd and counts wrong verdicts. AUTHD_BUILD names the build directory.
Exit status 0: no verdict was wrong, no login was lost, and authd recovered after every fault."""

import argparse
import contextlib
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.authd import Authd, new_password  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.private import HarnessError  # noqa: E402
from oracle.faults import play  # noqa: E402
from oracle.logins import Accounts  # noqa: E402


@contextlib.contextmanager
def stage(good=12, suspended=4):
    """A PostgreSQL, an authd with one socket for each way to say "try again", and its users."""
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres())
        postgres.create_authd_database()
        authd = Authd(postgres)
        stack.callback(authd.destroy)
        reply = os.path.join(authd.directory, "dovecot-reply")
        authd.config["listeners"].append(
            {"protocol": "dovecot", "path": reply, "mode": "0666", "tempfail": "reply", "identity": "plain"})
        authd.write_config()
        authd.migrate()
        authd.start()
        yield postgres, [authd.dovecot, reply], add_accounts(authd, good, suspended)


def add_accounts(authd, good, suspended):
    people = [(f"user{number}@example.org", new_password()) for number in range(good + suspended)]
    for login, password in people:
        authd.add_user(login, password)
    for login, _ in people[good:]:
        authd.authctl("user", "suspend", login, "--reason", "the oracle")
    authd.authctl("user", "add", "no-password@example.org")
    return Accounts(people[:good], people[good:], ["no-password@example.org"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=26, help="for all faults; at least 26")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--outstanding", type=int, default=4, help="on each connection")
    options = parser.parse_args()
    try:
        with stage() as (postgres, paths, accounts):
            report = play(postgres, paths, accounts, options.seconds, options.connections,
                          options.outstanding)
    except HarnessError as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2
    print(report.text())
    for problem in report.problems():
        print(f"WRONG: {problem}")
    return 1 if report.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
