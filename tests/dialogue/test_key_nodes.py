"""Key files that change while authd runs: copied from another node, read again, with lines added or removed."""

import os

import pytest
from conftest import PASSWORD
from harness import sealing
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
    login, old = first.new_user(), first.current("sealing")
    trim(first, "sealing")
    second.copy_keys(first)
    second.hup()
    seeds = add_seeds(first, 300)
    made = first.rotate("sealing", prepare=True)
    assert first.current("sealing") == old and not made["current"]
    second.copy_keys(first, ["sealing"])
    second.hup()
    with Load(first, [(login, PASSWORD)]) as one, Load(second, [(login, PASSWORD)]) as other:
        assert first.rotate("sealing")["id"] == made["id"]
        second.wait_first("sealing", made["id"])
        first.wait_count("sealing", old)
        one.more()
        other.more()
    assert one.refused == other.refused == []
    assert first.names("sealing") == second.names("sealing") == [made["id"], old]
    assert_seeds(second, seeds)


def test_a_node_that_lacks_the_key_finds_it_once_it_is_there(first, second):
    since = second.authd.log_size()
    made = first.rotate("sealing")
    first.wait_first("sealing", made["id"])
    wait_until(lambda: second.authd.events("key-missing", since), 20, "the complaint")
    assert made["id"] in second.authd.events("key-missing", since)[0]["message"]
    second.copy_keys(first, ["sealing"])
    wait_until(lambda: [event for event in second.authd.events("keys", since) if event["sealing"] == made["id"]],
               20, "the new key")
    assert second.is_serving(first.new_user())


# ---- reading the files again

@pytest.mark.parametrize("flaw, words", [
    (lambda node: os.unlink(node.file("pepper")), "there is no"),
    (lambda node: os.chmod(node.file("sealing"), 0o644), "can read"),
    (lambda node: node.write("sealing", "0" * 64 + "\n"), "does not hold a key"),
    (lambda node: node.write("sealing", "3" * 64 + "\n"), "which is not in the files"),
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
    os.chmod(second.file("sealing"), 0o600)
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
    first.wait_first("sealing", first.rotate("sealing")["id"])
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
    trim(first, "sealing")
    for _ in range(7):
        first.wait_first("sealing", first.rotate("sealing")["id"])
    assert len(first.lines("sealing")) == 8
    refused = first.api.call("POST", "/v1/keys/sealing/rotate")
    assert refused.status == 409 and "remove the lines" in refused.json["detail"]
    trim(first, "sealing")
    first.wait_first("sealing", first.rotate("sealing")["id"])


def test_a_key_that_came_off_the_list_never_comes_back(first):
    trim(first, "sealing")
    old = first.lines("sealing")[0]
    first.wait_first("sealing", first.rotate("sealing")["id"])
    trim(first, "sealing")
    first.write("sealing", read_text(first.file("sealing")) + old + "\n")
    first.hup()
    made = first.rotate("sealing")["id"]
    assert made != sealing.key_id(bytes.fromhex(old))
    first.wait_first("sealing", made)


def test_requests_under_one_idempotency_key_rotate_once(first):
    trim(first, "sealing")
    answers = [first.api.call("POST", "/v1/keys/sealing/rotate", Idempotency_Key="once") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["id"] == answers[1].json["id"] and answers[1].json["replayed"]
    first.wait_first("sealing", answers[0].json["id"])
    assert len(first.lines("sealing")) == 2


def test_migrate_takes_what_nothing_needs_off_the_list(first):
    trim(first, "sealing")
    first.wait_first("sealing", first.rotate("sealing")["id"])
    for key in first.list():
        if key["purpose"] == "sealing" and not key["current"]:
            first.wait_count("sealing", key["id"])
    first.sql("UPDATE authd.key SET retired_at = retired_at - interval '2 minutes' WHERE retired_at IS NOT NULL")
    first.authd.stop()
    first.write("sealing", first.lines("sealing")[0] + "\n")
    first.authd.migrate()
    first.authd.start()
    assert [key["id"] for key in first.list() if key["purpose"] == "sealing"] == first.names("sealing")
