-- Second factors: the policies, and the check of codes, of which each is taken once and wrong ones are
-- counted. Of the policies of site, domain and user the strictest counts, so a policy cannot loosen
-- another one.
--
-- Threats: one code that is used twice, at two nodes or by two protocols at the same time; guesses
-- that exceed their limit because they arrive together, or that a rollback forgets; one wrong code
-- that is entered until it becomes right, so a wrong code counts once and is refused as long as it is
-- remembered; guesses between the user's own right codes, which clear the count of the lock, so a
-- second count over 24 hours tells the user; a clock that is set back, by which old codes would be good
-- again. So each call that decides is a transaction of its own, under the lock of one row, and last_step
-- only rises. A lock must not be a weapon: only wrong codes count, each once, and only beside the right
-- password; nothing else of the account is locked with the factor.

-- authd.argument_second_factor(arguments jsonb) → text
-- Member "second_factor", a policy; NULL if it is absent or null: no policy.
-- Errors: AU422 not a policy.
CREATE OR REPLACE FUNCTION authd.argument_second_factor(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'second_factor', 20);
BEGIN
    IF value NOT IN ('off', 'optional', 'required') THEN
        PERFORM authd.refuse('AU422', format('%s is not a policy of second factors', value),
                             'It is off, optional, required or null.');
    END IF;
    RETURN value;
END
$$;

-- authd.argument_second_factor_from(arguments jsonb) → timestamptz
-- Member "second_factor_from": a time, or a date, which begins at midnight UTC; it may be past.
-- NULL if it is absent or null.
-- Errors: AU422 neither a time nor a date.
CREATE OR REPLACE FUNCTION authd.argument_second_factor_from(arguments jsonb) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    given text := authd.argument_text(arguments, 'second_factor_from', 40);
    value timestamptz := authd.rfc3339_parse(
        given || CASE WHEN given ~ '^\d{4}-\d\d-\d\d$' THEN 'T00:00:00Z' ELSE '' END);
BEGIN
    IF given IS NOT NULL AND value IS NULL THEN
        PERFORM authd.refuse('AU422', 'second_factor_from is not a date',
                             'Write it like 2027-01-31 or 2027-01-31T12:00:00Z.');
    END IF;
    RETURN value;
END
$$;

-- authd.second_factor_now(policy text, begins timestamptz) → text
-- The policy of a domain at present: until its day, required is optional. begins NULL: at once.
CREATE OR REPLACE FUNCTION authd.second_factor_now(policy text, begins timestamptz) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN begins > authd.now() AND policy = 'required' THEN 'optional' ELSE policy END;

-- authd.is_enrolled(account bigint) → boolean
-- Whether the account has a second factor.
CREATE OR REPLACE FUNCTION authd.is_enrolled(account bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.totp WHERE totp.account = is_enrolled.account);
END
$$;

-- authd.factor_content(owner authd.account, kind text) → jsonb
-- The first members of every object about a user's second factor.
CREATE OR REPLACE FUNCTION authd.factor_content(owner authd.account, kind text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'kind', kind, 'id', owner.id::text, 'user', owner.login, 'user_id', owner.id::text,
        'domain', (SELECT name FROM authd.domain WHERE id = owner.domain));
END
$$;

-- authd.factor_end(owner bigint) → void
-- Removes the second factor of a locked account, with what counts and remembers codes.
CREATE OR REPLACE FUNCTION authd.factor_end(owner bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.totp WHERE account = owner;
    DELETE FROM authd.remembered_network WHERE account = owner;
    DELETE FROM authd.recovery_counter WHERE account = owner;
    UPDATE authd.account SET version = version + 1 WHERE id = owner;
END
$$;

-- authd.factor_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- authd.account_control(), for changes of a second factor.
-- Errors: also AU422 a service user.
CREATE OR REPLACE FUNCTION authd.factor_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_control(actor, reach, arguments);
BEGIN
    IF owner.service THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user, which has no second factor', owner.login),
            'Its app passwords need none.');
    END IF;
    RETURN owner;
END
$$;

