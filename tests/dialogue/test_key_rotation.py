"""Key rotation while authd runs: no login is refused, nothing is lost wherever authd stops, and values made with the
old keys are converted to the new ones."""

import os
import threading
import time

import pytest
from authctl import REFUSED, USAGE, Person
from client import Dovecot
from conftest import PASSWORD, doveadm_hash
from harness import app_password, encryption, totp
from harness.app_password import Pepper
from harness.authd import Authd
from harness.postgres import Postgres
from harness.private import wait_until
from key_nodes import Load, Node, add_seeds, assert_seeds, key_names, trim
from terminal import Terminal


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as postgres:
        postgres.create_authd_database()
        yield postgres


@pytest.fixture(scope="module")
def first(postgres):
    """The node that made the keys; it runs through all tests of this file."""
    node = Node(postgres)
    node.authd.migrate()
    node.authd.start()
    yield node
    node.authd.destroy()


# ---- the list

def test_what_there_is(first):
    keys = {key["purpose"]: key for key in first.list()}
    assert sorted(keys) == ["audit", "encryption", "pepper"] and len(first.list()) == 3
    assert all(key["current"] and not key["more"] and key["kind"] == "key" for key in keys.values())
    assert keys["audit"]["count"] is None
    assert {name: keys[name]["id"] for name in keys} == {name: first.names(name)[0] for name in keys}
    before = keys["pepper"]["count"]
    first.api.make_key(label="counted")
    assert first.count("pepper", keys["pepper"]["id"]) == before + 1


def test_who_may_not(first):
    login = first.new_user(role="domain-admin")
    assert first.api.call("GET", "/v1/keys", who=first.sign_in(login)).status == 403
    reader = first.api.make_key(rights=["keys:read"])
    assert first.api.call("GET", "/v1/keys", who=reader).status == 200
    writer = first.api.make_key(rights=["*:write"])
    assert first.api.call("POST", "/v1/keys/encryption/rotate", who=writer).status == 403
    assert first.list() == first.list()


@pytest.mark.parametrize("purpose, status", [("audit", 422), ("signing", 422), ("absent", 404)])
def test_what_is_not_rotated(first, purpose, status):
    before = first.list()
    assert first.api.call("POST", f"/v1/keys/{purpose}/rotate").status == status
    assert first.list() == before


def test_a_dry_run_changes_nothing(first):
    before = first.list(), first.lines("encryption")
    made = first.api.good("POST", "/v1/keys/encryption/rotate?dry_run=true")
    assert made["id"] is None and made["purpose"] == "encryption"
    assert (first.list(), first.lines("encryption")) == before


def test_authctl_asks(first):
    person, before = Person(first), first.lines("encryption")
    status, _, talk = person.run("key", "rotate", "encryption", stdin="")
    assert status == USAGE and "needs --yes" in talk
    status, _, talk = person.run("key", "rotate", "audit", "--yes")
    assert status == REFUSED and "not rotated" in talk
    assert first.lines("encryption") == before
    out, talk = person.do("key", "rotate", "encryption", "--yes")
    assert "Back up the key files" in talk and first.lines("encryption")[-1:] == before[-1:]
    out, _ = person.do("key", "list", "--plain")
    assert first.current("encryption") in out
    (event,) = first.api.good("GET", "/v1/audit?action=key_rotate")["items"]
    assert event["actor"]["name"] == "root (uid 0)" and event["object"] == {
        "kind": "key", "id": first.current("encryption")}


def test_authctl_says_what_ends(first):
    person, before = Person(first), first.lines("pepper")
    with Terminal(person.argv("key", "rotate", "pepper"), 200) as terminal:
        terminal.expect("Go on? [y/N] ")
        question = terminal.text
        terminal.type("n\n")
        assert terminal.finish()[0] == REFUSED
    assert "key rotate pepper: with a new pepper every session, reset link and enrolment ticket." in question
    assert first.lines("pepper") == before
    with Terminal(person.argv("key", "list"), 100) as terminal:
        status, table = terminal.finish()
    heading, *rows, count = table.splitlines()
    print(table)
    assert (status, count) == (0, f"{len(first.list())} keys")
    assert heading.split() == ["PURPOSE", "ID", "CURRENT", "NEEDED", "BY", "SINCE"]
    assert [row.split()[:3] for row in rows] == [
        [key["purpose"], key["id"], "yes" if key["current"] else "no"] for key in first.list()]


