"""What an attacker puts into the audit's queue is sealed, named in the log and by the check, and holds nothing up."""

import pytest
from audit_site import audit, flaws, login, verify, wait_sealed, whole_site
from harness.postgres import Postgres
from harness.private import wait_until


@pytest.fixture
def site():
    with Postgres() as postgres:
        postgres.create_authd_database()
        with whole_site(postgres) as server:
            server.user = server.new_user()
            wait_sealed(server)
            yield server


def forge(server, number="DEFAULT", at="now()", **values):
    """Inserts a row and puts it into the queue; returns its number."""
    values = {"class": "change", "action": "user_set", "actor_kind": "host", "reference": "forged", **values}
    server.sql("ALTER TABLE authd.audit_event DROP CONSTRAINT IF EXISTS audit_event_id_check, "
               "DROP CONSTRAINT IF EXISTS audit_event_at_check")
    return int(server.sql(
        f"WITH forged AS (INSERT INTO authd.audit_event (id, at, {', '.join(values)}) VALUES ({number}, {at}, "
        + ", ".join(f"'{value}'" for value in values.values()) + ") RETURNING id), queued AS ("
        "INSERT INTO authd.audit_pending (class, events) SELECT 'change', ARRAY[id] FROM forged) SELECT id FROM forged"))


@pytest.mark.parametrize("at", ["now() - interval '3 months'", "now() + interval '3 months'", "'infinity'", "'-infinity'"])
def test_a_forged_row_of_another_time(site, at):
    since = site.authd.log_size()
    row = forge(site, at=at)
    wait_sealed(site)
    site.new_user()
    wait_sealed(site)
    assert flaws(verify(site)) == {("tag-missing", row), ("time", row)}
    (event,) = site.authd.events("audit-flaw", since)
    assert f"the first is row {row}, which has no tag" in event["message"]


@pytest.mark.parametrize("number", ["0", "-7", "-9223372036854775808", "9223372036854775807"])
def test_a_forged_row_under_another_number(site, number):
    assert forge(site, number) == int(number)
    assert [row["id"] for row in audit(site, "--reference", "forged")] == [number], "a reader shows the row"
    wait_sealed(site)
    site.new_user()
    wait_sealed(site)
    kinds = {"tag-missing"} | ({"added"} if int(number) <= 0 else set())
    assert flaws(verify(site)) == {(kind, int(number)) for kind in kinds}


def test_a_forged_row_without_a_place(site):
    site.sql("ALTER TABLE authd.audit_event DROP CONSTRAINT audit_event_id_check;"
             "INSERT INTO authd.audit_event (id, class, action) VALUES (-3, 'change', 'user_set')")
    assert flaws(verify(site)) == {("added", -3)}


def test_a_copy_with_its_tag(site):
    """A copy of a row, in the queue at once: its tag and its time are good, but its call wrote one row."""
    login(site, site.user)
    wait_sealed(site)
    copy = site.sql("INSERT INTO authd.audit_event SELECT (jsonb_populate_record(event, jsonb_build_object('id', "
                    "nextval('authd.audit_number')))).* FROM authd.audit_event AS event WHERE class = 'login' RETURNING id")
    row = site.sql("SELECT min(id) FROM authd.audit_event WHERE class = 'login'")
    site.sql(f"INSERT INTO authd.audit_pending (class, events) VALUES ('login', '{{{copy}}}');"
             "INSERT INTO authd.audit_person SELECT (jsonb_populate_record(person, jsonb_build_object('event', "
             f"{copy}))).* FROM authd.audit_person AS person WHERE event = {row}")
    wait_sealed(site)
    assert flaws(verify(site)) == {("nonce", int(row)), ("nonce", int(copy))}


def test_a_tag_on_another_row(site):
    """The tag of a sealed row on a row of another action, in another transaction."""
    row = int(site.sql("SELECT max(id) FROM authd.audit_event"))
    forged = site.sql("INSERT INTO authd.audit_event SELECT (jsonb_populate_record(event, jsonb_build_object('id', "
                      "nextval('authd.audit_number'), 'action', 'user_delete', 'subject_digest', NULL, "
                      f"'actor_digest', NULL))).* FROM authd.audit_event AS event WHERE id = {row} RETURNING id")
    site.sql(f"UPDATE authd.audit_event SET at = now() WHERE id = {forged};"
             f"INSERT INTO authd.audit_pending (class, events) VALUES ('change', '{{{forged}}}')")
    wait_sealed(site)
    found = flaws(verify(site))
    assert {("tag-wrong", int(forged)), ("nonce", int(forged)), ("nonce", row)} <= found


ENTRIES = ["('change', NULL)", "('change', '{}')", "('x', '{1}')", "(NULL, '{1}')", "('change', '{NULL}')",
           "('change', '{424242}')", "('change', ARRAY(SELECT generate_series(1::bigint, 100000)))"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries_that_authd_never_makes(site, entry):
    """A bad entry at the head of the queue is named, and what comes after it is sealed."""
    site.sql("ALTER TABLE authd.audit_pending ALTER class DROP NOT NULL, ALTER events DROP NOT NULL, "
             "DROP CONSTRAINT audit_pending_class_check, DROP CONSTRAINT audit_pending_events_check;"
             f"INSERT INTO authd.audit_pending (class, events) VALUES {entry}")
    site.new_user()
    row = site.sql("SELECT max(id) FROM authd.audit_event")
    wait_until(lambda: site.sql(f"SELECT count(*) FROM authd.audit_seal WHERE {row} = ANY (ids)") == "1", 10, "the seal")
    report = verify(site)
    assert {flaw["kind"] for flaw in report["flaws"]} & {"queue", "missing"}


def test_a_number_of_batches_that_was_raised(site):
    """Raised in the database, it would make authd's next batches count as recorded before: the logins would be lost."""
    login(site, site.user)
    wait_sealed(site)
    since = site.authd.log_size()
    site.sql("UPDATE authd.audit_batch SET number = 1000000")
    login(site, site.user, "wrong")
    wait_sealed(site)
    wait_until(lambda: audit(site, "--action", "login", "--outcome", "deny"), 10, "the login")
    assert any("changed authd.audit_batch" in event["message"] for event in site.authd.events("audit-flaw", since))
    wait_sealed(site)
    assert verify(site)["verified"]
