-- The management functions, called by a site administrator.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN '2026-03-01 12:00:00+02'::timestamptz;
-- An account without the members that the first test compares and no other call changes.
CREATE FUNCTION pg_temp.brief(object jsonb) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT object - ARRAY['kind', 'etag', 'class', 'domains', 'last_login_at',
                              'suspended_by', 'second_factor', 'enrolled', 'class_by',
                              'second_factor_by'] $$;

-- user_add
SELECT is(ask('user_add', '{"login": "alice@example.org", "password_hash": "$a$1",
                            "display_name": "Alice", "recovery_address": "al@home.example"}')
          - ARRAY['id', 'etag'],
    '{"kind": "user", "class": null, "domains": [], "last_login_at": null, "suspended_by": null,
      "login": "alice@example.org", "domain": "example.org", "addresses": ["alice@example.org"],
      "display_name": "Alice", "recovery_address": "al@home.example", "role": "user",
      "service": false, "suspended": false, "suspended_reason": null, "suspended_at": null,
      "has_password": true, "password_generation": 1, "password_set_at": "2026-03-01T10:00:00Z",
      "second_factor": null, "enrolled": false, "class_by": null, "second_factor_by": null,
      "created_at": "2026-03-01T10:00:00Z", "changed": true, "domain_created": true}',
    'the user object, by the clock of authd.now()');
SELECT is(pg_temp.brief(ask('user_add', '{"login": "bob@example.org", "addresses": ["sales@example.org",
                            "*@other.example", "sales@example.org"], "role": "helpdesk"}'))
          - ARRAY['id', 'created_at'],
    '{"login": "bob@example.org", "domain": "example.org", "role": "helpdesk",
      "addresses": ["*@other.example", "sales@example.org"], "display_name": null,
      "recovery_address": null, "service": false, "suspended": false, "suspended_reason": null,
      "suspended_at": null, "has_password": false, "password_generation": 0, "password_set_at": null,
      "changed": true, "domain_created": false}', 'addresses are given, each once');
