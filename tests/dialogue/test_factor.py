"""Second factors at the mail sockets: who needs a code, in which forms and how often it is accepted, and that
refusals look like a wrong password."""

import os
import threading
import time

import pytest
from client import Closed, plain, saslauthd
from conftest import PASSWORD, doveadm_hash
from harness import app_password, totp
from harness.app_password import Pepper
from harness.ask import ask
from harness.private import read_text, wait_until
from phone import AWAY, HOME, NEEDED, answer, by, event_of, new_phone, outcome, set_policy


@pytest.fixture
def phone(server):
    return new_phone(server)


# ---- accepted secrets

def test_forms(server, phone):
    """The password alone, with a code in every form, and with texts that only resemble one."""
    code = phone.code()
    cases = [(PASSWORD, NEEDED),
             (PASSWORD + "$", "wrong-password"),
             (PASSWORD + " " + code, "wrong-password"),  # the blank belongs to the password
             (code + PASSWORD, "wrong-password"),
             ("wrong" + code, "wrong-password"),
             (PASSWORD + "$$" + code, "wrong-password"),
             (PASSWORD + "$" + code + "$", "wrong-password"),
             (PASSWORD + code[:5], "wrong-password"),
             (PASSWORD + code[:3] + " " + code[3:], "wrong-password"),
             (PASSWORD + "\u0661\u0662\u0663\u0664\u0665\u0666", "wrong-password"),
             (PASSWORD + "0" + code, "wrong-password"),
             (code, "wrong-password"),
             ("$" + code, "wrong-password"),
             (PASSWORD + "abcd-efgh-ijkl-mnop", "wrong-password")]
    for secret, reason in cases:
        assert outcome(server, phone.login, secret) == reason, secret
    assert phone.row("failures") == "0"
    assert by(server, phone.login, PASSWORD + phone.code()) == ("good-password", "totp")
    phone.forget()
    assert by(server, phone.login, PASSWORD + "$" + phone.code()) == ("good-password", "totp")


def test_which_codes(server, phone):
    """The codes of this step and of the step before it are accepted, each once, and only in their order."""
    wait_until(lambda: time.time() % totp.PERIOD < 20, 15, "the beginning of a step")
    for steps in (1, 2, -2, -3):
        assert outcome(server, phone.login, PASSWORD + phone.code(steps)) == "wrong-code", steps
    assert outcome(server, phone.login, PASSWORD + phone.code(-1)) == "good-password"
    assert outcome(server, phone.login, PASSWORD + phone.code(-1)) == "used-code"
    assert outcome(server, phone.login, PASSWORD + phone.code()) == "good-password"
    for steps in (0, -1):
        assert outcome(server, phone.login, PASSWORD + "$" + phone.code(steps)) == "used-code"
    assert phone.row("failures") == "0"


def test_a_step_ahead_if_so_configured(instance):
    instance.authd.config["second_factor_ahead"] = "true"
    instance.authd.write_config()
    instance.authd.start()
    user = new_phone(instance)
    wait_until(lambda: time.time() % totp.PERIOD < 25, 10, "some time in this step")
    assert outcome(instance, user.login, PASSWORD + user.code(2)) == "wrong-code"
    assert outcome(instance, user.login, PASSWORD + user.code(1)) == "good-password"
    assert outcome(instance, user.login, PASSWORD + user.code()) == "used-code"


@pytest.mark.parametrize("algorithm, digits", [("SHA1", 8), ("SHA256", 6), ("SHA256", 8), ("SHA512", 6), ("SHA512", 8)])
def test_algorithms_and_digits(server, algorithm, digits):
    user = new_phone(server, algorithm=algorithm, digits=digits)
    other = 14 - digits
    assert outcome(server, user.login, PASSWORD + user.code()[:other].zfill(other)) == "wrong-password"
    assert outcome(server, user.login, PASSWORD + user.code()) == "good-password"


