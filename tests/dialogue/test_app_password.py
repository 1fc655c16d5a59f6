"""Logins with app passwords: which of them succeed, under which identity, and that refusals reveal nothing."""

import os
import time

import pytest
from client import Closed, saslauthd
from conftest import PASSWORD, doveadm_hash
from harness import app_password
from harness.app_password import Pepper, canonical, check_digits, manage
from harness.private import wait_until

GRID = 0.5


@pytest.fixture(scope="session")
def pepper(server):
    return Pepper(server.authd.config["key_dir"])


@pytest.fixture
def add(server, pepper):
    return lambda login, **more: app_password.add(server.postgres, pepper, login, **more)


@pytest.fixture
def rotate(server, pepper):
    return lambda login, old, **more: app_password.rotate(server.postgres, pepper, login, old, **more)


def outcome(server, login, secret, path=None, **parameters):
    """The reason in the log; the reply must agree with it."""
    since = server.authd.log_size()
    with server.connect(path) as client:
        reply = client.auth(resp=app_password_response(login, secret), **parameters)
    event = server.authd.wait_event(since, user=login)
    assert (reply.command == "OK") == (event["outcome"] == "allow"), reply.line
    return event["reason"]


def app_password_response(login, secret):
    from client import plain
    return plain(login, secret)


def user_of(reply):
    assert reply.command == "OK", reply.line
    return reply.fields["user"]


# ---- successful logins

def test_the_identity_says_by_which(server, add):
    login = server.new_user()
    one, other = add(login), add(login)
    local, domain = login.split("@")
    with server.connect(server.tagged) as client:
        assert user_of(client.login(login, one.text)) == f"{local}#k{one.id}@{domain}"
        assert user_of(client.login(login, other.text)) == f"{local}#k{other.id}@{domain}"
        assert user_of(client.login(login, PASSWORD)) == f"{local}#p1@{domain}"
    with server.connect(server.plain) as client:
        assert user_of(client.login(login, one.text)) == login
    assert saslauthd(server.saslauthd, login, one.text) == b"OK"


def test_typed_as_people_type(server, add):
    login = server.new_user()
    one = add(login)
    assert one.grouped().count("-") == 5
    for typed in (one.grouped(), one.grouped().upper(), one.grouped().replace("-", " "), f" {one.text} "):
        assert outcome(server, login, typed) == "good-app-password"


def test_a_service_user_has_only_these(server, add):
    login = f"robot{os.getpid()}@example.org"
    server.authd.authctl("user", "add", login, "--service")
    assert outcome(server, login, PASSWORD) == "no-password"
    assert outcome(server, login, add(login).text) == "good-app-password"


def test_no_slow_hash_is_made(server, add):
    """Neither a right nor a wrong app password costs a slow hash: the answer arrives while no thread hashes."""
    login = server.new_user()
    one = add(login)
    server.wait_hashes_done()
    with server.connect() as client:
        for secret in (one.text, app_password.new_text(one.text[3:11])):
            client.login(login, secret)
            assert server.threads_hashing() == 0


# ---- refusals

def test_refusals_look_alike(server, add):
    """App passwords that are wrong, unknown, another user's, mistyped or ended, and those of an unknown user, get the
    same octets after the same time."""
    login, other = server.new_user(), server.new_user()
    mine, hers = add(login), add(other)
    ended = add(login, expires_in=60)
    server.sql(f"UPDATE authd.app_password SET not_after = authd.now() WHERE id = {ended.id}")
    mistyped = mine.text[:-1] + ("a" if mine.text[-1] != "a" else "b")
    cases = [(login, app_password.new_text(mine.text[3:11]), "wrong-app-password"),
             (login, app_password.new_text(), "unknown-app-password"),
             (login, hers.text, "unknown-app-password"),
             (login, mistyped, "unknown-app-password"),
             (login, ended.text, "expired-credential"),
             ("nobody@example.org", mine.text, "unknown-user")]
    seen = set()
    with server.connect() as client:
        for user, secret, reason in cases:
            since = server.authd.log_size()
            began = time.monotonic()
            reply = client.login(user, secret)
            seconds = time.monotonic() - began
            event = server.authd.wait_event(since, outcome="deny")
            assert (event["reason"], event["user"]) == (reason, user)
            assert seconds > 0.98 * GRID, (reason, seconds)  # two clocks, one of which counts milliseconds
            seen.add(reply.masked())
        wrong_password = client.login(login, "wrong")
    assert seen == {wrong_password.masked()}


def test_a_pasted_verifier_opens_nothing(server, add):
    """A verifier copied to another user's row does not fit, because it covers the owner and the id."""
    login, other = server.new_user(), server.new_user()
    mine, hers = add(login), add(other)
    server.sql(f"UPDATE authd.app_password_secret AS mine SET verifier = hers.verifier "
               f"FROM authd.app_password_secret AS hers "
               f"WHERE mine.app_password = {mine.id} AND hers.app_password = {hers.id}")
    pasted = mine.text[:11] + hers.text[11:31]
    assert outcome(server, login, pasted + check_digits(pasted)) == "wrong-app-password"
    server.sql(f"UPDATE authd.app_password SET account = (SELECT id FROM authd.account WHERE login = '{login}') "
               f"WHERE id = {hers.id}")
    assert outcome(server, login, hers.text) == "wrong-app-password"


