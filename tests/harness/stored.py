"""Reads and writes, without authd, the password hashes that authd stores encrypted (authd/credential/stored_hash.h)."""

from . import encryption


def read(postgres, directory, login):
    """The decrypted hash of a main password; fails unless it was encrypted for this user."""
    row = postgres.psql("SELECT id, password_cipher_version, password FROM authd.account "
                        f"WHERE login = '{login}'", "authd")
    account, cipher_version, encrypted = row.split("|")
    return encryption.decrypt(directory, encrypted, "password", int(account), int(account), int(cipher_version)).decode()


def write(postgres, directory, login, stored):
    """Sets a main password by its hash, as an import would."""
    row = postgres.psql("SELECT id, authd.credential_id() FROM authd.account "
                        f"WHERE login = '{login}'", "authd")
    account, cipher_version = map(int, row.split("|"))
    encrypted = encryption.encrypt(directory, stored, "password", account, account, cipher_version)
    postgres.psql(f"UPDATE authd.account SET password = '{encrypted}', password_cipher_version = {cipher_version}, "
                  f"password_set_at = authd.now(), version = version + 1 WHERE id = {account}", "authd")


def write_many(postgres, directory, users, database="authd"):
    """Sets the main passwords of users who have none: `users` are pairs of account id and hash."""
    users = list(users)
    first = int(postgres.psql(f"SELECT min(authd.credential_id()) FROM generate_series(1, {len(users)})", database))
    lines = []
    for cipher_version, (account, stored) in enumerate(users, first):
        encrypted = encryption.encrypt(directory, stored, "password", account, account, cipher_version)
        lines.append(f"{account}\t{cipher_version}\t{encrypted}\n")
    postgres.psql("CREATE TEMP TABLE made (account bigint PRIMARY KEY, cipher_version bigint, encrypted text);\n"
                  "COPY made FROM STDIN;\n" + "".join(lines) + "\\.\n"
                  "UPDATE authd.account SET password = encrypted, password_cipher_version = cipher_version, password_generation = 1, "
                  "password_set_at = authd.now() FROM made WHERE id = made.account;", database)
