-- Encrypted hashes: a hash that is not encrypted is refused, and every hash must name the account for which
-- it was encrypted.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(40);

SELECT ask('user_add', '{"login": "alice@cipher.example", "password_hash": "$a$1"}');
SELECT ask('user_add', '{"login": "bob@cipher.example", "recovery_address": "bob@home.example"}');
CREATE FUNCTION pg_temp.row_of(name text) RETURNS authd.account LANGUAGE sql AS
    'SELECT account FROM authd.account WHERE login = name';

-- The form of an encrypted hash
SELECT is(authd.is_encrypted(text), good, coalesce(text, 'null')) FROM (VALUES
    ('$cipher$0123abcd$AZaz09-_', true), ('$cipher$0123abcd$', false), ('$cipher$0123abc$AA', false),
    ('$cipher$0123ABCD$AA', false), ('$cipher$0123abcd$A A', false), ('$6$salt$hash', false),
    ('{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=', false), ('', false), ('x$cipher$0123abcd$AA', false),
    (E'$cipher$0123abcd$AA\nx', false), (NULL, NULL)) AS form (text, good);

-- The cipher version
SELECT cmp_ok(authd.account_id(), '>', (SELECT max(id) FROM authd.account), 'an id that nobody has');
SELECT cmp_ok((pg_temp.row_of('alice@cipher.example')).password_cipher_version, '>', 0::bigint, 'a number for a password');
SELECT is((pg_temp.row_of('bob@cipher.example')).password_cipher_version, NULL, 'none without');
SELECT is((ask('user_add', jsonb_build_object('login', 'carol@cipher.example', 'password_hash', '$c$1',
               'account_id', 123456789, 'password_cipher_version', 77)) ->> 'id'), '123456789', 'the id that it was encrypted for');
SELECT is((pg_temp.row_of('carol@cipher.example')).password_cipher_version, 77::bigint, 'and the number');
SELECT ask('password_set', '{"user": "carol@cipher.example", "password_hash": "$c$2", "password_cipher_version": 78}');
SELECT is((pg_temp.row_of('carol@cipher.example')).password_cipher_version, 78::bigint, 'another one for the next password');
SELECT ok(authd.password_upgrade(123456789, encrypted_text('$c$2'), encrypted_text('$c$3')), 'an upgrade');
SELECT is((pg_temp.row_of('carol@cipher.example')).password_cipher_version, 78::bigint, 'keeps it');
SELECT throws_ok(format('SELECT authd.password_upgrade(123456789, %L, %L)', encrypted_text('$c$3'), '$6$salt$hash'),
                 '23514', NULL, 'not to what is not encrypted');
SELECT ask('password_clear', '{"user": "carol@cipher.example"}');
SELECT is((pg_temp.row_of('carol@cipher.example')).password_cipher_version, NULL, 'cleared with the password');
SELECT ask('password_set', '{"user": "carol@cipher.example", "password_hash": "$c$4"}');
SELECT ask('user_revoke_all', '{"user": "carol@cipher.example"}');
SELECT is((pg_temp.row_of('carol@cipher.example')).password_cipher_version, NULL, 'or when all is revoked');
SELECT ask('password_set', '{"user": "carol@cipher.example", "password_hash": "$c$5"}');
SELECT ask('domain_revoke_all', '{"domain": "cipher.example"}');
SELECT is((pg_temp.row_of('carol@cipher.example')).password_cipher_version, NULL, 'in a whole domain');

-- Seeds
SELECT throws_ok(format($$ INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
                           VALUES (%s, 1, 'GEZDGNBV', 'SHA1', 6, 0) $$, id_of('alice@cipher.example')),
                 '23514', NULL, 'a seed in clear is refused');
SELECT throws_ok(format($$ INSERT INTO authd.totp_pending (account, id, seed, algorithm, digits, expires_at)
                           VALUES (%s, 1, 'GEZDGNBV', 'SHA1', 6, authd.now()) $$, id_of('alice@cipher.example')),
                 '23514', NULL, 'also while it waits for its code');

