-- Notices: which node sends them, how often, and to which address.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');

SELECT ask('user_add', '{"login": "a@one.example"}');
SELECT ask('user_add', '{"login": "b@one.example", "recovery_address": "b@home.example"}');
SELECT ask('user_add', '{"login": "robot@one.example", "service": true}');

CREATE FUNCTION pg_temp.taken(bound int DEFAULT 10) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s to %s', login, kind, mail_to), ', ' ORDER BY id) FROM authd.notices_take(bound)
$$;
CREATE FUNCTION pg_temp.put(name text, kind text DEFAULT 'totp-removed', details jsonb DEFAULT '{}') RETURNS void
LANGUAGE sql AS $$
    SELECT authd.notice_put(id_of(name), kind, details)
$$;
CREATE FUNCTION pg_temp.ids() RETURNS bigint[] LANGUAGE sql AS 'SELECT array_agg(id) FROM authd.notice';

-- The address.
SELECT pg_temp.put(name) FROM unnest(ARRAY['a@one.example', 'b@one.example']) AS name;
SELECT pg_temp.put('b@one.example', 'totp-enrolled', '{"mail_to": "old@home.example"}');
SELECT is(pg_temp.taken(), 'a@one.example totp-removed to a@one.example, b@one.example totp-removed to b@home.example, '
    'b@one.example totp-enrolled to old@home.example', 'the address on file, or the login, or the one that is named');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE sent_at IS NULL), 3, 'they are not sent yet');

-- The address is fixed when the notice is made, even if the user's address changes before it is sent.
SELECT pg_temp.put('b@one.example', 'app-password');
SELECT ask('user_set', '{"user": "b@one.example", "changes": {"recovery_address": "thief@away.example"}}');
SELECT is(pg_temp.taken(), 'b@one.example app-password to b@home.example, '
    'b@one.example recovery-address to b@home.example', 'not where somebody would have it sent');
DELETE FROM authd.notice WHERE kind IN ('app-password', 'recovery-address');
SELECT ask('user_set', '{"user": "b@one.example", "changes": {"recovery_address": "b@home.example"}}');
DELETE FROM authd.notice WHERE kind = 'recovery-address';

-- How often a notice is tried.
SELECT is(pg_temp.taken(), NULL, 'what one node sends no other takes');
SELECT later('59 seconds');
SELECT is(pg_temp.taken(), NULL, 'for a minute');
SELECT later('1 second');
SELECT is(pg_temp.taken(1), 'a@one.example totp-removed to a@one.example', 'then another may, as many as it wants');
SELECT is(pg_temp.taken(1), 'b@one.example totp-removed to b@home.example', 'the next one');
SELECT authd.notices_done(pg_temp.ids());
SELECT later('1 hour');
SELECT is(pg_temp.taken(), NULL, 'what was sent is not sent again');

SELECT pg_temp.put('a@one.example');
SELECT is(pg_temp.taken(), 'a@one.example totp-removed to a@one.example', 'a new one');
SELECT authd.notices_failed(pg_temp.ids());
SELECT later('29 seconds');
SELECT is(pg_temp.taken(), NULL, 'one that failed is not due at once');
SELECT later('1 second');
SELECT isnt(pg_temp.taken(), NULL, 'but after 30 seconds');
SELECT authd.notices_failed(pg_temp.ids());
SELECT later('59 seconds');
SELECT is(pg_temp.taken(), NULL, 'then not so soon');
SELECT later('1 second');
SELECT isnt(pg_temp.taken(), NULL, 'but after a minute');
UPDATE authd.notice SET attempts = 10000 WHERE sent_at IS NULL;
SELECT authd.notices_failed(pg_temp.ids());
SELECT later('1 hour');
SELECT isnt(pg_temp.taken(), NULL, 'and after an hour however often');
SELECT authd.notices_failed(pg_temp.ids());
SELECT is(pg_temp.taken(), NULL, 'what failed is nobody''s until then');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE sent_at IS NOT NULL), 3, 'failing takes back nothing that was sent');

-- A notice expires.
SELECT is((SELECT count(*)::int FROM authd.notices_expire(100)), 0, 'nothing is old');
SELECT clock('2026-03-02 14:00:00+00');
SELECT is(pg_temp.taken(), NULL, 'after a day nothing is sent');
SELECT is((SELECT string_agg(concat_ws(' ', login, kind, attempts), ', ') FROM authd.notices_expire(100)),
    'a@one.example totp-removed 10001', 'what never went out is returned');
