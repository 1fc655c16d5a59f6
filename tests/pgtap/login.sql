-- The calls of a login: login_lookup, confirm, password_upgrade.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(27);

SELECT ask('user_add', '{"login": "alice@example.org", "password_hash": "$a$1"}');
SELECT ask('user_add', '{"login": "bob@example.org"}');
SELECT ask('user_add', '{"login": "carol@example.org", "password_hash": "$c$1"}');
SELECT ask('user_suspend', '{"user": "carol@example.org", "reason": "left"}');
CREATE TEMP VIEW alice AS SELECT * FROM authd.login_lookup(ARRAY['alice@example.org'], ARRAY['']);

SELECT results_eq($$
    SELECT n, login, suspended, password, generation
      FROM authd.login_lookup(ARRAY['nobody@example.org', 'carol@example.org', 'alice@example.org',
                                    'bob@example.org', 'alice@example.org'], array_fill(''::text, ARRAY[5]))
     ORDER BY n $$,
    $$ VALUES (2, 'carol@example.org', true, encrypted_text('$c$1'), 1), (3, 'alice@example.org', false, encrypted_text('$a$1'), 1),
              (4, 'bob@example.org', false, NULL, 0), (5, 'alice@example.org', false, encrypted_text('$a$1'), 1) $$,
    'rows carry their place; unknown logins have none; a name may come twice');
SELECT is((SELECT pg_typeof(n) || ' ' || pg_typeof(id) || ' ' || pg_typeof(version) || ' '
               || pg_typeof(generation) FROM alice), 'integer bigint bigint integer', 'column types');
SELECT is_empty($$ SELECT * FROM authd.login_lookup('{}', '{}') $$, 'no names, no rows');
SELECT is_empty($$ SELECT * FROM authd.login_lookup(ARRAY[NULL, '', 'ALICE@example.org', '%', 'alice'], array_fill(''::text, ARRAY[5])) $$,
    'nothing but the exact name matches');
SELECT is((SELECT count(*)::int FROM authd.login_lookup(array_fill('bob@example.org'::text, ARRAY[64]),
                                                         array_fill(''::text, ARRAY[64]))),
    64, '64 names are fine');
SELECT throws_ok($$ SELECT * FROM authd.login_lookup(array_fill('bob@example.org'::text, ARRAY[65]),
                                                     array_fill(''::text, ARRAY[65])) $$,
    'AU422', 'a lookup of 65 logins and 65 selectors is too large or uneven', '65 are not');

SELECT ok((SELECT authd.confirm(id, version) FROM alice), 'confirm: as it was');
SELECT ok(NOT (SELECT authd.confirm(id, version + 1) FROM alice), 'confirm: another version');
SELECT ok(NOT (SELECT authd.confirm(id, version) FROM authd.login_lookup(ARRAY['carol@example.org'], ARRAY[''])),
    'confirm: suspended');
SELECT ok(NOT authd.confirm(0, 1), 'confirm: no such account');
SELECT ok(NOT authd.confirm(NULL, NULL), 'confirm: null is no');

CREATE TEMP TABLE before AS SELECT * FROM alice;
SELECT ok(NOT (SELECT authd.password_upgrade(id, encrypted_text('$a$0'), encrypted_text('$a$2')) FROM before),
    'upgrade: not if the stored hash is another');
SELECT is((SELECT password FROM alice), encrypted_text('$a$1'), 'it was left alone');
SELECT ok(NOT (SELECT authd.password_upgrade(id, NULL, encrypted_text('$a$2')) FROM before), 'upgrade: old is null');
SELECT ok(NOT (SELECT authd.password_upgrade(id, encrypted_text('$a$1'), NULL) FROM before), 'upgrade: new is null');
SELECT ok((SELECT authd.password_upgrade(id, encrypted_text('$a$1'), encrypted_text('$a$2')) FROM before), 'upgrade: once');
SELECT ok(NOT (SELECT authd.password_upgrade(id, encrypted_text('$a$1'), encrypted_text('$a$3')) FROM before), 'upgrade: not twice');
SELECT results_eq('SELECT password, version, generation FROM alice',
    $$ SELECT encrypted_text('$a$2'), version, generation FROM before $$, 'version and generation stay');
SELECT ok((SELECT authd.confirm(id, version) FROM before), 'so a login under way is confirmed');
SELECT ok(NOT (SELECT authd.password_upgrade(id, '', encrypted_text('$b$1'))
                 FROM authd.login_lookup(ARRAY['bob@example.org'], ARRAY[''])), 'upgrade: no password, no upgrade');

-- Changes that a running login must notice.
CREATE TEMP TABLE steps (n serial, version bigint);
CREATE FUNCTION pg_temp.step(function text, more jsonb DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    was bigint := version_of('alice@example.org');
BEGIN
    PERFORM ask(function, '{"user": "alice@example.org"}' || more);
    RETURN version_of('alice@example.org') > was;
END
$$;
SELECT ok(pg_temp.step('password_set', '{"password_hash": "$a$9"}'), 'version: password set');
SELECT ok(pg_temp.step('password_clear'), 'version: password cleared');
SELECT ok(pg_temp.step('user_suspend', '{"reason": "x"}'), 'version: suspended');
SELECT ok(pg_temp.step('user_resume'), 'version: resumed');
SELECT ok(NOT pg_temp.step('user_resume'), 'version: nothing was to be resumed');
SELECT is(generation_of('alice@example.org'), 3, 'generation: one set, one clear after the first');
SELECT ask('user_delete', '{"user": "alice@example.org"}');
SELECT ok(NOT (SELECT authd.confirm(id, version) FROM before), 'confirm: deleted');

SELECT * FROM finish();
ROLLBACK;
