"""The audit: which events are recorded, and that changes by an attacker who can write in the database, but has no
key, are detected.

The tests that damage an audit use an authd and a PostgreSQL of their own, and a superuser; each test restores what
it has damaged."""

import contextlib
import csv
import hashlib
import io
import json
import os
import re
import subprocess
import time

import pytest
from client import encode
from conftest import PASSWORD, Server, make_authd
from harness.authd import program
from harness.postgres import USER, Postgres
from harness.postgres import program as postgres_program
from harness.private import HarnessError, read_text, run, wait_until
from test_admin import Http

TABLES = ("audit_event", "audit_person", "audit_pending", "audit_seal")
ROOT = {"credential": {"kind": "host", "name": "root (uid 0)"}, "role": "host"}


# ---- helpers ---------------------------------------------------------------------------------------------------

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


# ---- tampering -------------------------------------------------------------------------------------------------

def test_a_whole_audit(site):
    report = verify(site)
    seals = int(site.sql("SELECT count(*) FROM authd.audit_seal"))
    assert (report["rows"], report["seals"]) == (len(site.rows), seals)
    assert (report["flaws"], report["unsealed"], report["erased"], report["expired"]) == ([], 0, 0, 0)
    assert report["anchor"] == site.sql("SELECT number || ' ' || encode(mac, 'hex') FROM authd.audit_seal "
                                        "ORDER BY number DESC LIMIT 1")


@pytest.mark.parametrize("change", [
    "action = 'user_show'", "account = account + 1", "at = at + interval '1 us'", "reference = 'aaaaaaaaaa'",
    "actor_kind = 'session'", "peer = NULL", "subject_digest = NULL", "details = '{}'", "outcome = ''",
    "object_id = '77'", "class = 'login'"])
def test_a_changed_row(site, change):
    row = site.sql("SELECT min(id) FROM authd.audit_event WHERE action = 'user_add'")
    with damaged(site, f"UPDATE authd.audit_event SET {change} WHERE id = {row}"):
        report = verify(site)
        # Without subject_digest, the row in audit_person is a second flaw of the same row.
        assert ("changed", int(row)) in flaws(report) and {found for _, found in flaws(report)} == {int(row)}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert re.search(rf"^row {row} \(.*does not say what it said when it was sealed$", out, re.M)
    assert verify(site)["verified"]


def test_a_refusal_made_a_success(site):
    row = site.sql("SELECT max(id) FROM authd.audit_event WHERE reason = 'wrong-password'")
    with damaged(site, "UPDATE authd.audit_event SET outcome = 'allow', reason = 'good-password' "
                       f"WHERE id = {row}"):
        assert flaws(verify(site)) == {("changed", int(row))}


def test_missing_rows(site):
    first, *_, last = site.rows
    with damaged(site, f"DELETE FROM authd.audit_event WHERE id IN ({first}, {last})"):
        assert flaws(verify(site)) == {("missing", first), ("missing", last)}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert re.search(rf"^row {first} is missing: a change that was sealed at \S+ by seal 1$", out, re.M)


def test_added_rows(site):
    copy = "INSERT INTO authd.audit_event SELECT (jsonb_populate_record(event, '{\"id\": %d}')).* " \
           "FROM authd.audit_event AS event WHERE id = %d"
    with damaged(site, copy % (1000000, site.rows[-1])):
        assert flaws(verify(site)) == {("added", 1000000)}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert "row 1000000 (user_suspend, " in out and "is in no seal: it was added" in out


def test_swapped_rows(site):
    """Exchanges the ids of two rows, so that each has the other's text."""
    a, b = site.sql("SELECT min(id) || ' ' || max(id) FROM authd.audit_event WHERE reason = 'good-password'").split()
    swap = "".join(f"UPDATE authd.{table} SET {column} = {new} WHERE {column} = {old};"
                   for table, column in (("audit_event", "id"), ("audit_person", "event"))
                   for old, new in ((a, -1), (b, a), (-1, b)))
    with damaged(site, swap):
        assert flaws(verify(site)) == {("moved", int(a)), ("moved", int(b))}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert f"now says what row {b} said" in out and f"now says what row {a} said" in out


