"""Enrolment of second factors over the API: begun, confirmed, replaced, removed; recovery codes; the QR code that a
phone scans."""

import re
import threading
import time

import pytest
from harness import totp
from harness.postgres import program
from harness.private import run
from totp_stage import CODE, HOME, login, numbers, stage  # noqa: F401 (login and stage are fixtures)


def wrong_code(made):
    """Digits that are the code of no step near now."""
    near = {totp.code(made["secret"], made["algorithm"], made["digits"], time.time() + 30 * i) for i in range(-3, 4)}
    return next(code for code in (f"{n:0{made['digits']}}" for n in range(10)) if code not in near)


@pytest.mark.parametrize("body", [{}, {"algorithm": "SHA256", "digits": 8}, {"algorithm": "SHA512"}])
def test_the_qr_code_is_the_uri_and_the_key_gives_codes_that_are_taken(stage, login, tmp_path, body):
    made = stage.begin(login, **body)
    algorithm, digits = body.get("algorithm", "SHA1"), body.get("digits", 6)
    assert re.fullmatch("[A-Z2-7]{32}", made["secret"]) and len(totp.seed_of(made["secret"])) == 20
    assert made["uri"] == (f"otpauth://totp/localhost:{login.replace('@', '%40')}?secret={made['secret']}"
                           f"&issuer=localhost&algorithm={algorithm}&digits={digits}&period=30")
    assert scan(made["qr"], tmp_path) == made["uri"]
    code = run("oathtool", f"--totp={algorithm}", "-d", str(digits), "-b", made["secret"]).stdout.strip()
    assert stage.confirm(login, code).status == 200
    found = stage.api.good("GET", f"/v1/users/{login}/totp")
    assert (found["enrolled"], found["algorithm"], found["digits"]) == (True, algorithm, digits)
    assert stage.seed(login) == (totp.seed_of(made["secret"]), algorithm, digits)


def scan(rows, folder):
    """Reads the QR code as a camera would: the rows become a picture, eight dots a module, with the quiet zone."""
    assert {len(row) for row in rows} == {len(rows)} and set("".join(rows)) == {"0", "1"}
    size = len(rows) + 8
    padded = ["0" * size] * 4 + ["0000" + row + "0000" for row in rows] + ["0" * size] * 4
    lines = [bytes(0 if module == "1" else 255 for module in row for _ in range(8)) for row in padded]
    picture = folder / "qr.pgm"
    picture.write_bytes(b"P5 %d %d 255\n" % (size * 8, size * 8) + b"".join(line * 8 for line in lines))
    return run("zbarimg", "--quiet", "--nodbus", "--raw", str(picture)).stdout.strip()


def test_each_enrolment_has_a_seed_of_its_own(stage, login):
    secrets = {stage.begin(login)["secret"] for _ in range(5)}
    assert len(secrets) == 5


# Confirming


def test_nothing_counts_before_the_code(stage, login):
    stage.begin(login)
    found = stage.api.good("GET", f"/v1/users/{login}/totp")
    assert found["enrolled"] is False and found["pending_until"] and found["confirmed_at"] is None
    assert stage.state(login) == "without"


@pytest.mark.parametrize("shape", ["{0}", "{1} {2}", " {0} ", "{1}\t{2}"])
def test_blanks_in_a_code_do_no_harm(stage, login, shape):
    code = totp.code(stage.begin(login)["secret"])
    assert stage.confirm(login, shape.format(code, code[:3], code[3:])).status == 200


@pytest.mark.parametrize("shape", [
    "{0:.5}", "{0}7", "{0}789", "{0}78", "{1}-{2}", "{0}\n", "x{0:.5}", "", "-", "{0}" * 20,
    "aaaa-bbbb-cccc-dddd"])
def test_what_is_no_code_of_it_says_what_is_and_counts_nothing(stage, login, shape):
    made = stage.begin(login)
    code = totp.code(made["secret"])
    answer = stage.confirm(login, shape.format(code, code[:3], code[3:]))
    assert (answer.status, answer.type) == (422, "invalid"), answer
    assert "digits" in answer.json["detail"] or "errors" in answer.json, answer
    assert stage.server.sql("SELECT attempts FROM authd.totp_pending JOIN authd.account ON account.id = account "
                            f"WHERE login = '{login}'") == "0"


def test_digits_of_other_scripts_are_no_code(stage, login):
    code = totp.code(stage.begin(login)["secret"])
    for zero in "\u0660", "\u0966", "\uff10", "\U0001d7ce":
        other = "".join(chr(ord(zero) + int(digit)) for digit in code)
        answer = stage.confirm(login, other)
        assert (answer.status, answer.json["hint"][:24]) == (422, "Enter the digits 0 to 9 "), answer
    assert stage.confirm(login, code).status == 200


def test_which_steps_are_taken(stage, login):
    for offset, status in ((-60, 422), (30, 422), (60, 422), (-30, 200)):
        made = stage.begin(login)
        while time.time() % 30 > 20:  # no step may end between the code and its check
            time.sleep(0.5)
        answer = stage.confirm(login, totp.code(made["secret"], at=time.time() + offset))
        assert answer.status == status, (offset, answer)


