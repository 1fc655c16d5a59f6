"""authctl on a terminal: tables, questions, secrets without echo; and the same facts in a pipe."""

import json
import os
import re
import subprocess

import pytest
from harness.authd import BUILD, program
from harness.private import read_text
from terminal import Terminal

REFUSED, USAGE = 1, 2


def argv(server, *words):
    return [program("smtp-authctl"), "--socket", server.authd.http, *words]


def run(server, *words, stdin=""):
    """Runs authctl without a terminal; returns (exit status, stdout, stderr)."""
    done = subprocess.run(argv(server, *words), input=stdin, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def show(server, *words, columns=80):
    """Runs authctl on a terminal; returns (exit status, all output)."""
    with Terminal(argv(server, *words), columns) as terminal:
        return terminal.finish()


@pytest.fixture
def person(server):
    """A user with a login that no other test knows, and with a second address."""
    login = server.new_user()
    server.authd.authctl("address", "add", login, f"other-{login}")
    return login


# The same facts on a terminal and in a pipe


def test_a_terminal_gets_a_table(server, person):
    status, text = show(server, "user", "list", "--match", person, columns=200)
    heading, row, count, *rest = text.splitlines()
    assert (status, rest) == (0, [])
    assert heading.split()[:4] == ["LOGIN", "ID", "STATE", "ROLE"]
    assert row.split()[0] == person
    assert row.index("active") == heading.index("STATE")
    assert count == "1 user"


def test_a_narrow_terminal_cuts_the_widest_columns(server, person):
    _, text = show(server, "user", "list", "--match", person, columns=72)
    heading, row, *_ = text.splitlines()
    assert len(heading) <= 72 and len(row) <= 72
    assert "…" in row
    assert row.index("active") == heading.index("STATE")


def test_wide_and_plain_win_over_the_terminal(server, person):
    _, text = show(server, "user", "list", "--match", person, "--wide", columns=40)
    assert f"other-{person}" in text and "…" not in text
    _, text = show(server, "user", "list", "--match", person, "--plain", columns=40)
    status, piped, talk = run(server, "user", "list", "--match", person)
    assert text == piped
    assert (status, talk) == (0, "")
    assert piped.split("\t")[0] == person
    _, text, _ = run(server, "user", "list", "--match", person, "--wide")
    assert text.startswith("LOGIN ")


def test_json_is_the_same_on_a_terminal(server, person):
    for words in (("user", "show", person), ("user", "list", "--match", person)):
        status, text = show(server, "--json", *words, columns=30)
        assert (status, text) == (0, run(server, "--json", *words)[1])
        json.loads(text)


def test_show_is_never_cut(server, person):
    _, text = show(server, "user", "show", person, columns=30)
    assert f"other-{person}" in text.replace("\n", "")
    user = json.loads(run(server, "--json", "user", "show", person)[1])
    assert f"{user['created_at']} (today " in text or f"{user['created_at']} (yesterday " in text
    plain = dict(line.split("\t", 1) for line in run(server, "user", "show", person)[1].splitlines())
    assert plain["created_at"] == user["created_at"]
    assert plain["role"] == "user"


EVIL = "\x1b]0;owned\x07\x1b[31m‮txt.exe"


def test_data_cannot_move_the_cursor(server, person):
    """Control characters in data are escaped in tables, objects, questions, errors and pipes."""
    reason = f"{EVIL}\\".replace("\x1b", "").replace("\x07", "")
    server.authd.authctl("user", "suspend", person, "--reason", reason)
    for output in (show(server, "user", "show", person)[1], run(server, "user", "show", person)[1]):
        assert r"\u{202e}txt.exe\\" in output
        assert "‮" not in output
    for words in (("user", "show", EVIL), ("user", EVIL), (EVIL,)):
        for _, *output in (show(server, *words), run(server, *words)):
            assert not {"\x1b", "\x07", "‮"} & set("".join(output))


# Questions


def test_delete_asks_and_no_is_no(server, person):
    with Terminal(argv(server, "user", "delete", person), 200) as terminal:
        terminal.expect("It cannot be undone. Go on? [y/N] ")
        assert f"user delete {person}: a password, 2 addresses." in terminal.text
        terminal.type("n\n")
        status, text = terminal.finish()
    assert status == REFUSED
    assert text.endswith("smtp-authctl: not confirmed: nothing was changed\n")
    assert run(server, "user", "show", person)[0] == 0


def test_delete_asks_and_yes_is_yes(server, person):
    with Terminal(argv(server, "user", "delete", person), 200) as terminal:
        terminal.expect("[y/N] ")
        terminal.type("yes\n")
        status, text = terminal.finish()
    assert status == 0
    assert text.splitlines()[-1].split() == [person, "deleted"]
    assert run(server, "user", "show", person)[0] == REFUSED


def test_who_may_not_is_not_asked(server):
    status, text = show(server, "user", "delete", "nobody@example.org")
    assert status == REFUSED
    assert "[y/N]" not in text
    assert "there is no user nobody@example.org" in text


def test_a_script_must_say_yes(server, person):
    assert run(server, "user", "delete", person) == (
        USAGE, "", "smtp-authctl: user delete needs --yes (this is not a terminal)\n")
    status, text = show(server, "user", "delete", person, "--no-input")
    assert (status, text) == (USAGE, "smtp-authctl: user delete needs --yes (--no-input is given)\n")
    assert run(server, "user", "delete", person, "--yes")[:2] == (0, f"{person}\tdeleted\n")


def test_a_dry_run_asks_nothing_and_says_so(server, person):
    for words in (("user", "delete", person), ("user", "suspend", person), ("user", "set", person, "role=helpdesk"),
                  ("address", "add", person, f"more-{person}"), ("password", "clear", person),
                  ("user", "add", f"new-{person}")):
        status, _, talk = run(server, *words, "--dry-run")
        assert (status, talk.splitlines()[-1]) == (0, "Nothing was changed."), words
    user = json.loads(run(server, "--json", "user", "show", person)[1])
    assert (user["role"], user["suspended"], user["has_password"]) == ("user", False, True)
    assert len(user["addresses"]) == 2


# Secrets


def test_a_password_is_asked_for_twice_without_echo(server, person):
    with Terminal(argv(server, "password", "set", person)) as terminal:
        terminal.expect("password: ")
        assert not terminal.echoes()
        terminal.type("a new password of mine\n")
        terminal.expect("password, again: ")
        terminal.type("a new password of mine\n")
        status, text = terminal.finish()
    assert status == 0
    assert "of mine" not in text
    with server.connect() as client:
        assert client.login(person, "a new password of mine").command == "OK"


def test_two_different_passwords_are_none(server, person):
    with Terminal(argv(server, "password", "set", person)) as terminal:
        terminal.expect("password: ")
        terminal.type("a new password of mine\n")
        terminal.expect("password, again: ")
        terminal.type("a new password of mime\n")
        status, text = terminal.finish()
    assert status == USAGE
    assert "the two were not the same" in text


def test_without_a_terminal_the_option_is_named(server, person):
    assert run(server, "password", "set", person) == (
        USAGE, "", "smtp-authctl: password set needs --password-stdin (this is not a terminal)\n")


# Messages


def test_a_change_says_what_is_now_true(server, person):
    assert run(server, "user", "suspend", person) == (
        0, f"{person}\tsuspended\n", f"undo: smtp-authctl user resume {person}\n")
    assert run(server, "user", "suspend", person) == (0, f"{person}\tunchanged\n", "")
    assert run(server, "address", "add", person, f"x-{person}")[1] == f"{person}\tmay send as x-{person}\n"
    status, _, talk = run(server, "user", "set", person, "display_name=Al", "recovery_address=")
    assert (status, talk) == (0, f"{person}: display_name is now Al\n{person}: recovery_address is now not set\n")
    assert run(server, "user", "set", person, "display_name=Al")[2] == f"{person} is unchanged\n"


def test_an_error_has_four_lines_at_most(server):
    status, text = show(server, "user", "add", "a b@x", "--address", "c d@x", "--role", "emperor", columns=200)
    assert status == REFUSED
    lines = text.splitlines()
    assert 2 <= len(lines) <= 4
    assert lines[0].startswith("smtp-authctl: ")
    assert lines[-1].startswith("  request ")


def test_verbose_says_whom_it_asks_and_what(server, person):
    status, _, talk = run(server, "user", "show", person, "--verbose")
    target, call = talk.splitlines()
    assert (status, target) == (0, f"authd at {server.authd.http}, as uid 0")
    assert call.split()[:3] == ["GET", f"/v1/users/{person.replace('@', '%40')}", "200"]


def overview():
    done = subprocess.run([program("smtp-authctl")], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (USAGE, "")
    return done.stderr


def test_alone_it_shows_what_there_is_and_the_manual_has_it():
    """Every verb has an example in docs/smtp-authctl.md."""
    manual = read_text(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "smtp-authctl.md"))
    table = overview().split("\n\n")[2]
    commands = []
    for line in table.replace("\n                ", " ").splitlines():
        noun, *verbs = line.split()
        commands += [f"smtp-authctl {noun} {verb}" for verb in verbs]
    assert len(commands) > 40
    assert [command for command in commands if command not in manual] == []


def test_a_list_without_hits_is_not_an_empty_site(server):
    status, text = show(server, "user", "list", "--match", "nobody-has-this")
    assert (status, text) == (0, "no such user\n")


# The shell


def complete(line, **environment):
    """The words that bash would offer: runs the real completion in a real bash."""
    script = ('source <("$AUTHCTL" completion bash); smtp-authctl() { "$AUTHCTL" "$@"; }; '
              'COMP_LINE=$1 COMP_POINT=${#1}; _smtp_authctl; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", line], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "AUTHCTL": program("smtp-authctl"), **environment})
    return done.stdout.split()


def test_bash_completes(server, person):
    assert complete("smtp-authctl us") == ["user"]
    assert complete("smtp-authctl user su") == ["suspend"]
    assert complete("smtp-authctl user suspend x --rea") == ["--reason"]
    name, _, domain = person.partition("@")
    there = {"AUTHD_SOCKET": server.authd.http}
    assert complete(f"smtp-authctl user show {name}", **there) == [person]
    assert complete(f"smtp-authctl user show {name}@exa", **there) == [domain]
    assert complete(f"smtp-authctl --socket {server.authd.http} user show {name}", AUTHD_SOCKET="/nowhere") == [person]
    assert complete(f"smtp-authctl user show {name}", AUTHD_SOCKET="/nowhere") == []


def test_the_manual_is_one(tmp_path):
    page = tmp_path / "smtp-authctl.1"
    page.write_bytes(subprocess.run([program("smtp-authctl"), "completion", "manual"], capture_output=True, timeout=60,
                                    check=True).stdout)
    done = subprocess.run(["groff", "-man", "-ww", "-z", str(page)], capture_output=True, text=True, timeout=60,
                          check=True)
    assert done.stderr == ""


# The name


def test_all_texts_say_the_name_that_was_called(server, person, tmp_path):
    """A distribution may install a link; a user types what the program says."""
    path = tmp_path / "authctl"
    path.symlink_to(program("smtp-authctl"))

    def called(*words):
        done = subprocess.run([path, *words], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "AUTHD_SOCKET": server.authd.http})
        assert "smtp-authctl" not in done.stdout + done.stderr
        return done.stdout, done.stderr

    assert called("user") == ("", "authctl: user needs a verb; see authctl help user\n")
    assert called("user", "show")[1] == "authctl: too few arguments; usage: authctl user show USER\n"
    assert called("user", "suspend", person)[1] == f"undo: authctl user resume {person}\n"
    assert called("help")[0].startswith("authctl manages ")
    assert "\nusage: authctl user show USER\n" in called("help", "user", "show")[0]
    assert called("completion", "manual")[0].startswith(".TH authctl 1\n.SH NAME\nauthctl ")
    assert called("completion", "bash")[0].endswith("\ncomplete -o default -F _smtp_authctl authctl\n")


def test_a_name_that_a_terminal_would_interpret_is_not_said():
    done = subprocess.run(["\x1b[2J", "user"], executable=program("smtp-authctl"), capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stderr == "smtp-authctl: user needs a verb; see smtp-authctl help user\n"


def test_installed_names(tmp_path):
    """Other packages have programs authd and authctl: nothing that is installed may have their names."""
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", tmp_path], check=True,
                   capture_output=True, timeout=60)
    installed = [re.sub("^usr/(local/)?", "", os.path.relpath(os.path.join(folder, name), tmp_path))
                 for folder, _, names in os.walk(tmp_path) for name in names]
    assert sorted(name for name in installed if "/smtp-authd/" not in name) == [
        "bin/smtp-authctl", "bin/smtp-authd", "include/authd/plugin.h",
        "share/bash-completion/completions/smtp-authctl.bash", "share/man/man1/smtp-authctl.1"]
