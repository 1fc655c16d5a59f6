"""Sign-in to the API with a second factor: codes of the phone, recovery codes, and users who must enrol first."""

import itertools
import threading
import time

import pytest
from api import Api, Caller
from conftest import PASSWORD, Server, make_authd
from harness import totp
from harness.api import call
from harness.private import free_ports

HOME = "sign.example"

numbers = itertools.count(1)


class Phone:
    """A user who has enrolled a phone over the API."""

    def __init__(self, stage, role="user", **options):
        self.stage, self.api = stage, stage.api
        self.login = f"u{next(numbers)}@{HOME}"
        self.api.good("POST", "/v1/users", {"login": self.login, "password": PASSWORD, "role": role})
        made = self.api.good("POST", f"/v1/users/{self.login}/totp", options)
        self.secret, self.algorithm, self.digits = made["secret"], made["algorithm"], made["digits"]
        self.confirmed = self.code()
        answer = self.api.good("POST", f"/v1/users/{self.login}/totp/confirm", {"code": self.confirmed})
        self.recovery = answer["codes"]

    def code(self, steps=0):
        return totp.code(self.secret, self.algorithm, self.digits, time.time() + 30 * steps)

    def fresh_code(self):
        """A code that was not accepted yet."""
        self.forget()
        return self.code()

    def forget(self):
        self.sql("UPDATE authd.totp SET last_step = 0, failures = 0, refused = '{}', locked_until = NULL WHERE {whose}")

    def sql(self, text):
        whose = f"account = (SELECT id FROM authd.account WHERE login = '{self.login}')"
        return self.stage.sql(text.replace("{whose}", whose))

    def wrong(self, number=0):
        near = {self.code(steps) for steps in range(-4, 5)}
        return [f"{n:0{self.digits}}" for n in range(number, number + 20) if f"{n:0{self.digits}}" not in near][0]

    def sign_in(self, code=None, password=PASSWORD):
        body = {"login": self.login, "password": password, **({"code": code} if code is not None else {})}
        return self.api.call("POST", "/v1/session", body, self.api.nobody)

    def left(self):
        return int(self.sql("SELECT count(*) FROM authd.recovery_code WHERE {whose}"))


class Stage:
    def __init__(self, server, api):
        self.server, self.api, self.sql = server, api, server.sql
        api.good("POST", "/v1/domains", {"name": HOME})


@pytest.fixture(scope="module")
def stage(server):
    authd = make_authd(server.postgres)
    address = ("127.0.0.1", free_ports()[0])
    authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address})
    authd.write_config()
    with authd:
        yield Stage(Server(authd, server.postgres), Api(address, authd.http))


@pytest.fixture
def phone(stage):
    return Phone(stage)


def cookie_of(answer):
    return Caller("signed in", {"Cookie": f"__Host-authd={answer.cookie}"}, session=answer.json["id"])


def at_once(count, ask):
    """Makes `count` calls at the same time; returns their statuses."""
    statuses, barrier = [], threading.Barrier(count)

    def one():
        barrier.wait()
        statuses.append(ask().status)
    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


# Codes of the phone


@pytest.mark.parametrize("options", [{}, {"algorithm": "SHA256", "digits": 8}])
def test_password_and_code(stage, options):
    phone = Phone(stage, **options)
    answer = phone.sign_in(phone.fresh_code())
    assert (answer.status, answer.json["factor"], answer.json["must_enrol"]) == (201, "totp", False), answer
    caller = stage.api.good("GET", "/v1/session", who=cookie_of(answer))
    assert (caller["factor"], caller["must_enrol"], caller["fresh"]) == ("totp", False, True)
    (listed,) = stage.api.good("GET", "/v1/users/me/sessions", who=cookie_of(answer))["items"]
    assert listed["factor"] == "totp"


def test_the_code_that_confirmed_cannot_sign_in(phone):
    assert phone.sign_in(phone.confirmed).status == 401


def test_a_code_is_good_once(phone):
    code = phone.fresh_code()
    assert phone.sign_in(code).status == 201
    assert phone.sign_in(code).status == 401


def test_a_code_at_once(phone):
    code = phone.fresh_code()
    assert at_once(20, lambda: phone.sign_in(code)) == [201] + [401] * 19


def test_blanks_do_no_harm(phone):
    code = phone.fresh_code()
    assert phone.sign_in(f" {code[:3]} {code[3:]}").status == 201


def test_every_refusal_is_the_same(phone):
    code = phone.fresh_code()
    answers = [phone.sign_in(), phone.sign_in(phone.wrong()), phone.sign_in("nonsense"), phone.sign_in(phone.code(-9)),
               phone.sign_in(code, "wrong"), phone.sign_in(password="wrong"), phone.sign_in(phone.recovery[0], "wrong"),
               phone.sign_in("aaaa-bbbb-cccc-dddd")]
    seen = {(answer.status, *(answer.json[name] for name in ("type", "detail", "hint"))) for answer in answers}
    assert len(seen) == 1 and seen.pop()[0] == 401
    assert phone.sign_in(code).status == 201, "the code was not used up by a wrong password"


