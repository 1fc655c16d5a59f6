"""Second factors on every channel: every channel × every policy × enrolled or not × every kind of secret, through
real Postfix, Exim, libsasl2 and HTTP; also several nodes, kills and a dump."""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import re
import time

import pytest

from harness import clients, totp
from harness.api import call
from harness.authd import Authd, new_password
from harness.exim import Exim
from harness.postfix import Postfix
from harness.postgres import Postgres
from harness.private import run

POLICIES = ["off", "optional", "required"]
CHANNELS = ["postfix", "exim", "cyrus", "saslauthd", "http"]
PRESENTED = ["bare", "code", "$code", "wrong code", "used code", "app password"]

# The accepted secrets and the reasons, for users who need no code (FREE) and for those who need one (BOUND). Other
# secrets are refused.
FREE = {"bare": "good-password", "app password": "good-app-password"}
BOUND = {"code": "good-password", "$code": "good-password", "app password": "good-app-password"}
REFUSED = {"bare": "app-password-or-code-required", "wrong code": "wrong-code", "used code": "used-code"}


class Stage:
    """A node with a policy of its own for the site, and an MTA of each kind in front of it."""

    def __init__(self, stack, postgres, policy):
        self.postgres, self.policy = postgres, policy
        self.postfix = Postfix()
        stack.callback(self.postfix.destroy)
        self.authd = Authd(postgres, [self.postfix.listener(identity="tagged", peers=["postfix", "root"])],
                           settings={"second_factor": policy})
        stack.callback(self.authd.destroy)
        self.postfix.write_sasl_config(self.authd.saslauthd)
        self.authd.migrate()
        self.authd.start()
        self.postfix.start()
        self.exim = Exim(self.authd.dovecot)
        stack.callback(self.exim.destroy)
        self.exim.start()

    def ask(self, method, path, body=None):
        answer = call(self.authd.http, method, path, body)
        assert answer.status < 300, answer.json
        return answer.json

    def sql(self, text):
        return self.postgres.psql(text, database="authd")


class User:
    numbers = itertools.count(1)

    def __init__(self, stage, enrolled=False, login=None, password=None):
        self.stage = stage
        self.login = login or f"factor{next(self.numbers)}@example.org"
        self.password = password or new_password()
        self.path = f"/v1/users/{self.login}"
        stage.authd.add_user(self.login, self.password)
        self.secret = None
        if enrolled:
            self.enrol()

    def enrol(self, **how):
        made = self.stage.ask("POST", f"{self.path}/totp", how)
        self.secret = made["secret"]
        confirmed = self.stage.ask("POST", f"{self.path}/totp/confirm", {"code": self.code()})
        self.forget_codes()
        return confirmed

    def forget_codes(self):
        """Resets the last used code, as if it had been entered long ago."""
        self.stage.sql(f"UPDATE authd.totp SET last_step = 0 FROM authd.account "
                       f"WHERE account.id = totp.account AND login = '{self.login}'")

    def code(self, steps=0):
        return totp.code(self.secret, at=time.time() + 30 * steps)

    def wrong_code(self):
        near = {self.code(step) for step in range(-2, 3)}
        return next(code for code in (f"{number:06}" for number in range(10)) if code not in near)

    def app_password(self):
        return self.stage.ask("POST", f"{self.path}/app-passwords", {"label": "test"})["secret"]


def try_mail(stage, channel, login, secret, mechanism="PLAIN"):
    """Whether the login was allowed, and authd's reason."""
    since = stage.authd.log_size()
    if channel == "saslauthd":
        allowed = clients.testsaslauthd(stage.authd.saslauthd, login, secret)
        assert allowed is not None
    else:
        port = {"postfix": stage.postfix.port, "exim": stage.exim.port, "cyrus": stage.postfix.cyrus_port}[channel]
        answer = clients.swaks(port, mechanism, login, secret)
        assert answer.code in (235, 535), answer.transcript
        allowed = answer.code == 235
    event = stage.authd.wait_event(since, user=login)
    assert allowed == (event["outcome"] == "allow"), event
    return allowed, event["reason"]


