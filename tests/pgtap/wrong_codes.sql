-- The count of wrong codes over 24 hours, which right codes do not clear, and its notice.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

-- The clock of this test.
CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT current_setting(''tap.now'')::timestamptz';
SELECT clock('2026-06-01 12:00:00Z');

SELECT ask('user_add', jsonb_build_object('login', name || '@example.org', 'password_hash', '$r$0'))
  FROM unnest(ARRAY['alice', 'bob', 'carol', 'dave']) AS name;
INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
    SELECT id, authd.credential_id(), '$cipher$00000000$x', 'SHA1', 6, 100 FROM authd.account;
INSERT INTO authd.recovery_code (account, verifier, key)
    SELECT id, sha256(('r' || n)::bytea), '0123abcd' FROM authd.account, generate_series(1, 10) AS n;

CREATE FUNCTION pg_temp.digest(code text) RETURNS text LANGUAGE sql AS
    'SELECT encode(sha256(code::bytea), ''hex'')';
CREATE FUNCTION pg_temp.take(name text, step bigint, code text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT authd.factor_take(account.id, account.version, totp.id, step, pg_temp.digest(code), NULL, NULL)
      FROM authd.account JOIN authd.totp ON totp.account = account.id WHERE login = name || '@example.org'
$$;
CREATE FUNCTION pg_temp.wrong(name text, VARIADIC codes text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(pg_temp.take(name, NULL, code), ' ' ORDER BY n) FROM unnest(codes) WITH ORDINALITY AS c (code, n)
$$;
CREATE FUNCTION pg_temp.recover(name text, VARIADIC codes text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(authd.recovery_take(account.id, account.version, ARRAY[pg_temp.digest(code)],
                                          pg_temp.digest(code), NULL), ' ' ORDER BY n)
      FROM authd.account, unnest(codes) WITH ORDINALITY AS c (code, n) WHERE login = name || '@example.org'
$$;
-- What the user was told of, and whether all of it is in the audit, too.
CREATE FUNCTION pg_temp.told(name text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg((details ->> 'count') || ' since ' || left(details ->> 'since', 19), ', ' ORDER BY id), 'nothing')
           || CASE WHEN array_agg(details ORDER BY id) IS DISTINCT FROM
                        (SELECT array_agg(event.details ORDER BY event.id) FROM authd.audit_event AS event
                          WHERE action = 'wrong_codes' AND account = id_of(name || '@example.org'))
                   THEN ', and the audit something else' ELSE '' END
      FROM authd.notice WHERE account = id_of(name || '@example.org') AND kind = 'wrong-codes'
$$;
CREATE FUNCTION pg_temp.failures(name text) RETURNS int LANGUAGE sql AS
    'SELECT failures FROM authd.totp WHERE account = id_of(name || ''@example.org'')';

-- ---- between right codes

SELECT is(pg_temp.wrong('alice', '1', '2'), 'wrong wrong', 'two wrong codes');
SELECT is(pg_temp.take('alice', 200), 'taken', 'a right one');
SELECT is(pg_temp.failures('alice'), 0, 'clears the count of the lock');
SELECT is(pg_temp.told('alice'), 'nothing', 'nothing to tell yet');
SELECT is(pg_temp.wrong('alice', '1', '2', '2'), 'wrong wrong wrong', 'the same codes again');
SELECT is(pg_temp.take('alice', 200), 'replayed', 'and a used one');
SELECT is(pg_temp.told('alice'), 'nothing', 'do not count');
SELECT later('1 hour');
SELECT is(pg_temp.wrong('alice', '3'), 'wrong', 'a third');
SELECT is(pg_temp.told('alice'), '3 since 2026-06-01T12:00:00', 'is told of');
SELECT is(pg_temp.take('alice', 201), 'taken', 'another right one');
SELECT is(pg_temp.wrong('alice', '4', '5', '6', '7'), 'wrong wrong wrong wrong', 'four more');
SELECT is(pg_temp.take('alice', 202), 'taken', 'do not lock');
SELECT is(pg_temp.told('alice'), '3 since 2026-06-01T12:00:00', 'and are not told of again');

SELECT later('23 hours 59 minutes');
SELECT is(pg_temp.wrong('alice', '8'), 'wrong', 'one more within 24 hours after the notice');
SELECT is(pg_temp.told('alice'), '3 since 2026-06-01T12:00:00', 'no second notice');
SELECT later('1 minute');
SELECT is(pg_temp.wrong('alice', '9'), 'wrong', 'after 24 hours, with one of them still within the 24 hours');
SELECT is(pg_temp.told('alice'), '3 since 2026-06-01T12:00:00', 'two are not three');
SELECT is(pg_temp.wrong('alice', '10'), 'wrong', 'the third');
SELECT is(pg_temp.told('alice'), '3 since 2026-06-01T12:00:00, 3 since 2026-06-02T12:59:00', 'is told of');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE kind = 'totp-locked'), 0, 'nothing was locked');

-- ---- slow codes

SELECT later('2 days');
SELECT is(pg_temp.take('alice', 250), 'taken', 'a right one');
SELECT is(pg_temp.wrong('alice', '11'), 'wrong', 'one');
SELECT later('12 hours');
SELECT is(pg_temp.wrong('alice', '12'), 'wrong', 'another');
SELECT later('12 hours');
SELECT is(pg_temp.wrong('alice', '13'), 'wrong', 'a third, when the first is 24 hours old');
SELECT is((SELECT count(*)::int FROM authd.notice WHERE kind = 'wrong-codes'), 2, 'is the second within 24 hours');

-- ---- a lock

SELECT is(pg_temp.wrong('bob', '1', '2', '3', '4', '5', '6'), 'wrong wrong wrong wrong wrong locked', 'five wrong codes');
SELECT results_eq($$ SELECT kind FROM authd.notice WHERE account = id_of('bob@example.org') ORDER BY id $$,
    $$ VALUES ('wrong-codes'), ('totp-locked') $$, 'lock as before, and are told of once');

-- ---- both kinds

SELECT clock('2026-06-10 12:00:00Z');
SELECT is(pg_temp.wrong('carol', '1'), 'wrong', 'a wrong code of the phone');
SELECT is(pg_temp.recover('carol', 'r1', 'x', 'x', 'r1'), 'taken wrong wrong wrong', 'and of recovery codes');
SELECT is(pg_temp.told('carol'), '3 since 2026-06-10T12:00:00', 'are told of together: a used recovery code is wrong');
SELECT is(pg_temp.recover('dave', 'x', 'y', 'r1', 'z'), 'wrong wrong taken wrong', 'recovery codes alone');
SELECT is(pg_temp.told('dave'), '3 since 2026-06-10T12:00:00', 'are told of as well');

-- ---- what does not clear the count

SELECT later('2 days');
SELECT is(pg_temp.wrong('carol', '2'), 'wrong', 'a wrong code');
SELECT authd.recovery_codes_put(id_of('carol@example.org'), jsonb_build_object('key', '0123abcd', 'verifiers',
    (SELECT jsonb_agg(pg_temp.digest('new' || n)) FROM generate_series(1, 10) AS n)));
SELECT is(pg_temp.recover('carol', 'y'), 'wrong', 'one after new recovery codes');
SELECT ask('totp_remove', '{"user": "carol@example.org"}');
SELECT ask('password_set', '{"user": "carol@example.org", "password_hash": "$r$1"}');
INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
    SELECT id_of('carol@example.org'), authd.credential_id(), '$cipher$00000000$y', 'SHA1', 6, 100;
SELECT is(pg_temp.wrong('carol', '3'), 'wrong', 'and one after another password and another enrolment');
SELECT is(pg_temp.told('carol'), '3 since 2026-06-10T12:00:00, 3 since 2026-06-12T12:00:00', 'are told of');

-- ---- bounds, and what is stored about the person

SELECT pg_temp.wrong('dave', 'many' || n), pg_temp.take('dave', 1000 + n) FROM generate_series(1, 120) AS n;
SELECT is(jsonb_array_length(answer -> 'wrong_codes') || ' ' || (answer -> 'wrong_codes' ->> 0),
    '100 2026-06-12T12:00:00Z', 'the last 100 are kept, and exported')
  FROM ask('user_export', '{"user": "dave@example.org"}') AS answer;
SELECT ask('user_delete', '{"user": "dave@example.org"}');
SELECT is((SELECT count(*)::int FROM authd.wrong_codes), 3, 'they are erased with the user');

SELECT * FROM finish();
ROLLBACK;
