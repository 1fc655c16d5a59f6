"""Every noun of authctl against a real authd: the effects and the messages of its verbs."""

import itertools
import json
import os
import re

import pytest
from api import Api
from authctl import DONE, REFUSED, USAGE, Person
from terminal import Terminal

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def root(server):
    return Person(server)


@pytest.fixture
def login(server):
    return server.new_user()


@pytest.fixture
def domain(root):
    name = f"d{os.getpid()}x{next(numbers)}.example"
    root.do("domain", "add", name)
    return name


@pytest.fixture
def write(tmp_path):
    """A function that writes a file of JSON and returns its path."""
    def make(document):
        path = tmp_path / f"{next(numbers)}.json"
        path.write_text(json.dumps(document), encoding="ascii")
        return str(path)
    return make


# user


def test_user_add_with_everything(root):
    name = f"all{os.getpid()}@example.org"
    root.do("class", "add", f"c{os.getpid()}")
    user = root.json("user", "add", name, "--display-name", "Al \"the\" All", "--recovery-address", "al@example.net",
                     "--role", "helpdesk", "--class", f"c{os.getpid()}", "--address", name, "--address", f"x-{name}",
                     "--password-stdin", stdin="correct horse battery staple\n")
    assert (user["login"], user["display_name"], user["recovery_address"], user["role"], user["class"]) == (
        name, "Al \"the\" All", "al@example.net", "helpdesk", f"c{os.getpid()}")
    assert user["addresses"] == sorted([name, f"x-{name}"])
    assert user["has_password"] and user["kind"] == "user"


def test_user_list_filters_and_sorts(root, domain):
    root.do("user", "add", f"b@{domain}", "--password-stdin", stdin="correct horse battery staple\n")
    root.do("user", "add", f"a@{domain}", "--role", "helpdesk")
    root.do("user", "add", f"c@{domain}", "--service")
    root.do("user", "suspend", f"c@{domain}")

    def listed(*options):
        items = root.json("user", "list", "--domain", domain, *options)["items"]
        return [item["login"].partition("@")[0] for item in items]

    assert listed() == ["a", "b", "c"]
    assert listed("--sort=-login") == ["c", "b", "a"]
    assert listed("--sort", "created_at") == ["b", "a", "c"]
    assert listed("--without-password") == ["a", "c"]
    assert listed("--service") == listed("--suspended") == ["c"]
    assert listed("--role", "helpdesk") == ["a"]
    root.server.sql("UPDATE authd.account SET created_at = created_at - interval '100 days', "
                    "last_login_at = authd.now() "
                    f"- CASE WHEN login = 'b@{domain}' THEN interval '91 days' ELSE interval '89 days' END "
                    f"WHERE login LIKE '%@{domain}'")
    assert listed("--unused", "90d") == ["b"]
    assert listed("--limit", "2") == ["a", "b"]
    assert listed("--match", f"b@{domain}") == ["b"]
    assert root.run("user", "list", "--limit", "none")[0] == USAGE
    assert "sort" in root.refused("user", "list", "--sort", "age")


def test_a_list_has_all_pages(root, domain):
    """The list has more than one page of 200; each user is listed once and in order."""
    root.server.sql(
        "INSERT INTO authd.account (login, domain) SELECT format('u%s@' || name, to_char(n, 'FM0000')), id "
        f"FROM authd.domain, generate_series(1, 450) AS n WHERE name = '{domain}'")
    names = [item["login"] for item in root.json("user", "list", "--domain", domain)["items"]]
    assert names == [f"u{n:04}@{domain}" for n in range(1, 451)]
    out, _ = root.do("user", "list", "--domain", domain, "--limit", "205")
    assert len(out.splitlines()) == 205


def test_user_rename(root, login):
    out, _ = root.do("user", "rename", login, f"new-{login}")
    assert out == f"new-{login}\tis the new login of {login}\n"
    assert "there is no user" in root.refused("user", "show", login)
    with root.server.connect() as client:
        assert client.login(f"new-{login}", "correct horse battery staple").command == "OK"


def test_user_set_class_and_domains(root, login, domain):
    root.do("class", "add", f"s{os.getpid()}")
    user = root.json("user", "set", login, "role=helpdesk", f"domains={domain}", f"class=s{os.getpid()}")
    assert (user["role"], user["domains"], user["class"]) == ("helpdesk", [domain], f"s{os.getpid()}")
    user = root.json("user", "set", login, "role=", "domains=", "class=")
    assert (user["role"], user["domains"], user["class"]) == ("user", [], None)


