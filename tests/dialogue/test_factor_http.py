"""Codes at the sign-in to authd itself: who needs one, which are accepted, that each is accepted once on all channels
together, and that all refusals look alike."""

import threading
import time

import pytest
from api import Api
from client import saslauthd
from conftest import PASSWORD, Server, make_authd
from harness import app_password
from harness.app_password import Pepper
from harness.private import free_ports, wait_until
from phone import NEEDED, new_phone, set_policy


@pytest.fixture(scope="module")
def site(server):
    authd = make_authd(server.postgres)
    address = ("127.0.0.1", free_ports()[0])
    authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address})
    authd.config["public_url"] = "http://localhost:%d" % address[1]
    authd.write_config()
    with authd:
        site = Server(authd, server.postgres)
        site.api = Api(address, authd.http)
        yield site
    authd.destroy()


@pytest.fixture
def phone(site):
    return new_phone(site)


def post(site, login, password=PASSWORD, **more):
    return site.api.call("POST", "/v1/session", {"login": login, "password": password, **more}, site.api.nobody)


def sign_in(site, login, password=PASSWORD, **more):
    """The reason in the log; the answer must agree with it."""
    since = site.authd.log_size()
    answer = post(site, login, password, **more)
    event = site.authd.wait_event(since, user=login, front="http")
    assert answer.status == (201 if event["outcome"] == "allow" else 401), answer
    return event["reason"]


def session_of(site, login, **more):
    """(factor, must_enrol) of a new session."""
    answer = post(site, login, **more)
    assert answer.status == 201, answer
    session = site.api.call("GET", "/v1/session", who=site.api.nobody, Cookie=f"__Host-authd={answer.cookie}").json
    assert session["must_enrol"] == answer.json["must_enrol"]
    return session["factor"], session["must_enrol"]


def recovery_codes(site, phone):
    return site.api.good("POST", f"/v1/users/{phone.login}/recovery-codes")["codes"]


# ---- who needs a code

@pytest.mark.parametrize("role", ["user", "helpdesk", "domain-admin", "auditor", "admin"])
@pytest.mark.parametrize("policy", ["off", "optional", "required"])
def test_who_needs_one(site, role, policy):
    """Over TCP, users who may administer others need a code, whatever the policy. This site's policy is optional."""
    without, enrolled = site.new_user(role=role), new_phone(site, role=role)
    for login in (without, enrolled.login):
        set_policy(site, login, user=policy)
    assert session_of(site, without) == (None, role != "user" or policy == "required")
    assert session_of(site, without, code="123456") == (None, role != "user" or policy == "required")
    assert sign_in(site, enrolled.login) == NEEDED
    assert session_of(site, enrolled.login, code=enrolled.code()) == ("totp", False)


def test_nobody_needs_one_where_it_is_off(server, instance):
    """An enrolled user may still enter a code."""
    address = ("127.0.0.1", free_ports()[0])
    instance.authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address})
    instance.authd.config.update(public_url="http://localhost:%d" % address[1], second_factor="off")
    instance.authd.write_config()
    instance.authd.start()
    instance.api = Api(address, instance.authd.http)
    user = new_phone(instance)
    assert session_of(instance, user.login) == (None, False)
    assert sign_in(instance, user.login, code=user.wrong()) == "wrong-code"
    assert session_of(instance, user.login, code=user.code()) == ("totp", False)
    assert sign_in(instance, new_phone(instance, role="helpdesk").login) == NEEDED


def test_the_code_is_not_part_of_the_password_here(site, phone):
    for secret in (PASSWORD + phone.code(), PASSWORD + "$" + phone.code()):
        assert sign_in(site, phone.login, secret) == "wrong-password"
    assert sign_in(site, phone.login, code=phone.code()) == "good-password"


def test_app_passwords_are_good_for_mail_only(site, phone):
    one = app_password.add(site.postgres, Pepper(site.authd.config["key_dir"]), phone.login)
    assert sign_in(site, phone.login, one.text, code=phone.code()) == "app-password-not-here"
    assert phone.row("last_step") == "0"


# ---- accepted codes

@pytest.mark.parametrize("form", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "{}\t"])
def test_blanks_do_not_count(site, phone, form):
    assert sign_in(site, phone.login, code=form.format(phone.code())) == "good-password"


