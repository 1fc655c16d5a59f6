-- Settings that a higher rank imposes: a lower rank cannot take them back, at once or by way of a
-- stricter value. And changes that are not shown to narrow: they need a fresh sign-in.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');

SELECT ask('user_add', jsonb_build_object('login', name || '@a.example', 'role', role, 'password_hash', '$x$1'))
  FROM (VALUES ('chief', 'domain-admin'), ('adm', 'admin'), ('u', 'user')) AS t (name, role);
SELECT ask('class_add', jsonb_build_object('name', name)) FROM unnest(ARRAY['staff', 'bulk']) AS name;
CREATE TEMP TABLE callers AS
    SELECT login AS name, signed_in(login || '@a.example') AS credential FROM unnest(ARRAY['chief', 'adm']) AS login;
INSERT INTO callers VALUES ('host', '{"kind": "host", "name": "tester"}');
INSERT INTO callers SELECT 'narrow', api_key_of(credential, '{"domains": ["a.example"], "rights": ["*:write"]}')
  FROM callers WHERE name = 'adm';
CREATE FUNCTION pg_temp.of(wanted text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT credential FROM callers WHERE name = wanted $$;

-- The policy of a user: whose is in force, after each step
CREATE FUNCTION pg_temp.policy(by text, value text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', coalesce(o ->> 'second_factor', '-'), o ->> 'second_factor_by')
      FROM (SELECT ask_as(pg_temp.of(by), 'user_set', jsonb_build_object('user', 'u@a.example', 'changes',
                          jsonb_build_object('second_factor', value))) AS o) AS answer
$$;
SELECT is(pg_temp.policy(by, value), expected, format('%s sets %s', by, coalesce(value, 'nothing'))) FROM (VALUES
    (1, 'adm', 'optional', 'optional admin'), (2, 'chief', 'off', 'optional admin'), (3, 'narrow', 'off', 'optional admin'),
    (4, 'chief', 'required', 'required domain-admin'), (5, 'chief', NULL, 'optional admin'),
    (6, 'narrow', 'required', 'required domain-admin'), (7, 'chief', 'off', 'optional admin'),
    (8, 'host', 'required', 'required host'), (9, 'adm', 'off', 'required host'), (10, 'host', NULL, '-'),
    (11, 'chief', 'required', 'required domain-admin'), (12, 'adm', 'off', 'off admin'),
    (13, 'chief', 'off', 'off admin'), (14, 'adm', NULL, '-')) AS t (n, by, value, expected);

SELECT ask('user_set', '{"user": "u@a.example", "changes": {"second_factor": "required"}}');
SELECT is(ask_as(pg_temp.of('chief'), 'user_set', jsonb_build_object('user', 'u@a.example', 'changes',
              jsonb_build_object('second_factor', value))) -> 'changed', 'false', value || ' tightens nothing')
  FROM unnest(ARRAY['off', 'optional', 'required']) AS value;
SELECT is(pg_temp.policy('host', NULL), '-', 'nor does it come into force later');

-- The policy of a domain and its day
CREATE FUNCTION pg_temp.domain_policy(by text, changes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', coalesce(o ->> 'second_factor', '-'), o ->> 'second_factor_by', left(o ->> 'second_factor_from', 10),
                     o ->> 'second_factor_from_by')
      FROM (SELECT ask_as(pg_temp.of(by), 'domain_set', jsonb_build_object('domain', 'a.example', 'changes', changes)) AS o)
           AS answer
$$;
SELECT is(pg_temp.domain_policy(by, changes::jsonb), expected, format('%s sets %s', by, changes)) FROM (VALUES
    (1, 'adm', '{"second_factor": "required", "second_factor_from": "2026-09-01"}', 'required admin 2026-09-01 admin'),
    (2, 'chief', '{"second_factor_from": "2027-09-01"}', 'required admin 2026-09-01 admin'),
    (3, 'chief', '{"second_factor_from": "2026-05-01"}', 'required admin 2026-05-01 domain-admin'),
    (4, 'narrow', '{"second_factor_from": null}', 'required admin 2026-09-01 admin'),
    (5, 'chief', '{"second_factor": "off"}', 'required admin 2026-09-01 admin'),
    (6, 'chief', '{"second_factor": "required"}', 'required admin'),
    (7, 'chief', '{"second_factor": null}', 'required admin 2026-09-01 admin'),
    (8, 'adm', '{"second_factor": null, "second_factor_from": null}', '-'),
    (9, 'adm', '{"second_factor": "required"}', 'required admin'),
    (10, 'chief', '{"second_factor_from": "2027-09-01"}', 'required admin'),
    (11, 'host', '{"second_factor": "optional", "second_factor_from": null}', 'optional host'),
    (12, 'host', '{"second_factor": "required", "second_factor_from": "2026-02-01"}', 'required host 2026-02-01 host'),
    (13, 'chief', '{"second_factor": "required"}', 'required host 2026-02-01 host'),
    (14, 'host', '{"second_factor": "required", "second_factor_from": null}', 'required host'),
    (15, 'chief', '{"second_factor_from": "2026-02-01"}', 'required host 2026-02-01 domain-admin'),
    (16, 'host', '{"second_factor": null, "second_factor_from": null}', '-'))
    AS t (n, by, changes, expected);

SELECT pg_temp.domain_policy('adm', '{"second_factor": "required", "second_factor_from": "2026-09-01"}');
SELECT pg_temp.domain_policy('host', '{"second_factor": "required", "second_factor_from": "2026-09-01"}');
SELECT pg_temp.domain_policy('chief', '{"second_factor": "off", "second_factor_from": "2027-09-01"}');
SELECT is(pg_temp.domain_policy('host', '{"second_factor": null, "second_factor_from": null}'), '-',
    'what tightened nothing does not come into force later');

-- Values without an order: class, and the scope of a user or a domain
CREATE FUNCTION pg_temp.step(by text, operation text, arguments jsonb, shown text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    answer := ask_as(pg_temp.of(by), operation, arguments);
    RETURN (SELECT string_agg(coalesce(answer ->> name, '-'), ' ' ORDER BY n)
              FROM unnest(shown) WITH ORDINALITY AS member (name, n));
EXCEPTION WHEN SQLSTATE 'AU403' THEN
    RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.step(by, 'user_set', jsonb_build_object('user', 'u@a.example', 'changes', jsonb_build_object('class', value)),
                       '{class,class_by}'), expected, format('%s gives the class %s', by, value)) FROM (VALUES
    (1, 'chief', 'bulk', 'bulk domain-admin'), (2, 'adm', 'staff', 'staff admin'),
    (3, 'chief', 'bulk', 'the class of u@a.example was set by a higher role: admin'),
    (4, 'narrow', NULL, 'the class of u@a.example was set by a higher role: admin'),
    (5, 'chief', 'staff', 'staff admin'), (6, 'adm', NULL, '- -'), (7, 'narrow', 'bulk', 'bulk domain-admin'),
    (8, 'chief', 'bulk', 'bulk domain-admin'), (9, 'adm', 'bulk', 'bulk admin'),
    (10, 'chief', NULL, 'the class of u@a.example was set by a higher role: admin'),
    (11, 'host', 'staff', 'staff host'), (12, 'adm', 'bulk', 'the class of u@a.example was set by a higher role: host'))
    AS t (n, by, value, expected);
CREATE FUNCTION pg_temp.scope(by text, place jsonb, value text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.step(by, CASE WHEN value IS NULL THEN 'scope_delete' ELSE 'scope_put' END,
        place || CASE WHEN value IS NULL THEN '{}' ELSE jsonb_build_object('scope', value) END, '{set_by}')
$$;
SELECT is(regexp_replace(pg_temp.scope(by, place::jsonb, value), 'user:\d+', 'U'), expected,
          format('%s sets the scope %s of %s', by, value, place)) FROM (VALUES
    (1, 'chief', '{"level": "user", "user": "u@a.example"}', '{"max_recipients":3,"v":1}', 'domain-admin'),
    (2, 'chief', '{"level": "user", "user": "u@a.example"}', NULL, '-'),
    (3, 'adm', '{"level": "user", "user": "u@a.example"}', '{"max_recipients":3,"v":1}', 'admin'),
    (4, 'chief', '{"level": "user", "user": "u@a.example"}', '{"max_recipients":3,"v":1}', 'admin'),
    (5, 'chief', '{"level": "user", "user": "u@a.example"}', '{"max_recipients":2,"v":1}',
     'the sending scope of U was set by a higher role: admin'),
    (6, 'narrow', '{"level": "user", "user": "u@a.example"}', NULL, 'the sending scope of U was set by a higher role: admin'),
    (7, 'host', '{"level": "user", "user": "u@a.example"}', '{"max_recipients":3,"v":1}', 'host'),
    (8, 'adm', '{"level": "user", "user": "u@a.example"}', NULL, 'the sending scope of U was set by a higher role: host'),
    (9, 'narrow', '{"level": "domain", "domain": "a.example"}', '{"max_recipients":3,"v":1}', 'domain-admin'),
    (10, 'adm', '{"level": "domain", "domain": "a.example"}', '{"max_recipients":4,"v":1}', 'admin'),
    (11, 'narrow', '{"level": "domain", "domain": "a.example"}', NULL,
     'the sending scope of domain:a.example was set by a higher role: admin')) AS t (n, by, place, value, expected);
SELECT is(pg_temp.step(by, operation, '{"user": "u@a.example"}', '{suspended,suspended_by}'), expected, operation || ' by ' || by)
  FROM (VALUES (1, 'adm', 'user_suspend', 'true admin'), (2, 'narrow', 'user_resume', 'u@a.example was suspended by a higher role: admin'),
               (3, 'chief', 'user_resume', 'u@a.example was suspended by a higher role: admin'), (4, 'adm', 'user_resume', 'false -'),
               (5, 'narrow', 'user_suspend', 'true domain-admin'), (6, 'chief', 'user_resume', 'false -'))
    AS t (n, by, operation, expected);
SELECT is(ask_as(pg_temp.of('chief'), 'import_rows', '{"existing": "update", "rows": [
              {"line": 1, "login": "u@a.example", "class": "bulk"}]}') #>> '{results,0,detail}',
    'the class of u@a.example was set by a higher role: host', 'nor by an import');

-- A higher role that gives what is there already, by an import too
SELECT ask_as(pg_temp.of('chief'), 'user_add', '{"login": "v@a.example", "class": "bulk"}');
SELECT ask_as(pg_temp.of('chief'), 'scope_put', '{"level": "user", "user": "v@a.example", "scope": "{\"max_recipients\":3,\"v\":1}"}');
SELECT ask_as(pg_temp.of('chief'), 'user_suspend', '{"user": "v@a.example"}');
CREATE FUNCTION pg_temp.imported(by text) RETURNS text LANGUAGE sql AS $$
    SELECT ask_as(pg_temp.of(by), 'import_rows', '{"existing": "update", "rows": [{"line": 1, "login": "v@a.example",
               "class": "bulk", "suspended": true, "scope": "{\"max_recipients\":3,\"v\":1}"}]}') #>> '{results,0,outcome}'
