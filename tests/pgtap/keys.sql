-- The current key, the values that still need the other keys, and their conversion to the current key.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');
CREATE FUNCTION pg_temp.current() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind || ' ' || id, ', ' ORDER BY kind) FROM authd.key WHERE current
$$;
CREATE FUNCTION pg_temp.listed() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind || ' ' || id, ', ' ORDER BY kind, id) FROM authd.key_names()
$$;

-- the keys that smtp-authd --migrate registers
SELECT authd.key_register('encryption', 'aaaaaaaa'), authd.key_register('pepper', 'bbbbbbbb'),
       authd.key_register('audit', 'cccccccc');
SELECT is(pg_temp.current(), 'audit cccccccc, encryption aaaaaaaa, pepper bbbbbbbb', 'the first of each kind is current');
SELECT authd.key_register('encryption', 'aaaaaaaa');
SELECT is(pg_temp.listed(), 'audit cccccccc, encryption aaaaaaaa, pepper bbbbbbbb', 'once');

-- key_rotate
SELECT is(refusal('key_rotate', '{"purpose": "audit", "id": "dddddddd"}'),
    'AU422 the audit''s key is not rotated / The chain of seals is made and checked with one key.', 'not the audit''s');
SELECT is(left(refusal('key_rotate', '{"purpose": "signing"}'), 5), 'AU422', 'there are no signing keys');
SELECT is(left(refusal('key_rotate', '{"purpose": "x"}'), 5), 'AU404', 'no such kind');
SELECT is(left(refusal('key_rotate', '{}'), 5), 'AU404', 'no kind');
SELECT is(left(refusal('key_rotate', '{"purpose": "encryption"}', '{1}'), 5), 'AU403', 'the whole site''s');
SELECT is(left(refusal('key_list', '{}', '{1}'), 5), 'AU403', 'and so is the list');
SELECT is(left(refusal('key_rotate', '{"purpose": "encryption", "id": "dddddddd", "replaces": "eeeeeeee"}'), 5), 'AU409',
    'another one is current than the caller thought');
SELECT is(ask('key_rotate', '{"purpose": "encryption", "id": "dddddddd", "replaces": "aaaaaaaa", "prepare": true}')
          - 'etag', '{"kind": "key", "id": "dddddddd", "purpose": "encryption", "created_at": "2026-03-01T12:00:00Z",
                      "current": false, "count": 0, "more": false, "changed": true}', 'prepared');
SELECT is(pg_temp.listed(), 'audit cccccccc, encryption aaaaaaaa, pepper bbbbbbbb', 'which no node has to have yet');
SELECT is(ask('key_rotate', '{"purpose": "encryption", "id": "dddddddd", "replaces": "aaaaaaaa"}') -> 'current', 'true',
    'rotated');
SELECT is(pg_temp.current(), 'audit cccccccc, encryption dddddddd, pepper bbbbbbbb', 'it is current');
SELECT is(pg_temp.listed(), 'audit cccccccc, encryption aaaaaaaa, encryption dddddddd, pepper bbbbbbbb', 'both are listed');
SELECT is(left(refusal('key_rotate', '{"purpose": "encryption", "id": "aaaaaaaa", "replaces": "dddddddd"}'), 5), 'AU409',
    'never twice');
SELECT is((SELECT array_agg(action || ' ' || object_id ORDER BY id) FROM authd.audit_event
            WHERE action LIKE 'key%'), ARRAY['key_rotate dddddddd', 'key_rotate dddddddd'], 'the audit has both steps');

-- Values of each kind, and the key that each needs.
CREATE FUNCTION pg_temp.encrypted(key text, n int) RETURNS text LANGUAGE sql AS
    $$ SELECT format('$cipher$%s$%s', key, repeat('A', 60 + n)) $$;
INSERT INTO authd.domain (name) VALUES ('mine.example');
INSERT INTO authd.account (id, login, domain, password, password_cipher_version, password_set_at) OVERRIDING SYSTEM VALUE
    SELECT 1000 + n, n || '@mine.example', domain.id,
           CASE WHEN n <= 5 THEN pg_temp.encrypted('aaaaaaaa', n) END, CASE WHEN n <= 5 THEN 70 + n END,
           CASE WHEN n <= 5 THEN authd.now() END
      FROM authd.domain, generate_series(1, 10) AS n WHERE name = 'mine.example';
INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
    SELECT 1000 + n, 50 + n, pg_temp.encrypted('aaaaaaaa', n), 'SHA1', 6, 0 FROM generate_series(1, 3) AS n;
INSERT INTO authd.totp_pending (account, id, seed, algorithm, digits, expires_at)
    VALUES (1005, 66, pg_temp.encrypted('aaaaaaaa', 9), 'SHA1', 6, '2026-03-02');
INSERT INTO authd.app_password (id, account, label, created_by, imported_hash)
    VALUES (31, 1001, 'imported', 'x', pg_temp.encrypted('aaaaaaaa', 8)), (32, 1001, 'ours', 'x', NULL);
INSERT INTO authd.app_password_secret (selector, app_password, verifier, key)
    VALUES ('abcdefgh', 32, sha256('1'), 'bbbbbbbb'), ('abcdefgi', 32, sha256('2'), 'bbbbbbbb');
INSERT INTO authd.api_key (id, selector, verifier, key, label, rights, expires_at)
    VALUES (41, 'abcdefgj', sha256('3'), 'bbbbbbbb', 'x', '{*:read}', '2026-04-01');
INSERT INTO authd.recovery_code (account, verifier, key) VALUES (1001, sha256('4'), 'bbbbbbbb');
SELECT is(authd.key_count('encryption', 'aaaaaaaa', 100), 10::bigint, 'of every table: encryption');
SELECT is(authd.key_count('pepper', 'bbbbbbbb', 100), 4::bigint, 'of every table: pepper');
SELECT is(authd.key_count('encryption', 'aaaaaaaa', 2), 6::bigint, 'no more than that many of each');
SELECT is(authd.key_count('audit', 'cccccccc', 2), NULL, 'not of the audit''s');
SELECT is((SELECT jsonb_agg(item - ARRAY['kind', 'created_at', 'etag']) FROM jsonb_array_elements(
              ask('key_list', '{}') -> 'items') AS item),
    '[{"id": "cccccccc", "purpose": "audit", "current": true, "count": null, "more": false},
      {"id": "dddddddd", "purpose": "encryption", "current": true, "count": 0, "more": false},
      {"id": "aaaaaaaa", "purpose": "encryption", "current": false, "count": 10, "more": false},
      {"id": "bbbbbbbb", "purpose": "pepper", "current": true, "count": 4, "more": false}]', 'key_list');

-- Encryption anew, one place after the other
SELECT results_eq($$ SELECT id, "row", owner, version FROM authd.ciphertexts_stale('account', 'aaaaaaaa', 1001, 3) $$,
    $$ SELECT 1000 + n, 1000 + n, 1000 + n, 70 + n FROM generate_series(2::bigint, 4) AS n $$, 'passwords, after one');
SELECT results_eq($$ SELECT id, "row", owner, version FROM authd.ciphertexts_stale('totp', 'aaaaaaaa', 0, 2) $$,
    'VALUES (1001::bigint, 51::bigint, 1001::bigint, 0::bigint), (1002, 52, 1002, 0)', 'second factors');
SELECT results_eq($$ SELECT id, "row", owner, version FROM authd.ciphertexts_stale('app_password', 'aaaaaaaa', 0, 2) $$,
    'VALUES (31::bigint, 31::bigint, 1001::bigint, 0::bigint)', 'app passwords');
SELECT results_eq($$ SELECT id, "row", owner, version FROM authd.ciphertexts_stale('totp_pending', 'aaaaaaaa', 0, 2) $$,
    'VALUES (1005::bigint, 66::bigint, 1005::bigint, 0::bigint)', 'enrolments');
