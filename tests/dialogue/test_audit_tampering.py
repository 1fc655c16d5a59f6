"""An attacker who can write in the database, but has no key, cannot change the audit without being found out. The
tests that damage an audit restore what they have damaged."""

import json
import re

import pytest
from audit_site import audit, authctl, blake2b, damaged, flaws, key_of, login, site, tag_of, verify  # noqa: F401 (site is a fixture)
from client import encode
from test_admin import Http


def test_a_whole_audit(site):
    report = verify(site)
    seals = int(site.sql("SELECT count(*) FROM authd.audit_seal"))
    assert (report["rows"], report["seals"]) == (len(site.rows), seals)
    assert (report["flaws"], report["unsealed"], report["erased"], report["expired"]) == ([], 0, 0, 0)
    assert report["anchor"] == site.sql("SELECT number || ' ' || encode(mac, 'hex') FROM authd.audit_seal "
                                        "ORDER BY number DESC LIMIT 1")


@pytest.mark.parametrize("change", [
    "action = 'user_show'", "account = account + 1", "at = at + interval '1 us'", "reference = 'aaaaaaaaaa'",
    "actor_kind = 'session'", "peer = NULL", "subject_digest = NULL", "details = '{}'", "outcome = ''",
    "object_id = '77'", "class = 'login'"])
def test_a_changed_row(site, change):
    row = site.sql("SELECT min(id) FROM authd.audit_event WHERE action = 'user_add'")
    with damaged(site, f"UPDATE authd.audit_event SET {change} WHERE id = {row}"):
        report = verify(site)
        # Without subject_digest, the row in audit_person is a second flaw of the same row. With another time, the
        # rows of one call, of which one added the domain, seem to be of two.
        assert ("changed", int(row)) in flaws(report)
        assert {found for kind, found in flaws(report) if kind != "nonce"} == {int(row)}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert re.search(rf"^row {row} \(.*does not say what it said when it was sealed$", out, re.M)
    assert verify(site)["verified"]


def test_a_refusal_made_a_success(site):
    row = site.sql("SELECT max(id) FROM authd.audit_event WHERE reason = 'wrong-password'")
    with damaged(site, "UPDATE authd.audit_event SET outcome = 'allow', reason = 'good-password' "
                       f"WHERE id = {row}"):
        assert flaws(verify(site)) == {("changed", int(row))}


def test_missing_rows(site):
    first, *_, last = site.rows
    with damaged(site, f"DELETE FROM authd.audit_event WHERE id IN ({first}, {last})"):
        assert flaws(verify(site)) == {("missing", first), ("missing", last)}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert re.search(rf"^row {first} is missing: a change that was sealed at \S+ by seal 1$", out, re.M)


def test_added_rows(site):
    copy = "INSERT INTO authd.audit_event SELECT (jsonb_populate_record(event, '{\"id\": %d}')).* " \
           "FROM authd.audit_event AS event WHERE id = %d"
    with damaged(site, copy % (1000000, site.rows[-1])):
        assert flaws(verify(site)) == {("added", 1000000), ("nonce", site.rows[-1])}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert "row 1000000 (user_suspend, " in out and "is in no seal: it was added" in out


def test_swapped_rows(site):
    """Exchanges the ids of two rows, so that each has the other's text."""
    a, b = site.sql("SELECT min(id) || ' ' || max(id) FROM authd.audit_event WHERE reason = 'good-password'").split()
    swap = "".join(f"UPDATE authd.{table} SET {column} = {new} WHERE {column} = {old};"
                   for table, column in (("audit_event", "id"), ("audit_person", "event"))
                   for old, new in ((a, 3000000), (b, a), (3000000, b)))
    with damaged(site, swap):
        found = flaws(verify(site))  # the older one is too old for the seal of the newer one
        assert found == {("moved", int(a)), ("moved", int(b)), ("time", int(a))}
        out, _ = authctl(site, "audit", "verify", check=1)
        assert f"now says what row {b} said" in out and f"now says what row {a} said" in out


def test_a_renumbered_row(site):
    row = site.rows[3]
    with damaged(site, f"UPDATE authd.audit_event SET id = 2000000 WHERE id = {row};"
                       f"UPDATE authd.audit_person SET event = 2000000 WHERE event = {row}"):
        assert flaws(verify(site)) == {("missing", row), ("added", 2000000)}


