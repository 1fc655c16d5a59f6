-- The audit: its rows are recorded, queued, sealed, erased and expired.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(85);
CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+02');

CREATE TEMP VIEW recorded AS
    SELECT event.id, event.at, event.class, event.action, event.kind, event.object_id, event.account,
           event.domain, event.actor, event.reference, event.subject_digest, event.actor_digest,
           subject.data AS subject, actor.data AS who
      FROM authd.audit_event AS event
      LEFT JOIN authd.audit_person AS subject ON subject.event = event.id AND subject.part = 'subject'
      LEFT JOIN authd.audit_person AS actor ON actor.event = event.id AND actor.part = 'actor';
CREATE FUNCTION pg_temp.last() RETURNS recorded LANGUAGE sql AS
    'SELECT recorded FROM recorded ORDER BY id DESC LIMIT 1';

-- Seals the waiting rows as a node does, but without the key, which the database never gets.
CREATE FUNCTION pg_temp.seal_of(bound int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('number', min(number), 'previous', min(previous), 'class', min(class),
        'at', min(at), 'drained', min(drained), 'list', repeat('ab', 32), 'key', '0123abcd',
        'mac', encode(sha256(convert_to(min(number)::text, 'UTF8')), 'hex'),
        'ids', jsonb_agg(listed), 'digests', string_agg(repeat('cd', 32), ''),
        'pending', jsonb_agg(DISTINCT pending))
      FROM authd.audit_unsealed(bound) HAVING count(*) > 0
$$;
CREATE FUNCTION pg_temp.seal_all() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    seals int := 0;
    seal  jsonb;
BEGIN
    LOOP
        seal := pg_temp.seal_of(1000);
        EXIT WHEN seal IS NULL OR NOT authd.audit_seal_put(seal);
        seals := seals + 1;
    END LOOP;
    RETURN seals;
END
$$;
CREATE FUNCTION pg_temp.logins(number bigint, logins jsonb, lost int DEFAULT 0) RETURNS int
LANGUAGE sql AS $$
    SELECT authd.audit_logins(jsonb_build_object('node', 'n', 'number', number, 'lost', lost,
                                                 'logins', logins), 500, NULL)
$$;

-- changes
SELECT ask('user_add', '{"login": "alice@example.org", "password_hash": "$x$1", "display_name": "Alice"}');
SELECT is((pg_temp.last()).action, 'user_add', 'a change is recorded');
SELECT is((pg_temp.last()).account, id_of('alice@example.org'), 'with whom it concerns');
SELECT is((pg_temp.last()).domain, domain_id('example.org'), 'and the domain');
SELECT is((pg_temp.last()).at, '2026-03-01 10:00:00+00'::timestamptz, 'by the clock of authd.now()');
SELECT is((pg_temp.last()).subject -> 'before', NULL, 'created: there is no before');
SELECT is((pg_temp.last()).subject -> 'after' ->> 'display_name', 'Alice', 'and all of it after');
SELECT is((pg_temp.last()).subject ->> 'user', 'alice@example.org', 'its name is in the side row');
SELECT isnt((pg_temp.last()).who ->> 'name', NULL, 'as the name of who acted');
SELECT is_empty($$ SELECT 1 FROM authd.audit_event AS event WHERE event::text LIKE '%lice%' $$,
    'and nothing of it in the row');
SELECT is((pg_temp.last()).subject_digest, authd.audit_digest(salt, data), 'but a digest')
  FROM authd.audit_person WHERE event = (pg_temp.last()).id AND part = 'subject';
SELECT ask('user_set', '{"user": "alice@example.org", "changes": {"display_name": "A."}}');
SELECT is((pg_temp.last()).subject - ARRAY['user', 'object'],
    '{"before": {"display_name": "Alice"}, "after": {"display_name": "A."}}', 'only what differs');
SELECT ask('password_set', '{"user": "alice@example.org", "password_hash": "$x$2"}');
SELECT is_empty($$ SELECT 1 FROM authd.audit_person AS person WHERE person::text LIKE '%$x$%' $$,
    'no hash is recorded');
SELECT is(authd.audit_change('{"secret": "s", "a": 1, "b": 2}', '{"secret": "t", "a": 1, "b": 3, "hash": "h"}'),
    '{"before": {"b": 2}, "after": {"b": 3}}', 'nor a secret');
SELECT ask('domain_add', '{"name": "empty.example"}');
SELECT is((pg_temp.last()).object_id, domain_id('empty.example')::text, 'the id of what is nobody''s');
SELECT ask('domain_delete', '{"domain": "empty.example"}');
SELECT is((pg_temp.last()).domain, (pg_temp.last()).object_id::bigint, 'the domain of a deleted domain');

-- many changes at once
SELECT authd.audit_put_many('{"kind": "host", "name": "root", "reference": "many"}', 'import', (
    SELECT jsonb_agg(jsonb_build_object('after', jsonb_build_object(
        'kind', 'user', 'id', n::text, 'login', 'u' || n || '@example.org', 'domain', 'example.org')))
      FROM generate_series(5001, 6000) AS n));
SELECT is((SELECT count(*)::int FROM recorded WHERE reference = 'many' AND domain = domain_id('example.org')
              AND subject ->> 'user' = 'u' || account || '@example.org'
              AND who ->> 'name' = 'root'), 1000, '1,000 changes in one statement');
SELECT is((SELECT cardinality(events) FROM authd.audit_pending ORDER BY id DESC LIMIT 1), 1000,
    'and one entry in the queue');
SELECT authd.audit_put_many('{}', 'pieces', (SELECT jsonb_agg('{"after": {"kind": "x", "id": "1"}}'::jsonb)
    FROM generate_series(1, 2500)));
SELECT is((SELECT array_agg(cardinality(events) ORDER BY id DESC) FROM (
    SELECT * FROM authd.audit_pending ORDER BY id DESC LIMIT 3) AS last), ARRAY[500, 1000, 1000],
    'in pieces that a seal can hold');
SELECT authd.audit_put_many('{}', 'import', '[]');
SELECT is((SELECT cardinality(events) FROM authd.audit_pending ORDER BY id DESC LIMIT 1), 500, 'none is fine');

-- logins
SELECT is(pg_temp.logins(1, jsonb_build_array(
    jsonb_build_object('age', 1000, 'outcome', 'allow', 'reason', 'good-password', 'user', 'alice@example.org',
        'account', id_of('alice@example.org'), 'credential', '#p2', 'client', '192.0.2.1', 'peer', 'unix:0',
        'service', 'smtp', 'mechanism', 'PLAIN', 'front', 'dovecot', 'tls', true, 'count', 3),
    '{"age": 0, "outcome": "deny", "reason": "unknown-user", "user": "nobody@example.org", "account": 0,
      "reference": "deny1", "tls": false, "count": 1}'::jsonb,
    '{"age": 0, "outcome": "tempfail", "reason": "database-down", "user": "alice@example.org",
      "account": 0, "tls": false, "count": 1}'::jsonb,
    '{"age": 0, "outcome": "deny", "reason": "bad-name", "user": "b\"ad", "account": 0, "tls": false, "count": 1}'::jsonb,
    '{"age": 0, "outcome": "deny", "reason": "wrong-password", "user": "gone@example.org",
      "account": 999999, "tls": false, "count": 1}'::jsonb)), 5, 'logins are recorded');
SELECT results_eq($$ SELECT account, subject, domain FROM recorded WHERE class = 'login' ORDER BY id $$,
    $$ VALUES (id_of('alice@example.org'), '{"user": "alice@example.org", "client": "192.0.2.1"}'::jsonb,
               domain_id('example.org')),
              (NULL, '{"claimed": "nobody@example.org"}', domain_id('example.org')),
              (id_of('alice@example.org'), '{"user": "alice@example.org"}', domain_id('example.org')),
              (NULL, '{"claimed": "b\"ad"}', NULL),
              (999999, NULL, NULL) $$,
    'by name, if they came before their user was known; nothing of who was deleted meanwhile');
SELECT is((SELECT at FROM recorded WHERE class = 'login' ORDER BY id LIMIT 1),
    '2026-03-01 09:59:58.5+00'::timestamptz, 'at their time');
SELECT is(pg_temp.logins(1, '[{"age": 0, "outcome": "deny", "account": 0, "count": 1}]'), NULL,
    'a batch counts once');
SELECT is(pg_temp.logins(2, '[]', 17), 0, 'an empty batch');
SELECT is((SELECT details FROM authd.audit_event WHERE action = 'audit_lost'),
    '{"logins": 17, "node": "n"}', 'says what is lost');
SELECT is(current_setting('synchronous_commit'), 'off', 'and waits for no disk');
SELECT is(as_service($$ SELECT authd.audit_logins('{"node": "m", "number": 1, "lost": 0, "logins": []}', 0, NULL) $$),
    'allowed', 'authd may record logins');
SELECT is(as_service(format('SELECT %s', call)), '42501', format('but not call %s', call)) FROM (VALUES
    ('authd.audit_put(''{}'', ''x'', NULL, ''{}'')'), ('authd.audit_put_many(''{}'', ''x'', ''[]'')'),
    ('authd.audit_erase(1)'), ('authd.audit_own(''x'', 1, NULL)')) AS calls (call);
SELECT is(as_service(format('DELETE FROM authd.%I', name)), '42501', format('nor delete from %s', name))
  FROM unnest(ARRAY['audit_event', 'audit_person', 'audit_seal', 'audit_pending']) AS name;

-- reading
CREATE FUNCTION pg_temp.found(filter jsonb, reach bigint[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(value ->> 'action' || coalesce(' ' || (value ->> 'reason'), ''), ', ')
      FROM jsonb_array_elements(authd.audit_list('{}', reach, filter) -> 'items')
$$;
SELECT is(pg_temp.found(filter::jsonb), expected, filter) FROM (VALUES
    ('{"user": "alice@example.org", "limit": 3}',
     'login database-down, login good-password, password_set'),
    ('{"user": "alice@example.org", "sort": "id", "limit": 2}', 'user_add, user_set'),
    ('{"user": "nobody@example.org"}', 'login unknown-user'),
    ('{"user": "999999"}', 'login wrong-password'),
    ('{"action": "login", "outcome": "allow"}', 'login good-password'),
    ('{"action": "user_set"}', 'user_set'),
    ('{"reference": "deny1"}', 'login unknown-user'),
    ('{"match": "192.0.2"}', 'login good-password'),
    ('{"match": "NOBODY"}', 'login unknown-user'),
    ('{"match": "%"}', NULL),
    ('{"since": "2026-03-01T09:59:58Z", "until": "2026-03-01T09:59:59Z"}', 'login good-password'),
    ('{"domain": "example.org", "action": "user_set"}', 'user_set'),
    ('{"domain": "none.example"}', NULL),
    ('{"actor": "nobody"}', NULL)) AS filters (filter, expected);
SELECT is(pg_temp.found('{"action": "login"}', ARRAY[domain_id('example.org')]),
    'login database-down, login unknown-user, login good-password', 'a domain''s administrator sees its rows');
SELECT is(pg_temp.found('{}', '{}'), NULL, 'and nobody those of no domain');
SELECT is(refusal('audit_list', '{"since": "yesterday"}'),
    'AU422 since is not a time / Write it like 2026-03-01T12:00:00Z.', 'a time must be one');
SELECT is((SELECT array_agg(DISTINCT value ->> 'user') FROM jsonb_array_elements(
    authd.activity_list('{"role": "admin"}', NULL, '{"user": "alice@example.org"}') -> 'items')),
    ARRAY['alice@example.org'], 'activity is about one user');
WITH first AS (SELECT authd.audit_list('{}', NULL, '{"limit": 7}') AS page),
     second AS (SELECT authd.audit_list('{}', NULL, jsonb_build_object('limit', 7, 'after', page -> 'next')) AS page
                  FROM first)
SELECT is((SELECT count(DISTINCT value ->> 'id')::int
             FROM (SELECT page FROM first UNION ALL SELECT page FROM second) AS pages,
                  jsonb_array_elements(page -> 'items')), 14, 'pages do not overlap');

-- sealing
SELECT is((SELECT count(DISTINCT class)::int FROM authd.audit_unsealed(100000)), 1, 'a seal has one class');
SELECT cmp_ok((SELECT count(*)::int FROM authd.audit_unsealed(20)), '<=', 20, 'and a bound');
CREATE TEMP TABLE early AS SELECT pg_temp.seal_of(1000) AS seal;
SELECT cmp_ok(pg_temp.seal_all(), '>', 1, 'what waits is sealed');
SELECT is((authd.audit_state() ->> 'pending')::int, 0, 'all of it');
SELECT is(authd.audit_seal_put(seal), false, 'a second node with the same rows is late') FROM early;
SELECT is((authd.audit_unlisted(NULL, 100000) -> 'rows')::text, '[]', 'each row is in a seal');
INSERT INTO authd.audit_event (class, action) VALUES ('change', 'forged');
SELECT is(authd.audit_unlisted(NULL, 100000) -> 'rows' -> 0 ->> 'action', 'forged', 'a row in none is found');
DELETE FROM authd.audit_event WHERE action = 'forged';

-- tags, and what no tag explains
CREATE FUNCTION pg_temp.call(n int, bound int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('nonce', repeat(n::text, 32), 'arguments', repeat('a', 32), 'rows', bound,
        'waited', 7, 'tag', repeat('b', 32),
        'own', jsonb_build_object('rows', 1, 'tag', repeat('c', 32)))
$$;
CREATE FUNCTION pg_temp.newest(action text) RETURNS authd.audit_event LANGUAGE sql AS $$
    SELECT event FROM authd.audit_event AS event WHERE event.action = newest.action ORDER BY id DESC LIMIT 1
$$;
CREATE FUNCTION pg_temp.flaw(n int) RETURNS text LANGUAGE sql AS $$
    SELECT flaw FROM authd.audit_nonces(ARRAY[decode(repeat(n::text, 32), 'hex')])
$$;
SELECT authd.audit_call_begin('user_set', pg_temp.call(1, 1));
SELECT authd.audit_put('{"kind": "host", "peer": "unix:0", "via": "ctl", "reference": "r"}', 'user_set', NULL,
                       '{"id": "1"}');
SELECT is(authd.audit_call_text(pg_temp.newest('user_set')),
    format('["change", "%s", "user_set", "%s", 1, 7, "host", null, null, "ctl", "unix:0", "r"]',
           repeat('1', 32), repeat('a', 32)), 'the tag covers call and actor');
SELECT is((pg_temp.newest('user_set')).tag, decode(repeat('b', 32), 'hex'), 'and the row stores the tag');
SELECT authd.audit_own('audit_erase', 1, '{}');
SELECT is(authd.audit_call_text(pg_temp.newest('audit_erase')),
    format('["change", "%s", "user_set", "%s", 1, 7, "authd", null, null, null, null, null]',
           repeat('1', 32), repeat('a', 32)), 'rows of authd itself have another actor');
SELECT is((pg_temp.newest('audit_erase')).tag, decode(repeat('c', 32), 'hex'), 'and another tag');
SELECT is(pg_temp.flaw(1), NULL, 'rows of two actions of one call');
SELECT authd.audit_put('{"kind": "host"}', 'user_set', NULL, '{"id": "2"}');
SELECT is(pg_temp.flaw(1), 'rows', 'more rows than the call wrote');
SELECT authd.audit_call_begin('domain_revoke_all', pg_temp.call(2, NULL));
SELECT authd.audit_put('{"kind": "host"}', 'user_revoke_all', NULL, format('{"id": "%s"}', n)::jsonb)
  FROM generate_series(1, 2) AS n;
SELECT is(pg_temp.flaw(2), NULL, 'as many as the call found');
SELECT later('1 second');
SELECT authd.audit_put('{"kind": "host"}', 'user_revoke_all', NULL, '{"id": "3"}');
SELECT is(pg_temp.flaw(2), 'calls', 'but at one time');
SELECT authd.audit_call_begin('user_set', NULL);
SELECT authd.audit_put('{"kind": "host"}', 'user_set', NULL, '{"id": "3"}');
SELECT is((pg_temp.newest('user_set')).tag, NULL, 'without a call there is no tag');
SELECT is((SELECT bool_or(drained = at) FROM authd.audit_unsealed(1)), false, 'a seal that leaves rows');
SELECT is((SELECT bool_and(drained = at) FROM authd.audit_unsealed(100000)), true, 'a seal that takes all');
UPDATE authd.audit_event SET at = authd.now() + interval '59 seconds' WHERE id = (pg_temp.newest('user_set')).id;
SELECT is((SELECT max(at) FROM authd.audit_unsealed(100000)), authd.audit_micros(authd.now() + interval '59 seconds'),
    'a row from before the clock was set back is not younger than its seal');
UPDATE authd.audit_event SET at = authd.now() + interval '2 minutes' WHERE id = (pg_temp.newest('user_set')).id;
SELECT is((SELECT max(at) FROM authd.audit_unsealed(100000)), authd.audit_micros(authd.now()),
    'but a row that is younger by more is');
SELECT is(authd.audit_micros('infinity'), 9223372036854775807, 'an infinite time is no error');
SELECT throws_ok($$ INSERT INTO authd.audit_event (id, class, action) VALUES (0, 'change', 'x') $$, '23514');
SELECT pg_temp.seal_all();

-- erasure
SELECT ask('user_delete', '{"user": "alice@example.org"}');
SELECT is_empty($$ SELECT 1 FROM authd.audit_person AS person WHERE person::text LIKE '%lice%' $$,
    'nothing tells who was deleted');
SELECT is((SELECT array_agg(DISTINCT subject) FROM authd.audit_rows(1, 100)
            WHERE subject NOT IN ('none', 'kept')), ARRAY['erased'], 'and that reads erased');
DELETE FROM authd.audit_person WHERE event = (SELECT id FROM authd.audit_event WHERE reference = 'deny1');
SELECT is((SELECT subject FROM authd.audit_rows(1, 100)
            WHERE listed = (SELECT id FROM authd.audit_event WHERE reference = 'deny1')), 'gone',
    'what nobody erased is missing');

-- expiry
SELECT is(as_service($$ SELECT authd.audit_expire('login', 3600, 100, NULL) $$), 'AU422', 'not within a day');
SELECT is(authd.audit_expire('login', 86400, 100, NULL), 0, 'nothing is old yet');
SELECT later('2 days');
SELECT cmp_ok(authd.audit_expire('login', 86400, 100, NULL), '>', 0, 'old logins go');
SELECT is((SELECT count(*)::int FROM authd.audit_event WHERE class = 'login'), 0, 'all of them');
SELECT cmp_ok(authd.audit_horizon('login'), '>', (SELECT max(at) FROM authd.audit_seal WHERE class = 'login'),
    'it is recorded up to when');
SELECT is(authd.audit_prune(1000, NULL), 0, 'seals stay while an older change is kept');

SELECT * FROM finish();
ROLLBACK;
