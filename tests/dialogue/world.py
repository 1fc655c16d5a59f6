"""Users of each role in two domains, their objects, and the callers: the setting of the API's tests."""

import os

from api import Api, Caller
from conftest import PASSWORD, Server, make_authd
from harness import totp
from harness.postgres import Postgres
from harness.private import free_ports
from harness.sink import Sink

ROLES = ["user", "helpdesk", "domain-admin", "auditor", "admin"]
RANKS = {"user": 0, "helpdesk": 1, "domain-admin": 2, "auditor": 3, "admin": 4}
HOME, FAR, EMPTY = "home.example", "far.example", "empty.example"

# Some members change by themselves a moment later, because logins are recorded, rows are sealed and mail is sent. The
# snapshot therefore leaves out when a session or key was last used, and of the audit has only the rows of changes.
SNAPSHOT = """
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT format('%s %s', relname, (xpath('/row/rows/text()', query_to_xml(format(
        $$SELECT md5(coalesce(string_agg(row, ',' ORDER BY row), '')) AS rows FROM (
            SELECT (to_jsonb(t) - '{last_seen_at,last_used_at,last_used_address}'::text[])::text AS row
              FROM authd.%I AS t) AS rows$$, relname), false, true, '')))[1]::text) AS line
      FROM pg_class WHERE relnamespace = 'authd'::regnamespace AND relkind = 'r'
       AND relname NOT LIKE 'audit_%' AND relname <> 'notice'
     UNION ALL
    SELECT 'changes ' || count(*) FROM authd.audit_event WHERE class = 'change') AS lines
"""


class World:
    def __init__(self, server, api):
        self.server, self.api = server, api
        self.logins = {}
        self.sessions = {}
        self.phones = {}
        self.make_domains()
        self.make_users()
        self.callers = self.make_callers()

    def make_domains(self):
        for name in HOME, FAR, EMPTY:
            self.api.good("POST", "/v1/domains", {"name": name})
        self.api.good("POST", "/v1/classes", {"name": "staff"})
        self.api.good("POST", "/v1/classes", {"name": "idle"})

    def make_users(self):
        for role in ROLES:
            self.new_user(f"{role}@{HOME}", role=role)
        self.new_user(f"second-admin@{HOME}", role="domain-admin")
        self.new_user(f"peer@{HOME}", **{"class": "staff"})
        self.new_user(f"far@{FAR}")
        self.new_user(f"far-admin@{FAR}", role="domain-admin")

    def new_user(self, login, **members):
        made = self.api.good("POST", "/v1/users", {
            "login": login, "recovery_address": "safe@other.example", "password": PASSWORD, **members})
        self.logins[login] = made["id"]
        return made["id"]

    def make_callers(self):
        api = self.api
        callers = [api.nobody, api.host]
        for role in ROLES:
            caller = self.sign_in(f"{role}@{HOME}")
            caller.name, caller.role, caller.rank, caller.rights = role, role, RANKS[role], None
            caller.reach = {"user": [], "helpdesk": [HOME], "domain-admin": [HOME]}.get(role)
            callers.append(caller)
        for right in "read", "write":
            key = api.make_key(rights=[f"*:{right}"], label=right)
            key.name, key.role, key.rank, key.reach, key.login = f"key *:{right}", "admin", 4, None, None
            callers.append(key)
        key = api.make_key(callers[4], rights=["*:write"], label="of a domain's")
        key.name, key.role, key.rank, key.reach = "key of domain-admin", "domain-admin", 2, [HOME]
        key.login = callers[4].login
        callers.append(key)
        return callers

    def code_of(self, login):
        """An unused code; None if this user needs none. Users who administer others must have enrolled."""
        if login not in self.phones:
            role = self.server.sql(f"SELECT role FROM authd.account WHERE login = '{login}'")
            self.phones[login] = None if role == "user" else totp.enrol_in(
                self.server.postgres, self.server.authd.config["key_dir"], login)
        if self.phones[login] is None:
            return None
        self.server.sql("UPDATE authd.totp SET last_step = 0 WHERE account = (SELECT id FROM authd.account"
                        f" WHERE login = '{login}')")
        return totp.code(self.phones[login])

    def sign_in(self, login):
        caller = self.api.sign_in(login, PASSWORD, self.code_of(login))
        self.sessions.setdefault(login, caller.session)
        return caller

    def caller(self, name):
        return next(caller for caller in self.callers if caller.name == name)

    def snapshot(self):
        return self.server.sql(SNAPSHOT)


def make_world():
    """The generator of a fixture."""
    with Postgres() as postgres, Sink() as sink:
        postgres.create_authd_database()
        authd = make_authd(postgres)
        address = ("127.0.0.1", free_ports()[0])
        authd.config["listeners"].append({"protocol": "http", "address": "%s:%d" % address})
        authd.config["public_url"] = "http://%s:%d" % address
        authd.config["mail"] = {"from": f"postmaster@{HOME}", "server": sink.url}
        authd.write_config()
        authd.migrate()
        with authd:
            world = World(Server(authd, postgres), Api(address, authd.http))
            world.sink = sink
            yield world


__all__ = ["EMPTY", "FAR", "HOME", "PASSWORD", "RANKS", "ROLES", "Caller", "World", "make_world", "os"]