def test_a_raise_says_what_comes_next(root, login):
    root.do("app-password", "add", login, "--label", "one")
    _, talk = root.do("user", "set", login, "role=helpdesk")
    assert "ended: 1 app password\n" in talk
    assert f"takes effect after a new password and a second factor: smtp-authctl password set {login}; " in talk
    _, talk = root.do("user", "set", login, "role=user")
    assert "takes effect" not in talk


def test_revoke_all_says_what_it_ends(root, login):
    root.do("app-password", "add", login, "--label", "one")
    root.do("app-password", "add", login, "--label", "two")
    with Terminal(root.argv("user", "revoke-all", login), 200) as terminal:
        terminal.expect("[y/N] ")
        assert f"user revoke-all {login}: the main password, 2 app passwords. " in terminal.text
        terminal.type("y\n")
        status, text = terminal.finish()
    assert status == DONE
    assert f"{login}  all credentials revoked\n" in text
    assert "ended: 2 app passwords\n" in text
    assert root.json("app-password", "list", login)["items"] == []
    assert root.json("user", "show", login)["has_password"] is False


# password


def test_password_set_says_what_it_ends(root, login):
    root.do("app-password", "add", login, "--label", "one")
    good = "nine purple submarines argue quietly\n"
    assert root.do("password", "set", login, "--password-stdin", "--keep-credentials", stdin=good) == (
        f"{login}\tpassword set\n", "")
    _, talk = root.do("password", "set", login, "--password-stdin", stdin=good.replace("nine", "five"))
    assert "ended: 1 app password\n" in talk
    assert root.json("app-password", "list", login)["items"] == []


# app-password


def test_an_app_password_is_shown_once_and_logs_in(root, login):
    out, talk = root.do("app-password", "add", login, "--label", "Scanner, 2nd floor", "--expires", "90d")
    secret, = out.splitlines()
    assert re.fullmatch(r"apw[a-z2-7]{30}", secret.replace(" ", "").replace("-", ""))
    assert "Displayed once." in talk and f"user {login}" in talk and "expires in 90 days" in talk
    undo, = re.findall("^undo: smtp-authctl (app-password revoke .*)$", talk, re.MULTILINE)
    with root.server.connect() as client:
        assert client.login(login, secret).command == "OK"
    assert secret not in root.do("app-password", "list", login)[0]
    assert secret not in json.dumps(root.json("app-password", "list", login))
    assert root.do(*undo.split(), "--yes")[0].endswith("\trevoked\n")
    with root.server.connect() as client:
        assert client.login(login, secret).command == "FAIL"


def test_what_a_mail_program_needs_is_told(instance):
    """The server and port come from the configuration, not from the machine's name."""
    instance.authd.config["submission"] = {"host": "mail.example.org", "port": 465}
    instance.authd.write_config()
    instance.authd.start()
    login = instance.new_user()
    _, talk = Person(instance).do("app-password", "add", login, "--label", "x")
    assert f"  server mail.example.org  port 465  TLS  user {login}\n" in talk


def test_an_app_password_on_a_terminal(root, login):
    with Terminal(root.argv("app-password", "add", login, "--label", "x"), 100) as terminal:
        status, text = terminal.finish()
    assert status == DONE
    lines = text.splitlines()
    assert re.fullmatch(r"app password k\d+  x  expires .*", lines[0])
    assert re.fullmatch(r"  apw[a-z2-7 -]+", lines[2])
    assert lines[1] == lines[3] == ""


def test_revoking_names_the_label(root, login):
    made = root.json("app-password", "add", login, "--label", "Scanner")
    root.do("app-password", "rotate", login, made["id"])
    with Terminal(root.argv("app-password", "revoke", login, made["id"]), 200) as terminal:
        terminal.expect("[y/N] ")
        assert f"app-password revoke k{made['id']} (Scanner). It cannot be undone." in terminal.text
        terminal.type("\n")
        assert terminal.finish()[0] == REFUSED
    assert root.json("app-password", "show", login, made["id"])["label"] == "Scanner"


