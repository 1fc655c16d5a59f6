-- Domains, classes and API keys.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');

-- Domains
SELECT is(ask('domain_add', '{"name": "one.example"}') - ARRAY['id', 'etag'],
    '{"kind": "domain", "name": "one.example", "domain": "one.example", "description": null,
      "recipient_delimiter": "+", "second_factor": null, "second_factor_by": null,
      "second_factor_from": null, "second_factor_from_by": null,
      "created_at": "2026-03-01T12:00:00Z", "changed": true}', 'domain_add');
SELECT is(ask('domain_add', '{"name": "two.example", "recipient_delimiter": null, "description": "Two"}')
          @> '{"recipient_delimiter": null, "description": "Two"}', true, 'with more');
SELECT is(refusal('domain_add', arguments::jsonb), expected, expected) FROM (VALUES
    ('{"name": "one.example"}', 'AU409 the domain one.example already exists / Change the existing one.'),
    ('{}', 'AU422 name is missing / A domain looks like example.org, in lower case.'),
    ('{"name": "One.example"}', 'AU422 One.example is not a domain / A domain looks like example.org, in lower case.'),
    ('{"name": "x.example", "recipient_delimiter": "#"}',
     'AU422 # is not a recipient delimiter / It is one of + - = . or null.')) AS bad (arguments, expected);
SELECT is(refusal('domain_add', '{"name": "x.example"}', ARRAY[domain_id('one.example')]),
    'AU403 adding a domain is for administrators of the whole site / Ask one of them.', 'only for the site');
SELECT is(ask('domain_set', '{"domain": "one.example", "changes": {"recipient_delimiter": "-"}}')
          @> '{"recipient_delimiter": "-", "changed": true}', true, 'domain_set');
SELECT is(ask('domain_set', '{"domain": "one.example", "changes": {"recipient_delimiter": "-"}}') -> 'changed',
    'false', 'as it is');
SELECT is(ask('domain_set', '{"domain": "one.example", "changes": {"recipient_delimiter": null}}', ARRAY[domain_id('one.example')])
          -> 'recipient_delimiter', 'null', 'by its administrator');
SELECT is(refusal(function, '{"domain": "two.example", "changes": {}}', ARRAY[domain_id('one.example')]),
    'AU404 there is no domain two.example / Check the spelling, or list the domains.', function || ': one out of reach')
  FROM unnest(ARRAY['domain_show', 'domain_set', 'domain_delete', 'domain_revoke_all']) AS function;