SELECT is_empty($$ SELECT * FROM authd.ciphertexts_stale('account', 'dddddddd', 0, 100) $$, 'none under the new key');
SELECT throws_ok($$ SELECT * FROM authd.ciphertexts_stale('site', 'aaaaaaaa', 0, 1) $$, 'AU422', NULL, 'no such table');
CREATE TEMP TABLE before AS SELECT to_jsonb(account) - 'password' AS row FROM authd.account;
SELECT is(authd.ciphertexts_replace('account', '{1001,1002}', ARRAY[pg_temp.encrypted('aaaaaaaa', 1), 'another'],
                              ARRAY[pg_temp.encrypted('dddddddd', 1), pg_temp.encrypted('dddddddd', 2)]), 1,
    'what has another text by now keeps it');
SELECT is((SELECT string_agg(substr(password, 9, 8), ' ' ORDER BY id) FROM authd.account WHERE id IN (1001, 1002)),
    'dddddddd aaaaaaaa', 'one is replaced');
SELECT set_eq($$ SELECT to_jsonb(account) - 'password' FROM authd.account $$, 'SELECT row FROM before',
    'nothing else of it changes');
SELECT is(authd.ciphertexts_replace('totp', '{1001}', ARRAY[pg_temp.encrypted('aaaaaaaa', 1)], ARRAY[pg_temp.encrypted('dddddddd', 1)]),
    1, 'second factors');
SELECT is(authd.ciphertexts_replace('totp_pending', '{1005}', ARRAY[pg_temp.encrypted('aaaaaaaa', 9)],
                              ARRAY[pg_temp.encrypted('dddddddd', 1)]), 1, 'enrolments');
SELECT is(authd.ciphertexts_replace('app_password', '{31}', ARRAY[pg_temp.encrypted('aaaaaaaa', 8)],
                              ARRAY[pg_temp.encrypted('dddddddd', 1)]), 1, 'app passwords');
SELECT throws_ok($$ SELECT authd.ciphertexts_replace('site', '{}', '{}', '{}') $$, 'AU422', NULL, 'no such table');
SELECT is(authd.key_count('encryption', 'aaaaaaaa', 100), 6::bigint, 'what is left');
SELECT is(authd.key_count('encryption', 'dddddddd', 100), 4::bigint, 'what went over');

-- Verifiers
SELECT ask('key_rotate', '{"purpose": "pepper", "id": "99999999", "replaces": "bbbbbbbb"}');
SELECT is(authd.app_password_rekey('{32,32}', ARRAY[encode(sha256('1'), 'hex'), encode(sha256('x'), 'hex')],
                                   ARRAY[encode(sha256('11'), 'hex'), encode(sha256('12'), 'hex')],
                                   '{99999999,99999999}'), 1, 'a verifier in place of the one that was checked');
SELECT results_eq('SELECT verifier, key FROM authd.app_password_secret ORDER BY selector',
    $$ VALUES (sha256('11'), '99999999' COLLATE "C"), (sha256('2'), 'bbbbbbbb') $$, 'the other secret stays');
SELECT is((SELECT version FROM authd.app_password WHERE id = 32), 1::bigint, 'no version rises');
CREATE FUNCTION pg_temp.knows(verifier bytea) RETURNS boolean LANGUAGE sql AS $$
    SELECT authd.caller(jsonb_build_object('kind', 'api-key', 'id', 41, 'digest', encode(verifier, 'hex'))) IS NOT NULL
$$;
SELECT is(authd.api_key_rekey('{41}', ARRAY[encode(sha256('3'), 'hex')], ARRAY[encode(sha256('33'), 'hex')], '{99999999}'),
    1, 'API keys');
SELECT ok(pg_temp.knows(sha256('33')), 'it is known by the new verifier');
SELECT ok(pg_temp.knows(sha256('3')), 'a request under way by the old one');
SELECT ok(NOT pg_temp.knows(sha256('5')), 'and by no other');

