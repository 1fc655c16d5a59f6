-- Recovery codes: ten codes of a user, for one who has lost the phone; each is good once.

-- authd.recovery_codes_put(owner bigint, arguments jsonb) → void
-- Replaces a locked account's recovery codes by ten new ones: members verifiers (64 hexadecimal digits
-- each) and key, the name of the pepper, both made by authd. Earlier wrong codes are forgotten.
-- Errors: AU422; the message does not have the values.
CREATE OR REPLACE FUNCTION authd.recovery_codes_put(owner bigint, arguments jsonb) RETURNS void
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

-- authd.recovery_codes_set(actor, reach, {user, verifiers, key})
--     → {kind: recovery-codes, id (the user's), user, user_id, domain, count, created_at, etag,
--        changed}
-- Ten new recovery codes; the old ones are good no more. Arguments as for authd.recovery_codes_put().
-- Errors: AU404; AU409 not enrolled; AU423 the user's own codes; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.recovery_codes_set(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.factor_lock(actor, reach, arguments);
BEGIN
    PERFORM authd.require_no_api_key(actor, 'no API key may change a second factor');
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

-- authd.recovery_refuse(counter authd.recovery_counter, digest text) → void
-- Counts a wrong recovery code, as authd.factor_refuse() does; the calling function has locked the
-- row.
CREATE OR REPLACE FUNCTION authd.recovery_refuse(counter authd.recovery_counter, digest text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    until timestamptz := authd.lock_end(counter.failures + 1);
BEGIN
    IF decode(digest, 'hex') = ANY (counter.refused) THEN
        RETURN;
    END IF;
    UPDATE authd.recovery_counter AS held
       SET failures = counter.failures + 1,
           refused = authd.refused_codes(counter.refused, digest),
           locked_until = until
     WHERE held.account = counter.account;
    PERFORM authd.wrong_code_put(counter.account);
    IF until IS NOT NULL THEN
        PERFORM authd.factor_alarm(counter.account, 'recovery_locked',
                                   jsonb_build_object('until', authd.timestamp_text(until)));
    END IF;
END
$$;

-- authd.recovery_take(account bigint, version bigint, verifiers text[], digest text, call jsonb) → text
-- authd.factor_take() for a recovery code: taken | wrong | locked | changed. verifiers: of the code
-- under each pepper, in hex. digest: a keyed digest of the code. A code that was used is wrong. This
-- is a transaction of its own. call: see authd.audit_call_begin().
CREATE OR REPLACE FUNCTION authd.recovery_take(account bigint, version bigint, verifiers text[],
                                               digest text, call jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    counter authd.recovery_counter;
BEGIN
    PERFORM authd.audit_call_begin('recovery_take', call);
    IF NOT authd.account_unchanged(account, version) THEN
        RETURN 'changed';
    END IF;
    INSERT INTO authd.recovery_counter (account) VALUES (recovery_take.account) ON CONFLICT DO NOTHING;
    SELECT * INTO counter FROM authd.recovery_counter AS held
     WHERE held.account = recovery_take.account FOR UPDATE;
    IF counter.locked_until > authd.now() THEN
        RETURN 'locked';
    END IF;
    DELETE FROM authd.recovery_code AS code
     WHERE code.account = recovery_take.account
       AND code.verifier IN (SELECT decode(one, 'hex') FROM unnest(verifiers) AS one);
    IF NOT FOUND THEN
        PERFORM authd.recovery_refuse(counter, digest);
        RETURN 'wrong';
    END IF;
    UPDATE authd.recovery_counter AS held SET failures = 0, locked_until = NULL
     WHERE held.account = recovery_take.account;
    PERFORM authd.factor_alarm(account, 'recovery_code_used', jsonb_build_object('left',
        (SELECT count(*) FROM authd.recovery_code AS code WHERE code.account = recovery_take.account)));
    RETURN 'taken';
END
$$;
GRANT EXECUTE ON FUNCTION authd.recovery_take(bigint, bigint, text[], text, jsonb) TO authd_service;
