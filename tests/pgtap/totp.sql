-- Enrolment of second factors, tickets, recovery codes, and the calls of a session that must enrol.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');

SELECT ask('user_add', jsonb_build_object('login', name || '@mine.example', 'role', role,
           'recovery_address', name || '@home.example'))
  FROM (VALUES ('alice', 'user'), ('bob', 'user'), ('help', 'helpdesk'), ('dom', 'domain-admin'),
               ('dom2', 'domain-admin'), ('aud', 'auditor'), ('adm', 'admin')) AS t (name, role);
SELECT ask('user_add', '{"login": "eve@theirs.example"}');
SELECT ask('user_add', '{"login": "bot@mine.example", "service": true}');

CREATE FUNCTION pg_temp.host() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"kind": "host", "name": "root"}'::jsonb $$;
CREATE FUNCTION pg_temp.digest(text text) RETURNS text LANGUAGE sql AS
    $$ SELECT encode(sha256(text::bytea), 'hex') $$;
CREATE FUNCTION pg_temp.codes(word text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('key', '0123abcd', 'verifiers', (
        SELECT jsonb_agg(pg_temp.digest(word || i)) FROM generate_series(1, 10) AS i))
$$;
-- The mark of a route that users may call for themselves.
CREATE FUNCTION pg_temp.own() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"self": true}'::jsonb $$;
CREATE FUNCTION pg_temp.begin(who text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('user', who, 'credential', authd.credential_id(), 'seed', '$cipher$00000000$x') || more
$$;
CREATE FUNCTION pg_temp.code(login text, step bigint, word text DEFAULT 'c') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('user', login, 'step', step, 'pending', (
        SELECT id FROM authd.totp_pending WHERE account = id_of(login))) || pg_temp.codes(word)
$$;
CREATE FUNCTION pg_temp.enrol(login text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ask('totp_enroll', pg_temp.begin(login));
    RETURN ask('totp_confirm', pg_temp.code(login, 100));
END
$$;
CREATE FUNCTION pg_temp.factors(login text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s totp, %s pending, %s codes, %s tickets',
        (SELECT count(*) FROM authd.totp WHERE account = id_of(login)),
        (SELECT count(*) FROM authd.totp_pending WHERE account = id_of(login)),
        (SELECT count(*) FROM authd.recovery_code WHERE account = id_of(login)),
        (SELECT count(*) FROM authd.totp_ticket WHERE account = id_of(login)))
$$;
CREATE FUNCTION pg_temp.notices(login text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind || ' ' || details::text, ', ' ORDER BY id) FROM authd.notice
     WHERE account = id_of(login)
$$;

-- An enrolment begins: before its first code it has no effect
SELECT is(ask('totp_enroll', pg_temp.begin('alice@mine.example', '{"algorithm": "SHA256", "digits": 8}'))
          - ARRAY['id', 'user_id', 'etag'],
    '{"kind": "totp-enrolment", "user": "alice@mine.example", "domain": "mine.example", "algorithm": "SHA256",
      "digits": 8, "period": 30, "expires_at": "2026-03-01T12:15:00Z", "replaces": false, "changed": true}',
    'totp_enroll');
SELECT is(ask('totp_show', '{"user": "alice@mine.example"}') - ARRAY['id', 'user_id', 'etag'],
    '{"kind": "totp", "user": "alice@mine.example", "domain": "mine.example", "enrolled": false,
      "algorithm": null, "digits": null, "period": null, "confirmed_at": null, "recovery_codes": 0,
      "pending_until": "2026-03-01T12:15:00Z", "last_used_at": null, "locked_until": null}', 'which counts for nothing yet');
SELECT is((SELECT factor FROM authd.login_lookup(ARRAY['alice@mine.example'], ARRAY[''])), NULL, 'to a login either');
SELECT ask('totp_enroll', pg_temp.begin('alice@mine.example', '{"seed": "$cipher$00000000$y"}'));
SELECT is(pg_temp.factors('alice@mine.example'), '0 totp, 1 pending, 0 codes, 0 tickets', 'another takes its place');
SELECT is(ask('totp_pending', '{"user": "alice@mine.example"}') - ARRAY['id', 'account'],
    '{"seed": "$cipher$00000000$y", "algorithm": "SHA1", "digits": 6, "seconds": 1772366400}', 'totp_pending');
SELECT is(left(refusal('totp_enroll', pg_temp.begin('alice@mine.example', more)), 5), 'AU422',
    'no such code: ' || more::text)
  FROM unnest(ARRAY['{"digits": 7}', '{"digits": 5}', '{"digits": "6"}', '{"algorithm": "MD5"}', '{"algorithm": "sha1"}']::jsonb[])
       AS more;
SELECT is(verdict(pg_temp.host(), function, '{"user": "bot@mine.example"}' || pg_temp.codes('b') || jsonb_build_object('digest', repeat('0', 64))),
    'AU422', 'a service user has none: ' || function)
  FROM unnest(ARRAY['totp_enroll', 'totp_confirm', 'totp_remove', 'totp_ticket_add', 'recovery_codes_set']) AS function;

-- Wrong codes are counted and end the enrolment
SELECT is(ask('totp_confirm', pg_temp.code('alice@mine.example', NULL)) - 'user_id', '{"kind": "totp-wrong", "left": 9}',
    'a wrong code');
SELECT ask('totp_confirm', pg_temp.code('alice@mine.example', NULL)) FROM generate_series(1, 8);
SELECT is(pg_temp.factors('alice@mine.example'), '0 totp, 1 pending, 0 codes, 0 tickets', 'nine');
SELECT is(ask('totp_confirm', pg_temp.code('alice@mine.example', NULL)) -> 'left', '0', 'the tenth ends the enrolment');
SELECT is(pg_temp.factors('alice@mine.example'), '0 totp, 0 pending, 0 codes, 0 tickets', 'wholly');
SELECT is(refusal('totp_confirm', pg_temp.code('alice@mine.example', 5)),
    'AU404 no enrolment of alice@mine.example waits for its code / Begin one.', 'also for a right code');
SELECT is(pg_temp.notices('alice@mine.example'), NULL, 'no notice yet');

-- An enrolment is confirmed wholly and once
CREATE TEMP TABLE was AS SELECT version, signed_in('alice@mine.example') AS old, signed_in('alice@mine.example') AS mine
  FROM authd.account WHERE login = 'alice@mine.example';
SELECT ask_as(mine, 'totp_enroll', pg_temp.begin('me'), pg_temp.own()) FROM was;
CREATE TEMP TABLE pending AS SELECT * FROM authd.totp_pending;
SELECT is(refusal_as(mine, 'totp_confirm', pg_temp.code('alice@mine.example', 57) || '{"pending": 1}', pg_temp.own()),
    'AU409 another enrolment of alice@mine.example has begun meanwhile / Give a code of that one.',
    'not another one') FROM was;
SELECT is(refusal_as(mine, 'totp_confirm', pg_temp.code('alice@mine.example', 57) || '{"verifiers": ["a"]}', pg_temp.own()),
    'AU422 verifiers are not those of ten recovery codes / Give 64 lower-case hexadecimal digits for each.',
    'not without codes') FROM was;
SELECT is(ask_as(mine, 'totp_confirm', pg_temp.code('alice@mine.example', 57), pg_temp.own()) - ARRAY['id', 'user_id', 'etag'],
    '{"kind": "totp", "user": "alice@mine.example", "domain": "mine.example", "enrolled": true, "algorithm": "SHA1", "digits": 6,
      "period": 30, "confirmed_at": "2026-03-01T12:00:00Z", "recovery_codes": 10, "pending_until": null, "last_used_at": null,
      "locked_until": null, "changed": true, "recovery_codes_made": true, "ended": {"sessions": 1}}',
    'totp_confirm') FROM was;
