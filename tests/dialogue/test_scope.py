"""Sending scopes at sign-in: every level and every term, on each kind of socket, by the database's clock."""

import contextlib

import pytest
from client import Closed, plain, saslauthd
from conftest import PASSWORD
from harness import app_password
from harness.app_password import Pepper, canonical, manage
from harness.private import wait_until

NETWORK = {"networks": {"allow": ["192.0.2.0/24", "2001:db8::/32"]}}
OFFICE = {"time": {"tz": "Europe/Berlin", "windows": [{"days": "mon-fri", "from": "07:00", "to": "19:00"},
                                                      {"days": "fri", "from": "22:00", "to": "06:00"}]}}
MTA_TERMS = [{"envelope_from": {"allow": ["@self"]}}, {"header_from": {"allow": ["@self"]}},
             {"recipients": {"deny": ["*@internal.example"]}}, {"max_size": 1000}, {"max_recipients": 5},
             {"rates": [{"count": "messages", "n": 5, "per": "1h"}]}]


class Place:
    """The place of a scope that a test sets: a level, and a name on this level."""

    def __init__(self, server, level, **name):
        self.server, self.level, self.name = server, level, name

    def put(self, text=None, **document):
        manage(self.server.postgres, "scope_put", level=self.level, **self.name,
               scope=text or canonical(dict(sorted({"v": 1, **document}.items()))))

    def delete(self):
        manage(self.server.postgres, "scope_delete", level=self.level, **self.name)


class Login:
    """A user in a domain and a class of its own, with an app password."""

    def __init__(self, server):
        self.server = server
        tag = server.new_user().partition("@")[0]
        self.login = f"{tag}@{tag}.example"
        server.authd.authctl("user", "add", self.login, password=PASSWORD)
        server.sql(f"INSERT INTO authd.class (name) VALUES ('{tag}');"
                   f"UPDATE authd.account SET class = (SELECT id FROM authd.class WHERE name = '{tag}') "
                   f"WHERE login = '{self.login}'")
        self.places = {"site": Place(server, "site"), "domain": Place(server, "domain", domain=f"{tag}.example"),
                       "class": Place(server, "class", **{"class": tag}),
                       "user": Place(server, "user", user=self.login)}
        self.app_password = self.add()

    def add(self, **document):
        scope = {"scope": canonical(dict(sorted({"v": 1, **document}.items())))} if document else {}
        return app_password.add(self.server.postgres, Pepper(self.server.authd.config["key_dir"]), self.login,
                                **scope).text

    def event(self, secret=PASSWORD, path=None, mechanism="PLAIN", service="smtp", **parameters):
        """The log line of a login; the reply must agree with it."""
        since = self.server.authd.log_size()
        words = [f"service={service}"] if service else []
        words += [key if value is True else f"{key}={value}" for key, value in parameters.items()]
        with self.server.connect(path) as client:
            words += [f"resp={plain(self.login, secret)}"] if mechanism == "PLAIN" else []
            reply = client.ask("\t".join(["AUTH", "1", mechanism, *words]) + "\n")
            if mechanism == "LOGIN":
                for answer in (self.login, secret):
                    reply = client.ask(f"CONT\t1\t{plain_base64(answer)}\n")
        event = self.server.authd.wait_event(since, user=self.login)
        assert (reply.command == "OK") == (event["outcome"] == "allow"), reply.line
        return event

    def reason(self, secret=PASSWORD, **parameters):
        return self.event(secret, **parameters)["reason"]


def plain_base64(text):
    from client import encode
    return encode(text.encode())


@pytest.fixture
def user(server):
    made = Login(server)
    yield made
    made.places["site"].delete()


@contextlib.contextmanager
def clock(server, moment):
    def replace(value):
        server.sql("CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE "
                   f"PARALLEL SAFE RETURN {value}")
    replace(f"'{moment}'::timestamptz")
    try:
        yield
    finally:
        replace("pg_catalog.now()")


@pytest.mark.parametrize("level", ["site", "domain", "class", "user"])
def test_every_level_holds_for_every_secret(server, user, level):
    place = user.places[level]
    place.put(**NETWORK)
    for secret, good in ((PASSWORD, "good-password"), (user.app_password, "good-app-password")):
        assert user.reason(secret, rip="192.0.2.77") == good
        event = user.event(secret, rip="198.51.100.77")
        assert event["reason"] == "scope-network"
        assert event["why"] == f"networks of the {level} scope"
    place.put(**{**NETWORK, "networks": {"allow": ["198.51.100.0/24"]}})
    assert user.reason(rip="198.51.100.77") == "good-password"
    place.delete()
    assert user.reason(rip="203.0.113.1") == "good-password"


