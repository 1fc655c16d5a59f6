"""App passwords through Postfix, Exim and saslauthd: which logins succeed, under which identity, and until when."""

import concurrent.futures
import glob
import os
import re
import subprocess

import pytest

from harness import clients, stored
from harness.api import call
from harness.authd import new_password
from harness.private import read_text, wait_until


class Api:
    """A user of the test's own, and the user's app passwords."""

    def __init__(self, site, login):
        self.site, self.login, self.password = site, login, new_password()
        site.authd.add_user(login, self.password)

    def ask(self, method, more, body=None):
        answer = call(self.site.authd.http, method, f"/v1/users/{self.login}/app-passwords{more}", body)
        assert answer.status < 300, answer.json
        return answer.json

    def add(self, **body):
        return self.ask("POST", "", {"label": "test", **body})

    def revoke(self, made):
        return self.ask("DELETE", f"/{made['id']}")

    def end(self, made):
        """Ends an app password, as if its time had come."""
        self.site.postgres.psql(f"UPDATE authd.app_password SET not_after = authd.now() WHERE id = {made['id']}",
                                database="authd")


@pytest.fixture
def user(site, request):
    return Api(site, f"{request.node.name.split('[')[0].removeprefix('test_').replace('_', '-')[:40]}@example.org")


def auth(site, user, secret, server="postfix", mechanism="PLAIN", send=False):
    """The code of the reply to AUTH, and the reason in authd's log."""
    since = site.authd.log_size()
    answer = clients.swaks(getattr(site, server).port, mechanism, user.login, secret, send=send)
    event = site.authd.wait_event(since, user=user.login)
    assert (answer.code == 235) == (event["outcome"] == "allow"), answer.transcript
    return answer.code, event["reason"]


GOOD = (235, "good-app-password")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("client", [clients.swaks, clients.curl, clients.msmtp], ids=lambda client: client.__name__)
@pytest.mark.parametrize("server", ["postfix", "exim"])
def test_every_client(site, server, client, mechanism):
    login = f"clients-{server}-{client.__name__}-{mechanism.lower()}@example.org"
    made = Api(site, login).add()
    answer = client(getattr(site, server).port, mechanism, login, made["secret"])
    assert (answer.code, answer.status) == (235, 0), answer.transcript


def test_the_identity_in_postfix_and_exim(site, user):
    made = user.add()
    local, domain = user.login.split("@")
    since = len(site.postfix.log_text())
    assert auth(site, user, made["secret"], send=True) == GOOD
    assert f"sasl_username={local}#k{made['id']}@{domain}" in site.postfix.log_text()[since:]
    since = len(site.exim.log_text())
    assert auth(site, user, made["secret"], "exim", "LOGIN", send=True) == GOOD
    assert f" A=login:{user.login} " in site.exim.log_text()[since:]


def test_saslauthd(site, user):
    made = user.add()
    assert clients.testsaslauthd(site.authd.saslauthd, user.login, made["secret"]) is True
    assert clients.swaks(site.postfix.cyrus_port, "PLAIN", user.login, made["secret"]).code == 235
    user.revoke(made)
    assert clients.testsaslauthd(site.authd.saslauthd, user.login, made["secret"]) is False


@pytest.mark.parametrize("server", ["postfix", "exim"])
def test_refused(site, server):
    user = Api(site, f"refused-{server}@example.org")
    made, ended = user.add(), user.add(expires_in=60)
    user.end(ended)
    wrong = made["secret"][:15] + ("b" if made["secret"][15] == "a" else "a") + made["secret"][16:]
    cases = {(made["secret"], "good-app-password"), (ended["secret"], "expired-credential"),
             (wrong, "unknown-app-password"), (new_password(), "wrong-password")}
    for secret, reason in cases:
        code = 235 if reason == "good-app-password" else 535
        assert auth(site, user, secret, server) == (code, reason)


def test_rotated_with_an_overlap(site, user):
    made = user.add()
    new = user.ask("POST", f"/{made['id']}/rotate", {"overlap": 3600})
    assert [auth(site, user, one["secret"]) for one in (made, new)] == [GOOD, GOOD]
    newest = user.ask("POST", f"/{made['id']}/rotate", {})
    codes = [auth(site, user, one["secret"])[0] for one in (made, new, newest)]
    assert codes == [535, 535, 235]