SELECT is(pg_temp.factors('alice@mine.example'), '1 totp, 0 pending, 10 codes, 0 tickets', 'wholly');
SELECT is(totp.last_step = 57 AND totp.id = pending.id AND totp.seed = pending.seed, true, 'the step is used up')
  FROM authd.totp JOIN pending USING (account);
SELECT is((SELECT factor FROM authd.login_lookup(ARRAY['alice@mine.example'], ARRAY[''])), (SELECT id FROM pending),
    'logins see it');
SELECT is(authd.caller(old), NULL, 'other sessions have ended') FROM was;
SELECT is(authd.caller(mine) ->> 'factor', 'totp', 'the own one has had the factor now') FROM was;
SELECT ok(version_of('alice@mine.example') > version, 'logins under way are over') FROM was;
SELECT is(pg_temp.notices('alice@mine.example'), 'totp-enrolled {"by": "alice@mine.example", "replaced": false}',
    'the user is notified');
SELECT is(refusal_as(mine, 'totp_confirm', pg_temp.code('alice@mine.example', 58), pg_temp.own()),
    'AU409 alice@mine.example is enrolled, and no enrolment waits for its code / To replace the second factor, begin another enrolment.',
    'not twice') FROM was;

-- A user changes the own factor only after a fresh sign-in with that factor
CREATE TEMP TABLE bare AS SELECT signed_in('alice@mine.example') AS credential;
CREATE FUNCTION pg_temp.changes() RETURNS TABLE (function text, arguments jsonb) LANGUAGE sql AS $$
    VALUES ('totp_enroll', pg_temp.begin('me')), ('totp_remove', '{"user": "me"}'),
           ('recovery_codes_set', '{"user": "me"}' || pg_temp.codes('n'))
