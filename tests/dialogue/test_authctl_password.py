"""authctl password: reset links, and the strength of a password."""

import pytest
from authctl import REFUSED, Person
from harness.sink import Sink


@pytest.fixture(scope="session")
def root(server):
    return Person(server)


def test_a_reset_link_is_mailed_and_not_shown(instance):
    with Sink() as sink:
        instance.authd.config["public_url"] = "https://auth.example.org"
        instance.authd.config["mail"] = {"from": "postmaster@example.org", "server": sink.url}
        instance.authd.write_config()
        instance.authd.start()
        root, login = Person(instance), instance.new_user()
        assert root.refused("user", "reset-link", login) == f"{login} has no recovery address"
        root.do("user", "set", login, "recovery_address=reader@home.example")
        out, talk = root.do("user", "reset-link", login)
        members = dict(line.split("\t") for line in out.splitlines())
        assert members["user"] == login and members["mailed_to"].endswith("@home.example")
        mail, = sink.links()
        assert mail.recipients == ["reader@home.example"]
        assert mail.link()[2] not in out + talk


def test_password_strength_stores_nothing(server, root):
    login = server.new_user()
    out, talk = root.do("password", "strength", login, "--password-stdin", stdin="letmein\n")
    assert out.startswith("acceptable\tno\n") and "flaws\ttoo-short\n" in out
    assert "too-short: make it longer" in talk
    assert root.run("password", "strength", login, "--password-stdin", "--exit-status", stdin="letmein\n")[0] == REFUSED
    good = "nine purple submarines argue quietly\n"
    verdict = root.json("password", "strength", login, "--password-stdin", "--exit-status", stdin=good)
    assert verdict["acceptable"] is True
    assert root.json("user", "show", login)["password_generation"] == 1
