"""Notices while no mail server accepts them, or while authd ends; no other test sends mail here."""

import threading

from harness.private import free_ports, wait_until
from harness.sink import Sink
from test_notices import Node, make_node


def test_a_server_that_was_away_gets_it_when_it_is_there(instance):
    """Nothing else is delayed by the mail that waits."""
    port = free_ports()[0]
    instance.authd.config["mail"] = {"from": "postmaster@example.org", "server": f"smtp://127.0.0.1:{port}"}
    instance.authd.write_config()
    instance.authd.start()
    node = Node(instance.authd, instance.postgres)
    login, address = node.new_reader()
    node.sql("DELETE FROM authd.notice")
    node.add(login)
    wait_until(lambda: node.rows(login, "max(attempts)") == "1", 20, "the first try")
    assert node.is_serving(login)
    with Sink(port) as late:
        wait_until(lambda: node.sql("UPDATE authd.notice SET taken_until = NULL RETURNING 1") and late.to(address),
                   30, "the mail")
        node.wait_sent(login)
        assert len(late.to(address)) == 1


def test_without_mail_settings_nothing_is_tried(server):
    """The mail waits up to a day for a node with mail settings."""
    login = server.new_user()
    Node.add(server, login)
    assert Node.rows(server, login, "max(attempts)") == "0"
    assert not [event for event in server.authd.events("notice") if event["user"] == login]


def test_stopping_leaves_none_half_done(server):
    """Mail that was handed to the server is recorded as sent before authd ends."""
    with Sink() as sink:
        node = make_node(server, sink.url)
        with node.authd:
            node.sql("DELETE FROM authd.notice")
            users = [node.new_reader() for _ in range(30)]
            adding = [threading.Thread(target=node.add, args=(login,)) for login, _ in users]
            for thread in adding:
                thread.start()
            for thread in adding:
                thread.join()
            wait_until(lambda: sink.mails, 20, "the first mail")
            node.authd.stop()
        sent = int(node.sql("SELECT count(*) FROM authd.notice WHERE sent_at IS NOT NULL"))
        assert sent == len(sink.mails)
