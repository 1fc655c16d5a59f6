-- authd.import_rows(): each row has an outcome of its own, and an import undoes no later change.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(44);

-- Completes rows as the service does: hashes are encrypted, and recognised by a digest over account and hash.
CREATE FUNCTION pg_temp.completed(rows jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(CASE WHEN item ->> 'password_hash' IS NULL THEN item ELSE jsonb_build_object(
                         'account_id', whose -> 'account', 'account_new', whose -> 'new',
                         'password_cipher_version', whose -> 'cipher_version', 'imported', jsonb_build_array(encode(sha256(
                             ((whose ->> 'account') || (item ->> 'password_hash'))::bytea), 'hex')))
                         || item || jsonb_build_object('password_hash', encrypted_text(item ->> 'password_hash'))
                     END ORDER BY n)
      FROM jsonb_array_elements(rows) WITH ORDINALITY AS given (item, n),
           LATERAL (SELECT ask('import_accounts', jsonb_build_object('logins', jsonb_build_array(item -> 'login')))
                           #> '{accounts,0}' AS whose) AS asked
$$;

-- "outcome detail" of each row.
CREATE FUNCTION pg_temp.imported(rows jsonb, options jsonb DEFAULT '{}', reach bigint[] DEFAULT NULL)
RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(concat_ws(' ', result ->> 'outcome', result ->> 'detail') ORDER BY n)
      FROM jsonb_array_elements(ask('import_rows', options || jsonb_build_object('rows', pg_temp.completed(rows)), reach)
                                -> 'results') WITH ORDINALITY AS done (result, n)
$$;
CREATE FUNCTION pg_temp.password_of(name text) RETURNS text LANGUAGE sql AS
    'SELECT password FROM authd.account WHERE login = name';
CREATE FUNCTION pg_temp.object_of(name text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT ask('user_show', jsonb_build_object('user', name))
$$;

-- New users
SELECT is(pg_temp.imported('[
    {"line": 1, "login": "alice@import.example", "password_hash": "$a$1", "display_name": "Alice",
     "recovery_address": "al@home.example", "addresses": ["sales@import.example", "*@other.example"]},
    {"line": 2, "login": "bob@import.example"},
    {"line": 3, "login": "carol@second.example", "suspended": true, "note": "it is locked"},
    {"line": 4, "login": "bob@import.example", "password_hash": "$a$2"},
    {"line": 5, "login": "dave@import.example", "class": "nope"},
    {"line": 6, "flaw": "login is empty"},
    {"line": 7, "login": "eve@import.example", "display_name": "a\nb"},
    {"line": 8, "login": "eve@import.example", "password_hash": "has blanks"},
    {"line": 9}]'),
    ARRAY['added', 'added', 'added it is locked', 'refused the login stands on line 2 already',
          'refused there is no class nope', 'refused login is empty',
          'refused display_name has a control character',
          'refused the login stands on line 7 already', 'refused login is missing'],
    'each row has an outcome of its own');
SELECT is(pg_temp.password_of('alice@import.example'), encrypted_text('$a$1'), 'the hash is stored as it came');
SELECT is(generation_of('alice@import.example'), 1, 'a password is the first of its user');
SELECT is(generation_of('bob@import.example'), 0, 'none is none');
SELECT is(pg_temp.object_of('alice@import.example') -> 'addresses',
          '["*@other.example", "sales@import.example"]', 'addresses as given');
SELECT is(pg_temp.object_of('bob@import.example') -> 'addresses', '["bob@import.example"]',
          'or the login');
SELECT is(pg_temp.object_of('carol@second.example') ->> 'suspended_reason',
          'suspended where it was imported from', 'a suspended user is suspended');
SELECT isnt(domain_id('second.example'), NULL, 'a domain is made for the site''s administrator');
SELECT is((SELECT count(*) FROM authd.audit_event WHERE action = 'user_add'
            AND account IN (SELECT id FROM authd.account WHERE login LIKE '%@import.example')), 2::bigint,
          'each new user is in the audit');
SELECT is((SELECT count(*) FROM authd.audit_event WHERE action = 'domain_add'
            AND object_id = domain_id('second.example')::text), 1::bigint, 'and each new domain');

-- The same rows again
CREATE TEMP TABLE before_again AS SELECT account FROM authd.account;
CREATE TEMP TABLE audit_before AS SELECT count(*) AS number FROM authd.audit_event;
SELECT is(pg_temp.imported('[
    {"line": 1, "login": "alice@import.example", "password_hash": "$a$1", "display_name": "Alice",
     "recovery_address": "al@home.example", "addresses": ["sales@import.example"]},
    {"line": 2, "login": "bob@import.example"},
    {"line": 3, "login": "carol@second.example", "suspended": true}]', '{"existing": "update"}'),
    ARRAY['unchanged', 'unchanged', 'unchanged'], 'the same file changes nothing');
SELECT set_eq('SELECT account FROM authd.account', 'SELECT account FROM before_again',
              'in no column of any account');
SELECT is((SELECT count(*) FROM authd.audit_event), (SELECT number FROM audit_before),
          'and the audit has nothing to say');
SELECT is(pg_temp.imported('[{"line": 1, "login": "alice@import.example", "password_hash": "$a$9"}]'),
          ARRAY['skipped'], 'who exists is skipped, if nothing is said');
SELECT is(pg_temp.imported('[{"line": 1, "login": "alice@import.example", "password_hash": "$a$9"}]',
                           '{"existing": "fail"}'),
          ARRAY['refused alice@import.example already exists'], 'or refused');
SELECT is(pg_temp.password_of('alice@import.example'), encrypted_text('$a$1'), 'and keeps the password');

-- Passwords that a file may replace, and passwords that it may not
SELECT is(pg_temp.imported('[{"line": 1, "login": "alice@import.example", "password_hash": "$a$2"}]',
                           '{"existing": "update"}'),
          ARRAY['updated'], 'a new hash replaces the one that was imported');
SELECT is(pg_temp.password_of('alice@import.example'), encrypted_text('$a$2'), 'it does');
SELECT is(generation_of('alice@import.example'), 2, 'and counts as another password');
SELECT isnt(authd.password_upgrade((SELECT id FROM authd.account WHERE login = 'alice@import.example'),
                                   encrypted_text('$a$2'), encrypted_text('$argon2id$new')), false, 'a login upgrades it');
SELECT is(pg_temp.imported('[{"line": 1, "login": "alice@import.example", "password_hash": "$a$2"}]',
                           '{"existing": "update"}'),
          ARRAY['unchanged'], 'the file that knows the old hash changes nothing');
SELECT is(pg_temp.password_of('alice@import.example'), encrypted_text('$argon2id$new'), 'the upgraded one stays');
SELECT is(pg_temp.imported('[{"line": 1, "login": "alice@import.example", "password_hash": "$a$3",
                              "display_name": "Alice Adams"}]', '{"existing": "update"}'),
          ARRAY['updated its password was changed here, and is kept'],
          'a newer hash does not replace it either, and that is said');
SELECT is(pg_temp.password_of('alice@import.example'), encrypted_text('$argon2id$new'), 'it stays');
SELECT is(pg_temp.object_of('alice@import.example') ->> 'display_name', 'Alice Adams',
          'what else the row says is done');
SELECT ask('password_set', '{"user": "bob@import.example", "password_hash": "$set$"}') IS NOT NULL
    AS done \gset
SELECT is(pg_temp.imported('[{"line": 1, "login": "bob@import.example", "password_hash": "$a$4"}]',
                           '{"existing": "update"}'),
          ARRAY['unchanged its password was changed here, and is kept'], 'nor one that was set here');
SELECT ask('password_clear', '{"user": "bob@import.example"}') IS NOT NULL AS done \gset
SELECT is(pg_temp.imported('[{"line": 1, "login": "bob@import.example", "password_hash": "$a$4"}]',
                           '{"existing": "update"}'),
          ARRAY['unchanged its password was changed here, and is kept'], 'nor is a cleared one given back');
SELECT is(pg_temp.password_of('bob@import.example'), NULL, 'it is not');
SELECT is(pg_temp.imported('[{"line": 1, "login": "carol@second.example", "password_hash": "$a$5"}]',
                           '{"existing": "update"}'),
          ARRAY['updated'], 'who never had one gets it');

-- Addresses, scopes, suspensions
SELECT is(pg_temp.imported('[{"line": 1, "login": "bob@import.example",
                              "addresses": ["info@import.example"]},
                             {"line": 2, "login": "zoe@import.example",
                              "addresses": ["info@import.example"]}]',
                           '{"existing": "update", "create": false}'),
          ARRAY['updated', 'refused there is no user zoe@import.example'],
          'addresses for users who exist');