SELECT is((SELECT count(*)::int FROM authd.notice), 0, 'and all is forgotten');

-- How many notices are kept and sent.
SELECT pg_temp.put('a@one.example') FROM generate_series(1, 30);
SELECT pg_temp.put('a@one.example', 'totp-locked');
SELECT is((SELECT string_agg(format('%s %s', kind, count), ', ' ORDER BY kind) FROM (
    SELECT kind, count(*) FROM authd.notice GROUP BY kind) AS kinds), 'totp-locked 1, totp-removed 10',
    'ten of a kind');
SELECT authd.notices_done(pg_temp.ids());
SELECT later('23 hours');
SELECT pg_temp.put('a@one.example');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE sent_at IS NULL), 0, 'a day');
SELECT later('1 hour');
SELECT pg_temp.put('a@one.example');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE sent_at IS NULL), 1, 'not more');
DELETE FROM authd.notice;

-- The events that make a notice.
CREATE FUNCTION pg_temp.last_notice() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM authd.notice RETURNING *)
    SELECT string_agg(format('%s %s %s', login, kind, details), ', ' ORDER BY gone.id)
      FROM gone JOIN authd.account ON account.id = gone.account
$$;
CREATE FUNCTION pg_temp.app_password(name text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('user', name, 'label', 'Scanner', 'credential', authd.credential_id(), 'verifier',
        encode(sha256(name::bytea), 'hex'), 'key', '0123abcd', 'selector', 'abcdefg' || left(name, 1))
$$;
SELECT ask('app_password_add', pg_temp.app_password('a@one.example'));
SELECT is(pg_temp.last_notice(), 'a@one.example app-password {"by": "an administrator of the mail server", "label": "Scanner"}',
    'an app password');
SELECT ask_as(signed_in('b@one.example'), 'app_password_add', pg_temp.app_password('b@one.example'),
    '{"client": "192.0.2.9", "self": true}');
SELECT is(pg_temp.last_notice(), 'b@one.example app-password {"by": "b@one.example", "label": "Scanner", "client": "192.0.2.9"}',
    'by oneself');
SELECT ask('app_password_add', pg_temp.app_password('robot@one.example'));
SELECT is(pg_temp.last_notice(), NULL, 'a program has no mailbox');
SELECT ask('user_set', '{"user": "robot@one.example", "changes": {"recovery_address": "keeper@home.example"}}');
SELECT is(pg_temp.last_notice(), NULL, 'the first recovery address, by an administrator');
SELECT ask('app_password_add', pg_temp.app_password('robot@one.example')
    || jsonb_build_object('selector', 'abcdefg2'));
SELECT is(pg_temp.last_notice(), 'robot@one.example app-password {"by": "an administrator of the mail server", "label": "Scanner"}',
    'its recovery address has one');
SELECT ask('user_set', '{"user": "b@one.example", "changes": {"recovery_address": null}}');
SELECT is(pg_temp.last_notice(), 'b@one.example recovery-address {"by": "an administrator of the mail server", "mail_to": "b@home.example"}',
    'another recovery address: the old one is notified');
SELECT ask_as(signed_in('b@one.example'), 'user_set',
    '{"user": "me", "changes": {"recovery_address": "thief@home.example"}}', '{"self": true}');
SELECT is(pg_temp.last_notice(), 'b@one.example recovery-address {"by": "b@one.example", "mail_to": "b@one.example"}',
    'the first one, by oneself: the login is notified');
SELECT ask('user_set', '{"user": "b@one.example", "changes": {"display_name": "B"}}');
SELECT is(pg_temp.last_notice(), NULL, 'nothing else is');

-- A notice that no server can take.
DELETE FROM authd.notice;
SELECT pg_temp.put('a@one.example', 'totp-enrolled');
SELECT isnt(pg_temp.taken(), NULL, 'a notice that no server can take');
SELECT authd.notices_undeliverable(pg_temp.ids());
SELECT later('23 hours 59 minutes');
SELECT is(pg_temp.taken(), NULL, 'is not tried again');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE kind = 'totp-enrolled' AND account = id_of('a@one.example')), 1,
    'but counts for a day');
SELECT later('1 minute');
SELECT is((SELECT count(*)::int FROM authd.notices_expire(100) WHERE kind = 'totp-enrolled'), 1, 'and is given up then');

SELECT * FROM finish();
ROLLBACK;