SELECT is(ask('user_add', '{"login": "printer@example.org", "service": true, "addresses": [],
                            "display_name": null}') -> 'service', 'true', 'a service user');
SELECT is(jsonb_typeof(ask('user_show', '{"user": "alice@example.org"}') -> 'id'), 'string',
    'the id is a string');
SELECT is(refusal('user_add', arguments::jsonb), expected, expected) FROM (VALUES
    ('{"login": "alice@example.org"}', 'AU409 alice@example.org already exists / '
     'Choose another login, or change the existing user.'),
    ('{}', 'AU422 login is missing / A login looks like alice@example.org.'),
    ('{"login": "alice"}', 'AU422 alice is not a login / A login looks like alice@example.org.'),
    ('{"login": "a#p1@example.org"}',
     'AU422 a#p1@example.org is not a login / A login looks like alice@example.org.'),
    ('{"login": 5}', 'AU422 login must be a string / '
     'Give login as 1 to 320 printable characters, or leave it out.'),
    ('{"login": "x@example.org", "service": true, "password_hash": "$x$"}',
     'AU422 x@example.org is a service user and has no main password / Give it an app password.'),
    ('{"login": "x@example.org", "service": "yes"}',
     'AU422 service must be true or false / Give service as a JSON boolean.'),
    ('{"login": "x@example.org", "role": "root"}', 'AU422 there is no role root / '
     'Roles are user, helpdesk, domain-admin, auditor and admin.'),
    ('{"login": "x@example.org", "addresses": "x"}', 'AU422 addresses must be a list of strings / '
     'Leave it out to give the user the address of its login.'),
    ('{"login": "x@example.org", "addresses": [["a"]]}', 'AU422 addresses must be a list of strings / '
     'Leave it out to give the user the address of its login.'),
    ('{"login": "x@example.org", "addresses": ["x"]}', 'AU422 x is not an address / '
     'Write it like alice@example.org, or *@example.org for a whole domain.'),
    ('{"login": "x@example.org", "recovery_address": "*@example.org"}',
     'AU422 *@example.org is not one address / '
     'A recovery address receives mail: write it in full.'),
    ('{"login": "x@example.org", "display_name": "a\nb"}',
     'AU422 display_name has a control character / '
     'Give display_name as 1 to 200 printable characters, or leave it out.'),
    ('{"login": "x@example.org", "display_name": ""}', 'AU422 display_name is empty / '
     'Give display_name as 1 to 200 printable characters, or leave it out.'),
    ('{"login": "x@example.org", "password_hash": "two words"}',
     'AU422 password_hash is not an encrypted hash / '
     'Only the service can encrypt it.')
) AS bad (arguments, expected);
SELECT is(refusal('user_add', jsonb_build_object('login', 'x@example.org', 'addresses',
              (SELECT jsonb_agg('a' || i || '@example.org') FROM generate_series(1, 257) AS i))),
    'AU409 x@example.org has 256 addresses already / Remove some, or allow a whole domain by *@domain.',
    'addresses have a bound');
SELECT is_empty($$ SELECT 1 FROM authd.account WHERE login = 'x@example.org' $$,
    'what was refused left nothing');

-- user_show, by login and by id
SELECT is(ask('user_show', jsonb_build_object('user', id::text)) ->> 'login', 'alice@example.org',
    'by id') FROM authd.account WHERE login = 'alice@example.org';
SELECT is(refusal('user_show', arguments::jsonb), expected, expected) FROM (VALUES
    ('{"user": "nobody@example.org"}', 'AU404 there is no user nobody@example.org / '
     'Check the spelling, or list the users.'),
    ('{"user": "0"}', 'AU404 there is no user 0 / Check the spelling, or list the users.'),
    ('{"user": "99999999999999999999"}', 'AU404 there is no user 99999999999999999999 / '
     'Check the spelling, or list the users.'),
    ('{"user": "1; DROP TABLE authd.account"}', 'AU404 there is no user 1; DROP TABLE authd.account / '
     'Check the spelling, or list the users.'),
    ('{}', 'AU422 user is missing / Name the user by login or id.'),
    ('{"user": 1}',
     'AU422 user must be a string / Give user as 1 to 320 printable characters, or leave it out.')
) AS bad (arguments, expected);

-- user_set
SELECT is(pg_temp.brief(ask('user_set', '{"user": "alice@example.org", "changes": {
              "display_name": "A. Liddell"}}')) - ARRAY['id', 'created_at', 'password_set_at'],
    '{"login": "alice@example.org", "domain": "example.org", "addresses": ["alice@example.org"],
      "display_name": "A. Liddell", "recovery_address": "al@home.example", "role": "user",
      "service": false, "suspended": false, "suspended_reason": null, "suspended_at": null,
      "has_password": true, "password_generation": 1, "changed": true}', 'user_set');
SELECT is(ask('user_set', '{"user": "alice@example.org", "changes": {"display_name": "A. Liddell"}}')
          -> 'changed', 'false', 'user_set: as it is');
SELECT is(ask('user_set', '{"user": "alice@example.org", "changes": {}}') -> 'changed', 'false',
    'user_set: no changes');
SELECT is(pg_temp.brief(ask('user_set', '{"user": "alice@example.org", "changes": {
              "display_name": null, "recovery_address": null, "role": null}}')) - ARRAY['id', 'created_at', 'addresses',
              'password_set_at', 'login', 'domain', 'service', 'suspended', 'suspended_at'],
    '{"display_name": null, "recovery_address": null, "role": "user", "suspended_reason": null,
      "has_password": true, "password_generation": 1, "changed": true}', 'user_set: null clears');
SELECT is(refusal('user_set', arguments::jsonb), expected, expected) FROM (VALUES
    ('{"user": "alice@example.org"}', 'AU422 changes must be an object / '
     'It may have display_name, recovery_address, role, class, login, domains, second_factor.'),
    ('{"user": "alice@example.org", "changes": {"id": "1"}}', 'AU422 id cannot be set / '
     'What can be set is display_name, recovery_address, role, class, login, domains, second_factor.'),
    ('{"user": "nobody@example.org", "changes": {}}', 'AU404 there is no user nobody@example.org / '
     'Check the spelling, or list the users.')
) AS bad (arguments, expected);

-- user_suspend, user_resume
SELECT is(pg_temp.brief(ask('user_suspend', '{"user": "alice@example.org", "reason": "spam"}')) - ARRAY['id',
              'created_at', 'addresses', 'password_set_at', 'login', 'domain', 'service', 'role'],
    '{"suspended": true, "suspended_reason": "spam", "suspended_at": "2026-03-01T10:00:00Z",
      "display_name": null, "recovery_address": null, "has_password": true, "password_generation": 1,
      "changed": true}', 'user_suspend');
