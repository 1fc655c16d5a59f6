"""What test_closure.py holds against each act, and the search through all sequences of acts."""

from closure_site import DOMAINS, acts_from, reads, text_of

RANKS = {"user": 0, "helpdesk": 1, "domain-admin": 2, "auditor": 3, "admin": 4, "host": 5}
EVERYWHERE = None  # the reach of the whole site

# Acts that give control of an account, and acts that take away. Others ask, or are about the caller alone.
GIVES = {"user_add", "user_set", "user_resume", "password_set", "enrol", "totp_enroll", "totp_confirm",
         "totp_ticket_add", "recovery_codes_set", "reset_link_add", "app_password_add", "app_password_rotate",
         "api_key_set", "import_rows", "address_add"}
TAKES = {"user_suspend", "user_revoke_all", "totp_remove"}

ENROLS = {"enrol", "totp_enroll", "totp_confirm", "sign_in"}

# Acts whose success depends on the secrets of the account, and reads of the past, which is not in the state.
OF_SECRETS = {"reset_use", "totp_confirm", "sign_in", "enrol", "api_key_set"}
OF_THE_PAST = {"activity_list", "audit_list", "user_export"}


class Power:
    """A role and the domains that it reaches."""

    def __init__(self, role, reach):
        self.role, self.reach = role, reach
        self.rank = RANKS[role]

    def reaches(self, domain):
        return self.reach is EVERYWHERE or domain in self.reach

    def contains(self, other):
        """Whether the other can do nothing that this one cannot. A user reaches the own account alone; an auditor
        reads everything and changes nothing."""
        if other.role == "user":
            return True
        if self.role == "user" or self.reach is not EVERYWHERE and (
                other.reach is EVERYWHERE or not other.reach <= self.reach):
            return False
        return other.role == "auditor" or self.role != "auditor" and self.rank >= other.rank


class Account:
    """A line of closure.state()."""

    SECRETS = ("password", "totp", "pending", "ticket", "link", "recovery", "codes")

    def __init__(self, line):
        self.line = line
        (self.login, self.role, self.administers, _, *secrets, apps, self.session, self.key, addresses,
         _) = line.split("|")
        self.domain = self.login.partition("@")[2]
        self.facts = line.split("|")[:4]
        reach = {self.domain, *filter(None, self.administers.split(","))}
        self.power = Power(self.role, EVERYWHERE if self.role in ("auditor", "admin")
                           else frozenset(reach if self.role != "user" else ()))
        self.addresses = set(addresses.split(","))
        self.evil = {name for name, quality in zip(self.SECRETS, secrets) if quality == "e"}
        self.evil |= {name for name, held in {"session": self.session != "-", "key": self.key != "-",
                                              "app password": "e" in apps}.items() if held}


class State:
    """A state of the site, with what the attacker could be in it."""

    def __init__(self, text):
        lines = text.split("\n")
        self.kept = [line for line in lines if line[0] == "#"]
        self.accounts = {account.login: account for account in map(
            Account, [line for line in lines if line[0] not in "@#>"])}
        words = [(f"session {one.login}", one.session) for one in self.accounts.values()]
        words += [(f"key {one.login}", one.key) for one in self.accounts.values()]
        words += [(f"a sign-in as {line[1:].partition('|')[0]}", line.partition("|")[2])
                  for line in lines if line[0] == ">"]
        self.powers = {who: power_of(word) for who, word in words if word not in ("-", "enrol")}
        self.callers = [who for who, word in words if word != "-" and not who.startswith("a sign-in")]


def power_of(word):
    """What authd.caller() says of a credential."""
    role, _, domains = word.partition(" ")
    return Power(role, EVERYWHERE if domains == "*" else frozenset(filter(None, domains.split(","))))


