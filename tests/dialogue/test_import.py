"""authctl import with good, bad and malicious files."""

import itertools
import json
import os
import signal
import subprocess

import pytest
from harness.authd import program
from harness.private import wait_until

REFUSED, USAGE, TEMPORARY = 1, 2, 3
SSHA = "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb"  # doveadm pw: "correct horse"
OTHER = "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A="  # the same password

numbers = itertools.count(1)


@pytest.fixture
def domain():
    """A domain that no other test uses."""
    return f"import{os.getpid()}x{next(numbers)}.example"


@pytest.fixture
def run(server, tmp_path):
    """A function that imports octets or text as a file; returns (exit status, the JSON value, stderr)."""
    def run(kind, content, *words):
        path = tmp_path / "users"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([program("smtp-authctl"), "--socket", server.authd.http, "--json", "import", kind,
                               str(path), *words], capture_output=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout), done.stderr.decode()
    return run


def outcomes(value):
    return {key: number for key, number in value["counts"].items() if number}


def problems(value):
    return [(problem["line"], problem["detail"]) for problem in value["problems"]]


def may_log_in(server, login, password):
    with server.connect() as client:
        return client.login(login, password).command == "OK"


def test_a_dry_run_tells_and_changes_nothing(server, run, domain):
    text = f"# users\nalice@{domain}:{SSHA}:::::\nbob@{domain}:!:::::\n"
    status, planned, _ = run("dovecot-passwd", text)
    assert (status, planned["applied"], outcomes(planned)) == (0, False, {"added": 2})
    assert server.sql(f"SELECT count(*) FROM authd.domain WHERE name = '{domain}'") == "0"
    status, done, _ = run("dovecot-passwd", text, "--apply")
    assert (status, done["applied"], done["lines"]) == (0, True, planned["lines"])
    assert server.sql(f"SELECT count(*) FROM authd.account WHERE login LIKE '%@{domain}'") == "2"


def test_the_same_file_changes_nothing(server, run, domain):
    text = (f"alice:{SSHA}:::::: allow_nets=192.0.2.0/24\nbob:{{PLAIN}}correct horse\n"
            "carol:!$6$x$y\n")
    assert outcomes(run("dovecot-passwd", text, "--apply", "--domain", domain)[1]) == {"added": 3}
    rows = f"SELECT account, scope FROM authd.account WHERE login LIKE '%@{domain}' ORDER BY login"
    before = server.sql(rows)
    audit = server.sql("SELECT count(*) FROM authd.audit_event WHERE action LIKE 'user%'")
    status, again, _ = run("dovecot-passwd", text, "--apply", "--domain", domain, "--existing", "update")
    assert (status, outcomes(again)) == (0, {"unchanged": 3})
    assert server.sql(rows) == before
    assert server.sql("SELECT count(*) FROM authd.audit_event WHERE action LIKE 'user%'") == audit
    assert outcomes(run("dovecot-passwd", text, "--domain", domain)[1]) == {"skipped": 3}
    status, failed, _ = run("dovecot-passwd", text, "--domain", domain, "--existing", "fail")
    assert (status, outcomes(failed)) == (REFUSED, {"refused": 3})


def test_a_password_that_was_changed_since_is_kept(server, run, domain):
    login = f"alice@{domain}"
    run("dovecot-passwd", f"{login}:{SSHA}\n", "--apply")
    assert may_log_in(server, login, "correct horse")
    wait_until(lambda: server.stored_hash(login).startswith("$argon2id$"), what="the upgrade")
    upgraded = server.stored_hash(login)
    for hash_now, said in (SSHA, []), (OTHER, [(1, "its password was changed here, and is kept")]):
        status, done, _ = run("dovecot-passwd", f"{login}:{hash_now}\n", "--apply", "--existing", "update")
        assert (status, outcomes(done), problems(done)) == (0, {"unchanged": 1}, said)
        assert server.stored_hash(login) == upgraded
    server.authd.authctl("password", "set", login, password="a brand new pass phrase")
    run("dovecot-passwd", f"{login}:{OTHER}\n", "--apply", "--existing", "update")
    assert not may_log_in(server, login, "correct horse")


