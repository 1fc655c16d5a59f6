"""An attacker who owns the database drops every constraint and changes every column of the audit, one value at a time:
the check names each change. The few changes that harm nothing are listed with the reason.

Rows are changed many at a time, each by one mutation; the check must name each of them."""

import collections
import json

import pytest
from audit_site import TABLES, damaged, login, verify, wait_sealed, whole_site
from harness.postgres import Postgres

# Columns whose changes need no name, and why.
HARMLESS = {
    "audit_batch.node": "authd sends a batch that is refused at its first try again under another name, and logs it; a "
                        "batch that is recorded twice has the nonce of more rows than its call wrote",
    "audit_batch.number": "as audit_batch.node",
    "audit_batch.at": "says only when an idle node is forgotten",
    "audit_pending.id": "only the order in which entries are sealed; the rows of an entry do not depend on it",
}

BIG = "9223372036854775807"
VALUES = {
    "text": ["NULL", "''", "'x'", "{0} || ' '", "upper({0})", "repeat('long', 1000)", "'login'", "'change'"],
    "bigint": ["NULL", "0", "-1", "-9223372036854775808", BIG, "{0} + 1", "{0} - 1", "7"],
    "integer": ["NULL", "0", "-1", "-2147483648", "2147483647", "{0} + 1"],
    "boolean": ["NULL", "NOT {0}", "true", "false"],
    "bytea": ["NULL", "''", "'\\x00'", "{0} || '\\x00'", "substr({0}, 2)", "set_byte({0}, 0, get_byte({0}, 0) # 1)",
              "sha256({0})"],
    "timestamp with time zone": [
        "NULL", "'infinity'", "'-infinity'", "{0} + interval '1 us'", "{0} - interval '1 us'", "{0} - interval '90 days'",
        "{0} + interval '90 days'", "'294276-12-31 23:59:59 UTC'", "'4713-01-01 BC'", "'epoch'"],
    "jsonb": ["NULL", "'null'", "'{{}}'", "'[]'", "'\"x\"'", "'{{\"class\": \"seals\", \"begins\": 4}}'",
              "{0} || '{{\"name\": \"mallory\"}}'"],
    "ARRAY": ["NULL", "'{{}}'", "{0} || NULL::bigint", "{0} || {0}[1]", "{0}[2:]", "{0} || 99999::bigint", "{0} || -5::bigint",
              "ARRAY[NULL]::bigint[]", f"ARRAY[{BIG}]::bigint[]", "ARRAY(SELECT generate_series(1::bigint, 5000))",
              "ARRAY[{0}, {0}]"],
    "int8range": ["NULL", "'empty'", "'(,)'", "int8range(lower({0}), upper({0}) + 1)", "int8range(0, 1)"],
}


@pytest.fixture(scope="module")
def site():
    """An audit of twenty users and three rows that stay in the queue, without a constraint and without a sealer."""
    with Postgres() as postgres:
        postgres.create_authd_database()
        with whole_site(postgres) as server:
            for part in range(3):
                users = [server.new_user() for _ in range(5)]
                for user in users:
                    login(server, user, "wrong" if part % 2 else "right")
                wait_sealed(server)
            server.sql("CREATE OR REPLACE FUNCTION authd.audit_seal_put(seal jsonb) RETURNS boolean LANGUAGE plpgsql "
                       "SECURITY DEFINER AS 'BEGIN RETURN false; END'")
            for user in users[:3]:
                server.authd.authctl("user", "suspend", user, "--reason", "test")
            server.sql("ALTER TABLE authd.audit_pending ALTER id DROP IDENTITY;" + "".join(
                server.sql("SELECT string_agg(format('ALTER TABLE authd.%I DROP CONSTRAINT %I;', relname, conname), '') "
                           "FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid "
                           f"WHERE relname = '{name}'") for name in TABLES) + "".join(
                f"ALTER TABLE authd.{name} ALTER {column} DROP NOT NULL;"
                for name in TABLES for column, _ in columns(server, name)))
            assert verify(server)["verified"]
            yield server
            for table, kinds in sorted(FOUND.items()):
                print(f"{table}: {dict(kinds)}")


# {"table.column": how often which kind of flaw named a mutation}
FOUND = collections.defaultdict(collections.Counter)


def columns(server, table):
    return [line.split("|") for line in server.sql(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'authd' "
        f"AND table_name = '{table}' ORDER BY ordinal_position").splitlines()]


def mutations(server, table, skipped=()):
    return [(column, value.format(column)) for column, kind in columns(server, table) if column not in skipped
            for value in VALUES[kind]]


