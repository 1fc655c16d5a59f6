"""A small site for test_closure.py, on a PostgreSQL of its own: its accounts, and what may be done on it. The acts
run inside the database, by closure.psql."""

import itertools
import json
import os
import re
import subprocess
import sys

from harness.postgres import Postgres, program
from harness.private import read_text

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT)

from schema.embed import Schema  # noqa: E402

A, B, C = DOMAINS = "a.example", "b.example", "c.example"
EVE = f"eve@{A}"
END = "--end--"


class Database:
    """One psql as authd_service, always in a transaction; only the site itself is committed."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.process = subprocess.Popen(
            [program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", postgres.url("authd", "authd_service")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.ask("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET jit = off; "
                 "SET plan_cache_mode = force_generic_plan; BEGIN")

    def ask(self, sql):
        """The lines that a statement answers."""
        self.process.stdin.write(f"{sql};\n\\echo {END}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == f"{END}\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise AssertionError("psql has ended: " + "\n".join(lines))

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def begin(self):
        """Begins anew. What undone acts have left in the tables is removed: it makes each further act slower."""
        self.ask("ROLLBACK")
        self.postgres.psql("VACUUM", "authd")
        self.ask("BEGIN")

    def savepoint(self):
        self.ask("SAVEPOINT here")

    def rollback(self):
        self.ask("ROLLBACK TO here; RELEASE here")

    def try_acts(self, acts, names):
        """[SQLSTATE or None, what the answer tells of, the state] of each act; all is as before."""
        return [json.loads(line) for line in self.ask(f"SELECT closure.try({literal(acts)}, {array(names)})")]

    def perform(self, act):
        self.ask(f"SELECT closure.perform({literal(act)})")

    def outlook(self, names):
        return "\n".join(self.ask(f"SELECT closure.outlook({array(names)})"))


def literal(value):
    return "$json$" + json.dumps(value) + "$json$::jsonb"


def array(names):
    return "ARRAY[" + ", ".join(f"'{name}'" for name in names) + "]"


def make_database(postgres):
    postgres.create_authd_database()
    postgres.psql(Schema().sql(), "authd", "authd_owner")
    postgres.psql(read_text(os.path.join(HERE, "closure.psql")), "authd")


# ---- the routes -------------------------------------------------------------------------------------

LETTERS = {"S": "user", "H": "helpdesk", "D": "domain-admin", "A": "auditor", "X": "admin"}


def read_routes():
    """Operation of authd.manage() → (roles, whether API keys may), as authd/http/route_table.c says. An operation
    of several routes has the roles of all."""
    text = read_text(os.path.join(ROOT, "authd/http/route_table.c"))
    routes = {}
    for row in re.split(r"^    \{(?=OPEN|RUN|MANAGE)", text, flags=re.M)[1:]:
        statement = (re.match(r'(?:RUN|MANAGE)\([^"]*"[^"]*", "\w+", (\w+)\)', row)
                     or re.match(r'(?:RUN|MANAGE)\(.*?, (\w+)\)[,}]', row, re.S)
                     or re.search(r"\.statement = STATEMENT_(\w+)", row))
        if not statement:
            continue
        roles = re.search(r"\.roles = ([SHDAX| ]+)", row)
        roles = [LETTERS[letter] for letter in (roles[1].replace(" ", "").split("|") if roles else [])]
        old, keys = routes.get(statement[1].lower(), ([], True))
        routes[statement[1].lower()] = (sorted({*old, *roles}), keys and "ROUTE_NO_KEYS" not in row)
    return routes


ROUTES = read_routes()


def act(by, do, **given):
    """One act. `by`: host, nobody, "session LOGIN" or "key LOGIN"."""
    roles, keys = ROUTES.get(do, (["user", "domain-admin", "admin"], False))
    made = {"by": by, "do": do, "with": given, "roles": roles}
    if by.startswith("key") and not keys:
        return None
    if do == "reset_use":
        made["roles"] = None
    return made


def leaf(made):
    """The act, as one that ends its sequence."""
    return made and {**made, "leaf": True}


def text_of(made):
    given = {key: value for key, value in made["with"].items() if value is not None or key == "role"}
    return f"{made['by']}: {made['do']} {json.dumps(given)}"


# ---- the accounts ----------------------------------------------------------------------------------

def build_site(database):
    """Everything that every attacker finds."""
    for login, more in {
        f"user@{A}": {}, f"desk@{A}": {"role": "helpdesk"}, f"span@{A}": {"role": "helpdesk"},
        f"left@{A}": {"role": "helpdesk"}, f"auditor@{A}": {"role": "auditor"}, f"svc@{A}": {"service": True},
        f"user@{B}": {}, f"desk@{B}": {"role": "helpdesk"}, f"admin@{B}": {"role": "admin"}, f"user@{C}": {},
    }.items():
        person = not more.get("service")
        if login == f"user@{A}":  # an imported password, which another import may replace
            database.perform(act("host", "import_rows", user=login, quality="good", row={}))
        else:
            database.perform(act("host", "user_add", login=login, recovery_address="good@x.example", **more,
                                 **({"quality": "good"} if person else {})))
        database.perform(act("host", "app_password_add", user=login, quality="good"))
        if person:
            database.perform(act("host", "enrol", user=login, quality="good"))
    site_sets(database, f"span@{A}", domains=[C])
    site_sets(database, f"left@{A}", domains=[C])
    site_sets(database, f"left@{A}", role="user")
    database.perform(act("host", "settle", user=f"span@{A}"))
    database.perform(act("host", "app_password_add", user=f"span@{A}", quality="good"))
    database.perform(act("host", "user_suspend", user=f"left@{A}"))


def site_sets(database, login, **changes):
    database.perform(act("host", "user_set", user=login, changes=changes))


class Attacker:
    """A kind of caller. power: what the caller may do at the beginning; make: of the caller's account."""

    def __init__(self, name, power, **make):
        self.name, self.power, self.make = name, power, make
        self.own = f"admin@{B}" if make.get("key") == "admin" else EVE
        self.narrowed = frozenset({A}) if make.get("key") == "admin" else None

    def prepare(self, database):
        """Makes the attacker's account, signed in, or the key that the attacker has."""
        role, domains = self.make.get("role"), self.make.get("domains")
        if self.make.get("key") == "admin":
            database.ask(f"SELECT closure.give_key('admin@{B}', ARRAY['{A}'])")
            return
        database.perform(act("host", "user_add", login=EVE, role=role, quality="evil"))
        if domains:
            site_sets(database, EVE, domains=domains)
            database.perform(act("host", "password_set", user=EVE, quality="evil"))
        if self.make.get("enrolled", True) and role != "user":
            database.perform(act("host", "enrol", user=EVE, quality="evil"))
        if self.make.get("key"):
            database.ask(f"SELECT closure.give_key('{EVE}', NULL)")
            database.perform(act("host", "password_set", user=EVE, quality="good", keep_credentials=True))
        else:
            database.perform(act("session " + EVE, "sign_in", user=EVE))