def test_a_password_that_changed_in_the_file_is_taken(server, run, domain):
    login = f"alice@{domain}"
    run("dovecot-passwd", f"{login}:{{SHA}}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n", "--apply")  # "test"
    status, done, _ = run("dovecot-passwd", f"{login}:{SSHA}\n", "--apply", "--existing", "update")
    assert (status, outcomes(done)) == (0, {"updated": 1})
    assert may_log_in(server, login, "correct horse")
    assert not may_log_in(server, login, "test")


def test_what_has_no_password_is_no_way_in(server, run, domain):
    marks = ["", "!", "!!", "*", "x", "*LK*", "{CRYPT}", "{CRYPT}!", "{CRYPT}*", "{PLAIN}", "{PLAIN}*",
             "{PLAIN}!!", f"!{SSHA}", "!$6$a$b", "{SSHA}"]
    text = "".join(f"user{number}@{domain}:{mark}:::::\n" for number, mark in enumerate(marks))
    status, done, _ = run("dovecot-passwd", text, "--apply")
    assert (status, outcomes(done)) == (0, {"added": len(marks)})
    assert server.sql("SELECT count(*) FROM authd.account WHERE password IS NOT NULL "
                      f"AND login LIKE '%@{domain}'") == "0"
    for number, mark in enumerate(marks):
        for password in {mark or "x", mark.partition("}")[2] or "!", "correct horse"}:
            assert not may_log_in(server, f"user{number}@{domain}", password)


def test_absurd_hashes_are_refused(run, domain):
    hashes = ["$6$rounds=999999999$perlsalt$" + "." * 86, "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigI",
              "{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=", "{PBKDF2}$1$$5000$" + "a" * 40,
              "{PBKDF2}$1$salt$900000000$" + "a" * 40, "{BLF-CRYPT}$2y$31$" + "." * 53, "$apr1$a$b",
              "{SCRAM-SHA-256}4096,a,b,c", "rqXexS6ZhobKA", "{MY-SCHEME}abc"]
    text = "".join(f"user{number}@{domain}:{stored}\n" for number, stored in enumerate(hashes))
    status, done, _ = run("dovecot-passwd", text, "--apply")
    assert (status, outcomes(done)) == (REFUSED, {"refused": len(hashes)})
    assert {problem["detail"] for problem in done["problems"]} == {
        "authd cannot check its password hash within the configured limits"}


def test_a_password_in_clear_is_stored_nowhere(server, run, domain):
    secret = "Rumpelstilzchen heisst er"
    run("dovecot-passwd", f"alice@{domain}:{{PLAIN}}{secret}\n", "--apply")
    assert server.stored_hash(f"alice@{domain}").startswith("{SSHA512}")
    assert may_log_in(server, f"alice@{domain}", secret)
    dump = subprocess.run(["pg_dump", "-h", server.postgres.directory, "-U", "postgres", "authd"],
                          capture_output=True, text=True, check=True).stdout
    assert f"alice@{domain}" in dump
    assert secret not in dump
    assert secret not in server.authd.log_text()


def test_one_bad_row_stops_no_other(server, run, domain):
    text = (f"good1@{domain}:{SSHA}\nb#d@{domain}:{SSHA}\ngood2@{domain}:{SSHA}\n"
            f"good1@{domain}:{SSHA}\nnets@{domain}:{SSHA}::::::allow_nets=192.0.2.0/99\n"
            f"any@{domain}:::::::nopassword\ncut@{domain}:{SSHA}")
    status, done, err = run("dovecot-passwd", text, "--apply")
    assert (status, outcomes(done)) == (REFUSED, {"added": 2, "refused": 5})
    details = dict(problems(done))
    assert sorted(details) == [2, 4, 5, 6, 7], err
    assert "login has a forbidden character" in details[2]
    assert details[4] == "the login stands on line 1 already"
    assert "/networks/allow/0" in details[5]
    assert details[6] == "nopassword lets anybody in"
    assert details[7] == "the last line has no end: the file may have been cut"


