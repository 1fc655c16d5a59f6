"""Imports files of other programs; then every user in them signs in with the old password."""

import json
import subprocess

import pytest

from harness import stored as stored_hashes
from harness.authd import new_password, program
from harness.private import wait_until

DOMAIN = "imported.example"
SCHEMES = ["SSHA", "SSHA256", "SSHA512", "SMD5", "LDAP-MD5", "PLAIN-MD5", "SHA", "SHA256", "SHA512", "PBKDF2",
           "ARGON2I", "ARGON2ID", "BLF-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "MD5-CRYPT", "CRYPT", "PLAIN",
           "CLEARTEXT", "SSHA.HEX", "SSHA256.B64", "SSHA512.HEX", "PLAIN.B64", "PLAIN.HEX", "PBKDF2.HEX",
           "SHA512-CRYPT.B64", "LDAP-MD5.HEX"]


def made_by(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def run_import(site, kind, path, *words):
    done = subprocess.run([program("smtp-authctl"), "--socket", site.authd.http, "--json", "import", kind, str(path),
                           "--domain", DOMAIN, "--apply", *words],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    value = json.loads(done.stdout)
    return {key: number for key, number in value["counts"].items() if number}


def may_sign_in(site, login, password):
    """Whether a user may sign in, according to Dovecot's own client."""
    done = subprocess.run(["doveadm", "auth", "test", "-a", site.authd.dovecot, login, password],
                          capture_output=True, text=True, timeout=30, check=False)
    assert ("auth succeeded" in done.stdout) == (done.returncode == 0), done.stdout
    assert "auth succeeded" in done.stdout or "auth failed" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


def stored(site, login):
    return stored_hashes.read(site.postgres, site.authd.config["key_dir"], login)


def check_logins(site, users):
    """Each user can sign in, with the user's own password only, and has a strong hash afterwards."""
    for name, password in users.items():
        login = f"{name}@{DOMAIN}"
        assert not may_sign_in(site, login, password + "x"), login
        assert may_sign_in(site, login, password), login
        wait_until(lambda login=login: stored(site, login).startswith("$argon2id$"), what=f"{login}'s upgrade")
        assert may_sign_in(site, login, password), login
        assert not may_sign_in(site, login, password + "x"), login


def test_dovecot(site, tmp_path):
    users = {f"{scheme.lower().replace('.', '-')}-user": new_password() for scheme in SCHEMES}
    path = tmp_path / "users"
    path.write_text("# made by doveadm pw\n" + "".join(
        f"{name}:{made_by('doveadm', 'pw', '-s', scheme, '-p', password)}:1000:1000::/var/mail/{name}::"
        "userdb_quota_rule=*:storage=1G\n"
        for scheme, (name, password) in zip(SCHEMES, users.items())))
    assert run_import(site, "dovecot-passwd", path) == {"added": len(users)}
    for name in users:
        assert not stored(site, f"{name}@{DOMAIN}").startswith(("{PLAIN}", "{PLAIN.", "{CLEAR")), name
    check_logins(site, users)
    assert run_import(site, "dovecot-passwd", path, "--existing", "update") == {"unchanged": len(users)}


@pytest.mark.parametrize("option", ["-B", "-s", "-2", "-5"])  # bcrypt, SHA-1, SHA-256 and SHA-512 crypt
def test_htpasswd(site, tmp_path, option):
    name, password = f"apache{option.lower()}", new_password()
    path = tmp_path / "users"
    made_by("htpasswd", "-cb", option, str(path), name, password)
    assert run_import(site, "htpasswd", path) == {"added": 1}
    check_logins(site, {name: password})


def test_htpasswd_of_kinds_that_cannot_be_checked(site, tmp_path):
    path = tmp_path / "users"
    made_by("htpasswd", "-cbm", str(path), "apr1", "secret")
    made_by("htpasswd", "-bd", str(path), "des", "secret")
    done = subprocess.run([program("smtp-authctl"), "--socket", site.authd.http, "import", "htpasswd", str(path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"{path}:1: $apr1$ hashes (htpasswd -m) cannot be checked by authd" in done.stderr
    assert f"{path}:2: DES hashes (htpasswd -d) cannot be checked by authd" in done.stderr


def test_shadow(site, tmp_path):
    users = {"anna": new_password(), "bert": new_password()}
    hashes = {"anna": made_by("perl", "-e", "print crypt($ARGV[0], q($y$j9T$abcdefghijklmnopqrstu/))",
                              users["anna"]),  # yescrypt, as Debian's passwd makes it
              "bert": made_by("openssl", "passwd", "-6", users["bert"])}
    path = tmp_path / "shadow"
    path.write_text("root:$6$x$y:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nsshd:!:19000::::::\n"
                    + "".join(f"{name}:{made}:19000:0:99999:7:::\n" for name, made in hashes.items())
                    + f"locked:!{hashes['anna']}:19000:0:99999:7:::\n"
                    + f"expired:{hashes['anna']}:19000:0:99999:7::19001:\n")
    assert run_import(site, "shadow", path) == {"added": 4}
    check_logins(site, users)
    for name in "locked", "expired":
        assert not may_sign_in(site, f"{name}@{DOMAIN}", users["anna"])