def test_side_rows(site):
    changed, gone = site.rows[:2]
    with damaged(site, "UPDATE authd.audit_person SET data = jsonb_set(data, '{name}', '\"mallory\"') "
                       f"WHERE event = {changed} AND part = 'actor';"
                       f"DELETE FROM authd.audit_person WHERE event = {gone} AND part = 'subject'"):
        assert flaws(verify(site)) == {("person-changed", changed), ("person-missing", gone)}
    login_row = site.sql("SELECT min(id) FROM authd.audit_event WHERE class = 'login'")
    with damaged(site, f"INSERT INTO authd.audit_person VALUES ({login_row}, 'actor', '\\x00', '{{}}')"):
        assert flaws(verify(site)) == {("person-changed", int(login_row))}


def test_a_deleted_seal(site):
    rows = json.loads(site.sql("SELECT to_jsonb(ids) FROM authd.audit_seal WHERE number = 2"))
    with damaged(site, "DELETE FROM authd.audit_seal WHERE number = 2"):
        found = flaws(verify(site))
        assert ("seal-missing", 3) in found
        assert {row for kind, row in found if kind == "added"} == set(rows)
        assert "seal 2 is missing" in authctl(site, "audit", "verify", check=1)[0]


def test_the_first_seals(site):
    with damaged(site, "DELETE FROM authd.audit_event WHERE id IN (SELECT unnest(ids) FROM authd.audit_seal "
                       "WHERE number <= 2); DELETE FROM authd.audit_seal WHERE number <= 2"):
        found = flaws(verify(site))
        assert ("seal-missing", 3) in found and {kind for kind, _ in found} == {"seal-missing", "person-added"}


@pytest.mark.parametrize("change", ["at = at + 1", "class = 'login'", "mac = sha256(mac)", "count = count + 1",
                                    "previous = sha256(previous)", "list = sha256(list)", "key = '00000000'"])
def test_a_changed_seal(site, change):
    with damaged(site, f"UPDATE authd.audit_seal SET {change} WHERE number = 1"):
        report = verify(site)
        assert {("seal-changed", 1), ("seal-key", 1)} & flaws(report)
        assert {flaw["seal"] for flaw in report["flaws"]} == {1}


def test_a_row_taken_with_its_place_in_the_list(site):
    """The seal no longer lists the row, but its MAC does not fit."""
    row = site.rows[0]
    with damaged(site, f"UPDATE authd.audit_seal SET count = count - 1, ids = array_remove(ids, {row}), "
                       f"digests = substr(digests, 33) WHERE ids[1] = {row};"
                       f"DELETE FROM authd.audit_event WHERE id = {row}"):
        assert ("seal-changed", 1) in flaws(verify(site))


def seal_mac(seal, key):
    return blake2b("authd audit seal 1\n" + "".join(
        f"{name}={seal[name]}\n" for name in ("number", "at", "drained", "count", "class", "previous", "list")), key=key)


def seals_of(server):
    return json.loads(server.sql(
        "SELECT jsonb_agg(to_jsonb(seal) || jsonb_build_object('mac', encode(mac, 'hex'), "
        "'previous', encode(previous, 'hex'), 'list', encode(list, 'hex'), 'texts', (SELECT jsonb_agg("
        "authd.audit_text(event) ORDER BY n) FROM unnest(ids) WITH ORDINALITY AS item (id, n) "
        "JOIN authd.audit_event AS event USING (id))) ORDER BY number) FROM authd.audit_seal AS seal"))


def test_the_chain_checks_without_authd(site):
    """Recomputes the chain as docs/audit.md describes."""
    previous = "0" * 64
    for seal in seals_of(site):
        lines = "".join(f"{row}:{blake2b(text)}\n" for row, text in zip(seal["ids"], seal["texts"]))
        assert seal["list"] == blake2b(lines)
        assert seal["previous"] == previous
        previous = seal["mac"] = seal_mac(seal, key_of(site))
    assert verify(site)["anchor"].endswith(previous)
    tags = json.loads(site.sql("SELECT jsonb_agg(ARRAY[authd.audit_call_text(event), encode(tag, 'hex')]) "
                               "FROM authd.audit_event AS event"))
    assert [tag_of(text, key_of(site)) for text, _ in tags] == [tag for _, tag in tags]


