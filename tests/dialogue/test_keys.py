"""The key files: made once, kept, and refused if another user could read or change them."""

import os
import pwd
import shutil
import stat

import pytest
from conftest import PASSWORD
from harness.authd import USER, Authd
from harness.private import read_text
from test_startup import assert_refuses_to_start

FILES = ["audit", "encryption", "pepper"]
KEY = "1f" * 32  # a valid key that nothing was made with


@pytest.fixture
def keys(instance):
    """Key files for this instance alone: a copy of the shared ones."""
    directory = os.path.join(instance.authd.directory, "keys")
    shutil.copytree(instance.authd.config["key_dir"], directory)
    for path in [directory, *(os.path.join(directory, name) for name in FILES)]:
        shutil.chown(path, USER, USER)
    instance.authd.config["key_dir"] = directory
    instance.authd.write_config()
    return directory


def assert_private(path, mode):
    info = os.lstat(path)
    assert (stat.S_IMODE(info.st_mode), info.st_uid) == (mode, pwd.getpwnam(USER).pw_uid)


def test_migrate_makes_them_and_leaves_them(server):
    directory = server.authd.config["key_dir"]
    before = {name: read_text(os.path.join(directory, name)) for name in FILES}
    assert sorted(os.listdir(directory)) == FILES
    for name, text in before.items():
        assert_private(os.path.join(directory, name), 0o600)
        assert len(text) == 65 and text.endswith("\n") and len(set(text)) > 8
    server.authd.migrate()
    assert before == {name: read_text(os.path.join(directory, name)) for name in FILES}
    assert before["audit"] != before["pepper"]


def test_a_node_that_has_the_same_files_starts(instance, keys, alice):
    instance.authd.start()
    with instance.connect() as client:
        assert client.login(alice, PASSWORD).command == "OK"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing(instance, keys, name):
    path = os.path.join(keys, name)
    os.unlink(path)
    assert_refuses_to_start(instance.authd, path, "copy it from another node", "--migrate")
    assert sorted(os.listdir(keys)) == [other for other in FILES if other != name]


def test_no_directory(instance, keys):
    shutil.rmtree(keys)
    assert_refuses_to_start(instance.authd, keys, "copy it from another node", "--migrate")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("text", [
    "", "\n", KEY[2:] + "\n", KEY, "zz" * 32 + "\n", "".join(f"{n:064x}\n" for n in range(1, 10)), KEY + "\n" + KEY + "\n",
    "00" * 32 + "\n", KEY + "\r\n",
], ids=["empty", "blank", "short", "cut", "letters", "nine", "twice", "zeros", "crlf"])
def test_a_file_that_holds_no_key(instance, keys, name, text):
    path = os.path.join(keys, name)
    with open(path, "w", encoding="ascii", newline="") as file:
        file.write(text)
    assert_refuses_to_start(instance.authd, path, "does not hold a key", "copy it from another node")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_can_read(instance, keys, name, mode):
    os.chmod(os.path.join(keys, name), mode)
    assert_refuses_to_start(instance.authd, os.path.join(keys, name), "can read", "chmod 600")


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_somebody_else(instance, keys, name):
    path = os.path.join(keys, name)
    os.chmod(path, 0o644)  # otherwise authd could not open the file at all
    os.chown(path, pwd.getpwnam("nobody").pw_uid, 0)
    assert_refuses_to_start(instance.authd, path, "belongs to the user", "chown it")


@pytest.mark.parametrize("name", FILES)
def test_a_symbolic_link(instance, keys, name):
    path = os.path.join(keys, name)
    os.rename(path, f"{path}.real")
    os.symlink(f"{path}.real", path)
    assert_refuses_to_start(instance.authd, path, "symbolic link")


def test_a_directory_that_others_can_change(instance, keys):
    os.chmod(keys, 0o770)
    assert_refuses_to_start(instance.authd, keys, "can change", "chmod 700")


@pytest.mark.parametrize("name", FILES)
def test_a_fifo_is_not_waited_for(instance, keys, name):
    path = os.path.join(keys, name)
    os.unlink(path)
    os.mkfifo(path, 0o600)
    shutil.chown(path, USER, USER)
    assert_refuses_to_start(instance.authd, path, "not a regular file")


@pytest.mark.parametrize("name", FILES)
def test_the_keys_of_another_node(instance, keys, name):
    """The keys are complete and trusted, but wrong: other nodes could not check values made with them."""
    path = os.path.join(keys, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(KEY + "\n")
    assert_refuses_to_start(instance.authd, "database-unusable", f"{name} ", "copy them from the other node")
    done = instance.authd.command("--migrate")
    assert done.returncode == 1 and "copy them from the other node" in done.stdout


def test_migrate_makes_no_key_where_the_database_has_one(instance, keys):
    shutil.rmtree(keys)
    done = instance.authd.command("--migrate")
    assert done.returncode == 1 and "copy it from another node" in done.stdout
    assert not os.path.exists(keys)


def test_a_key_that_is_put_first_by_hand(instance, server, keys, alice):
    """A rotation by hand while authd is stopped: the new key is put before the old one on every node, then --migrate.
    """
    path = os.path.join(keys, "pepper")
    with open(path, "r+", encoding="ascii") as file:
        old = file.read()
        file.seek(0)
        file.write("1" * 64 + "\n" + old)
    assert_refuses_to_start(instance.authd, "database-unusable", "pepper ", "--migrate")
    try:
        instance.authd.migrate()
        instance.authd.start()
        with instance.connect() as client:
            assert client.login(alice, PASSWORD).command == "OK"
        assert server.sql("SELECT count(*) FROM authd.key WHERE kind = 'pepper'") == "2"
    finally:
        server.sql("DELETE FROM authd.key WHERE kind = 'pepper' AND current;"
                   "UPDATE authd.key SET current = true WHERE kind = 'pepper'")


def test_an_embedded_database_has_its_keys_in_state_dir():
    with Authd() as authd:
        directory = os.path.join(authd.state, "keys")
        assert_private(directory, 0o700)
        before = {name: read_text(os.path.join(directory, name)) for name in FILES}
        authd.stop()
        authd.start()
        assert before == {name: read_text(os.path.join(directory, name)) for name in FILES}
