"""The oracle and the load generator must notice mistakes: each false reply must be counted where it belongs."""

import json
import os
import subprocess
import time

import pytest

from harness.authd import BUILD
from harness.private import make_directory, remove_directory
from oracle.client import FAULTS, Oracle
from oracle.liar import Liar
from oracle.logins import Accounts

GOOD = {f"user{number}@example.org": f"password {number}" for number in range(20)}

LIES = {
    "yes to all": lambda number, login, allowed: b"OK\t%d\tuser=" + login.strip() + b"\n",
    "no, sometimes": lambda number, login, allowed: b"FAIL\t%d\n" if allowed and number % 9 == 0 else None,
    "another user": lambda number, login, allowed: b"OK\t%d\tuser=bob" + login + b"\n" if allowed else None,
    "app password": lambda number, login, allowed:
        b"OK\t%d\tuser=" + login.replace(b"@", b"#k1@") + b"\n" if allowed else None,
    "no user": lambda number, login, allowed: b"OK\t%d\n" if allowed else None,
    "twice": lambda number, login, allowed: 2 * (b"FAIL\t%d\n") if not allowed else None,
    "try again": lambda number, login, allowed: b"FAIL\t%d\ttemp\tcode=temp_fail\n",
    "tagged": lambda number, login, allowed:
        b"OK\t%d\tuser=" + login.replace(b"@", b"#p12@") + b"\n" if allowed else None,
    "truth": lambda number, login, allowed: None,
}

ORACLE_NOTICES = {"yes to all": "false accepts", "no, sometimes": "false rejects", "twice": "stray",
                  "another user": "false accepts", "app password": "false accepts",
                  "no user": "false accepts"}


@pytest.fixture
def directory():
    path = make_directory()
    yield path
    remove_directory(path)


@pytest.mark.parametrize("lie", LIES)
def test_the_oracle_notices(directory, lie):
    accounts = Accounts(list(GOOD.items()), [("gone@example.org", "x y")], ["empty@example.org"])
    with Liar(directory, GOOD, LIES[lie]) as liar, Oracle([liar.path], accounts) as oracle:
        time.sleep(0.3)
    found = {column for column in FAULTS if oracle.total(column)}
    assert found == ({ORACLE_NOTICES[lie]} if lie in ORACLE_NOTICES else set()), oracle.table()
    assert oracle.total("expelled") and not oracle.total("unreachable"), oracle.table()
    if lie == "truth":
        assert oracle.total("accepted") and oracle.total("refused") and not oracle.total("closed")


def test_the_oracle_notices_silence(directory, monkeypatch):
    monkeypatch.setattr("oracle.client.PATIENCE", 0.5)
    accounts = Accounts(list(GOOD.items()))
    with Liar(directory, GOOD, lambda number, login, allowed: b"" if number == 5 else None) as liar, \
            Oracle([liar.path], accounts) as oracle:
        time.sleep(1.5)
    assert oracle.total("lost"), oracle.table()


@pytest.mark.parametrize("lie", LIES)
def test_the_load_generator_notices(directory, lie):
    with Liar(directory, GOOD, LIES[lie]) as liar:
        done = subprocess.run(
            [os.path.join(BUILD, "tests/bench/loadgen"), "--socket", liar.path, "--connections", "3",
             "--outstanding", "4", "--users", "20", "--login", "user{}@example.org", "--password",
             "password {}", "--wrong", "20", "--seconds", "0.3", "--count", "3000"],
            stdout=subprocess.PIPE, timeout=60, check=False)
    result = json.loads(done.stdout)
    honest = lie in ("truth", "tagged")
    assert done.returncode == (0 if honest else 1), result
    assert (result["mismatches"] == 0) == honest and result["lost"] == 0, result
