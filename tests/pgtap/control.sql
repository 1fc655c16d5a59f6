-- Control of an account: whose reach does not contain the account's own gives it nothing, before or after
-- a change; a raise leaves nothing that somebody prepared, and a demotion no API key.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

SELECT ask('user_add', jsonb_build_object('login', name || '@a.example', 'role', role, 'password_hash', '$x$1'))
  FROM (VALUES ('user', 'user'), ('help', 'helpdesk'), ('chief', 'domain-admin'), ('second', 'domain-admin'),
               ('aud', 'auditor'), ('adm', 'admin')) AS t (name, role);
SELECT ask('user_add', '{"login": "user@b.example", "password_hash": "$x$1"}');
SELECT ask('user_add', '{"login": "wide@a.example", "role": "helpdesk", "domains": ["b.example"],
                         "recovery_address": "w@home.example", "password_hash": "$x$1"}');
SELECT ask('user_add', '{"login": "boss@a.example", "role": "domain-admin", "domains": ["b.example"],
                         "password_hash": "$x$1"}');
CREATE TEMP TABLE callers AS
    SELECT login AS name, signed_in(login || '@a.example') AS credential
      FROM unnest(ARRAY['help', 'chief', 'boss', 'adm']) AS login;
INSERT INTO callers SELECT 'narrow', api_key_of(credential, '{"domains": ["a.example"], "rights": ["*:write"]}')
  FROM callers WHERE name = 'adm';