SELECT is(pg_temp.object_of('bob@import.example') -> 'addresses',
          '["bob@import.example", "info@import.example"]', 'are added to those they have');
SELECT is(pg_temp.imported(jsonb_build_array(jsonb_build_object('login', 'bob@import.example',
              'addresses', (SELECT jsonb_agg(format('a%s@import.example', i))
                              FROM generate_series(1, 255) AS i))), '{"existing": "update"}'),
          ARRAY['refused bob@import.example would have more than 256 addresses'], 'up to a bound');
SELECT is(pg_temp.imported('[{"line": 1, "login": "nets@import.example",
            "scope": "{\"networks\":{\"allow\":[\"192.0.2.0/24\"]},\"v\":1}"}]'),
          ARRAY['added'], 'networks');
SELECT is((SELECT document.canonical FROM authd.account
             JOIN authd.scope_document AS document ON document.hash = account.scope
            WHERE login = 'nets@import.example'),
          '{"networks":{"allow":["192.0.2.0/24"]},"v":1}', 'become the scope of the user');
SELECT is(pg_temp.imported('[{"line": 1, "login": "nets@import.example",
            "scope": "{\"networks\":{\"allow\":[\"0.0.0.0/0\"]},\"v\":1}"}]', '{"existing": "update"}'),
          ARRAY['unchanged it has a sending scope already, which is kept'],
          'a scope that is there is never replaced');