def smtpd_of(site, since):
    """The process that served the last client, according to Postfix's log."""
    def find():
        found = re.findall(r"postfix/submission/smtpd\[(\d+)\]: disconnect from", site.postfix.log_text()[since:])
        return found[-1] if found else None
    return wait_until(find, what="the end of the SMTP session in Postfix's log")


def auth_sockets(site, pid):
    """The connections of a process to authd, as pairs of the inodes of both ends. The kernel lists authd's ends under
    the name that the socket had before it was renamed."""
    path = os.path.join(site.postfix.queue, "private", "authd-auth")
    listed = subprocess.run(["ss", "-xH", "state", "connected"], capture_output=True, text=True, check=True).stdout
    ends = dict(re.findall(re.escape(path) + r"\.\d+ (\d+)\s+\* (\d+)", listed))
    held = {os.readlink(fd)[8:-1] for fd in glob.glob(f"/proc/{pid}/fd/*") if os.readlink(fd).startswith("socket:")}
    return {(ours, theirs) for ours, theirs in ends.items() if theirs in held}


def test_a_revocation_is_seen_on_an_open_connection(site, user):
    """The same smtpd, over its open connection to authd, refuses the next AUTH."""
    made, other = user.add(), user.add()
    since = len(site.postfix.log_text())
    assert auth(site, user, made["secret"]) == GOOD
    smtpd = smtpd_of(site, since)
    kept = auth_sockets(site, smtpd)
    assert kept, "smtpd has no connection to authd"
    user.revoke(made)
    since = len(site.postfix.log_text())
    assert auth(site, user, made["secret"]) == (535, "unknown-app-password")
    assert auth(site, user, other["secret"]) == GOOD
    assert smtpd_of(site, since) == smtpd
    assert auth_sockets(site, smtpd) == kept


def hashing(site):
    """Whether a password is being hashed at this moment, according to the kernel."""
    stats = [read_text(path).partition("(")[2].rpartition(") ")
             for path in glob.glob(f"/proc/{site.authd.process.pid}/task/*/stat")]
    return any(name.startswith("hash") and rest[:1] == "R" for name, _, rest in stats)


def doveadm_hash(password, scheme, *options):
    done = subprocess.run(["doveadm", "pw", *options, "-s", scheme, "-p", password], check=True,
                          capture_output=True, text=True)
    return done.stdout.strip().partition("}")[2]


def test_revoked_during_a_login(site, user):
    """The app password is revoked while the hash of an imported app password is being computed, after the main
    password's hash, which takes no time here."""
    stored.write(site.postgres, site.authd.config["key_dir"], user.login, "{SHA}" + "A" * 27 + "=")
    made = user.add(hash=doveadm_hash("imported secret", "SHA512-CRYPT", "-r", "2500000"))
    assert auth(site, user, "imported secret") == GOOD
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(auth, site, user, "imported secret")
        wait_until(lambda: hashing(site), what="the hash", interval=0.005)
        user.revoke(made)
        assert under_way.result() == (535, "changed-meanwhile")


def test_a_scope_for_the_mta_alone(site, user):
    """Postfix's socket is tagged, so a policy service can learn the credential. Exim's is plain, so no policy service
    could."""
    made = user.add(scope={"v": 1, "max_recipients": 5})
    assert auth(site, user, made["secret"]) == GOOD
    assert auth(site, user, made["secret"], "exim") == (535, "needs-policy")


def test_a_scope_at_sign_in(site, user):
    near = user.add(scope={"v": 1, "networks": {"allow": ["127.0.0.0/8"]}, "tls": {"required": True}})
    far = user.add(scope={"v": 1, "networks": {"allow": ["192.0.2.0/24"]}})
    for server in ("postfix", "exim"):
        assert auth(site, user, near["secret"], server) == GOOD
        assert auth(site, user, far["secret"], server) == (535, "scope-network")


def test_nothing_of_it_in_a_log(site, user):
    made = user.add()
    auth(site, user, made["secret"])
    rotated = user.ask("POST", f"/{made['id']}/rotate", {})
    auth(site, user, rotated["secret"])
    for one in (made, rotated):
        text = one["secret"].replace("-", "")
        for log in (site.authd.log_text(), site.postgres.log_text(), site.postfix.log_text()):
            assert text not in log and text[11:31] not in log and one["secret"] not in log