def test_app_passwords_are_listed(root, login, write):
    scope = write({"v": 1, "networks": {"allow": ["192.0.2.0/24"]}, "tls": {"required": True}})
    made = root.json("app-password", "add", login, "--label", "soon", "--expires", "6d", "--scope", scope)
    root.json("app-password", "add", login, "--label", "never", "--expires", "never")
    with Terminal(root.argv("app-password", "list", login), 160) as terminal:
        status, text = terminal.finish()
    heading, soon, never, count, warning = text.splitlines()
    assert status == DONE
    assert re.split("  +", heading) == ["ID", "LABEL", "RULES", "LAST USED", "FROM", "EXPIRES"]
    assert re.split("  +", soon) == [f"k{made['id']}", "soon", "net 192.0.2.0/24, TLS", "-", "-", "in 6 days !"]
    assert re.split("  +", never)[1:] == ["never", "-", "-", "-", "never"]
    assert count == "2 app passwords"
    assert warning == f"1 expires within 14 days: smtp-authctl app-password rotate {login} k{made['id']}"


def test_app_password_set_and_rotate(root, login, write):
    made = root.json("app-password", "add", login, "--label", "x", "--scope", write({"v": 1}))
    key = f"k{made['id']}"
    changed = root.json("app-password", "set", login, key, "--label", "y", "--expires", "2091-01-31T00:00:00Z",
                        "--scope", "none")
    assert (changed["label"], changed["expires_at"], changed["scope"]) == ("y", "2091-01-31T00:00:00Z", None)
    assert root.json("app-password", "show", login, made["id"])["label"] == "y"
    out, talk = root.do("app-password", "rotate", login, key, "--overlap", "1h")
    secret = out.strip()
    assert "The old secret works until " in talk and "undo" not in talk
    for good in (secret, made["secret"]):
        with root.server.connect() as client:
            assert client.login(login, good).command == "OK"
    out, talk = root.do("app-password", "rotate", login, key)
    last = out.strip()
    assert talk.endswith("The old secret works no more.\n")
    for given, command in ((last, "OK"), (secret, "FAIL"), (made["secret"], "FAIL")):
        with root.server.connect() as client:
            assert client.login(login, given).command == command


# scope


def test_a_scope_goes_round(root, login, domain, write, tmp_path):
    document = {"v": 1, "networks": {"allow": ["192.0.2.0/24"]}}
    root.do("class", "add", f"r{os.getpid()}")
    for level in (login, f"domain:{domain}", f"class:r{os.getpid()}", "site"):
        out, _ = root.do("scope", "set", level, write(document))
        assert out == f"{level}\tin force\n"
        assert root.do("scope", "set", level, write(document))[0].endswith("\tunchanged\n")
        out, _ = root.do("scope", "get", level)
        assert json.loads(out)["networks"] == document["networks"]
        again = tmp_path / "again.json"
        again.write_text(out, encoding="ascii")
        assert root.do("scope", "set", level, str(again))[0].endswith("\tunchanged\n")
        assert root.do("scope", "clear", level, "--yes")[0].endswith("\tno restrictions of its own\n")
        out, talk = root.do("scope", "get", level)
        assert out == "" and talk.endswith(" has no document of its own\n")


def test_a_scope_is_checked_and_not_set(root, login, write):
    out, talk = root.do("scope", "check", write({"v": 1, "tls": {"required": True}}), login)
    assert json.loads(out)["tls"] == {"required": True}
    assert talk.endswith(" is a good scope document\nNothing was changed.\n")
    assert root.json("scope", "get", login)["document"] is None
    flaw = root.refused("scope", "check", write({"v": 1, "network": {"allow": []}}))
    assert "network" in flaw


# session


def test_sessions(root, login):
    assert root.json("session", "list", login) == {"items": [], "next": None}
    assert root.refused("session", "revoke", login, "1")


# domain, class


def test_domains(root, domain):
    found = root.json("domain", "set", domain, "recipient_delimiter=+", "description=Test")
    assert (found["recipient_delimiter"], found["description"]) == ("+", "Test")
    assert root.do("domain", "list")[0].count(f"{domain}\t") == 1
    assert root.json("domain", "show", domain.upper())["name"] == domain
    root.do("user", "add", f"a@{domain}")
    assert domain in root.refused("domain", "delete", domain, "--yes")
    root.do("user", "delete", f"a@{domain}", "--yes")
    assert root.do("domain", "delete", domain, "--yes")[0] == f"{domain}\tdeleted\n"