def test_people_see_file_and_line(server, tmp_path, domain):
    path = tmp_path / "my\x1busers"
    path.write_text(f"alice@{domain}:{SSHA}\nbob\n")
    done = subprocess.run([program("smtp-authctl"), "--socket", server.authd.http, "import", "dovecot-passwd", path],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == REFUSED
    assert "my\\x1busers:2: there is no colon after the login; A line is" in done.stderr
    assert "\x1b" not in done.stderr
    assert done.stderr.rstrip().endswith("Nothing was changed. Run again with --apply.")
    assert "user with {SSHA}\t1\t1" in done.stdout


def test_csv_from_a_spreadsheet(server, run, domain):
    text = (f"\ufefflogin,display_name,password_hash,addresses,networks,suspended\r\n"
            f"alice@{domain},\"Adams, \"\"Al\"\"\",{SSHA},\"alice@{domain}; info@{domain}\",192.0.2.0/24,\r\n"
            f"ALICE@{domain.upper()},,,,,\r\nbob@{domain},=cmd(),,,,\r\ncarol@{domain},Carol,,,,yes\r\n")
    status, done, _ = run("csv", text, "--apply")
    assert (status, outcomes(done)) == (REFUSED, {"added": 2, "refused": 2})
    assert problems(done) == [(3, "the login stands on line 2 already"),
                              (4, "display_name begins with =, which a spreadsheet would run")]
    user = server.authd.authctl("user", "show", f"alice@{domain}").json
    assert user["display_name"] == 'Adams, "Al"'
    assert user["addresses"] == [f"alice@{domain}", f"info@{domain}"]
    assert server.authd.authctl("user", "show", f"carol@{domain}").json["suspended"]
    assert server.sql("SELECT canonical FROM authd.scope_document JOIN authd.account ON scope = hash "
                      f"WHERE login = 'alice@{domain}'") == '{"networks":{"allow":["192.0.2.0/24"]},"v":1}'


def test_two_spellings_are_one_user(run, domain):
    """authd compares names by their canonical form, which authctl does not know."""
    text = f"m\u00fcller@{domain}:{SSHA}\nMU\u0308LLER@{domain}:{SSHA}\n"
    status, done, _ = run("dovecot-passwd", text, "--apply")
    assert (status, outcomes(done)) == (REFUSED, {"added": 1, "refused": 1})
    assert problems(done) == [(2, "the login stands on line 1 already")]


def test_sender_login_adds_addresses(server, run, domain):
    run("dovecot-passwd", f"alice@{domain}:{SSHA}\nbob@{domain}:{SSHA}\n", "--apply")
    text = f"sales@{domain}  alice@{domain}, bob@{domain}\n@{domain} alice@{domain}\nx@{domain} zoe@{domain}\n"
    status, done, _ = run("sender-login", text, "--apply")
    assert (status, outcomes(done)) == (REFUSED, {"updated": 3, "refused": 1})
    assert problems(done) == [(3, f"there is no user zoe@{domain}")]
    assert server.authd.authctl("address", "list", f"alice@{domain}").json["items"] == [
        f"*@{domain}", f"alice@{domain}", f"sales@{domain}"]
    assert outcomes(run("sender-login", text, "--apply")[1]) == {"unchanged": 3, "refused": 1}


def test_ctrl_c_stops_after_a_batch(server, tmp_path, domain):
    path = tmp_path / "many"
    path.write_text("".join(f"user{i}@{domain}:{SSHA}\n" for i in range(20000)))
    count = f"SELECT count(*) FROM authd.account WHERE login LIKE '%@{domain}'"
    words = [program("smtp-authctl"), "--socket", server.authd.http, "import", "dovecot-passwd", path, "--apply"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: server.sql(count) != "0", what="the first batch")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    done = int(server.sql(count))
    assert process.returncode == TEMPORARY
    assert f"Stopped before line {done + 1}. Run the same command again" in err
    assert 0 < done < 20000
    path.write_text("".join(f"user{i}@{domain}:{SSHA}\n" for i in range(done + 1000)))
    again = subprocess.run([*words, "--json"], capture_output=True, timeout=60, check=False)
    assert outcomes(json.loads(again.stdout)) == {"skipped": done, "added": 1000}


@pytest.mark.parametrize("words", [
    ("dovecot-passwd", "/nonexistent"),
    ("dovecot-passwd", "/dev/null", "--existing", "replace"),
    ("dovecot-passwd", "/dev/null", "--apply", "--dry-run"),
    ("passwd", "/dev/null"),
])
def test_wrong_usage(server, words):
    done = subprocess.run([program("smtp-authctl"), "--socket", server.authd.http, "--json", "import", *words],
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == USAGE
    assert json.loads(done.stdout)["type"].endswith("usage")
