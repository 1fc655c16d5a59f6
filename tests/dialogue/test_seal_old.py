"""A database from before there was an encryption key: its cleartext hashes are encrypted once, even after a crash."""

import json
import os
import signal
import subprocess

import pytest
from conftest import Server, doveadm_hash, make_authd
from harness import stored
from harness.authd import SANITIZERS, program
from harness.postgres import Postgres
from harness.private import read_text, wait_until
from test_sealing import HASH, assert_broken

LAST_BEFORE = 12  # the last migration of the schema without encryption
BATCH = 500
SHA = "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A="  # doveadm pw: "correct horse"
DOMAIN = "old.example"


@pytest.fixture
def site():
    """An authd on the database of an older one."""
    with Postgres() as postgres:
        postgres.create_authd_database()
        postgres.apply_migrations(1, LAST_BEFORE)
        postgres.psql(f"INSERT INTO authd.domain (name) VALUES ('{DOMAIN}')", "authd")
        authd = make_authd(postgres)
        yield Server(authd, postgres)
        authd.destroy()


def add(site, name, password, imported=None):
    """Adds a user as the older authd stored users: with the hash in clear, and an unkeyed digest of the imported
    hash."""
    def text(value):
        return "NULL" if value is None else f"'{value}'"
    site.sql("INSERT INTO authd.account (login, domain, password, password_generation, password_set_at,"
             " imported_digest)"
             f" SELECT '{name}@{DOMAIN}', id, {text(password)}, 1, {'NULL' if password is None else 'authd.now()'},"
             f" sha256(convert_to({text(imported)}, 'UTF8')) FROM authd.domain")
    return f"{name}@{DOMAIN}"


def add_many(site, count):
    site.sql("INSERT INTO authd.account (login, domain, password, password_generation, password_set_at)"
             f" SELECT format('user%s@{DOMAIN}', n), id, '{SHA}', 1, authd.now()"
             f" FROM authd.domain, generate_series(1, {count}) AS n")


def add_foreign(site, login, hash_made):
    return int(site.sql("INSERT INTO authd.app_password (id, account, label, created_by, foreign_hash)"
                        f" SELECT authd.credential_id(), id, 'old', 'test', '{hash_made}' FROM authd.account"
                        f" WHERE login = '{login}' RETURNING id"))


def dump_of(site):
    dump = site.postgres.dump("authd")
    return dump[dump.index("\nCOPY authd."):]


def may_sign_in(site, login, password):
    with site.connect() as client:
        return client.login(login, password).command == "OK"


def count_sealed(site):
    return int(site.sql("SELECT count(*) FROM authd.account WHERE starts_with(password, '$sealed$')"))


def key_files(site):
    return sorted(os.listdir(site.authd.config["key_dir"]))


def test_everything_is_sealed(site):
    crypt = doveadm_hash("old secret", "SHA512-CRYPT")
    alice, bob = add(site, "alice", crypt), add(site, "bob", SHA)
    add_foreign(site, alice, doveadm_hash("of my phone", "SHA512-CRYPT"))
    assert HASH.search(dump_of(site))
    assert "event=hashes-sealed" in site.authd.command("--migrate").stdout
    assert not HASH.search(dump_of(site))
    assert "hashes-sealed" not in site.authd.command("--migrate").stdout
    assert key_files(site) == ["audit", "pepper", "sealing"]
    key_dir = site.authd.config["key_dir"]
    assert (stored.read(site.postgres, key_dir, alice), stored.read(site.postgres, key_dir, bob)) == (crypt, SHA)
    with site.authd:
        for login, password in {(alice, "old secret"), (alice, "of my phone"), (bob, "correct horse")}:
            assert may_sign_in(site, login, password)
        assert not may_sign_in(site, bob, "old secret")
        wait_until(lambda: site.stored_hash(bob).startswith("$argon2id$"), what="the upgrade")


def test_statistics_are_forgotten(site):
    add_many(site, 50)
    site.sql("ANALYZE authd.account")
    samples = "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'account'"
    assert SHA in site.sql(samples)
    site.authd.migrate()
    assert SHA not in site.sql(samples)


def test_a_hash_too_long_to_be_read(site):
    """A hash that authd cannot read stays unreadable, but is no longer in the database in clear."""
    login = add(site, "long", "$6$" + "x" * 800)
    site.authd.migrate()
    assert "xxxx" not in dump_of(site)
    with site.authd:
        with site.connect(site.replying) as client:
            assert client.login(login, "x").fields.get("code") == "temp_fail"
        assert site.authd.wait_event(user=login)["reason"] == "hash-unreadable"


def test_imports_are_remembered(site, tmp_path):
    """After the migration, a repeated import recognises unchanged users and keeps passwords that were changed here.
    """
    add(site, "same", SHA, imported=SHA)
    add(site, "changed", doveadm_hash("of today", "SHA512-CRYPT"), imported=SHA)
    add(site, "cleared", None, imported=SHA)
    site.authd.migrate()
    assert site.sql("SELECT count(*) FROM authd.account WHERE imported_digest IS NOT NULL") == "0"
    # the digests are keyed with the account
    assert site.sql("SELECT count(DISTINCT imported_keyed) FROM authd.account") == "3"
    path = tmp_path / "users"
    with site.authd:
        def imported(stored_as):
            path.write_text("".join(f"{name}@{DOMAIN}:{stored_as}\n" for name in ("same", "changed", "cleared")))
            done = subprocess.run([program("authctl"), "--socket", site.authd.http, "--json", "import",
                                   "dovecot-passwd", str(path), "--apply", "--existing", "update"],
                                  capture_output=True, timeout=60, check=False)
            return {key: number for key, number in json.loads(done.stdout)["counts"].items() if number}
        assert imported(SHA) == {"unchanged": 3}
        assert imported("{SSHA}" + doveadm_hash("newer", "SSHA")) == {"updated": 1, "unchanged": 2}
        assert may_sign_in(site, f"same@{DOMAIN}", "newer")
        assert may_sign_in(site, f"changed@{DOMAIN}", "of today")