def try_http(stage, login, password, code=None):
    since = stage.authd.log_size()
    body = {"login": login, "password": password, **({"code": code} if code is not None else {})}
    answer = call(stage.authd.http, "POST", "/v1/session", body, X_Requested_With="authd")
    assert answer.status in (201, 401), answer.json
    event = stage.authd.wait_event(since, user=login)
    assert (answer.status == 201) == (event["outcome"] == "allow"), (event, answer.json)
    return answer, event["reason"]


def present(stage, user, channel, presented):
    """Logs in with the named kind of secret; returns whether the login was allowed, and the reason."""
    code = {"code": user.code, "$code": user.code, "wrong code": user.wrong_code, "used code": user.code}
    code = code[presented]() if presented in code else None
    if channel == "http":
        secret = user.app_password() if presented == "app password" else user.password
        if presented == "used code":
            assert try_http(stage, user.login, user.password, code)[0].status == 201
        answer, reason = try_http(stage, user.login, secret, code)
        return answer.status == 201, reason
    secret = {"app password": user.app_password, "$code": lambda: f"{user.password}${code}"}.get(
        presented, lambda: user.password + (code or ""))()
    if presented == "used code":
        assert try_mail(stage, channel, user.login, secret)[0]
    return try_mail(stage, channel, user.login, secret)


def expected(policy, enrolled, channel, presented):
    """(allowed, reason), according to the documented rules."""
    if presented == "app password":
        return (False, "app-password-not-here") if channel == "http" else (True, "good-app-password")
    if not enrolled:
        if policy != "required":
            return (presented == "bare", "good-password" if presented == "bare" else "wrong-password")
        return (channel == "http", "good-password" if channel == "http" else "must-enrol")
    if policy == "off":
        return (True, "good-password") if presented in FREE else None  # other tests cover these
    if presented in BOUND:
        # HTTP has a field for the code, so all of the password field is the password.
        return True, "good-password"
    return False, REFUSED[presented]


@pytest.fixture(scope="module")
def stages():
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres())
        postgres.create_authd_database()
        yield {policy: Stage(stack, postgres, policy) for policy in POLICIES}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("policy", POLICIES)
def test_matrix_enrolled(stages, policy, channel):
    stage = stages[policy]
    user = User(stage, enrolled=True)
    for presented in PRESENTED:
        if policy == "off" and presented not in FREE:
            continue
        user.forget_codes()
        stage.sql("UPDATE authd.totp SET refused = '{}', failures = 0, locked_until = NULL")
        assert present(stage, user, channel, presented) == expected(policy, True, channel, presented), presented


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("policy", POLICIES)
def test_matrix_not_enrolled(stages, policy, channel):
    stage = stages[policy]
    user = User(stage)
    for presented in "bare", "app password":
        assert present(stage, user, channel, presented) == expected(policy, False, channel, presented), presented


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("client", [clients.swaks, clients.curl, clients.msmtp], ids=lambda client: client.__name__)
def test_the_client_sees_what_a_wrong_password_shows(stages, client, mechanism):
    stage = stages["optional"]
    user = User(stage, enrolled=True)
    texts = set()
    for secret in (user.password, new_password(), user.password + user.wrong_code()):
        answer = client(stage.postfix.port, mechanism, user.login, secret)
        assert answer.code == 535, answer.transcript
        texts.add(re.sub(r"reference \w+", "", answer.text))
    assert len(texts) == 1, texts
    user.forget_codes()
    assert client(stage.postfix.port, mechanism, user.login, user.password + user.code()).code == 235


def test_the_activity_says_what_to_do(stages):
    stage = stages["optional"]
    user = User(stage, enrolled=True)
    assert try_mail(stage, "postfix", user.login, user.password) == (False, "app-password-or-code-required")

    def recorded():
        items = stage.ask("GET", f"{user.path}/activity")["items"]
        return [item for item in items if item.get("reason") == "app-password-or-code-required"]
    for _ in range(50):
        if recorded():
            break
        time.sleep(0.2)
    assert recorded()


