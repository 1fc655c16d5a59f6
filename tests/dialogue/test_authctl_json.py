"""authctl --json prints exactly one JSON value, whatever the verb and its end; a verb that streams says so and prints
one value on each line. The tests take the verbs from `help --json`, so that a new verb is tried too."""

import functools
import itertools
import json
import os
import re
import subprocess

import pytest
from authctl import DONE, REFUSED, TEMPORARY, USAGE, Person
from harness import totp
from harness.authd import program
from harness.private import read_text
from terminal import Terminal
from world import HOME, PASSWORD, make_world

NEW_PASSWORD = "nine purple submarines argue quietly\n"
numbers = itertools.count(1)

# For each verb a command line that succeeds, and what its standard input has.
GOOD = {
    "user add": ("new{n}@{domain} --address x{n}@{domain} --password-stdin", NEW_PASSWORD),
    "user list": "--domain {domain}",
    "user show": "{user}",
    "user set": "{user} display_name=x",
    "user rename": "{user} renamed{n}@{domain}",
    "user suspend": "{user}",
    "user resume": "{user}",
    "user export": "{user}",
    "user delete": "{user} --yes",
    "user revoke-all": "{user} --yes",
    "user reset-link": "{user}",
    "address add": "{user} more{n}@{domain}",
    "address remove": "{user} {address}",
    "address list": "{user}",
    "address who": "{user}",
    "password set": ("{user} --password-stdin", NEW_PASSWORD),
    "password clear": "{user} --yes",
    "password strength": ("{user} --password-stdin", NEW_PASSWORD),
    "app-password add": "{user} --label x --scope {scope}",
    "app-password list": "{user}",
    "app-password show": "{user} {id}",
    "app-password set": "{user} {id} --label y",
    "app-password rotate": "{user} {id}",
    "app-password revoke": "{user} {id} --yes",
    "totp enroll": "{user}",
    "totp confirm": "{user} {code}",
    "totp show": "{user}",
    "totp remove": "{enrolled} --yes",
    "totp recovery-codes": "{enrolled} --yes",
    "totp ticket": "{user}",
    "scope get": "{user}",
    "scope set": "{user} {scope}",
    "scope check": "{scope} {user}",
    "scope clear": "{user} --yes",
    "session list": "{user}",
    "session revoke": "{user} {session}",
    "domain add": "new{n}.example",
    "domain list": "",
    "domain show": "{domain}",
    "domain set": "{domain} description=x",
    "domain revoke-all": "{domain} --yes",
    "domain delete": "{empty} --yes",
    "class add": "new{n}",
    "class list": "",
    "class show": "staff",
    "class set": "staff description=x",
    "class delete": "{class} --yes",
    "api-key add": "--label x",
    "api-key list": "",
    "api-key show": "{key}",
    "api-key set": "{key} --label y",
    "api-key revoke": "{key} --yes",
    "key list": "",
    "key rotate": "encryption --yes",
    "audit tail": "",
    "audit search": "--limit 3",
    "audit export": "",
    "audit verify": "",
    "import dovecot-passwd": "{passwd} --domain {domain}",
    "import htpasswd": "{passwd} --domain {domain}",
    "import shadow": "{shadow} --domain {domain}",
    "import csv": "{csv}",
    "import sender-login": "{maps}",
    "completion bash": "",
    "completion manual": "",
    "completion words": "user s",
}
EMPTY = ["user list --match nobody-is-called-so", "app-password list {user}", "session list {user}",
         "address who nobody@{domain}", "api-key list", "audit search --reference none",
         "audit tail --reference none", "audit export --reference none", "import csv {empty_csv}",
         "completion words frob"]


@pytest.fixture(scope="module")
def world():
    yield from make_world()


@pytest.fixture(scope="module")
def root(world):
    return Person(world.server)


@functools.cache
def commands():
    done = subprocess.run([program("smtp-authctl"), "help", "--json"], capture_output=True, check=True)
    return {f"{command['noun']} {command['verb']}": command for command in json.loads(done.stdout)["commands"]}