@pytest.mark.parametrize("password", [
    "battery staple 2024", "battery staple 123456", "battery staple 12345678", "battery $ staple", "cost $5 a staple",
    "battery staple $123456", "12345678901234", "\u0440\u0430\u0442\u0430\u0440\u0435\u044f 000000"])
def test_passwords_that_look_like_more(server, password):
    """These passwords alone are not enough; followed by a code they are accepted."""
    user = new_phone(server, password=password)
    alone = event_of(server, user.login, password)
    taken = password[-6:].isascii() and password[-6:].isdigit()
    assert (alone["reason"], alone.get("why")) == (
        ("wrong-password", "the last digits of the secret were taken for a code") if taken else (NEEDED, None))
    for form in (password + user.code(), password + "$" + user.code()):
        user.forget()
        assert outcome(server, user.login, form) == "good-password"
    assert user.row("failures") == "0"
    server.sql(f"DELETE FROM authd.totp WHERE account = (SELECT id FROM authd.account WHERE login = '{user.login}')")
    assert outcome(server, user.login, password) == "good-password"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_no_mechanism_nor_service_is_a_way_round(server, phone, mechanism):
    for service in ("smtp", "submission", "imap", "sieve", "pop3", "doveadm", "x-unheard-of", ""):
        assert outcome(server, phone.login, PASSWORD, mechanism, service=service) == NEEDED, service
    secret = PASSWORD + phone.code()
    assert outcome(server, phone.login, secret, mechanism) == "good-password"
    assert outcome(server, phone.login, secret, mechanism) == "used-code"


@pytest.mark.parametrize("service", ["smtp", "imap", "x-unheard-of", ""])
def test_saslauthd(server, phone, service):
    assert saslauthd(server.saslauthd, phone.login, PASSWORD, service=service)[:2] == b"NO"
    secret = PASSWORD + phone.code()
    assert saslauthd(server.saslauthd, phone.login, secret, service=service) == b"OK"
    assert saslauthd(server.saslauthd, phone.login, secret, service=service)[:2] == b"NO"


def test_every_path(server, phone):
    for path in (server.plain, server.tagged, server.replying):
        assert outcome(server, phone.login, PASSWORD, "PLAIN", path) == NEEDED
    local, domain = phone.login.split("@")
    with server.connect(server.tagged) as client:
        assert client.login(phone.login, PASSWORD + phone.code()).fields["user"] == f"{local}#p1@{domain}"


def test_no_inline_codes_if_so_configured(instance):
    instance.authd.config["second_factor_inline"] = "false"
    instance.authd.write_config()
    instance.authd.start()
    user = new_phone(instance)
    one = app_password.add(instance.postgres, Pepper(instance.authd.config["key_dir"]), user.login)
    assert outcome(instance, user.login, PASSWORD) == NEEDED
    assert outcome(instance, user.login, PASSWORD + user.code()) == "wrong-password"
    assert outcome(instance, user.login, one.text) == "good-app-password"


# ---- policies

@pytest.mark.parametrize("strictest", ["off", "optional", "required"])
def test_policy(server, instance, strictest):
    """The strictest policy of site, domain and user applies."""
    words = ["off", "optional", "required"]
    instance.authd.config["second_factor"] = "off"
    instance.authd.write_config()
    instance.authd.start()
    pepper = Pepper(instance.authd.config["key_dir"])
    bare = {"off": ("good-password", "good-password"), "optional": ("good-password", NEEDED),
            "required": ("must-enrol", NEEDED)}[strictest]
    weaker = words[:words.index(strictest) + 1]
    try:
        for user, domain in {(strictest, word) for word in weaker} | {(word, strictest) for word in weaker}:
            without, enrolled = instance.new_user(), new_phone(instance)
            for login in (without, enrolled.login):
                set_policy(instance, login, user, domain)
            assert outcome(instance, without, PASSWORD) == bare[0], (user, domain)
            assert outcome(instance, enrolled.login, PASSWORD) == bare[1], (user, domain)
            # with policy off no code is split off the password
            with_code = "wrong-password" if strictest == "off" else "good-password"
            assert outcome(instance, enrolled.login, PASSWORD + enrolled.code()) == with_code
            for login in (without, enrolled.login):
                one = app_password.add(instance.postgres, pepper, login)
                assert outcome(instance, login, one.text) == "good-app-password"
    finally:
        server.sql("UPDATE authd.domain SET second_factor = NULL")


