-- Credentials that a password change, a reset link, a suspension or revoke-all ends, and the rights to do so.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');
-- App passwords are tested in another file; here only how often they were ended.
CREATE TEMP TABLE ended (account bigint);
GRANT ALL ON ended TO authd_owner;
DROP FUNCTION IF EXISTS authd.app_password_end_all(bigint);
CREATE FUNCTION authd.app_password_end_all(account bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.ended VALUES (account);
    RETURN 3;
END
$$;

SELECT ask('user_add', jsonb_build_object('login', name || '@mine.example', 'role', role,
           'password_hash', '$x$1', 'recovery_address', name || '@home.example'))
  FROM (VALUES ('alice', 'user'), ('help', 'helpdesk'), ('dom', 'domain-admin'), ('adm', 'admin'),
               ('oth', 'user')) AS t (name, role);
CREATE FUNCTION pg_temp.host() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"kind": "host", "name": "root"}'::jsonb $$;
-- Without the limits of links, which reset.sql tests.
CREATE FUNCTION pg_temp.link(token text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    DELETE FROM authd.reset_mail;
    SELECT ask('reset_link_add', jsonb_build_object('user', 'alice@mine.example', 'digest',
               encode(sha256(token::bytea), 'hex')) || more)
$$;
CREATE FUNCTION pg_temp.use(token text) RETURNS text LANGUAGE sql AS $$
    SELECT left(refusal_as('{"kind": "none", "name": "reset link"}', 'reset_use', jsonb_build_object(
               'digest', encode(sha256(token::bytea), 'hex'), 'password_hash', '$r$1')), 8)
$$;
CREATE FUNCTION pg_temp.sessions() RETURNS int LANGUAGE sql AS
    $$ SELECT count(*)::int FROM authd.http_session WHERE account = id_of('alice@mine.example') $$;

-- password_set by the user: the other sessions and the reset links end, other credentials stay
CREATE TEMP TABLE mine AS SELECT signed_in('alice@mine.example') AS credential;
SELECT signed_in('alice@mine.example'), signed_in('alice@mine.example');
SELECT pg_temp.link('t1');
SELECT is(ask_as(credential, 'password_set', '{"user": "me", "password_hash": "$y$1"}', '{"self": true}') -> 'ended',
    '{"sessions": 2, "reset_links": 1}', 'by oneself') FROM mine;
SELECT is(verdict(credential, 'user_show', '{"user": "me"}'), 'allowed', 'the own session goes on') FROM mine;
SELECT is(pg_temp.use('t1'), 'AU401 th', 'a reset link does not outlive a new password');
SELECT is_empty('SELECT * FROM ended', 'app passwords stay');

-- password_set by another caller: every credential ends, unless keep_credentials is set
SELECT signed_in('alice@mine.example');
SELECT is(ask('password_set', '{"user": "alice@mine.example", "password_hash": "$y$1", "keep_credentials": true}')
          -> 'ended', '{"reset_links": 0}', 'by another person, keeping credentials');
SELECT is(pg_temp.sessions(), 2, 'sessions stay');
SELECT is(ask('password_set', '{"user": "alice@mine.example", "password_hash": "$y$1"}') -> 'ended',
    '{"sessions": 2, "reset_links": 0, "app_passwords": 3, "api_keys": 0}', 'by another person');
SELECT is(pg_temp.sessions(), 0, 'sessions end');
SELECT results_eq('SELECT account FROM ended', $$ SELECT id_of('alice@mine.example') $$, 'app passwords end');
SELECT signed_in('alice@mine.example');
SELECT is(ask('password_clear', '{"user": "alice@mine.example"}') -> 'ended',
    '{"sessions": 1, "reset_links": 0, "api_keys": 0}', 'password_clear');
SELECT is(ask('password_clear', '{"user": "alice@mine.example"}') ? 'ended', false, 'once');
SELECT is((SELECT count(*)::int FROM ended), 1, 'which app passwords outlive');
SELECT is(verdict(signed_in('adm@mine.example'), 'password_set',
                  '{"user": "me", "password_hash": "$y$1"}', '{"self": true, "self_only": true}'), 'allowed',
    'an administrator''s own');

-- reset links
SELECT is(pg_temp.link('t2') - 'etag', jsonb_build_object('kind', 'reset-link', 'id', id::text,
        'user', 'alice@mine.example', 'user_id', id::text, 'domain', 'mine.example',
        'mailed_to', 'a***@home.example', 'mail_to', 'alice@home.example', 'keep_credentials', false,
        'expires_at', '2026-03-01T13:00:00Z', 'changed', true), 'reset_link_add')
  FROM authd.account WHERE login = 'alice@mine.example';
SELECT is((SELECT count(*)::int FROM authd.reset_link WHERE digest = sha256('t2')), 1, 'kept as a digest');
SELECT is(pg_temp.use('t3'), 'AU401 th', 'a wrong token');
SELECT is(pg_temp.use('t2'), 'answered', 'the right one');
SELECT is(pg_temp.use('t2'), 'AU401 th', 'once');
SELECT is((SELECT password FROM authd.account WHERE login = 'alice@mine.example'), encrypted_text('$r$1'),
    'sets the password');
SELECT pg_temp.link('t4'), pg_temp.link('t5');
SELECT is(pg_temp.use('t4'), 'AU401 th', 'a newer link replaces an older one');
SELECT clock('2026-03-01 13:00:00+00');
SELECT is(pg_temp.use('t5'), 'AU401 th', 'an hour later');
SELECT is(verdict('{"kind": "none", "name": "reset link"}', 'reset_words', jsonb_build_object('digest',
              encode(sha256('t5'), 'hex'))), 'AU401', 'it tells no words either');
SELECT clock('2026-03-01 12:59:59+00');
SELECT is(pg_temp.use('t5'), 'answered', 'but not before');
SELECT clock('2026-03-01 12:00:00+00');

TRUNCATE ended;
SELECT signed_in('alice@mine.example');
SELECT pg_temp.link('t6');
CREATE TEMP TABLE used AS
    SELECT ask_as('{"kind": "none", "name": "reset link"}', 'reset_use', jsonb_build_object('digest',
               encode(sha256('t6'), 'hex'), 'password_hash', '$r$2')) AS answer;
SELECT is(answer - 'id', '{"kind": "user", "login": "alice@mine.example", "changed": true,
    "ended": {"sessions": 1, "reset_links": 0, "app_passwords": 3, "api_keys": 0}}', 'tells no more than the login') FROM used;
SELECT signed_in('alice@mine.example');
SELECT pg_temp.link('t7', '{"keep_credentials": true}');
SELECT is(ask_as('{"kind": "none", "name": "reset link"}', 'reset_use', jsonb_build_object('digest',
              encode(sha256('t7'), 'hex'), 'password_hash', '$r$3')) -> 'ended',
    '{"sessions": 1, "reset_links": 0}', 'a link that keeps app passwords');
SELECT is((SELECT count(*)::int FROM ended), 1, 'does');
SELECT is((SELECT account FROM authd.audit_event WHERE action = 'reset_use' ORDER BY id LIMIT 1),
    id_of('alice@mine.example'), 'it is recorded');
SELECT pg_temp.link('t8');
SELECT is(ask_as('{"kind": "none", "name": "reset link"}', 'reset_words', jsonb_build_object('digest',
              encode(sha256('t8'), 'hex'))),
    jsonb_build_object('id', id_of('alice@mine.example')::text) || '{"words": ["alice@home.example", "alice@mine.example"],
        "enrolled": false}', 'reset_words');
SELECT is(pg_temp.use('t8'), 'answered', 'which does not use it');

SELECT pg_temp.link('t9');
SELECT ask('user_set', '{"user": "alice@mine.example", "changes": {"recovery_address": "new@home.example"}}');
SELECT is(pg_temp.use('t9'), 'AU401 th', 'a link to another address is no longer good');
SELECT pg_temp.link('t10');
SELECT ask('user_suspend', '{"user": "alice@mine.example"}');
SELECT is(pg_temp.use('t10'), 'AU401 th', 'nor one of a suspended user');
SELECT is(left(refusal('reset_link_add', jsonb_build_object('user', 'alice@mine.example', 'digest', repeat('0', 64))), 37),
    'AU409 alice@mine.example is suspended', 'who gets no new one');
SELECT ask('user_resume', '{"user": "alice@mine.example"}');
SELECT is(pg_temp.use('t10'), 'AU401 th', 'and resuming does not bring it back');
SELECT ask('user_set', '{"user": "alice@mine.example", "changes": {"recovery_address": null}}');
SELECT is(refusal('reset_link_add', jsonb_build_object('user', 'alice@mine.example', 'digest', repeat('0', 64))),
    'AU409 alice@mine.example has no recovery address / Set one first, or set a password.', 'no address on file');
SELECT ask('user_add', '{"login": "bot@mine.example", "service": true, "recovery_address": "b@home.example"}');
SELECT is(left(refusal('reset_link_add', jsonb_build_object('user', 'bot@mine.example', 'digest', repeat('0', 64))), 40),
    'AU422 bot@mine.example is a service user', 'a service user');
SELECT is(left(refusal('reset_link_add', jsonb_build_object('user', 'oth@mine.example', 'digest', digest)), 31),
    'AU422 digest is not a digest / ', 'no digest: ' || coalesce(digest, 'none'))
  FROM unnest(ARRAY[NULL, 'secret', repeat('0', 63), repeat('0', 65), repeat('A', 64)]) AS digest;

-- Suspending: sessions end, and a lower role cannot undo the suspension by a higher role
SELECT signed_in('alice@mine.example');
SELECT is(ask('user_suspend', '{"user": "alice@mine.example"}') ->> 'suspended_by', 'host', 'user_suspend says who');
SELECT is(pg_temp.sessions(), 0, 'and ends sessions');
SELECT ask('user_resume', '{"user": "alice@mine.example"}');
CREATE TEMP TABLE who AS SELECT role, signed_in(login) AS credential FROM authd.account WHERE role <> 'user';
INSERT INTO who VALUES ('host', pg_temp.host());
CREATE FUNCTION pg_temp.undo(by text, undoer text, function text, more jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    PERFORM ask_as((SELECT credential FROM who WHERE role = by), 'user_suspend',
                   '{"user": "alice@mine.example", "reason": "first"}');
    result := verdict((SELECT credential FROM who WHERE role = undoer), function,
                      '{"user": "alice@mine.example"}' || more);
    PERFORM ask('user_resume', '{"user": "alice@mine.example"}');
    RETURN result;
END
$$;
SELECT is(pg_temp.undo(a.role, b.role, 'user_resume', '{}'),
    CASE WHEN authd.role_rank(b.role) >= authd.role_rank(a.role) THEN 'allowed' ELSE 'AU403' END,
    format('suspended by %s, resumed by %s', a.role, b.role)) FROM who AS a, who AS b;
SELECT is(pg_temp.undo('admin', 'helpdesk', 'user_suspend', '{"reason": "mine"}'), 'AU403',
    'the reason of a higher role stays');
SELECT is(pg_temp.undo('admin', 'helpdesk', 'user_suspend', '{}'), 'allowed', 'suspending once more does no harm');
SELECT ask_as((SELECT credential FROM who WHERE role = 'helpdesk'), 'user_suspend', '{"user": "alice@mine.example"}');
SELECT ask_as((SELECT credential FROM who WHERE role = 'admin'), 'user_suspend', '{"user": "alice@mine.example"}');
SELECT is(verdict((SELECT credential FROM who WHERE role = 'helpdesk'), 'user_resume', '{"user": "alice@mine.example"}'),
    'AU403', 'the highest role that suspended counts');
SELECT ask('user_resume', '{"user": "alice@mine.example"}');

-- Sessions are listed and revoked
CREATE TEMP TABLE two AS SELECT signed_in('alice@mine.example') AS a, signed_in('alice@mine.example') AS b;
SELECT is((SELECT string_agg(item ->> 'current', ' ')
             FROM two, jsonb_array_elements(ask_as(b, 'session_list', '{"user": "me"}') -> 'items') AS item),
    'true false', 'session_list: the newest first, and which is the own');
SELECT is(verdict(a, 'session_revoke', jsonb_build_object('user', 'me', 'id', authd.caller(b) ->> 'session'),
                  '{"self": true}'), 'allowed', 'session_revoke') FROM two;
SELECT is(ask_as(a, 'session_revoke', jsonb_build_object('user', 'me', 'id', authd.caller(b) ->> 'session'),
                 '{"self": true}') ->> 'kind', 'session', 'one''s other session') FROM two;
SELECT is(authd.caller(b), NULL, 'which has ended') FROM two;
SELECT is(left(refusal_as(a, 'session_revoke', jsonb_build_object('user', 'me', 'id', session), '{"self": true}'), 34),
    'AU404 alice@mine.example has no se', 'not somebody else''s: ' || session)
  FROM two, (SELECT authd.caller(credential) ->> 'session' FROM who WHERE role = 'admin'
             UNION VALUES ('0'), ('x'), ('99999999999999999999')) AS t (session);
SELECT later('31 minutes');
SELECT is(ask('session_list', '{"user": "alice@mine.example"}') -> 'items', '[]', 'only live ones are listed');
SELECT clock('2026-03-01 12:00:00+00');

-- revoke-all: no credential is left, and the answer counts them
TRUNCATE ended;
SELECT ask('user_set', '{"user": "dom@mine.example", "changes": {"recovery_address": "dom@home.example"}}');
SELECT ask('reset_link_add', jsonb_build_object('user', 'dom@mine.example', 'digest', repeat('1', 64)));
CREATE TEMP TABLE dom AS SELECT signed_in('dom@mine.example') AS session;
CREATE TEMP TABLE key AS SELECT api_key_of(session) AS key FROM dom;
CREATE TEMP TABLE state AS SELECT version, password_generation FROM authd.account WHERE login = 'dom@mine.example';
SELECT is(ask('user_revoke_all', '{"user": "dom@mine.example"}') @> '{"has_password": false, "changed": true,
    "ended": {"app_passwords": 3, "sessions": 2, "api_keys": 1, "reset_links": 1}}', true, 'user_revoke_all');
SELECT is(authd.caller(key), NULL, 'the API key has ended') FROM key;
SELECT is(authd.caller(session), NULL, 'the session has ended') FROM dom;
SELECT is(account.version > state.version AND account.password_generation = state.password_generation + 1, true,
    'and logins under way, and open SMTP sessions') FROM state, authd.account WHERE login = 'dom@mine.example';
SELECT is(ask('user_revoke_all', '{"user": "dom@mine.example"}') -> 'password_generation',
    to_jsonb(password_generation + 2), 'the generation rises each time') FROM state;

SELECT * FROM finish();
ROLLBACK;