def test_what_is_no_code(site, phone):
    code = phone.code()
    wide = "".join(chr(0xFF10 + int(digit)) for digit in code)
    for text in (code[:5], code + "0", code + "00", code[:3] + "-" + code[3:], code[:5] + "x", wide, "x" * 64, "-",
                 "abcd-efgh-ijkl-mno", "$" + code):
        assert sign_in(site, phone.login, code=text) == "wrong-code", text
    assert phone.row("failures") in ("0", "1")  # eight digits may be another user's code
    assert sign_in(site, phone.login, code=phone.code()) == "good-password"


def test_a_code_needs_the_right_password(site, phone):
    for code in (phone.code(), phone.wrong()):
        assert sign_in(site, phone.login, "wrong", code=code) == "wrong-password"
    assert (phone.row("failures"), phone.row("last_step")) == ("0", "0")


# ---- once on all channels together

def test_used_here_used_everywhere(site, phone):
    code = phone.code()
    assert sign_in(site, phone.login, code=code) == "good-password"
    assert saslauthd(site.saslauthd, phone.login, PASSWORD + code)[:2] == b"NO"
    with site.connect() as client:
        assert client.login(phone.login, PASSWORD + code).command == "FAIL"
    phone.forget()
    assert saslauthd(site.saslauthd, phone.login, PASSWORD + code) == b"OK"
    assert sign_in(site, phone.login, code=code) == "used-code"


