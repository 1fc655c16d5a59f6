"""Logins with PLAIN and LOGIN; refusals for different reasons look the same."""

import threading
import time

import pytest
from client import encode, plain
from conftest import PASSWORD, doveadm_hash
from harness.private import HarnessError, wait_until


def test_plain_and_tagged_identity(server, alice):
    local, domain = alice.split("@")
    with server.connect() as client:
        assert client.login(alice, PASSWORD).line == f"OK\t1\tuser={alice}"
    with server.connect(server.tagged) as client:
        assert client.login(alice, PASSWORD).line == f"OK\t1\tuser={local}#p1@{domain}"


def test_the_generation_rises_with_each_set_and_clear(server):
    login = server.new_user()
    local = login.split("@")[0]
    server.authd.authctl("password", "set", login, password="another good password")
    with server.connect(server.tagged) as client:
        assert client.login(login, PASSWORD).command == "FAIL"
        assert client.login(login, "another good password").fields["user"] == f"{local}#p2@example.org"
        server.authd.authctl("password", "clear", login)
        assert client.login(login, "another good password").command == "FAIL"
        server.authd.authctl("password", "set", login, password=PASSWORD)
        assert client.login(login, PASSWORD).fields["user"] == f"{local}#p4@example.org"


@pytest.mark.parametrize("form", [
    lambda login: login.upper(),
    lambda login: login + ".",
    lambda login: login.split("@")[0],  # default_domain completes the login
    lambda login: login.replace(".org", "\u3002org"),  # U+3002 is an ideographic full stop
])
def test_one_user_in_every_spelling(server, alice, form):
    with server.connect() as client:
        assert client.login(form(alice), PASSWORD).fields["user"] == alice


def test_plain_in_two_steps(server, alice):
    with server.connect() as client:
        challenge = client.auth()
        assert challenge.line == "CONT\t1\t"
        assert client.cont(f"\0{alice}\0{PASSWORD}".encode()).command == "OK"


def test_an_empty_resp_is_none_before_version_1_2_and_empty_since(server):
    with server.connect(minor=0) as client:
        assert client.auth(resp="").command == "CONT"
        assert client.auth(resp="=").command == "FAIL"
    with server.connect(minor=2) as client:
        assert client.auth(resp="").command == "FAIL"


def test_login_mechanism(server, alice):
    with server.connect() as client:
        assert client.auth("LOGIN").line == "CONT\t1\tVXNlcm5hbWU6"
        assert client.cont(alice.encode()).line == "CONT\t1\tUGFzc3dvcmQ6"
        assert client.cont(PASSWORD.encode()).command == "OK"
        assert client.auth("login", resp=encode(alice.encode())).line == "CONT\t2\tUGFzc3dvcmQ6"
        assert client.cont(PASSWORD.encode()).command == "OK"
        assert client.auth("LOGIN", resp="=").challenge() == b"Username:"
        assert client.cont(b"").command == "FAIL"


def test_authorization_identity(server, alice):
    with server.connect() as client:
        assert client.login(alice, PASSWORD, authzid=alice.upper()).command == "OK"
        refused = client.login(alice, PASSWORD, authzid="root@example.org")
        assert refused.command == "FAIL" and refused.fields["code"] == "authz_fail"
        for authzid in (alice.replace("@", "#p1@"), "root", "\u200b", "*"):
            assert client.login(alice, PASSWORD, authzid=authzid).command == "FAIL"


def refusals(server):
    """Logins whose refusals must look alike, by their reasons in the log."""
    suspended, passwordless, locked = (server.new_user() for _ in range(3))
    server.authd.authctl("user", "suspend", suspended, "--reason", "spam")
    server.authd.authctl("password", "clear", passwordless)
    server.set_hash(locked, "!")
    return {
        "wrong-password": (server.new_user(), "wrong"),
        "unknown-user": ("nobody-here@example.org", PASSWORD),
        "suspended": (suspended, PASSWORD),
        "no-password": (passwordless, PASSWORD),
        "locked-password": (locked, "!"),
        "unknown-app-password": (server.new_user(), "apw-" + "abcde-" * 6),
    }


def test_refusals_are_alike_to_the_octet(server):
    since = server.authd.log_size()
    with server.connect() as client:
        replies = {reason: client.login(*claim) for reason, claim in refusals(server).items()}
    assert {reply.masked() for reply in replies.values()} == {"FAIL\treference"}
    for reason, reply in replies.items():
        reference = reply.fields["reason"].split("(reference ")[1].rstrip(")")
        event = server.authd.wait_event(since=since, ref=reference)
        assert (event["outcome"], event["reason"]) == ("deny", reason)


def test_refusals_leave_on_the_grid(server):
    """No refusal may come before the grid's first step, whatever its reason. Speed is not measured."""
    with server.connect() as client:
        for claim in refusals(server).values():
            began = time.monotonic()
            assert client.login(*claim).command == "FAIL"
            assert time.monotonic() - began > 0.45