$$;
SELECT is(verdict(credential, function, arguments, pg_temp.own()), 'AU423', 'without a code: ' || function)
  FROM bare, pg_temp.changes();
SELECT is(verdict(signed_in('alice@mine.example', factor), function, arguments, pg_temp.own()), 'allowed', factor || ': ' || function)
  FROM unnest(ARRAY['totp', 'recovery']) AS factor, pg_temp.changes();
CREATE TEMP TABLE fresh AS SELECT signed_in('alice@mine.example', 'totp') AS credential;
SELECT later('10 minutes');
SELECT is(verdict(credential, function, arguments, pg_temp.own()), 'AU423', 'too late: ' || function)
  FROM fresh, pg_temp.changes();
SELECT clock('2026-03-01 12:00:00+00');

-- A replaced factor: the recovery codes stay, and the counters begin anew
UPDATE authd.totp SET failures = 7, refused = '{a}', locked_until = authd.now() + interval '1 hour', last_used_at = authd.now();
SELECT is(ask('totp_show', '{"user": "alice@mine.example"}') ->> 'locked_until', '2026-03-01T13:00:00Z', 'a locked one');
SELECT is(ask_as(credential, 'totp_enroll', pg_temp.begin('me'), pg_temp.own()) -> 'replaces', 'true',
    'replacing') FROM fresh;
SELECT is(ask('totp_show', '{"user": "alice@mine.example"}') @> '{"enrolled": true, "pending_until": "2026-03-01T12:15:00Z"}', true,
    'the old one counts until the code');
SELECT is(ask_as(credential, 'totp_confirm', pg_temp.code('alice@mine.example', 60, 'other'), pg_temp.own()) @> '{"recovery_codes_made": false,
    "locked_until": null, "recovery_codes": 10}', true, 'no new codes') FROM fresh;
SELECT ok(EXISTS (SELECT FROM authd.recovery_code WHERE verifier = sha256('c1')), 'the codes are the old ones');
SELECT is(failures = 0 AND refused = '{}' AND last_step = 60 AND last_used_at IS NULL AND totp.id > pending.id, true,
    'a new factor')
  FROM authd.totp JOIN pending USING (account);