def test_a_chain_made_anew_without_the_key(site):
    """An attacker changes a row, and seals all that follows anew with a key of his own."""
    row = site.rows[0]
    text = "(SELECT authd.audit_text(event) FROM authd.audit_event AS event WHERE id = %d)" % row
    with damaged(site, f"UPDATE authd.audit_event SET action = 'nothing' WHERE id = {row}"):
        digest = blake2b(site.sql(f"SELECT {text}"))
        previous, statements = "0" * 64, []
        for seal in seals_of(site):
            digests = [digest if one == row else blake2b(other) for one, other in zip(seal["ids"], seal["texts"])]
            seal["previous"] = previous
            seal["list"] = blake2b("".join(f"{one}:{it}\n" for one, it in zip(seal["ids"], digests)))
            previous = seal_mac(seal, b"k" * 32)
            statements.append(
                f"UPDATE authd.audit_seal SET mac = '\\x{previous}', previous = '\\x{seal['previous']}', "
                f"list = '\\x{seal['list']}', digests = '\\x{''.join(digests)}' WHERE number = {seal['number']};")
        site.sql("".join(statements))
        assert {kind for kind, _ in flaws(verify(site))} >= {"seal-changed"}
        assert {seal for kind, seal in flaws(verify(site)) if kind == "seal-changed"} == {
            seal["number"] for seal in seals_of(site)}


def test_a_truncated_end(site, tmp_path):
    anchor = tmp_path / "anchor"
    anchor.write_text(authctl(site, "audit", "verify")[0])
    assert verify(site, "--anchor", str(anchor))["verified"]
    last = int(anchor.read_text().split()[0])
    with damaged(site, "DELETE FROM authd.audit_event WHERE id IN (SELECT unnest(ids) FROM authd.audit_seal "
                       f"WHERE number = {last}); DELETE FROM authd.audit_seal WHERE number = {last}"):
        out, _ = authctl(site, "audit", "verify", "--anchor", str(anchor), check=1)
        assert f"the chain ends with seal {last - 1}, but the anchor has seal {last}: its end is gone" in out
        # The node's own heads file shows the loss, too.
        assert f"but this node's audit-heads has seal {last}" in authctl(site, "audit", "verify", check=1)[0]
    assert verify(site, "--anchor", str(anchor))["verified"]


def test_anchors(site, tmp_path):
    number, mac = verify(site)["anchor"].split()
    anchor = tmp_path / "anchor"
    for text, kind in ((f"{number} {'0' * 64}\n", "anchor"), (f"{int(number) + 5} {mac}\n", "anchor")):
        anchor.write_text(text)
        assert {found for found, _ in flaws(verify(site, "--anchor", str(anchor)))} == {kind}
    anchor.write_text(f"1 {'0' * 64}\n{number} {mac}\n")  # the last line counts
    assert verify(site, "--anchor", str(anchor))["verified"]
    anchor.write_text("not an anchor\n")
    refused = site.authd.authctl("audit", "verify", "--anchor", str(anchor), check=False)
    assert refused.status == 1 and "is not a text that authd returned" in refused.json["detail"]
    anchor.write_text("\n")
    assert "holds no anchor" in authctl(site, "audit", "verify", "--anchor", str(anchor), check=2)[1]


def test_a_report_in_pieces(site):
    """A long check answers in pieces; each piece says where the next begins."""
    with Http(site.authd.http) as client:
        def ask(body):
            text = json.dumps(body)
            client.socket.sendall(f"POST /v1/audit/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                                  f"\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            return client.response()
        first = site.sql("SELECT encode(mac, 'hex') FROM authd.audit_seal WHERE number = 1")
        status, report = ask({"after": f"seal 1 {first}"})
        assert (status, report["verified"], report["rows"]) == (
            200, True, len(site.rows) - int(site.sql("SELECT count FROM authd.audit_seal WHERE number = 1")))
        status, report = ask({"after": "seal 1 " + "0" * 64})
        assert (status, flaws(report)) == (200, {("seal-changed", 2)})
        status, report = ask({"after": f"row {site.rows[-1]}"})
        assert (status, report["verified"], report["rows"], report["complete"]) == (200, True, 0, True)
        for after in ("row", "row x", "seal 1", "everything"):
            assert ask({"after": after})[0] == 422
