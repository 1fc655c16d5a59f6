-- Limits of reset links: three an hour and ten a day for each user, whatever becomes of the links.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

-- The clock of this test.
CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT current_setting(''tap.now'')::timestamptz';
SELECT clock('2026-03-01 12:00:00+00');

SELECT ask('user_add', jsonb_build_object('login', name || '@mine.example', 'password_hash', '$r$0',
                                          'recovery_address', name || '@home.example'))
  FROM unnest(ARRAY['alice', 'bob']) AS name;

CREATE FUNCTION pg_temp.arguments(token text, name text DEFAULT 'alice') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('user', name || '@mine.example', 'digest', encode(sha256(token::bytea), 'hex'))
$$;
CREATE FUNCTION pg_temp.link(token text, name text DEFAULT 'alice') RETURNS text LANGUAGE sql AS
    'SELECT left(refusal(''reset_link_add'', pg_temp.arguments(token, name)), 8)';
CREATE FUNCTION pg_temp.use(token text) RETURNS text LANGUAGE sql AS $$
    SELECT ask_as('{"kind": "none", "name": "reset link"}', 'reset_use',
                  pg_temp.arguments(token) - 'user' || '{"password_hash": "$r$1"}') ->> 'kind'
$$;
-- The seconds after which a caller may try again, as the exception says.
CREATE FUNCTION pg_temp.wait(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM ask('reset_link_add', pg_temp.arguments(token));
    RETURN NULL;
EXCEPTION WHEN SQLSTATE 'AU429' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END
$$;

-- ---- three an hour

SELECT is(pg_temp.link('a1'), 'answered', 'the first link of an hour');
SELECT later('10 minutes');
SELECT is(pg_temp.link('a2'), 'answered', 'the second');
SELECT is(pg_temp.use('a2'), 'user', 'is used');
SELECT later('10 minutes 0.5 seconds');
SELECT is(verdict('{"kind": "host", "name": "tester"}', 'reset_link_add', pg_temp.arguments('a3')), 'allowed',
    'a third that is rolled back') FROM generate_series(1, 5);
SELECT is(pg_temp.link('a3'), 'answered', 'does not count: the third');
SELECT is(refusal('reset_link_add', pg_temp.arguments('a4')),
    'AU429 alice@mine.example got three reset links within an hour, which is the limit / '
    || 'The next link can be mailed at 2026-03-01T13:00:01Z.', 'the fourth is too much');
SELECT is(pg_temp.wait('a4'), '2400', 'and the refusal says how long: rounded up');
SELECT is(pg_temp.link('b1', 'bob'), 'answered', 'other users have links of their own');

SELECT ask('password_set', '{"user": "alice@mine.example", "password_hash": "$r$2"}');
SELECT is(pg_temp.link('a4'), 'AU429 al', 'a new password changes nothing');
SELECT ask('user_revoke_all', '{"user": "alice@mine.example"}');
SELECT is(pg_temp.link('a4'), 'AU429 al', 'nor does the end of all credentials');
SELECT ask('user_set', '{"user": "alice@mine.example", "changes": {"recovery_address": "alice@other.example"}}');
SELECT is(pg_temp.link('a4'), 'AU429 al', 'nor another recovery address');
SELECT ask('user_set', '{"user": "alice@mine.example", "changes": {"login": "alison@mine.example"}}');
SELECT ask('user_set', '{"user": "alison@mine.example", "changes": {"login": "alice@mine.example"}}');
SELECT is(pg_temp.link('a4'), 'AU429 al', 'nor another login');

SELECT later('39 minutes 59.25 seconds');
SELECT is(pg_temp.wait('a4'), '1', 'a moment before');
SELECT later('0.25 seconds');
SELECT is(pg_temp.link('a4'), 'answered', 'when the first is an hour old, there is one more');
SELECT is(pg_temp.link('a5'), 'AU429 al', 'and no other');

-- ---- a link whose mail could not be handed over

SELECT ask('reset_link_withdraw', pg_temp.arguments('a4'));
SELECT is(pg_temp.link('a5'), 'answered', 'a link that was withdrawn does not count');
SELECT is(left(refusal('reset_link_withdraw', pg_temp.arguments('a3')), 5), 'AU404', 'a link that was replaced');
SELECT is(pg_temp.link('a6'), 'AU429 al', 'cannot be withdrawn, and counts');

-- ---- ten a day

SELECT clock('2026-03-03 00:00:00+00');
CREATE FUNCTION pg_temp.hourly(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM later('1 hour');
    RETURN pg_temp.link('c' || n);
END
$$;
SELECT is(pg_temp.hourly(n), 'answered', 'one an hour: ' || n) FROM generate_series(1, 10) AS n;
SELECT later('1 hour');
SELECT is(refusal('reset_link_add', pg_temp.arguments('c11')),
    'AU429 alice@mine.example got ten reset links within a day, which is the limit / '
    || 'The next link can be mailed at 2026-03-04T01:00:01Z.', 'the eleventh within a day is too much');
SELECT is(pg_temp.wait('c11'), (14 * 3600)::text, 'until the first is a day old');
SELECT later('14 hours');
SELECT is(pg_temp.link('c11'), 'answered', 'which it is now');
SELECT is(pg_temp.link('c12'), 'AU429 al', 'and the second is not');
SELECT is((SELECT count(*)::int FROM authd.reset_mail), 10, 'what is a day old is forgotten, of every user');

-- ---- what is stored about the person

SELECT is(jsonb_array_length(answer -> 'reset_mails') || ' ' || (answer -> 'reset_mails' -> 0 ->> 'created_at'),
    '10 2026-03-03T02:00:00Z', 'the export has the times')
  FROM ask('user_export', '{"user": "alice@mine.example"}') AS answer;
SELECT ask('user_delete', '{"user": "alice@mine.example"}');
SELECT is((SELECT count(*)::int FROM authd.reset_mail), 0, 'they are erased with the user');

SELECT * FROM finish();
ROLLBACK;