-- An unconfirmed enrolment expires
SELECT ask('totp_enroll', pg_temp.begin('bob@mine.example'));
SELECT later('15 minutes');
SELECT is(refusal(function, pg_temp.code('bob@mine.example', 1)),
    'AU404 the enrolment of bob@mine.example has expired / Begin another, and confirm it within 15 minutes.', function || ' after expiry')
  FROM unnest(ARRAY['totp_confirm', 'totp_pending']) AS function;
SELECT is(ask('totp_show', '{"user": "bob@mine.example"}') -> 'pending_until', 'null', 'it waits no more');
SELECT clock('2026-03-01 12:00:00+00');

-- Another user's factor
CREATE TEMP TABLE who AS SELECT role, signed_in(login, 'totp') AS credential FROM authd.account
 WHERE login IN ('bob@mine.example', 'help@mine.example', 'dom@mine.example', 'aud@mine.example', 'adm@mine.example');
SELECT is(verdict(credential, function, pg_temp.code('bob@mine.example', 1) || '{"user": "alice@mine.example"}'
                  || jsonb_build_object('digest', repeat('1', 64)), '{"self": true, "self_only": true}'),
    'AU404', 'a user for another: ' || function)
  FROM who, unnest(ARRAY['totp_show', 'totp_enroll', 'totp_pending', 'totp_confirm', 'totp_remove', 'totp_ticket_add',
                         'recovery_codes_set']) AS function
 WHERE role = 'user';
SELECT is(verdict((SELECT credential FROM who WHERE role = by), 'totp_remove', jsonb_build_object('user', whom || '@mine.example')),
    expected, format('%s removes that of %s', by, whom))
  FROM (VALUES ('domain-admin', 'alice', 'allowed'), ('domain-admin', 'dom2', 'AU403'), ('domain-admin', 'adm', 'AU403'),
               ('admin', 'alice', 'allowed'), ('admin', 'dom2', 'AU404'), ('admin', 'adm', 'AU403')) AS t (by, whom, expected);
SELECT is(verdict((SELECT credential FROM who WHERE role = 'domain-admin'), function, jsonb_build_object('user', 'eve@theirs.example')),
    'AU404', 'out of reach: ' || function) FROM unnest(ARRAY['totp_show', 'totp_remove', 'totp_pending']) AS function;
SELECT is(verdict(api_key_of(pg_temp.host()), function, arguments || '{"user": "alice@mine.example"}'), 'AU403',
    'no API key: ' || function)
  FROM pg_temp.changes();
SELECT is(verdict(api_key_of(pg_temp.host()), 'totp_ticket_add', jsonb_build_object('user', 'bob@mine.example', 'digest', repeat('1', 64))),
    'allowed', 'but for tickets');
SELECT is(verdict(credential, 'totp_ticket_add', jsonb_build_object('user', 'me', 'digest', repeat('1', 64))), 'AU403',
    'nobody permits himself')
  FROM who WHERE role IN ('admin', 'helpdesk');

-- A factor is removed wholly
INSERT INTO authd.recovery_counter (account, failures) VALUES (id_of('alice@mine.example'), 3);
INSERT INTO authd.remembered_network SELECT id_of('alice@mine.example'), '192.0.2.0/24', 1, 1, 5, authd.now() + interval '1 hour';
SELECT is(ask_as(credential, 'totp_remove', '{"user": "alice@mine.example"}')
          @> '{"enrolled": false, "changed": true, "recovery_codes": 0, "ended": {"recovery_codes": 10}}', true,
    'totp_remove')
  FROM who WHERE role = 'admin';