def test_no_code_behind_the_password(phone):
    code = phone.fresh_code()
    for password in PASSWORD + code, f"{PASSWORD}${code}":
        assert phone.sign_in(password=password).status == 401


# Confirming a session again


def test_fresh_again_takes_a_code(stage, phone):
    who = cookie_of(phone.sign_in(phone.fresh_code()))
    fresh = "/v1/session/fresh"
    assert stage.api.call("POST", fresh, {"password": PASSWORD}, who).status == 401
    answer = stage.api.call("POST", fresh, {"password": PASSWORD, "code": phone.fresh_code()}, who)
    assert (answer.status, answer.json["factor"]) == (201, "totp"), answer
    assert stage.api.call("GET", "/v1/session", who=who).status == 401, "the old one has ended"


def test_ones_own_is_replaced_after_a_sign_in_with_the_factor(stage, phone):
    who = cookie_of(phone.sign_in(phone.fresh_code()))
    made = stage.api.good("POST", "/v1/users/me/totp", {}, who)
    assert phone.sign_in(phone.fresh_code()).status == 201, "the old phone counts until then"
    code = totp.code(made["secret"])
    assert stage.api.call("POST", "/v1/users/me/totp/confirm", {"code": code}, who).status == 200
    assert phone.sign_in(phone.fresh_code()).status == 401
    phone.secret = made["secret"]
    assert phone.sign_in(phone.fresh_code()).status == 201


# Recovery codes