def test_policy_of_the_site(instance):
    instance.authd.config["second_factor"] = "required"
    instance.authd.write_config()
    instance.authd.start()
    without, enrolled = instance.new_user(), new_phone(instance)
    set_policy(instance, enrolled.login, "off", "off")
    try:
        assert outcome(instance, without, PASSWORD) == "must-enrol"
        assert outcome(instance, without, PASSWORD + "123456") == "wrong-password"
        assert outcome(instance, enrolled.login, PASSWORD) == NEEDED
        assert saslauthd(instance.saslauthd, without, PASSWORD)[:2] == b"NO"
    finally:
        set_policy(instance, enrolled.login)


def test_a_domain_before_its_date(server):
    login, enrolled = server.new_user(), new_phone(server)
    dates = {"authd.now() + interval '1 hour'": "good-password", "authd.now() - interval '1 hour'": "must-enrol"}
    try:
        for date, reason in dates.items():
            server.sql(f"UPDATE authd.domain SET second_factor = 'required', second_factor_from = {date}"
                       f" WHERE name = 'example.org'")
            assert outcome(server, login, PASSWORD) == reason
            assert outcome(server, enrolled.login, PASSWORD) == NEEDED
    finally:
        server.sql("UPDATE authd.domain SET second_factor = NULL, second_factor_from = NULL")


def test_app_passwords_need_none(server, phone):
    one = app_password.add(server.postgres, Pepper(server.authd.config["key_dir"]), phone.login)
    app_password.add(server.postgres, Pepper(server.authd.config["key_dir"]), phone.login,
                     password_hash=doveadm_hash("imported 123456", "SHA512-CRYPT"))
    assert outcome(server, phone.login, one.text) == "good-app-password"
    assert outcome(server, phone.login, one.grouped()) == "good-app-password"
    assert saslauthd(server.saslauthd, phone.login, one.text) == b"OK"
    # The hash of an imported app password covers the whole text, whatever its last characters.
    assert outcome(server, phone.login, "imported 123456") == "good-app-password"
    assert outcome(server, phone.login, "imported 12345") == "wrong-password"
    assert (phone.row("last_step"), phone.row("failures")) == ("0", "0")


def test_an_app_password_like_the_main_one_is_no_way_round(server, phone):
    app_password.add(server.postgres, Pepper(server.authd.config["key_dir"]), phone.login,
                     password_hash=doveadm_hash(PASSWORD, "SHA512-CRYPT"))
    assert outcome(server, phone.login, PASSWORD) == NEEDED
    assert outcome(server, phone.login, PASSWORD + phone.wrong()) == "wrong-code"
    assert outcome(server, phone.login, PASSWORD + phone.code()) == "good-password"


def test_everything_else_is_asked_first(server, phone):
    """A login that is refused for another reason neither uses up a code nor counts it."""
    server.authd.authctl("user", "suspend", phone.login, "--reason", "test")
    for secret in (PASSWORD + phone.code(), PASSWORD + phone.wrong()):
        assert outcome(server, phone.login, secret) == "suspended"
    server.authd.authctl("user", "resume", phone.login)
    app_password.manage(server.postgres, "scope_put", level="user", user=phone.login,
                        scope=app_password.canonical({"v": 1, "networks": {"allow": ["192.0.2.0/24"]}}))
    for secret in (PASSWORD + phone.code(), PASSWORD + phone.wrong()):
        assert outcome(server, phone.login, secret, rip=AWAY) == "scope-network"
    assert (phone.row("last_step"), phone.row("failures")) == ("0", "0")
    assert outcome(server, phone.login, PASSWORD + phone.code(), rip=HOME) == "good-password"