def named(report):
    found = collections.defaultdict(set)
    for flaw in report["flaws"]:
        for member in ("row", "seal"):
            if flaw[member] is not None:
                found[member, flaw[member]].add(flaw["kind"])
    return found


def walk(site, table, targets, skipped=()):
    """Applies each mutation to one of the targets, in turn, and checks as many at a time as there are targets.
    targets: {row: condition}. Returns how many made a difference."""
    todo = mutations(site, table, skipped)
    rows, count = list(targets), 0
    while todo:
        batch = dict(zip(rows, todo))
        todo = todo[len(batch):]
        count += check(site, table, targets, batch)
        rows = rows[1:] + rows[:1]
    return count


def check(site, table, targets, batch):
    difference = site.sql(";".join(
        f"SELECT {row} FROM authd.{table} WHERE {targets[row]} AND {column} IS DISTINCT FROM ({value})"
        for row, (column, value) in batch.items()))
    rows = [int(line) for line in difference.split()]
    with damaged(site, ";".join(f"UPDATE authd.{table} SET {batch[row][0]} = {batch[row][1]} WHERE {targets[row]}"
                                for row in rows) or "SELECT 1", [table]):
        found = named(verify(site))
    for row in rows:
        kinds = found["row", row] - {"nonce"} or found["row", row]
        assert kinds, f"row {row}: {table}.{batch[row]} is not named"
        FOUND[f"{table}.{batch[row][0]}"].update(kinds)
    return len(rows)


def spread(site, condition, count):
    """Rows of as many calls, from the whole audit."""
    return {int(line): f"id = {line}" for line in site.sql(
        "SELECT id FROM (SELECT DISTINCT ON (nonce) id FROM authd.audit_event AS event JOIN (SELECT unnest(ids) AS id "
        f"FROM authd.audit_seal) AS sealed USING (id) WHERE {condition}) AS one ORDER BY id LIMIT {count}").split()}


def test_events(site):
    """Sealed rows: changes and logins. Different rows get the mutations of different columns."""
    count = sum(walk(site, "audit_event", spread(site, condition, bound)) for condition, bound in (
        ("class = 'change'", 13), ("class = 'change'", 11), ("class = 'login'", 4)))
    assert count > 500


def test_people(site):
    rows = spread(site, "class = 'change'", 12)
    for part in ("subject", "actor"):
        targets = {row: f"event = {row} AND part = '{part}'" for row in rows}
        assert walk(site, "audit_person", targets) > 20


def test_unsealed_events(site):
    """A row in the queue is not protected but for what its tag covers."""
    rows = {int(line): f"id = {line}" for line in site.sql("SELECT unnest(events) FROM authd.audit_pending").split()}
    covered = {"class", "actor", "actor_kind", "credential", "via", "peer", "reference", "operation", "nonce",
               "arguments", "call_rows", "call_waited", "tag", "action"}
    skipped = {column for column, _ in columns(site, "audit_event")} - covered
    assert walk(site, "audit_event", rows, skipped) > 70


def test_unsealed_people(site):
    rows = site.sql("SELECT unnest(events) FROM authd.audit_pending").split()
    for part in ("subject", "actor"):
        assert walk(site, "audit_person", {int(row): f"event = {row} AND part = '{part}'" for row in rows}) > 20


def each(site, table, where):
    """The mutations of one row that make a difference, one after the other: (column, value, report)."""
    todo = mutations(site, table)
    difference = site.sql(";".join(f"SELECT {number} FROM authd.{table} WHERE {where} AND {column} IS DISTINCT FROM ({value})"
                                   for number, (column, value) in enumerate(todo)))
    for column, value in (todo[int(number)] for number in difference.split()):
        with damaged(site, f"UPDATE authd.{table} SET {column} = {value} WHERE {where}", [table]):
            yield column, value, verify(site)


@pytest.mark.parametrize("seal", ["2", "(SELECT max(number) FROM authd.audit_seal)"])
def test_seals(site, seal):
    number = int(site.sql(f"SELECT number FROM authd.audit_seal WHERE number = {seal}"))
    rows = set(json.loads(site.sql(f"SELECT to_jsonb(ids) FROM authd.audit_seal WHERE number = {number}")))
    count = 0
    for column, value, report in each(site, "audit_seal", f"number = {number}"):
        found = named(report)
        kinds = found["seal", number] | found["seal", number + 1] | set().union(*(found["row", row] for row in rows))
        if column == "number":  # the chain is shorter, or has a gap
            kinds |= {flaw["kind"] for flaw in report["flaws"]}
        assert kinds, f"seal {number}: {column} = {value} is not named"
        FOUND[f"audit_seal.{column}"].update(kinds)
        count += 1
    assert count > 50