SELECT is(ask('user_suspend', '{"user": "alice@example.org"}') -> 'changed', 'false',
    'user_suspend: it is already');
SELECT is(ask('user_suspend', '{"user": "alice@example.org", "reason": "left"}')
          ->> 'suspended_reason', 'left', 'user_suspend: another reason');
SELECT is(pg_temp.brief(ask('user_resume', '{"user": "alice@example.org"}')) - ARRAY['id', 'created_at', 'addresses',
              'password_set_at', 'login', 'domain', 'service', 'role'],
    '{"suspended": false, "suspended_reason": null, "suspended_at": null, "display_name": null,
      "recovery_address": null, "has_password": true, "password_generation": 1, "changed": true}',
    'user_resume');
SELECT is(ask('user_resume', '{"user": "alice@example.org"}') -> 'changed', 'false',
    'user_resume: it is not suspended');

-- addresses
SELECT is(ask('address_list', '{"user": "bob@example.org"}'),
    '{"items": ["*@other.example", "sales@example.org"], "next": null}', 'address_list');
SELECT is(ask('address_add', '{"user": "alice@example.org", "address": "sales@example.org"}')
          -> 'addresses', '["alice@example.org", "sales@example.org"]',
    'address_add: it may be another user''s too');
SELECT is(ask('address_add', '{"user": "alice@example.org", "address": "sales@example.org"}')
          -> 'changed', 'false', 'address_add: has it');
