"""Tickets, and sessions that must enrol: who may enrol a first second factor, and by what."""

import re
import threading

from harness import totp
from totp_stage import CLOSED, TICKET, login, stage  # noqa: F401 (login and stage are fixtures)


def test_after_the_remember_date_a_first_enrolment_takes_a_ticket(stage):
    login = stage.new_user(CLOSED)
    who = stage.signed_in(login)
    answer = stage.api.call("POST", "/v1/users/me/totp", {}, who)
    assert (answer.status, answer.json["detail"]) == (403, "a first enrolment needs a ticket"), answer
    ticket = stage.api.good("POST", f"/v1/users/{login}/totp/ticket")["secret"]
    assert TICKET.fullmatch(ticket)
    for wrong in ticket[:-1], ticket + "a", "x" * 100, "a" * 24:
        assert stage.api.call("POST", "/v1/users/me/totp", {"ticket": wrong}, who).status == 403
    typed = ticket.upper().replace("-", " ")
    made = stage.begin("me", who, ticket=typed)
    assert stage.api.call("POST", "/v1/users/me/totp", {"ticket": ticket}, who).status == 403, "used"
    assert stage.confirm("me", totp.code(made["secret"]), who).status == 200


def test_a_ticket_is_good_once_for_one_user_for_a_day(stage):
    login, other = stage.new_user(CLOSED), stage.new_user(CLOSED)
    tickets = [stage.api.good("POST", f"/v1/users/{login}/totp/ticket")["secret"] for _ in range(2)]
    who = stage.signed_in(other)
    assert stage.api.call("POST", "/v1/users/me/totp", {"ticket": tickets[1]}, who).status == 403
    who, answers = stage.signed_in(login), []
    assert stage.api.call("POST", "/v1/users/me/totp", {"ticket": tickets[0]}, who).status == 403, "replaced"
    assert stage.api.call("POST", "/v1/users/me/totp?dry_run=true", {"ticket": tickets[1]}, who).status == 200
    threads = [threading.Thread(target=lambda: answers.append(
        stage.api.call("POST", "/v1/users/me/totp", {"ticket": tickets[1]}, who).status)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [403] * 9
    late = stage.api.good("POST", f"/v1/users/{other}/totp/ticket")["secret"]
    stage.server.sql("UPDATE authd.totp_ticket SET expires_at = now()")
    assert stage.api.call("POST", "/v1/users/me/totp", {"ticket": late}, stage.signed_in(other)).status == 403


def test_administrators_need_no_ticket_for_others(stage):
    login = stage.new_user(CLOSED)
    stage.enrol(login)
    assert stage.state(login) == "with"
    answer = stage.api.call("POST", f"/v1/users/{login}/totp/ticket")
    assert (answer.status, answer.type) == (409, "conflict"), answer


# A session that must enrol


def test_a_session_that_must_enrol_opens_nothing_else(stage, login):
    who = stage.signed_in(login, must_enrol="true")
    before, refused, allowed = stage.state(login), 0, set()
    for method, pattern, operation in stage.api.operations():
        if not operation["x-roles"] or operation["operationId"] in ("sign_out", "session_fresh"):
            continue
        path = re.sub(r"\{user\}", "me", pattern)
        path = re.sub(r"\{\w+\}", "1", path)
        body = {} if "requestBody" in operation else None
        answer = stage.api.call(method, path, body, who)
        if operation["x-enrol"]:
            assert answer.status in (200, 201, 422), (method, path, answer)
            allowed.add(operation["operationId"])
        else:
            assert (answer.status, answer.type) == (403, "second-factor-required"), (method, path, answer)
            refused += 1
    assert allowed == {"session_show", "totp_show", "totp_enroll", "totp_confirm"}
    assert refused > 40 and stage.state(login) == before
    assert stage.api.good("GET", "/v1/session", who=who)["must_enrol"] is True


def test_it_enrols_its_own_and_is_a_full_one_then(stage, login):
    who, other = stage.signed_in(login, must_enrol="true"), stage.new_user()
    stage.enrol("me", who)
    assert stage.api.good("GET", "/v1/users/me", who=who)["login"] == login
    assert stage.api.call("POST", f"/v1/users/{other}/totp", {}, who).status == 404


def test_an_administrator_that_must_enrol_reaches_nobody_else(stage):
    login, other = stage.new_user(), stage.new_user()
    who = stage.signed_in(login, must_enrol="true")
    stage.server.sql(f"UPDATE authd.account SET role = 'admin' WHERE login = '{login}'")
    for method, path, body in (("GET", "totp", None), ("POST", "totp", {}),
                               ("POST", "totp/confirm", {"code": "123456"})):
        answer = stage.api.call(method, f"/v1/users/{other}/{path}", body, who)
        assert answer.status == 403, answer
    ticket = stage.api.good("POST", f"/v1/users/{login}/totp/ticket")["secret"]
    assert stage.begin("me", who, ticket=ticket)["user"] == login
