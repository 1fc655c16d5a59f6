-- Second factors: enrolment, recovery codes, tickets.
-- Oldest compatible: 19
--
-- Shape, actors and errors as in 0006_caller.sql. Every change locks its account row first.
--
-- A phone is enrolled in two steps: totp_enroll stores a sealed seed that no login looks at;
-- totp_confirm, after a code of it, makes it the one that counts, in one transaction, so that an
-- account is wholly without or wholly with a second factor whenever authd is killed.
--
-- Threats: a phished password that enrols a phone of the thief, so the first enrolment by oneself is
-- open only until the domain's grace date, then for a ticket alone; a stolen session that replaces
-- or takes away the factor, so that needs a fresh sign-in with the factor itself; codes that are
-- tried out on an enrolment, which ends after ten wrong ones. Beside the SQLSTATEs of 0006:
--   AU423 for one's own second factor a fresh sign-in with that factor is needed
--
-- The totp object: {kind: totp, id (the user's), user, user_id, domain, enrolled, algorithm, digits,
-- period (seconds), confirmed_at, recovery_codes (how many are left), pending_until (null: no
-- enrolment waits for its code), last_used_at, locked_until (null: not locked), etag}.

-- ---- objects and rules -----------------------------------------------------------------------

-- authd.factor_content(owner authd.account, kind text) → jsonb
-- What every object about a user's second factor begins with.
CREATE FUNCTION authd.factor_content(owner authd.account, kind text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'kind', kind, 'id', owner.id::text, 'user', owner.login, 'user_id', owner.id::text,
        'domain', (SELECT name FROM authd.domain WHERE id = owner.domain));
END
$$;

-- authd.totp_object(owner authd.account) → jsonb
-- The totp object. Its etag says nothing of what the clock, a use or a wrong code changes.
CREATE FUNCTION authd.totp_object(owner authd.account) RETURNS jsonb
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

-- authd.is_enrolled(account bigint) → boolean
-- Whether the account has a second factor.
CREATE FUNCTION authd.is_enrolled(account bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.totp WHERE totp.account = is_enrolled.account);
END
$$;

-- authd.require_factor(actor jsonb, account bigint) → void
-- What somebody changes about his own second factor needs a session that is fresh and that had a
-- code. Administrators do it by their role.
-- Errors: AU423.
CREATE FUNCTION authd.require_factor(actor jsonb, account bigint) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF authd.is_self(actor, account)
       AND (actor ->> 'factor' IS NULL OR actor -> 'fresh' IS DISTINCT FROM 'true') THEN
        PERFORM authd.refuse('AU423', 'this needs a fresh sign-in with password and code',
            'Give both to POST /v1/session/fresh, then try again.');
    END IF;
END
$$;

-- authd.factor_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- As authd.account_lock(), for changes of a second factor.
-- Errors: also AU422 a service user.
CREATE FUNCTION authd.factor_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_lock(actor, reach, arguments);
BEGIN
    IF owner.service THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user, which has no second factor', owner.login),
            'Its app passwords need none.');
    END IF;
    RETURN owner;
END
$$;