def test_suspended(server, add):
    login = server.new_user()
    one = add(login)
    server.authd.authctl("user", "suspend", login, "--reason", "test")
    assert outcome(server, login, one.text) == "suspended"
    assert outcome(server, login, app_password.new_text(one.text[3:11])) == "wrong-app-password"


def test_not_for_somebody_else(server, add):
    login, other = server.new_user(), server.new_user()
    one = add(login)
    with server.connect() as client:
        assert client.login(login, one.text, authzid=other).command == "FAIL"
        assert client.login(login, one.text, authzid=login).command == "OK"


def test_a_key_that_this_node_lacks(server, add):
    """A missing key is "cannot tell", not "no"."""
    login = server.new_user()
    one = add(login)
    server.sql(f"UPDATE authd.app_password_secret SET key = 'ffffffff' WHERE app_password = {one.id}")
    since = server.authd.log_size()
    with server.connect() as client, pytest.raises(Closed):
        client.login(login, one.text)
    event = server.authd.wait_event(since, reason="key-missing")
    assert (event["outcome"], event["level"]) == ("tempfail", "error")


# ---- rotation, expiry, revocation

def test_rotated_with_an_overlap(server, add, rotate):
    login = server.new_user()
    old = add(login)
    new = rotate(login, old, overlap=3600)
    assert [outcome(server, login, one.text) for one in (old, new)] == ["good-app-password"] * 2
    server.sql(f"UPDATE authd.app_password_secret SET not_after = authd.now() "
               f"WHERE app_password = {old.id} AND not_after IS NOT NULL")
    assert outcome(server, login, old.text) == "expired-credential"
    assert outcome(server, login, new.text) == "good-app-password"
    newest = rotate(login, new)
    assert outcome(server, login, new.text) == "unknown-app-password"
    with server.connect(server.tagged) as client:
        assert f"#k{old.id}@" in user_of(client.login(login, newest.text))


def test_revoked(server, add):
    login = server.new_user()
    one, other = add(login), add(login)
    with server.connect() as client:
        assert client.login(login, one.text).command == "OK"
        manage(server.postgres, "app_password_revoke", user=login, id=str(one.id))
        assert client.login(login, one.text).command == "FAIL"
        assert client.login(login, other.text).command == "OK"
    server.authd.authctl("user", "delete", login)
    assert outcome(server, login, other.text) == "unknown-user"


def last_use(server, one):
    used = server.sql(f"SELECT last_used_at IS NOT NULL, host(last_used_address) FROM authd.app_password "
                       f"WHERE id = {one.id}")
    return used if used != "f|" else None


def test_last_use_is_recorded(server, add):
    login = server.new_user()
    one, other, unused = add(login), add(login), add(login)
    assert outcome(server, login, app_password.new_text(unused.text[3:11])) == "wrong-app-password"
    assert outcome(server, login, one.text, rip="192.0.2.7") == "good-app-password"
    assert outcome(server, login, other.text, rip="not an address") == "good-app-password"
    assert wait_until(lambda: last_use(server, one), what="the last use") == "t|192.0.2.7"
    assert wait_until(lambda: last_use(server, other), what="the last use") == "t|"
    assert last_use(server, unused) is None


def test_a_sliding_end_moves_with_the_last_use(server, add):
    login = server.new_user()
    one = add(login, sliding=True, expires_in=7200)
    server.sql(f"UPDATE authd.app_password SET not_after = authd.now() + interval '10 s' WHERE id = {one.id}")
    assert outcome(server, login, one.text) == "good-app-password"
    wait_until(lambda: last_use(server, one), what="the last use")
    assert server.sql(f"SELECT not_after > authd.now() + interval '1 hour' FROM authd.app_password "
                      f"WHERE id = {one.id}") == "t"


# ---- imported app passwords

def test_imported_app_passwords(server, add):
    login = server.new_user()
    imported = [add(login, password_hash=doveadm_hash(f"imported {n}", "SHA512-CRYPT")) for n in (1, 2)]
    local, domain = login.split("@")
    with server.connect(server.tagged) as client:
        for n, one in enumerate(imported, 1):
            assert user_of(client.login(login, f"imported {n}")) == f"{local}#k{one.id}@{domain}"
        assert user_of(client.login(login, PASSWORD)) == f"{local}#p1@{domain}"
    assert outcome(server, login, "imported 3") == "wrong-password"
    server.sql(f"UPDATE authd.app_password SET not_after = authd.now() WHERE id = {imported[0].id}")
    assert outcome(server, login, "imported 1") == "wrong-password"
    manage(server.postgres, "app_password_revoke", user=login, id=str(imported[1].id))
    assert outcome(server, login, "imported 2") == "wrong-password"


