"""smtp-authd --migrate: what it says and does, without and with --dry-run; and two versions on one database."""

import os
import re

import pytest
from conftest import PASSWORD, Server, make_authd
from harness.authd import Authd
from harness.postgres import Postgres
from harness.private import wait_until

MASKED = "SELECT authd.address_masked('alice@example.org')"
CHANGED = "function authd.address_masked(text): changed"


@pytest.fixture
def versions():
    """An authd that serves, and one of the next function set that is not started, on a database of their own."""
    with Postgres() as postgres:
        postgres.create_authd_database()
        older, newer = make_authd(postgres), make_authd(postgres)
        newer.program = "smtp-authd-next"
        try:
            older.migrate()
            older.start()
            yield Server(older, postgres), Server(newer, postgres)
        finally:
            newer.destroy()
            older.destroy()


@pytest.fixture
def database(server):
    """An empty database; returns its name."""
    server.postgres.psql("CREATE DATABASE other OWNER authd_owner TEMPLATE template0 ENCODING 'UTF8'")
    yield "other"
    server.postgres.psql("DROP DATABASE other WITH (FORCE)")


def use_database(instance, name):
    authd = instance.authd
    authd.config["database"].update(url=instance.postgres.url(name, "authd_service"),
                                    owner_url=instance.postgres.url(name, "authd_owner"))
    authd.config["key_dir"] = os.path.join(authd.state, "keys")
    authd.write_config()


def command(authd, *arguments):
    """The lines of an authd that succeeds."""
    done = authd.command(*arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def migrate(authd):
    """The sentence of its one event."""
    (line,) = [line for line in command(authd, "--migrate") if " event=migrated " in line]
    return re.search(r'message="(.*)"$', line)[1]


def plan(authd):
    return command(authd, "--migrate", "--dry-run")


def test_migrating_twice(instance, database):
    use_database(instance, database)
    said = migrate(instance.authd)
    assert re.fullmatch(r"migrations applied: 1; function set 0 to \d+: \d{3} new, 0 changed, 0 dropped", said)
    assert re.fullmatch(r"there was nothing to do: migration 1, function set \d+", migrate(instance.authd))


def test_a_dry_run_changes_nothing(instance, database):
    use_database(instance, database)
    lines = plan(instance.authd)
    assert lines[0] == "migration 0001_tables"
    assert "function authd.now(): new" in lines
    assert re.fullmatch(r"function set 0 to \d+", lines[-2])
    assert lines[-1] == "nothing was changed: this was a dry run"
    assert instance.postgres.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'authd'", database) == "0"
    assert not os.path.exists(instance.authd.config["key_dir"])
    migrate(instance.authd)
    (line,) = plan(instance.authd)
    assert re.fullmatch(r"nothing to do: migration 1, function set \d+", line)


@pytest.mark.parametrize("options", [["--dry-run"], ["--check-config", "--dry-run"]])
def test_a_dry_run_is_one_of_migrating(instance, options):
    done = instance.authd.command(*options)
    assert done.returncode == 2 and "--dry-run goes with --migrate" in done.stdout


def test_two_versions_on_one_database(versions):
    """The older one goes on, and does not put its functions back."""
    server, next_server = versions
    older, newer = server.authd, next_server.authd
    alice = server.new_user()
    assert server.sql(MASKED) == "a***@example.org"
    done = newer.command()
    assert done.returncode == 1 and "older than this authd" in done.stdout and "--migrate" in done.stdout

    lines = plan(newer)
    assert lines[0] == CHANGED and len(lines) == 3
    assert server.sql(MASKED) == "a***@example.org"
    assert "0 new, 1 changed, 0 dropped" in migrate(newer)
    assert server.sql(MASKED) == "al***@example.org"

    newer.start()
    assert server.is_serving(alice) and next_server.is_serving(alice)
    for authd in (older, newer):
        assert authd.authctl("user", "show", alice).status == 0
    assert re.fullmatch(r"nothing was changed: the database has function set \d+, this authd has \d+", migrate(older))
    assert re.fullmatch(r"nothing to do: the database has function set \d+, this authd has \d+", plan(older)[0])
    assert server.sql(MASKED) == "al***@example.org"

    server.postgres.restart()  # every connection asks again
    for instance in versions:
        with instance.connect(instance.replying) as client:
            wait_until(lambda client=client: client.login(alice, PASSWORD).command == "OK", what="a login")


def test_an_embedded_database():
    authd = Authd()
    try:
        (line,) = plan(authd)
        assert line == f"there is no database in {authd.state} yet: the first start makes it"
        assert os.listdir(authd.state) == []
        assert "new, 0 changed, 0 dropped" in migrate(authd)
        assert "nothing to do" in plan(authd)[0] and authd.embedded_pid() == 0
        authd.program = "smtp-authd-next"
        assert plan(authd)[0] == CHANGED and plan(authd)[0] == CHANGED
        authd.start()
        done = authd.command("--migrate", "--dry-run")
        assert done.returncode == 1 and "in use by another authd" in done.stdout
        authd.stop()
        assert "nothing to do: migration" in plan(authd)[0]
    finally:
        authd.destroy()