-- authd.factor_refuse_keys(actor jsonb) → void
-- Errors: AU403 the caller is an API key: one that leaked must not enrol a phone of its own.
CREATE FUNCTION authd.factor_refuse_keys(actor jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor ->> 'kind' = 'api-key' THEN
        PERFORM authd.refuse('AU403', 'no API key may change a second factor',
                             'Sign in, or use authctl on the host.');
    END IF;
END
$$;

-- authd.recovery_codes_put(owner bigint, arguments jsonb) → void
-- Replaces a locked account's recovery codes by ten new ones: members verifiers (64 hexadecimal
-- digits each) and key, the pepper's name, which authd itself has made. Wrong tries are forgotten.
-- Errors: AU422, without the values.
CREATE FUNCTION authd.recovery_codes_put(owner bigint, arguments jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new text[] := authd.argument_names(arguments, 'verifiers', 10);
BEGIN
    IF cardinality(new) IS DISTINCT FROM 10
       OR EXISTS (SELECT FROM unnest(new) AS item WHERE item !~ '^[0-9a-f]{64}$') THEN
        PERFORM authd.refuse('AU422', 'verifiers are not those of ten recovery codes',
                             'Give 64 lower-case hexadecimal digits for each.');
    END IF;
    DELETE FROM authd.recovery_code WHERE account = owner;
    DELETE FROM authd.recovery_counter WHERE account = owner;
    INSERT INTO authd.recovery_code (account, verifier, key)
        SELECT owner, decode(item, 'hex'), arguments ->> 'key' FROM unnest(new) AS item;
END
$$;

-- authd.ticket_take(owner authd.account, arguments jsonb) → boolean
-- Member "ticket", the digest of a ticket, is used up. False: none was given.
-- Errors: AU403 it is not this account's, or no longer good.
CREATE FUNCTION authd.ticket_take(owner authd.account, arguments jsonb) RETURNS boolean
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
-- Who may enrol an account that has no second factor: administrators; the user himself, if his
-- session had a code, he has brought a ticket, or the domain's grace date has not come.
-- Errors: AU403 a ticket is needed.
CREATE FUNCTION authd.first_enrolment_check(actor jsonb, owner authd.account, ticket boolean)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF authd.is_self(actor, owner.id) AND NOT ticket AND actor ->> 'factor' IS NULL
       AND EXISTS (SELECT FROM authd.domain AS home
                    WHERE home.id = owner.domain
                      AND home.second_factor_grace_date <= authd.now()) THEN
        PERFORM authd.refuse('AU403', 'a first enrolment needs a ticket',
            'Ask an administrator for one.');
    END IF;
END
$$;

-- ---- operations ------------------------------------------------------------------------------

INSERT INTO authd.operation VALUES
    ('totp_show'), ('totp_enroll'), ('totp_pending'), ('totp_confirm'), ('totp_remove'),
    ('totp_ticket_add'), ('recovery_codes_set');

-- authd.totp_show(actor, reach, {user}) → totp object
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.totp_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.totp_object(authd.account_find(actor, reach, arguments));
END
$$;

-- authd.totp_enroll(actor, reach, {user, credential, seed, algorithm?, digits?, ticket?})
--     → {kind: totp-enrolment, id (the user's), user, user_id, domain, algorithm, digits, period,
--        expires_at, replaces (whether there is a factor already), etag, changed}
-- Begins an enrolment, in place of one that waits for its code. credential: a new
-- authd.credential_id(), over which the seed is sealed. ticket: a digest; the ticket is used up,
-- also where none was needed. It is good for 15 minutes.
-- Errors: AU404; AU403 also a ticket is needed or not good; AU423 to replace one's own; AU422.
CREATE FUNCTION authd.totp_enroll(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_algorithm text := coalesce(authd.argument_text(arguments, 'algorithm', 10), 'SHA1');
    new_digits    int := coalesce(authd.argument_integer(arguments, 'digits', 6, 8), 6);
    owner         authd.account := authd.factor_lock(actor, reach, arguments);
    replaces      boolean := authd.is_enrolled(owner.id);
    new           authd.totp_pending;
BEGIN
    PERFORM authd.factor_refuse_keys(actor);
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

-- authd.pending_find(owner authd.account) → authd.totp_pending
-- The enrolment of an account that waits for its code.
-- Errors: AU409 it was confirmed already; AU404 there is none, or no longer.
CREATE FUNCTION authd.pending_find(owner authd.account) RETURNS authd.totp_pending
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

-- authd.totp_pending(actor, reach, {user})
--     → {id, account, seed (sealed), algorithm, digits, seconds (since 1970)}
-- The enrolment that waits for its code. For authd, not for the caller, who must be one that may
-- confirm it.
-- Errors: AU404, AU409, AU403, AU422.
CREATE FUNCTION authd.totp_pending(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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

-- authd.totp_wrong(held authd.totp_pending) → jsonb
-- Counts a wrong code of an enrolment: {"kind": "totp-wrong", "left": how many more may be wrong}.
-- No exception, so that it stays counted. After ten the enrolment ends.
CREATE FUNCTION authd.totp_wrong(held authd.totp_pending) RETURNS jsonb
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

-- authd.totp_confirm(actor, reach, {user, pending, step, verifiers, key})
--     → totp object, "changed": true, "recovery_codes_made": whether the codes are new,
--       "ended": {sessions: how many}; or what authd.totp_wrong() says
-- Makes an enrolment the one that counts. pending: its id; step: of the code that was given, which
-- cannot sign in as well; null: the code was wrong. verifiers and key: of ten recovery codes, as
-- authd.recovery_codes_put() takes them; a first enrolment gets them. Other sessions of the user
-- end; one that had to enrol is a full one now.
-- Errors: AU404, AU409 also another enrolment has begun meanwhile; AU423, AU403, AU422.
CREATE FUNCTION authd.totp_confirm(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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
    PERFORM authd.factor_refuse_keys(actor);
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
    DELETE FROM authd.factor_grace WHERE account = owner.id;
    IF first THEN
        PERFORM authd.recovery_codes_put(owner.id, arguments);
    END IF;
    UPDATE authd.account SET version = version + 1 WHERE id = owner.id;
    ended := authd.credentials_end(ARRAY[owner.id], ARRAY['sessions'], mine);
    UPDATE authd.http_session SET factor = 'totp', must_enrol = false WHERE id = mine;
    PERFORM authd.notice_put(owner.id, 'totp-enrolled', jsonb_build_object(
        'by', actor -> 'name', 'replaced', NOT first));
    RETURN authd.changed(actor, 'totp_confirm', before, authd.totp_object(owner))
           || jsonb_build_object('recovery_codes_made', first, 'ended', ended);
END
$$;

-- authd.totp_remove(actor, reach, {user}) → totp object, "changed": true, "ended": {sessions,
--     recovery_codes: how many}
-- Takes the second factor away, with its recovery codes; or ends an enrolment that waits for its
-- code. Other sessions of the user end.
-- Errors: AU404 also there is nothing to take away; AU423 one's own; AU403, AU422.
CREATE FUNCTION authd.totp_remove(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner   authd.account := authd.factor_lock(actor, reach, arguments);
    before  jsonb := authd.totp_object(owner);
    pending boolean;
    ended   jsonb := '{}';
BEGIN
    PERFORM authd.factor_refuse_keys(actor);
    DELETE FROM authd.totp_pending WHERE account = owner.id;
    pending := FOUND;
    IF authd.is_enrolled(owner.id) THEN
        PERFORM authd.require_factor(actor, owner.id);
        DELETE FROM authd.totp WHERE account = owner.id;
        DELETE FROM authd.factor_grace WHERE account = owner.id;
        DELETE FROM authd.recovery_counter WHERE account = owner.id;
        UPDATE authd.account SET version = version + 1 WHERE id = owner.id;
        ended := authd.credentials_end(ARRAY[owner.id], ARRAY['sessions', 'recovery_codes'],
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
-- A permission to enrol once, within 24 hours, in place of an earlier one. digest: of the ticket,
-- in hexadecimal digits.
-- Errors: AU404; AU403 also for oneself; AU409 is enrolled already; AU422.
CREATE FUNCTION authd.totp_ticket_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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

-- authd.recovery_codes_set(actor, reach, {user, verifiers, key})
--     → {kind: recovery-codes, id (the user's), user, user_id, domain, count, created_at, etag,
--        changed}
-- Ten new recovery codes; the old ones are good no more. Arguments as authd.recovery_codes_put()
-- takes them.
-- Errors: AU404; AU409 is not enrolled; AU423 one's own; AU403, AU422.
CREATE FUNCTION authd.recovery_codes_set(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.factor_lock(actor, reach, arguments);
BEGIN
    PERFORM authd.factor_refuse_keys(actor);
    IF NOT authd.is_enrolled(owner.id) THEN
        PERFORM authd.refuse('AU409', format('%s has no second factor', owner.login),
                             'Recovery codes come with the first enrolment.');
    END IF;
    PERFORM authd.require_factor(actor, owner.id);
    PERFORM authd.recovery_codes_put(owner.id, arguments);
    PERFORM authd.notice_put(owner.id, 'recovery-codes',
                             jsonb_build_object('by', actor -> 'name'));
    RETURN authd.changed(actor, 'recovery_codes_set', NULL, authd.object(
        authd.factor_content(owner, 'recovery-codes') || jsonb_build_object(
            'count', 10,
            'created_at', authd.rfc3339(authd.now()))));
END
$$;

-- ---- export ----------------------------------------------------------------------------------

-- authd.user_export(actor, reach, {user}) → {"kind": "export", "made_at", "user": user object,
--     "sessions": […], "reset_links": […], "api_keys": […], "app_passwords": […],
--     "totp": totp object, "totp_tickets": […], "activity": […], "scope": document | null}
-- All that is stored about a person, no hashes, seeds or keys.
-- Bounds: 20,000 items of each list, the newest.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.user_export(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_find(actor, reach, arguments);
    whom   jsonb := jsonb_build_object('user', owner.id::text);
    answer jsonb := jsonb_build_object(
        'kind', 'export',
        'made_at', authd.rfc3339(authd.now()),
        'user', authd.account_object(owner)
                || jsonb_build_object('last_login_address', host(owner.last_login_address)),
        'sessions', authd.export_items(actor, reach, 'session_list', whom),
        'reset_links', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                   'created_at', authd.rfc3339(created_at),
                                   'expires_at', authd.rfc3339(expires_at))), '[]')
                          FROM authd.reset_link WHERE account = owner.id),
        'api_keys', (SELECT coalesce(jsonb_agg(authd.api_key_object(held) ORDER BY held.id), '[]')
                       FROM authd.api_key AS held WHERE held.owner = owner.id),
        'app_passwords', authd.export_items(actor, reach, 'app_password_list', whom),
        'totp', authd.totp_object(owner),
        'totp_tickets', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                    'created_at', authd.rfc3339(created_at),
                                    'expires_at', authd.rfc3339(expires_at))), '[]')
                           FROM authd.totp_ticket WHERE account = owner.id),
        'activity', authd.export_items(actor, reach, 'activity_list', whom),
        'scope', authd.scope_get(actor, reach, whom || '{"level": "user"}') -> 'document');
BEGIN
    RETURN answer;
END
$$;