def test_a_renumbered_row(site):
    row = site.rows[3]
    with damaged(site, f"UPDATE authd.audit_event SET id = 2000000 WHERE id = {row};"
                       f"UPDATE authd.audit_person SET event = 2000000 WHERE event = {row}"):
        assert flaws(verify(site)) == {("missing", row), ("added", 2000000)}


def test_side_rows(site):
    changed, gone = site.rows[:2]
    with damaged(site, "UPDATE authd.audit_person SET data = jsonb_set(data, '{name}', '\"mallory\"') "
                       f"WHERE event = {changed} AND part = 'actor';"
                       f"DELETE FROM authd.audit_person WHERE event = {gone} AND part = 'subject'"):
        assert flaws(verify(site)) == {("person-changed", changed), ("person-missing", gone)}
    login_row = site.sql("SELECT min(id) FROM authd.audit_event WHERE class = 'login'")
    with damaged(site, f"INSERT INTO authd.audit_person VALUES ({login_row}, 'actor', '\\x00', '{{}}')"):
        assert flaws(verify(site)) == {("person-changed", int(login_row))}


def test_a_deleted_seal(site):
    rows = json.loads(site.sql("SELECT to_jsonb(ids) FROM authd.audit_seal WHERE number = 2"))
    with damaged(site, "DELETE FROM authd.audit_seal WHERE number = 2"):
        found = flaws(verify(site))
        assert ("seal-missing", 3) in found
        assert {row for kind, row in found if kind == "added"} == set(rows)
        assert "seal 2 is missing" in authctl(site, "audit", "verify", check=1)[0]


def test_the_first_seals(site):
    with damaged(site, "DELETE FROM authd.audit_event WHERE id IN (SELECT unnest(ids) FROM authd.audit_seal "
                       "WHERE number <= 2); DELETE FROM authd.audit_seal WHERE number <= 2"):
        assert flaws(verify(site)) == {("seal-missing", 3)}


@pytest.mark.parametrize("change", ["at = at + 1", "class = 'login'", "mac = sha256(mac)", "count = count + 1",
                                    "previous = sha256(previous)", "list = sha256(list)", "key = '00000000'"])
def test_a_changed_seal(site, change):
    with damaged(site, f"UPDATE authd.audit_seal SET {change} WHERE number = 1"):
        found = flaws(verify(site))
        assert {("seal-changed", 1), ("seal-key", 1)} & found and {seal for _, seal in found} == {1}


def test_a_row_taken_with_its_place_in_the_list(site):
    """The seal no longer lists the row, but its MAC does not fit."""
    row = site.rows[0]
    with damaged(site, f"UPDATE authd.audit_seal SET count = count - 1, ids = array_remove(ids, {row}), "
                       f"digests = substr(digests, 33) WHERE ids[1] = {row};"
                       f"DELETE FROM authd.audit_event WHERE id = {row}"):
        assert ("seal-changed", 1) in flaws(verify(site))


def blake2b(text, **options):
    return hashlib.blake2b(text.encode(), digest_size=32, **options).hexdigest()


def seal_mac(seal, key):
    return blake2b("authd audit seal 1\n" + "".join(
        f"{name}={seal[name]}\n" for name in ("number", "at", "count", "class", "previous", "list")), key=key)


def seals_of(server):
    return json.loads(server.sql(
        "SELECT jsonb_agg(to_jsonb(seal) || jsonb_build_object('mac', encode(mac, 'hex'), "
        "'previous', encode(previous, 'hex'), 'list', encode(list, 'hex'), 'texts', (SELECT jsonb_agg("
        "authd.audit_text(event) ORDER BY n) FROM unnest(ids) WITH ORDINALITY AS item (id, n) "
        "JOIN authd.audit_event AS event USING (id))) ORDER BY number) FROM authd.audit_seal AS seal"))


def key_of(server):
    return bytes.fromhex(read_text(os.path.join(server.authd.config["key_dir"], "audit")).strip())


def test_the_chain_checks_without_authd(site):
    """Recomputes the chain as docs/audit.md describes."""
    previous = "0" * 64
    for seal in seals_of(site):
        lines = "".join(f"{row}:{blake2b(text)}\n" for row, text in zip(seal["ids"], seal["texts"]))
        assert seal["list"] == blake2b(lines)
        assert seal["previous"] == previous
        previous = seal["mac"] = seal_mac(seal, key_of(site))
    assert verify(site)["anchor"].endswith(previous)


