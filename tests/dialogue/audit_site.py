"""A site with an audit of its own, which tests may damage, and what they ask of it."""

import contextlib
import subprocess
import time

import pytest
from client import encode
from conftest import PASSWORD, Server, make_authd
from harness.authd import program
from harness.postgres import Postgres
from harness.private import wait_until

TABLES = ("audit_event", "audit_person", "audit_pending", "audit_seal")
ROOT = {"credential": {"kind": "host", "name": "root (uid 0)"}, "role": "host"}


def authctl(server, *words, check=0):
    """Runs authctl with a pipe instead of a terminal; returns stdout, stderr."""
    done = subprocess.run([program("smtp-authctl"), "--socket", server.authd.http, *words], capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == check, done.stdout + done.stderr
    return done.stdout, done.stderr


def audit(server, *words):
    """The rows that `audit search` finds, newest first."""
    return server.authd.authctl("audit", "search", *words).json["items"]


def wait_sealed(server):
    """Waits until every event so far is recorded and sealed."""
    def sealed():
        return server.sql("SELECT count(*) FROM authd.audit_pending") == "0"
    time.sleep(1.2)  # a batch of logins is written every second
    wait_until(sealed, what="a seal over everything")


def verify(server, *words):
    """The report of `audit verify`."""
    answer = server.authd.authctl("audit", "verify", *words, check=False)
    assert answer.status == (0 if answer.json["verified"] else 1), answer.text
    return answer.json


def flaws(report):
    """The flaws of a report: {(kind, row or seal), …}."""
    return {(flaw["kind"], flaw["row"] or flaw["seal"]) for flaw in report["flaws"]}


def login(server, user, password=PASSWORD, **parameters):
    with server.connect() as client:
        return client.auth(resp=encode(b"\0" + user.encode() + b"\0" + password.encode()), **parameters)


@contextlib.contextmanager
def whole_site(postgres):
    authd = make_authd(postgres)
    authd.migrate()
    with authd:
        yield Server(authd, postgres)


@pytest.fixture(scope="module")
def site():
    """An undamaged audit with a few users, changes, logins and seals; `rows` are the ids of its rows."""
    with Postgres() as postgres:
        postgres.create_authd_database()
        with whole_site(postgres) as server:
            server.users = [server.new_user() for _ in range(3)]
            wait_sealed(server)
            for user in server.users:
                login(server, user)
                login(server, user, "wrong")
            wait_sealed(server)
            server.authd.authctl("user", "suspend", server.users[0], "--reason", "test")
            wait_sealed(server)
            server.rows = [int(line) for line in server.sql("SELECT id FROM authd.audit_event ORDER BY id").split()]
            assert verify(server)["verified"]
            yield server


@contextlib.contextmanager
def damaged(server, sql):
    """Runs SQL as a superuser, and restores the tables afterwards."""
    server.sql("CREATE SCHEMA kept;" + "".join(
        f"CREATE TABLE kept.{name} AS TABLE authd.{name};" for name in TABLES))
    try:
        server.sql(sql)
        yield
    finally:
        server.sql("BEGIN;" + "".join(
            f"TRUNCATE authd.{name}; INSERT INTO authd.{name} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{name};"
            for name in TABLES) + "COMMIT; DROP SCHEMA kept CASCADE;")