SELECT is(pg_temp.factors('alice@mine.example'), '0 totp, 0 pending, 0 codes, 0 tickets', 'wholly');
SELECT is_empty('SELECT FROM authd.recovery_counter UNION ALL SELECT FROM authd.remembered_network', 'with counter and remember');
SELECT is((SELECT count(*)::int FROM authd.http_session WHERE account = id_of('alice@mine.example')), 0,
    'sessions have ended');
SELECT is(refusal('totp_remove', '{"user": "alice@mine.example"}'),
    'AU404 alice@mine.example has no second factor / There is nothing to remove.', 'once');
SELECT matches(pg_temp.notices('alice@mine.example'), 'totp-removed {"by": "adm@mine.example"}$',
    'the notice says who did it');
SELECT ask('totp_enroll', pg_temp.begin('bob@mine.example'));
SELECT is(ask('totp_remove', '{"user": "bob@mine.example"}') -> 'ended', '{}', 'an enrolment under way ends so, too');
SELECT is(pg_temp.notices('bob@mine.example'), NULL, 'without a notice');

-- Recovery codes are replaced as a set
SELECT is(refusal('recovery_codes_set', '{"user": "bob@mine.example"}' || pg_temp.codes('n')),
    'AU409 bob@mine.example has no second factor / Recovery codes come with the first enrolment.', 'none without a factor');
SELECT pg_temp.enrol('bob@mine.example');
DELETE FROM authd.recovery_code WHERE verifier = sha256('c1');
INSERT INTO authd.recovery_counter (account, failures) VALUES (id_of('bob@mine.example'), 3);
SELECT is(ask('recovery_codes_set', '{"user": "bob@mine.example"}' || pg_temp.codes('n')) - ARRAY['id', 'user_id', 'etag'],
    '{"kind": "recovery-codes", "user": "bob@mine.example", "domain": "mine.example", "count": 10,
      "created_at": "2026-03-01T12:00:00Z", "changed": true}', 'recovery_codes_set');
SELECT is(array_agg(verifier ORDER BY verifier), (SELECT array_agg(sha256(('n' || i)::bytea) ORDER BY sha256(('n' || i)::bytea))
                                                    FROM generate_series(1, 10) AS i), 'these and no others')
  FROM authd.recovery_code WHERE account = id_of('bob@mine.example');
SELECT is_empty('SELECT FROM authd.recovery_counter', 'wrong tries are forgotten');
SELECT is(left(refusal('recovery_codes_set', '{"user": "bob@mine.example", "key": "0123abcd"}' || more), 5), 'AU422',
    'bad codes: ' || more::text)
  FROM unnest(ARRAY['{}', '{"verifiers": null}', '{"verifiers": []}', '{"verifiers": "a"}',
                    jsonb_build_object('verifiers', (SELECT jsonb_agg(repeat('0', 64)) FROM generate_series(1, 10))),
                    jsonb_build_object('verifiers', (SELECT jsonb_agg('x' || i) FROM generate_series(1, 10) AS i)),
                    jsonb_build_object('verifiers', (SELECT jsonb_agg(pg_temp.digest('m' || i)) FROM generate_series(1, 11) AS i))]::jsonb[])
       AS more;