def test_recovery_codes_are_no_mail_passwords(server, phone):
    """Even a right recovery code is refused."""
    code = "abcd-efgh-ijkl-mnop"
    key = Pepper(server.authd.config["key_dir"])
    server.sql("INSERT INTO authd.recovery_code (account, verifier, key) SELECT id, sha256('x'), "
               f"'{key.name}' FROM authd.account WHERE login = '{phone.login}'")
    for secret in (PASSWORD + code, PASSWORD + "$" + code, PASSWORD + code.replace("-", ""), code):
        assert outcome(server, phone.login, secret) == "wrong-password"
    assert server.sql(f"SELECT count(*) FROM authd.recovery_code WHERE account = (SELECT id FROM authd.account "
                      f"WHERE login = '{phone.login}')") == "1"


# ---- wrong codes

def test_wrong_codes_lock_and_a_right_password_does_not_forgive(server, phone):
    one = app_password.add(server.postgres, Pepper(server.authd.config["key_dir"]), phone.login)
    wrong = [phone.wrong(100 * number) for number in range(1, 7)]
    for code in wrong[:4]:
        assert outcome(server, phone.login, PASSWORD + code) == "wrong-code"
        assert outcome(server, phone.login, PASSWORD) == NEEDED
    assert phone.row("failures") == "4"
    assert outcome(server, phone.login, PASSWORD + wrong[4]) == "wrong-code"
    assert outcome(server, phone.login, PASSWORD + phone.code()) == "factor-locked"
    assert outcome(server, phone.login, PASSWORD + wrong[5]) == "factor-locked"
    assert outcome(server, phone.login, PASSWORD) == NEEDED
    assert outcome(server, phone.login, "wrong" + phone.code()) == "wrong-password"
    assert outcome(server, phone.login, one.text) == "good-app-password"
    assert phone.row("failures") == "5"
    assert server.sql("SELECT count(*) FROM authd.notice JOIN authd.account ON account.id = account WHERE "
                      # 0: the notice was sent already
                      f"kind = 'totp-locked' AND login = '{phone.login}'") in ("1", "0")
    server.sql(f"UPDATE authd.totp SET locked_until = authd.now() WHERE id = {phone.row('id')}")
    assert outcome(server, phone.login, PASSWORD + phone.code()) == "good-password"
    assert phone.row("failures") == "0"


def test_what_phones_do_locks_nobody(server, phone):
    """A mail program may repeat the same secret all day: no code, a used code, a code that was wrong once."""
    used = PASSWORD + phone.code()
    assert outcome(server, phone.login, used) == "good-password"
    stale = PASSWORD + phone.code(-20)
    for _ in range(8):
        assert outcome(server, phone.login, PASSWORD) == NEEDED
        # "wrong-code" once a minute has passed
        assert outcome(server, phone.login, used) in ("used-code", "wrong-code")
        assert outcome(server, phone.login, stale) == "wrong-code"
    assert phone.row("failures") in ("1", "2")


def test_a_wrong_code_is_not_good_when_its_time_comes(server, phone):
    """If a refused code became good later, a guess that counts once could be repeated until it is right. A phone
    whose clock is fast shows another code soon."""
    wait_until(lambda: time.time() % totp.PERIOD > 20, 25, "the end of a step")
    early = phone.code(1)
    assert outcome(server, phone.login, PASSWORD + early) == "wrong-code"
    wait_until(lambda: phone.code() == early, 15, "its time")
    assert outcome(server, phone.login, PASSWORD + early) == "wrong-code"
    assert (phone.row("last_step"), phone.row("failures")) == ("0", "1")
    assert outcome(server, phone.login, PASSWORD + phone.code(-1)) == "good-password"


