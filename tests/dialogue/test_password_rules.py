"""The rules for a new password, wherever a password is set, with the default configuration."""

import os
import time

import pytest
from conftest import Server, make_authd
from harness import totp
from harness.ask import ask

GOOD = "marmot quartz lamp drizzle"


@pytest.fixture(scope="module")
def strict(server):
    authd = make_authd(server.postgres)
    authd.config["password"] = {"words": ["acme", "Rocketeer"]}
    authd.write_config()
    with authd:
        yield Server(authd, server.postgres)


@pytest.fixture(scope="module")
def liddell(strict):
    login = f"liddell{os.getpid()}@wonderland.example"
    strict.authd.authctl("user", "add", login, password=GOOD)
    answer = ask(strict.authd.http, "PATCH", f"/v1/users/{login}",
                 {"display_name": "Alice Pleasance", "recovery_address": "dinah@cheshire.example"})
    assert answer.status == 200, answer
    return login


REFUSED = [
    ("Tr0ub4dor&3", "password is 11 characters long, and at least 15 are needed; use four or more unrelated words",
     ["too-short"]),
    ("qwertyuiopasdfg", "password is easy to guess; use four or more unrelated words", ["easy-to-guess"]),
    ("aaaaaaaaaaaaaaaaaaaaaaaa", "password is easy to guess; use four or more unrelated words", ["easy-to-guess"]),
    ("ALICE+pleasance+7kQ", "password is easy to guess: it is built from its owner's name or domain; use four or "
     "more unrelated words", ["own-name"]),
    ("Wonderland7kQ-dinah", "password is easy to guess: it is built from its owner's name or domain; use four or "
     "more unrelated words", ["own-name"]),
    ("Rocketeer@ACME qZ7x", "password is easy to guess: it is built from words that everybody here knows; use "
     "four or more unrelated words", ["known-words"]),
    ("marmot quartz lamp$", "password ends in $, which separates a password from a code; use four or more "
     "unrelated words", ["not-allowed"]),
]


@pytest.mark.parametrize(("password", "sentence", "flaws"), REFUSED)
def test_refused(strict, liddell, password, sentence, flaws):
    answer = ask(strict.authd.http, "PUT", f"/v1/users/{liddell}/password", {"password": password})
    assert (answer.status, answer.json["detail"]) == (422, sentence)
    answer = ask(strict.authd.http, "POST", f"/v1/users/{liddell}/password-strength", {"password": password})
    assert answer.status == 200, answer
    assert (answer.json["acceptable"], answer.json["flaws"]) == (False, flaws)
    with strict.connect() as client:
        assert client.login(liddell, password).command == "FAIL"
        assert client.login(liddell, GOOD).command == "OK"


@pytest.mark.parametrize("password", ["correct horse battery staple", "only lower case letters",
                                      "\u043a\u043e\u0440\u043e\u0432\u0430 \u043f\u043e\u0434 \u0434\u0443\u0431\u043e\u043c",
                                      "8f3a9c1be77d0254aa01b3c4", "xkcd" * 3 + "5hG" + "z" * 1009])
def test_taken(strict, password):
    login = strict.new_user(GOOD)
    strength = ask(strict.authd.http, "POST", f"/v1/users/{login}/password-strength", {"password": password})
    assert (strength.status, strength.json["acceptable"], strength.json["flaws"]) == (200, True, [])
    assert strength.json["score"] >= 3
    assert ask(strict.authd.http, "PUT", f"/v1/users/{login}/password", {"password": password}).status == 200
    with strict.connect() as client:
        assert client.login(login, password).command == "OK"
        assert client.login(login, GOOD).command == "FAIL"


def test_a_new_user_is_known_by_the_request(strict):
    login = f"jabberwock{os.getpid()}@tulgey.example"
    body = {"login": login, "password": "Jabberwock-tulgey-7kQ"}
    answer = ask(strict.authd.http, "POST", "/v1/users", body)
    assert answer.status == 422
    assert answer.json["detail"].startswith("password is easy to guess: it is built from its owner's name")
    assert ask(strict.authd.http, "GET", f"/v1/users/{login}").status == 404
    body["password"] = GOOD
    assert ask(strict.authd.http, "POST", "/v1/users", body).status == 201


def test_who_may_not_set_it_is_told_that_first(strict):
    """Nothing is hashed for a user who does not exist."""
    answer = ask(strict.authd.http, "PUT", "/v1/users/nobody@nowhere.example/password", {"password": "short"})
    assert answer.status == 404
    answer = ask(strict.authd.http, "POST", "/v1/users/nobody@nowhere.example/password-strength", {"password": "x"})
    assert answer.status == 404


def test_a_dry_run_judges_too(strict, liddell):
    target = f"/v1/users/{liddell}/password?dry_run=true"
    assert ask(strict.authd.http, "PUT", target, {"password": "short"}).status == 422
    assert ask(strict.authd.http, "PUT", target, {"password": "correct horse battery staple"}).status == 200
    with strict.connect() as client:
        assert client.login(liddell, GOOD).command == "OK"


def test_long_passwords_hold_nobody_up(strict, liddell, alice):
    """The passwords that take longest to rate are sent while another client waits for an answer."""
    slowest = 0
    for password in "a" * 1024, "4" * 1024, "ab" * 512, "p4$$w0rd" * 128:
        began = time.monotonic()
        answer = ask(strict.authd.http, "POST", f"/v1/users/{liddell}/password-strength", {"password": password})
        slowest = max(slowest, time.monotonic() - began)
        assert (answer.status, answer.json["flaws"]) == (200, ["easy-to-guess"])
    assert slowest < 5
    assert ask(strict.authd.http, "PUT", f"/v1/users/{liddell}/password", {"password": "x" * 1025}).status == 422


def test_imported_hashes_and_old_passwords_stay_good(strict, server):
    """The rules apply only to passwords that are set."""
    login = server.new_user("x y z 123")  # set by the other authd, which has lax rules
    with strict.connect() as client:
        assert client.login(login, "x y z 123").command == "OK"


def test_who_has_a_second_factor_may_have_a_shorter_one(strict):
    login, short = f"enrolled{os.getpid()}@example.org", "qZ7!xw2p"
    strict.authd.authctl("user", "add", login, password=GOOD)

    def put(password):
        return ask(strict.authd.http, "PUT", f"/v1/users/{login}/password", {"password": password})

    def strength(password):
        return ask(strict.authd.http, "POST", f"/v1/users/{login}/password-strength", {"password": password}).json

    assert (put(short).status, strength(short)["flaws"]) == (422, ["too-short"])
    totp.enrol_in(strict.postgres, strict.authd.config["key_dir"], login)
    assert (put(short).status, strength(short)["flaws"]) == (200, [])
    answer = put(short[:7])
    assert (answer.status, answer.json["detail"]) == (
        422, "password is 7 characters long, and at least 8 are needed; use four or more unrelated words")
    assert "too-short" in strength(short[:7])["flaws"]
    assert put("password").status == 422
    site = ask(strict.authd.http, "GET", "/v1/site").json["password"]
    assert (site["min_length"], site["min_length_with_factor"]) == (15, 8)
