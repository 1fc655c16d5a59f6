"""Makes app passwords without authd, from the description alone (authd/crypto/secret_text.h, keyed.h). The app
passwords that authd makes must agree with this description."""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass

from . import encryption
from .private import read_text

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
HOST = {"credential": {"kind": "host", "name": "test"}, "role": "host"}


def check_digits(text):
    digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
    return "".join(ALPHABET[octet & 31] for octet in digest[:2])


def new_text(selector=None):
    body = "apw" + (selector or "") + "".join(secrets.choice(ALPHABET) for _ in range(28 - len(selector or "")))
    return body + check_digits(body)


def number(value):
    return value.to_bytes(8, "big")


def counted(octets):
    return number(len(octets)) + octets


class Pepper:
    """The pepper of a private authd, read from its key file as root."""

    def __init__(self, directory):
        self.directory = directory
        self.key = bytes.fromhex(read_text(os.path.join(directory, "pepper")).split("\n", 1)[0])
        self.name = hashlib.blake2b(counted(b"authd key name") + self.key, digest_size=32).hexdigest()[:8]

    def verifier(self, ident, owner, text):
        message = (counted(b"authd verifier") + counted(b"app-password") + number(ident) + number(owner)
                   + counted(text[11:31].encode()))
        return hashlib.blake2b(message, key=self.key, digest_size=32).hexdigest()


def manage(postgres, operation, **arguments):
    """Calls a management function as the host and returns the answer."""
    texts = [json.dumps(value).replace("'", "''") for value in (HOST, arguments)]
    return json.loads(postgres.psql(f"SELECT authd.manage('{operation}', '{texts[0]}', '{texts[1]}')",
                                    database="authd"))


@dataclass
class AppPassword:
    id: int
    text: str
    object: dict

    def grouped(self):
        return "-".join([self.text[:3], *(self.text[at:at + 6] for at in range(3, 33, 6))])


def id_of(postgres, login):
    return int(postgres.psql(f"SELECT id FROM authd.account WHERE login = '{login}'", database="authd"))


def secret_of(postgres, pepper, ident, login, text):
    verifier = pepper.verifier(ident, id_of(postgres, login), text)
    return {"selector": text[3:11], "verifier": verifier, "key": pepper.name}


def hash_of(postgres, pepper, ident, login, stored):
    """The arguments for an imported app password."""
    owner = id_of(postgres, login)
    encrypted = encryption.encrypt(pepper.directory, stored, "app-password", ident, owner, 0)
    return {"password_hash": encrypted, "password_owner": owner}


def add(postgres, pepper, login, **more):
    ident = int(postgres.psql("SELECT authd.credential_id()", database="authd"))
    text = new_text()
    stored = more.pop("password_hash", None)
    made = hash_of(postgres, pepper, ident, login, stored) if stored else secret_of(
        postgres, pepper, ident, login, text)
    answer = manage(postgres, "app_password_add", user=login, credential=ident,
                    **{"label": "test", **made, **more})
    return AppPassword(ident, text, answer)


def rotate(postgres, pepper, login, old, overlap=0):
    text = new_text()
    answer = manage(postgres, "app_password_rotate", user=login, id=str(old.id), overlap=overlap,
                    **secret_of(postgres, pepper, old.id, login, text))
    return AppPassword(old.id, text, answer)


def canonical(document):
    """The canonical text of a document whose members already have the canonical order."""
    return json.dumps(document, separators=(",", ":"))
