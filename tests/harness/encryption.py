"""A second implementation of authd/crypto/aead.h, with which tests encrypt and decrypt values of the database."""

import base64
import hashlib
import os

from nacl import bindings

from harness.private import read_text


def key_id(key):
    use = b"authd key name"
    return hashlib.blake2b(len(use).to_bytes(8, "big") + use + key, digest_size=32).hexdigest()[:8]


def keys(directory):
    """The encryption keys of a key_dir, by their names; the first key encrypts new values."""
    lines = read_text(os.path.join(directory, "encryption")).split()
    return {key_id(bytes.fromhex(line)): bytes.fromhex(line) for line in lines}


def _data(name, kind, row, owner, version):
    numbers = b"".join(number.to_bytes(8, "big") for number in (row, owner, version))
    return b"authd aead\0" + name.encode() + bytes([len(kind)]) + kind.encode() + numbers


def encrypt(directory, text, kind, row, owner, version):
    name, key = next(iter(keys(directory).items()))
    nonce = os.urandom(24)
    encrypted = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        text if isinstance(text, bytes) else text.encode(), _data(name, kind, row, owner, version), nonce, key)
    return f"$cipher${name}$" + base64.urlsafe_b64encode(nonce + encrypted).decode().rstrip("=")


def decrypt(directory, encrypted, kind, row, owner, version):
    """Decrypts to octets; fails if the ciphertext belongs to another row."""
    _, _, name, text = encrypted.split("$")
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
        octets[24:], _data(name, kind, row, owner, version), octets[:24], keys(directory)[name])