def test_the_tenth_wrong_code_ends_it(stage, login):
    made = stage.begin(login)
    wrong = wrong_code(made)
    answers = [stage.confirm(login, wrong) for _ in range(10)]
    assert {(answer.status, answer.type) for answer in answers} == {(422, "invalid")}
    assert answers[0].json["detail"] == "the code is wrong; attempts left: 9"
    assert answers[9].json["hint"] == "Begin another enrolment."
    answer = stage.confirm(login, totp.code(made["secret"]))
    assert answer.status == 404 and "waits for its code" in answer.json["detail"]
    assert stage.state(login) == "without"


def test_a_dry_run_tells_nothing_of_a_code(stage, login):
    made = stage.begin(login)
    for code in totp.code(made["secret"]), wrong_code(made):
        answer = stage.api.call("POST", f"/v1/users/{login}/totp/confirm?dry_run=true", {"code": code})
        assert answer.status == 200 and answer.json["enrolled"] is True and "codes" not in answer.json
    assert stage.state(login) == "without"


def test_confirmed_twice_by_another_and_after_expiry(stage, login):
    made, _ = stage.enrol(login)
    answer = stage.confirm(login, totp.code(made["secret"]))
    assert (answer.status, answer.type) == (409, "conflict"), answer
    other = stage.new_user()
    made = stage.begin(other)
    stranger = stage.signed_in(stage.new_user())
    assert stage.confirm(other, totp.code(made["secret"]), stranger).status == 404
    assert stage.confirm("me", totp.code(made["secret"]), stranger).status == 404
    stage.server.sql("UPDATE authd.totp_pending SET expires_at = now()")
    answer = stage.confirm(other, totp.code(made["secret"]))
    assert answer.status == 404 and "expired" in answer.json["detail"], answer
    assert stage.state(other) == "without"


def test_another_enrolment_takes_the_place_of_the_first(stage, login):
    first, second = stage.begin(login), stage.begin(login)
    assert stage.confirm(login, totp.code(first["secret"])).status == 422
    assert stage.confirm(login, totp.code(second["secret"])).status == 200


