"""The audit: which events are recorded, how they are erased and expire, and how authctl shows them."""

import contextlib
import csv
import io
import json
import os
import re
import subprocess
import time

import pytest
from audit_site import ROOT, audit, authctl, damaged, flaws, login, tagged, site, verify, wait_sealed, whole_site  # noqa: F401 (site is a fixture)
from conftest import PASSWORD, Server, make_authd
from harness.authd import program
from harness.postgres import USER, Postgres
from harness.postgres import program as postgres_program
from harness.private import HarnessError, run, wait_until
from test_admin import Http


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
        for operation, arguments in (("audit_expire", "'login', 86400 * 90, 1000"),
                                     ("audit_expire", "'change', 86400 * 730, 1000"), ("audit_prune", "1000")):
            server.sql(f"SELECT authd.{operation}({arguments}, '{json.dumps(tagged(server, operation))}')")
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
    context = json.dumps({**ROOT, "call": tagged(site, "user_set", "host")})
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