@pytest.mark.parametrize("password", ["tulip 482 904 518306", "a$b$c$d 7719", "$$$ and 12345678"])
def test_passwords_that_look_like_splits(stages, password):
    """Passwords that end in digits or contain $ are as good as any other with a code; for an enrolled user none is
    good without one."""
    stage = stages["optional"]
    user = User(stage, password=password)
    assert try_mail(stage, "postfix", user.login, password) == (True, "good-password")
    user.enrol()
    for form in f"{password}{{}}", f"{password}${{}}":
        user.forget_codes()
        assert try_mail(stage, "postfix", user.login, form.format(user.code())) == (True, "good-password")
    assert not try_mail(stage, "postfix", user.login, password)[0]


def test_a_code_is_used_once_among_nodes_and_channels(stages):
    """48 logins with one code, through two nodes, each over HTTP, saslauthd and Postfix: one is allowed."""
    one = stages["optional"]
    user = User(one, enrolled=True)
    code = user.code()

    def attempt(number):
        stage = (one, stages["required"])[number % 2]
        kind = number // 2 % 3
        if kind == 0:
            body = {"login": user.login, "password": user.password, "code": code}
            return call(stage.authd.http, "POST", "/v1/session", body, X_Requested_With="authd").status == 201
        if kind == 1:
            return clients.testsaslauthd(stage.authd.saslauthd, user.login, user.password + code)
        return clients.swaks(stage.postfix.port, "PLAIN", user.login, user.password + code).code == 235
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = list(pool.map(attempt, range(48)))
    assert results.count(True) == 1, results
    for stage in one, stages["required"]:
        stage.authd.stop()
        stage.authd.start()
        assert not clients.testsaslauthd(stage.authd.saslauthd, user.login, user.password + code)


def test_wrong_codes_lock_the_factor_and_nothing_else(stages):
    stage = stages["optional"]
    user = User(stage, enrolled=True)
    app_password = user.app_password()
    session, _ = try_http(stage, user.login, user.password, user.code())
    cookie = session.headers["Set-Cookie"].split(";")[0]
    user.forget_codes()
    near = {user.code(step) for step in range(-3, 4)}
    wrong = [code for code in (f"{number:06}" for number in range(1000, 1040)) if code not in near][:30]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        reasons = [reason for _, reason in pool.map(
            lambda code: try_http(stage, user.login, user.password, code), wrong[:1] * 12)]
    assert set(reasons) == {"wrong-code"}, "the same wrong code counts once"
    for code in wrong[1:8]:
        try_http(stage, user.login, user.password, code)
    assert try_http(stage, user.login, user.password, user.code())[1] == "factor-locked"
    assert try_mail(stage, "postfix", user.login, user.password + user.code()) == (False, "factor-locked")
    assert try_mail(stage, "postfix", user.login, app_password) == (True, "good-app-password")
    assert call(stage.authd.http, "GET", "/v1/session", Cookie=cookie).status == 200
    assert try_http(stage, user.login, new_password(), user.code())[1] == "wrong-password"


def test_phones_do_not_lock_their_owner(stages):
    stage = stages["optional"]
    user = User(stage, enrolled=True)
    code = user.code()
    assert try_mail(stage, "postfix", user.login, user.password + code)[0]
    for secret in [user.password] * 8 + [user.password + code] * 8 + [user.password + user.wrong_code()] * 8:
        assert not try_mail(stage, "saslauthd", user.login, secret)[0]
    failures = stage.sql(f"SELECT failures FROM authd.totp JOIN authd.account ON account.id = totp.account "
                         f"WHERE login = '{user.login}'")
    assert int(failures) <= 1
    user.forget_codes()
    assert try_mail(stage, "postfix", user.login, user.password + user.code())[0]


def test_a_recovery_code_is_for_http_only_and_once(stages):
    stage = stages["optional"]
    user = User(stage)
    codes = user.enrol()["codes"]
    assert len(codes) == len(set(codes)) == 10
    for secret in (user.password + codes[0], f"{user.password}${codes[0]}", codes[0]):
        assert not try_mail(stage, "postfix", user.login, secret)[0]
    assert try_http(stage, user.login, user.password, codes[0].upper())[0].status == 201
    assert try_http(stage, user.login, user.password, codes[0])[0].status == 401
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: call(
            stage.authd.http, "POST", "/v1/session", {"login": user.login, "password": user.password, "code": codes[1]},
            X_Requested_With="authd").status, range(50)))
    assert answers.count(201) == 1, answers
    again = stage.ask("POST", f"{user.path}/recovery-codes")["codes"]
    assert try_http(stage, user.login, user.password, codes[2])[0].status == 401
    assert try_http(stage, user.login, user.password, again[0])[0].status == 201


