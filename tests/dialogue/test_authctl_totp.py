"""authctl totp: the output of an enrolment for a person and for a program."""

import re

import pytest
from authctl import USAGE, Person
from harness import totp
from harness.private import run
from terminal import Terminal

COLOURED = re.compile(r"^\x1b\[30;107m([ ▄▀█]+)\x1b\[0m$", re.MULTILINE)
CODES = re.compile(r"([a-z2-7]{4}(-[a-z2-7]{4}){3}\n){10}")


@pytest.fixture
def root(server):
    return Person(server)


@pytest.fixture
def login(server):
    return server.new_user()


def enrol(root, login):
    secret = root.json("totp", "enroll", login)["secret"]
    return root.do("totp", "confirm", login, totp.code(secret))


def modules(text):
    """The QR code that half blocks draw: rows of 0 and 1, with its quiet zone."""
    rows = []
    for line in COLOURED.findall(text):
        rows.append("".join("1" if block in "▀█" else "0" for block in line))
        rows.append("".join("1" if block in "▄█" else "0" for block in line))
    return rows


def test_a_terminal_shows_a_code_that_a_camera_reads(root, login, tmp_path):
    with Terminal(root.argv("totp", "enroll", login)) as terminal:
        status, text = terminal.finish()
    assert status == 0
    rows = modules(text)
    width = len(rows[0])
    assert {len(row) for row in rows} == {width} and width <= 80
    assert set("".join(rows[:4] + rows[width - 4:])) == {"0"}, "the quiet zone"
    assert {row[:4] + row[-4:] for row in rows} == {"0" * 8}
    picture = tmp_path / "qr.pgm"
    lines = [bytes(0 if module == "1" else 255 for module in row for _ in range(6)) for row in rows]
    picture.write_bytes(b"P5 %d %d 255\n" % (width * 6, len(rows) * 6) + b"".join(line * 6 for line in lines))
    uri = run("zbarimg", "--quiet", "--nodbus", "--raw", str(picture)).stdout.strip()
    (key,) = re.findall(r"^  key  ([A-Z2-7 ]+)$", text, re.MULTILINE)
    assert re.fullmatch("([A-Z2-7]{4} ){7}[A-Z2-7]{4}", key)
    assert f"secret={key.replace(' ', '')}&" in uri and login.replace("@", "%40") in uri
    assert f"smtp-authctl totp confirm {login} CODE" in text
    assert root.do("totp", "confirm", login, totp.code(key))[0].startswith(f"{login}\tenrolled\n")


def test_a_terminal_that_is_too_narrow_gets_the_key(root, login):
    with Terminal(root.argv("totp", "enroll", login), columns=40) as terminal:
        status, text = terminal.finish()
    assert status == 0 and not modules(text) and re.search("key  [A-Z2-7]{4} ", text)
    assert "The QR code needs" in text


def test_a_pipe_gets_the_key_alone(root, login):
    out, talk = root.do("totp", "enroll", login)
    assert re.fullmatch("[A-Z2-7]{32}\n", out)
    assert out.strip() not in talk and "\x1b" not in out + talk


def test_json_is_the_object(root, login):
    made = root.json("totp", "enroll", login, "--algorithm", "SHA256", "--digits", "8")
    assert (made["kind"], made["algorithm"], made["digits"]) == ("totp-enrolment", "SHA256", 8)
    assert made["uri"].startswith("otpauth://totp/") and set("".join(made["qr"])) == {"0", "1"}
    confirmed = root.json("totp", "confirm", login, totp.code(made["secret"], "SHA256", 8))
    assert confirmed["enrolled"] is True and len(confirmed["codes"]) == 10
    assert root.json("totp", "show", login)["recovery_codes"] == 10


def test_confirmed_it_shows_recovery_codes(root, login):
    out, talk = enrol(root, login)
    heading, _, codes = out.partition("\n")
    assert heading == f"{login}\tenrolled" and CODES.fullmatch(codes)
    assert "each good once" in talk
    assert "enrolled\tyes" in root.do("totp", "show", login)[0]


def test_a_wrong_code_is_refused_with_what_to_do(root, login):
    root.do("totp", "enroll", login)
    assert root.refused("totp", "confirm", login, "12345") == "the code is not 6 or 8 digits"
    assert root.refused("totp", "confirm", login, "12345678") == "the code of this enrolment has 6 digits"


def test_new_recovery_codes_are_asked_for(root, login):
    enrol(root, login)
    status, out, talk = root.run("totp", "recovery-codes", login)
    assert (status, out) == (USAGE, "") and "needs --yes" in talk
    out, talk = root.do("totp", "recovery-codes", login, "--yes")
    assert CODES.fullmatch(out)
    with Terminal(root.argv("totp", "recovery-codes", login)) as terminal:
        terminal.expect("the recovery codes that there are. It cannot be undone. Go on? [y/N]")
        terminal.type("n\n")
        status, text = terminal.finish()
    assert status == 1 and not CODES.search(text)


def test_removing_asks(root, login):
    enrol(root, login)
    status, _, talk = root.run("totp", "remove", login)
    assert status == USAGE and "needs --yes" in talk
    with Terminal(root.argv("totp", "remove", login)) as terminal:
        terminal.expect(f"totp remove {login}: the second factor, 10 recovery codes. It cannot be undone. Go on? [y/N]")
        terminal.type("y\n")
        status, text = terminal.finish()
    assert status == 0 and "second factor removed" in text and "ended: 10 recovery codes" in text
    assert root.refused("totp", "remove", login, "--yes") == f"{login} has no second factor"


def test_a_dry_run_shows_no_secret(root, login):
    out, talk = root.do("--dry-run", "totp", "enroll", login)
    assert out == "" and talk.splitlines()[-1] == "Nothing was changed."
    assert "secret" not in root.json("--dry-run", "totp", "ticket", login)
    assert root.json("totp", "show", login)["pending_until"] is None


def test_a_ticket_is_shown_once_and_read_from_standard_input(root, login):
    out, talk = root.do("totp", "ticket", login)
    assert re.fullmatch("[a-z2-7]{4}(-[a-z2-7]{4}){5}\n", out)
    assert talk.startswith(f"ticket {login}") and "may enrol a second factor, once" in talk
    command = "totp", "enroll", login, "--ticket-stdin"
    assert root.refused(*command, stdin="aaaa-bbbb\n") == "the ticket is not good, or no longer"
    assert root.json(*command, stdin=out)["replaces"] is False
    assert root.refused(*command, stdin=out) == "the ticket is not good, or no longer"


@pytest.mark.parametrize("digits", ["7x", "-6", "", "99999999999"])
def test_digits_are_a_number(root, login, digits):
    status, _, talk = root.run("totp", "enroll", login, f"--digits={digits}")
    assert status == USAGE and "--digits takes a number" in talk