def test_unknown_users_cost_a_hash_too(server, alice):
    """A known and an unknown user need the same lane: when the lane is full, both get the same answer."""
    def flood(login, outcomes):
        with server.connect(server.replying) as client:
            for number in range(1, 121):
                client.send(f"AUTH\t{number}\tPLAIN\tservice=smtp\tresp={plain(login, 'wrong')}\n")
            outcomes.update(client.reply().fields.get("code", "denied") for _ in range(120))

    for login in (alice, "nobody-here@example.org"):
        outcomes = set()
        flood(login, outcomes)
        assert outcomes == {"denied", "temp_fail"}, login


def test_answers_come_in_order_of_completion(server, alice):
    with server.connect() as client:
        client.send(f"AUTH\t1\tPLAIN\tservice=smtp\tresp={plain(alice, 'wrong')}\n"
                    f"AUTH\t2\tPLAIN\tservice=smtp\tresp={plain(alice, PASSWORD)}\n")
        assert [client.reply().id for _ in range(2)] == ["2", "1"]


def test_a_change_holds_for_a_login_under_way(server):
    """A user is suspended while the password is being hashed, which takes more than a second: the login is refused.
    """
    login = server.new_user()
    server.set_hash(login, doveadm_hash("old secret", "SHA512-CRYPT", "-r", "6000000"))
    since = server.authd.log_size()
    with server.connect() as client:
        client.send(f"AUTH\t1\tPLAIN\tservice=smtp\tresp={plain(login, 'old secret')}\n")
        server.authd.authctl("user", "suspend", login, "--reason", "stolen")
        assert client.reply().command == "FAIL"
    assert server.authd.wait_event(since=since, user=login)["reason"] == "changed-meanwhile"


def test_an_imported_hash_is_replaced_once(server):
    login = server.new_user()
    server.set_hash(login, doveadm_hash("old secret of a shadow file", "SHA512-CRYPT"))
    before = server.stored_hash(login)
    since = server.authd.log_size()

    def sign_in():
        with server.connect(server.tagged) as client:
            replies.append(client.login(login, "old secret of a shadow file"))

    replies = []
    threads = [threading.Thread(target=sign_in) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.fields.get("user") for reply in replies} == {login.replace("@", "#p1@")}
    wait_until(lambda: server.stored_hash(login) != before, what="the upgrade")
    assert server.stored_hash(login).startswith("$argon2id$")
    replaced = [event for event in server.authd.events("password-upgrade", since)
                if event["outcome"] == "replaced"]
    assert len(replaced) == 1
    with server.connect(server.tagged) as client:
        assert client.login(login, "old secret of a shadow file").fields["user"] == login.replace("@", "#p1@")
        assert client.login(login, "old secret").command == "FAIL"


@pytest.mark.parametrize("stored", ["!", "*", "x", "!$6$salt$hash", "plain-text"])
def test_locked_passwords_are_never_a_way_in(server, stored):
    login = server.new_user()
    server.set_hash(login, stored)
    with server.connect() as client:
        for password in (stored, "x", "!"):
            assert client.login(login, password).masked() == "FAIL\treference"


@pytest.mark.parametrize("stored", [
    "$6$", "$6$rounds=999999999$salt$x", "$argon2id$", "$2b$31$" + "a" * 53, "$7$zzzzzzzzz", "$9$x$y", "{FOO}bar",
    "$argon2id$v=19$m=4294967295,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo",
    "$6$" + "x" * 500,
])
def test_unreadable_hashes_are_no_way_in_and_no_wrong_password(server, stored):
    """The password may be right, but a plugin is missing or the hash costs more than the limits allow."""
    login = server.new_user()
    server.set_hash(login, stored)
    since = server.authd.log_size()
    with server.connect(server.replying) as client:
        for password in (stored, "x"):
            reply = client.login(login, password)
            assert reply.fields.get("code") == "temp_fail", reply.line + server.authd.log_text()[since:]
    assert server.authd.wait_event(since=since, user=login)["reason"] == "hash-unreadable"


def test_a_tail_that_bcrypt_ignored_is_not_made_the_password(server):
    """bcrypt reads 72 octets. The octets that follow were never checked, so no stronger hash is made of the whole."""
    login = server.new_user()
    stored = doveadm_hash("p" * 72, "BLF-CRYPT")
    server.set_hash(login, stored)
    with server.connect() as client:
        assert client.login(login, "p" * 72 + "a wrong tail").command == "OK"
        assert client.login(login, "p" * 72 + "another").command == "OK"
        assert server.stored_hash(login) == stored
        assert client.login(login, "p" * 71).command == "FAIL"
        assert client.login(login, "p" * 72).command == "OK"
    wait_until(lambda: server.stored_hash(login).startswith("$argon2id$"), what="the upgrade")


@pytest.mark.parametrize("stored", ["", "with blanks", "$6$salt$hash", "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
                                    "$cipher$", "$cipher$0123abcd$a b"])
def test_the_schema_refuses_what_is_not_encrypted(server, stored):
    with pytest.raises(HarnessError):
        server.sql(f"UPDATE authd.account SET password = '{stored}' WHERE login = '{server.new_user()}'")