SELECT is(pg_temp.brief(ask('address_remove', '{"user": "alice@example.org",
                                                "address": "sales@example.org"}'))
          - ARRAY['id', 'created_at', 'password_set_at', 'login', 'domain', 'service', 'role',
                  'suspended', 'suspended_at', 'suspended_reason', 'display_name'],
    '{"addresses": ["alice@example.org"], "recovery_address": null, "has_password": true,
      "password_generation": 1, "changed": true}', 'address_remove');
SELECT is(refusal(function, arguments::jsonb), expected, expected) FROM (VALUES
    ('address_remove', '{"user": "alice@example.org", "address": "x@example.org"}',
     'AU404 alice@example.org has no address x@example.org / List the addresses of the user.'),
    ('address_remove', '{"user": "alice@example.org"}',
     'AU404 alice@example.org has no address (none given) / List the addresses of the user.'),
    ('address_remove', '{"user": "alice@example.org", "address": "alice@example.org"}',
     'AU409 alice@example.org is the only address of alice@example.org / '
     'Add another address first; to stop the user, suspend it.'),
    ('address_add', '{"user": "alice@example.org"}',
     'AU422 address is missing / Name the address to add.'),
    ('address_add', '{"user": "alice@example.org", "address": "Alice@example.org"}',
     'AU422 Alice@example.org is not an address / '
     'Write it like alice@example.org, or *@example.org for a whole domain.')
) AS bad (function, arguments, expected);

-- passwords
SELECT is(ask('password_set', '{"user": "bob@example.org", "password_hash": "$b$1"}') @>
    '{"has_password": true, "password_generation": 1, "changed": true}', true, 'password_set');
SELECT is(ask('password_set', '{"user": "bob@example.org", "password_hash": "$b$1"}') @>
    '{"password_generation": 2, "changed": true}', true, 'password_set: the same is a new one');
SELECT is(ask('password_clear', '{"user": "bob@example.org"}') @>
    '{"has_password": false, "password_generation": 3, "password_set_at": null, "changed": true}',
    true, 'password_clear');
SELECT is(ask('password_clear', '{"user": "bob@example.org"}') @>
    '{"password_generation": 3, "changed": false}', true, 'password_clear: there is none');
SELECT is(refusal('password_set', '{"user": "printer@example.org", "password_hash": "$b$1"}'),
    'AU422 printer@example.org is a service user and has no main password / Give it an app password.',
    'password_set: a service user');
SELECT is(refusal('password_set', '{"user": "bob@example.org"}'),
    'AU422 password_hash is missing / To take the password away, clear it.', 'password_set: nothing');
SELECT is_empty($$
    SELECT 1 FROM authd.account, authd.account_object(account) AS object
     WHERE object::text LIKE '%$a$1%' OR object ? 'password' $$, 'the hash is in no answer');

-- user_list
SELECT ask('user_add', '{"login": "zoe@other.example", "display_name": "50% _Zoë"}');
SELECT ask('user_suspend', '{"user": "zoe@other.example"}');
CREATE FUNCTION pg_temp.logins(arguments jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(split_part(item ->> 'login', '@', 1), ' '), '') || '/'
           || coalesce(split_part(max(answer ->> 'next'), ':', 2), '')
      FROM ask('user_list', arguments) AS answer LEFT JOIN jsonb_array_elements(answer -> 'items')
           AS item ON true
$$;
SELECT is(pg_temp.logins(arguments::jsonb), expected, 'user_list ' || arguments) FROM (VALUES
    ('{}', 'alice bob printer zoe/'),
    ('{"limit": 2}', 'alice bob/bob@example.org'),
    ('{"limit": 2, "after": "1:bob@example.org"}', 'bob printer/printer@example.org'),
    ('{"limit": 2, "after": "999999:bob@example.org"}', 'printer zoe/'),
    ('{"limit": 4}', 'alice bob printer zoe/'),
    ('{"match": "EXAMPLE.org"}', 'alice bob printer/'),
    ('{"match": "% _z"}', 'zoe/'),
    ('{"match": "_"}', 'zoe/'),
    ('{"match": "nothing"}', '/'),
    ('{"suspended": true}', 'zoe/'),
    ('{"suspended": false}', 'alice bob printer/'),
    ('{"address": "sales@example.org"}', 'bob/'),
    ('{"address": "any@other.example"}', 'bob/'),
    ('{"address": "zoe@other.example"}', 'bob zoe/'),
    ('{"address": "*@other.example"}', 'bob/')
) AS good (arguments, expected);
SELECT is(refusal('user_list', arguments::jsonb),
    'AU422 limit must be from 1 to 1000 / Give limit as a whole number.', arguments)
  FROM unnest(ARRAY['{"limit": 0}', '{"limit": 1001}', '{"limit": 1.5}', '{"limit": "5"}',
                    '{"limit": 1e300}']) AS arguments;

-- user_delete: the user is gone, and the id and the generations are never used again
CREATE TEMP TABLE old AS SELECT * FROM authd.account WHERE login = 'bob@example.org';
SELECT is(ask('user_delete', '{"user": "bob@example.org"}') @>
    '{"login": "bob@example.org", "password_generation": 3, "changed": true}', true, 'user_delete');
SELECT is_empty($$ SELECT 1 FROM authd.address WHERE account = (SELECT id FROM old) $$,
    'its addresses went with it');
SELECT is(ask('user_add', '{"login": "bob@example.org", "password_hash": "$b$1"}')
          -> 'password_generation', '5', 'a new user of the old login goes on counting');
SELECT ok((SELECT id FROM authd.account WHERE login = 'bob@example.org') > (SELECT id FROM old),
    'and has a new id');
SELECT is(ask('user_delete', '{"user": "bob@example.org"}') -> 'changed', 'true', 'deleted again');
SELECT is(ask('user_add', '{"login": "bob@example.org"}') -> 'password_generation', '6',
    'and counts on without a password');

-- digits may name a user by id, by login, or by both
CREATE FUNCTION pg_temp.digits(who text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT jsonb_build_object('user', who, 'user_login', who || '@example.org') $$;
SELECT ask('user_add', '{"login": "777777777@example.org"}');
SELECT is(ask('user_show', pg_temp.digits('777777777')) ->> 'login', '777777777@example.org',
    'digits that are a login only');
SELECT is(ask('user_show', pg_temp.digits(id::text)) ->> 'login', login, 'digits that are an id only')
  FROM authd.account WHERE login = 'alice@example.org';
SELECT ask('user_add', jsonb_build_object('login', id || '@example.org'))
  FROM authd.account WHERE login = 'alice@example.org';
SELECT is(refusal('user_show', pg_temp.digits(id::text)),
    format('AU409 %1$s is the id of alice@example.org and the login of %1$s@example.org / '
           'Write the login with its domain.', id), 'digits that are the id of one and the login of another')
  FROM authd.account WHERE login = 'alice@example.org';
SELECT is(ask('user_show', jsonb_build_object('user', id || '@example.org')) ->> 'login',
    id || '@example.org', 'which its domain tells apart')
  FROM authd.account WHERE login = 'alice@example.org';
UPDATE authd.account SET login = id || '@example.org' WHERE login = '777777777@example.org';
SELECT is(ask('user_show', pg_temp.digits(id::text)) ->> 'login', login,
    'digits that are the id and the login of one')
  FROM authd.account WHERE login = id || '@example.org';

SELECT * FROM finish();
ROLLBACK;