$$;
SELECT is(pg_temp.imported(by), expected, format('an import by %s', by))
  FROM (VALUES (1, 'chief', 'unchanged'), (2, 'adm', 'updated'), (3, 'adm', 'unchanged'), (4, 'chief', 'unchanged'))
    AS t (n, by, expected);
SELECT is(o -> 'class_by' || (o -> 'suspended_by') || (s -> 'set_by'), '["admin", "admin", "admin"]', 'binds the lower ones')
  FROM ask('user_show', '{"user": "v@a.example"}') AS o, ask('scope_get', '{"level": "user", "user": "v@a.example"}') AS s;
SELECT is(data::jsonb #> '{after}', '{"class_by": "admin", "scope_by": "admin", "suspended_by": "admin"}', 'as the audit says')
  FROM authd.audit_event JOIN authd.audit_person ON event = id AND part = 'subject' WHERE action = 'user_import';

-- Fresh sign-ins
UPDATE callers SET credential = signed_in(name || '@a.example') WHERE name IN ('chief', 'adm');
SELECT ask('app_password_add', jsonb_build_object('user', 'u@a.example', 'label', label, 'credential', 8000 + n, 'selector',
           'aaaaaaa' || n, 'verifier', repeat('ab', 32), 'key', '00000000') || more::jsonb)
  FROM (VALUES (2, 'endless', '{}'), (3, 'ends', '{"expires_in": 86400}'), (4, 'slides', '{"expires_in": 86400, "sliding": true}'),
               (5, 'scoped', '{"scope": "{\"max_recipients\":5,\"v\":1}"}')) AS t (n, label, more);
CREATE TEMP TABLE keys AS SELECT api_key_of(pg_temp.of('adm'),
    '{"rights": ["users:write", "domains:read"], "domains": ["a.example", "b.example"], "expires_in": 86400}') ->> 'id' AS id
  FROM (SELECT ask('domain_add', '{"name": "b.example"}')) AS x;
SELECT later('11 minutes');
CREATE FUNCTION pg_temp.app(n int, changes jsonb, by text DEFAULT 'chief') RETURNS text LANGUAGE sql AS $$
    SELECT verdict(pg_temp.of(by), 'app_password_set', jsonb_build_object('user', 'u@a.example', 'id', (8000 + n)::text,
                                                                          'changes', changes))
$$;
SELECT is(pg_temp.app(n, changes::jsonb), expected, format('app password %s: %s', n, changes)) FROM (VALUES
    (2, '{"label": "x"}', 'allowed'), (2, '{"expires_in": 60}', 'allowed'), (2, '{"expires_in": 3600, "sliding": true}', 'allowed'),
    (2, '{"scope": "{\"max_recipients\":1,\"v\":1}"}', 'allowed'), (2, '{"expires_at": null}', 'allowed'),
    (2, '{"scope": "{\"mode\":\"monitor\",\"monitor_until\":\"2026-03-05T12:00:00Z\",\"v\":1}"}', 'AU428'),
    (3, '{"label": "x"}', 'allowed'), (3, '{"expires_in": 3600}', 'allowed'), (3, '{"expires_in": 86400}', 'AU428'),
    (3, '{"expires_at": null}', 'AU428'), (3, '{"expires_in": 3600, "sliding": true}', 'AU428'),
    (4, '{"expires_in": 3600}', 'allowed'), (4, '{"expires_in": 3600, "sliding": true}', 'allowed'),
    (4, '{"expires_in": 86400, "sliding": true}', 'AU428'), (4, '{"expires_in": null}', 'AU428'),
    (5, '{"label": "x"}', 'allowed'), (5, '{"scope": "{\"max_recipients\":5,\"v\":1}"}', 'allowed'),
    (5, '{"scope": null}', 'AU428'), (5, '{"scope": "{\"max_recipients\":4,\"v\":1}"}', 'AU428')) AS t (n, changes, expected);
SELECT is(pg_temp.app(5, '{"scope": null}', 'host'), 'allowed', 'the host is always fresh');
SELECT is(verdict(pg_temp.of('adm'), 'api_key_set', jsonb_build_object('id', id, 'changes', changes::jsonb)), expected, changes)
  FROM keys, (VALUES
    ('{"label": "x"}', 'allowed'), ('{"rights": ["users:read"]}', 'allowed'), ('{"rights": ["users:read", "domains:read"]}', 'allowed'),
    ('{"rights": ["users:write"], "domains": ["a.example"], "expires_in": 60}', 'allowed'),
    ('{"rights": ["domains:write"]}', 'AU428'), ('{"rights": ["*:read"]}', 'AU428'), ('{"rights": ["*:write"]}', 'AU428'),
    ('{"rights": ["sessions:read"]}', 'AU428'), ('{"rights": null}', 'AU428'), ('{"domains": null}', 'AU428'),
    ('{"expires_in": 86400}', 'AU428'), ('{"expires_at": "2027-03-01T12:00:00Z"}', 'AU428')) AS t (changes, expected);
SELECT is(authd.rights_within(rights::text[], held::text[]), expected, rights || ' within ' || held) FROM (VALUES
    ('{users:read}', '{*:read}', true), ('{users:read}', '{*:write}', true), ('{*:read}', '{*:write}', true),
    ('{users:write}', '{*:write}', true), ('{users:write}', '{*:read,users:read}', false), ('{*:read}', '{users:read,site:read}', false),
    ('{users:read,keys:read}', '{users:write}', false), ('{}', '{users:read}', true)) AS t (rights, held, expected);
SELECT is(refusal_as(pg_temp.of('adm'), 'api_key_set', jsonb_build_object('id', id, 'changes', '{"domains": null}'::jsonb)),
    'AU428 a longer life, a right or a domain more needs a password that was given in the last minutes / '
    'Give the password to POST /v1/session/fresh, then try again.', 'in words') FROM keys;

SELECT * FROM finish();
ROLLBACK;