CREATE FUNCTION pg_temp.of(wanted text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT credential FROM callers WHERE name = wanted $$;

-- Acts that give control of an account, and those that take away.
CREATE TEMP TABLE acts (operation text, gives boolean, more jsonb);
INSERT INTO acts VALUES
    ('user_set', true, '{"changes": {"login": "renamed@a.example"}}'),
    ('user_set', true, '{"changes": {"role": "user"}}'),
    ('user_set', true, '{"changes": {"recovery_address": "thief@a.example"}}'),
    ('user_resume', true, '{}'),
    ('password_set', true, '{"password_hash": "$y$1"}'),
    ('totp_enroll', true, '{"credential": 7001, "seed": "$cipher$00000000$x"}'),
    ('totp_ticket_add', true, jsonb_build_object('digest', repeat('ab', 32))),
    ('reset_link_add', true, jsonb_build_object('digest', repeat('ac', 32))),
    ('app_password_add', true, jsonb_build_object('label', 'x', 'credential', 7002, 'selector', 'aaaaaaaa',
        'verifier', repeat('ab', 32), 'key', '00000000')),
    ('address_add', true, '{"address": "sales@a.example"}'),
    ('scope_delete', true, '{"level": "user"}'),
    ('user_suspend', false, '{"reason": "x"}'), ('user_delete', false, '{}'),
    ('user_revoke_all', false, '{}'), ('password_clear', false, '{}');
SELECT is(verdict(pg_temp.of(by), operation, jsonb_build_object('user', who || '@a.example') || more),
    CASE WHEN may OR may IS NULL AND NOT gives THEN 'allowed' ELSE 'AU403' END,
    format('%s, %s %s on %s', by, operation, more, who))
  FROM acts, (VALUES
    -- NULL: rank suffices, reach does not
    ('chief', 'wide', NULL), ('boss', 'wide', true), ('adm', 'wide', true), ('narrow', 'wide', NULL),
    ('chief', 'second', false), ('narrow', 'second', true), ('narrow', 'boss', NULL), ('narrow', 'aud', NULL),
    ('boss', 'aud', false), ('adm', 'aud', true)) AS t (by, who, may)
 WHERE (operation <> 'reset_link_add' OR who = 'wide') AND (operation <> 'totp_enroll' OR by <> 'narrow');

-- Roles and domains that reach further than the giver
SELECT is(verdict(pg_temp.of(by), 'user_add', jsonb_build_object('login', 'new@a.example', 'role', role)), expected,
    format('%s adds a %s', by, role))
  FROM (VALUES ('narrow', 'user', 'allowed'), ('narrow', 'helpdesk', 'allowed'), ('narrow', 'domain-admin', 'allowed'),
               ('narrow', 'auditor', 'AU403'), ('narrow', 'admin', 'AU403'), ('adm', 'auditor', 'allowed'),
               ('chief', 'helpdesk', 'allowed'), ('chief', 'domain-admin', 'AU403')) AS t (by, role, expected);
SELECT is(verdict(pg_temp.of(by), 'user_set', jsonb_build_object('user', 'user@a.example', 'changes', changes::jsonb)),
    expected, format('%s sets %s', by, changes))
  FROM (VALUES ('narrow', '{"role": "helpdesk"}', 'allowed'), ('narrow', '{"role": "auditor"}', 'AU403'),
               ('adm', '{"role": "auditor"}', 'allowed'), ('adm', '{"domains": ["b.example"]}', 'AU422'),
               ('adm', '{"role": "helpdesk", "domains": ["b.example"]}', 'allowed'),
               ('narrow', '{"role": "helpdesk", "domains": ["a.example"]}', 'AU403')) AS t (by, changes, expected);
SELECT is(refusal_as(pg_temp.of('chief'), 'password_set', '{"user": "wide@a.example", "password_hash": "$y$1"}'),
    'AU403 wide@a.example has the role helpdesk, which reaches domains that are not yours / '
    'Ask an administrator of the site.', 'in words');

SELECT is(verdict(pg_temp.of(by), operation, jsonb_build_object('id', key ->> 'id', 'changes', '{"label": "y"}'::jsonb)),
    expected, format('%s, %s of a key of wide', by, operation))
  FROM (SELECT api_key_of(signed_in('wide@a.example')) AS key) AS made,
       (VALUES ('chief', 'api_key_set', 'AU403'), ('chief', 'api_key_revoke', 'allowed'), ('boss', 'api_key_set', 'allowed'))
       AS t (by, operation, expected);

-- Another role keeps no domains of the old one
SELECT is(ask('user_set', '{"user": "wide@a.example", "changes": {"role": "user"}}') -> 'domains', '[]',
    'a role without domains has none');
SELECT is(ask('user_set', '{"user": "wide@a.example", "changes": {"role": "helpdesk"}}') -> 'domains', '[]',
    'nor has the same role later');

-- A raise
DELETE FROM authd.notice;
CREATE FUNCTION pg_temp.prepare(who text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    owner bigint := id_of(who);
BEGIN
    UPDATE authd.account SET recovery_address = 'thief@b.example', recovery_address_by_rank = 2
     WHERE id = owner;
    DELETE FROM authd.reset_mail WHERE account = owner;
    PERFORM ask('password_set', jsonb_build_object('user', who, 'password_hash', '$z$1'));
    PERFORM ask('app_password_add', jsonb_build_object('user', who, 'label', 'x', 'credential',
        authd.credential_id(), 'selector', translate(lpad(nextval('authd.credential_number')::text, 8, '2'), '0189', 'wxyz'),
        'verifier', repeat('ab', 32), 'key', '00000000'));
    PERFORM ask('reset_link_add', jsonb_build_object('user', who, 'digest', encode(sha256(who::bytea), 'hex')));
    PERFORM ask('totp_ticket_add', jsonb_build_object('user', who, 'digest', encode(sha256(who::bytea), 'hex')));
    PERFORM ask('totp_enroll', jsonb_build_object('user', who, 'credential', authd.credential_id(),
                                                  'seed', '$cipher$00000000$x'));
    INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
        VALUES (owner, authd.credential_id(), '$cipher$00000000$x', 'SHA1', 6, 0);
    INSERT INTO authd.recovery_code (account, verifier, key) VALUES (owner, sha256('x'), '00000000');
    INSERT INTO authd.remembered_network (account, network, password_cipher_version, factor, uses_left, expires_at)
        VALUES (owner, '192.0.2.0/24', 1, 1, 5, authd.now() + interval '1 hour');
    PERFORM signed_in(who);
    IF (SELECT role FROM authd.account WHERE id = owner) <> 'user' THEN
        PERFORM api_key_of(signed_in(who));
    END IF;
END
$$;
-- What a user has that opens something.
CREATE FUNCTION pg_temp.kept(who text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', CASE WHEN password IS NOT NULL THEN 'password' END,
        CASE WHEN recovery_address IS NOT NULL THEN 'recovery' END,
        (SELECT 'factor' FROM authd.totp WHERE totp.account = owner.id),
        (SELECT 'pending' FROM authd.totp_pending AS t WHERE t.account = owner.id),
        (SELECT 'ticket' FROM authd.totp_ticket AS t WHERE t.account = owner.id),
        (SELECT 'network' FROM authd.remembered_network AS t WHERE t.account = owner.id),
        (SELECT 'code' FROM authd.recovery_code AS t WHERE t.account = owner.id),
        (SELECT 'link' FROM authd.reset_link AS t WHERE t.account = owner.id),
        (SELECT 'app' FROM authd.app_password AS t WHERE t.account = owner.id),
        (SELECT 'session' FROM authd.http_session AS t WHERE t.account = owner.id LIMIT 1),
        (SELECT 'key' FROM authd.api_key AS t WHERE t.owner = owner.id))
      FROM authd.account AS owner WHERE login = who
$$;
CREATE FUNCTION pg_temp.role_set(who text, changes jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.prepare(who);
    PERFORM ask('user_set', jsonb_build_object('user', who, 'changes', changes));
    RETURN pg_temp.kept(coalesce(changes ->> 'login', who));
END
$$;
CREATE TEMP TABLE all_kept (list text);
INSERT INTO all_kept VALUES ('password recovery factor pending ticket network code link app session');
SELECT ask('user_add', jsonb_build_object('login', format('m%s@a.example', n), 'role', role, 'domains', domains))
  FROM (VALUES (1, 'user', NULL::jsonb), (2, 'user', NULL), (3, 'helpdesk', NULL), (4, 'helpdesk', '["b.example"]'),
               (5, 'auditor', NULL), (6, 'helpdesk', NULL), (7, 'helpdesk', '["b.example"]'), (8, 'auditor', NULL)) AS t (n, role, domains);
SELECT is(pg_temp.role_set(format('m%s@a.example', n), changes::jsonb),
    replace(expected, 'ALL', list), changes || ': ' || what)
  FROM all_kept, (VALUES
    (1, '{"role": "helpdesk"}', '', 'a first role'),
    (2, '{"login": "m2@b.example"}', 'ALL', 'a user who moves'),
    (3, '{"domains": ["b.example"]}', '', 'more domains'),
    (4, '{"domains": []}', 'ALL key', 'fewer domains'),
    (5, '{"role": "domain-admin"}', '', 'an auditor may change something'),
    (6, '{"login": "m6@b.example"}', '', 'another domain'),
    (7, '{"role": "user"}', 'ALL', 'a demotion'),
    (8, '{"role": "user"}', 'ALL', 'a demotion from the whole site')) AS t (n, changes, expected, what);
SELECT is(string_agg(details ->> 'role' || ' ' || mail_to, ', ' ORDER BY id),
    'helpdesk thief@b.example, helpdesk thief@b.example, domain-admin thief@b.example, helpdesk thief@b.example',
    'the user is told') FROM authd.notice WHERE kind = 'raised';

-- A narrowed API key does not control its owner, who reaches further
SELECT is(verdict(pg_temp.of('narrow'), operation, '{"user": "me"}' || more::jsonb, '{"self": true}'), expected,
    format('%s of its owner by a narrowed API key', operation))
  FROM (VALUES
    ('user_show', '{}', 'allowed'),
    ('password_set', '{"password_hash": "$thief$"}', 'AU403'),
    ('user_set', '{"changes": {"recovery_address": "thief@home.example"}}', 'AU403'),
    ('app_password_add', '{"credential": 7101, "label": "x", "selector": "aaaaaaab", "key": "00000000"}', 'AU403')
  ) AS t (operation, more, expected);

-- A recovery address stays if the whole site has set it, with a rank above the new role
SELECT ask('user_add', '{"login": "r@a.example", "recovery_address": "r@home.example"}');
SELECT is(ask('user_set', '{"user": "r@a.example", "changes": {"role": "admin"}}') ->> 'recovery_address',
    'r@home.example', 'set by the host');
SELECT ask_as(signed_in('r@a.example'), 'user_set', '{"user": "me", "changes": {"recovery_address": "own@home.example"}}',
              '{"self": true}');
SELECT ask('user_set', '{"user": "r@a.example", "changes": {"role": "user"}}');
SELECT is(ask('user_set', '{"user": "r@a.example", "changes": {"role": "helpdesk"}}') -> 'recovery_address', 'null',
    'set by the user');
SELECT is(ask('user_set', '{"user": "r@a.example", "changes": {"role": "domain-admin", "recovery_address": "r@home.example"}}')
          ->> 'recovery_address', 'r@home.example', 'set with the role');

-- Kept answers end with the role
SELECT ask_as(signed_in('r@a.example'), 'user_show', '{"user": "me"}', '{"idempotency": {"key": "k", "digest": "d"}}');
SELECT ask('user_set', '{"user": "r@a.example", "changes": {"role": "user"}}');
SELECT is_empty($$ SELECT FROM authd.idempotency WHERE key = 'k' $$, 'no answer of an earlier role is kept');

-- Kept answers are given again only within the reach of the moment
CREATE FUNCTION pg_temp.again(credential jsonb, operation text, arguments jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT verdict(credential, operation, arguments, '{"idempotency": {"key": "reach", "digest": "d"}}')
$$;
CREATE FUNCTION pg_temp.first(credential jsonb, operation text, arguments jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT ask_as(credential, operation, arguments, '{"idempotency": {"key": "reach", "digest": "d"}}')
$$;
SELECT ask('user_add', '{"login": "less@a.example", "role": "domain-admin", "domains": ["b.example"]}');
SELECT ask('user_add', '{"login": "goes@a.example"}');
CREATE TEMP TABLE less AS SELECT signed_in('less@a.example') AS credential;
INSERT INTO less SELECT api_key_of(credential, '{"rights": ["*:write"]}') FROM less;
SELECT pg_temp.first(credential, 'user_show', '{"user": "user@b.example"}') FROM less;
SELECT is(pg_temp.again(credential, 'user_show', '{"user": "user@b.example"}'), 'allowed', 'the answer is kept')
  FROM less;
SELECT ask('user_set', '{"user": "less@a.example", "changes": {"domains": []}}');
SELECT is(pg_temp.again(credential, 'user_show', '{"user": "user@b.example"}'), 'AU404',
    'but not given to one who reaches the user no more') FROM less;
DELETE FROM authd.idempotency;
SELECT pg_temp.first(credential, 'user_show', '{"user": "goes@a.example"}') FROM less;
SELECT ask('user_set', '{"user": "goes@a.example", "changes": {"login": "goes@b.example"}}');
SELECT is(pg_temp.again(credential, 'user_show', '{"user": "goes@a.example"}'), 'AU404',
    'nor about a user who has moved') FROM less;
DELETE FROM authd.idempotency;
SELECT pg_temp.first(credential, 'domain_show', '{"domain": "a.example"}') FROM less;
SELECT is(pg_temp.again(credential, 'domain_show', '{"domain": "a.example"}'), 'allowed', 'a domain within reach')
  FROM less;
DELETE FROM authd.idempotency;
SELECT ask('user_add', '{"login": "gone@a.example"}');
SELECT pg_temp.first(credential, 'user_delete', '{"user": "gone@a.example"}') FROM less LIMIT 1;
SELECT is(pg_temp.again(credential, 'user_delete', '{"user": "gone@a.example"}'), 'allowed', 'a user who was deleted')
  FROM less LIMIT 1;

-- What somebody did in an earlier role is shown only to callers who reach it
SELECT ask('user_set', '{"user": "r@a.example", "changes": {"role": "admin"}}');
SELECT ask_as(signed_in('r@a.example'), 'user_set', '{"user": "user@b.example", "changes": {"display_name": "B"}}');
SELECT ask('user_set', '{"user": "r@a.example", "changes": {"role": "user"}}');
CREATE FUNCTION pg_temp.sees(credential jsonb, own boolean) RETURNS boolean LANGUAGE sql AS $$
    SELECT ask_as(credential, 'activity_list', '{"user": "r@a.example"}', jsonb_build_object('self', own))::text
           ~ 'user@b.example'
$$;
SELECT is(pg_temp.sees('{"kind": "host", "name": "tester"}', false), true, 'the host');
SELECT is(pg_temp.sees(pg_temp.of('boss'), false), true, 'one who reaches both');
SELECT is(pg_temp.sees(pg_temp.of('chief'), false), false, 'not one who reaches the actor alone');
SELECT is(pg_temp.sees(signed_in('r@a.example'), true), false, 'nor the actor himself, who reaches it no more');

-- A first enrolment of a role above user needs a ticket or somebody who controls the account
SELECT is(verdict(signed_in(who || '@a.example', NULL, true), 'totp_enroll',
        jsonb_build_object('user', 'me', 'credential', 7003, 'seed', '$cipher$00000000$x') || ticket::jsonb,
        '{"self": true}'), expected, format('%s enrols by the password alone %s', who, ticket))
  FROM (VALUES ('user', '{}', 'allowed'), ('help', '{}', 'AU403'), ('chief', '{}', 'AU403'), ('aud', '{}', 'AU403'),
               ('adm', '{}', 'AU403')) AS t (who, ticket, expected);
SELECT ask('totp_ticket_add', jsonb_build_object('user', 'help@a.example', 'digest', repeat('ef', 32)));
SELECT is(verdict(signed_in('help@a.example', NULL, true), 'totp_enroll',
        jsonb_build_object('user', 'me', 'credential', 7004, 'seed', '$cipher$00000000$x', 'ticket', repeat('ef', 32)),
        '{"self": true}'), 'allowed', 'with a ticket');

-- What closes a stolen account ends its API keys; a suspension pauses them
CREATE FUNCTION pg_temp.anew(who text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM authd.totp WHERE account = id_of(who);
    PERFORM authd.credentials_end(ARRAY[id_of(who)], authd.credential_kinds());
    PERFORM pg_temp.prepare(who);
END
$$;
CREATE FUNCTION pg_temp.keys_after(operation text, more jsonb, who text DEFAULT 'second@a.example') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    PERFORM pg_temp.anew(who);
    answer := ask(operation, jsonb_build_object('user', who) || more);
    PERFORM ask('user_resume', jsonb_build_object('user', who));
    RETURN format('%s, ended %s', (SELECT count(*) FROM authd.api_key WHERE owner = id_of(who)),
                  coalesce(answer -> 'ended' ->> 'api_keys', 'none'));
END
$$;
SELECT is(pg_temp.keys_after(operation, more::jsonb), expected, operation || more) FROM (VALUES
    ('user_suspend', '{}', '1, ended none'), ('password_set', '{"password_hash": "$n$1", "keep_credentials": true}', '1, ended none'),
    ('password_set', '{"password_hash": "$n$1"}', '0, ended 1'), ('password_clear', '{}', '0, ended 1'),
    ('totp_remove', '{}', '0, ended 1'), ('user_revoke_all', '{}', '0, ended 1')) AS t (operation, more, expected);
SELECT pg_temp.anew('second@a.example');
SELECT is(ask_as('{"kind": "none", "name": "reset link"}', 'reset_use', jsonb_build_object('digest',
              encode(sha256('second@a.example'), 'hex'), 'password_hash', '$r$1')) -> 'ended' ->> 'api_keys',
    '1', 'reset_use');
CREATE FUNCTION pg_temp.replaced(by jsonb, own boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    who text := 'second@a.example';
BEGIN
    RETURN ask_as(by, 'totp_confirm', jsonb_build_object('user', who, 'step', 5, 'pending',
        (SELECT id FROM authd.totp_pending WHERE account = id_of(who))), jsonb_build_object('self', own))
        -> 'ended' ->> 'api_keys';
END
$$;
SELECT pg_temp.anew('second@a.example');
SELECT is(pg_temp.replaced('{"kind": "host", "name": "tester"}', false), '1', 'a factor that somebody else replaces');
SELECT pg_temp.anew('second@a.example');
SELECT is(pg_temp.replaced(signed_in('second@a.example', 'totp'), true), NULL, 'not one that the user replaces');

-- Another recovery address is told to the address before it, or to the login
DELETE FROM authd.notice;
SELECT ask('user_add', '{"login": "n@a.example"}');
SELECT ask('user_set', '{"user": "n@a.example", "changes": {"recovery_address": "one@home.example"}}');
SELECT ask('user_set', '{"user": "n@a.example", "changes": {"recovery_address": "two@home.example"}}');
SELECT ask('import_rows', '{"existing": "update", "rows": [{"line": 1, "login": "n@a.example",
                           "recovery_address": "three@home.example"}]}');
SELECT ask('user_set', '{"user": "n@a.example", "changes": {"recovery_address": null}}');
SELECT is(string_agg(mail_to, ' ' ORDER BY id), 'n@a.example one@home.example two@home.example three@home.example',
    'each change of a recovery address') FROM authd.notice WHERE kind = 'recovery-address';

-- Imports
CREATE FUNCTION pg_temp.import(by text, item jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(': ', r ->> 'outcome', r ->> 'detail') FROM (
        SELECT ask_as(pg_temp.of(by), 'import_rows', jsonb_build_object('existing', 'update', 'rows',
                   jsonb_build_array(item || '{"line": 1}'))) -> 'results' -> 0 AS r) AS answer
$$;
SELECT ask('user_set', '{"user": "wide@a.example", "changes": {"domains": ["b.example"]}}');
SELECT is(pg_temp.import('chief', '{"login": "wide@a.example", "recovery_address": "thief@a.example"}'),
    'refused: wide@a.example has the role helpdesk, which reaches domains that are not yours', 'an import by a lesser reach');
SELECT is(pg_temp.import('boss', '{"login": "wide@a.example", "display_name": "W"}'), 'updated', 'by the same reach');
SELECT pg_temp.anew('second@a.example');
SELECT ask('import_rows', '{"existing": "update", "rows": [{"line": 1, "login": "second@a.example",
                           "recovery_address": "x@home.example"}]}');
SELECT is(pg_temp.kept('second@a.example'), (SELECT replace(list, ' link', '') || ' key' FROM all_kept),
    'another recovery address by an import ends the links to the old one');
CREATE FUNCTION pg_temp.import_password(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb := ask('import_accounts', jsonb_build_object('logins', jsonb_build_array(who)));
BEGIN
    RETURN ask('import_rows', jsonb_build_object('existing', 'update', 'rows', jsonb_build_array(jsonb_build_object(
        'line', 1, 'login', who, 'password_hash', '$cipher$00000000$imported', 'imported', jsonb_build_array(repeat('ab', 32)),
        'account_id', answer #> '{accounts,0,account}', 'account_new', answer #> '{accounts,0,new}',
        'password_cipher_version', answer #> '{accounts,0,cipher_version}')))) -> 'results' -> 0 ->> 'outcome';
END
$$;
SELECT ask('user_add', '{"login": "imp@a.example", "role": "helpdesk"}');
SELECT ok(api_key_of(signed_in('imp@a.example')) IS NOT NULL, 'a user without a password has a key');
SELECT is(pg_temp.import_password('imp@a.example'), 'updated', 'an imported password');
SELECT is(pg_temp.kept('imp@a.example'), 'password', 'ends sessions and API keys');

SELECT * FROM finish();
ROLLBACK;