# ---- the acts --------------------------------------------------------------------------------------

def acts_on(by, focus):
    """What a caller may try with an account that is not the caller's own."""
    domain = focus.split("@")[1]
    login = {"user": focus}
    for role in "user", "helpdesk", "domain-admin", "auditor", "admin":
        yield act(by, "user_set", **login, changes={"role": role})
    elsewhere = f"moved@{B if domain == A else A}"
    for changes in {"domains": [C]}, {"login": elsewhere}, {"recovery_address": "evil@x.example"}:
        yield act(by, "user_set", **login, changes=changes)
    for operation in ("password_set", "enrol", "totp_ticket_add", "recovery_codes_set", "reset_link_add",
                      "app_password_add", "app_password_rotate", "user_resume", "user_suspend", "totp_enroll",
                      "totp_confirm", "totp_remove", "user_revoke_all"):
        yield act(by, operation, **login)
    yield leaf(act(by, "address_add", **login, address=f"x@{domain}"))
    yield leaf(act(by, "address_add", **login, address=f"x@{C}"))
    yield act(by, "import_rows", **login, row={"recovery_address": "evil@x.example"})
    yield act(by, "api_key_set", **login, changes={"domains": None})


def acts_with_new(by, focus):
    for role in "user", "helpdesk", "domain-admin", "auditor", "admin":
        yield act(by, "user_add", login=focus, role=role, quality="evil")


def acts_on_self(by):
    me = by.split(" ")[1]
    for operation in "enrol", "app_password_add", "totp_enroll":
        yield act(by, operation, user=me)
    yield act(by, "user_set", user=me, changes={"recovery_address": "evil@x.example"})
    yield act(by, "api_key_add", user=me, rights=["*:write"])
    yield act(by, "password_set", user=me)


def acts_of_site(login, focus):
    """What the host may do in between."""
    name, domain = login.split("@")
    host = "host"
    for role in "user", "helpdesk", "domain-admin", "auditor", "admin":
        yield act(host, "user_set", user=login, changes={"role": role})
    for domains in [], [B], [C]:
        yield act(host, "user_set", user=login, changes={"domains": domains})
    yield act(host, "user_set", user=login, changes={"role": "helpdesk", "domains": [C]})
    yield act(host, "user_set", user=login, changes={"login": f"{name}@{B if domain == A else A}"})
    yield act(host, "user_suspend", user=login)
    if login == focus:
        yield act(host, "user_resume", user=login)
        yield act(host, "settle", user=login)
        yield act(host, "replace", login=login, role="domain-admin")
        yield act(host, "reset_link_add", user=login)


def reads(by):
    """What a caller may ask; a read is the last act of a sequence."""
    me = by.split(" ")[1]
    yield act(by, "user_list")
    yield act(by, "audit_list")
    yield act(by, "domain_list")
    yield act(by, "api_key_list")
    for operation in "activity_list", "user_export":
        yield act(by, operation, user=me)


def kept(by, focus):
    """A change whose answer is kept, and given again to who repeats the request."""
    made = act(by, "user_set", user=focus, changes={"display_name": "X"})
    return {**made, "key": {"key": "again", "digest": "same"}}


def acts_from(callers, focus, own):
    """Every act that is tried in a state. callers: the evil credentials; own: the attacker's login, or None."""
    made = []
    for by in callers:
        me = by.split(" ")[1]
        if me != focus:
            made += [*acts_on(by, focus), *acts_with_new(by, focus), kept(by, focus)]
        made += acts_on_self(by)
    made.append(act("nobody", "reset_use", user=focus))
    made += [act(f"session {login}", "sign_in", user=login) for login in {focus, own} - {None}]
    made += itertools.chain.from_iterable(acts_of_site(login, focus) for login in (focus, own) if login)
    return [one for one in made if one]
