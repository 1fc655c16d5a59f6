-- Sending scopes: documents are named by their content, the rights to set them, and that a document without a
-- holder is deleted.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(82);

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN coalesce(current_setting('tap.now', true), '2026-03-01 12:00:00Z')::timestamptz;

CREATE FUNCTION pg_temp.canonical(tag int) RETURNS text LANGUAGE sql AS
    $$ SELECT format('{"max_recipients":%s,"v":1}', tag) $$;
CREATE FUNCTION pg_temp.put(place jsonb, canonical text, reach bigint[] DEFAULT NULL)
RETURNS jsonb LANGUAGE sql AS
    $$ SELECT ask('scope_put', place || jsonb_build_object('scope', canonical), reach) $$;
CREATE FUNCTION pg_temp.put_refusal(place jsonb, canonical text, reach bigint[] DEFAULT NULL)
RETURNS text LANGUAGE sql AS
    $$ SELECT refusal('scope_put', place || jsonb_build_object('scope', canonical), reach) $$;
CREATE FUNCTION pg_temp.documents() RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(canonical::jsonb ->> 'max_recipients', ' ' ORDER BY canonical)
         FROM authd.scope_document $$;
CREATE FUNCTION pg_temp.without_keys(object jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT object - ARRAY['etag', 'hash', 'set_by'] $$;

SELECT lives_ok($$ SELECT ask('user_add', '{"login": "alice@example.org"}') $$, 'a user');
SELECT lives_ok($$ SELECT ask('user_add', '{"login": "boss@example.org", "role": "admin"}') $$,
                'an administrator');
SELECT lives_ok($$ SELECT ask('user_add', '{"login": "eve@other.example"}') $$, 'a user out of reach');
INSERT INTO authd.class (name) VALUES ('printers');
UPDATE authd.site SET scopes_swept_at = authd.now();

-- the scope of each level
SELECT is(ask('scope_get', place::jsonb) - ARRAY['etag', 'user_id', 'set_by'], expected::jsonb, place)
  FROM (VALUES
    ('{"level": "site"}', '{"kind": "scope", "id": "site", "level": "site", "document": null,
                            "hash": null}'),
    ('{"level": "domain", "domain": "example.org"}',
     '{"kind": "scope", "id": "domain:example.org", "level": "domain", "domain": "example.org",
       "document": null, "hash": null}'),
    ('{"level": "class", "class": "printers"}',
     '{"kind": "scope", "id": "class:printers", "level": "class", "class": "printers",
       "document": null, "hash": null}')) AS row (place, expected);
SELECT is(ask('scope_get', '{"level": "user", "user": "alice@example.org"}') - 'etag',
    jsonb_build_object('kind', 'scope', 'set_by', NULL, 'level', 'user', 'user', 'alice@example.org',
                       'domain', 'example.org', 'document', NULL, 'hash', NULL,
                       'id', 'user:' || id, 'user_id', id::text), 'of a user')
  FROM authd.account WHERE login = 'alice@example.org';

-- put: a document is named by its content, and putting the same document again changes nothing
SELECT is(pg_temp.put(place::jsonb, pg_temp.canonical(n)) -> 'document',
          pg_temp.canonical(n)::jsonb, 'put: ' || place)
  FROM (VALUES (1, '{"level": "site"}'), (2, '{"level": "domain", "domain": "example.org"}'),
               (3, '{"level": "class", "class": "printers"}'),
               (4, '{"level": "user", "user": "alice@example.org"}')) AS row (n, place);
SELECT is(ask('scope_get', '{"level": "class", "class": "printers"}') ->> 'hash',
          encode(sha256('{"max_recipients":3,"v":1}'), 'hex'), 'its name is the hash of its content');
SELECT is(pg_temp.put('{"level": "site"}', pg_temp.canonical(1)) -> 'changed', 'false',
          'the same document again changes nothing');
SELECT is(pg_temp.put('{"level": "site"}', pg_temp.canonical(5)) -> 'changed', 'true', 'another does');
SELECT is(pg_temp.documents(), '2 3 4 5', 'what nobody has is gone');
SELECT is(version_of('alice@example.org'), 1::bigint, 'no login under way is disturbed');
SELECT isnt(ask('scope_get', '{"level": "site"}') ->> 'etag',
            pg_temp.put('{"level": "site"}', pg_temp.canonical(1)) ->> 'etag',
            'another document, another etag');
SELECT is((SELECT array_agg(action || ' ' || object_id ORDER BY id) FROM authd.audit_event
            WHERE kind = 'scope' AND object_id !~ '^user:'),
          ARRAY['scope_put site', 'scope_put domain:example.org', 'scope_put class:printers',
                'scope_put site', 'scope_put site'], 'each change is recorded, and nothing else');

-- flaws that only the database can find
SELECT is(pg_temp.put_refusal('{"level": "site"}', document), expected, expected) FROM (VALUES
    ('{"time":{"tz":"Europe/Atlantis","windows":[]},"v":1}',
     'AU422 /time/tz is Europe/Atlantis, which is no time zone / '
     'Write it like Europe/Berlin, with its capitals, or UTC.'),
    ('{"mode":"monitor","monitor_until":"2026-03-01T12:00:00Z","v":1}',
     'AU422 /monitor_until is 2026-03-01T12:00:00Z, which is past / '
     'Choose an end within 30 days, or leave out mode and monitor_until.'),
    ('{"mode":"monitor","monitor_until":"2026-03-31T12:00:01Z","v":1}',
     'AU422 /monitor_until is 2026-03-31T12:00:01Z, more than 30 days ahead / '
     'Choose an end up to 2026-03-31T12:00:00Z.'))
    AS row (document, expected);
SELECT is(pg_temp.put('{"level": "site"}', document) -> 'document', document::jsonb, document)
  FROM (VALUES ('{"time":{"tz":"Europe/Berlin","windows":[]},"v":1}'),
               ('{"mode":"monitor","monitor_until":"2026-03-31T12:00:00Z","v":1}')) AS row (document);
SELECT is(refusal('scope_put', '{"level": "site"}'), 'AU422 scope is missing / Give the document.',
          'a document must come');
SELECT is(refusal(operation, arguments::jsonb), expected, expected) FROM (VALUES
    ('scope_get', '{}', 'AU422 nothing has no scope / '
     'Scopes are of a user, a domain, a class or the site.'),
    ('scope_get', '{"level": "printer"}', 'AU422 printer has no scope / '
     'Scopes are of a user, a domain, a class or the site.'),
    ('scope_get', '{"level": "class"}', 'AU422 class is missing / Name the class.'),
    ('scope_get', '{"level": "class", "class": "x"}',
     'AU404 there is no class x / Check the spelling, or list the classes.'),
    ('scope_get', '{"level": "domain", "domain": "x.example"}',
     'AU404 there is no domain x.example / Check the spelling, or list the domains.'),
    ('scope_delete', '{"level": "user", "user": "x@example.org"}',
     'AU404 there is no user x@example.org / Check the spelling, or list the users.'))
    AS row (operation, arguments, expected);

-- reach
SELECT ask('user_add', '{"login": "carol@example.org"}');
SELECT is(left(pg_temp.put_refusal(place::jsonb, pg_temp.canonical(9),
                                   ARRAY[domain_id('example.org')]), 5), expected,
          'an administrator of a domain, putting ' || place)
  FROM (VALUES ('{"level": "user", "user": "alice@example.org"}', 'AU403'), -- the host has set it
               ('{"level": "user", "user": "carol@example.org"}', 'answe'),
               ('{"level": "user", "user": "eve@other.example"}', 'AU404'),
               ('{"level": "user", "user": "boss@example.org"}', 'AU403'),
               ('{"level": "domain", "domain": "example.org"}', 'AU403'),
               ('{"level": "class", "class": "printers"}', 'AU403'),
               ('{"level": "site"}', 'AU403')) AS row (place, expected);
SELECT is(left(refusal('scope_get', place::jsonb, ARRAY[domain_id('example.org')]), 5), expected,
          'an administrator of a domain, reading ' || place)
  FROM (VALUES ('{"level": "user", "user": "boss@example.org"}', 'answe'),
               ('{"level": "domain", "domain": "other.example"}', 'AU404'),
               ('{"level": "site"}', 'answe')) AS row (place, expected);

-- the scopes that a login gets
CREATE FUNCTION pg_temp.hash(canonical text) RETURNS text LANGUAGE sql AS
    $$ SELECT encode(sha256(convert_to(canonical, 'UTF8')), 'hex') $$;
CREATE FUNCTION pg_temp.hours(tz text) RETURNS text LANGUAGE sql AS
    $$ SELECT format('{"time":{"tz":"%s","windows":[]},"v":1}', tz) $$;
CREATE FUNCTION pg_temp.words_of(selector text DEFAULT '') RETURNS text[] LANGUAGE sql AS
    $$ SELECT string_to_array(scopes, ' ')
         FROM authd.login_lookup(ARRAY['alice@example.org'], ARRAY[selector]) $$;
SELECT is(pg_temp.words_of(), ARRAY[pg_temp.hash(document), pg_temp.hash(pg_temp.canonical(2)), '-',
                                pg_temp.hash(pg_temp.canonical(4)), '-'], 'site, domain, user')
  FROM (VALUES ('{"mode":"monitor","monitor_until":"2026-03-31T12:00:00Z","v":1}')) AS row (document);
SELECT lives_ok($$ SELECT ask('user_set', '{"user": "alice@example.org",
                                            "changes": {"class": "printers"}}') $$, 'a member of a class');
SELECT is((pg_temp.words_of())[3], pg_temp.hash(pg_temp.canonical(3)), 'the class');
SELECT lives_ok($$ SELECT pg_temp.put('{"level": "class", "class": "printers"}',
                                      pg_temp.hours('Asia/Kathmandu')) $$, 'one with windows');
SELECT is((pg_temp.words_of())[3], pg_temp.hash(pg_temp.hours('Asia/Kathmandu')) || '@'
                               || (6 * 1440 + 17 * 60 + 45), 'brings the minute in its zone');
SELECT lives_ok($$ SELECT pg_temp.put('{"level": "class", "class": "printers"}',
                                      pg_temp.canonical(3)) $$, 'and back');
SELECT is(ask('app_password_add', jsonb_build_object('user', 'alice@example.org', 'label', 'phone',
        'credential', 901, 'selector', 'aaaaaaaa', 'verifier', repeat('ab', 32), 'key', '01234567',
        'scope', pg_temp.canonical(6))) -> 'scope', '{"v": 1, "max_recipients": 6}',
    'an app password with a scope of its own');
SELECT is((pg_temp.words_of('aaaaaaaa'))[5], pg_temp.hash(pg_temp.canonical(6)), 'the credential');
SELECT is((pg_temp.words_of('aaaaaaab'))[5], '-', 'only if it is the one that was presented');
SELECT is(left(refusal('app_password_set', jsonb_build_object('user', 'alice@example.org', 'id', '901',
        'changes', jsonb_build_object('scope', pg_temp.hours('Europe/Atlantis')))), 16),
    'AU422 /time/tz i', 'a scope of an app password is checked as any other');
SELECT is(ask('app_password_set', jsonb_build_object('user', 'alice@example.org', 'id', '901',
        'changes', jsonb_build_object('scope', pg_temp.canonical(8)))) -> 'changed', 'true', 'another');
SELECT is(pg_temp.documents() ~ '6', false, 'and the first is gone');
SELECT is(ask('app_password_add', jsonb_build_object('user', 'alice@example.org', 'label', 'old',
        'credential', 902, 'password_hash', '$1$old', 'scope', pg_temp.canonical(8))) -> 'changed', 'true',
    'one out of reach');
SELECT is(authd.imported_passwords(id_of('alice@example.org')),
    format('902 1 %s %s', pg_temp.hash(pg_temp.canonical(8)), encrypted_text('$1$old')), 'its scope is in its line');
SELECT is((SELECT seconds FROM authd.login_lookup(ARRAY['alice@example.org'], ARRAY[''])),
    1772366400::bigint, 'and the time');
SELECT lives_ok($$ SELECT ask('app_password_revoke', '{"user": "alice@example.org", "id": "901"}'),
                          ask('app_password_revoke', '{"user": "alice@example.org", "id": "902"}') $$,
                'both go');

-- If-Match
SELECT throws_ok($$ SELECT authd.manage('scope_delete', context() || '{"if_match": "\"old\""}',
                                        '{"level": "site"}') $$,
                 'AU412', NULL, 'an etag of yesterday');

-- delete
SELECT is(pg_temp.without_keys(ask('scope_delete', '{"level": "site"}')),
          '{"kind": "scope", "id": "site", "level": "site", "document": null, "changed": true}',
          'delete answers with what is now');
SELECT is(ask('scope_delete', '{"level": "site"}') -> 'changed', 'false', 'twice changes nothing');

-- a document without a holder is deleted
SELECT ask('scope_delete', '{"level": "user", "user": "alice@example.org"}');
SELECT is(pg_temp.documents(), '2 3 9', 'each has one');
SELECT lives_ok($$ SELECT pg_temp.put('{"level": "user", "user": "eve@other.example"}',
                                      pg_temp.canonical(9)) $$, 'two have the same');
SELECT lives_ok($$ SELECT ask('user_delete', '{"user": "eve@other.example"}') $$, 'one goes');
SELECT is(pg_temp.documents(), '2 3 9', 'the other keeps it');
DELETE FROM authd.account;
DELETE FROM authd.class;
DELETE FROM authd.domain WHERE name = 'example.org';
SELECT is(pg_temp.documents(), NULL, 'all are gone with the last that had them');
INSERT INTO authd.scope_document (hash, canonical)
    SELECT encode(sha256(convert_to(c, 'UTF8')), 'hex'), c FROM pg_temp.canonical(7) AS c;
SELECT lives_ok($$ SELECT pg_temp.put('{"level": "site"}', pg_temp.canonical(1)) $$, 'within the hour');
SELECT is(pg_temp.documents(), '1 7', 'what was left over is not looked for at each change');
SET LOCAL tap.now = '2026-03-01 13:00:01Z';
SELECT lives_ok($$ SELECT pg_temp.put('{"level": "site"}', pg_temp.canonical(2)) $$, 'an hour later');
SELECT is(pg_temp.documents(), '2', 'it is');

-- the name of a document is the hash of its content
SELECT throws_ok($$ INSERT INTO authd.scope_document (hash, canonical)
                    VALUES (repeat('0', 64), '{"v":1}') $$, '23514', NULL, 'no other content');
SELECT throws_ok($$ UPDATE authd.scope_document SET canonical = '{"v":1}' $$, '23514', NULL,
                 'and none later');
SELECT is(authd.scope_document(encode(sha256('{"max_recipients":2,"v":1}'), 'hex')),
          '{"max_recipients":2,"v":1}', 'the text, octet by octet');
SELECT is(authd.scope_document('no'), NULL, 'an unknown hash');

-- the minute of the week, around the days on which the clock is set forward and back
SELECT is(authd.week_minute(NULL), NULL, 'no zone, no minute');
SELECT is(authd.week_minute('Europe/Atlantis'), NULL, 'a zone that is gone');
CREATE FUNCTION pg_temp.minute_at(at text, tz text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tap.now', at, true);
    RETURN authd.week_minute(tz);
END
$$;
SELECT is(pg_temp.minute_at(at, tz), minute, at || ' in ' || tz) FROM (VALUES
    ('2026-03-02 00:00:59Z', 'UTC', 0),
    ('2026-03-01 23:59:59Z', 'UTC', 7 * 1440 - 1),
    ('2026-03-01 23:00:00Z', 'Europe/Berlin', 0),
    ('2026-03-29 00:59:59Z', 'Europe/Berlin', 6 * 1440 + 119),
    ('2026-03-29 01:00:00Z', 'Europe/Berlin', 6 * 1440 + 180),
    ('2026-10-25 00:30:00Z', 'Europe/Berlin', 6 * 1440 + 150),
    ('2026-10-25 01:30:00Z', 'Europe/Berlin', 6 * 1440 + 150),
    ('2026-03-04 12:00:00Z', 'Asia/Kathmandu', 2 * 1440 + 1065)) AS row (at, tz, minute);
SELECT * FROM finish();
ROLLBACK;
