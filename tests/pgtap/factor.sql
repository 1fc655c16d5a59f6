-- Codes: each is taken once, wrong codes are counted and lock the factor, and a network is remembered after a
-- code.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

-- The clock of this test.
CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT current_setting(''tap.now'')::timestamptz';
SELECT clock('2026-06-01 12:00:00Z');

SELECT ask('user_add', jsonb_build_object('login', name)) FROM unnest(ARRAY['alice@example.org',
    'bob@example.org', 'carol@example.org', 'dave@example.org']) AS name;
CREATE FUNCTION pg_temp.enrol(name text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
        SELECT id_of(name), authd.credential_id(), '$cipher$00000000$x', 'SHA1', 6, 100
$$;
SELECT pg_temp.enrol(name) FROM unnest(ARRAY['alice@example.org', 'bob@example.org',
                                             'carol@example.org']) AS name;
CREATE FUNCTION pg_temp.held(name text) RETURNS authd.totp LANGUAGE sql AS
    'SELECT totp FROM authd.totp WHERE account = id_of(name)';
CREATE FUNCTION pg_temp.digest(code text) RETURNS text LANGUAGE sql AS
    'SELECT encode(sha256(code::bytea), ''hex'')';

CREATE FUNCTION pg_temp.take(name text, step bigint, remember jsonb DEFAULT NULL) RETURNS text
LANGUAGE sql AS $$
    SELECT authd.factor_take(id_of(name), version_of(name), (pg_temp.held(name)).id, step, NULL, remember, NULL)
$$;
CREATE FUNCTION pg_temp.wrong(name text, code text) RETURNS text LANGUAGE sql AS $$
    SELECT authd.factor_take(id_of(name), version_of(name), (pg_temp.held(name)).id, NULL,
                             pg_temp.digest(code), NULL, NULL)
$$;
CREATE FUNCTION pg_temp.failures(name text) RETURNS int LANGUAGE sql AS
    'SELECT (pg_temp.held(name)).failures';
CREATE FUNCTION pg_temp.locked(name text) RETURNS timestamptz LANGUAGE sql AS
    'SELECT (pg_temp.held(name)).locked_until';
CREATE FUNCTION pg_temp.notices(name text, wanted text) RETURNS SETOF jsonb LANGUAGE sql AS
    'SELECT details FROM authd.notice WHERE account = id_of(name) AND kind = wanted ORDER BY id';

-- ---- each step is taken once

SELECT is(pg_temp.take('alice@example.org', 200), 'taken', 'a step is taken');
SELECT is((pg_temp.held('alice@example.org')).last_used_at, authd.now(), 'and when, is kept');
SELECT is(pg_temp.take('alice@example.org', 200), 'replayed', 'once');
SELECT is(pg_temp.take('alice@example.org', 199), 'replayed', 'and with it all earlier ones');
SELECT is(pg_temp.failures('alice@example.org'), 0, 'which is not counted');
SELECT later('-10 minutes');
SELECT is(pg_temp.take('alice@example.org', 180), 'replayed', 'also when the clock was set back');
SELECT later('10 minutes');
SELECT is(pg_temp.take('alice@example.org', 201), 'taken', 'a later one is good');
SELECT is((pg_temp.held('bob@example.org')).last_step, 100::bigint, 'others have steps of their own');

-- ---- an account or enrolment that changed meanwhile

SELECT is(authd.factor_take(id_of('alice@example.org'), version_of('alice@example.org') + by,
                            (pg_temp.held('alice@example.org')).id, 300, NULL, NULL, NULL), 'changed',
    'changed: the account') FROM unnest(ARRAY[-1, 1]) AS by;
SELECT is(authd.factor_take(id_of('alice@example.org'), version_of('alice@example.org'),
                            (pg_temp.held('bob@example.org')).id, 300, NULL, NULL, NULL), 'changed',
    'changed: another enrolment');
SELECT is(authd.factor_take(id_of('dave@example.org'), version_of('dave@example.org'), 1, 300, NULL, NULL, NULL),
    'changed', 'changed: none');
SELECT is(authd.factor_take(0, 1, 1, 300, NULL, NULL, NULL), 'changed', 'changed: no such account');
SELECT is(authd.factor_take(id_of('alice@example.org'), version_of('alice@example.org') + 1,
                            (pg_temp.held('alice@example.org')).id, NULL, pg_temp.digest('1'), NULL, NULL),
    'changed', 'changed: a wrong code as well');
SELECT ask('user_suspend', '{"user": "carol@example.org", "reason": "left"}');
SELECT is(pg_temp.take('carol@example.org', 300), 'changed', 'changed: suspended');
SELECT ask('user_resume', '{"user": "carol@example.org"}');
SELECT is(pg_temp.failures('alice@example.org'), 0, 'none of it is counted');
SELECT is((pg_temp.held('alice@example.org')).last_step, 201::bigint, 'and no step used up');
SELECT throws_ok($$ SELECT authd.factor_take(1, 1, 1, NULL, NULL, NULL, NULL) $$, 'AU422');

-- ---- wrong codes

SELECT is(pg_temp.wrong('alice@example.org', '000000'), 'wrong', 'wrong') FROM generate_series(1, 20);
SELECT is(pg_temp.failures('alice@example.org'), 1, 'the same wrong code counts once');
SELECT is(pg_temp.take('alice@example.org', 201), 'replayed', 'a used one');
SELECT is(pg_temp.failures('alice@example.org'), 1, 'does not count');
SELECT is(pg_temp.wrong('alice@example.org', code), 'wrong', 'wrong: another')
  FROM unnest(ARRAY['000001', '000002', '000003']) AS code;
SELECT is(pg_temp.locked('alice@example.org'), NULL, 'four do not lock');
SELECT is_empty($$ SELECT * FROM pg_temp.notices('alice@example.org', 'totp-locked') $$, 'nor alarm');
SELECT is(pg_temp.wrong('alice@example.org', '000004'), 'wrong', 'the fifth is wrong');
SELECT is(pg_temp.locked('alice@example.org'), authd.now() + interval '5 minutes', 'and locks');
SELECT results_eq($$ SELECT pg_temp.notices('alice@example.org', 'totp-locked') $$,
    $$ VALUES ('{"until": "2026-06-01T12:05:00.000000Z"}'::jsonb) $$, 'the user is notified');
SELECT is(pg_temp.take('alice@example.org', 300), 'locked', 'locked: a right one');
SELECT is(pg_temp.take('alice@example.org', 201), 'locked', 'locked: a used one');
SELECT is(pg_temp.wrong('alice@example.org', '000005'), 'locked', 'locked: a wrong one');
SELECT is(pg_temp.failures('alice@example.org'), 5, 'while it is locked nothing is counted');
SELECT is((SELECT count(*)::int FROM pg_temp.notices('alice@example.org', 'totp-locked')), 1, 'nor notified again');
SELECT is((SELECT count(*)::int FROM authd.totp WHERE locked_until IS NOT NULL), 1, 'nobody else is locked');
SELECT later('5 minutes');
SELECT is(pg_temp.wrong('alice@example.org', '000004'), 'wrong', 'after that: one of before');
SELECT is(pg_temp.failures('alice@example.org'), 5, 'does not count again');
SELECT is(pg_temp.take('alice@example.org', 201), 'replayed', 'the lock is over');

-- Each lock lasts twice as long as the one before, at most a day.
CREATE FUNCTION pg_temp.next_lock(n int) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
    spent interval;
BEGIN
    PERFORM pg_temp.wrong('alice@example.org', 'more' || n);
    spent := pg_temp.locked('alice@example.org') - authd.now();
    PERFORM later(spent);
    RETURN spent;
END
$$;
SELECT is((SELECT array_agg(extract(epoch FROM pg_temp.next_lock(n)) / 60 ORDER BY n)
             FROM generate_series(1, 12) AS n),
    '{10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440, 1440}'::numeric[], 'minutes of each lock');
SELECT is((SELECT count(*)::int FROM pg_temp.notices('alice@example.org', 'totp-locked')), 13,
    'each of them is notified once');

SELECT is(pg_temp.take('alice@example.org', 400), 'taken', 'a right one');
SELECT is(pg_temp.failures('alice@example.org'), 0, 'forgives');
SELECT is(pg_temp.locked('alice@example.org'), NULL, 'everything');
SELECT is(pg_temp.wrong('alice@example.org', '000000'), 'wrong', 'but a code that was refused before');
SELECT is(pg_temp.failures('alice@example.org'), 0, 'still does not count');

SELECT is(authd.factor_take(id_of('alice@example.org'), version_of('alice@example.org'),
                            (pg_temp.held('alice@example.org')).id, 401, pg_temp.digest('000000'), NULL, NULL),
    'wrong', 'nor is it good later');
SELECT is((pg_temp.held('alice@example.org')).last_step, 400::bigint, 'of no step');
SELECT is(pg_temp.failures('alice@example.org'), 0, 'it does not count either');
SELECT is(authd.factor_take(id_of('alice@example.org'), version_of('alice@example.org'),
                            (pg_temp.held('alice@example.org')).id, 400, pg_temp.digest('000000'), NULL, NULL),
    'replayed', 'a used step is one that is used');
SELECT is(authd.factor_take(id_of('alice@example.org'), version_of('alice@example.org'),
                            (pg_temp.held('alice@example.org')).id, 401, pg_temp.digest('999999'), NULL, NULL),
    'taken', 'another code of that step is good');

SELECT pg_temp.wrong('bob@example.org', 'many' || n), pg_temp.take('bob@example.org', 1000 + n)
  FROM generate_series(1, 40) AS n;
SELECT is(cardinality((pg_temp.held('bob@example.org')).refused), 32, 'the last 32 wrong ones are kept');
SELECT is(pg_temp.wrong('bob@example.org', 'many' || n) || pg_temp.failures('bob@example.org'), 'wrong0',
    'of the last ones none counts again') FROM unnest(ARRAY[9, 10, 40]) AS n;
SELECT is(pg_temp.wrong('bob@example.org', 'many8') || pg_temp.failures('bob@example.org'), 'wrong1',
    'what is forgotten counts again');

-- ---- remembered networks

CREATE FUNCTION pg_temp.remember(network text, uses int DEFAULT 2) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('network', network, 'cipher_version', 7, 'seconds', 3600, 'uses', uses)
$$;
CREATE FUNCTION pg_temp.live(network text, cipher_version bigint DEFAULT 7) RETURNS boolean LANGUAGE sql AS $$
    SELECT authd.remembered_network_live(id_of('bob@example.org'), (pg_temp.held('bob@example.org')).id, cipher_version,
                                   network)
$$;
CREATE FUNCTION pg_temp.use(network text, cipher_version bigint DEFAULT 7, by int DEFAULT 0) RETURNS boolean
LANGUAGE sql AS $$
    SELECT authd.remembered_network_use(id_of('bob@example.org'), version_of('bob@example.org') + by,
                                  (pg_temp.held('bob@example.org')).id, cipher_version, network)
$$;

SELECT ok(NOT pg_temp.live('192.0.2.0/24'), 'remembered: none at first');
SELECT ok(NOT pg_temp.use('192.0.2.0/24'), 'remembered: nor can it be used');
SELECT is(pg_temp.take('bob@example.org', 2000, pg_temp.remember('192.0.2.0/24')), 'taken', 'remember begins');
SELECT ok(pg_temp.live('192.0.2.0/24'), 'remembered: it is there');
SELECT ok(NOT pg_temp.live('192.0.3.0/24'), 'remembered: not in another network');
SELECT ok(NOT pg_temp.live('192.0.2.0/25'), 'remembered: nor in a part of it');
SELECT ok(NOT pg_temp.live('192.0.2.0/24', 8), 'remembered: nor with another password');
SELECT ok(NOT pg_temp.live('192.0.2.0/24', NULL), 'remembered: nor with none');
SELECT ok(NOT authd.remembered_network_live(id_of('alice@example.org'), (pg_temp.held('alice@example.org')).id, 7,
    '192.0.2.0/24'), 'remembered: nor for others');
SELECT ok(NOT authd.remembered_network_live(id_of('bob@example.org'), (pg_temp.held('bob@example.org')).id + 1000, 7,
    '192.0.2.0/24'), 'remembered: nor after another enrolment');
SELECT ok(NOT pg_temp.use('192.0.2.0/24', 8), 'remembered: no use with another password');
SELECT ok(NOT pg_temp.use('192.0.2.0/24', 7, 1), 'remembered: no use once the account has changed');
SELECT ok(pg_temp.use('192.0.2.0/24'), 'remembered: the first use');
SELECT ok(pg_temp.use('192.0.2.0/24'), 'remembered: the last one');
SELECT ok(NOT pg_temp.use('192.0.2.0/24'), 'remembered: used up');
SELECT ok(NOT pg_temp.live('192.0.2.0/24'), 'remembered: and gone');
SELECT is(pg_temp.take('bob@example.org', 2001, pg_temp.remember('192.0.2.0/24', 3)), 'taken', 'remembered: renewed');
SELECT is(pg_temp.take('bob@example.org', 2001, pg_temp.remember('192.0.2.0/24', 9)), 'replayed', 'by a used code');
SELECT is((SELECT uses_left FROM authd.remembered_network), 3, 'remembered: not');
SELECT is(pg_temp.take('bob@example.org', 2002, pg_temp.remember('2001:db8::/64')), 'taken', 'remember another network');
SELECT ok(pg_temp.live('192.0.2.0/24') AND pg_temp.live('2001:db8::/64'), 'remembered: in both networks');
SELECT later('59 minutes');
SELECT ok(pg_temp.live('192.0.2.0/24'), 'remembered: until its end');
SELECT later('1 minute');
SELECT ok(NOT pg_temp.live('192.0.2.0/24'), 'remembered: and not longer');
SELECT ok(NOT pg_temp.use('192.0.2.0/24'), 'remembered: no use then');
SELECT is(pg_temp.take('bob@example.org', 2003, pg_temp.remember('192.0.2.0/24')), 'taken', 'remember anew');
SELECT is((SELECT count(*)::int FROM authd.remembered_network), 1, 'remembered: what is over is forgotten');
SELECT ask('user_suspend', '{"user": "bob@example.org", "reason": "left"}');
SELECT ok(NOT pg_temp.use('192.0.2.0/24'), 'remembered: none for who is suspended');
SELECT is(pg_temp.take('carol@example.org', 500), 'taken', 'without remember');
SELECT is((SELECT count(*)::int FROM authd.remembered_network), 1, 'there is none');

-- ---- recovery codes

INSERT INTO authd.recovery_code (account, verifier, key)
    SELECT id_of('carol@example.org'), sha256(('r' || n)::bytea), '0123abcd' FROM generate_series(1, 10) AS n;
CREATE FUNCTION pg_temp.recover(name text, VARIADIC codes text[]) RETURNS text LANGUAGE sql AS $$
    SELECT authd.recovery_take(id_of(name), version_of(name),
                               (SELECT array_agg(pg_temp.digest(code)) FROM unnest(codes) AS code),
                               pg_temp.digest('wrong ' || codes[1]), NULL)
$$;
CREATE FUNCTION pg_temp.counter(name text) RETURNS authd.recovery_counter LANGUAGE sql AS
    'SELECT held FROM authd.recovery_counter AS held WHERE account = id_of(name)';

SELECT is(pg_temp.recover('carol@example.org', 'r1'), 'taken', 'recovery: taken');
SELECT is(pg_temp.recover('carol@example.org', 'r1'), 'wrong', 'recovery: once');
SELECT is(pg_temp.recover('carol@example.org', 'x', 'r2'), 'taken', 'recovery: under any pepper');
SELECT results_eq($$ SELECT pg_temp.notices('carol@example.org', 'recovery-code-used') $$,
    $$ VALUES ('{"left": 9}'::jsonb), ('{"left": 8}') $$, 'recovery: the user is notified');
SELECT is((pg_temp.counter('carol@example.org')).failures, 0, 'recovery: a right one forgives');
SELECT is(pg_temp.recover('alice@example.org', 'r3'), 'wrong', 'recovery: of another user');
SELECT is(authd.recovery_take(id_of('carol@example.org'), version_of('carol@example.org') + 1,
    ARRAY[pg_temp.digest('r3')], pg_temp.digest('x'), NULL), 'changed', 'recovery: the account has changed');
SELECT is(authd.recovery_take(id_of('bob@example.org'), version_of('bob@example.org'),
    ARRAY[pg_temp.digest('r3')], pg_temp.digest('x'), NULL), 'changed', 'recovery: suspended');
SELECT is(pg_temp.recover('carol@example.org', 'bad1'), 'wrong', 'recovery: wrong') FROM generate_series(1, 9);
SELECT is((pg_temp.counter('carol@example.org')).failures, 1, 'recovery: the same one counts once');
SELECT pg_temp.recover('carol@example.org', 'bad' || n) FROM generate_series(2, 5) AS n;
SELECT is(pg_temp.recover('carol@example.org', 'r3'), 'locked', 'recovery: five lock');
SELECT is((SELECT count(*)::int FROM authd.recovery_code), 8, 'recovery: and take nothing');
SELECT is(pg_temp.take('carol@example.org', 501), 'taken', 'recovery: the phone goes on');
SELECT is((pg_temp.counter('carol@example.org')).failures, 5, 'recovery: and forgives nothing there');
SELECT is((SELECT count(*)::int FROM pg_temp.notices('carol@example.org', 'recovery-locked')), 1,
    'recovery: the user is notified');
SELECT later('5 minutes');
SELECT is(pg_temp.recover('carol@example.org', 'r3'), 'taken', 'recovery: after that');
SELECT is(pg_temp.failures('carol@example.org'), 0, 'recovery: no wrong code of the phone');

SELECT * FROM finish();
ROLLBACK;
