"""Password hashes are encrypted: a dump has nothing to crack, and a ciphertext decrypts only in the row for which it
was made."""

import base64
import re

import pytest
from conftest import PASSWORD, Server, doveadm_hash, make_authd
from harness import app_password, encryption, stored, totp
from harness.app_password import Pepper
from harness.ask import ask
from harness.private import read_text, wait_until
from harness.sink import Sink

# Patterns by which password crackers recognise hashes.
HASH = re.compile(r"\$(argon2|6|5|1|2[abxy]?|y|7|sha1)[a-z]*\$|\{[A-Z][A-Z0-9.-]*\}")
OTHER = "another horse altogether"
# The tables that hold a user's secrets beside the account.
TABLES = ["app_password", "totp", "recovery_code", "http_session", "reset_link"]


def row_of(server, login):
    """(id, cipher version, ciphertext) of a user's password."""
    row = server.sql(f"SELECT id, password_cipher_version, password FROM authd.account WHERE login = '{login}'").split("|")
    return int(row[0]), int(row[1]), row[2]


def put(server, login, cipher_version, encrypted):
    server.sql(f"UPDATE authd.account SET password = '{encrypted}', password_cipher_version = {cipher_version} WHERE login = '{login}'")


def assert_broken(server, login, *passwords):
    """Every password is answered with "cannot tell", and the log has the reason as an error."""
    for password in (*passwords, "nobody's"):
        since = server.authd.log_size()
        with server.connect(server.replying) as client:
            reply = client.login(login, password)
        assert (reply.command, reply.fields.get("code")) == ("FAIL", "temp_fail"), reply.line
        event = server.authd.wait_event(since, user=login)
        assert (event["outcome"], event["reason"], event["level"]) == ("tempfail", "hash-broken", "error")


def test_a_hash_of_somebody_else(server):
    """A user who knows one password and can write to the database must not become other users."""
    mallory, victim = server.new_user(OTHER), server.new_user()
    _, cipher_version, encrypted = row_of(server, mallory)
    _, own_version, _ = row_of(server, victim)
    put(server, victim, own_version, encrypted)
    assert_broken(server, victim, OTHER, PASSWORD)
    put(server, victim, cipher_version, encrypted)
    assert_broken(server, victim, OTHER, PASSWORD)
    with server.connect() as client:
        assert client.login(mallory, OTHER).command == "OK"


def test_a_hash_of_before(server):
    """A replaced password, which may have been stolen, must not become valid again."""
    login = server.new_user(OTHER)
    _, old_version, old = row_of(server, login)
    server.authd.authctl("password", "set", login, password=PASSWORD)
    _, cipher_version, _ = row_of(server, login)
    assert cipher_version != old_version
    put(server, login, cipher_version, old)
    assert_broken(server, login, OTHER, PASSWORD)


def test_an_upgrade_keeps_the_number(server):
    login = server.new_user(stored=doveadm_hash("old secret", "SHA512-CRYPT"))
    _, cipher_version, old = row_of(server, login)
    with server.connect() as client:
        assert client.login(login, "old secret").command == "OK"
    wait_until(lambda: row_of(server, login)[2] != old, what="the upgrade")
    assert row_of(server, login)[1] == cipher_version
    assert server.stored_hash(login).startswith("$argon2id$")


def test_a_text_that_was_changed(server):
    login = server.new_user()
    _, cipher_version, encrypted = row_of(server, login)
    for text in (encrypted[:-1], encrypted + "A", encrypted[:30] + ("B" if encrypted[30] == "A" else "A") + encrypted[31:]):
        put(server, login, cipher_version, text)
        assert_broken(server, login, PASSWORD)


def test_a_key_that_nobody_has(server):
    login = server.new_user()
    _, cipher_version, encrypted = row_of(server, login)
    put(server, login, cipher_version, "$cipher$00000000$" + encrypted.split("$")[3])
    since = server.authd.log_size()
    with server.connect(server.replying) as client:
        assert client.login(login, PASSWORD).fields.get("code") == "temp_fail"
    event = server.authd.wait_event(since, user=login)
    assert (event["reason"], event["level"]) == ("key-missing", "error")