class Stage:
    """Objects for one command line: each name in braces of GOOD is made when it is asked for."""

    def __init__(self, world, directory):
        self.world, self.api, self.directory = world, world.api, directory
        self.n = next(numbers)
        self.domain = HOME

    def __getitem__(self, name):
        if not hasattr(self, name):
            setattr(self, name, getattr(self, f"make_{name}")())
        return getattr(self, name)

    def make_user(self):
        login = f"json{self.n}@{HOME}"
        self.world.new_user(login)
        return login

    def make_enrolled(self):
        totp.enrol_in(self.world.server.postgres, self.world.server.authd.config["key_dir"], self["user"])
        return self["user"]

    def make_address(self):
        address = f"second{self.n}@{HOME}"
        self.api.good("POST", f"/v1/users/{self['user']}/addresses", {"address": address})
        return address

    def make_code(self):
        return totp.code(self.api.good("POST", f"/v1/users/{self['user']}/totp", {})["secret"])

    def make_id(self):
        return self.api.good("POST", f"/v1/users/{self['user']}/app-passwords", {"label": "x"})["id"]

    def make_session(self):
        return self.api.sign_in(self["user"], PASSWORD).session

    def make_key(self):
        return self.api.make_key().id

    def make_empty(self):
        return self.api.good("POST", "/v1/domains", {"name": f"empty{self.n}.example"})["name"]

    def make_class(self):
        return self.api.good("POST", "/v1/classes", {"name": f"c{self.n}"})["name"]

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="ascii")
        return str(path)

    def make_scope(self):
        return self.write("scope", '{"v": 1}')

    def make_passwd(self):
        return self.write("passwd", "imported:$6$abcdefgh$" + "." * 86 + "\n")

    def make_shadow(self):
        return self.write("shadow", "imported:$6$abcdefgh$" + "." * 86 + ":19000:0:99999:7:::\n")

    def make_csv(self):
        return self.write("csv", f"login\nimported@{HOME}\n")

    def make_empty_csv(self):
        return self.write("csv", "login\n")

    def make_maps(self):
        return self.write("maps", f"more@{HOME} {self['user']}\n")

    def words(self, line):
        return line.format_map(self).split()


@pytest.fixture
def stage(world, tmp_path):
    return Stage(world, tmp_path)


def good(stage, verb):
    """(words, standard input) of a command line that succeeds."""
    line = GOOD[verb]
    line, stdin = (line, "") if isinstance(line, str) else line
    return [*verb.split(), *stage.words(line)], stdin


def values(verb, out):
    """The JSON values of standard output, which has one or, from a verb that streams, one on each line."""
    if commands()[verb]["streams"]:
        assert out == "" or out.endswith("\n")
        return [json.loads(line) for line in out.splitlines()]
    assert out.count("\n") == 1 and out.endswith("\n"), out
    return [json.loads(out)]


def check_problem(verb, out):
    problem = values(verb, out)[-1]
    assert isinstance(problem["type"], str) and isinstance(problem["title"], str), problem
    return problem


def pytest_generate_tests(metafunc):
    if "verb" in metafunc.fixturenames:
        metafunc.parametrize("verb", list(commands()))


def test_every_verb_is_tried():
    """An author who adds a verb must add a command line to GOOD."""
    assert set(GOOD) == set(commands())


def test_a_success(root, stage, verb):
    words, stdin = good(stage, verb)
    status, out, talk = root.run(*words, "--json", stdin=stdin)
    assert status == DONE, out + talk
    for value in values(verb, out):
        assert isinstance(value, dict)


def test_a_dry_run_on_a_terminal_and_in_a_pipe(root, stage, verb):
    """The same bytes, but for the time of each run, and the id that the next object would get."""
    words, stdin = good(stage, verb)
    stdin_file = stage.write("stdin", stdin)
    argv = root.argv("--json", "--dry-run", *words)
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == DONE, done.stdout + done.stderr
    values(verb, done.stdout)
    with Terminal(["/bin/sh", "-c", f'exec "$@" 2>/dev/null <"{stdin_file}"', "sh", *argv], 30) as terminal:
        status, text = terminal.finish()
    run = re.compile(r'"(id|etag)":"\w+"|\d{4}-\d\d-\d\dT[0-9:.]+Z')
    assert status == DONE
    if not verb.startswith("audit "):  # the audit grows by itself
        assert run.sub("x", text) == run.sub("x", done.stdout)
    else:
        values(verb, text)


def test_a_refusal(root, stage, world, verb):
    """A caller without any rights."""
    words, stdin = good(stage, verb)
    url = "http://%s:%d" % world.api.address
    done = subprocess.run([program("smtp-authctl"), "--json", "--url", url, *words], input=stdin, capture_output=True,
                          text=True, timeout=60, check=False)
    if words[0] == "completion":
        assert done.returncode == DONE
        values(verb, done.stdout)
        return
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert check_problem(verb, done.stdout)["type"] == "unauthorized"