def test_killed_in_the_middle(site):
    """The next run continues where the killed one ended, with the same key; until then no authd starts."""
    add_many(site, 4 * BATCH)
    foreign = add_foreign(site, f"user1@{DOMAIN}", SHA)
    site.postgres.apply_migrations(LAST_BEFORE + 1, 9999)  # the migrations would wait for the lock, too
    rest = subprocess.Popen(["psql", "-q", "-X", site.postgres.url("authd")], stdin=subprocess.PIPE, text=True)
    rest.stdin.write(f"BEGIN; SELECT id FROM authd.account WHERE login = 'user{3 * BATCH}@{DOMAIN}' FOR UPDATE;\n")
    rest.stdin.flush()
    wait_until(lambda: site.sql("SELECT count(*) FROM pg_locks WHERE relation = 'authd.account'::regclass "
                                "AND mode = 'RowShareLock'") == "1", what="the lock")
    migrating = subprocess.Popen([program("authd"), "-c", site.authd.config_path, "--migrate"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env={**os.environ, **SANITIZERS})
    wait_until(lambda: count_sealed(site) == 2 * BATCH, what="two batches")
    migrating.send_signal(signal.SIGKILL)
    migrating.wait()
    rest.communicate("ROLLBACK;\n")
    assert key_files(site) == ["audit", "pepper", "sealing.first"]
    key = read_text(os.path.join(site.authd.config["key_dir"], "sealing.first"))
    assert site.sql("SELECT count(*) FROM authd.key WHERE kind = 'sealing'") == "0"
    assert "sealing: " in site.authd.command().stdout
    site.authd.migrate()
    assert key_files(site) == ["audit", "pepper", "sealing"]
    assert read_text(os.path.join(site.authd.config["key_dir"], "sealing")) == key
    assert count_sealed(site) == 4 * BATCH and not HASH.search(dump_of(site))
    assert site.sql(f"SELECT foreign_hash FROM authd.app_password WHERE id = {foreign}").startswith("$sealed$")
    with site.authd:
        for number in (1, 2 * BATCH, 2 * BATCH + 1, 4 * BATCH):
            assert may_sign_in(site, f"user{number}@{DOMAIN}", "correct horse")


def test_nothing_is_sealed_later(site):
    """Otherwise an attacker who can write to the database could have a hash of his own made valid."""
    login = add(site, "alice", SHA)
    site.authd.migrate()
    site.sql("ALTER TABLE authd.account DROP CONSTRAINT password_is_sealed; "
             f"UPDATE authd.account SET password = '{SHA}'; DELETE FROM authd.key WHERE kind = 'sealing'")
    site.authd.migrate()
    assert site.sql("SELECT password FROM authd.account") == SHA
    with site.authd:
        assert_broken(site, login, "correct horse")


def test_killed_before_the_key_is_in_its_place(site):
    login = add(site, "alice", SHA)
    site.authd.migrate()
    path = os.path.join(site.authd.config["key_dir"], "sealing")
    sealed = site.sql("SELECT password FROM authd.account")
    os.rename(path, f"{path}.first")
    site.sql("DELETE FROM authd.key WHERE kind = 'sealing'")
    site.authd.migrate()
    assert key_files(site) == ["audit", "pepper", "sealing"]
    assert site.sql("SELECT password FROM authd.account") == sealed
    with site.authd:
        assert may_sign_in(site, login, "correct horse")


def test_killed_before_the_statistics_are_forgotten(site):
    add_many(site, 50)
    site.authd.migrate()
    path = os.path.join(site.authd.config["key_dir"], "sealing")
    os.rename(path, f"{path}.first")
    site.sql("DELETE FROM authd.key WHERE kind = 'sealing'; ALTER TABLE authd.account DROP CONSTRAINT password_is_sealed; "
             "CREATE TEMPORARY TABLE kept AS SELECT id, password FROM authd.account; "
             f"UPDATE authd.account SET password = '{SHA}'; ANALYZE authd.account; "
             "UPDATE authd.account SET password = kept.password FROM kept WHERE kept.id = account.id")
    samples = "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'account'"
    assert SHA in site.sql(samples)
    site.authd.migrate()
    assert SHA not in site.sql(samples)


def test_a_key_that_a_database_lists_is_not_made_good(site):
    """key_dir is a copy that was taken between two steps of making the key: the complete key file is elsewhere."""
    add(site, "alice", SHA)
    site.authd.migrate()
    path = os.path.join(site.authd.config["key_dir"], "sealing")
    os.rename(path, f"{path}.first")
    done = site.authd.command("--migrate")
    assert done.returncode == 1 and "there is no" in done.stdout and "/sealing" in done.stdout
    assert key_files(site) == ["audit", "pepper", "sealing.first"]