# ---- encryption

def test_encrypted_texts_follow_while_logins_run(first):
    login = first.new_user()
    secret = app_password.add(first.postgres, Pepper(first.keys), login).text
    first.api.good("POST", f"/v1/users/{login}/app-passwords",
                   {"label": "imported", "hash": doveadm_hash("imported secret", "SHA512-CRYPT")})
    seeds, old = add_seeds(first, 700), first.current("encryption")
    enrolling, enrolled = first.new_user(), first.new_user()
    pending = first.api.good("POST", f"/v1/users/{enrolling}/totp", {})["secret"]
    phone = totp.enrol_in(first.postgres, first.keys, enrolled)
    versions = first.sql("SELECT sum(version) FROM authd.account")
    with Load(first, [(login, PASSWORD), (login, secret), (login, "imported secret")]) as load:
        made = first.rotate("encryption")
        assert made["current"] and made["changed"] and made["id"] != old
        first.wait_count("encryption", old)
        load.more()
        first.rotate("pepper")
        load.more()
    assert load.refused == []
    first.wait_first("encryption", made["id"])
    assert first.current("encryption") == made["id"]
    assert first.count("encryption", made["id"]) >= 700
    assert first.names("encryption")[1] == old
    assert_seeds(first, seeds)
    assert first.sql("SELECT sum(version) FROM authd.account") == versions
    with first.connect() as client:
        assert client.login(enrolled, PASSWORD + totp.code(phone)).command == "OK"
    first.api.good("POST", f"/v1/users/{enrolling}/totp/confirm", {"code": totp.code(pending)})


def test_a_text_that_cannot_be_opened_stays(first):
    seeds, old = add_seeds(first, 3), first.current("encryption")
    broken, other = sorted(seeds, key=int)[:2]
    first.sql(f"UPDATE authd.totp SET seed = (SELECT seed FROM authd.totp WHERE account = {other}) "
              f"WHERE account = {broken}")
    since = first.authd.log_size()
    first.rotate("encryption")
    first.wait_count("encryption", old, 1)
    (event,) = wait_until(lambda: first.authd.events("reencrypted", since), what="the end of the run")
    assert event["broken"] == "1" and int(event["replaced"]) >= 2
    assert_seeds(first, {account: seed for account, seed in seeds.items() if account != broken})
    first.sql(f"DELETE FROM authd.totp WHERE account = {broken}")


def test_killed_while_texts_follow(first):
    seeds, old = add_seeds(first, 3000), first.current("encryption")
    total = first.count("encryption", old)
    first.rotate("encryption")
    for _ in range(3):
        left = first.count("encryption", old)
        wait_until(lambda left=left: first.count("encryption", old) < left or left == 0, 60, "some progress")
        first.authd.kill()
        assert_seeds(first, seeds)
        first.authd.start()
    assert total >= 3000
    first.wait_count("encryption", old)
    assert_seeds(first, seeds)


# ---- authd continues after being killed between any two steps of a rotation

def test_killed_before_the_database_knows_of_it(first):
    before = first.list()
    made = first.rotate("encryption", prepare=True)
    assert not made["current"] and first.names("encryption")[-1] == made["id"]
    first.authd.kill()
    first.authd.start()
    assert first.list() == before
    assert first.rotate("encryption")["id"] == made["id"]
    first.wait_first("encryption", made["id"])


@pytest.mark.parametrize("purpose", ["encryption", "pepper"])
def test_killed_before_it_is_the_first(first, purpose):
    old = first.current(purpose)
    new = os.urandom(32)
    first.authd.kill()
    first.write(purpose, "\n".join([*first.lines(purpose)[:1], new.hex()]) + "\n")
    # No value here needs the keys after the first one.
    first.sql(f"UPDATE authd.key SET removed_at = authd.now() WHERE kind = '{purpose}' AND id <> '{old}'")
    app_password.manage(first.postgres, "key_rotate", purpose=purpose, id=encryption.key_id(new), replaces=old)
    first.authd.start()
    first.wait_first(purpose, encryption.key_id(new))
    assert first.names(purpose) == [encryption.key_id(new), old]
    assert first.current(purpose) == encryption.key_id(new)
    login = first.new_user()
    made = first.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "new"})
    with first.connect() as client:
        assert client.login(login, made["secret"]).command == "OK"