def test_oathtool_agrees(stages):
    stage = stages["optional"]
    for algorithm, digits in itertools.product(["SHA1", "SHA256", "SHA512"], [6, 8]):
        user = User(stage)
        made = stage.ask("POST", f"{user.path}/totp", {"algorithm": algorithm, "digits": digits})

        def code():
            return run("oathtool", f"--totp={algorithm.lower()}", "--base32", f"--digits={digits}",
                       made["secret"]).stdout.strip()
        stage.ask("POST", f"{user.path}/totp/confirm", {"code": code()})
        user.secret = made["secret"]
        user.forget_codes()
        assert try_mail(stage, "postfix", user.login, user.password + code()) == (True, "good-password")


# ---- secrets that must not be in a dump ----

def test_nothing_to_crack_in_a_dump(stages):
    """Passwords of every kind, seeds, codes and tickets are absent from the dump, and so is anything to check guesses
    against."""
    stage = stages["optional"]
    user = User(stage)
    made = stage.ask("POST", f"{user.path}/totp")
    user.secret = made["secret"]
    codes = stage.ask("POST", f"{user.path}/totp/confirm", {"code": user.code()})["codes"]
    app_password = user.app_password()
    ticket = stage.ask("POST", f"/v1/users/{User(stage).login}/totp/ticket")["secret"]
    hashed = run("openssl", "passwd", "-6", "some password").stdout.strip()
    stage.ask("POST", f"{user.path}/app-passwords", {"label": "old", "hash": hashed})
    dump = stage.postgres.dump("authd")
    assert user.login in dump
    seed = totp.seed_of(made["secret"])
    for text in (user.password, made["secret"], seed.hex(), app_password, app_password.replace("-", ""), ticket,
                 hashed, hashed.split("$")[-1], *codes, *(code.replace("-", "") for code in codes)):
        assert text not in dump, "a secret is in the dump"
    assert not re.search(r"\$argon2|\$[0-9]\$|\$2[aby]\$|\$y\$|\{SSHA|\{SHA|\{ARGON|\{PBKDF", dump)
    assert not re.search(r"\$argon2|\$cipher\$", json.dumps(stage.ask("GET", f"{user.path}/export")))
    for node in stages.values():
        log = node.authd.log_text()
        assert made["secret"] not in log and seed.hex() not in log and codes[0] not in log


# ---- kills ----

INVARIANT = """
SELECT count(*) FROM authd.account
  LEFT JOIN authd.totp ON totp.account = account.id
 WHERE account.login = '{login}'
   AND (SELECT count(*) FROM authd.recovery_code AS code WHERE code.account = account.id)
       <> CASE WHEN totp.account IS NULL THEN 0 ELSE 10 END
"""


def confirm_if_it_lives(stage, user):
    with contextlib.suppress(OSError, http.client.HTTPException):
        call(stage.authd.http, "POST", f"{user.path}/totp/confirm", {"code": user.code()})


def test_killed_while_enrolling(stages):
    """kill -9 at twenty points of enrolment and confirmation: each user is wholly enrolled or not at all."""
    stage = stages["optional"]
    for number in range(20):
        user = User(stage)
        made = stage.ask("POST", f"{user.path}/totp")
        user.secret = made["secret"]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(confirm_if_it_lives, stage, user)
            time.sleep(number * 0.0006)
            stage.authd.kill()
            under_way.result()
        stage.authd.start()
        assert stage.sql(INVARIANT.format(login=user.login)) == "0"
        with_it = stage.ask("GET", f"{user.path}/totp")["enrolled"]
        user.forget_codes()
        assert try_mail(stage, "saslauthd", user.login, user.password)[0] == (not with_it)
        if with_it:
            assert try_mail(stage, "saslauthd", user.login, user.password + user.code())[0]
