"""Codes of second factors, computed from RFC 6238 alone, and the enrolment of users for tests."""

import base64
import hashlib
import hmac
import os
import struct
import time

from . import encryption

PERIOD = 30
HASHES = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}


def step(at=None):
    return int(time.time() if at is None else at) // PERIOD


def seed_of(secret):
    """The octets of a secret as it is displayed to users: base32, with or without groups."""
    text = secret.replace(" ", "").upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def code(secret, algorithm="SHA1", digits=6, at=None):
    """The code at a time, now by default. `secret` is the seed's octets, or their base32."""
    seed = seed_of(secret) if isinstance(secret, str) else secret
    digest = hmac.new(seed, struct.pack(">Q", step(at)), HASHES[algorithm]).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start:start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10 ** digits:0{digits}}"


def enrol_in(postgres, directory, login, **more):
    """Enrols a user by a row in the database, encrypted with the keys of `directory`. The row says that a code of
    long ago confirmed the enrolment, so every current code is good. Returns the seed."""
    seed = more.pop("seed", None) or os.urandom(20)
    words = {"algorithm": "SHA1", "digits": 6, "last_step": 0, **more}
    account = int(postgres.psql(f"SELECT id FROM authd.account WHERE login = '{login}'", database="authd"))
    ident = int(postgres.psql("SELECT authd.credential_id()", database="authd"))
    encrypted = encryption.encrypt(directory, seed, "totp", ident, account, 0)
    postgres.psql("INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)"
                  f" VALUES ({account}, {ident}, '{encrypted}', '{words['algorithm']}', {words['digits']},"
                  f" {words['last_step']});"
                  f" UPDATE authd.account SET version = version + 1 WHERE id = {account}", database="authd")
    return seed
