-- Users: lists, renaming, export and erasure.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-01-01 12:00:00.000001+00');

-- Filters
SELECT ask('class_add', '{"name": "staff"}');
SELECT ask('user_add', '{"login": "a@one.example", "password_hash": "$x$1", "role": "helpdesk"}');
SELECT ask('user_add', '{"login": "b@one.example", "class": "staff"}');
SELECT later('0.000001 seconds');
SELECT ask('user_add', '{"login": "c@two.example", "service": true}');
SELECT later('100 days');
SELECT ask('user_add', '{"login": "d@two.example", "password_hash": "$x$1", "class": "staff"}');
UPDATE authd.account SET last_login_at = authd.now() - interval '10 days' WHERE login = 'a@one.example';
UPDATE authd.account SET last_login_at = authd.now() - interval '90 days' WHERE login = 'c@two.example';

CREATE FUNCTION pg_temp.found(arguments jsonb, reach bigint[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(split_part(item ->> 'login', '@', 1), ' ' ORDER BY n), '')
      FROM jsonb_array_elements(ask('user_list', arguments, reach) -> 'items') WITH ORDINALITY AS item (item, n)
$$;
SELECT is(pg_temp.found(arguments::jsonb), expected, 'user_list ' || arguments) FROM (VALUES
    ('{}', 'a b c d'),
    ('{"domain": "two.example"}', 'c d'), ('{"domain": "none.example"}', ''),
    ('{"class": "staff"}', 'b d'), ('{"class": "none"}', ''),
    ('{"role": "helpdesk"}', 'a'), ('{"role": "user"}', 'b c d'),
    ('{"service": true}', 'c'), ('{"service": false}', 'a b d'),
    ('{"without_password": true}', 'b c'), ('{"without_password": false}', 'a d'),
    ('{"unused_days": 90}', 'b'), ('{"unused_days": 89}', 'b c'), ('{"unused_days": 9}', 'a b c'),
    ('{"class": "staff", "domain": "two.example", "without_password": false}', 'd'),
    ('{"sort": "login"}', 'a b c d'), ('{"sort": "-login"}', 'd c b a'),
    ('{"sort": "created_at"}', 'a b c d'), ('{"sort": "-created_at"}', 'd c b a'),
    ('{"sort": "last_login_at"}', 'b d c a'), ('{"sort": "-last_login_at"}', 'a c d b')
) AS good (arguments, expected);
SELECT is(pg_temp.found('{"domain": "one.example"}', ARRAY[domain_id('two.example')]), '',
    'a domain out of reach has nobody');
SELECT is(pg_temp.found('{"sort": "-last_login_at"}', ARRAY[domain_id('two.example')]), 'c d',
    'and no order shows more');
SELECT is(left(refusal('user_list', arguments::jsonb), 5), 'AU422', 'user_list ' || arguments)
  FROM unnest(ARRAY['{"sort": "password"}', '{"sort": "--login"}', '{"sort": ""}', '{"unused_days": 0}',
                    '{"unused_days": "9"}', '{"after": "x"}', '{"after": {}}',
                    '{"after": "1:x", "sort": "created_at"}', '{"service": 1}']) AS arguments;

-- Pages in every order, while users are added and deleted
CREATE FUNCTION pg_temp.pages(sort text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    page jsonb;
    seen text := '';
    n    int := 0;
BEGIN
    DELETE FROM authd.account WHERE login LIKE '0%';
    LOOP
        page := ask('user_list', jsonb_build_object('sort', sort, 'limit', 1, 'after', page -> 'next'));
        seen := concat_ws(' ', nullif(seen, ''), split_part(page -> 'items' -> 0 ->> 'login', '@', 1));
        EXIT WHEN page ->> 'next' IS NULL OR n > 20;
        n := n + 1;
        -- new users, before and after those already listed
        IF n <= 3 THEN
            PERFORM ask('user_add', jsonb_build_object('login', format('0%s%s@new.example', n,
                            replace(replace(sort, '_', ''), '-', 'r'))));
        END IF;
    END LOOP;
    RETURN regexp_replace(seen, ' ?0\S+', '', 'g');
END
$$;
SELECT is(pg_temp.pages(sort), expected, 'page by page: ' || sort) FROM (VALUES
    ('login', 'a b c d'), ('created_at', 'a b c d'), ('last_login_at', 'b d c a'),
    ('-login', 'd c b a'), ('-created_at', 'd c b a'), ('-last_login_at', 'a c d b')) AS t (sort, expected);
DELETE FROM authd.account WHERE login LIKE '0%';
SELECT is((SELECT string_agg(item ->> 'login', ' ') FROM jsonb_array_elements(ask('user_list',
    jsonb_build_object('limit', 2, 'after', ask('user_list', '{"limit": 2}') ->> 'next')) -> 'items') AS item),
    'c@two.example d@two.example', 'the next page');
CREATE TEMP TABLE place AS SELECT ask('user_list', '{"limit": 2}') ->> 'next' AS next;
SELECT ask('user_delete', '{"user": "b@one.example"}');
SELECT is((SELECT pg_temp.found(jsonb_build_object('after', next)) FROM place), 'c d',
    'after an object that is gone');

-- Rename
SELECT ask('user_add', '{"login": "old@one.example", "password_hash": "$x$1", "addresses": ["old@one.example", "sales@one.example"]}');
CREATE TEMP TABLE was AS SELECT * FROM authd.account WHERE login = 'old@one.example';
SELECT is(ask('user_set', '{"user": "old@one.example", "changes": {"login": "new@two.example"}}')
          - ARRAY['etag', 'created_at', 'password_set_at'],
    jsonb_build_object('kind', 'user', 'id', id::text, 'login', 'new@two.example', 'domain', 'two.example',
        'addresses', '["new@two.example", "sales@one.example"]'::jsonb, 'display_name', NULL,
        'recovery_address', NULL, 'role', 'user', 'domains', '[]'::jsonb, 'class', NULL,
        'class_by', NULL, 'second_factor_by', NULL, 'service', false,
        'suspended', false, 'suspended_reason', NULL, 'suspended_at', NULL, 'suspended_by', NULL,
        'has_password', true, 'password_generation', 2, 'last_login_at', NULL, 'second_factor', NULL, 'enrolled', false,
        'changed', true),
    'rename: the login, its domain and its address') FROM was;
SELECT cmp_ok(version_of('new@two.example'), '>', version, 'a login under way notices') FROM was;
SELECT is(ask('user_add', '{"login": "old@one.example", "password_hash": "$x$1"}') ->> 'password_generation',
    '3', 'a new user of the old name never has an old generation');
SELECT ask('user_delete', '{"user": "old@one.example"}');
SELECT is(ask('user_set', '{"user": "new@two.example", "changes": {"login": "old@one.example"}}')
          ->> 'password_generation', '5', 'nor has who is renamed to a deleted user''s name');
SELECT is(ask('user_set', '{"user": "old@one.example", "changes": {"login": "old@one.example"}}')
          -> 'changed', 'false', 'to the same name');
SELECT is(refusal('user_set', jsonb_build_object('user', 'old@one.example', 'changes',
                                                 jsonb_build_object('login', login))), expected, expected)
  FROM (VALUES
    ('a@one.example', 'AU409 a@one.example already exists / Choose another login, or change the existing user.'),
    ('a#p1@one.example', 'AU422 a#p1@one.example is not a login / A login looks like alice@example.org.'),
    (NULL, 'AU422 login is missing / A login looks like alice@example.org.')) AS bad (login, expected);
SELECT is(left(refusal('user_set', '{"user": "old@one.example", "changes": {"login": "x@two.example"}}',
                       ARRAY[domain_id('one.example')]), 36), 'AU404 there is no domain two.example',
    'not into a domain out of reach');
SELECT is(ask('user_set', '{"user": "old@one.example", "changes": {"login": "x@fresh.example"}}')
          ->> 'domain', 'fresh.example', 'the site''s administrator makes a new domain');

-- Class and administered domains
SELECT is(ask('user_set', '{"user": "a@one.example", "changes": {"class": "staff"}}') ->> 'class', 'staff',
    'a class');
SELECT is(ask('user_set', '{"user": "a@one.example", "changes": {"class": null}}') -> 'class', 'null', 'none');
SELECT is(left(refusal('user_set', '{"user": "a@one.example", "changes": {"class": "no"}}'), 29),
    'AU422 there is no class no / ', 'an unknown one');
SELECT is(ask('user_set', '{"user": "a@one.example", "changes": {"domains": ["two.example", "fresh.example", "two.example"]}}')
          -> 'domains', '["fresh.example", "two.example"]', 'domains');
SELECT is(ask('user_set', '{"user": "a@one.example", "changes": {"domains": ["two.example"]}}')
          -> 'domains', '["two.example"]', 'fewer');
SELECT is(ask('user_set', '{"user": "a@one.example", "changes": {"domains": ["two.example"]}}')
          -> 'changed', 'false', 'the same');
SELECT is(left(refusal('user_set', '{"user": "a@one.example", "changes": {"domains": ["no.example"]}}'), 36),
    'AU422 there is no domain no.example ', 'an unknown one');
SELECT is(left(refusal('user_set', '{"user": "a@one.example", "changes": {"domains": "two.example"}}'), 5),
    'AU422', 'no list');
SELECT is(refusal('user_set', '{"user": "c@two.example", "changes": {"domains": []}}',
                  ARRAY[domain_id('two.example')]),
    'AU403 which domains somebody administers is for administrators of the whole site / Ask one of them.',
    'which only the site''s administrator gives and takes');

-- An export has everything but secrets
SELECT ask('user_set', '{"user": "d@two.example", "changes": {"role": "domain-admin"}}');
SELECT ask('user_set', '{"user": "d@two.example", "changes": {"recovery_address": "d@home.example"}}');
SELECT ask('reset_link_add', jsonb_build_object('user', 'd@two.example', 'digest', repeat('ab', 32)));
SELECT signed_in('d@two.example');
CREATE TEMP TABLE exporter AS SELECT api_key_of(signed_in('d@two.example')) AS credential;
CREATE TEMP TABLE export AS SELECT ask('user_export', '{"user": "d@two.example"}') AS e;
SELECT is((SELECT ARRAY[e -> 'user' ->> 'recovery_address', e -> 'sessions' -> 0 ->> 'client',
                        e -> 'api_keys' -> 0 ->> 'label', jsonb_array_length(e -> 'sessions')::text,
                        jsonb_array_length(e -> 'reset_links')::text] FROM export),
    ARRAY['d@home.example', '192.0.2.1', 'test', '2', '1'], 'what is stored about a person');
SELECT ok((SELECT e::text !~ '\$x\$1|digest|verifier|abab' FROM export), 'no hash, digest or verifier');
SELECT is(verdict(signed_in('d@two.example'), 'user_export', '{"user": "me"}', '{"self": true}'), 'allowed',
    'one''s own');
SELECT is(ask_as(credential, 'user_export', '{"user": "me"}', '{"self": true}') -> 'api_keys', 'null',
    'no API key sees API keys') FROM exporter;
SELECT is(left(refusal('user_export', '{"user": "d@two.example"}', ARRAY[domain_id('one.example')]), 5),
    'AU404', 'not one out of reach');

-- After an erasure no data of the person is left
SELECT ask('user_set', '{"user": "d@two.example", "changes": {"display_name": "Dorothea", "role": "helpdesk"}}');
SELECT ask_as(signed_in('d@two.example'), 'user_set', '{"user": "me", "changes": {"display_name": "Dorothea D"}}',
              '{"self": true, "client": "192.0.2.99"}');
CREATE TEMP TABLE gone AS SELECT id FROM authd.account WHERE login = 'd@two.example';
SELECT ask('user_delete', '{"user": "d@two.example"}');
CREATE FUNCTION pg_temp.rows_with(word text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    item  record;
    found bigint;
    list  text;
BEGIN
    FOR item IN SELECT relname FROM pg_class WHERE relnamespace = 'authd'::regnamespace AND relkind = 'r'
                   -- a later migration erases the audit's data
                   AND (relname !~ '^audit_' OR to_regprocedure('authd.audit_erase(bigint)') IS NOT NULL) LOOP
        EXECUTE format('SELECT count(*) FROM authd.%I AS t WHERE t::text LIKE %L', item.relname,
                       '%' || word || '%') INTO found;
        IF found > 0 THEN
            list := concat_ws(' ', list, item.relname);
        END IF;
    END LOOP;
    RETURN list;
END
$$;
SELECT is(pg_temp.rows_with(word), NULL, 'erased: ' || word)
  FROM unnest(ARRAY['d@two.example', 'd@home.example', 'Dorothea', '192.0.2.99']) AS word;
SELECT is(pg_temp.rows_with('a@one.example') IS NULL, false, 'others are still there');
SELECT is_empty($$ SELECT 1 FROM authd.api_key $$, 'nor an API key');
SELECT ok((SELECT count(*) > 0 FROM authd.audit_event, gone WHERE account = gone.id), 'that it was is recorded');

SELECT * FROM finish();
ROLLBACK;
