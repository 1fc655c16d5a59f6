-- App passwords: their life, the columns that a login gets of them, and the rights to change them.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

-- The clock of this test.
CREATE TEMP TABLE clock AS SELECT timestamptz '2026-06-01 12:00:00Z' AS at;
GRANT SELECT ON clock TO PUBLIC;
CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT at FROM pg_temp.clock';
CREATE FUNCTION pg_temp.wait(span interval) RETURNS void LANGUAGE sql AS
    'UPDATE pg_temp.clock SET at = at + span';

SELECT ask('user_add', '{"login": "alice@example.org", "password_hash": "$a$1"}');
SELECT ask('user_add', '{"login": "bob@example.org"}');
SELECT ask('user_add', '{"login": "robot@example.org", "service": true}');

CREATE TEMP SEQUENCE numbers START 1000;

-- The members that authd sends for a new secret: a selector, a verifier and the name of the key.
CREATE FUNCTION pg_temp.secret(selector text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('selector', selector, 'verifier', repeat('ab', 32), 'key', '00000001')
$$;
CREATE FUNCTION pg_temp.add(name text, selector text, more jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql AS $$
    SELECT ask('app_password_add', jsonb_build_object('user', name, 'label', 'printer', 'credential',
        nextval('pg_temp.numbers')) || pg_temp.secret(selector) || more)
$$;
CREATE FUNCTION pg_temp.add_refused(name text, selector text, more jsonb DEFAULT '{}') RETURNS text
LANGUAGE sql AS $$
    SELECT refusal('app_password_add', jsonb_build_object('user', name, 'label', 'printer',
        'credential', nextval('pg_temp.numbers')) || pg_temp.secret(selector) || more)
$$;
CREATE FUNCTION pg_temp.one(name text, id text, more jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql AS $$ SELECT jsonb_build_object('user', name, 'id', id) || more $$;

-- ---- add, show, list

CREATE TEMP TABLE a AS SELECT pg_temp.add('alice@example.org', 'aaaaaaaa') AS o;
SELECT is(o - ARRAY['id', 'etag', 'user_id'], '{"kind": "app-password", "user": "alice@example.org",
    "domain": "example.org", "label": "printer", "created_at": "2026-06-01T12:00:00Z",
    "created_by": "tester", "expires_at": null, "sliding": false, "expires_in": null,
    "expired": false, "scope": null, "imported": false, "rotations": 0, "rotated_at": null,
    "old_until": null, "last_used_at": null, "last_used_address": null, "changed": true}'::jsonb,
    'add answers the whole object and nothing of its secret') FROM a;
SELECT is((ask('app_password_show', pg_temp.one('alice@example.org', o ->> 'id')) ->> 'etag'),
    o ->> 'etag', 'show: the same etag') FROM a;
SELECT is((SELECT data -> 'after' ->> 'label' FROM authd.audit_event AS event JOIN authd.audit_person AS person
              ON person.event = event.id AND part = 'subject' WHERE action = 'app_password_add'),
    'printer', 'the change is recorded');
SELECT is((SELECT count(*)::int FROM authd.audit_person WHERE data::text ~ '(abab|aaaaaaaa)'), 0,
    'and no verifier or selector with it');

SELECT matches(refusal('app_password_show', pg_temp.one('bob@example.org', o ->> 'id')),
    '^AU404 bob@example.org has no app password', 'show: not of another user') FROM a;
SELECT matches(refusal('app_password_show', pg_temp.one('alice@example.org', id)), '^AU404',
    'show: ' || coalesce(id, 'no id')) FROM unnest(ARRAY['0', '999999', 'x', '-1', NULL,
    '99999999999999999999']) AS id;
SELECT matches(pg_temp.add_refused('alice@example.org', 'aaaaaaab', bad), '^AU422', 'add: ' || bad::text)
  FROM unnest(ARRAY['{"label": ""}', '{"label": null}', '{"label": 3}',
    '{"label": "a\u0007b"}', '{"expires_at": "2026-06-01T12:00:00Z"}', '{"expires_at": "tomorrow"}',
    '{"expires_at": "2026-13-01T00:00:00Z"}', '{"expires_at": "infinity"}',
    '{"expires_at": "2126-07-01T12:00:00Z"}', '{"expires_at": 5}',
    '{"expires_in": 59}', '{"expires_in": 60.5}', '{"expires_in": "60"}', '{"expires_in": 1e20}',
    '{"sliding": true}', '{"sliding": true, "expires_in": 3599}', '{"sliding": "yes"}',
    '{"sliding": true, "expires_at": "2026-07-01T12:00:00Z"}',
    '{"expires_in": 60, "expires_at": "2026-07-01T12:00:00Z"}',
    '{"password_hash": "has blanks"}']::jsonb[]) AS bad;
SELECT matches(pg_temp.add_refused('alice@example.org', 'aaaaaaab',
    jsonb_build_object('label', repeat('x', 101))), '^AU422', 'add: a label of 101 characters');
SELECT is(pg_temp.add_refused('alice@example.org', 'aaaaaaaa'),
    '23505 duplicate key value violates unique constraint "app_password_secret_pkey" / ',
    'add: a selector is unique');
SELECT matches(pg_temp.add_refused('nobody@example.org', 'aaaaaaac'), '^AU404', 'add: no such user');

SELECT pg_temp.add('bob@example.org', 'bbbbbbb' || n, jsonb_build_object('label', 'device ' || n,
    'expires_in', n * 100)) FROM generate_series(2, 7) AS n;
SELECT is(ask('app_password_list', '{"user": "bob@example.org", "limit": 4}') #>> '{items,3,label}',
    'device 5', 'list: in order');
SELECT is(jsonb_array_length(ask('app_password_list', jsonb_build_object('user', 'bob@example.org',
    'after', ask('app_password_list', '{"user": "bob@example.org", "limit": 4}') -> 'next'))
    -> 'items'), 2, 'list: the rest');
SELECT is(jsonb_array_length(ask('app_password_list',
    '{"user": "bob@example.org", "match": "VICE 3"}') -> 'items'), 1, 'list: by label');
SELECT pg_temp.wait('250 s');
SELECT is(jsonb_array_length(ask('app_password_list',
    '{"user": "bob@example.org", "expired": true}') -> 'items'), 1, 'list: those that have ended');

-- ---- the columns that a login gets

CREATE FUNCTION pg_temp.see(name text, selector text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', credential IS NOT NULL, credential_version, left(verifier, 4), key, expired)
      FROM authd.login_lookup(ARRAY[name], ARRAY[selector])
$$;
SELECT is(pg_temp.see('alice@example.org', 'aaaaaaaa'), 't 1 abab 00000001 f', 'lookup: hers');
SELECT is(pg_temp.see('bob@example.org', 'aaaaaaaa'), 'f', 'lookup: not with another login');
SELECT is(pg_temp.see('alice@example.org', 'zzzzzzzz'), 'f', 'lookup: no such selector');
SELECT is(pg_temp.see('alice@example.org'), 'f', 'lookup: a password has none');
SELECT is_empty($$ SELECT * FROM authd.login_lookup(ARRAY['nobody@example.org'], ARRAY['aaaaaaaa']) $$,
    'lookup: unknown logins have no row');
SELECT is(pg_temp.see('bob@example.org', 'bbbbbbb2'), 't 1 abab 00000001 t', 'lookup: one that ended');
SELECT results_eq($$ SELECT n, login, credential IS NOT NULL FROM authd.login_lookup(
        ARRAY['bob@example.org', 'x', 'alice@example.org', 'alice@example.org', 'robot@example.org'],
        ARRAY['bbbbbbb7', 'aaaaaaaa', '', 'aaaaaaaa', 'aaaaaaaa']) ORDER BY n $$,
    $$ VALUES (1, 'bob@example.org', true), (3, 'alice@example.org', false),
              (4, 'alice@example.org', true), (5, 'robot@example.org', false) $$,
    'lookup: rows carry their place');
SELECT throws_ok($$ SELECT * FROM authd.login_lookup(array_fill('a'::text, ARRAY[65]),
                                                     array_fill(''::text, ARRAY[65])) $$, 'AU422');
SELECT throws_ok($$ SELECT * FROM authd.login_lookup(ARRAY['a', 'b'], ARRAY['']) $$, 'AU422');
SELECT is((SELECT count(*)::int FROM authd.login_lookup(array_fill('bob@example.org'::text, ARRAY[64]),
    array_fill(''::text, ARRAY[64]))), 64, '64 are fine');

CREATE FUNCTION pg_temp.confirmed(name text, selector text, of text, more bigint DEFAULT 0)
RETURNS boolean LANGUAGE sql AS $$
    SELECT authd.login_confirm(row.id, row.version, other.credential, other.credential_version + more)
      FROM authd.login_lookup(ARRAY[name], ARRAY['']) AS row,
           authd.login_lookup(ARRAY[of], ARRAY[selector]) AS other
$$;
SELECT ok(pg_temp.confirmed('alice@example.org', 'aaaaaaaa', 'alice@example.org'), 'confirm: as it was');
SELECT ok(pg_temp.confirmed('alice@example.org', '', 'alice@example.org'), 'confirm: no app password');
SELECT ok(NOT pg_temp.confirmed('alice@example.org', 'aaaaaaaa', 'alice@example.org', 1),
    'confirm: another version');
SELECT ok(NOT pg_temp.confirmed('alice@example.org', 'bbbbbbb7', 'bob@example.org'),
    'confirm: another user''s');
SELECT ok(NOT pg_temp.confirmed('bob@example.org', 'bbbbbbb2', 'bob@example.org'), 'confirm: one that ended');

-- ---- fixed and sliding expiry

CREATE TEMP TABLE s AS SELECT pg_temp.add('alice@example.org', 'ssssssss',
    '{"sliding": true, "expires_in": 7200, "label": "sliding"}') AS o;
CREATE FUNCTION pg_temp.object_of(name text, id text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT ask('app_password_show', pg_temp.one(name, id)) $$;
SELECT is(o ->> 'expires_at', '2026-06-01T14:04:10Z', 'sliding: two hours from now') FROM s;
SELECT pg_temp.wait('1 hour');
SELECT is((SELECT authd.app_password_used(ARRAY[(o ->> 'id')::bigint, 0], ARRAY['192.0.2.7', ''])
             FROM s), 1, 'used: one row');
SELECT is(pg_temp.object_of('alice@example.org', o ->> 'id') - ARRAY['id', 'etag'] ->> 'expires_at',
    '2026-06-01T15:04:10Z', 'sliding: two hours from its use') FROM s;
SELECT is(pg_temp.object_of('alice@example.org', o ->> 'id') ->> 'last_used_address', '192.0.2.7',
    'used: from where') FROM s;
SELECT is(pg_temp.object_of('alice@example.org', o ->> 'id') ->> 'etag', o ->> 'etag',
    'a use changes no etag') FROM s;
SELECT pg_temp.wait('4 minutes');
SELECT is((SELECT authd.app_password_used(ARRAY[(o ->> 'id')::bigint], ARRAY['']) FROM s), 0,
    'used: nothing is written within five minutes');
SELECT pg_temp.wait('2 hours');
SELECT is(pg_temp.see('alice@example.org', 'ssssssss'), 't 1 abab 00000001 t', 'sliding: it has ended');
SELECT is((SELECT authd.app_password_used(ARRAY[(o ->> 'id')::bigint], ARRAY['']) FROM s), 1,
    'used: after the end, by a batch that was late');
SELECT is(pg_temp.see('alice@example.org', 'ssssssss'), 't 1 abab 00000001 t',
    'sliding: a use after the end does not bring it back');
SELECT matches(refusal('app_password_rotate', pg_temp.one('alice@example.org', o ->> 'id',
    pg_temp.secret('tttttttt'))), '^AU409 .* has expired', 'rotate: not one that has ended') FROM s;

-- ---- set

SELECT is(ask('app_password_set', pg_temp.one('alice@example.org', o ->> 'id',
    '{"changes": {"expires_at": "2027-01-01T00:00:00+01:00", "label": "scanner"}}'))
    - ARRAY['id', 'user_id', 'etag'] @> '{"expires_at": "2026-12-31T23:00:00Z", "sliding": false,
    "label": "scanner", "expired": false, "changed": true}', true, 'set: label and a fixed end') FROM s;
SELECT is(pg_temp.see('alice@example.org', 'ssssssss'), 't 2 abab 00000001 f', 'set: the version rises');
SELECT is(ask('app_password_set', pg_temp.one('alice@example.org', o ->> 'id',
    '{"changes": {"label": "scanner"}}')) -> 'changed', 'false', 'set: nothing to do') FROM s;
SELECT is(pg_temp.see('alice@example.org', 'ssssssss'), 't 2 abab 00000001 f', 'set: then it does not');
SELECT is(ask('app_password_set', pg_temp.one('alice@example.org', o ->> 'id',
    '{"changes": {"expires_at": null}}')) -> 'expires_at', 'null', 'set: no end') FROM s;
SELECT matches(refusal('app_password_set', pg_temp.one('alice@example.org', o ->> 'id',
    jsonb_build_object('changes', bad))), '^AU422', 'set: ' || bad::text) FROM s, unnest(ARRAY[
    '{"account": 1}', '{"imported_hash": "x"}', '[]', '{"label": ""}', '{"sliding": true}']::jsonb[]) AS bad;

-- ---- rotate

CREATE TEMP TABLE r AS SELECT ask('app_password_rotate', pg_temp.one('alice@example.org', o ->> 'id',
    pg_temp.secret('cccccccc') || '{"overlap": 3600}')) AS o FROM a;
SELECT is(r.o ->> 'id', a.o ->> 'id', 'rotate: the id stays') FROM r, a;
SELECT is(o @> '{"rotations": 1, "changed": true}' AND o ->> 'old_until' IS NOT NULL, true,
    'rotate: the object tells') FROM r;
SELECT is(pg_temp.see('alice@example.org', selector), 't 2 abab 00000001 f', 'rotate: ' || selector
    || ' is good') FROM unnest(ARRAY['aaaaaaaa', 'cccccccc']) AS selector;
SELECT pg_temp.wait('1 hour');
SELECT is(pg_temp.see('alice@example.org', 'aaaaaaaa'), 't 2 abab 00000001 t', 'rotate: then the old one ends');
SELECT is(pg_temp.see('alice@example.org', 'cccccccc'), 't 2 abab 00000001 f', 'rotate: the new one goes on');
SELECT ask('app_password_rotate', pg_temp.one('alice@example.org', o ->> 'id',
    pg_temp.secret('dddddddd') || '{"overlap": 60}')) FROM a;
SELECT ask('app_password_rotate', pg_temp.one('alice@example.org', o ->> 'id',
    pg_temp.secret('eeeeeeee') || '{"overlap": 60}')) FROM a;
SELECT is(pg_temp.see('alice@example.org', selector), seen, 'rotate: at most two are good: ' || selector)
  FROM (VALUES ('aaaaaaaa', 'f'), ('cccccccc', 'f'), ('dddddddd', 't 4 abab 00000001 f'),
               ('eeeeeeee', 't 4 abab 00000001 f')) AS expected (selector, seen);
SELECT ask('app_password_rotate', pg_temp.one('alice@example.org', o ->> 'id',
    pg_temp.secret('ffffffff'))) FROM a;
SELECT is((SELECT count(*)::int FROM authd.app_password_secret AS secret, a
            WHERE secret.app_password = (o ->> 'id')::bigint), 1, 'rotate: without overlap there is one');
SELECT matches(refusal('app_password_rotate', pg_temp.one('alice@example.org', o ->> 'id',
    pg_temp.secret('gggggggg') || bad)), '^AU422', 'rotate: ' || bad::text) FROM a, unnest(ARRAY[
    '{"overlap": -1}', '{"overlap": 604801}', '{"overlap": "1h"}', '{"overlap": 1.5}']::jsonb[]) AS bad;

-- ---- imported app passwords

SELECT pg_temp.add('bob@example.org', '', jsonb_build_object('password_hash', '$1$' || n, 'label', 'old'))
  FROM generate_series(1, 8) AS n;
SELECT matches(pg_temp.add_refused('bob@example.org', '', '{"password_hash": "$1$9"}'),
    '^AU409 bob@example.org has 8 imported app passwords already', 'imported: at most 8');
SELECT is(regexp_count(authd.imported_passwords(id_of('bob@example.org')), '(?n)^[0-9]+ 1 - \$cipher\$00000000\$243124[0-9a-f]+$'), 8, 'imported: what a login asks for');
SELECT is(authd.imported_passwords(id), NULL, 'imported: none') FROM unnest(ARRAY[id_of('alice@example.org'), 0, NULL]) AS id;
CREATE TEMP TABLE f AS SELECT max(id)::text AS id FROM authd.app_password WHERE imported_hash IS NOT NULL;
SELECT matches(refusal('app_password_rotate', pg_temp.one('bob@example.org', id,
    pg_temp.secret('hhhhhhhh'))), '^AU409 .* is imported', 'imported: not rotated') FROM f;
SELECT ask('app_password_set', pg_temp.one('bob@example.org', id, '{"changes": {"expires_in": 60}}')) FROM f;
SELECT pg_temp.wait('61 s');
SELECT is(regexp_count(authd.imported_passwords(id_of('bob@example.org')), '\$cipher\$'), 7, 'imported: one that ended is not tried');
SELECT is(ask('app_password_list', '{"user": "bob@example.org"}')::text ~ 'encrypted', false,
    'no object shows a hash');

-- ---- rights

SELECT matches(refusal(operation, pg_temp.one('alice@example.org', o ->> 'id', pg_temp.secret('iiiiiiii')
    || '{"changes": {"label": "x"}, "label": "x", "credential": 1}'), '{}'), '^AU404',
    operation || ': not out of reach') FROM a, unnest(ARRAY['app_password_list', 'app_password_show',
    'app_password_add', 'app_password_set', 'app_password_revoke', 'app_password_rotate']) AS operation;
UPDATE authd.account SET role = 'domain-admin' WHERE login = 'alice@example.org';
SELECT matches(refusal(operation, pg_temp.one('alice@example.org', o ->> 'id', pg_temp.secret('iiiiiiii')
    || '{"changes": {"label": "x"}, "label": "x", "credential": 1}'),
    ARRAY[domain_id('example.org')]), '^AU403', operation || ': not of a role that is as high') FROM a,
    unnest(ARRAY['app_password_add', 'app_password_set', 'app_password_revoke', 'app_password_rotate'])
    AS operation;

-- ---- revocation

SELECT matches((ask('app_password_revoke', pg_temp.one('alice@example.org', o ->> 'id')))::text,
    '"changed": true', 'revoke') FROM a;
SELECT is(pg_temp.see('alice@example.org', 'ffffffff'), 'f', 'revoke: the login sees it no more');
SELECT matches(refusal('app_password_revoke', pg_temp.one('alice@example.org', o ->> 'id')), '^AU404',
    'revoke: once') FROM a;
SELECT is(authd.app_password_end_all((SELECT id FROM authd.account WHERE login = 'bob@example.org')), 14::bigint,
    'end_all: how many');
SELECT is(pg_temp.see('bob@example.org', 'bbbbbbb7'), 'f', 'end_all: the login sees none');
SELECT pg_temp.add('alice@example.org', 'jjjjjjjj');
SELECT ask('user_delete', '{"user": "alice@example.org"}');
SELECT is_empty('SELECT FROM authd.app_password', 'with the user go the app passwords');
SELECT is_empty('SELECT FROM authd.app_password_secret', 'and their secrets');

-- ---- bounds

INSERT INTO authd.app_password (id, account, label, created_by, not_after)
    SELECT nextval('pg_temp.numbers'), account.id, 'many', 'test',
           CASE WHEN n <= 2 THEN authd.now() - interval '91 days' END
      FROM authd.account, generate_series(1, 10001) AS n WHERE login = 'bob@example.org';
SELECT pg_temp.add('bob@example.org', 'kkkkkkkk');
SELECT is((SELECT count(*)::int FROM authd.app_password), 10000,
    'add: what ended 90 days ago is forgotten');
SELECT matches(pg_temp.add_refused('bob@example.org', 'llllllll'), '^AU409 .* 10000', 'add: not one more');
SELECT is(pg_temp.see('bob@example.org', 'kkkkkkkk'), 't 1 abab 00000001 f', 'lookup: one of 10,000');

INSERT INTO authd.key (kind, id) VALUES ('pepper', '00000001'), ('audit', '00000002');
SELECT results_eq('SELECT kind, id FROM authd.key_names()',
    $$ VALUES ('audit', '00000002'), ('pepper', '00000001') $$, 'keys are listed');

SELECT * FROM finish();
ROLLBACK;
