"""Key files that change while authd runs: copied from another node, read again, with lines added or removed."""

import os

import pytest
from conftest import PASSWORD
from harness import encryption
from harness.postgres import Postgres
from harness.private import read_text, wait_until
from key_nodes import Load, Node, add_seeds, assert_seeds, trim


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


@pytest.fixture
def second(postgres, first):
    node = Node(postgres, keys_of=first)
    node.authd.start()
    yield node
    node.authd.destroy()


# ---- several nodes

def test_two_nodes(first, second):
    login, old = first.new_user(), first.current("encryption")
    trim(first, "encryption")
    second.copy_keys(first)
    second.hup()
    seeds = add_seeds(first, 300)
    made = first.rotate("encryption", prepare=True)
    assert first.current("encryption") == old and not made["current"]
    second.copy_keys(first, ["encryption"])
    second.hup()
    with Load(first, [(login, PASSWORD)]) as one, Load(second, [(login, PASSWORD)]) as other:
        assert first.rotate("encryption")["id"] == made["id"]
        second.wait_first("encryption", made["id"])
        first.wait_count("encryption", old)
        one.more()
        other.more()
    assert one.refused == other.refused == []
    assert first.names("encryption") == second.names("encryption") == [made["id"], old]
    assert_seeds(second, seeds)


def test_a_node_that_lacks_the_key_finds_it_once_it_is_there(first, second):
    since = second.authd.log_size()
    made = first.rotate("encryption")
    first.wait_first("encryption", made["id"])
    wait_until(lambda: second.authd.events("key-missing", since), 20, "the complaint")
    assert made["id"] in second.authd.events("key-missing", since)[0]["message"]
    second.copy_keys(first, ["encryption"])
    wait_until(lambda: [event for event in second.authd.events("keys", since) if event["encryption"] == made["id"]],
               20, "the new key")
    assert second.is_serving(first.new_user())


# ---- reading the files again

@pytest.mark.parametrize("flaw, words", [
    (lambda node: os.unlink(node.file("pepper")), "there is no"),
    (lambda node: os.chmod(node.file("encryption"), 0o644), "can read"),
    (lambda node: node.write("encryption", "0" * 64 + "\n"), "does not hold a key"),
    (lambda node: node.write("encryption", "3" * 64 + "\n"), "which is not in the files"),
    (lambda node: node.write("audit", "3" * 64 + "\n"), "which is not in the files"),
], ids=["missing", "readable", "zeros", "another", "audit"])
def test_files_that_are_wrong_leave_the_keys_of_before(first, second, flaw, words):
    since, login = second.authd.log_size(), second.new_user()
    secret = second.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "x"})["secret"]
    flaw(second)
    second.hup()
    (event,) = wait_until(lambda: second.authd.events("keys-refused", since), 20, "the complaint")
    assert words in event["message"] and "stay" in event["message"]
    with second.connect() as client:
        assert client.login(login, secret).command == "OK"
    os.chmod(second.file("encryption"), 0o600)
    second.copy_keys(first)
    second.hup()
    wait_until(lambda: second.authd.events("keys", since), 20, "the keys")


def test_a_key_that_something_needs_stays_on_the_list(first):
    login = first.new_user()
    secret = first.api.good("POST", f"/v1/users/{login}/app-passwords", {"label": "x"})["secret"]
    old = first.current("pepper")
    new = first.rotate("pepper")["id"]
    first.wait_first("pepper", new)
    first.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    text, since = read_text(first.file("pepper")), first.authd.log_size()
    kept = [line for line, name in zip(first.lines("pepper"), first.names("pepper")) if name != old]
    first.write("pepper", "\n".join(kept) + "\n")
    first.hup()
    (event,) = wait_until(lambda: first.authd.events("keys-refused", since), 20, "the complaint")
    assert f"pepper {old}" in event["message"]
    first.write("pepper", text)
    first.hup()
    with first.connect() as client:
        assert client.login(login, secret).command == "OK"
    assert first.count("pepper", old) >= 0


def test_a_line_that_was_lost_does_no_harm_before_it_is_noticed(first):
    login, other = first.new_user(), first.new_user()
    make = lambda owner: first.api.good("POST", f"/v1/users/{owner}/app-passwords", {"label": "x"})["secret"]  # noqa: E731
    one, two = make(login), make(other)
    lost = first.lines("pepper")[0]
    first.wait_first("pepper", first.rotate("pepper")["id"])
    first.write("pepper", "".join(line + "\n" for line in first.lines("pepper") if line != lost))
    first.wait_first("encryption", first.rotate("encryption")["id"])
    first.wait_first("pepper", first.rotate("pepper")["id"])
    with first.connect() as client:
        assert client.login(login, one).command == "OK"
    first.write("pepper", "\n".join([*first.lines("pepper"), lost]) + "\n")
    first.hup()
    first.authd.stop()
    first.authd.start()
    with first.connect() as client:
        assert client.login(other, two).command == "OK"


def test_a_file_that_is_full(first):
    trim(first, "encryption")
    for _ in range(7):
        first.wait_first("encryption", first.rotate("encryption")["id"])
    assert len(first.lines("encryption")) == 8
    refused = first.api.call("POST", "/v1/keys/encryption/rotate")
    assert refused.status == 409 and "remove the lines" in refused.json["detail"]
    trim(first, "encryption")
    first.wait_first("encryption", first.rotate("encryption")["id"])


def test_a_key_that_came_off_the_list_never_comes_back(first):
    trim(first, "encryption")
    old = first.lines("encryption")[0]
    first.wait_first("encryption", first.rotate("encryption")["id"])
    trim(first, "encryption")
    first.write("encryption", read_text(first.file("encryption")) + old + "\n")
    first.hup()
    made = first.rotate("encryption")["id"]
    assert made != encryption.key_id(bytes.fromhex(old))
    first.wait_first("encryption", made)


def test_requests_under_one_idempotency_key_rotate_once(first):
    trim(first, "encryption")
    answers = [first.api.call("POST", "/v1/keys/encryption/rotate", Idempotency_Key="once") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["id"] == answers[1].json["id"] and answers[1].json["replayed"]
    first.wait_first("encryption", answers[0].json["id"])
    assert len(first.lines("encryption")) == 2


def test_migrate_takes_what_nothing_needs_off_the_list(first):
    trim(first, "encryption")
    first.wait_first("encryption", first.rotate("encryption")["id"])
    for key in first.list():
        if key["purpose"] == "encryption" and not key["current"]:
            first.wait_count("encryption", key["id"])
    first.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    first.authd.stop()
    first.write("encryption", first.lines("encryption")[0] + "\n")
    first.authd.migrate()
    first.authd.start()
    assert [key["id"] for key in first.list() if key["purpose"] == "encryption"] == first.names("encryption")
