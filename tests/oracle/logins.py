"""The logins that the oracle tries, each with the one right verdict."""

import base64
import random
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accounts:
    """The server's users, known to the oracle: (login, password) pairs, all in ASCII and with a domain."""

    good: list
    suspended: list = field(default_factory=list)
    passwordless: list = field(default_factory=list)  # logins


@dataclass(frozen=True)
class Request:
    kind: str
    response: str  # what follows resp=
    login: str  # the user who would be signed in
    allowed: bool

    def line(self, number):
        return f"AUTH\t{number}\tPLAIN\tservice=smtp\tnologin\tresp={self.response}\n".encode("ascii")

    def identity_right(self, user):
        """Whether `user` is the login itself, or the login tagged with the generation of its main password."""
        local, _, domain = self.login.rpartition("@")
        return re.fullmatch(re.escape(local) + r"(#p[0-9]+)?@" + re.escape(domain), user) is not None


def encode(*parts):
    octets = b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return base64.b64encode(octets).decode("ascii")


class Mix:
    """An endless, repeatable mix: half are good logins, half are logins of all kinds that must be refused."""

    def __init__(self, accounts, seed=1):
        self.accounts = accounts
        self.random = random.Random(seed)
        self.makers = [self.wrong, self.wrong, self.unknown, self.malformed]
        if accounts.suspended:
            self.makers.append(self.suspended)
        if accounts.passwordless:
            self.makers.append(self.passwordless)

    def next(self):
        return self.good() if self.random.random() < 0.5 else self.random.choice(self.makers)()

    def good(self):
        login, password = self.random.choice(self.accounts.good)
        return Request("good", encode("", login, password), login, True)

    def wrong(self):
        login, password = self.random.choice(self.accounts.good)
        attempt = self.random.choice([password + "x", password[:-1], password.swapcase(), "x" + password,
                                      password + " ", login, "wrong", "x" * 1000])
        return Request("wrong", encode("", login, attempt), login, False)

    def unknown(self):
        login, password = self.random.choice(self.accounts.good)
        local, _, domain = login.rpartition("@")
        name = self.random.choice([f"no-{local}@{domain}", f"{local}@no-{domain}", f"{local}x@{domain}"])
        return Request("unknown", encode("", name, password), name, False)

    def suspended(self):
        login, password = self.random.choice(self.accounts.suspended)
        return Request("suspended", encode("", login, password), login, False)

    def passwordless(self):
        login = self.random.choice(self.accounts.passwordless)
        return Request("passwordless", encode("", login, self.random.choice(["x", "*", "!"])), login, False)

    def malformed(self):
        login, password = self.random.choice(self.accounts.good)
        local, _, domain = login.rpartition("@")
        response = self.random.choice([
            "not base64!",
            encode("", login, password).rstrip("=") + "=====",
            encode(login, password),
            encode("", login, password, ""),
            encode("", login, password + "\0"),
            encode("", login, ""),
            encode("", "", password),
            encode("somebody-else@" + domain, login, password),
            encode("", f"{local}#p1@{domain}", password),
            encode("", login + "\n", password),
            encode("", b"\xff\xfe" + login.encode(), password),
            encode("", login + "@" + domain, password),
            encode("", f"{local}' OR ''='@{domain}", password),
        ])
        return Request("malformed", response, login, False)


# Lines for which a server must close the connection without an answer.
GARBAGE = [
    Request(kind, line, "", False)
    for kind, line in [
        ("id 0", "AUTH\t0\tPLAIN\tservice=smtp\tresp=\n"),
        ("id too large", "AUTH\t4294967296\tPLAIN\tservice=smtp\tresp=\n"),
        ("id not a number", "AUTH\tone\tPLAIN\tservice=smtp\tresp=\n"),
        ("parameter after resp", "AUTH\t1\tPLAIN\tservice=smtp\tresp=eAB4AHg=\trip=192.0.2.1\n"),
        ("unknown command", "LOGIN\t1\tuser\n"),
        ("empty line", "\n"),
        ("endless line", "AUTH\t1\tPLAIN\tservice=smtp\tresp=" + "A" * 20000),
    ]
]