-- The account for which a hash was encrypted
SELECT matches(refusal('user_add', jsonb_build_object('login', 'x@cipher.example', 'password_hash', '$x$1',
                       'account_id', NULL)), '^AU422 account_id is missing', 'nobody''s hash');
SELECT matches(refusal('user_add', jsonb_build_object('login', 'x@cipher.example', 'password_hash', '$x$1',
                       'password_cipher_version', NULL)), '^AU422 password_cipher_version is missing', 'a hash without a number');
SELECT matches(refusal('password_set', jsonb_build_object('user', 'alice@cipher.example', 'password_hash', '$a$2',
                       'password_owner', id_of('bob@cipher.example'))),
               '^AU409 alice@cipher.example is another user than a moment ago', 'somebody else''s hash');
SELECT matches(refusal('password_set', jsonb_build_object('user', 'alice@cipher.example', 'password_hash', '$a$2',
                       'password_owner', NULL)), '^AU409', 'or nobody''s');
SELECT matches(refusal('app_password_add', jsonb_build_object('user', 'alice@cipher.example', 'label', 'x',
                       'credential', authd.credential_id(), 'password_hash', '$a$2',
                       'password_owner', id_of('bob@cipher.example'))), '^AU409', 'as an app password');
SELECT ask('reset_link_add', jsonb_build_object('user', 'bob@cipher.example', 'digest', repeat('ab', 32)));
SELECT is(verdict('{"kind": "none", "name": "reset link"}', 'reset_use', jsonb_build_object('digest', repeat('ab', 32),
                  'password_hash', '$b$1', 'password_owner', id_of('alice@cipher.example'))), 'AU409', 'by a link');
SELECT is(verdict('{"kind": "none", "name": "reset link"}', 'reset_use', jsonb_build_object('digest', repeat('ab', 32),
                  'password_hash', '$b$1')), 'allowed', 'which is good for its own user');

-- Imports
CREATE FUNCTION pg_temp.imported(login text, more jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', result ->> 'outcome', result ->> 'detail')
      FROM (SELECT ask('import_rows', jsonb_build_object('existing', 'update', 'rows', jsonb_build_array(
                jsonb_build_object('login', login, 'password_hash', encrypted_text('$i$1'), 'password_cipher_version', 9,
                                   'imported', jsonb_build_array(repeat('ab', 32), repeat('cd', 32))) || more)))
                #> '{results,0}' AS result) AS done
$$;
SELECT is(pg_temp.imported('alice@cipher.example', '{"account_id": 123456789, "account_new": false}'),
          'refused alice@cipher.example was added by somebody else at this moment', 'encrypted for who had the name before');
SELECT is(pg_temp.imported('alice@cipher.example', jsonb_build_object('account_id', authd.account_id(), 'account_new', true)),
          'refused alice@cipher.example was added by somebody else at this moment', 'for whom there was not');
SELECT is(pg_temp.imported('gone@cipher.example', '{"account_id": 123456700, "account_new": false}'),
          'refused gone@cipher.example was removed by somebody else at this moment', 'for who is no more');
SELECT is(pg_temp.imported('new@cipher.example', '{}'), 'refused password_hash is not a stored hash', 'for nobody');
SELECT is(pg_temp.imported('new@cipher.example', jsonb_build_object('account_id', authd.account_id(), 'password_hash',
                           '$6$salt$hash')), 'refused password_hash is not a stored hash', 'in clear');
CREATE TEMP TABLE new AS SELECT authd.account_id() AS id;
SELECT is(pg_temp.imported('new@cipher.example', jsonb_build_object('account_id', id)), 'added', 'as it should be') FROM new;
SELECT is(pg_temp.imported('new@cipher.example', jsonb_build_object('account_id', id, 'account_new', false, 'imported',
                           jsonb_build_array(repeat('ef', 32), repeat('ab', 32)))), 'unchanged',
          'the same hash under an older pepper') FROM new;
SELECT is(pg_temp.imported('new@cipher.example', jsonb_build_object('account_id', id, 'account_new', false, 'imported',
                           jsonb_build_array(repeat('ef', 32)))), 'updated', 'another one') FROM new;

SELECT * FROM finish();
ROLLBACK;
