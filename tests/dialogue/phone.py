"""Users who have enrolled a phone, and their logins at the mail sockets."""

import time
from dataclasses import dataclass

from client import encode, plain
from conftest import PASSWORD
from harness import totp

HOME, AWAY = "192.0.2.7", "198.51.100.9"
NEEDED = "app-password-or-code-required"


@dataclass
class Phone:
    """A user who has enrolled, and the contents of the user's phone."""

    server: object
    login: str
    seed: bytes
    algorithm: str = "SHA1"
    digits: int = 6

    def code(self, steps=0):
        """The code that is `steps` time steps after the current one, or before it."""
        return totp.code(self.seed, self.algorithm, self.digits, at=time.time() + steps * totp.PERIOD)

    def wrong(self, number=0):
        """A code that belongs to no time step near the current one."""
        near = {self.code(steps) for steps in range(-4, 5)}
        return [f"{n:0{self.digits}}" for n in range(number, number + 20) if f"{n:0{self.digits}}" not in near][0]

    def row(self, column):
        return self.server.sql(f"SELECT totp.{column} FROM authd.totp JOIN authd.account ON account.id = totp.account"
                               f" WHERE login = '{self.login}'")

    def forget(self):
        """Resets the second factor, as if no code had been entered yet."""
        self.server.sql("UPDATE authd.totp SET last_step = 0, failures = 0, refused = '{}', locked_until = NULL"
                        f" WHERE account = (SELECT id FROM authd.account WHERE login = '{self.login}')")


def new_phone(server, password=PASSWORD, role="user", **more):
    login = server.new_user(password=password, role=role)
    seed = totp.enrol_in(server.postgres, server.authd.config["key_dir"], login, **more)
    return Phone(server, login, seed, **more)


def set_policy(server, login, user=None, domain=None):
    def literal(word):
        return "NULL" if word is None else f"'{word}'"
    server.sql(f"UPDATE authd.account SET second_factor = {literal(user)}, version = version + 1 "
               f"WHERE login = '{login}'")
    server.sql(f"UPDATE authd.domain SET second_factor = {literal(domain)} WHERE name = '{login.split('@')[1]}'")


def answer(server, login, secret, mechanism="PLAIN", path=None, **parameters):
    with server.connect(path) as client:
        if mechanism == "PLAIN":
            return client.auth(resp=plain(login, secret), **parameters)
        client.auth(mechanism, resp=encode(login.encode()), **parameters)
        return client.cont(secret.encode())


def event_of(server, login, secret, *how, **parameters):
    """The login's line in the log; the reply must agree with it."""
    since = server.authd.log_size()
    reply = answer(server, login, secret, *how, **parameters)
    event = server.authd.wait_event(since, user=login)
    assert (reply.command == "OK") == (event["outcome"] == "allow"), reply.line
    return event


def outcome(server, login, secret, *how, **parameters):
    return event_of(server, login, secret, *how, **parameters)["reason"]


def by(server, login, secret, *how, **parameters):
    """The reason and the second factor of a login, from the log."""
    event = event_of(server, login, secret, *how, **parameters)
    return event["reason"], event.get("factor")