-- Keys that leave the list
SELECT is(authd.key_forget('{pepper 99999999}', NULL), 0, 'what something needs stays on the list');
DELETE FROM authd.app_password;
DELETE FROM authd.recovery_code;
SELECT is(authd.key_forget('{pepper 99999999}', NULL), 0, 'and what was current a moment ago');
SELECT clock('2026-03-01 12:01:00+00');
SELECT is(authd.key_forget('{pepper bbbbbbbb,pepper 99999999}', NULL), 0, 'and what the files have');
SELECT is(authd.key_forget('{pepper 99999999}', NULL), 1, 'the rest goes');
SELECT is(pg_temp.listed(), 'audit cccccccc, encryption aaaaaaaa, encryption dddddddd, pepper 99999999', 'and is gone');
SELECT results_eq($$ SELECT id, removed FROM authd.key_state('{pepper bbbbbbbb}') WHERE kind = 'pepper' $$,
    $$ VALUES ('99999999', false), ('bbbbbbbb', true) $$, 'but known to who has it');
SELECT authd.key_register('pepper', 'bbbbbbbb');
SELECT is(pg_temp.current(), 'audit cccccccc, encryption dddddddd, pepper 99999999', 'it does not come back');
SELECT is(left(refusal('key_rotate', '{"purpose": "pepper", "id": "bbbbbbbb", "replaces": "99999999"}'), 5), 'AU409',
    'by no way');
SELECT is((SELECT details FROM authd.audit_event WHERE action = 'key_remove'), '{"purpose": "pepper", "id": "bbbbbbbb"}',
    'the audit has it');
SELECT authd.key_register('encryption', '12345678');
SELECT is(pg_temp.current(), 'audit cccccccc, encryption 12345678, pepper 99999999',
    'one that was put first by hand is current');

-- Every encrypted column has an index by which its values are found by their key.
CREATE TEMP VIEW encrypted_columns AS
    SELECT attrelid, relname::text, attname::text FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid AND relnamespace = 'authd'::regnamespace AND relkind = 'r'
     WHERE col_description(attrelid, attnum) LIKE 'encrypted:%';
SELECT set_eq($$ SELECT relname FROM encrypted_columns $$, ARRAY['account', 'app_password', 'totp', 'totp_pending'],
    'the tables that have encrypted texts');
SELECT is_empty($$
    SELECT relname FROM encrypted_columns WHERE NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = attrelid
           AND pg_get_indexdef(indexrelid) LIKE format('%%substr(%s, 9, 8)%%', attname)) $$, 'each has an index by key');
SELECT is_empty($$
    SELECT relname FROM encrypted_columns, pg_proc
     WHERE pronamespace = 'authd'::regnamespace AND proname IN ('ciphertexts_stale', 'ciphertexts_replace', 'key_count')
       AND prosrc !~ format('authd\.%s ', relname) $$, 'and is in every function about them');

-- In a large table only the rows of the answer are read, even by a plan that was made for a small table.
CREATE FUNCTION pg_temp.reads(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seq   bigint := (SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'authd.account'::regclass);
    index bigint := (SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'authd.account'::regclass);
BEGIN
    EXECUTE sql;
    RETURN (SELECT format('%s %s', seq_tup_read - seq, idx_tup_fetch - index)
              FROM pg_stat_xact_user_tables WHERE relid = 'authd.account'::regclass);
END
$$;
INSERT INTO authd.account (id, login, domain, password, password_cipher_version, password_set_at) OVERRIDING SYSTEM VALUE
    SELECT 2000 + n, 'many' || n || '@mine.example', domain.id, pg_temp.encrypted('f0f0f0f0', 1), n, authd.now()
      FROM authd.domain, generate_series(1, 3000) AS n WHERE name = 'mine.example';
SELECT is(pg_temp.reads($$ SELECT * FROM authd.ciphertexts_stale('account', 'f0f0f0f0', 0, 20) $$), '0 20', 'a batch');
SELECT is(pg_temp.reads($$ SELECT * FROM authd.ciphertexts_stale('account', 'eeeeeeee', 0, 20) $$), '0 0', 'no batch');
SELECT is(pg_temp.reads($$ SELECT authd.key_count('encryption', 'f0f0f0f0', 30) $$), '0 30', 'a count, as far as wanted');
SELECT is(pg_temp.reads($$ SELECT authd.key_count('encryption', 'eeeeeeee', 30) $$), '0 0', 'a count of nothing');

SELECT * FROM finish();
ROLLBACK;
