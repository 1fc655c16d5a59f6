"""A site with an audit of its own, which tests may damage, and what they ask of it."""

import contextlib
import hashlib
import json
import os
import subprocess
import time

import pytest
from client import encode
from conftest import PASSWORD, Server, make_authd
from harness.authd import program
from harness.postgres import Postgres
from harness.private import read_text, wait_until

TABLES = ("audit_event", "audit_person", "audit_pending", "audit_seal", "audit_batch")
LOCK_ORDER = ("audit_batch", "audit_seal", "audit_pending", "audit_event", "audit_person")
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


def blake2b(text, size=32, **options):
    return hashlib.blake2b(text.encode(), digest_size=size, **options).hexdigest()


def key_of(server):
    """The key of the audit."""
    return bytes.fromhex(read_text(os.path.join(server.authd.config["key_dir"], "audit")).strip())


def tag_of(text, key):
    """The tag of authd.audit_call_text(), as docs/audit.md describes it."""
    return blake2b("authd audit tag 1\n" + text, size=16, key=key)


def tagged(server, operation, kind="authd"):
    """The call of an operation, as authd makes it, for the host or for authd itself."""
    nonce, arguments = os.urandom(16).hex(), "00" * 16

    def tag(actor):
        text = json.dumps(["change", nonce, operation, arguments, 1, 0, actor] + [None] * 5)
        return {"rows": 1, "tag": tag_of(text, key_of(server))}
    return {"nonce": nonce, "arguments": arguments, "waited": 0, **tag(kind), "own": tag("authd")}


def verify(server, *words):
    """The report of `audit verify`."""
    answer = server.authd.authctl("audit", "verify", *words, check=False)
    assert answer.status == (0 if answer.json["verified"] else 1), answer.text
    return answer.json


def flaws(report):
    """The flaws of a report: {(kind, row or seal), …}."""
    return {(flaw["kind"], flaw["seal"] if flaw["row"] is None else flaw["row"]) for flaw in report["flaws"]}


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
def damaged(server, sql, tables=TABLES):
    """Runs SQL as a superuser, and restores the tables afterwards."""
    server.sql("CREATE SCHEMA kept;" + "".join(
        f"CREATE TABLE kept.{name} AS TABLE authd.{name};" for name in tables))
    try:
        server.sql(sql)
        yield
    finally:
        # The locks come in the order in which authd's sealer takes its own.
        server.sql("BEGIN; LOCK TABLE " + ", ".join(f"authd.{name}" for name in LOCK_ORDER if name in tables) + ";"
                   + "".join(f"TRUNCATE authd.{name}; INSERT INTO authd.{name} OVERRIDING SYSTEM VALUE "
                             f"SELECT * FROM kept.{name};" for name in tables)
                   + "COMMIT; DROP SCHEMA kept CASCADE;")
