-- The second check of names: the database refuses a name that could be misread, whichever program inserts it.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT plan(63);

SELECT ok(authd.login_valid(name), 'login ' || name) FROM unnest(ARRAY[
    'alice@example.org', 'a@b', 'web12p3@xn--bcher-kva.example', 'jürgen@example.org',
    'first.last+tag@a-b.example', repeat('a', 64) || '@example.org', '用户@example.org',
    'o''brien@example.org'
]) AS name;
SELECT ok(NOT authd.login_valid(name), 'no login: ' || left(to_json(name)::text, 40))
  FROM unnest(ARRAY[
    '', '@', 'alice', '@example.org', 'alice@', 'alice@@example.org', 'a@b@c', 'Alice@example.org',
    'alice@Example.org', 'alice#p1@example.org', 'alice#@example.org', 'ali%ce@example.org',
    'ali!ce@example.org', '*@example.org', 'al ice@example.org', E'al\tice@example.org',
    E'alice@example.org\n', E'al\u0001ice@example.org', E'al\u007fice@example.org',
    E'al\u0085ice@example.org', E'al\u00a0ice@example.org', E'u\u0308@example.org', '.a@example.org',
    'a.@example.org', 'a..b@example.org', 'a@-example.org', 'a@example-.org', 'a@example..org',
    'a@.org', 'a@example.org.', 'a@exa_mple.org', 'a@bücher.example', 'a"b@example.org',
    'a\b@example.org', repeat('a', 65) || '@example.org', 'a@' || repeat('a', 64) || '.org',
    'a@' || repeat('abcdefgh.', 29) || 'org'
]) AS name;
SELECT ok(authd.address_valid('*@example.org'), 'an address may be a whole domain');
SELECT ok(NOT authd.address_valid(name), 'no address: ' || name)
  FROM unnest(ARRAY['*', '*@', '*@*', '**@example.org', 'a*@example.org', '*@*.example.org']) AS name;

INSERT INTO authd.domain (name) VALUES ('example.org');
CREATE FUNCTION pg_temp.inserting(columns text, vals text) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO authd.account (login, domain, %s) VALUES (%L, %s, %s)', columns,
                  'x@example.org', domain_id('example.org'), vals)
$$;
SELECT throws_ok($$ INSERT INTO authd.domain (name) VALUES ('Example.org') $$, '23514');
SELECT throws_ok($$ INSERT INTO authd.account (login, domain)
                    VALUES ('a#p1@example.org', domain_id('example.org')) $$, '23514');
SELECT throws_ok(pg_temp.inserting('password, password_cipher_version', $$encrypted_text('x'), 1$$), '23514', NULL, 'no time of the password');
SELECT throws_ok(pg_temp.inserting('password, password_cipher_version, password_set_at', $$'$1$x', 1, authd.now()$$), '23514',
    NULL, 'a hash with a blank');
SELECT throws_ok(pg_temp.inserting('password, password_set_at', $$encrypted_text('x'), authd.now()$$), '23514',
    NULL, 'a password without the number that it is encrypted over');
SELECT throws_ok(pg_temp.inserting('password_cipher_version', '1'), '23514', NULL, 'and the number without a password');
SELECT throws_ok(pg_temp.inserting('service, password, password_cipher_version, password_set_at',
                                   $$true, encrypted_text('x'), 1, authd.now()$$),
    '23514', NULL, 'a service user with a password');
SELECT throws_ok(pg_temp.inserting('suspended', 'true'), '23514', NULL, 'no time of the suspension');
SELECT throws_ok(pg_temp.inserting('role', $$'root'$$), '23514', NULL, 'an unknown role');
SELECT throws_ok(pg_temp.inserting('id', '77'), '428C9', NULL, 'an id is never chosen');
SELECT lives_ok(pg_temp.inserting('password, password_cipher_version, password_set_at', $$encrypted_text('x'), 1, authd.now()$$));

SELECT * FROM finish();
ROLLBACK;