def test_a_chain_made_anew_without_the_key(site):
    """An attacker changes a row, and seals all that follows anew with a key of his own."""
    row = site.rows[0]
    text = "(SELECT authd.audit_text(event) FROM authd.audit_event AS event WHERE id = %d)" % row
    with damaged(site, f"UPDATE authd.audit_event SET action = 'nothing' WHERE id = {row}"):
        digest = blake2b(site.sql(f"SELECT {text}"))
        previous, statements = "0" * 64, []
        for seal in seals_of(site):
            digests = [digest if one == row else blake2b(other) for one, other in zip(seal["ids"], seal["texts"])]
            seal["previous"] = previous
            seal["list"] = blake2b("".join(f"{one}:{it}\n" for one, it in zip(seal["ids"], digests)))
            previous = seal_mac(seal, b"k" * 32)
            statements.append(
                f"UPDATE authd.audit_seal SET mac = '\\x{previous}', previous = '\\x{seal['previous']}', "
                f"list = '\\x{seal['list']}', digests = '\\x{''.join(digests)}' WHERE number = {seal['number']};")
        site.sql("".join(statements))
        assert {kind for kind, _ in flaws(verify(site))} >= {"seal-changed"}
        assert {seal for kind, seal in flaws(verify(site)) if kind == "seal-changed"} == {
            seal["number"] for seal in seals_of(site)}


def test_a_truncated_end(site, tmp_path):
    anchor = tmp_path / "anchor"
    anchor.write_text(authctl(site, "audit", "verify")[0])
    assert verify(site, "--anchor", str(anchor))["verified"]
    last = int(anchor.read_text().split()[0])
    with damaged(site, "DELETE FROM authd.audit_event WHERE id IN (SELECT unnest(ids) FROM authd.audit_seal "
                       f"WHERE number = {last}); DELETE FROM authd.audit_seal WHERE number = {last}"):
        out, _ = authctl(site, "audit", "verify", "--anchor", str(anchor), check=1)
        assert f"the chain ends with seal {last - 1}, but the anchor has seal {last}: its end is gone" in out
        # The node's own heads file shows the loss, too.
        assert f"but this node's audit-heads has seal {last}" in authctl(site, "audit", "verify", check=1)[0]
    assert verify(site, "--anchor", str(anchor))["verified"]


def test_anchors(site, tmp_path):
    number, mac = verify(site)["anchor"].split()
    anchor = tmp_path / "anchor"
    for text, kind in ((f"{number} {'0' * 64}\n", "anchor"), (f"{int(number) + 5} {mac}\n", "anchor")):
        anchor.write_text(text)
        assert {found for found, _ in flaws(verify(site, "--anchor", str(anchor)))} == {kind}
    anchor.write_text(f"1 {'0' * 64}\n{number} {mac}\n")  # the last line counts
    assert verify(site, "--anchor", str(anchor))["verified"]
    anchor.write_text("not an anchor\n")
    refused = site.authd.authctl("audit", "verify", "--anchor", str(anchor), check=False)
    assert refused.status == 1 and "is not a text that authd returned" in refused.json["detail"]
    anchor.write_text("\n")
    assert "holds no anchor" in authctl(site, "audit", "verify", "--anchor", str(anchor), check=2)[1]