SELECT ask('user_resume', '{"user": "carol@second.example"}') IS NOT NULL AS done \gset
SELECT is(pg_temp.imported('[{"line": 1, "login": "nets@import.example", "suspended": true},
                             {"line": 2, "login": "carol@second.example", "suspended": false}]',
                           '{"existing": "update"}'),
          ARRAY['updated', 'unchanged'], 'users are suspended');

-- Deleted users
SELECT ask('user_delete', '{"user": "alice@import.example"}') IS NOT NULL AS done \gset
SELECT is(pg_temp.imported('[{"line": 1, "login": "alice@import.example", "password_hash": "$a$1"}]'),
          ARRAY['added'], 'a login whose holder was deleted');
SELECT cmp_ok(generation_of('alice@import.example'), '>', 2, 'goes on counting passwords');

-- Rights
SELECT is(pg_temp.imported('[{"line": 1, "login": "in@import.example"},
    {"line": 2, "login": "out@second.example"}, {"line": 3, "login": "new@third.example"},
    {"line": 4, "login": "evil@import.example", "addresses": ["ceo@second.example"]}]', '{}',
    ARRAY[domain_id('import.example')]),
    ARRAY['added', 'refused there is no domain second.example',
          'refused there is no domain third.example',
          'refused one of its addresses is in a domain that is not yours'],
    'a domain''s administrator imports into it alone');
SELECT is(domain_id('third.example'), NULL, 'and makes no domain');
SELECT ask('user_set', '{"user": "in@import.example", "changes": {"role": "domain-admin"}}') IS NOT NULL
    AS done \gset
SELECT is(pg_temp.imported('[{"line": 1, "login": "in@import.example", "password_hash": "$a$7"}]',
                           '{"existing": "update"}', ARRAY[domain_id('import.example')]),
    ARRAY['refused in@import.example has the role domain-admin, which is not below yours'],
    'nobody imports over his equals');

-- Bounds
SELECT matches(refusal('import_rows', '{"rows": "x"}'), '^AU422 rows must be a list');
SELECT matches(refusal('import_rows', jsonb_build_object('rows', (
    SELECT jsonb_agg(jsonb_build_object('login', i)) FROM generate_series(1, 1001) AS i))),
    '^AU422 rows must be a list of at most 1000');
SELECT matches(refusal('import_rows', '{"rows": [], "existing": "replace"}'), '^AU422 existing must be');

SELECT * FROM finish();
ROLLBACK;