def test_wrong_codes_survive_a_restart(instance):
    instance.authd.start()
    user = new_phone(instance)
    good = PASSWORD + user.code()
    assert outcome(instance, user.login, good) == "good-password"
    assert outcome(instance, user.login, PASSWORD + user.wrong()) == "wrong-code"
    instance.authd.kill()
    instance.authd.start()
    assert outcome(instance, user.login, good) in ("used-code", "wrong-code")
    assert user.row("failures") in ("1", "2")


def test_a_clock_that_is_set_back_opens_nothing(server, phone):
    code = phone.code()
    assert outcome(server, phone.login, PASSWORD + code) == "good-password"
    old = phone.code(-20)
    try:
        server.sql("CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE "
                   "RETURN pg_catalog.now() - interval '10 minutes'")
        assert outcome(server, phone.login, PASSWORD + old) == "used-code"
        apart = wait_until(lambda: server.authd.events("clock-apart"), what="the alarm")
        assert -610 <= int(apart[0]["seconds"]) <= -590 and apart[0]["level"] == "error"
    finally:
        server.sql("CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE "
                   "RETURN pg_catalog.now()")
    assert outcome(server, phone.login, PASSWORD) == NEEDED
    assert wait_until(lambda: server.authd.events("clock-together"), what="its end")
    assert len(server.authd.events("clock-apart")) == 1


# ---- each code once