def test_a_credential_has_its_own(user):
    narrow = user.add(**NETWORK)
    assert user.event(narrow, rip="198.51.100.77")["why"] == "networks of the credential scope"
    assert user.reason(narrow, rip="2001:db8:7::7") == "good-app-password"
    assert user.reason(user.app_password, rip="198.51.100.77") == "good-app-password"


def test_all_must_let_it_pass(user):
    """A wide inner scope does not widen a narrow outer scope, nor the other way round."""
    narrow = user.add(networks={"allow": ["192.0.2.0/28"]}, mechanisms=["PLAIN"])
    user.places["user"].put(networks={"allow": ["0.0.0.0/0"]}, tls={"required": True})
    user.places["domain"].put(**NETWORK)
    assert user.reason(narrow, rip="192.0.2.1", secured=True) == "good-app-password"
    assert user.event(narrow, rip="192.0.2.1")["why"] == "tls of the user scope"
    assert user.event(narrow, rip="192.0.2.100", secured=True)["why"] == "networks of the credential scope"
    assert user.event(narrow, rip="203.0.113.1", secured=True)["why"] == "networks of the domain scope"


@pytest.mark.parametrize(("document", "good", "bad", "reason"), [
    (NETWORK, {"rip": "192.0.2.255"}, {"rip": "192.0.3.0"}, "scope-network"),
    (NETWORK, {"rip": "2001:db8::"}, {"rip": "2001:db9::"}, "scope-network"),
    (NETWORK, {"rip": "::ffff:192.0.2.1"}, {}, "scope-network"),
    (NETWORK, {"rip": "192.0.2.1"}, {"rip": "unknown"}, "scope-network"),
    ({"networks": {"allow": ["::/0"]}}, {"rip": "::1"}, {"rip": "192.0.2.1"}, "scope-network"),
    ({"tls": {"required": True}}, {"secured": True}, {}, "scope-tls"),
    ({"mechanisms": ["PLAIN"]}, {}, {"mechanism": "LOGIN"}, "scope-mechanism"),
    ({"mechanisms": ["LOGIN"]}, {"mechanism": "LOGIN"}, {}, "scope-mechanism"),
    ({"services": ["smtp"]}, {"service": "SMTP"}, {"service": "imap"}, "scope-service"),
])
def test_terms(server, user, document, good, bad, reason):
    user.places["user"].put(**document)
    for path in (server.plain, server.tagged):
        assert user.reason(path=path, **good) == "good-password"
        assert user.reason(path=path, **bad) == reason


def test_refused_like_a_wrong_password(server, user):
    user.places["user"].put(**NETWORK)
    with server.connect() as client:
        refused = client.login(user.login, user.app_password)
        assert refused.masked() == client.login(user.login, "wrong").masked()
    assert user.reason("wrong", rip="198.51.100.7") == "wrong-password"


@pytest.mark.parametrize(("moment", "is_open"), [
    ("2026-03-02 05:59:59Z", False),  # Monday 06:59:59 in winter
    ("2026-03-02 06:00:00Z", True),
    ("2026-03-02 17:59:59Z", True),
    ("2026-03-02 18:00:00Z", False),
    ("2026-03-30 05:00:00Z", True),   # Monday 07:00 in summer
    ("2026-03-30 17:00:00Z", False),
    ("2026-03-06 21:00:00Z", True),   # Friday 22:00
    ("2026-03-07 04:59:59Z", True),   # Saturday 05:59:59: within the window of Friday
    ("2026-03-07 05:00:00Z", False),
    ("2026-03-07 21:00:00Z", False),  # Saturday 22:00
])
def test_windows_by_the_clock_on_the_wall(server, user, moment, is_open):
    user.places["class"].put(**OFFICE)
    with clock(server, moment):
        assert user.reason() == ("good-password" if is_open else "scope-time")
        assert user.reason(user.app_password) == ("good-app-password" if is_open else "scope-time")


def test_each_level_in_its_own_zone(server, user):
    window = [{"days": "mon-sun", "from": "08:00", "to": "09:00"}]
    user.places["site"].put(time={"tz": "Asia/Tokyo", "windows": window})
    user.places["user"].put(time={"tz": "UTC", "windows": [{"days": "sun", "from": "23:00", "to": "24:00"}]})
    with clock(server, "2026-03-01 23:30:00Z"):  # Sunday; in Tokyo it is Monday, 08:30
        assert user.reason() == "good-password"
        user.places["site"].put(time={"tz": "Asia/Seoul", "windows": []})
        assert user.event()["why"] == "time of the site scope"