class Search:
    """All sequences of one attacker about one account, in the order of their length. Equal states are gone on from
    once; an act that is refused or changes nothing ends its sequence."""

    def __init__(self, database, attacker, focus, thorough=False, only=None):
        self.database, self.attacker, self.focus = database, attacker, focus
        self.thorough, self.only, self.tried = thorough, only, set()
        self.acts = self.states = self.accepted = 0  # tried; gone on from; not refused
        self.violations = []
        self.names = sorted({f"{name}@{domain}" for name in (focus.split("@")[0], attacker.own.split("@")[0], "moved")
                             for domain in DOMAINS})
        self.known = {}  # the text of a state → State

    def state(self, text):
        if text not in self.known:
            self.known[text] = State(text)
        return self.known[text]

    def run(self, length, most=1):
        """Tries everything up to so many acts; stops at `most` violations."""
        self.database.savepoint()
        try:
            self.attacker.prepare(self.database)
            start = self.database.outlook(self.names)
            self.check_state([], self.state(start), self.state(start))
            level, seen = [([], start)], {start}
            for depth in range(1, length + 1):
                level = [step for path, text in level
                         for step in self.expand(path, text, seen, depth == length)
                         if len(self.violations) < most]
        finally:
            self.database.rollback()
        return self

    def expand(self, path, text, seen, last):
        state = self.state(text)
        acts = acts_from(state.callers, self.focus, self.attacker.own)
        acts += [one for by in state.callers for one in reads(by) if one]
        acts = [act for act in acts if act["do"] in (self.only or act["do"])]
        if last and not self.thorough:
            acts = [act for act in acts if self.is_new(act, state, text)]
        if path:
            self.database.savepoint()
            for act in path:
                self.database.perform(act)
        results = self.database.try_acts(acts, self.names)
        if path:
            self.database.rollback()
        self.acts += len(acts)
        self.states += 1
        found = []
        for act, (refused, told, after) in zip(acts, results):
            if refused or act["do"] == "import_rows" and after == text:  # a refused row is no error
                continue
            self.accepted += 1
            self.check_act([*path, act], told, state, self.state(after))
            if after not in seen and "leaf" not in act:
                seen.add(after)
                found.append(([*path, act], after))
        return found

    def is_new(self, act, state, text):
        """Whether an act is tried as the last one of a sequence: what its rules look at is not as it was in another
        sequence. A thorough search tries every act."""
        kind, name = act["do"], act["with"].get("user") or act["with"].get("login")
        caller = state.accounts.get(act["by"].partition(" ")[2])
        target = state.accounts.get(name)
        key = (text_of(act), repr(act.get("key") and state.kept), tuple(state.accounts),
               caller and tuple(caller.facts + [caller.session, caller.key]), target and tuple(target.facts))
        if kind in OF_THE_PAST:
            keys = {(key, text)}
        elif kind in OF_SECRETS and target:
            keys = {(key, target.line)}
        elif act["by"] == "host" and target:
            keys = {(key, *pair) for pair in enumerate(target.line.split("|")[4:14])}
        else:
            keys = {key}
        new = not keys <= self.tried
        self.tried |= keys
        return new

    # ---- what must hold -----------------------------------------------------------------------------

    def fail(self, path, text):
        self.violations.append(f"{text}\n    as {self.attacker.name}: " + "\n    then ".join(map(text_of, path)))

    def check_act(self, path, told, before, after):
        act = path[-1]
        given, kind = act["with"], act["do"]
        name = given.get("user") or given.get("login")
        moved = given.get("changes", {}).get("login")
        renamed = {moved: name} if moved else {}
        if kind == "replace":
            renamed = {name: None}
        if act["by"].startswith(("session", "key")) and kind != "sign_in":
            self.check_told(path, told, before)
            if before is not after or "key" not in act:  # a kept answer is given again
                self.check_right(path, before, after.accounts.get(moved or name))
        self.check_state(path, before, after, renamed)

    def power_in(self, before, by):
        """What the role of the credential's account reaches in a state."""
        means, me = by.split(" ")
        power = before.accounts[me].power
        if means == "key" and self.attacker.narrowed:
            return Power(power.role, frozenset(self.attacker.narrowed if power.reach is EVERYWHERE
                                               else power.reach & self.attacker.narrowed))
        return power

    def check_told(self, path, told, before):
        by = path[-1]["by"]
        power, me = self.power_in(before, by), before.accounts[by.split(" ")[1]]
        if me.session == "enrol" and by.startswith("session") and path[-1]["do"] not in ENROLS:
            self.fail(path, f"{by} is good for enrolling only")
        for domain, account in told:
            if not power.reaches(domain):
                self.fail(path, f"{by} reads of {domain}, user {account}")

    def check_right(self, path, before, target):
        """The attacker's credential, and the account before and after."""
        act = path[-1]
        kind, me, power = act["do"], act["by"].split(" ")[1], self.power_in(before, act["by"])
        was = before.accounts.get(act["with"].get("user"))
        if kind not in GIVES | TAKES or was is None and target is None:
            return
        if act["with"].get("user") == me:
            if target and not power.contains(target.power):
                self.fail(path, f"{act['by']} gives control of its own account, which reaches further")
            return
        if power.role not in act["roles"]:
            self.fail(path, f"{act['by']} does to another user what is for {act['roles']}")
        for one in filter(None, (was, target)):
            if power.role in ("user", "auditor") or one.power.rank >= power.rank or not power.reaches(one.domain):
                self.fail(path, f"{act['by']} acts on {one.login}, whose rank or domain is beyond it")
            elif kind in GIVES and not power.contains(one.power):
                self.fail(path, f"{act['by']} gives control of {one.login}, who reaches further")
        for address in (target.addresses if target else set()) - (was.addresses if was else set()):
            if not power.reaches(address.partition("@")[2]):
                self.fail(path, f"{act['by']} gives the address {address}")

    def check_state(self, path, before, after, renamed=None):
        limit = self.attacker.power
        for who, power in after.powers.items():
            if not limit.contains(power):
                self.fail(path, f"{who} has the role {power.role} for {power.reach or 'the whole site'}")
        for login, account in after.accounts.items():
            old = before.accounts.get((renamed or {}).get(login, login))
            if account.evil and login != self.attacker.own and not (old and old.evil) and not (
                    limit.contains(account.power) and limit.rank > account.power.rank
                    and limit.reaches(account.domain)):
                self.fail(path, f"the attacker gets {account.evil} of {login}")
            if old and account.evil and not old.power.contains(account.power):
                self.fail(path, f"{login} is raised, and {account.evil} stays")
            given = path[-1]["with"].get("changes", {}) if path else {}
            if old and old.role != account.role and account.administers and "domains" not in given:
                self.fail(path, f"{login} has another role, and still administers {account.administers}")
            if account.facts[3].startswith("s") and {account.session, account.key} != {"-"}:
                self.fail(path, f"{login} is suspended, and acts")
            if old and old.role != account.role and old.power.rank > account.power.rank and account.key != "-":
                self.fail(path, f"{login} is demoted, and an API key stays")
