-- Enrolment of phones. A phone is enrolled in two steps: totp_enroll stores an encrypted seed that no
-- login reads; totp_confirm, after a code of that seed, makes it the one that counts, in one
-- transaction. So an account is wholly without or wholly with a second factor whenever authd is
-- killed.
--
-- Threats: a phished password that enrols a phone of the thief, so a user may begin a first enrolment
-- without a ticket only until the domain's policy binds; a stolen session that replaces or removes the
-- factor, so that needs a fresh sign-in with the factor itself; codes that are tried out on an
-- enrolment, which ends after ten wrong ones.
--
-- The totp object: {kind: totp, id (the user's), user, user_id, domain, enrolled, algorithm, digits,
-- period (seconds), confirmed_at, recovery_codes (how many are left), pending_until (null: no
-- enrolment waits for its code), last_used_at, locked_until (null: not locked), etag}.

-- authd.totp_object(owner authd.account) → jsonb
-- The totp object. Its etag leaves out what the clock, a use or a wrong code changes.
CREATE OR REPLACE FUNCTION authd.totp_object(owner authd.account) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.totp;
BEGIN
    SELECT * INTO held FROM authd.totp WHERE account = owner.id;
    RETURN authd.object(authd.factor_content(owner, 'totp') || jsonb_build_object(
        'enrolled', held.id IS NOT NULL,
        'algorithm', held.algorithm,
        'digits', held.digits,
        'period', CASE WHEN held.id IS NOT NULL THEN 30 END,
        'confirmed_at', authd.rfc3339(held.confirmed_at)))
        || jsonb_build_object(
        'recovery_codes', (SELECT count(*) FROM authd.recovery_code WHERE account = owner.id),
        'pending_until', (SELECT authd.rfc3339(expires_at) FROM authd.totp_pending
                           WHERE account = owner.id AND expires_at > authd.now()),
        'last_used_at', authd.rfc3339(held.last_used_at),
        'locked_until', CASE WHEN held.locked_until > authd.now()
                             THEN authd.rfc3339(held.locked_until) END);
END
$$;

-- authd.pending_find(owner authd.account) → authd.totp_pending
-- The enrolment of an account that waits for its code.
-- Errors: AU409 it was confirmed already; AU404 there is none, or it has expired.
CREATE OR REPLACE FUNCTION authd.pending_find(owner authd.account) RETURNS authd.totp_pending
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.totp_pending;
BEGIN
    SELECT * INTO held FROM authd.totp_pending WHERE account = owner.id;
    IF held.id IS NULL AND authd.is_enrolled(owner.id) THEN
        PERFORM authd.refuse('AU409',
            format('%s is enrolled, and no enrolment waits for its code', owner.login),
            'To replace the second factor, begin another enrolment.');
    ELSIF held.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('no enrolment of %s waits for its code', owner.login),
                             'Begin one.');
    ELSIF held.expires_at <= authd.now() THEN
        PERFORM authd.refuse('AU404', format('the enrolment of %s has expired', owner.login),
                             'Begin another, and confirm it within 15 minutes.');
    END IF;
    RETURN held;
END
$$;

-- authd.ticket_take(owner authd.account, arguments jsonb) → boolean
-- Uses up the ticket whose digest is member "ticket". False: no ticket was given.
-- Errors: AU403 the ticket is another account's, or no longer good.
CREATE OR REPLACE FUNCTION authd.ticket_take(owner authd.account, arguments jsonb) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF arguments ->> 'ticket' IS NULL THEN
        RETURN false;
    END IF;
    DELETE FROM authd.totp_ticket
     WHERE digest = authd.argument_digest(arguments, 'ticket') AND account = owner.id
       AND expires_at > authd.now();
    IF NOT FOUND THEN
        PERFORM authd.refuse('AU403', 'the ticket is not good, or no longer',
                             'Ask an administrator for a new one.');
    END IF;
    RETURN true;
END
$$;

-- authd.first_enrolment_check(actor jsonb, owner authd.account, ticket boolean) → void
-- Who may enrol an account that has no second factor: administrators; and the user, if the session had
-- a code or a ticket was given. Without both, only a user whose role is user, before the first day that
-- a rank has set for the domain, also if another rank requires a factor at once: the password of a higher
-- role, if stolen, must not be enough to enrol.
-- Errors: AU403 a ticket is needed.
CREATE OR REPLACE FUNCTION authd.first_enrolment_check(actor jsonb, owner authd.account,
                                                       ticket boolean) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF authd.is_self(actor, owner.id) AND NOT ticket AND actor ->> 'factor' IS NULL
       AND (owner.role <> 'user'
            OR EXISTS (SELECT FROM authd.domain AS home
                        WHERE home.id = owner.domain
                          AND (home.second_factor_from <= authd.now()
                               OR EXISTS (SELECT FROM jsonb_each_text(home.second_factor_from_by)
                                                      AS each (rank, day)
                                           WHERE day::timestamptz <= authd.now())))) THEN
        PERFORM authd.refuse('AU403', 'a first enrolment needs a ticket',
            'Ask an administrator for one.');
    END IF;