def test_an_imported_one_of_a_service_user(server, add):
    login = f"old-robot{os.getpid()}@example.org"
    server.authd.authctl("user", "add", login, "--service")
    add(login, password_hash=doveadm_hash("imported", "SHA512-CRYPT"))
    assert outcome(server, login, "imported") == "good-app-password"
    assert outcome(server, login, "wrong") == "no-password"


def test_an_imported_hash_that_nobody_reads(server, add):
    """An unreadable hash might be the right one, so the answer is "cannot tell"."""
    login = server.new_user()
    add(login, password_hash="{UNHEARD-OF}abc")
    assert outcome(server, login, PASSWORD) == "good-password"
    with server.connect() as client, pytest.raises(Closed):
        client.login(login, "something")


def test_an_imported_one_that_is_revoked_while_it_is_checked(server, add):
    login = server.new_user()
    one = add(login, password_hash=doveadm_hash("imported", "SHA512-CRYPT", "-r", "2500000"))
    since = server.authd.log_size()
    with server.connect() as client:
        client.begin(login, "imported")
        wait_until(lambda: server.threads_hashing() > 0, what="the hash")
        manage(server.postgres, "app_password_revoke", user=login, id=str(one.id))
        assert client.reply().command == "FAIL"
    assert server.authd.wait_event(since, user=login)["reason"] == "changed-meanwhile"


# ---- scopes

def scoped(add, login, **document):
    return add(login, scope=canonical({"v": 1, **document}))


@pytest.mark.parametrize("document, parameters, reason", [
    ({"networks": {"allow": ["192.0.2.0/24"]}}, {"rip": "192.0.2.9"}, "good-app-password"),
    ({"networks": {"allow": ["192.0.2.0/24"]}}, {"rip": "192.0.3.9"}, "scope-network"),
    ({"networks": {"allow": ["192.0.2.0/24"]}}, {}, "scope-network"),
    ({"tls": {"required": True}}, {"secured": "tls"}, "good-app-password"),
    ({"tls": {"required": True}}, {}, "scope-tls"),
    ({"mechanisms": ["OAUTHBEARER"]}, {}, "scope-mechanism"),
    ({"services": ["smtp"]}, {}, "good-app-password"),
    ({"services": ["submission"]}, {}, "scope-service"),
    ({"expires": "2001-01-01T00:00:00Z"}, {}, "expired-credential"),
    ({"not_before": "2101-01-01T00:00:00Z"}, {}, "not-yet-valid"),
    ({"time": {"tz": "UTC", "windows": []}}, {}, "scope-time"),
])
def test_scopes_at_sign_in(server, add, document, parameters, reason):
    login = server.new_user()
    one = scoped(add, login, **document)
    for path in (server.plain, server.tagged):
        assert outcome(server, login, one.text, path, **parameters) == reason
    assert outcome(server, login, PASSWORD) == "good-password"
    assert outcome(server, login, app_password.new_text(one.text[3:11])) == "wrong-app-password"


def test_what_only_the_mta_can_enforce(server, add):
    login = server.new_user()
    one = scoped(add, login, max_recipients=5)
    assert outcome(server, login, one.text, server.tagged) == "good-app-password"
    since = server.authd.log_size()
    assert outcome(server, login, one.text, server.plain) == "needs-policy"
    assert "credential scope" in server.authd.wait_event(since, user=login)["why"]
    assert saslauthd(server.saslauthd, login, one.text).startswith(b"NO")


def test_the_scope_of_an_imported_one(server, add):
    login = server.new_user()
    add(login, password_hash=doveadm_hash("imported", "SHA512-CRYPT"),
        scope=canonical({"v": 1, "services": ["submission"]}))
    assert outcome(server, login, "imported") == "scope-service"
    assert outcome(server, login, PASSWORD) == "good-password"


def test_scopes_of_the_user_hold_for_all(server, add):
    login = server.new_user()
    one = scoped(add, login, services=["smtp"])
    manage(server.postgres, "scope_put", level="user", user=login,
           scope=canonical({"v": 1, "networks": {"allow": ["192.0.2.0/24"]}}))
    for secret, reason in ((one.text, "good-app-password"), (PASSWORD, "good-password")):
        assert outcome(server, login, secret, rip="192.0.2.1") == reason
        assert outcome(server, login, secret, rip="198.51.100.1") == "scope-network"
    manage(server.postgres, "scope_delete", level="user", user=login)
    assert outcome(server, login, one.text, rip="198.51.100.1") == "good-app-password"


def test_mode_monitor_lets_through_and_says_so(server, add):
    login = server.new_user()
    until = server.sql("SELECT authd.rfc3339(authd.now() + interval '1 day')")
    one = add(login, scope='{"mode":"monitor","monitor_until":"%s","services":["submission"],"v":1}' % until)
    since = server.authd.log_size()
    assert outcome(server, login, one.text) == "good-app-password"
    assert "services of the credential scope" in server.authd.wait_event(since, user=login)["why"]