def test_revoking_a_domain_wants_its_name(root, domain):
    root.do("user", "add", f"a@{domain}", "--password-stdin", stdin="correct horse battery staple\n")
    for typed, wanted in (("yes", REFUSED), (domain, DONE)):
        with Terminal(root.argv("domain", "revoke-all", domain), 200) as terminal:
            terminal.expect("Type its name to go on: ")
            assert f"domain revoke-all {domain}: every main password, 1 user" in terminal.text
            terminal.type(f"{typed}\n")
            assert terminal.finish()[0] == wanted
        assert root.json("user", "show", f"a@{domain}")["has_password"] is (wanted == REFUSED)
    assert root.run("domain", "revoke-all", domain)[0] == USAGE


def test_classes(root, login):
    name = f"k{os.getpid()}"
    root.do("class", "add", name, "--description", "Printers")
    assert root.do("class", "list")[0].count(f"{name}\t") == 1
    assert root.json("class", "set", name, "description=")["description"] is None
    root.do("user", "set", login, f"class={name}")
    assert name in root.refused("class", "delete", name, "--yes")
    root.do("user", "set", login, "class=")
    assert root.do("class", "delete", name, "--yes")[0] == f"{name}\tdeleted\n"
    assert name in root.refused("class", "show", name)


# api-key


def test_api_keys(root, domain):
    out, talk = root.do("api-key", "add", "--label", "backup", "--domain", domain)
    secret, = out.splitlines()
    assert re.fullmatch(r"apk[a-z2-7]{30}", secret.replace(" ", "").replace("-", ""))
    assert "expires in 90 days" in talk
    number, = re.findall(r"^undo: smtp-authctl api-key revoke (\d+)$", talk, re.MULTILINE)
    key = root.json("api-key", "show", number)
    assert (key["label"], key["rights"], key["domains"]) == ("backup", ["*:read"], [domain])
    key = root.json("api-key", "set", number, "--right", "users:write", "--label", "robot")
    assert (key["label"], key["rights"]) == ("robot", ["users:write"])
    assert root.do("api-key", "list")[0].count(f"{number}\trobot\t") == 1
    assert root.do("api-key", "revoke", number, "--yes")[0] == f"{number}\trevoked\n"
    assert root.refused("api-key", "show", number)


# JSON members in the help


@pytest.fixture(scope="module")
def schemas(server):
    return Api(None, server.authd.http).document["components"]["schemas"]


def named_in_help(root, *noun):
    """The members that help names."""
    text, _ = root.do("help", "json", *noun)
    return set(re.findall(r"^  (\w+) {2,}", text, re.MULTILINE))


@pytest.mark.parametrize("noun", ["user", "password", "domain", "class", "app-password", "api-key", "scope", "totp",
                                  "key", "audit"])
def test_help_names_the_members(root, schemas, login, domain, noun):
    """No more and no less than the API describes, and all that a real object has."""
    name = f"h{os.getpid()}x{next(numbers)}"
    make = {
        "user": ("user", "show", login),
        "password": ("password", "clear", login, "--yes"),
        "domain": ("domain", "show", domain),
        "class": ("class", "add", name),
        "app-password": ("app-password", "add", login, "--label", name),
        "api-key": ("api-key", "add", "--label", name),
        "scope": ("scope", "get", login),
        "totp": ("totp", "show", login),
        "key": ("key", "list"),
        "audit": ("audit", "search", "--limit", "1"),
    }
    schema = schemas[{"password": "user", "audit": "audit-event"}.get(noun, noun)]
    answer = root.json(*make[noun])
    members = set(answer["items"][0] if "items" in answer else answer)
    known = named_in_help(root, noun)
    assert known == set(schema["properties"])
    assert set(schema["required"]) <= members <= known


def test_help_names_the_members_of_sessions(root, schemas):
    assert named_in_help(root, "session") == set(schemas["session"]["properties"])


def test_help_names_the_members_of_a_problem(root, schemas):
    """What --json prints of a refusal."""
    known = named_in_help(root)
    assert known == set(schemas["problem"]["properties"])
    assert set(schemas["problem"]["required"]) <= set(root.json("user", "show", "nobody", status=REFUSED)) <= known


def test_help_says_what_the_api_says(root, schemas):
    """One sentence for each member, in help and in the description of the API."""
    text = " ".join(root.do("help", "json", "user")[0].split())
    for name, member in schemas["user"]["properties"].items():
        assert member["description"] in text, name
