-- Second-factor policies of domains and users: their values, and the rights to set them.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');

-- The policy of a domain.
CREATE FUNCTION pg_temp.policy(object jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', coalesce(object ->> 'second_factor', '-'),
                     coalesce(object ->> 'second_factor_from', '-'), object ->> 'changed')
$$;
CREATE FUNCTION pg_temp.set_domain(changes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.policy(ask('domain_set', jsonb_build_object('domain', 'one.example', 'changes', changes)))
$$;
SELECT is(pg_temp.policy(ask('domain_add', '{"name": "one.example"}')), '- - true', 'nothing is said');
SELECT is(pg_temp.policy(ask('domain_add', '{"name": "two.example", "second_factor": "required",
              "second_factor_from": "2026-04-01"}')), 'required 2026-04-01T00:00:00Z true', 'from the start');
SELECT is(pg_temp.set_domain(changes::jsonb), expected, changes) FROM (VALUES
    ('{"second_factor": "required"}', 'required - true'),
    ('{"second_factor": "required"}', 'required - false'),
    ('{"second_factor_from": "2026-04-01T02:00:00+02:00"}', 'required 2026-04-01T00:00:00Z true'),
    ('{"second_factor_from": "2026-04-01"}', 'required 2026-04-01T00:00:00Z false'),
    ('{"second_factor_from": "2020-01-01"}', 'required 2020-01-01T00:00:00Z true'),
    ('{"second_factor": "off"}', 'off 2020-01-01T00:00:00Z true'),
    ('{"description": "One"}', 'off 2020-01-01T00:00:00Z true'),
    ('{"second_factor": null, "second_factor_from": null}', '- - true')) AS good (changes, expected);
SELECT is(refusal('domain_set', jsonb_build_object('domain', 'one.example', 'changes', changes::jsonb)), expected, changes)
  FROM (VALUES
    ('{"second_factor": "on"}', 'AU422 on is not a policy of second factors / It is off, optional, required or null.'),

    ('{"second_factor_from": "infinity"}', ''), ('{"second_factor_from": "2026-02-30"}', ''),
    ('{"second_factor_from": "tomorrow"}', ''), ('{"second_factor_from": "2026-04-01T00:00:00"}', ''),
    ('{"second_factor_from": "2026-04-01 "}', ''), ('{"second_factor_from": "99999-01-01"}', '')
    ) AS bad (changes, wanted)
 CROSS JOIN LATERAL (SELECT CASE wanted
    WHEN '' THEN 'AU422 second_factor_from is not a date / Write it like 2027-01-31 or 2027-01-31T12:00:00Z.'
    ELSE wanted END AS expected) AS sentence;
SELECT is(left(refusal('domain_set', jsonb_build_object('domain', 'one.example', 'changes', changes::jsonb)), 5), 'AU422', changes)
  FROM unnest(ARRAY['{"second_factor": true}', '{"second_factor": ""}', '{"second_factor_from": 20270101}']) AS changes;
SELECT is((SELECT string_agg(concat_ws(' ', coalesce(item -> 'before' ->> 'second_factor', '-'),
                                       coalesce(item -> 'after' ->> 'second_factor', '-')), ', ' ORDER BY n DESC)
             FROM jsonb_array_elements(ask('audit_list', '{"action": "domain_set"}') -> 'items') WITH ORDINALITY AS i (item, n)
            WHERE item -> 'after' ? 'second_factor'),
    '- required, required off, off -', 'each is recorded, the loosening too');

-- The policy of a user.
SELECT is(pg_temp.policy(ask('user_add', '{"login": "a@one.example"}')), '- - true', 'nothing is said of a user');
SELECT is(pg_temp.policy(ask('user_add', '{"login": "b@one.example", "second_factor": "required"}')), 'required - true',
    'or something from the start');
SELECT is(pg_temp.policy(ask('user_set', jsonb_build_object('user', 'a@one.example', 'changes', changes::jsonb))), expected, changes)
  FROM (VALUES
    ('{"second_factor": "required"}', 'required - true'), ('{"second_factor": "required"}', 'required - false'),
    ('{"second_factor": "off"}', 'off - true'), ('{"display_name": "A"}', 'off - true'),
    ('{"second_factor": null}', '- - true')) AS good (changes, expected);
SELECT is(version_of('a@one.example'), 4::bigint, 'logins that are under way notice');
SELECT is(refusal('user_set', '{"user": "a@one.example", "changes": {"second_factor": "On"}}'),
    'AU422 On is not a policy of second factors / It is off, optional, required or null.', 'another word');

-- The rights to set a policy.
SELECT ask('user_add', jsonb_build_object('login', name || '@one.example', 'role', role))
  FROM (VALUES ('d', 'domain-admin'), ('e', 'domain-admin'), ('h', 'helpdesk')) AS t (name, role);
SELECT is(left(refusal_as(signed_in('d@one.example'), 'user_set', format('{"user": "%s", "changes": {"second_factor": "off"}}', who)::jsonb,
                          '{"self": true}'), 8), expected, who)
  FROM (VALUES ('me', 'AU403 yo'), ('d@one.example', 'AU403 yo'), ('e@one.example', 'AU403 e@'),
               ('h@one.example', 'answered'), ('a@one.example', 'answered'), ('a@two.example', 'AU404 th')) AS t (who, expected);

-- Accounts that have no second factor.
SELECT ask('user_add', '{"login": "robot@one.example", "service": true}');
INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
    SELECT id_of('b@one.example'), authd.credential_id(), '$cipher$00000000$x', 'SHA1', 6, 0;
CREATE FUNCTION pg_temp.found(arguments jsonb, reach bigint[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(split_part(item ->> 'login', '@', 1), ' ' ORDER BY item ->> 'login')
      FROM jsonb_array_elements(ask('user_list', arguments, reach) -> 'items') AS item
$$;
SELECT is(pg_temp.found('{"without_factor": true}'), 'a d e h', 'without_factor');
SELECT is(pg_temp.found('{"without_factor": false}'), 'b robot', 'the others');
SELECT is(pg_temp.found('{"without_factor": true, "role": "user"}'), 'a', 'with another filter');
SELECT is(pg_temp.found('{"without_factor": true}', ARRAY[domain_id('two.example')]), NULL, 'within reach');
SELECT is(ask('user_show', format('{"user": "%s@one.example"}', name)::jsonb) -> 'enrolled', expected::jsonb, name)
  FROM (VALUES ('a', 'false'), ('b', 'true'), ('robot', 'false')) AS t (name, expected);

SELECT * FROM finish();
ROLLBACK;