def all_at_once(servers, login, secret, count):
    """Sends the same secret to each of the servers in turn, all at the same time; returns how many logins were
    allowed."""
    barrier = threading.Barrier(count)
    good = []

    def one(server):
        with server.connect() as client:
            barrier.wait()
            good.append(client.login(login, secret).command == "OK")
    threads = [threading.Thread(target=one, args=(servers[n % len(servers)],)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(good) == count
    return sum(good)


def test_one_code_at_once(server, phone):
    assert all_at_once([server], phone.login, PASSWORD + phone.code(), 16) == 1
    assert phone.row("failures") == "0"


def test_one_code_at_two_nodes(server, instance, phone):
    instance.authd.start()
    for _ in range(3):
        phone.forget()
        assert all_at_once([server, instance], phone.login, PASSWORD + phone.code(), 16) == 1
    assert outcome(instance, phone.login, PASSWORD + phone.code()) in ("used-code", "good-password")


def test_guesses_at_two_nodes(server, instance, phone):
    """Guesses at two nodes at the same time do not exceed the limit."""
    instance.authd.start()
    since = [node.authd.log_size() for node in (server, instance)]
    codes = [phone.wrong(1000 * number) for number in range(1, 17)]
    threads = [threading.Thread(target=answer, args=((server, instance)[n % 2], phone.login, PASSWORD + code))
               for n, code in enumerate(codes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for node in (server, instance):
        node.authd.log_size()  # by now the log is complete
    reasons = [event["reason"] for node, start in zip((server, instance), since)
               for event in node.authd.events(since=start) if event.get("user") == phone.login]
    assert sorted(reasons) == ["factor-locked"] * 11 + ["wrong-code"] * 5
    assert phone.row("failures") == "5"


# ---- seeds that cannot be decrypted

def tempfail(server, login, secret):
    since = server.authd.log_size()
    with server.connect() as client, pytest.raises(Closed):
        client.login(login, secret)
    event = server.authd.wait_event(since, user=login)
    assert (event["outcome"], event["level"]) == ("tempfail", "error")
    return event["reason"]


def test_a_seed_of_another_row(server, phone):
    other = new_phone(server)
    seed = other.row("seed")
    server.sql(f"UPDATE authd.totp SET seed = '{seed}' WHERE id = {phone.row('id')}")
    for code in (phone.code(), other.code()):
        assert tempfail(server, phone.login, PASSWORD + code) == "factor-broken"
    assert outcome(server, phone.login, PASSWORD) == NEEDED
    assert phone.row("failures") == "0"


def test_a_seed_under_a_key_that_is_not_here(server, phone):
    seed = phone.row("seed")
    server.sql(f"UPDATE authd.totp SET seed = '$cipher$00000000${seed.split('$')[3]}' WHERE id = {phone.row('id')}")
    assert tempfail(server, phone.login, PASSWORD + phone.code()) == "key-missing"
    assert outcome(server, phone.login, PASSWORD) == NEEDED


def test_no_database_no_code(instance):
    """Without the database the answer is "cannot tell": the code is neither accepted nor refused."""
    instance.authd.start()
    user = new_phone(instance)
    instance.sql("ALTER FUNCTION authd.factor_take(bigint, bigint, bigint, bigint, text, jsonb, jsonb) RENAME TO taken_away")
    try:
        since = instance.authd.log_size()
        with instance.connect() as client, pytest.raises(Closed):
            client.login(user.login, PASSWORD + user.code())
        event = instance.authd.wait_event(since, user=user.login)
        assert event["outcome"] == "tempfail" and event["reason"].startswith("database-")
        assert user.row("last_step") == "0"
    finally:
        instance.sql("ALTER FUNCTION authd.taken_away(bigint, bigint, bigint, bigint, text, jsonb, jsonb) "
                     "RENAME TO factor_take")
    assert outcome(instance, user.login, PASSWORD + user.code()) == "good-password"


# ---- answers that look alike

def test_refusals_look_alike(server, phone):
    """The replies have the same octets. Each comes with the distance to the grid that hides what authd asked after a
    right password."""
    locked, without = new_phone(server), server.new_user()
    server.sql(f"UPDATE authd.totp SET locked_until = authd.now() + interval '1 hour' WHERE id = {locked.row('id')}")
    set_policy(server, without, "required")
    used = PASSWORD + phone.code()
    assert outcome(server, phone.login, used) == "good-password"
    cases = [(phone.login, "wrong", "wrong-password"), (phone.login, "wrong" + phone.code(), "wrong-password"),
             (phone.login, PASSWORD, NEEDED), (phone.login, PASSWORD + phone.wrong(), "wrong-code"),
             (phone.login, used, "used-code"),
             (locked.login, PASSWORD + locked.code(), "factor-locked"), (without, PASSWORD, "must-enrol"),
             ("nobody@example.org", PASSWORD + "123456", "unknown-user")]
    seen, answers = set(), set()
    with server.connect() as client:
        for login, secret, reason in cases:
            since = server.authd.log_size()
            began = time.monotonic()
            seen.add(client.login(login, secret).masked())
            seconds = time.monotonic() - began
            event = server.authd.wait_event(since, user=login)
            assert event["reason"] == reason
            assert seconds > 0.45 and int(event["ms"]) > 450  # two clocks, one of which counts milliseconds
            answers.add(saslauthd(server.saslauthd, login, secret).split(b" ")[0])
    assert seen == {"FAIL\treference"}
    assert len(answers) == 1, answers


def test_the_user_sees_why(server, phone):
    for secret in (PASSWORD, PASSWORD + phone.wrong(), PASSWORD + phone.code()):
        answer(server, phone.login, secret)

    def reasons():
        page = ask(server.authd.http, "GET", f"/v1/users/{phone.login}/activity").json
        return [row["reason"] for row in page["items"] if row["action"] == "login"]
    wait_until(lambda: len(reasons()) == 3, 20, "the audit's rows")
    assert sorted(reasons()) == [NEEDED, "good-password", "wrong-code"]


def test_no_code_is_in_the_log(server, phone):
    code, wrong = phone.code(), phone.wrong(7777)
    for secret in (PASSWORD + code, PASSWORD + "$" + wrong):
        answer(server, phone.login, secret)
    server.authd.log_size()
    text = read_text(server.authd.log_path)
    assert os.path.getsize(server.authd.log_path) > 0
    assert wrong not in text and PASSWORD not in text