def test_parallel_confirmations_make_one(stage, login):
    code, answers = totp.code(stage.begin(login)["secret"]), []
    threads = [threading.Thread(target=lambda: answers.append(stage.confirm(login, code))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] + [409] * 11
    assert sum("codes" in answer.json for answer in answers) == 1
    assert stage.state(login) == "with"


def test_other_sessions_end_and_the_own_one_has_the_factor(stage, login):
    other, mine = stage.signed_in(login), stage.signed_in(login)
    _, confirmed = stage.enrol("me", mine)
    assert confirmed["ended"] == {"sessions": 1} and confirmed["recovery_codes_made"] is True
    assert stage.api.call("GET", "/v1/session", who=other).status == 401
    caller = stage.api.good("GET", "/v1/session", who=mine)
    assert (caller["factor"], caller["must_enrol"]) == ("totp", False)


# Rights


def change_of(stage, who):
    """Tries the three changes of the caller's own factor as dry runs; returns {name: answer}."""
    api = stage.api
    return {"replace": api.call("POST", "/v1/users/me/totp?dry_run=true", {}, who),
            "remove": api.call("DELETE", "/v1/users/me/totp?dry_run=true", who=who),
            "codes": api.call("POST", "/v1/users/me/recovery-codes?dry_run=true", who=who)}


def test_ones_own_is_changed_by_a_fresh_sign_in_with_the_factor_only(stage, login):
    stage.enrol(login)
    bare = stage.signed_in(login)
    for name, answer in change_of(stage, bare).items():
        assert (answer.status, answer.type) == (403, "current-factor-required"), (name, answer)
    for factor in "totp", "recovery":
        for name, answer in change_of(stage, stage.signed_in(login, factor=f"'{factor}'")).items():
            assert answer.status == 200, (factor, name, answer)
    stale = stage.signed_in(login, factor="'totp'", fresh_at="now() - interval '10 minutes'")
    for name, answer in change_of(stage, stale).items():
        assert (answer.status, answer.type) == (403, "fresh-sign-in-required"), (name, answer)


def test_replaced_the_old_one_counts_until_the_code(stage, login):
    stage.enrol(login)
    old, who = stage.seed(login), stage.signed_in(login, factor="'totp'")
    made = stage.begin("me", who)
    assert made["replaces"] is True and stage.seed(login) == old
    answer = stage.confirm("me", totp.code(made["secret"]), who)
    assert answer.status == 200 and "codes" not in answer.json and answer.json["recovery_codes"] == 10
    assert stage.seed(login)[0] == totp.seed_of(made["secret"])


def test_removed_by_an_administrator(stage, login):
    stage.enrol(login)
    removed = stage.api.good("DELETE", f"/v1/users/{login}/totp")
    assert removed["enrolled"] is False and removed["ended"]["recovery_codes"] == 10
    answer = stage.api.call("DELETE", f"/v1/users/{login}/totp")
    assert answer.status == 404, answer
    (row,) = stage.api.good("GET", f"/v1/audit?user={login}&action=totp_remove")["items"]
    assert row["actor"]["name"] == "root (uid 0)" and row["user"] == login
    assert row["before"] == {"enrolled": True, "algorithm": "SHA1", "digits": 6, "period": 30, "recovery_codes": 10,
                             "confirmed_at": row["before"]["confirmed_at"]}


def test_api_keys_give_tickets_and_nothing_else(stage, login):
    key = stage.api.make_key(rights=["totp:write"])
    assert stage.api.call("GET", f"/v1/users/{login}/totp", who=key).status == 200
    for method, path, body in (("POST", "totp", {}), ("POST", "totp/confirm", {"code": "123456"}),
                               ("DELETE", "totp", None), ("POST", "recovery-codes", None)):
        answer = stage.api.call(method, f"/v1/users/{login}/{path}", body, key)
        assert (answer.status, answer.json["detail"]) == (403, "no API key may do this"), answer
    assert stage.api.call("POST", f"/v1/users/{login}/totp/ticket", who=key).status == 201
    other = stage.api.make_key(rights=["users:write"])
    assert stage.api.call("POST", f"/v1/users/{login}/totp/ticket", who=other).status == 403


def test_service_users_have_none(stage):
    login = f"bot{next(numbers)}@{HOME}"
    stage.api.good("POST", "/v1/users", {"login": login, "service": True})
    answer = stage.api.call("POST", f"/v1/users/{login}/totp", {})
    assert answer.status == 422 and "service user" in answer.json["detail"]


# Recovery codes


def test_recovery_codes_come_as_a_set_and_are_replaced_as_one(stage, login):
    _, confirmed = stage.enrol(login)
    first = confirmed["codes"]
    assert len(set(first)) == 10 and all(CODE.fullmatch(code) for code in first)
    second = stage.api.good("POST", f"/v1/users/{login}/recovery-codes")
    assert len(set(second["codes"])) == 10 and not set(first) & set(second["codes"])
    count = "SELECT count(*) FROM authd.recovery_code JOIN authd.account ON id = account WHERE login = '{}'"
    assert stage.server.sql(count.format(login)) == "10"
    answer = stage.api.call("POST", f"/v1/users/{stage.new_user()}/recovery-codes")
    assert (answer.status, answer.type) == (409, "conflict"), answer


# Secrets


def dump(stage):
    """Everything in the database, as text."""
    return run(program("pg_dump"), "--data-only", stage.server.postgres.url("authd", "postgres")).stdout


def test_secrets_are_shown_once_and_kept_nowhere(stage, login):
    key = {"Idempotency_Key": f"key-{login}"}
    path = f"/v1/users/{login}"
    made = stage.api.call("POST", path + "/totp", {}, **key).json
    again = stage.api.call("POST", path + "/totp", {}, **key)
    assert again.status == 201 and again.json["replayed"] is True and not {"secret", "uri", "qr"} & set(again.json)
    confirm = {"Idempotency_Key": f"confirm-{login}"}
    code = totp.code(made["secret"])
    first = stage.confirm(login, code, **confirm)
    again = stage.confirm(login, code, **confirm)
    assert first.status == again.status == 200 and again.json["replayed"] is True and "codes" not in again.json
    codes = {"Idempotency_Key": f"codes-{login}"}
    second = stage.api.call("POST", path + "/recovery-codes", **codes).json
    again = stage.api.call("POST", path + "/recovery-codes", **codes)
    assert again.json["replayed"] is True and "codes" not in again.json
    other = stage.new_user()
    ticket = {"Idempotency_Key": f"ticket-{login}"}
    given = stage.api.call("POST", f"/v1/users/{other}/totp/ticket", **ticket).json
    again = stage.api.call("POST", f"/v1/users/{other}/totp/ticket", **ticket)
    assert again.json["replayed"] is True and "secret" not in again.json

    secrets = [made["secret"], made["secret"].lower(), totp.seed_of(made["secret"]).hex(), given["secret"],
               given["secret"].replace("-", ""), *made["qr"][8:12]]
    for recovery in first.json["codes"] + second["codes"]:
        secrets += [recovery, recovery.replace("-", "")]
    text, log = dump(stage), stage.server.authd.log_text() + stage.server.postgres.log_text()
    assert login in text and "totp_enroll" in text
    assert not [secret for secret in secrets if secret in text or secret in log]
    exported = stage.api.call("GET", path + "/export").text
    assert '"enrolled":true' in exported and "encrypted" not in exported
    assert not [secret for secret in secrets if secret in exported]


def test_a_row_pasted_onto_another_user_gives_no_codes(stage, login):
    made, other = stage.begin(login), stage.new_user()
    stage.begin(other)
    stage.server.sql(f"UPDATE authd.totp_pending AS other SET seed = mine.seed FROM authd.totp_pending AS mine "
                     f"WHERE mine.account = (SELECT id FROM authd.account WHERE login = '{login}') "
                     f"AND other.account = (SELECT id FROM authd.account WHERE login = '{other}')")
    answer = stage.confirm(other, totp.code(made["secret"]))
    assert (answer.status, answer.type) == (503, "unavailable"), answer
    assert stage.state(other) == "without"