-- authd.factor_alarm(account bigint, what text, details jsonb) → void
-- A notice to the user and an event of the audit: totp_locked, recovery_locked, recovery_code_used or
-- wrong_codes.
CREATE OR REPLACE FUNCTION authd.factor_alarm(account bigint, what text, details jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.notice_put(account, replace(what, '_', '-'), details);
    PERFORM authd.audit_own(what, account, details);
END
$$;

-- authd.wrong_code_put(account bigint) → void
-- Counts a wrong code of either kind over the last 24 hours. From the third on the user is notified, once
-- within 24 hours, with the number and the time of the first. A right code does not clear the count: four
-- wrong codes and a right one, again and again, lock nothing. Nor does a new enrolment or a set of
-- recovery codes: a person who knows the password could make one in order to be forgotten.
-- Bounds: the last 100 codes.
CREATE OR REPLACE FUNCTION authd.wrong_code_put(account bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.wrong_codes;
BEGIN
    INSERT INTO authd.wrong_codes AS codes (account) VALUES (wrong_code_put.account)
        ON CONFLICT ON CONSTRAINT wrong_codes_pkey DO UPDATE SET noticed_at = codes.noticed_at
        RETURNING * INTO held; -- locks the row: codes of the two kinds may come at the same time
    held.at := ARRAY(SELECT one FROM unnest(held.at || authd.now()) AS one
                      WHERE one > authd.now() - interval '24 hours' ORDER BY one DESC LIMIT 100);
    IF cardinality(held.at) >= 3
       AND coalesce(held.noticed_at, '-infinity') <= authd.now() - interval '24 hours' THEN
        held.noticed_at := authd.now();
        PERFORM authd.factor_alarm(account, 'wrong_codes', jsonb_build_object(
            'count', cardinality(held.at),
            'since', authd.timestamp_text(held.at[cardinality(held.at)])));
    END IF;
    UPDATE authd.wrong_codes AS codes SET at = held.at, noticed_at = held.noticed_at
     WHERE codes.account = held.account;
END
$$;

-- authd.lock_end(failures int) → timestamptz
-- Until when so many wrong codes lock a second factor; NULL: they do not. From the fifth wrong code
-- on: 5 minutes, and twice as long each time, at most a day.
CREATE OR REPLACE FUNCTION authd.lock_end(failures int) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT CASE WHEN failures >= 5
                THEN authd.now() + least(interval '5 minutes' * 2 ^ least(failures - 5, 9),
                                         interval '24 hours') END
$$;

-- authd.refused_codes(refused bytea[], digest text) → bytea[]
-- The digests of the last wrong codes and this one, at most 32.
CREATE OR REPLACE FUNCTION authd.refused_codes(refused bytea[], digest text) RETURNS bytea[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT (refused || decode(digest, 'hex'))[greatest(1, cardinality(refused) - 30):]
$$;

-- authd.factor_refuse(held authd.totp, digest text) → void
-- Counts a wrong code, of an enrolment whose row the calling function has locked. The same wrong code
-- counts once.
CREATE OR REPLACE FUNCTION authd.factor_refuse(held authd.totp, digest text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    until timestamptz := authd.lock_end(held.failures + 1);
BEGIN
    IF decode(digest, 'hex') = ANY (held.refused) THEN
        RETURN;
    END IF;
    UPDATE authd.totp
       SET failures = held.failures + 1,
           refused = authd.refused_codes(held.refused, digest),
           locked_until = until
     WHERE totp.account = held.account;
    PERFORM authd.wrong_code_put(held.account);
    IF until IS NOT NULL THEN
        PERFORM authd.factor_alarm(held.account, 'totp_locked',
                                   jsonb_build_object('until', authd.timestamp_text(until)));
    END IF;
END
$$;

-- authd.factor_take(account bigint, version bigint, factor bigint, step bigint, digest text,
--                   remember jsonb, call jsonb) → text
-- Decides about a code that came with the right password; this is the last check of a login. account,
-- version and factor: as authd.login_lookup() returned them. step: the time step that the code is of;
-- NULL: the code fits no step. digest: a keyed digest of the code, in hex; NULL: it is not compared
-- with the wrong ones.
--   taken     the code was good and is used up; earlier wrong codes count no more
--   wrong     the code is wrong and was counted, unless the same one was counted before; or the code is
--             one of the last wrong ones and has become right since
--   replayed  the code of this step, or a later one, was used already; not counted
--   locked    earlier wrong codes have locked the factor, whatever this code is; not counted
--   changed   the account has changed, or has another factor or none; not counted
-- remember: see authd.remembered_network_put(), after a taken code; NULL: no network is remembered.
-- call: see authd.audit_call_begin(). A rollback would forget the count: this is a transaction of its
-- own.
-- Errors: AU422 neither step nor digest.
CREATE OR REPLACE FUNCTION authd.factor_take(account bigint, version bigint, factor bigint,
                                             step bigint, digest text, remember jsonb,
                                             call jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.totp;
BEGIN
    PERFORM authd.audit_call_begin('factor_take', call);
    IF step IS NULL AND digest IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = 'a code has a step or a digest',
            HINT = 'Give the step that it is the code of, or a digest of a wrong one.';
    END IF;
    IF NOT authd.account_unchanged(account, version) THEN
        RETURN 'changed';
    END IF;
    SELECT * INTO held FROM authd.totp
     WHERE totp.account = factor_take.account AND totp.id = factor_take.factor FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'changed';
    END IF;
    IF held.locked_until > authd.now() THEN
        RETURN 'locked';
    END IF;
    IF step <= held.last_step THEN
        RETURN 'replayed';
    END IF;
    IF step IS NULL OR decode(digest, 'hex') = ANY (held.refused) THEN
        PERFORM authd.factor_refuse(held, digest);
        RETURN 'wrong';
    END IF;
    UPDATE authd.totp
       SET last_step = factor_take.step, last_used_at = authd.now(), failures = 0, locked_until = NULL
     WHERE totp.account = held.account;
    IF remember IS NOT NULL THEN
        PERFORM authd.remembered_network_put(account, factor, remember);
    END IF;
    RETURN 'taken';
END
$$;
GRANT EXECUTE ON FUNCTION authd.factor_take(bigint, bigint, bigint, bigint, text, jsonb, jsonb)
    TO authd_service;