@pytest.mark.parametrize("shape", [
    str, str.upper, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")])
def test_a_recovery_code_in_whatever_case(phone, shape):
    answer = phone.sign_in(shape(phone.recovery[3]))
    assert (answer.status, answer.json["factor"]) == (201, "recovery"), answer
    assert phone.left() == 9


def test_a_recovery_code_is_good_once(phone):
    for code in phone.recovery:
        assert phone.sign_in(code).status == 201
    assert phone.left() == 0
    assert {phone.sign_in(code).status for code in phone.recovery[:4]} == {401}


def test_fifty_uses_of_one_recovery_code_at_once(phone):
    assert at_once(50, lambda: phone.sign_in(phone.recovery[0])).count(201) == 1
    assert phone.left() == 9


def test_one_recovery_code_at_two_nodes(stage, phone, instance):
    instance.authd.start()
    ways = itertools.cycle([stage.server.authd.http, instance.authd.http])
    body = {"login": phone.login, "password": PASSWORD, "code": phone.recovery[0]}
    statuses = at_once(30, lambda: call(next(ways), "POST", "/v1/session", body, X_Requested_With="authd"))
    assert statuses == [201] + [401] * 29
    assert phone.left() == 9


def test_wrong_recovery_codes_have_a_counter_of_their_own(phone):
    for letter in "abcdefg":
        assert phone.sign_in("-".join([letter * 4] * 4)).status == 401
    assert phone.sign_in(phone.recovery[0]).status == 401, "locked"
    assert phone.left() == 10
    assert phone.sign_in(phone.fresh_code()).status == 201, "the phone is not"


def test_who_has_lost_the_phone_enrols_another_by_a_recovery_code(stage, phone):
    who = cookie_of(phone.sign_in(phone.recovery[0]))
    made = stage.api.good("POST", "/v1/users/me/totp", {}, who)
    assert stage.api.call("POST", "/v1/users/me/totp/confirm", {"code": totp.code(made["secret"])}, who).status == 200
    assert phone.left() == 9


def test_a_new_set_ends_the_old_one(stage, phone):
    who = cookie_of(phone.sign_in(phone.fresh_code()))
    new = stage.api.good("POST", "/v1/users/me/recovery-codes", who=who)["codes"]
    assert phone.sign_in(phone.recovery[0]).status == 401
    assert phone.sign_in(new[0]).status == 201


# Users who must enrol


@pytest.mark.parametrize("role", ["helpdesk", "domain-admin", "auditor", "admin"])
def test_roles_above_user_enrol_before_anything_else(stage, role):
    login = f"{role}{next(numbers)}@{HOME}"
    stage.api.good("POST", "/v1/users", {"login": login, "password": PASSWORD, "role": role})
    answer = stage.api.call("POST", "/v1/session", {"login": login, "password": PASSWORD}, stage.api.nobody)
    assert (answer.status, answer.json["must_enrol"], answer.json["factor"]) == (201, True, None)
    who = cookie_of(answer)
    assert stage.api.call("GET", "/v1/users", who=who).type == "second-factor-required"
    answer = stage.api.call("POST", "/v1/users/me/totp", {}, who)
    assert (answer.status, answer.type) == (403, "forbidden"), "the password alone enrols nobody with a role"
    ticket = stage.api.good("POST", f"/v1/users/{login}/totp/ticket")["secret"]
    made = stage.api.good("POST", "/v1/users/me/totp", {"ticket": ticket}, who)
    assert stage.api.call("GET", "/v1/users", who=who).status == 403, "not before the code"
    code = totp.code(made["secret"])
    assert stage.api.call("POST", "/v1/users/me/totp/confirm", {"code": code}, who).status == 200
    assert stage.api.call("GET", "/v1/users", who=who).status == 200
    answer = stage.api.call("POST", "/v1/session", {"login": login, "password": PASSWORD}, stage.api.nobody)
    assert answer.status == 401, "now the password alone is not enough"


def test_where_it_is_required_users_enrol_first(stage):
    login = f"r{next(numbers)}@{HOME}"
    stage.api.good("POST", "/v1/users", {"login": login, "password": PASSWORD})
    stage.sql(f"UPDATE authd.account SET second_factor = 'required' WHERE login = '{login}'")
    answer = stage.api.call("POST", "/v1/session", {"login": login, "password": PASSWORD}, stage.api.nobody)
    assert (answer.status, answer.json["must_enrol"]) == (201, True)
    who = cookie_of(answer)
    assert stage.api.call("GET", "/v1/users/me", who=who).type == "second-factor-required"
    answer = stage.api.call("POST", "/v1/session/fresh", {"password": PASSWORD}, who)
    assert (answer.status, answer.json["must_enrol"]) == (201, True), "giving the password again opens nothing more"
    assert stage.api.call("DELETE", "/v1/session", who=cookie_of(answer)).status == 200


def test_a_raised_role_is_of_use_after_a_new_password_and_a_ticket(stage):
    login = f"raised{next(numbers)}@{HOME}"
    stage.api.good("POST", "/v1/users", {"login": login, "password": PASSWORD})
    who = stage.api.sign_in(login, PASSWORD)
    raised = stage.api.good("PATCH", f"/v1/users/{login}", {"role": "admin"})
    assert (raised["has_password"], raised["ended"]["sessions"]) == (False, 1)
    assert stage.api.call("GET", "/v1/users/me", who=who).status == 401
    body = {"login": login, "password": PASSWORD}
    assert stage.api.call("POST", "/v1/session", body, stage.api.nobody).status == 401, "nor by the old password"

    stage.api.good("PUT", f"/v1/users/{login}/password", {"password": PASSWORD})
    answer = stage.api.call("POST", "/v1/session", body, stage.api.nobody)
    assert (answer.status, answer.json["must_enrol"]) == (201, True)
    who = cookie_of(answer)
    ticket = stage.api.good("POST", f"/v1/users/{login}/totp/ticket")["secret"]
    made = stage.api.good("POST", "/v1/users/me/totp", {"ticket": ticket}, who)
    code = totp.code(made["secret"])
    assert stage.api.call("POST", "/v1/users/me/totp/confirm", {"code": code}, who).status == 200
    assert stage.api.call("GET", "/v1/users", who=who).status == 200


@pytest.mark.parametrize("where", ["user", "domain"])
def test_a_stricter_policy_reaches_open_sessions(stage, phone, where):
    """Sessions without a factor end: otherwise a signed-in thief could make an app password and keep access."""
    domain = f"strict{next(numbers)}.example"
    stage.api.good("POST", "/v1/domains", {"name": domain})
    stage.api.good("POST", "/v1/users", {"login": f"a@{domain}", "password": PASSWORD})
    without = stage.api.sign_in(f"a@{domain}", PASSWORD)
    has_one = cookie_of(phone.sign_in(phone.fresh_code()))
    path = f"/v1/domains/{domain}" if where == "domain" else f"/v1/users/a@{domain}"

    def make(who):
        return stage.api.call("POST", "/v1/users/me/app-passwords", {"label": "x"}, who).status
    assert make(without) == 201
    if where == "domain":
        stage.api.good("PATCH", path, {"second_factor": "required", "second_factor_from": "2999-01-01"})
        assert make(without) == 201, "its day has not come"
        stage.api.good("PATCH", path, {"second_factor_from": None})
    else:
        stage.api.good("PATCH", path, {"second_factor": "required"})
        stage.api.good("PATCH", f"/v1/users/{phone.login}", {"second_factor": "required"})
    assert make(without) == 403
    assert stage.api.call("GET", "/v1/users/me", who=without).type == "second-factor-required"
    assert make(has_one) == 201


def test_the_host_and_keys_need_none(stage):
    assert stage.api.call("GET", "/v1/users").status == 200
    assert stage.api.call("GET", "/v1/users", who=stage.api.make_key()).status == 200
