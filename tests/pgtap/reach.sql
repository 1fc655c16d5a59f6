-- An administrator of one domain: no object outside the domain is found, and no call raises the
-- administrator's rights.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(42);

SELECT ask('user_add', '{"login": "own@mine.example", "password_hash": "$o$1"}');
SELECT ask('user_add', '{"login": "chief@mine.example", "role": "admin", "password_hash": "$o$1"}');
SELECT ask('user_add', '{"login": "far@theirs.example", "password_hash": "$f$1"}');
CREATE FUNCTION pg_temp.mine() RETURNS bigint[] LANGUAGE sql AS
    $$ SELECT ARRAY[domain_id('mine.example')] $$;

CREATE TEMP TABLE calls (function text, more jsonb);
INSERT INTO calls VALUES
    ('user_show', '{}'), ('user_set', '{"changes": {"display_name": "x"}}'),
    ('user_suspend', '{"reason": "x"}'), ('user_resume', '{}'), ('user_delete', '{}'),
    ('address_list', '{}'), ('address_add', '{"address": "x@mine.example"}'),
    ('address_remove', '{"address": "far@theirs.example"}'),
    ('password_set', '{"password_hash": "$x$1"}'), ('password_clear', '{}');

CREATE TEMP TABLE before AS SELECT account.* FROM authd.account;
SELECT is(refusal(function, '{"user": "far@theirs.example"}' || more, pg_temp.mine()),
    'AU404 there is no user far@theirs.example / Check the spelling, or list the users.',
    function || ': a user out of reach is not found') FROM calls;
SELECT is(refusal(function, jsonb_build_object('user', id::text) || more, pg_temp.mine()),
    format('AU404 there is no user %s / Check the spelling, or list the users.', id),
    function || ': nor by id')
  FROM calls, authd.account WHERE login = 'far@theirs.example';
SELECT is(left(refusal(function, '{"user": "own@mine.example"}' || more, '{}'), 5), 'AU404',
    function || ': an empty reach reaches nothing') FROM calls WHERE function <> 'user_delete';
SELECT ask('user_add', jsonb_build_object('login', id || '@theirs.example'))
  FROM authd.account WHERE login = 'own@mine.example';
SELECT is(ask('user_show', jsonb_build_object('user', id::text, 'user_login', id || '@theirs.example'),
              pg_temp.mine()) ->> 'login', login, 'a login out of reach with the same digits does not count')
  FROM authd.account WHERE login = 'own@mine.example';
SELECT ask('user_add', jsonb_build_object('login', id || '@mine.example'))
  FROM authd.account WHERE login = 'far@theirs.example';
SELECT is(ask('user_show', jsonb_build_object('user', id::text, 'user_login', id || '@mine.example'),
              pg_temp.mine()) ->> 'login', id || '@mine.example', 'nor does an id out of reach')
  FROM authd.account WHERE login = 'far@theirs.example';
DELETE FROM authd.account WHERE login ~ '^[0-9]+@';
SELECT results_eq('SELECT account.* FROM authd.account ORDER BY id', 'SELECT * FROM before ORDER BY id',
    'nothing has changed');

SELECT is((SELECT string_agg(item ->> 'login', ' ')
             FROM jsonb_array_elements(ask('user_list', '{}', pg_temp.mine()) -> 'items') AS item),
    'chief@mine.example own@mine.example', 'user_list shows the own domain');
SELECT is(ask('user_list', '{"address": "far@theirs.example"}', pg_temp.mine()) -> 'items', '[]',
    'also when asked for an address out of reach');
SELECT is(left(refusal('user_add', '{"login": "x@theirs.example"}', pg_temp.mine()), 40),
    'AU404 there is no domain theirs.example ', 'user_add: a domain out of reach does not exist');
SELECT is(left(refusal('user_add', '{"login": "x@new.example"}', pg_temp.mine()), 37),
    'AU404 there is no domain new.example ', 'user_add: nor is a new one made');
SELECT is(ask('user_add', '{"login": "new@mine.example"}', pg_temp.mine()) -> 'domain_created', 'false',
    'user_add: in the own domain');

SELECT is(refusal(function, arguments::jsonb, pg_temp.mine()), expected, expected) FROM (VALUES
    ('user_add', '{"login": "x@mine.example", "role": "admin"}',
     'AU403 the role admin is not below yours / Ask somebody with a higher role.'),
    ('user_set', '{"user": "own@mine.example", "changes": {"role": "auditor"}}',
     'AU403 the role auditor is not below yours / Ask somebody with a higher role.'),
    ('password_set', '{"user": "chief@mine.example", "password_hash": "$x$1"}',
     'AU403 chief@mine.example has the role admin, which is not below yours / '
     'Ask somebody with a higher role.'),
    ('address_add', '{"user": "own@mine.example", "address": "boss@theirs.example"}',
     'AU403 theirs.example is not a domain of yours / Ask an administrator of the site.'),
    ('user_add', '{"login": "x@mine.example", "addresses": ["*@theirs.example"]}',
     'AU403 theirs.example is not a domain of yours / Ask an administrator of the site.')
) AS bad (function, arguments, expected);

SELECT * FROM finish();
ROLLBACK;