CREATE FUNCTION pg_temp.names(function text, arguments jsonb, reach bigint[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(item ->> 'name', ' ' ORDER BY n) FROM jsonb_array_elements(
        ask(function, arguments, reach) -> 'items') WITH ORDINALITY AS item (item, n)
$$;
SELECT is(pg_temp.names('domain_list', '{}'), 'one.example two.example', 'domain_list');
SELECT is(pg_temp.names('domain_list', '{}', ARRAY[domain_id('one.example')]), 'one.example', 'within reach');
SELECT is(pg_temp.names('domain_list', '{"match": "tWO"}'), 'two.example', 'match');
SELECT is(pg_temp.names('domain_list', jsonb_build_object('limit', 1, 'after',
    ask('domain_list', '{"limit": 1}') ->> 'next')), 'two.example', 'the next page');
SELECT is(ask('domain_list', jsonb_build_object('limit', 1, 'after', ask('domain_list', '{"limit": 1}') ->> 'next'))
          -> 'next', 'null', 'is the last');
SELECT ask('user_add', '{"login": "u@one.example", "role": "helpdesk", "domains": ["two.example"]}');
SELECT ask('user_add', '{"login": "h@two.example", "role": "helpdesk"}');
SELECT is(refusal('domain_delete', '{"domain": "one.example"}'),
    'AU409 the domain one.example has users / Delete or rename them first.', 'domain_delete: not with users');
SELECT is(refusal('domain_delete', '{"domain": "one.example"}', ARRAY[domain_id('one.example')]),
    'AU403 deleting a domain is for administrators of the whole site / Ask one of them.', 'nor by its administrator');
SELECT ask('user_delete', '{"user": "h@two.example"}');
SELECT is(ask('domain_delete', '{"domain": "two.example"}') ->> 'name', 'two.example', 'domain_delete');
SELECT is(ask('user_show', '{"user": "u@one.example"}') -> 'domains', '[]', 'nobody administers it any more');

-- revoke-all of a domain
SELECT ask('user_add', jsonb_build_object('login', name || '@one.example', 'role', role, 'password_hash', '$x$1'))
  FROM (VALUES ('a', 'user'), ('d', 'domain-admin'), ('adm', 'admin'), ('adm2', 'admin')) AS t (name, role);
SELECT ask('user_add', '{"login": "far@three.example", "password_hash": "$x$1"}');
CREATE TEMP TABLE s AS SELECT login, signed_in(login) AS credential FROM authd.account WHERE login <> 'u@one.example';
CREATE TEMP TABLE k AS SELECT api_key_of(credential) AS credential FROM s WHERE login = 'd@one.example';
SELECT is(ask_as(credential, 'domain_revoke_all', '{"domain": "one.example"}') @> '{"kind": "domain",
    "users": 3, "skipped": ["adm@one.example", "adm2@one.example"], "changed": true,
    "ended": {"sessions": 2, "api_keys": 1, "reset_links": 0}}', true, 'domain_revoke_all')
  FROM s WHERE login = 'adm@one.example';
SELECT is((SELECT string_agg(login, ' ' ORDER BY login) FROM s WHERE authd.caller(credential) IS NULL),
    'a@one.example d@one.example', 'their sessions have ended');
SELECT is((SELECT string_agg(login, ' ' ORDER BY login) FROM authd.account WHERE password IS NOT NULL),
    'adm2@one.example adm@one.example far@three.example', 'their passwords are gone');
SELECT is((SELECT count(*)::int FROM authd.audit_event WHERE action = 'user_revoke_all'), 3, 'each is recorded');

-- Classes
SELECT is(ask('class_add', '{"name": "staff", "description": "All"}') - ARRAY['id', 'etag'],
    '{"kind": "class", "name": "staff", "description": "All", "created_at": "2026-03-01T12:00:00Z",
      "changed": true}', 'class_add');
SELECT ask('class_add', '{"name": "bots"}');
SELECT is(refusal(function, arguments::jsonb), expected, expected) FROM (VALUES
    ('class_add', '{"name": "staff"}', 'AU409 the class staff already exists / Change the existing one.'),
    ('class_add', '{"name": "No"}', 'AU422 No is not the name of a class / Use 1 to 40 lower-case letters, digits and hyphens.'),
    ('class_add', '{}', 'AU422 name is missing / Use 1 to 40 lower-case letters, digits and hyphens.'),
    ('class_set', '{"class": "bots", "changes": {"name": "staff"}}', 'AU409 the class staff already exists / Choose another name.'),
    ('class_show', '{"class": "x"}', 'AU404 there is no class x / Check the spelling, or list the classes.'),
    ('class_show', '{}', 'AU422 class is missing / Name the class.')) AS bad (function, arguments, expected);
SELECT is(pg_temp.names('class_list', '{}'), 'bots staff', 'class_list');
SELECT is(pg_temp.names('class_list', jsonb_build_object('after', ask('class_list', '{"limit": 1}') ->> 'next')),
    'staff', 'the next page');
SELECT ask('user_set', '{"user": "u@one.example", "changes": {"class": "staff"}}');
SELECT is(ask('class_set', '{"class": "staff", "changes": {"name": "people", "description": null}}')
          @> '{"name": "people", "description": null, "changed": true}', true, 'class_set');
SELECT is(ask('user_show', '{"user": "u@one.example"}') ->> 'class', 'people', 'its members go with it');
SELECT is(refusal('class_delete', '{"class": "people"}'),
    'AU409 the class people has users / Give them another class first.', 'class_delete: not with users');
SELECT is(ask('class_delete', '{"class": "bots"}') ->> 'name', 'bots', 'class_delete');
SELECT is(left(refusal(function, '{"class": "people", "name": "x", "changes": {}}', ARRAY[domain_id('one.example')]), 5),
    'AU403', function || ': only for the site') FROM unnest(ARRAY['class_add', 'class_set', 'class_delete']) AS function;

-- API keys: their members
SELECT ask('domain_add', '{"name": "far.example"}');
SELECT ask('user_set', '{"user": "d@one.example", "changes": {"domains": ["three.example"]}}');
DELETE FROM s;
INSERT INTO s SELECT login, signed_in(login) FROM authd.account WHERE login ~ '^(a|d|adm|adm2)@';
INSERT INTO s VALUES ('host', '{"kind": "host", "name": "root (uid 0)"}');
CREATE FUNCTION pg_temp.of(name text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT credential FROM s WHERE split_part(login, '@', 1) = name $$;
CREATE TEMP TABLE keys AS SELECT 'd' AS owner, api_key_of(pg_temp.of('d')) AS credential;
INSERT INTO keys VALUES ('narrow', api_key_of(pg_temp.of('d'), '{"domains": ["three.example"], "rights": ["users:write"],
    "expires_at": "2026-03-02T12:00:00Z"}')), ('adm', api_key_of(pg_temp.of('adm'))),
    ('adm-narrow', api_key_of(pg_temp.of('adm'), '{"domains": ["one.example"]}')),
    ('host', api_key_of(pg_temp.of('host'))), ('adm2', api_key_of(pg_temp.of('adm2')));
CREATE FUNCTION pg_temp.key(name text) RETURNS jsonb LANGUAGE sql AS $$ SELECT credential FROM keys WHERE owner = name $$;
CREATE FUNCTION pg_temp.key_id(name text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT jsonb_build_object('id', pg_temp.key(name) ->> 'id') $$;
SELECT is(ask('api_key_show', pg_temp.key_id('narrow')) - ARRAY['id', 'etag', 'user_id'],
    '{"kind": "api-key", "label": "test", "user": "d@one.example", "domain": "one.example",
      "rights": ["users:write"], "domains": ["three.example"], "created_at": "2026-03-01T12:00:00Z",
      "expires_at": "2026-03-02T12:00:00Z", "last_used_at": null, "last_used_address": null}', 'the API key object');
SELECT is(ask('api_key_show', pg_temp.key_id('d')) @> '{"rights": ["*:read"], "domains": null,
    "expires_at": "2026-05-30T12:00:00Z"}', true, 'reads everything for 90 days if nothing is said');
SELECT is(ask('api_key_show', pg_temp.key_id('host')) -> 'user', 'null', 'the host''s has no owner');
SELECT is(refusal_as(pg_temp.of('d'), 'api_key_add', '{"id": "9999", "selector": "zzzzzzzz", "key": "00000000", "label": "x"}'
    || jsonb_build_object('verifier', repeat('0', 64)) || bad::jsonb), expected, expected) FROM (VALUES
    ('{"rights": ["users:delete"]}', 'AU422 there is no right users:delete / A right is RESOURCE:read or RESOURCE:write, a resource one of *, site, users, passwords, app-passwords, scopes, sessions, domains, classes, audit, keys, import, totp.'),
    ('{"rights": ["api-keys:read"]}', 'AU422 there is no right api-keys:read / A right is RESOURCE:read or RESOURCE:write, a resource one of *, site, users, passwords, app-passwords, scopes, sessions, domains, classes, audit, keys, import, totp.'),
    ('{"rights": []}', 'AU422 rights is empty / A right is RESOURCE:read or RESOURCE:write, a resource one of *, site, users, passwords, app-passwords, scopes, sessions, domains, classes, audit, keys, import, totp.'),
    ('{"domains": []}', 'AU422 domains is empty / Name at least one, or leave it out for all that you reach.'),
    ('{"domains": ["far.example"]}', 'AU422 there is no domain far.example / Check the spelling, or list the domains.'),
    ('{"domains": ["none.example"]}', 'AU422 there is no domain none.example / Check the spelling, or list the domains.'),
    ('{"expires_at": "2026-03-01T11:59:59Z"}', 'AU422 expires_at is in the past / Give a later time.'),
    ('{"expires_at": "2028-03-01T12:00:01Z"}', 'AU422 it would expire in more than 2 years / Give an earlier time.'),
    ('{"expires_in": 63158401}', 'AU422 it would expire in more than 2 years / Give an earlier time.'),
    ('{"expires_in": 0}', 'AU422 expires_in must be from 1 to 3153600000 / Give expires_in as a whole number.'),
    ('{"expires_in": 5, "expires_at": "2026-03-02T12:00:00Z"}', 'AU422 expires_in and expires_at are both given / Give one of them.'),
    ('{"expires_at": "tomorrow"}', 'AU422 expires_at is not a time / Write it like 2027-01-31T12:00:00Z.'),
    ('{"expires_at": "2027-02-30T12:00:00Z"}', 'AU422 expires_at is not a time / Write it like 2027-01-31T12:00:00Z.'),
    ('{"expires_at": "2027-01-31T12:00:00+99:00"}', 'AU422 expires_at is not a time / Write it like 2027-01-31T12:00:00Z.'),
    ('{"label": null}', 'AU422 label is missing / Say what it is for.'),
    ('{"verifier": "secret"}', 'AU422 verifier is not a digest / Give 64 lower-case hexadecimal digits.'),
    ('{"id": null}', 'AU422 id is missing / Give the id of what is meant.')) AS t (bad, expected);
SELECT is(verdict(pg_temp.of('d'), 'api_key_add', '{"id": "9999", "selector": "zzzzzzzz", "key": "00000000", "label": "x",
    "expires_in": 63158400}' || jsonb_build_object('verifier', repeat('0', 64))), 'allowed', 'two years of seconds');

-- API keys: their reach
SELECT is(authd.caller(pg_temp.key(name)) -> 'reach', expected, 'reach of the key ' || name) FROM (VALUES
    ('d', to_jsonb(ARRAY[domain_id('one.example'), domain_id('three.example')])),
    ('narrow', to_jsonb(ARRAY[domain_id('three.example')])), ('adm', 'null'),
    ('adm-narrow', to_jsonb(ARRAY[domain_id('one.example')])), ('host', 'null')) AS t (name, expected);
SELECT is(authd.caller(pg_temp.key('narrow')) ->> 'role', 'domain-admin', 'the role is its owner''s');
SELECT is(authd.caller(pg_temp.key('host')) - ARRAY['name', 'credential', 'api_key'],
    '{"kind": "api-key", "account": null, "login": null, "role": "admin", "rank": 4, "session": null,
      "fresh": true, "rights": ["*:read"], "narrowed": false, "reach": null, "domains": null}', 'the host''s is an administrator');
SELECT is(verdict(pg_temp.key('narrow'), 'user_show', '{"user": "me"}'), 'AU404', 'a narrowed key does not reach its owner');
SELECT is(verdict(pg_temp.key('d'), 'user_show', '{"user": "me"}'), 'allowed', 'another does');
SELECT is(verdict(pg_temp.key('adm-narrow'), 'domain_add', '{"name": "x.example"}'), 'AU403', 'nor does it act on the site');
SELECT is(verdict(pg_temp.key('adm-narrow'), 'user_add', '{"login": "x@x.example"}'), 'AU404', 'or add a domain');
SELECT ask('user_set', '{"user": "d@one.example", "changes": {"domains": []}}');
SELECT is(authd.caller(pg_temp.key('d')) -> 'reach', to_jsonb(ARRAY[domain_id('one.example')]), 'as its owner is now');
SELECT is(authd.caller(pg_temp.key('narrow')) -> 'reach', '[]', 'a narrowed key has nothing left');
SELECT is(authd.caller(pg_temp.key('d') || jsonb_build_object('digest', repeat('0', 64))), NULL, 'another verifier');
SELECT ask('user_suspend', '{"user": "d@one.example"}');
SELECT is(authd.caller(pg_temp.key('d')), NULL, 'a suspended owner');
SELECT ask('user_resume', '{"user": "d@one.example"}');
UPDATE s SET credential = signed_in(login) WHERE login = 'd@one.example';
SELECT clock('2026-03-02 12:00:00+00');
SELECT is(authd.caller(pg_temp.key('narrow')), NULL, 'an expired one');
SELECT clock('2026-03-01 12:00:00+00');

-- API keys: the rights to see and change them
SELECT is(verdict(pg_temp.key(by), function, '{"changes": {}, "label": "x"}' || pg_temp.key_id('d')), 'AU403',
    format('%s by an API key of %s', function, by))
  FROM unnest(ARRAY['d', 'adm', 'host']) AS by,
       unnest(ARRAY['api_key_list', 'api_key_show', 'api_key_add', 'api_key_set', 'api_key_revoke']) AS function;
SELECT is(verdict(pg_temp.of(by), 'api_key_revoke', pg_temp.key_id(whose)), expected, format('%s revokes %s''s', by, whose))
  FROM (VALUES ('d', 'd', 'allowed'), ('d', 'adm', 'AU403'), ('d', 'host', 'AU404'), ('adm', 'd', 'allowed'),
               ('adm', 'adm', 'allowed'), ('adm', 'adm2', 'AU403'), ('adm', 'host', 'AU403'),
               ('host', 'host', 'allowed'), ('host', 'adm', 'allowed'), ('a', 'd', 'AU404')) AS t (by, whose, expected);
SELECT is(jsonb_array_length(ask_as(pg_temp.of(by), 'api_key_list', '{}') -> 'items'), expected, by || ' lists')
  FROM (VALUES ('a', 0), ('d', 5), ('adm', 6), ('host', 6)) AS t (by, expected);
SELECT is((SELECT item ->> 'id' FROM jsonb_array_elements(ask('api_key_list', jsonb_build_object('limit', 1, 'after',
    ask('api_key_list', '{"limit": 1}') ->> 'next')) -> 'items') AS item), pg_temp.key('host') ->> 'id',
    'the newest first, page by page');
SELECT is(ask_as(pg_temp.of('d'), 'api_key_set', pg_temp.key_id('d') || '{"changes": {"label": "new",
    "rights": ["users:read"], "domains": ["one.example"], "expires_in": 60}}') @> '{"label": "new",
    "rights": ["users:read"], "domains": ["one.example"], "expires_at": "2026-03-01T12:01:00Z", "changed": true}', true,
    'api_key_set');
SELECT is(ask_as(pg_temp.of('d'), 'api_key_set', pg_temp.key_id('d') || '{"changes": {"label": "new"}}') -> 'changed',
    'false', 'as it is');
SELECT is(ask_as(pg_temp.of('d'), 'api_key_revoke', pg_temp.key_id('d')) ->> 'label', 'new', 'api_key_revoke');
SELECT is(authd.caller(pg_temp.key('d')), NULL, 'it has ended');
SELECT is(verdict(pg_temp.of('d'), 'api_key_revoke', pg_temp.key_id('d')), 'AU404', 'once');

-- API keys: the row that is needed to check a key
SELECT results_eq(format($$ SELECT * FROM authd.api_key_by_selector(%L) $$, selector),
    format($$ VALUES (%s::bigint, id_of('adm@one.example'), %L, '0123abcd') $$, id, encode(verifier, 'hex')), 'api_key_find')
  FROM authd.api_key WHERE id = (pg_temp.key('adm') ->> 'id')::bigint;
SELECT is_empty($$ SELECT * FROM authd.api_key_by_selector('zzzzzzzz') $$, 'an unknown selector');
SELECT is_empty(format($$ SELECT * FROM authd.api_key_by_selector(%L) $$, selector), 'an expired key')
  FROM authd.api_key, (SELECT clock('2026-12-01 12:00:00+00')) AS x
 WHERE id = (pg_temp.key('adm') ->> 'id')::bigint;
SELECT clock('2026-03-01 12:00:00+00');
SELECT authd.api_key_used((pg_temp.key('adm') ->> 'id')::bigint, '192.0.2.7');
SELECT later('14 minutes');
SELECT authd.api_key_used((pg_temp.key('adm') ->> 'id')::bigint, '192.0.2.8');
SELECT is(ask('api_key_show', pg_temp.key_id('adm')) @> '{"last_used_at": "2026-03-01T12:00:00Z",
    "last_used_address": "192.0.2.7"}', true, 'last use');
SELECT later('1 minute');
SELECT authd.api_key_used((pg_temp.key('adm') ->> 'id')::bigint, '192.0.2.8');
SELECT is(ask('api_key_show', pg_temp.key_id('adm')) @> '{"last_used_at": "2026-03-01T12:15:00Z",
    "last_used_address": "192.0.2.8"}', true, 'exact to 15 minutes');
SELECT cmp_ok(authd.credential_id(), '<', authd.credential_id(), 'no id comes twice');

-- A new domain needs the right for domains, by whatever it is added
CREATE TEMP TABLE right_of AS SELECT rights, api_key_of(pg_temp.of('host'), jsonb_build_object('rights', rights)) AS credential
  FROM unnest(ARRAY['["users:write", "import:write"]', '["users:write", "import:write", "domains:write"]',
                    '["*:write"]']::jsonb[]) AS rights;
SELECT is(replace(refusal_as(credential, function, arguments), 'api key ' || (credential ->> 'id'), 'KEY'),
    'AU403 KEY (test) lacks the right domains:write, which the new domain fresh.example needs / Make an API key that has it.',
    function) FROM right_of, (VALUES
        ('user_add', '{"login": "a@fresh.example"}'::jsonb),
        ('user_set', '{"user": "a@one.example", "changes": {"login": "a@fresh.example"}}'),
        ('import_rows', '{"rows": [{"line": 1, "login": "a@fresh.example"}]}')) AS call (function, arguments)
 WHERE NOT rights ?| ARRAY['domains:write', '*:write'];
SELECT is(verdict(credential, 'user_add', '{"login": "a@fresh.example"}'), 'allowed', 'with the right: ' || rights::text)
  FROM right_of WHERE rights ?| ARRAY['domains:write', '*:write'];
SELECT is(verdict(credential, function, arguments), 'allowed', 'a domain that exists: ' || function)
  FROM right_of, (VALUES ('user_add', '{"login": "new@one.example"}'::jsonb),
      ('import_rows', '{"rows": [{"line": 1, "login": "new@one.example"}]}')) AS call (function, arguments)
 WHERE NOT rights ?| ARRAY['domains:write', '*:write'];
SELECT is(domain_id('fresh.example'), NULL, 'no domain was added');

SELECT * FROM finish();
ROLLBACK;