def test_a_report_in_pieces(site):
    """A long check answers in pieces; each piece says where the next begins."""
    with Http(site.authd.http) as client:
        def ask(body):
            text = json.dumps(body)
            client.socket.sendall(f"POST /v1/audit/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                                  f"\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            return client.response()
        first = site.sql("SELECT encode(mac, 'hex') FROM authd.audit_seal WHERE number = 1")
        status, report = ask({"after": f"seal 1 {first}"})
        assert (status, report["verified"], report["rows"]) == (
            200, True, len(site.rows) - int(site.sql("SELECT count FROM authd.audit_seal WHERE number = 1")))
        status, report = ask({"after": "seal 1 " + "0" * 64})
        assert (status, flaws(report)) == (200, {("seal-changed", 2)})
        status, report = ask({"after": f"row {site.rows[-1]}"})
        assert (status, report["verified"], report["rows"], report["complete"]) == (200, True, 0, True)
        for after in ("row", "row x", "seal 1", "everything"):
            assert ask({"after": after})[0] == 422


# ---- what is recorded ------------------------------------------------------------------------------------------

def test_a_login(server):
    user = server.new_user()
    since = server.authd.log_size()
    login(server, user, rip="192.0.2.9")
    login(server, user, "wrong", rip="192.0.2.9")
    refused = server.authd.wait_event(since, user=user, outcome="deny")
    wait_sealed(server)
    wrong, good = audit(server, "--user", user, "--action", "login")
    assert (good["outcome"], good["reason"], good["actor"]["credential"]) == ("allow", "good-password", "#p1")
    assert (wrong["outcome"], wrong["reason"], wrong["reference"]) == ("deny", "wrong-password", refused["ref"])
    for row in (good, wrong):
        assert (row["user"], row["client"], row["service"], row["mechanism"], row["front"], row["count"]) == (
            user, "192.0.2.9", "smtp", "PLAIN", "dovecot", 1)
    assert audit(server, "--reference", refused["ref"]) == [wrong]


def test_names_that_nobody_has(server):
    name = f"stranger{os.getpid()}@example.org"
    login(server, name)
    login(server, 'evil"\\\x01\t=cmd\u202e@example.org')
    wait_sealed(server)
    assert [row["reason"] for row in audit(server, "--user", name)] == ["unknown-user"]
    assert audit(server, "--user", name)[0]["user_id"] is None
    assert any("evil" in row["user"] for row in audit(server, "--match", "evil", "--outcome", "deny"))
    out, _ = authctl(server, "audit", "search", "--match", "evil")
    assert "\x01" not in out and "\u202e" not in out and "\\u{202e}" in out


def test_a_change_and_its_reference(server):
    since = server.authd.log_size()
    user = server.new_user()
    server.authd.log_size()  # by now the log is complete
    line = next(event for event in server.authd.events("http", since) if event["route"] == "/v1/users")
    row = audit(server, "--user", user, "--action", "user_add")[0]
    assert row["reference"] == line["ref"]
    assert row["actor"]["name"] == line["actor"].strip('"') == "root (uid 0)"
    assert row["before"] is None and row["after"]["login"] == user
    server.authd.authctl("user", "set", user, "display_name=New")
    row = audit(server, "--user", user, "--limit", "1")[0]
    assert (row["action"], row["before"], row["after"]) == (
        "user_set", {"display_name": None}, {"display_name": "New"})
    assert PASSWORD not in json.dumps(audit(server, "--user", user))
    assert "$argon2id$" not in server.sql("SELECT string_agg(person::text, ' ') FROM authd.audit_person AS person")


def test_what_changes_nothing_is_not_recorded(server):
    user = server.new_user()
    server.authd.log_size()  # by now the log is complete
    before = len(audit(server, "--user", user))
    server.authd.authctl("user", "set", user, "display_name=Never", "--dry-run")
    server.authd.authctl("user", "resume", user)
    server.authd.authctl("user", "show", user)
    assert len(audit(server, "--user", user)) == before


def test_no_record_no_change(site):
    """If the audit row cannot be written, the change is not made and the client gets an error."""
    name = f"unrecorded{os.getpid()}@example.org"
    site.sql("CREATE FUNCTION authd.sabotage() RETURNS trigger LANGUAGE plpgsql AS "
             "$$ BEGIN RAISE 'no room'; END $$; CREATE TRIGGER sabotage BEFORE INSERT ON authd.audit_event "
             "FOR EACH ROW WHEN (new.class = 'change') EXECUTE FUNCTION authd.sabotage()")
    try:
        for words in (("user", "add", name), ("user", "set", site.users[1], "display_name=X"),
                      ("user", "delete", site.users[2])):
            assert site.authd.authctl(*words, check=False).status == 3
    finally:
        site.sql("DROP TRIGGER sabotage ON authd.audit_event; DROP FUNCTION authd.sabotage()")
    assert site.authd.authctl("user", "show", name, check=False).status == 1
    assert site.authd.authctl("user", "show", site.users[1]).json["display_name"] is None
    assert site.authd.authctl("user", "show", site.users[2]).status == 0


def test_more_than_fits_is_counted(site):
    """A batch of logins is bounded; logins beyond the bound are counted, and the audit has their number."""
    number = 12000
    before = int(site.sql("SELECT coalesce(sum((details ->> 'logins')::int), 0) FROM authd.audit_event "
                          "WHERE action = 'audit_lost'"))
    with site.connect(timeout=60) as client:
        for first in range(0, number, 100):
            client.send("".join(f"AUTH\t{i + 1}\tPLAIN\tservice=flood\tresp=!\n" for i in range(first, first + 100)))
            for _ in range(100):
                client.reply()
    wait_sealed(site)
    listed = int(site.sql("SELECT coalesce(sum(count), 0) FROM authd.audit_event WHERE service = 'flood'"))
    lost = int(site.sql("SELECT coalesce(sum((details ->> 'logins')::int), 0) FROM authd.audit_event "
                        "WHERE action = 'audit_lost'")) - before
    assert listed + lost == number
    assert verify(site)["verified"]


def test_logins_while_the_database_is_away(instance, alice):
    """The logins fail, and are recorded when the database is back, with the time at which they happened."""
    server = instance
    server.authd.start()
    server.postgres.stop()
    try:
        login_at = time.time()
        with server.connect(server.replying) as client:
            assert client.login(alice, PASSWORD).command == "FAIL"
        time.sleep(2)
    finally:
        server.postgres.start()

    def recorded():
        with contextlib.suppress(HarnessError):
            return server.sql("SELECT extract(epoch FROM at) FROM authd.audit_event "
                              "WHERE reason = 'database-down' ORDER BY id DESC LIMIT 1")
        return None
    assert abs(float(wait_until(recorded, 20, "the login's row")) - login_at) < 2


def test_a_stop_records_what_waits(instance, alice):
    instance.authd.start()
    with instance.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"
    since = instance.sql("SELECT max(id) FROM authd.audit_event")
    with instance.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"
    instance.authd.stop()
    assert int(instance.sql(f"SELECT count(*) FROM authd.audit_event WHERE id > {since} AND class = 'login'")) >= 1


# ---- erasure, expiry, other places -----------------------------------------------------------------------------

def test_an_erased_user(site):
    user = site.new_user()
    login(site, user, rip="198.51.100.77")
    site.authd.authctl("user", "set", user, "display_name=Very Personal")
    wait_sealed(site)
    assert audit(site, "--match", user) != []
    user_id = site.authd.authctl("user", "show", user).json["id"]
    site.authd.authctl("user", "delete", user)
    wait_sealed(site)
    report = verify(site)
    assert report["verified"] and report["erased"] >= 3
    kept = run(postgres_program("pg_dump"), "-d", site.postgres.url("authd"), "-t", "authd.audit_*",
               env={"PATH": os.environ["PATH"]}).stdout
    for secret in (user, "Very Personal", "198.51.100.77"):
        assert secret not in kept
    rows = audit(site, "--user", user_id)
    assert {row["action"] for row in rows} >= {"user_add", "login", "user_set", "user_delete", "audit_erase"}
    assert all(row["user"] is None for row in rows)
    # An erasure of more than the user's own data is detected.
    other = site.sql("SELECT max(event) FROM authd.audit_person AS person JOIN authd.audit_event AS event "
                     "ON event.id = person.event WHERE event.account <> %s" % user_id)
    with damaged(site, f"DELETE FROM authd.audit_person WHERE event = {other}"):
        assert ("person-missing", int(other)) in flaws(verify(site))


@pytest.fixture
def own_postgres():
    with Postgres() as postgres:
        postgres.create_authd_database()
        yield postgres


def test_expiry(own_postgres):
    with whole_site(own_postgres) as server:
        user = server.new_user()
        login(server, user)
        wait_sealed(server)
        server.authd.stop()
        # The shortest retention is longer than a test, so the clock is changed instead.
        server.sql("CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE "
                   "RETURN pg_catalog.now() + interval '100 days'")
        since = len(server.authd.log_text())
        server.authd.start()
        wait_until(lambda: server.authd.events("audit-expired", since), 20, "the expiry of logins")
        assert server.sql("SELECT count(*) FROM authd.audit_event WHERE class = 'login'") == "0"
        login(server, user)
        wait_sealed(server)
        report = verify(server)
        assert report["verified"] and report["expired"] == 1
        assert [row["action"] for row in audit(server, "--action", "audit_expire")] == ["audit_expire"]
        # A younger seal cannot have expired, nor can a seal of changes.
        for what in ("class = 'login' AND ids IS NOT NULL", "number = 1"):
            seal = server.sql(f"SELECT number FROM authd.audit_seal WHERE {what}")
            with damaged(server, "DELETE FROM authd.audit_event WHERE id IN (SELECT unnest(ids) FROM "
                                 f"authd.audit_seal WHERE number = {seal}); UPDATE authd.audit_seal SET "
                                 f"ids = NULL, digests = NULL WHERE number = {seal}"):
                assert ("missing", int(seal)) in flaws(verify(server))


def test_the_beginning_expires_too(own_postgres):
    with whole_site(own_postgres) as server:
        user = server.new_user()
        login(server, user)
        wait_sealed(server)
        server.sql("CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE "
                   "RETURN pg_catalog.now() + interval '800 days'")
        server.authd.authctl("user", "suspend", user)
        login(server, user)
        wait_sealed(server)
        server.sql("SELECT authd.audit_expire('login', 86400 * 90, 1000), "
                   "authd.audit_expire('change', 86400 * 730, 1000), authd.audit_prune(1000)")
        wait_sealed(server)
        assert int(server.sql("SELECT min(number) FROM authd.audit_seal")) > 1
        assert verify(server)["verified"]
        with damaged(server, "DELETE FROM authd.audit_seal WHERE number = (SELECT min(number) FROM "
                             "authd.audit_seal)"):
            assert "seal-missing" in {kind for kind, _ in flaws(verify(server))}


def test_restored_elsewhere(site, tmp_path):
    """In another cluster the transaction ids begin anew; the chain still verifies and continues."""
    anchor = tmp_path / "anchor"
    anchor.write_text(authctl(site, "audit", "verify")[0])
    dump = os.path.join(site.postgres.directory, "dump")
    environment = {"PATH": os.environ["PATH"]}
    run(postgres_program("pg_dump"), "-Fc", "-f", dump, site.postgres.url("authd"), env=environment)
    with Postgres() as postgres:
        postgres.create_authd_database()
        assert int(postgres.psql("SELECT pg_current_xact_id()")) < int(site.sql("SELECT pg_current_xact_id()"))
        run(postgres_program("pg_restore"), "-d", postgres.url("authd"), "-U", USER, dump, env=environment)
        authd = make_authd(postgres)
        authd.config["key_dir"] = site.authd.config["key_dir"]
        authd.write_config()
        with authd:
            restored = Server(authd, postgres)
            assert verify(restored, "--anchor", str(anchor))["verified"]
            user = restored.new_user()
            login(restored, user)
            wait_sealed(restored)
            report = verify(restored, "--anchor", str(anchor))
            assert report["verified"] and report["rows"] == int(
                restored.sql("SELECT count(*) FROM authd.audit_event"))
            row = restored.sql("SELECT max(id) FROM authd.audit_event")
            with damaged(restored, f"UPDATE authd.audit_event SET reason = 'x' WHERE id = {row}"):
                assert flaws(verify(restored)) == {("changed", int(row))}


def test_rows_that_commit_late(site):
    """A transaction takes the numbers of its rows, waits, and commits after later rows were sealed."""
    context = json.dumps(ROOT).replace("'", "''")
    user = site.new_user()
    late = subprocess.Popen([postgres_program("psql"), "-XAtq", site.postgres.url("authd")],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with late:
        late.stdin.write(f"BEGIN;\nSELECT authd.manage('user_set', '{context}', '{{\"user\": \"{user}\", "
                         "\"changes\": {\"display_name\": \"Late\"}}');\n")
        late.stdin.flush()
        late.stdout.readline()
        site.new_user()
        wait_sealed(site)
        newest = int(site.sql("SELECT max(id) FROM authd.audit_event"))
        late.stdin.write("COMMIT;\n")
        late.stdin.close()
        late.wait(10)
    wait_sealed(site)
    row = audit(site, "--user", user, "--action", "user_set")[0]
    assert int(row["id"]) < newest
    assert verify(site)["verified"]


def test_two_nodes_make_one_chain(instance, server):
    instance.authd.start()
    user = server.new_user()
    server.authd.log_size()  # by now the log is complete
    for i in range(8):
        for node in (server, instance):
            node.authd.authctl("user", "set", user, f"display_name=Name {i}{node is server}")
            login(node, user)
        time.sleep(0.3)
    wait_sealed(server)
    assert server.sql("SELECT count(*) = max(number) AND count(DISTINCT previous) = count(*) "
                      "FROM authd.audit_seal") == "t"
    assert server.sql("SELECT count(*) = count(DISTINCT id) FROM authd.audit_seal, unnest(ids) AS id") == "t"
    for node in (server, instance):
        assert verify(node)["verified"]
    sealed = [node.authd.log_text().count("event=audit-seal") for node in (server, instance)]
    assert min(sealed) >= 1, "both have sealed"  # each node logs its first seal


def test_a_node_without_the_key(site, tmp_path):
    """Without the key, other nodes cannot check a seal, and the report says it."""
    with damaged(site, "UPDATE authd.audit_seal SET key = 'ffffffff' WHERE number = 2"):
        assert flaws(verify(site)) == {("seal-key", 2)}


# ---- authctl ---------------------------------------------------------------------------------------------------

def test_tail_follow(site):
    with subprocess.Popen([program("smtp-authctl"), "--socket", site.authd.http, "--json", "audit", "tail", "--follow",
                           "--limit", "1"], stdout=subprocess.PIPE, text=True) as tail:
        first = json.loads(tail.stdout.readline())
        user = site.new_user()
        row = json.loads(tail.stdout.readline())
        tail.terminate()
    assert int(row["id"]) > int(first["id"])
    assert (row["action"], row["user"]) == ("user_add", user)


def test_tail_is_in_order(site):
    ids = [json.loads(line)["id"] for line in authctl(site, "--json", "audit", "tail", "--limit", "5")[0].splitlines()]
    assert len(ids) == 5 and ids == sorted(ids, key=int)


def test_export(site):
    login(site, "=1+1@example.org")
    login(site, 'quo"te,comma@example.org')
    wait_sealed(site)
    lines = authctl(site, "audit", "export", "--format", "ndjson")[0].splitlines()
    ids = [int(json.loads(line)["id"]) for line in lines]
    assert ids == sorted(ids) and len(ids) == int(site.sql("SELECT count(*) FROM authd.audit_event"))
    text = subprocess.run([program("smtp-authctl"), "--socket", site.authd.http, "audit", "export", "--format", "csv"],
                          capture_output=True, check=True).stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [int(row["id"]) for row in rows] == ids and text.count("\r\n") == len(ids) + 1
    assert {row["user"] for row in rows} >= {"'=1+1@example.org"}
    assert not re.search(r'(^|,)"?[=+@\t\r-]', text, re.M)
    assert authctl(site, "audit", "export", "--format", "xml", check=2)[0] == ""
    some = authctl(site, "audit", "export", "--format", "ndjson", "--action", "user_suspend")[0].splitlines()
    assert {json.loads(line)["action"] for line in some} == {"user_suspend"}


def test_filters(site):
    user = site.users[1]
    assert {row["user"] for row in audit(site, "--user", user)} == {user}
    assert {row["outcome"] for row in audit(site, "--outcome", "deny")} == {"deny"}
    assert audit(site, "--since", "1h") != [] and audit(site, "--until", "1h") == []
    assert audit(site, "--actor", "root (uid 0)", "--action", "user_suspend")[0]["actor"]["kind"] == "host"
    refused = site.authd.authctl("audit", "search", "--since", "yesterday", check=False)
    assert refused.status == 2 and "--since takes a time" in refused.json["detail"]


def test_activity(site):
    user = site.users[1]
    with Http(site.authd.http) as client:
        status, page = client.get(f"/v1/users/{user}/activity?limit=2")
        assert status == 200 and len(page["items"]) == 2 and page["next"]
        status, rest = client.get(f"/v1/users/{user}/activity?limit=1000&cursor={page['next']}")
    rows = page["items"] + rest["items"]
    assert {row["user"] for row in rows} == {user}
    assert {row["action"] for row in rows} >= {"user_add", "login"}
    assert len({row["id"] for row in rows}) == len(rows)
