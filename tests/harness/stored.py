"""Reads and writes, without authd, the password hashes that authd stores encrypted (authd/credential/stored_hash.h)."""

from . import sealing


def read(postgres, directory, login):
    """The decrypted hash of a main password; fails unless it was encrypted for this user."""
    row = postgres.psql("SELECT id, password_seal, password FROM authd.account "
                        f"WHERE login = '{login}'", "authd")
    account, seal, sealed = row.split("|")
    return sealing.unseal(directory, sealed, "password", int(account), int(account), int(seal)).decode()


def write(postgres, directory, login, stored):
    """Sets a main password by its hash, as an import would."""
    row = postgres.psql("SELECT id, authd.credential_id() FROM authd.account "
                        f"WHERE login = '{login}'", "authd")
    account, seal = map(int, row.split("|"))
    sealed = sealing.seal(directory, stored, "password", account, account, seal)
    postgres.psql(f"UPDATE authd.account SET password = '{sealed}', password_seal = {seal}, "
                  f"password_set_at = authd.now(), version = version + 1 WHERE id = {account}", "authd")


def write_many(postgres, directory, users, database="authd"):
    """Sets the main passwords of users who have none: `users` are pairs of account id and hash."""
    users = list(users)
    first = int(postgres.psql(f"SELECT min(authd.credential_id()) FROM generate_series(1, {len(users)})", database))
    lines = []
    for seal, (account, stored) in enumerate(users, first):
        sealed = sealing.seal(directory, stored, "password", account, account, seal)
        lines.append(f"{account}\t{seal}\t{sealed}\n")
    postgres.psql("CREATE TEMP TABLE made (account bigint PRIMARY KEY, seal bigint, sealed text);\n"
                  "COPY made FROM STDIN;\n" + "".join(lines) + "\\.\n"
                  "UPDATE authd.account SET password = sealed, password_seal = seal, password_generation = 1, "
                  "password_set_at = authd.now() FROM made WHERE id = made.account;", database)
