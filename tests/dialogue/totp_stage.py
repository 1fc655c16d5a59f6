"""A site whose users enrol second factors, and what tests ask of it."""

import itertools
import re

import pytest
from api import Api, Caller
from conftest import PASSWORD, Server, make_authd
from harness import encryption, totp
from harness.private import free_ports

HOME, CLOSED = "open.example", "closed.example"
CODE = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}")
TICKET = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){5}")

numbers = itertools.count(1)


class Stage:
    def __init__(self, server, api):
        self.server, self.api = server, api
        for name in HOME, CLOSED:
            made = api.call("POST", "/v1/domains", {"name": name})
            assert made.status == 201 or made.type == "conflict", made  # another file of this worker has made it
        server.sql("UPDATE authd.domain SET second_factor_from = now(), second_factor_from_by = "
                   f"jsonb_build_object('5', authd.rfc3339(now())) WHERE name = '{CLOSED}'")

    def new_user(self, domain=HOME, **members):
        login = f"u{next(numbers)}@{domain}"
        self.api.good("POST", "/v1/users", {"login": login, "password": PASSWORD, **members})
        return login

    def signed_in(self, login, **columns):
        """Signs in, with a code if the user has enrolled; then sets columns of the session, by default no factor and no
        duty to enrol."""
        account = self.server.sql(f"SELECT id FROM authd.account WHERE login = '{login}'")
        factor = self.server.sql(f"SELECT count(*) FROM authd.totp WHERE account = {account}")
        body = {"login": login, "password": PASSWORD}
        if factor == "1":
            body["code"] = self.fresh_code(login)
        answer = self.api.call("POST", "/v1/session", body, self.api.nobody)
        assert answer.status == 201, answer
        caller = Caller(login, {"Cookie": f"__Host-authd={answer.cookie}"}, login=login, session=answer.json["id"])
        columns = {"must_enrol": "false", "factor": "NULL", **columns}
        words = ", ".join(f"{name} = {value}" for name, value in columns.items())
        self.server.sql(f"UPDATE authd.http_session SET {words} WHERE id = {caller.session}")
        return caller

    def seed(self, login):
        """(octets, algorithm, digits) of the seed that the database has encrypted."""
        row = self.server.sql("SELECT seed, totp.id, account.id, algorithm, digits FROM authd.totp JOIN authd.account "
                              f"ON account.id = totp.account WHERE login = '{login}'").split("|")
        keys = self.server.authd.config["key_dir"]
        return encryption.decrypt(keys, row[0], "totp", int(row[1]), int(row[2]), 0), row[3], int(row[4])

    def fresh_code(self, login):
        """An unused code: resets the last used step."""
        self.server.sql("UPDATE authd.totp SET last_step = 0 WHERE account = "
                        f"(SELECT id FROM authd.account WHERE login = '{login}')")
        return totp.code(*self.seed(login))

    def begin(self, login, who=None, **body):
        answer = self.api.call("POST", f"/v1/users/{login}/totp", body, who)
        assert answer.status == 201, answer
        return answer.json

    def confirm(self, login, code, who=None, **headers):
        return self.api.call("POST", f"/v1/users/{login}/totp/confirm", {"code": code}, who, **headers)

    def enrol(self, login, who=None, **body):
        """Begins and confirms an enrolment; returns (enrolment, answer of the confirmation)."""
        made = self.begin(login, who, **body)
        answer = self.confirm(login, totp.code(made["secret"], made["algorithm"], made["digits"]), who)
        assert answer.status == 200, answer
        return made, answer.json

    def state(self, login):
        return self.server.sql(INVARIANT.format(login=login))


# The state of an account: with or without a second factor, and nothing in between.
INVARIANT = """
SELECT CASE
  WHEN enrolled = 0 AND codes = 0 AND confirmed = 0 THEN 'without'
  WHEN enrolled = 1 AND codes = 10 AND confirmed = 1 AND pending = 0 AND notices = 1 THEN 'with'
  ELSE format('torn: %s enrolled, %s codes, %s confirmed, %s pending, %s notices', enrolled, codes, confirmed, pending,
              notices) END
  FROM (SELECT (SELECT count(*) FROM authd.totp WHERE totp.account = owner.id AND totp.last_step > 0) AS enrolled,
               (SELECT count(*) FROM authd.recovery_code AS held WHERE held.account = owner.id) AS codes,
               (SELECT count(*) FROM authd.totp_pending AS begun WHERE begun.account = owner.id) AS pending,
               (SELECT count(*) FROM authd.notice WHERE notice.account = owner.id) AS notices,
               (SELECT count(*) FROM authd.audit_event AS event
                 WHERE event.account = owner.id AND action = 'totp_confirm') AS confirmed
          FROM authd.account AS owner WHERE login = '{login}') AS counted
"""


@pytest.fixture(scope="module")
def stage(server):
    authd = make_authd(server.postgres)
    address = ("127.0.0.1", free_ports()[0])
    authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address})
    authd.config["public_url"] = "http://localhost:%d" % address[1]
    authd.write_config()
    with authd:
        yield Stage(Server(authd, server.postgres), Api(address, authd.http))


@pytest.fixture
def login(stage):
    return stage.new_user()