def at_once(tries):
    """Makes all tries at the same time; returns how many succeed."""
    barrier = threading.Barrier(len(tries))
    done = []

    def one(attempt):
        barrier.wait()
        done.append(attempt())
    threads = [threading.Thread(target=one, args=(attempt,)) for attempt in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(tries)
    return sum(done)


def test_all_channels_of_two_nodes_at_once(site, server, phone):
    def dovecot(node):
        with node.connect(node.replying) as client:
            return client.login(phone.login, PASSWORD + code).command == "OK"
    for _ in range(3):
        phone.forget()
        code = phone.code()
        tries = [lambda: post(site, phone.login, code=code).status == 201]
        for node in (site, server):
            tries.append(lambda node=node: dovecot(node))
            tries.append(lambda node=node: saslauthd(node.saslauthd, phone.login, PASSWORD + code) == b"OK")
        assert at_once(tries * 3) == 1


# ---- recovery codes

def test_recovery_codes(site, phone):
    codes = recovery_codes(site, phone)
    assert session_of(site, phone.login, code=codes[0]) == ("recovery", False)
    assert sign_in(site, phone.login, code=codes[0]) == "wrong-recovery-code"  # a recovery code is good once
    for code in (codes[1].upper(), codes[2].replace("-", ""), codes[3].replace("-", " "), f" {codes[4].title()} "):
        assert sign_in(site, phone.login, code=code) == "good-password", code
    assert phone.row("last_step") == "0"
    for secret in (PASSWORD + codes[5], PASSWORD + "$" + codes[5]):
        with site.connect() as client:
            assert client.login(phone.login, secret).command == "FAIL"
    assert sign_in(site, phone.login, "wrong", code=codes[5]) == "wrong-password"
    assert sign_in(site, phone.login, code=codes[5]) == "good-password"
    anew = recovery_codes(site, phone)
    assert sign_in(site, phone.login, code=codes[6]) == "wrong-recovery-code"
    assert sign_in(site, phone.login, code=anew[6]) == "good-password"


def test_recovery_codes_are_one_users(site, phone):
    other = new_phone(site)
    code = recovery_codes(site, phone)[0]
    recovery_codes(site, other)
    assert sign_in(site, other.login, code=code) == "wrong-recovery-code"
    # A row copied to another user does not open that user's account.
    site.sql("UPDATE authd.recovery_code SET account = (SELECT id FROM authd.account WHERE login = "
             f"'{other.login}') WHERE account = (SELECT id FROM authd.account WHERE login = '{phone.login}')")
    assert sign_in(site, other.login, code=code) == "wrong-recovery-code"


def test_one_recovery_code_at_once(site, phone):
    code = recovery_codes(site, phone)[0]
    assert at_once([lambda: post(site, phone.login, code=code).status == 201] * 20) == 1


def test_wrong_recovery_codes_lock_only_these(site, phone):
    codes = recovery_codes(site, phone)
    for letter in "aabbccdde":  # a repeated wrong code counts once
        assert sign_in(site, phone.login, code="-".join([letter * 4] * 4)) == "wrong-recovery-code"
    assert sign_in(site, phone.login, code=codes[0]) == "recovery-locked"
    assert sign_in(site, phone.login, code=phone.code()) == "good-password"
    assert phone.row("failures") == "0"
    site.sql("UPDATE authd.recovery_counter SET locked_until = authd.now() WHERE account = "
             f"(SELECT id FROM authd.account WHERE login = '{phone.login}')")
    assert sign_in(site, phone.login, code=codes[0]) == "good-password"


def test_a_locked_phone_leaves_recovery_codes_and_sessions(site, phone):
    code = recovery_codes(site, phone)[0]
    answer = post(site, phone.login, code=phone.code())
    site.sql(f"UPDATE authd.totp SET locked_until = authd.now() + interval '1 hour' WHERE id = {phone.row('id')}")
    assert sign_in(site, phone.login, code=phone.code()) == "factor-locked"
    assert site.api.call("GET", "/v1/users/me", who=site.api.nobody,
                         Cookie=f"__Host-authd={answer.cookie}").status == 200
    assert sign_in(site, phone.login, code=code) == "good-password"


# ---- refusals look alike

def test_a_refused_sign_in_is_one_answer(site, phone):
    locked, suspended = new_phone(site), new_phone(site)
    site.sql(f"UPDATE authd.totp SET locked_until = authd.now() + interval '1 hour' WHERE id = {locked.row('id')}")
    site.authd.authctl("user", "suspend", suspended.login, "--reason", "test")
    used = phone.code()
    assert sign_in(site, phone.login, code=used) == "good-password"
    cases = [(phone.login, "wrong", {}, "wrong-password"), (phone.login, PASSWORD, {}, NEEDED),
             (phone.login, PASSWORD, {"code": phone.wrong()}, "wrong-code"),
             (phone.login, PASSWORD, {"code": used}, "used-code"),
             (phone.login, PASSWORD, {"code": "abcd-efgh-ijkl-mnop"}, "wrong-recovery-code"),
             (locked.login, PASSWORD, {"code": locked.code()}, "factor-locked"),
             (suspended.login, PASSWORD, {}, "suspended"),
             (suspended.login, PASSWORD, {"code": suspended.code()}, "suspended"),
             ("nobody@example.org", PASSWORD, {"code": "123456"}, "unknown-user")]
    seen = set()
    for login, password, more, reason in cases:
        since = site.authd.log_size()
        began = time.monotonic()
        answer = post(site, login, password, **more)
        assert time.monotonic() - began > 0.45
        assert answer.status == 401 and site.authd.wait_event(since, user=login, front="http")["reason"] == reason
        seen.add((str({key: value for key, value in answer.json.items() if key != "reference"}),
                  str(sorted(name for name in answer.headers))))
    assert len(seen) == 1, seen


def test_no_code_is_kept(site, phone):
    """No code is in the log or in the database."""
    codes = recovery_codes(site, phone)
    wrong = phone.wrong(77000)
    for code in (wrong, codes[0], "qqqq-wwww-eeee-rrrr"):
        post(site, phone.login, code=code)
    site.authd.log_size()
    kept = site.authd.log_text() + site.sql(
        "SELECT string_agg(query_to_xml(format('SELECT * FROM authd.%I', relname), true, true, '')::text, '') "
        "FROM pg_class WHERE relnamespace = 'authd'::regnamespace AND relkind = 'r'")
    for code in (codes[0], codes[1], "qqqq-wwww-eeee-rrrr"):
        assert code not in kept and code.replace("-", "") not in kept
    assert f">{wrong}<" not in kept and f'"{wrong}"' not in kept


def test_the_user_is_told(site, phone):
    codes = recovery_codes(site, phone)
    assert sign_in(site, phone.login, code=codes[0]) == "good-password"
    rows = wait_until(lambda: [row for row in site.api.good("GET", f"/v1/users/{phone.login}/activity")["items"]
                               if row["action"] == "recovery_code_used"], what="the audit's row")
    assert len(rows) == 1
