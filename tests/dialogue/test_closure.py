"""The closure of rights: whatever sequence of acts a caller tries, and whatever the site does in between, the caller
never gets beyond the role and the reach that it had at the beginning.

The attacker of a test is one kind of caller: a session, a session that must enrol, or an API key. The attacker knows
the secrets that he has set, got or kept, and no others. He acts with every credential that he has, signs in as
every account whose password and second factor he has, and reads the mail of a recovery address that he has set. The
site (the host) promotes, demotes, moves, suspends, replaces and hands over the attacker's own account and one other
account, the focus of the sequences. Each act goes through authd.manage(), as far as a route of the API allows it for
the role.

What must hold after each act:
* No credential of the attacker, and no sign-in that he could make, has a role or a reach that the attacker's
  own caller did not have at the beginning. What the site gives to an account, it gives to the person to whom it then
  hands a password and a ticket; that is never the attacker, not even for his own account. What the site takes
  away from the attacker's account does not shrink this limit: passwords that he had set stay known to him.
* He gets secrets only of accounts within that limit, with a rank below. An account of the role user that the
  site moves to another domain keeps its password, and whoever knows it: a user reaches nothing but itself, before
  and after.
* A raise of role or reach ends every secret that the attacker has of the account; a demotion ends its API keys; another
  role administers no domains of the former one; a suspended account does not act.
* An act that gives control of an account is accepted only of a credential whose role and reach, at that moment,
  contain the account's, before and after; an act that takes away, only of a higher rank. An answer, also a kept one,
  tells only of objects within the reach of that moment, and of the caller's own account.

CLOSURE_LENGTH sets the length of all sequences; CLOSURE_THOROUGH=1 tries every act also as the last one of a
sequence, not only those whose circumstances are new (closure_search.is_new). Both take hours."""

import os

import pytest
from closure_rules import RULES
from closure_search import EVERYWHERE, Power, Search
from closure_site import A, B, C, Attacker, Database, build_site, make_database
from harness.postgres import Postgres

IN_A = frozenset({A})
ATTACKERS = {one.name: one for one in (
    Attacker("user", Power("user", frozenset()), role="user"),
    Attacker("helpdesk", Power("helpdesk", IN_A), role="helpdesk"),
    Attacker("domain-admin", Power("domain-admin", IN_A), role="domain-admin"),
    Attacker("domain-admin of two", Power("domain-admin", IN_A | {B}), role="domain-admin", domains=[B]),
    Attacker("key of a domain-admin", Power("domain-admin", IN_A), role="domain-admin", key="own"),
    Attacker("key of an admin, narrowed", Power("admin", IN_A), key="admin"),
    Attacker("auditor", Power("auditor", EVERYWHERE), role="auditor"),
    Attacker("session that must enrol", Power("user", frozenset()), role="domain-admin", enrolled=False),
)}
# Attacker, focus, and how long the sequences are.
SEQUENCES = [
    ("user", f"user@{A}", 3), ("auditor", f"user@{A}", 3), ("session that must enrol", f"user@{A}", 3),
    ("helpdesk", f"user@{A}", 3), ("helpdesk", f"span@{A}", 2),
    ("domain-admin", f"user@{A}", 3), ("domain-admin", f"desk@{A}", 2), ("domain-admin", f"span@{A}", 3),
    ("domain-admin", f"left@{A}", 2), ("domain-admin", f"auditor@{A}", 2), ("domain-admin", f"new@{A}", 3),
    ("domain-admin", f"user@{C}", 2), ("domain-admin of two", f"user@{B}", 3), ("domain-admin of two", f"span@{A}", 2),
    ("key of a domain-admin", f"user@{A}", 2), ("key of a domain-admin", f"new@{A}", 2),
    ("key of an admin, narrowed", f"user@{A}", 3), ("key of an admin, narrowed", f"span@{A}", 2),
    ("key of an admin, narrowed", f"auditor@{A}", 2), ("key of an admin, narrowed", f"new@{A}", 2),
]
LENGTH = int(os.environ.get("CLOSURE_LENGTH", "0"))
THOROUGH = bool(os.environ.get("CLOSURE_THOROUGH"))


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as postgres:
        make_database(postgres)
        yield postgres


@pytest.fixture(scope="module")
def site(postgres):
    database = Database(postgres)
    build_site(database)
    database.ask("COMMIT; BEGIN")
    yield database
    database.close()


@pytest.fixture
def database(site):
    """The site, as every attacker finds it."""
    site.begin()
    return site


@pytest.mark.parametrize("attacker, focus, length", SEQUENCES, ids=lambda value: str(value))
def test_nobody_acts_beyond_his_reach(database, attacker, focus, length):
    search = Search(database, ATTACKERS[attacker], focus, THOROUGH).run(LENGTH or length)
    print(f"{attacker}, {focus}: {search.acts} acts in {search.states} states, {search.accepted} accepted")
    assert search.accepted > 20, "most acts were refused: the test does not do what it means to"
    assert not search.violations, search.violations[0]


@pytest.mark.parametrize("name", RULES)
def test_no_rule_can_be_missed(postgres, database, name):
    rule = RULES[name]
    text = rule.take_out(postgres)
    try:
        search = Search(database, ATTACKERS[rule.attacker], rule.focus, only=rule.only).run(rule.length)
    finally:
        postgres.psql(text, "authd")
    assert search.violations, f"nothing of {search.acts} acts goes wrong without the rule"
    assert len(search.violations[0].split("\n    ")) <= rule.length + 2