def test_the_queue(site):
    entry = site.sql("SELECT min(id) FROM authd.audit_pending")
    row = int(site.sql(f"SELECT events[1] FROM authd.audit_pending WHERE id = {entry}"))
    count = 0
    for column, value, report in each(site, "audit_pending", f"id = {entry}"):
        kinds = {flaw["kind"] for flaw in report["flaws"]}
        if f"audit_pending.{column}" not in HARMLESS:
            assert kinds, f"{column} = {value} is not named"
            assert "queue" in kinds or named(report)["row", row] or "twice" in kinds, (column, value, report)
        FOUND[f"audit_pending.{column}"].update(kinds or {"harmless"})
        count += 1
    assert count > 20


def test_batches(site):
    node = site.sql("SELECT max(node) FROM authd.audit_batch")
    for column, value, report in each(site, "audit_batch", f"node = '{node}'"):
        assert f"audit_batch.{column}" in HARMLESS and report["verified"], (column, value, report)
        FOUND[f"audit_batch.{column}"]["harmless"] += 1


def copy_of(row, number):
    return ("INSERT INTO authd.audit_event SELECT (jsonb_populate_record(event, '{\"id\": %s}')).* "
            "FROM authd.audit_event AS event WHERE id = %s;" % (number, row))


NUMBERS = ["null", "0", "-1", "-9223372036854775808", BIG, "2000000"]


@pytest.mark.parametrize("number", NUMBERS)
def test_copies(site, number):
    """A copy of a row, sealed or not, under a number that no reader skips, listed or not."""
    sealed = min(spread(site, "class = 'login'", 1))
    waiting = site.sql("SELECT events[1] FROM authd.audit_pending ORDER BY id LIMIT 1")
    for row in (sealed, waiting):
        for queued in ("", f"INSERT INTO authd.audit_pending VALUES (99, 'change', ARRAY[{number}]::bigint[]);"):
            with damaged(site, copy_of(row, number) + queued):
                kinds = {flaw["kind"] for flaw in verify(site)["flaws"]}
                assert kinds & {"nonce", "added"}, (row, number, queued)
                FOUND["a copy"].update(kinds)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("at", ["now()", "now() - interval '90 days'", "'infinity'", "NULL"])
def test_forged_rows(site, number, at):
    """A row that authd did not write, with its place in the queue."""
    number = "NULL" if number == "null" else number
    with damaged(site, "INSERT INTO authd.audit_event (id, at, class, action, actor_kind, details) VALUES "
                       f"({number}, {at}, 'change', 'audit_expire', 'authd', "
                       "'{\"class\": \"seals\", \"begins\": 4}');"
                       f"INSERT INTO authd.audit_pending VALUES (99, 'change', ARRAY[{number}]::bigint[])"):
        kinds = {flaw["kind"] for flaw in verify(site)["flaws"]}
        assert kinds & {"tag-missing", "added"} and "seal-added" in kinds
        FOUND["a forged row"].update(kinds)


def test_deleted_and_swapped(site):
    rows = list(spread(site, "class = 'change'", 6))
    waiting = site.sql("SELECT events[1] FROM authd.audit_pending ORDER BY id LIMIT 1")
    for table, column in (("audit_event", "id"), ("audit_person", "event")):
        with damaged(site, f"DELETE FROM authd.{table} WHERE {column} IN ({', '.join(map(str, rows))}, {waiting})"):
            found = named(verify(site))
        assert all(found["row", row] for row in (*rows, int(waiting)))
        with damaged(site, f"INSERT INTO authd.{table} SELECT * FROM authd.{table} WHERE {column} = {rows[0]}"):
            assert named(verify(site))["row", rows[0]]
        with damaged(site, f"UPDATE authd.{table} SET {column} = {rows[0]} + {rows[1]} - {column} "
                           f"WHERE {column} IN ({rows[0]}, {rows[1]})"):
            found = named(verify(site))
        assert found["row", rows[0]] and found["row", rows[1]]
    with damaged(site, "INSERT INTO authd.audit_pending SELECT * FROM authd.audit_pending"):
        assert named(verify(site))["row", int(waiting)] == {"twice"}
    with damaged(site, "DELETE FROM authd.audit_pending"):
        assert named(verify(site))["row", int(waiting)] == {"added"}
    for number in ("NULL", "0", "-5", BIG):
        with damaged(site, "INSERT INTO authd.audit_seal SELECT (jsonb_populate_record(seal, "
                           f"jsonb_build_object('number', {number}::bigint))).* FROM authd.audit_seal AS seal "
                           "WHERE number = 2"):
            assert verify(site)["flaws"], number