END
$$;

-- authd.totp_wrong(held authd.totp_pending) → jsonb
-- Counts a wrong code of an enrolment: {"kind": "totp-wrong", "left": how many more may be wrong}.
-- This is not an exception, so that the count stays. After ten wrong codes the enrolment ends.
CREATE OR REPLACE FUNCTION authd.totp_wrong(held authd.totp_pending) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.totp_pending SET attempts = attempts + 1 WHERE id = held.id;
    IF held.attempts + 1 >= 10 THEN
        DELETE FROM authd.totp_pending WHERE id = held.id;
    END IF;
    RETURN jsonb_build_object('kind', 'totp-wrong', 'user_id', held.account::text,
                              'left', greatest(9 - held.attempts, 0));
END
$$;

-- authd.totp_show(actor, reach, {user}) → totp object
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.totp_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.totp_object(authd.account_find(actor, reach, arguments));
END
$$;

-- authd.totp_enroll(actor, reach, {user, credential, seed, algorithm?, digits?, ticket?})
--     → {kind: totp-enrolment, id (the user's), user, user_id, domain, algorithm, digits, period,
--        expires_at, replaces (whether there is a factor already), etag, changed}
-- Begins an enrolment, in place of one that waits for its code. It is good for 15 minutes. credential:
-- a new authd.credential_id(), over which the seed is encrypted. ticket: a digest; the ticket is used
-- up even if none was needed.
-- Errors: AU404; AU403 also a ticket is needed or not good; AU423 the user replaces an own factor;
-- AU422.
CREATE OR REPLACE FUNCTION authd.totp_enroll(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_algorithm text := coalesce(authd.argument_text(arguments, 'algorithm', 10), 'SHA1');
    new_digits    int := coalesce(authd.argument_integer(arguments, 'digits', 6, 8), 6);
    owner         authd.account := authd.factor_lock(actor, reach, arguments);
    replaces      boolean := authd.is_enrolled(owner.id);
    new           authd.totp_pending;
BEGIN
    PERFORM authd.require_no_api_key(actor, 'no API key may change a second factor');
    IF new_algorithm NOT IN ('SHA1', 'SHA256', 'SHA512') OR new_digits NOT IN (6, 8) THEN
        PERFORM authd.refuse('AU422', 'there is no such kind of code',
            'algorithm is SHA1, SHA256 or SHA512, digits is 6 or 8.');
    END IF;
    IF replaces THEN
        PERFORM authd.require_factor(actor, owner.id);
    END IF;
    PERFORM authd.first_enrolment_check(actor, owner, authd.ticket_take(owner, arguments));
    DELETE FROM authd.totp_pending WHERE account = owner.id;
    INSERT INTO authd.totp_pending (account, id, seed, algorithm, digits, expires_at)
        VALUES (owner.id, (arguments ->> 'credential')::bigint, arguments ->> 'seed', new_algorithm,
                new_digits, authd.now() + interval '15 minutes')
        RETURNING * INTO new;
    RETURN authd.changed(actor, 'totp_enroll', NULL, authd.object(
        authd.factor_content(owner, 'totp-enrolment') || jsonb_build_object(
            'algorithm', new.algorithm,
            'digits', new.digits,
            'period', 30,
            'expires_at', authd.rfc3339(new.expires_at),
            'replaces', replaces)));
END
$$;

-- authd.totp_pending(actor, reach, {user})
--     → {id, account, seed (encrypted), algorithm, digits, seconds (since 1970)}
-- The enrolment that waits for its code. For authd; the caller, who must be one that may confirm it,
-- does not get it.
-- Errors: AU404, AU409, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.totp_pending(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.totp_pending := authd.pending_find(authd.factor_lock(actor, reach, arguments));
BEGIN
    RETURN jsonb_build_object('id', held.id, 'account', held.account, 'seed', held.seed,
                              'algorithm', held.algorithm, 'digits', held.digits,
                              'seconds', floor(extract(epoch FROM authd.now())));
END
$$;

-- authd.totp_confirm(actor, reach, {user, pending, step, verifiers, key})
--     → totp object, "changed": true, "recovery_codes_made": whether the codes are new,
--       "ended": {…: how many}; or the answer of authd.totp_wrong()
-- Makes an enrolment the one that counts. pending: its id. step: of the code that was given, which
-- cannot sign in as well; null: the code was wrong. verifiers and key: of ten recovery codes, as for
-- authd.recovery_codes_put(); they are stored at a first enrolment. Other sessions of the user end, and
-- the user's API keys if somebody else has replaced the factor; a session that had to enrol is a full
-- one now.
-- Errors: AU404, AU409 also another enrolment has begun meanwhile; AU423, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.totp_confirm(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    step   bigint := authd.argument_integer(arguments, 'step', 0, 9007199254740991);
    owner  authd.account := authd.factor_lock(actor, reach, arguments);
    held   authd.totp_pending := authd.pending_find(owner);
    before jsonb := authd.totp_object(owner);
    first  boolean := NOT authd.is_enrolled(owner.id);
    mine   bigint := CASE WHEN authd.is_self(actor, owner.id)
                          THEN (actor ->> 'session')::bigint END;
    ended  jsonb;
BEGIN
    PERFORM authd.require_no_api_key(actor, 'no API key may change a second factor');
    IF held.id IS DISTINCT FROM (arguments ->> 'pending')::bigint THEN
        PERFORM authd.refuse('AU409',
            format('another enrolment of %s has begun meanwhile', owner.login),
            'Give a code of that one.');
    END IF;
    IF step IS NULL THEN
        RETURN authd.totp_wrong(held);
    END IF;
    INSERT INTO authd.totp AS enrolled (account, id, seed, algorithm, digits, last_step)
        VALUES (owner.id, held.id, held.seed, held.algorithm, held.digits, step)
        ON CONFLICT (account) DO UPDATE
        SET id = excluded.id, seed = excluded.seed, algorithm = excluded.algorithm,
            digits = excluded.digits, confirmed_at = authd.now(), last_step = excluded.last_step,
            last_used_at = NULL, failures = 0, refused = '{}', locked_until = NULL;
    DELETE FROM authd.totp_pending WHERE account = owner.id;
    DELETE FROM authd.totp_ticket WHERE account = owner.id;
    DELETE FROM authd.remembered_network WHERE account = owner.id;
    IF first THEN
        PERFORM authd.recovery_codes_put(owner.id, arguments);
    END IF;
    UPDATE authd.account SET version = version + 1 WHERE id = owner.id;
    ended := authd.credentials_end(ARRAY[owner.id],
        CASE WHEN first OR authd.is_self(actor, owner.id) THEN ARRAY['sessions']
             ELSE ARRAY['sessions', 'api_keys'] END, mine);
    UPDATE authd.http_session SET factor = 'totp', must_enrol = false WHERE id = mine;
    PERFORM authd.notice_put(owner.id, 'totp-enrolled', jsonb_build_object(
        'by', actor -> 'name', 'replaced', NOT first));
    RETURN authd.changed(actor, 'totp_confirm', before, authd.totp_object(owner))
           || jsonb_build_object('recovery_codes_made', first, 'ended', ended);
END
$$;

-- authd.totp_remove(actor, reach, {user}) → totp object, "changed": true, "ended": {sessions,
--     api_keys, recovery_codes: how many}
-- Removes the second factor with its recovery codes, or ends an enrolment that waits for its code.
-- Other sessions of the user and the user's API keys end.
-- Errors: AU404 also there is nothing to remove; AU423 the user's own factor; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.totp_remove(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner   authd.account := authd.factor_lock(actor, reach, arguments);
    before  jsonb := authd.totp_object(owner);
    pending boolean;
    ended   jsonb := '{}';
BEGIN
    PERFORM authd.require_no_api_key(actor, 'no API key may change a second factor');
    DELETE FROM authd.totp_pending WHERE account = owner.id;
    pending := FOUND;
    IF authd.is_enrolled(owner.id) THEN
        PERFORM authd.require_factor(actor, owner.id);
        PERFORM authd.factor_end(owner.id);
        ended := authd.credentials_end(ARRAY[owner.id],
            ARRAY['sessions', 'api_keys', 'recovery_codes'],
            CASE WHEN authd.is_self(actor, owner.id) THEN (actor ->> 'session')::bigint END);
        PERFORM authd.notice_put(owner.id, 'totp-removed',
                                 jsonb_build_object('by', actor -> 'name'));
    ELSIF NOT pending THEN
        PERFORM authd.refuse('AU404', format('%s has no second factor', owner.login),
                             'There is nothing to remove.');
    END IF;
    RETURN authd.changed(actor, 'totp_remove', before, authd.totp_object(owner))
           || jsonb_build_object('ended', ended);
END
$$;

-- authd.totp_ticket_add(actor, reach, {user, digest})
--     → {kind: totp-ticket, id (the user's), user, user_id, domain, expires_at, etag, changed}
-- A permission to enrol once, within 24 hours, in place of an earlier one. digest: of the ticket, in
-- hex.
-- Errors: AU404; AU403 also for the caller's own account; AU409 enrolled already; AU422.
CREATE OR REPLACE FUNCTION authd.totp_ticket_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_digest bytea := authd.argument_digest(arguments, 'digest');
    owner      authd.account := authd.factor_lock(actor, reach, arguments);
    new        authd.totp_ticket;
BEGIN
    IF authd.is_enrolled(owner.id) THEN
        PERFORM authd.refuse('AU409', format('%s is enrolled already', owner.login),
            'Remove the second factor first; a user who still has it can replace it himself.');
    END IF;
    DELETE FROM authd.totp_ticket WHERE account = owner.id;
    INSERT INTO authd.totp_ticket (digest, account, expires_at)
        VALUES (new_digest, owner.id, authd.now() + interval '24 hours') RETURNING * INTO new;
    RETURN authd.changed(actor, 'totp_ticket_add', NULL, authd.object(
        authd.factor_content(owner, 'totp-ticket') || jsonb_build_object(
            'expires_at', authd.rfc3339(new.expires_at))));
END
$$;