def test_beginning_and_end(server, user):
    user.places["user"].put(not_before="2026-03-01T00:00:00Z", expires="2026-04-01T00:00:00Z")
    for moment, reason in (("2026-02-28 23:59:59Z", "not-yet-valid"), ("2026-03-01 00:00:00Z", "good-password"),
                           ("2026-03-31 23:59:59.9Z", "good-password"),
                           ("2026-04-01 00:00:00Z", "expired-credential")):
        with clock(server, moment):
            assert user.reason() == reason


@pytest.mark.parametrize("document", MTA_TERMS, ids=lambda document: next(iter(document)))
def test_what_only_the_mta_can_enforce(server, user, document):
    user.places["domain"].put(**document)
    for secret, good in ((PASSWORD, "good-password"), (user.app_password, "good-app-password")):
        assert user.reason(secret, path=server.tagged) == good
        event = user.event(secret, path=server.plain)
        assert (event["reason"], event["why"]) == ("needs-policy", "policy of the domain scope")
        assert saslauthd(server.saslauthd, user.login, secret).startswith(b"NO")


def test_saslauthd_knows_the_service_alone(server, user):
    for document, word in (({"services": ["smtp"]}, b"OK"), ({"services": ["imap"]}, b"NO"), (NETWORK, b"NO"),
                           ({"tls": {"required": True}}, b"NO"), ({"mechanisms": ["PLAIN"]}, b"NO")):
        user.places["user"].put(**document)
        assert saslauthd(server.saslauthd, user.login, PASSWORD).startswith(word), document
        assert saslauthd(server.saslauthd, user.login, PASSWORD, extra="192.0.2.1;25").startswith(word), document


def test_monitor_relaxes_only_its_own_document_until_its_end(server, user):
    with clock(server, "2026-03-01 12:00:00Z"):
        user.places["user"].put(mode="monitor", monitor_until="2026-03-31T12:00:00Z", tls={"required": True},
                                max_size=1000)
        event = user.event()
        assert (event["reason"], event["why"]) == ("good-password",
                                                   "mode monitor: tls of the user scope would refuse")
        assert "policy of the user scope" in user.event(secured=True)["why"]
        assert "why" not in user.event(secured=True, path=server.tagged)
        user.places["site"].put(**NETWORK)
        assert user.event(rip="198.51.100.1")["why"] == "networks of the site scope"
    with clock(server, "2026-03-31 11:59:59Z"):
        assert user.reason(rip="192.0.2.1") == "good-password"
    with clock(server, "2026-03-31 12:00:00Z"):
        assert user.event(rip="192.0.2.1")["why"] == "tls of the user scope"


def test_another_node_sees_it_at_its_next_login(server, instance, user):
    user.places["user"].put(**NETWORK)
    with instance.authd, instance.connect(instance.plain) as there:
        resp = plain(user.login, user.app_password)
        assert there.auth(resp=resp, rip="192.0.2.1").command == "OK"
        user.places["user"].put(networks={"allow": ["198.51.100.0/24"]})
        assert there.auth(resp=resp, rip="192.0.2.1").command == "FAIL"
        user.places["user"].delete()
        assert there.auth(resp=resp, rip="192.0.2.1").command == "OK"


def test_a_login_under_way_is_not_broken(server, user):
    """A login that is being hashed while the scope is replaced is decided by the old scope."""
    from conftest import doveadm_hash
    server.set_hash(user.login, doveadm_hash("slow", "SHA512-CRYPT", "-r", "2500000"))
    user.places["user"].put(services=["smtp"])
    assert user.reason("slow") == "good-password"  # from now on the document is in the cache
    server.set_hash(user.login, doveadm_hash("slow", "SHA512-CRYPT", "-r", "2500001"))
    server.wait_hashes_done()
    with server.connect() as client:
        client.begin(user.login, "slow")
        wait_until(lambda: server.threads_hashing() > 0, what="the hash")
        user.places["user"].put(services=["imap"])
        assert client.reply().command == "OK"
    assert user.reason("slow") == "scope-service"


def test_a_document_of_a_newer_authd(server, user):
    """An unknown document means "cannot tell", which is neither a refusal nor an allowance."""
    user.places["user"].put(text='{"moon":"full","v":1}')
    since = server.authd.log_size()
    with server.connect() as client, pytest.raises(Closed):
        client.login(user.login, PASSWORD)
    event = server.authd.wait_event(since, user=user.login)
    assert (event["outcome"], event["reason"]) == ("tempfail", "scope-unreadable")
    why = server.authd.events("scope", since)
    assert [(event["level"], event["at"]) for event in why] == [("error", "/moon")]
    user.places["user"].delete()
    assert user.reason() == "good-password"