def test_no_authd(stage, verb):
    words, stdin = good(stage, verb)
    done = subprocess.run([program("smtp-authctl"), "--socket", "/nonexistent", *words, "--json"], input=stdin,
                          capture_output=True, text=True, timeout=60, check=False)
    if words[0] == "completion":
        assert done.returncode == DONE
        values(verb, done.stdout)
        return
    assert done.returncode == TEMPORARY, done.stdout + done.stderr
    assert check_problem(verb, done.stdout)["type"] == "unreachable"


def test_a_wrong_command_line(root, stage, verb):
    words, stdin = good(stage, verb)
    wrong = [[*words, "--frob"], [*words, "--label=\xe4" * 2], [*words, *["x"] * 65], [*words, "--timeout", "0"],
             [*words, "--socket", "x", "--url", "y"], [*words, "--url"], [*words, "--token-file", "x"], [*words, "-x"]]
    if not commands()[verb]["arguments"].endswith("..."):
        wrong.append([*words[:2], *["x"] * 9])
    for line in wrong:
        status, out, _ = root.run("--json", *line, stdin=stdin)
        assert status == USAGE, (line, out)
        assert check_problem(verb, out)["type"] == "usage"


def test_a_verb_that_asks(root, stage, verb):
    words, stdin = good(stage, verb)
    if commands()[verb]["asks"]:
        assert words[-1] == "--yes"
        status, out, _ = root.run("--json", *words[:-1], stdin=stdin)
        assert (status, check_problem(verb, out)["type"]) == (USAGE, "usage")
    else:
        assert "--yes" not in words


@pytest.mark.parametrize("line", EMPTY)
def test_an_empty_list(root, stage, line):
    for key in stage.api.good("GET", "/v1/api-keys")["items"] if line == "api-key list" else []:
        stage.api.good("DELETE", f"/v1/api-keys/{key['id']}")
    words = stage.words(line)
    verb = " ".join(words[:2])
    status, out, talk = root.run(*words, "--json")
    assert status == DONE, out + talk
    if commands()[verb]["streams"]:
        assert out == ""
    elif verb == "import csv":
        assert sum(values(verb, out)[0]["counts"].values()) == 0
    else:
        assert values(verb, out) == [{"items": [], "next": None}]


@pytest.mark.parametrize("words", ["help", "--help", "--version", "help user", "help user add", "help json",
                                   "help json user", "help options", "help exit-status", "user add --help"])
def test_help_and_version(root, words):
    status, out, talk = root.run("--json", *words.split())
    assert (status, talk, out.count("\n")) == (DONE, "", 1)
    value = json.loads(out)
    plain, _ = root.do(*words.split())
    if words == "--version":
        assert plain == f"smtp-authctl {value['version']}\n"
    else:
        assert value["text"] == plain


@pytest.mark.parametrize("words", [["help", "frob"], ["frob"], ["usr", "list"], ["user"], ["user", "frob"], [],
                                   ["user", "show", b"\xff"], ["\xe4" * 600], ["user", "show", ""]])
def test_what_is_no_command(root, words):
    done = subprocess.run([*root.argv(), "--json", *words], capture_output=True, timeout=60, check=False)
    assert done.returncode == USAGE
    assert done.stdout.count(b"\n") == 1 and json.loads(done.stdout)["type"] == "usage"


def test_a_report_is_no_problem(root, stage):
    """What was asked for is answered, although the exit status says that something is wrong."""
    report = root.json("import", "csv", stage.write("csv", "login\n@\n"), status=REFUSED)
    assert report["counts"]["refused"] == 1
    report = root.json("password", "strength", stage["user"], "--password-stdin", "--exit-status", stdin="x\n",
                       status=REFUSED)
    assert report["acceptable"] is False


def test_a_format_that_is_no_json(root):
    status, out, _ = root.run("audit", "export", "--format", "csv", "--json")
    assert (status, json.loads(out)["type"]) == (USAGE, "usage")


def test_who_streams_says_so(root, verb):
    """Help and the manual say which verbs stream."""
    manual = read_text(os.path.join(os.path.dirname(__file__), "../../docs/smtp-authctl.md"))
    row, = re.findall(rf"^\| `smtp-authctl {verb}[ `].*$", manual, re.MULTILINE)[:1]
    text, _ = root.do("help", *verb.split())
    streams = commands()[verb]["streams"]
    assert ("With --json this command streams" in text) == streams
    assert bool(re.search("streams", row, re.IGNORECASE)) == streams
    named, = re.findall(r"^\| `--json` \| .*$", manual, re.MULTILINE)
    assert (f"`{verb}`" in named) == streams