-- A user's first enrolment: until the policy begins to bind, then with a ticket
CREATE FUNCTION pg_temp.first(more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
    $$ SELECT verdict(signed_in('alice@mine.example'), 'totp_enroll', pg_temp.begin('me', more), pg_temp.own()) $$;
CREATE FUNCTION pg_temp.ticket(text text, whom text DEFAULT 'alice@mine.example') RETURNS jsonb LANGUAGE sql AS
    $$ SELECT ask('totp_ticket_add', jsonb_build_object('user', whom, 'digest', pg_temp.digest(text))) $$;
CREATE FUNCTION pg_temp.by(text text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('ticket', pg_temp.digest(text)) $$;
SELECT is(pg_temp.first(), 'allowed', 'no `second_factor_from`');
CREATE FUNCTION pg_temp.domain(changes jsonb, reach bigint[] DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT ask('domain_set', jsonb_build_object('domain', 'mine.example', 'changes', changes), reach) $$;
SELECT pg_temp.domain('{"second_factor_from": "2026-03-01T12:00:01Z"}');
SELECT pg_temp.domain('{"second_factor": "required"}', array_agg(id)) FROM authd.domain WHERE name = 'mine.example';
SELECT is(pg_temp.first(), 'allowed', 'before it');
SELECT later('1 second');
SELECT is(pg_temp.first(), 'AU403', 'from it on, although the domain''s administrator wants a factor at once');
SELECT pg_temp.domain('{"second_factor": null}');
SELECT is(pg_temp.first(), 'AU403', 'or wants none');
SELECT is(verdict(signed_in('alice@mine.example', 'totp'), 'totp_enroll', pg_temp.begin('me'), pg_temp.own()), 'allowed',
    'but for who has just given up another');
SELECT is(verdict(signed_in('adm@mine.example', NULL, true), 'totp_enroll', pg_temp.begin('me'), pg_temp.own()), 'AU403',
    'administrators too, for themselves');
SELECT is(verdict(credential, 'totp_enroll', pg_temp.begin('alice@mine.example')), 'allowed', 'not when they enrol others')
  FROM who WHERE role = 'admin';
SELECT clock('2026-03-01 12:00:00+00');
SELECT pg_temp.domain('{"second_factor_from": "2026-02-01"}');
SELECT is(pg_temp.ticket('one') - ARRAY['id', 'user_id', 'etag'],
    '{"kind": "totp-ticket", "user": "alice@mine.example", "domain": "mine.example", "expires_at": "2026-03-02T12:00:00Z", "changed": true}',
    'totp_ticket_add');
SELECT pg_temp.ticket('two');
SELECT pg_temp.ticket('eves', 'eve@theirs.example');
SELECT is(pg_temp.first(pg_temp.by('one')), 'AU403', 'another ticket replaces the first');
SELECT is(pg_temp.first(pg_temp.by('eves')), 'AU403', 'somebody else''s');
SELECT is(pg_temp.first('{"ticket": "x"}'), 'AU422', 'no digest');
SELECT is(pg_temp.first(pg_temp.by('two')), 'allowed', 'the right one');
SELECT later('24 hours');
SELECT is(pg_temp.first(pg_temp.by('two')), 'AU403', 'not for longer than a day');
SELECT clock('2026-03-01 12:00:00+00');
CREATE TEMP TABLE must AS SELECT signed_in('alice@mine.example', NULL, true) AS credential;
SELECT is(ask_as(credential, 'totp_enroll', pg_temp.begin('me', pg_temp.by('two')), pg_temp.own()) -> 'changed', 'true',
    'used')
  FROM must;
SELECT is(pg_temp.first(pg_temp.by('two')), 'AU403', 'once');
SELECT is(pg_temp.factors('alice@mine.example'), '0 totp, 1 pending, 0 codes, 0 tickets', 'it is gone');
SELECT is(refusal('totp_ticket_add', jsonb_build_object('user', 'bob@mine.example', 'digest', repeat('0', 64))),
    'AU409 bob@mine.example is enrolled already / Remove the second factor first; a user who still has it can replace it himself.',
    'none for who is enrolled');

-- A session that must enrol can only enrol, and only its own user
SELECT is(verdict(credential, operation, '{"user": "me"}', pg_temp.own()),
    'AU403', 'must enrol: ' || operation)
  FROM must, unnest(authd.operations()) AS operation WHERE operation <> ALL (authd.enrolment_operations());
SELECT is(array_agg(verdict(credential, operation, pg_temp.code('alice@mine.example', 1) || '{"seed": "$cipher$00000000$z"}'
                            || jsonb_build_object('credential', authd.credential_id()), pg_temp.own()) ORDER BY n),
    ARRAY['allowed', 'AU403', 'allowed', 'allowed'], 'but these, enrolling once more by a ticket only')
  FROM must, unnest(authd.enrolment_operations()) WITH ORDINALITY AS t (operation, n);
SELECT is(verdict(signed_in('adm@mine.example', NULL, true), operation, '{"user": "alice@mine.example"}', pg_temp.own()), 'AU403',
    'an administrator that must enrol does nothing to others: ' || operation)
  FROM unnest(authd.enrolment_operations()) AS operation;
SELECT is(authd.caller(credential) @> '{"must_enrol": true, "factor": null}', true, 'it is known') FROM must;
SELECT ask_as(credential, 'totp_confirm', pg_temp.code('alice@mine.example', 70), pg_temp.own()) FROM must;
SELECT is(authd.caller(credential) @> '{"must_enrol": false, "factor": "totp"}', true,
    'after its code it is as any other') FROM must;
SELECT is(verdict(credential, 'user_show', '{"user": "me"}', pg_temp.own()), 'allowed',
    'and may do what others may') FROM must;

-- A session of a role above user that had no factor is good for enrolling only
CREATE TEMP TABLE raised AS SELECT signed_in('eve@theirs.example') AS bare, signed_in('eve@theirs.example', 'totp') AS coded;
UPDATE authd.account SET role = 'admin' WHERE login = 'eve@theirs.example';
SELECT is(verdict(bare, 'user_show', '{"user": "alice@mine.example"}'), 'AU403', 'raised without a factor') FROM raised;
SELECT is(verdict(bare, 'totp_enroll', pg_temp.begin('me'), pg_temp.own()), 'AU403', 'not without a ticket') FROM raised;
SELECT is(verdict(coded, 'user_show', '{"user": "alice@mine.example"}'), 'allowed', 'raised with one') FROM raised;
UPDATE authd.account SET role = 'user' WHERE login = 'eve@theirs.example';
SELECT is(verdict(bare, 'user_show', '{"user": "me"}', pg_temp.own()), 'allowed',
    'what is one''s own needs none') FROM raised;

-- revoke-all ends every credential but the phone
SELECT ask('totp_enroll', pg_temp.begin('alice@mine.example'));
INSERT INTO authd.totp_ticket VALUES (sha256('x'), id_of('alice@mine.example'), authd.now(), authd.now() + interval '1 hour');
SELECT is(ask('user_revoke_all', '{"user": "alice@mine.example"}') -> 'ended' @> '{"recovery_codes": 10, "tickets": 1, "sessions": 1}',
    true, 'user_revoke_all');
SELECT is(pg_temp.factors('alice@mine.example'), '1 totp, 0 pending, 0 codes, 0 tickets', 'the phone stays');
SELECT is(ask('domain_revoke_all', '{"domain": "mine.example"}') -> 'ended' @> '{"recovery_codes": 10, "tickets": 0}', true,
    'domain_revoke_all');

-- No answer contains a secret
SELECT is(ask('user_export', '{"user": "bob@mine.example"}') -> 'totp' ->> 'enrolled', 'true', 'the export tells of it');
SELECT ok(strpos(ask('user_export', '{"user": "bob@mine.example"}')::text, 'encrypted') = 0, 'without the seed');
SELECT is_empty($$ SELECT FROM authd.audit_person WHERE data::text ~ 'encrypted|verifiers' $$, 'nor does the audit');
SELECT set_eq($$ SELECT DISTINCT action FROM authd.audit_event WHERE action ~ '^(totp|recovery)' $$,
    ARRAY['totp_enroll', 'totp_confirm', 'totp_remove', 'totp_ticket_add', 'recovery_codes_set'], 'which has every change');
SELECT ask('user_delete', '{"user": "bob@mine.example"}');
SELECT is_empty($$ SELECT FROM authd.totp WHERE account NOT IN (SELECT id FROM authd.account) $$, 'it goes with the user');

SELECT * FROM finish();
ROLLBACK;