def test_a_broken_hash_stops_no_app_password(server):
    login = server.new_user()
    one = app_password.add(server.postgres, Pepper(server.authd.config["key_dir"]), login)
    put(server, login, 1, row_of(server, login)[2])
    with server.connect() as client:
        assert client.login(login, one.text).command == "OK"
    assert_broken(server, login, PASSWORD)


def test_an_imported_hash_of_somebody_else(server):
    pepper = Pepper(server.authd.config["key_dir"])
    mallory, victim = server.new_user(), server.new_user()
    theirs, own = (app_password.add(server.postgres, pepper, login, password_hash=doveadm_hash(text, "SHA512-CRYPT"))
                   for login, text in ((mallory, "mallory's own"), (victim, "the victim's")))
    text = f"(SELECT imported_hash FROM authd.app_password WHERE id = {theirs.id})"
    server.sql(f"UPDATE authd.app_password SET imported_hash = {text} WHERE id = {own.id}")
    assert_broken(server, victim, "mallory's own", "the victim's")
    with server.connect() as client:  # logins that do not need the damaged row proceed
        assert client.login(victim, PASSWORD).command == "OK"
        assert client.login(mallory, "mallory's own").command == "OK"
    server.sql(f"DELETE FROM authd.app_password WHERE id = {own.id}")
    server.sql(f"UPDATE authd.app_password SET account = (SELECT id FROM authd.account WHERE login = '{victim}') "
               f"WHERE id = {theirs.id}")
    assert_broken(server, victim, "mallory's own")


def test_what_authd_encrypts_python_decrypts(server):
    """The format is the one that authd/crypto/aead.h describes, for programs that must read it without authd."""
    login = server.new_user()
    number, cipher_version, encrypted = row_of(server, login)
    key_dir = server.authd.config["key_dir"]
    assert encryption.decrypt(key_dir, encrypted, "password", number, number, cipher_version).startswith(b"$argon2id$")


# ---- the dump

@pytest.fixture(scope="module")
def site(server):
    with Sink() as sink:
        authd = make_authd(server.postgres)
        authd.config["public_url"] = "https://auth.example.org"
        authd.config["mail"] = {"from": "postmaster@example.org", "server": sink.url}
        authd.write_config()
        with authd:
            made = Server(authd, server.postgres)
            made.sink = sink
            yield made


def forms(secret):
    """The forms in which a secret, or the secret part of a hash, could appear in a dump."""
    octets = secret.encode() if isinstance(secret, str) else secret
    yield from (octets.decode("latin-1"), octets.hex(), base64.b64encode(octets).decode().rstrip("="),
                base64.urlsafe_b64encode(octets).decode().rstrip("="))


def good(answer, status):
    assert answer.status == status, answer
    return answer


def secrets_of(site, login, tmp_path):
    """Gives a user one secret of each kind; returns the texts that no dump may contain."""
    http = site.authd.http
    secrets = {"password": PASSWORD, "imported password": "imported secret", "imported app password": "quagga of my phone"}
    imported = f"imported-{login}"
    path = tmp_path / "users"
    path.write_text(f"{imported}:{doveadm_hash('imported secret', 'SSHA')}\n"
                    .replace(":", ":{SSHA}", 1))
    site.authd.authctl("import", "dovecot-passwd", str(path), "--apply")
    for name, who in {"hash": login, "imported hash": imported}.items():
        secrets[name] = stored.read(site.postgres, site.authd.config["key_dir"], who)
        secrets[f"end of the {name}"] = re.split(r"[$}]", secrets[name])[-1]
    app_hash = doveadm_hash("quagga of my phone", "SHA512-CRYPT")
    user = f"/v1/users/{login}"
    good(ask(http, "POST", f"{user}/app-passwords", {"label": "old", "hash": app_hash}), 201)
    secrets["hash of the app password"], secrets["end of it"] = app_hash, app_hash.split("$")[-1]
    made = good(ask(http, "POST", f"{user}/app-passwords", {"label": "new"}), 201).json["secret"]
    secrets["app password"], secrets["app password, as typed"] = made, made.replace("-", "")
    secrets["API key"] = good(ask(http, "POST", "/v1/api-keys", {"label": "k"}), 201).json["secret"]
    good(ask(http, "PATCH", user, {"recovery_address": f"reader-of-{login}"}), 200)
    good(ask(http, "POST", f"{user}/reset-link", {}), 201)
    secrets["link"] = site.sink.mails[-1].link()[2]
    secrets["ticket"] = good(ask(http, "POST", f"/v1/users/{imported}/totp/ticket"), 201).json["secret"]
    return {**secrets, **second_factor_of(http, login)}


