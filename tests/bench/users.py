"""The users of both servers, made in SQL, because 100,000 calls of the API would take an hour."""

import ctypes
import ctypes.util

from harness import stored
from harness.private import HarnessError

# Patterns of login and password; the load generator replaces {} by the user's number.
PATTERNS = {
    "sha256": ("cheap{}@bench.example", "cheap password {}"),
    "argon2id": ("dear{}@bench.example", "one password for all"),
}

# The users with hashes that both servers can read: cheap0, cheap1, ... each have their own hash; dear0, dear1, ...
# share one. There are so many users that a login is seldom repeated, so a server gains little by a cache.
MADE = """
SELECT 'cheap' || i || '@bench.example' AS login,
       '{{SHA256}}' || encode(sha256(convert_to('cheap password ' || i, 'UTF8')), 'base64') AS password
  FROM generate_series(0, {cheap} - 1) i
UNION ALL
SELECT 'dear' || i || '@bench.example', '{argon2id}' FROM generate_series(0, {dear} - 1) i
"""

# Dovecot gets the table that is fastest for it: one index, and no columns that it does not need.
DOVECOT_TABLE = "bench.users"
DOVECOT_SQL = """
CREATE SCHEMA bench;
CREATE TABLE bench.users (login text PRIMARY KEY, password text NOT NULL, suspended boolean NOT NULL);
INSERT INTO bench.users
SELECT login, CASE WHEN starts_with(password, '$') THEN '{{ARGON2ID}}' ELSE '' END || password, false
  FROM ({made}) made;
VACUUM ANALYZE bench.users;
"""

AUTHD_SQL = """
INSERT INTO authd.domain (name) VALUES ('bench.example');
INSERT INTO authd.account (login, domain)
SELECT login, (SELECT id FROM authd.domain WHERE name = 'bench.example') FROM ({made}) made;
SELECT id, made.password FROM authd.account JOIN ({made}) made USING (login);
"""


def argon2id_hash(password, memory, passes):
    """The hash in libsodium's text form, which both servers read; Python's standard library has no argon2."""
    name = ctypes.util.find_library("sodium")
    if name is None:
        raise HarnessError("libsodium is not installed")
    sodium = ctypes.CDLL(name)
    out = ctypes.create_string_buffer(128)
    secret = password.encode()
    failed = sodium.sodium_init() < 0 or sodium.crypto_pwhash_str_alg(
        out, secret, ctypes.c_ulonglong(len(secret)), ctypes.c_ulonglong(passes),
        ctypes.c_size_t(memory), 2)  # crypto_pwhash_ALG_ARGON2ID13
    if failed:
        raise HarnessError("libsodium cannot hash: not enough memory?")
    return out.value.decode()


class Users:
    """The same users for both servers: `cheap` users with {SHA256}, `dear` users with the hash `argon2id`."""

    def __init__(self, postgres, database, cheap, dear, argon2id):
        self.postgres, self.database = postgres, database
        self.made = MADE.format(cheap=cheap, dear=dear, argon2id=argon2id)

    def give_dovecot(self):
        self.postgres.psql(DOVECOT_SQL.format(made=self.made), self.database)

    def give_authd(self, key_dir):
        """authd's schema and keys must exist."""
        rows = self.postgres.psql(AUTHD_SQL.format(made=self.made), self.database).splitlines()
        pairs = (row.split("|", 1) for row in rows)
        stored.write_many(self.postgres, key_dir, ((int(account), text) for account, text in pairs), self.database)
        self.postgres.psql("VACUUM FULL ANALYZE authd.account", self.database)