def test_killed_while_the_file_was_written(first):
    old = first.lines("encryption")
    first.authd.kill()
    with open(first.file("encryption.new"), "w", encoding="ascii") as file:
        file.write("12345")
    first.authd.start()
    assert first.lines("encryption") == old
    made = first.rotate("encryption")
    first.wait_first("encryption", made["id"])
    assert sorted(os.listdir(first.keys)) == ["audit", "encryption", "pepper"]


def test_killed_at_any_moment(first):
    """authd is killed at random moments. Each time it must start again, and the database's current key must be the
    first of the file."""
    seeds = add_seeds(first, 200)
    for turn in range(6):
        trim(first, "encryption")
        asked = threading.Thread(target=rotate_or_die, args=(first,))
        asked.start()
        time.sleep(0.004 * turn)
        first.authd.kill()
        asked.join()
        first.authd.start()
        wait_until(lambda: first.names("encryption")[0] == first.current("encryption"), 30, "the current key first")
        assert_seeds(first, seeds)
    first.rotate("encryption")


def rotate_or_die(node):
    try:
        node.api.call("POST", "/v1/keys/encryption/rotate")
    except (OSError, ValueError, ConnectionError):
        pass
    except Exception as error:  # the answer was cut off
        assert "RemoteDisconnected" in type(error).__name__ or "Incomplete" in type(error).__name__, error


# ---- peppers

def test_verifiers_follow_when_they_are_used(first):
    login, idle = first.new_user(), first.new_user()
    make = lambda owner: first.api.good("POST", f"/v1/users/{owner}/app-passwords", {"label": "x"})["secret"]  # noqa: E731
    used, unused = make(login), make(idle)
    key = first.api.make_key(rights=["*:write"])
    session = first.api.sign_in(login, PASSWORD)
    old = first.current("pepper")
    before = first.count("pepper", old)
    versions = first.sql("SELECT sum(version) FROM authd.app_password")
    new = first.rotate("pepper")["id"]
    first.wait_first("pepper", new)
    assert first.api.call("GET", "/v1/session", who=session).status == 401
    assert first.count("pepper", old) == before
    with first.connect() as client:
        assert client.login(login, used).command == "OK"
    first.wait_count("pepper", old, before - 1)
    assert first.api.good("POST", "/v1/users", {"login": f"by.key{os.getpid()}@example.org"}, who=key)["changed"]
    first.wait_count("pepper", old, before - 2)
    assert first.api.call("GET", "/v1/users", who=key).status == 200
    with first.connect() as client:
        assert client.login(login, used).command == "OK"
        assert client.login(idle, unused).command == "OK"
    first.wait_count("pepper", old, before - 3)
    assert first.sql("SELECT sum(version) FROM authd.app_password") == versions


def test_who_rotates_by_a_session_is_signed_out(first):
    login = first.new_user(role="admin")
    session = first.sign_in(login)
    made = first.api.call("POST", "/v1/keys/pepper/rotate", who=session)
    assert made.status == 200, made
    first.wait_first("pepper", made.json["id"])
    assert first.api.call("GET", "/v1/keys", who=session).status == 401
    assert first.api.call("GET", "/v1/keys", who=first.sign_in(login)).status == 200


# ---- an embedded database

def test_an_embedded_database():
    with Authd() as authd:
        login, directory = "somebody@example.org", os.path.join(authd.state, "keys")
        authd.add_user(login, PASSWORD)
        made = [authd.authctl("key", "rotate", name).json["id"] for name in ("encryption", "pepper")]
        left = authd.authctl("key", "rotate", "encryption", "--prepare").json["id"]
        authd.stop()
        authd.start()
        assert [key_names(directory, name)[0] for name in ("encryption", "pepper")] == made
        assert key_names(directory, "encryption")[-1] == left
        with Dovecot(authd.dovecot) as client:
            assert client.login(login, PASSWORD).command == "OK"
        assert authd.authctl("key", "rotate", "encryption").json["id"] == left