def second_factor_of(http, login):
    """Enrols a user; returns the seed, the recovery codes, and the cookie of a session signed in with one of them."""
    user = f"/v1/users/{login}"
    secrets = {"seed, as displayed": good(ask(http, "POST", f"{user}/totp", {}), 201).json["secret"]}
    secrets["seed"] = totp.seed_of(secrets["seed, as displayed"])
    good(ask(http, "POST", f"{user}/totp/confirm", {"code": totp.code(secrets["seed"])}), 200)
    for number, code in enumerate(good(ask(http, "POST", f"{user}/recovery-codes"), 201).json["codes"]):
        secrets[f"recovery code {number}"], secrets[f"{number} as typed"] = code, code.replace("-", "")
    answer = good(ask(http, "POST", "/v1/session", {"login": login, "password": PASSWORD, "code": code},
                      X_Requested_With="authd"), 201)
    secrets["cookie"] = re.match(r"__Host-authd=([A-Za-z0-9_-]{43});", answer.headers["Set-Cookie"])[1]
    return secrets


def test_a_dump_has_nothing_to_crack(site, tmp_path):
    login = site.new_user()
    secrets = secrets_of(site, login, tmp_path)
    dump = site.postgres.dump("authd")
    assert login in dump and "$cipher$" in dump
    rows = "".join(re.findall(r"^COPY .*?^\\\.$", dump, re.MULTILINE | re.DOTALL))
    assert HASH.search(doveadm_hash("x", "SHA512-CRYPT")) and not HASH.search(rows), HASH.search(rows)
    held = site.sql("SELECT " + " + ".join(f"(SELECT count(*) FROM authd.{table} WHERE account = "
                    f"(SELECT id FROM authd.account WHERE login = '{login}'))" for table in TABLES))
    assert int(held) == 2 + 1 + 9 + 1 + 1  # every secret is in the database
    for name, secret in secrets.items():
        assert len(secret) > 8, name
        for form in forms(secret):
            assert form not in dump, name
    for name in ("pepper", "encryption", "audit"):
        for line in read_text(f"{site.authd.config['key_dir']}/{name}").split():
            assert line not in dump and base64.b64encode(bytes.fromhex(line)).decode() not in dump


def test_no_statistics_have_a_hash(server):
    """The planner's samples of columns are in the database too."""
    server.new_user()
    server.sql("ANALYZE authd.account, authd.app_password")
    samples = server.sql("SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname = 'authd' "
                         "AND attname IN ('password', 'imported_hash')")
    assert not HASH.search(samples)


def test_logs_and_answers_have_no_encrypted_text(site):
    login = f"kept-{site.new_user()}"
    since = len(site.postgres.log_text())  # earlier lines show rows that other tests copied
    body = {"login": login, "password": PASSWORD}
    first, again = (good(ask(site.authd.http, "POST", "/v1/users", body, Idempotency_Key=f"k-{login}"), 201).json
                    for _ in range(2))
    assert "replayed" not in first and again["replayed"] is True
    text = row_of(site, login)[2].split("$")[3]
    kept = site.sql("SELECT answer FROM authd.idempotency") + site.sql("SELECT audit_person, audit_event FROM "
                                                                     "authd.audit_event LEFT JOIN authd.audit_person "
                                                                     "ON event = audit_event.id")
    for where in (site.authd.log_text(), site.postgres.log_text()[since:], kept):
        assert text not in where and "$cipher$" not in where
