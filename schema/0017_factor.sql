-- Codes of second factors: each taken once, wrong ones counted.
-- Oldest compatible: 13
--
-- Threats: one code that is used twice, at two nodes or by two protocols at the same time; guesses that
-- overrun their limit because they come together, or that a rollback forgets; one wrong code that is
-- entered until it is right some day, which counts once and so is never good again while it is
-- remembered; a clock that is set back, by which old codes would be good again. So each call below is a transaction of its own, decides under
-- the lock of one row, and last_step only rises. A lock must not be a weapon: only wrong codes count,
-- each once, and only beside the right password; nothing else of the account is locked with it.

-- authd.account_unchanged(id bigint, version bigint) → boolean
-- Whether the account still is as authd.login_lookup() returned it and not suspended; if so, it stays
-- that way until the end of this transaction.
CREATE FUNCTION authd.account_unchanged(id bigint, version bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM FROM authd.account
      WHERE account.id = account_unchanged.id
        AND account.version = account_unchanged.version
        AND NOT account.suspended
        FOR SHARE;
    RETURN FOUND;
END
$$;

-- authd.wrong_codes(refused bytea[], digest text) → bytea[]
-- The digests of the last wrong codes and this one, at most 32.
CREATE FUNCTION authd.wrong_codes(refused bytea[], digest text) RETURNS bytea[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT (refused || decode(digest, 'hex'))[greatest(1, cardinality(refused) - 30):]
$$;

-- authd.lock_end(failures int) → timestamptz
-- Until when that many wrong codes lock, NULL: they do not. From the fifth on: 5 minutes, and twice as
-- long each time, at most a day.
CREATE FUNCTION authd.lock_end(failures int) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT CASE WHEN failures >= 5
                THEN authd.now() + least(interval '5 minutes' * 2 ^ least(failures - 5, 9),
                                         interval '24 hours') END
$$;

-- authd.factor_alarm(account bigint, what text, details jsonb) → void
-- Tells the user, by mail, and the audit: totp_locked, recovery_locked, recovery_code_used.
CREATE FUNCTION authd.factor_alarm(account bigint, what text, details jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.notice_put(account, replace(what, '_', '-'), details);
    PERFORM authd.audit_own(what, account, details);
END
$$;

-- authd.factor_refuse(held authd.totp, digest text) → void
-- Counts a wrong code of an enrolment whose row the caller has locked; not the same one again.
CREATE FUNCTION authd.factor_refuse(held authd.totp, digest text) RETURNS void
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
           refused = authd.wrong_codes(held.refused, digest),
           locked_until = until
     WHERE totp.account = held.account;
    IF until IS NOT NULL THEN
        PERFORM authd.factor_alarm(held.account, 'totp_locked',
                                   jsonb_build_object('until', authd.moment(until)));
    END IF;
END
$$;

-- authd.factor_grace_put(account bigint, factor bigint, grace jsonb) → void
-- Begins a time of grace, or renews it; forgets some that are over, anybody's.
CREATE FUNCTION authd.factor_grace_put(account bigint, factor bigint, grace jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.factor_grace AS old
     WHERE (old.account, old.network) IN (
           SELECT over.account, over.network FROM authd.factor_grace AS over
            WHERE over.expires_at <= authd.now()
            ORDER BY over.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO authd.factor_grace AS held
           (account, network, password_seal, factor, uses_left, expires_at)
        VALUES (factor_grace_put.account, (grace ->> 'network')::cidr, (grace ->> 'seal')::bigint,
                factor_grace_put.factor, (grace ->> 'uses')::int,
                authd.now() + make_interval(secs => (grace ->> 'seconds')::bigint))
        ON CONFLICT ON CONSTRAINT factor_grace_pkey DO UPDATE
           SET password_seal = excluded.password_seal,
               factor = excluded.factor,
               uses_left = excluded.uses_left,
               expires_at = excluded.expires_at;
END
$$;

-- authd.factor_take(account bigint, version bigint, factor bigint, step bigint, digest text, grace jsonb)
--     → text
-- What becomes of a code that came with the right password; nothing else may still refuse the login.
-- account, version, factor: as authd.login_lookup() returned them. step: the one it is the code of;
-- NULL: of none. digest: a keyed digest of it, in hex; NULL: it is not compared with the wrong ones.
--   taken     it was good and is used up; wrong codes before it count no more.
--   wrong     it was counted, unless the same one was before; or it is one of the last wrong ones, and
--             has become right since.
--   replayed  its step, or a later one, was used already. Not counted.
--   locked    by wrong codes before it, whatever it is. Not counted.
--   changed   the account, or it has another factor or none. Not counted.
-- grace, or NULL: {network, seal, seconds, uses}: a taken code makes the password of this seal good
-- without one, from this network, for so long and so often.
-- A rollback would forget the count: this is a transaction of its own.
-- Errors: AU422 neither step nor digest.
CREATE FUNCTION authd.factor_take(account bigint, version bigint, factor bigint, step bigint, digest text,
                                  grace jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.totp;
BEGIN
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
    IF grace IS NOT NULL THEN
        PERFORM authd.factor_grace_put(account, factor, grace);
    END IF;
    RETURN 'taken';
END
$$;
GRANT EXECUTE ON FUNCTION authd.factor_take(bigint, bigint, bigint, bigint, text, jsonb) TO authd_service;

-- authd.factor_grace_live(account bigint, factor bigint, seal bigint, network text) → boolean
-- Whether the password of this seal is good from there without a code, once more at least.
CREATE FUNCTION authd.factor_grace_live(account bigint, factor bigint, seal bigint, network text)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.factor_grace AS held
                    WHERE held.account = factor_grace_live.account
                      AND held.network = factor_grace_live.network::cidr
                      AND held.factor = factor_grace_live.factor
                      AND held.password_seal = factor_grace_live.seal
                      AND held.uses_left > 0
                      AND held.expires_at > authd.now());
END
$$;
GRANT EXECUTE ON FUNCTION authd.factor_grace_live(bigint, bigint, bigint, text) TO authd_service;

-- authd.factor_grace_use(account bigint, version bigint, factor bigint, seal bigint, network text)
--     → boolean
-- Takes one use of it. False: the account has changed, or there is none left.
CREATE FUNCTION authd.factor_grace_use(account bigint, version bigint, factor bigint, seal bigint,
                                       network text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF NOT authd.account_unchanged(account, version) THEN
        RETURN false;
    END IF;
    UPDATE authd.factor_grace AS held SET uses_left = held.uses_left - 1
     WHERE held.account = factor_grace_use.account
       AND held.network = factor_grace_use.network::cidr
       AND held.factor = factor_grace_use.factor
       AND held.password_seal = factor_grace_use.seal
       AND held.uses_left > 0
       AND held.expires_at > authd.now();
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.factor_grace_use(bigint, bigint, bigint, bigint, text) TO authd_service;

-- authd.recovery_refuse(counter authd.recovery_counter, digest text) → void
-- Counts a wrong recovery code, as authd.factor_refuse() does; the caller has locked the row.
CREATE FUNCTION authd.recovery_refuse(counter authd.recovery_counter, digest text) RETURNS void
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
           refused = authd.wrong_codes(counter.refused, digest),
           locked_until = until
     WHERE held.account = counter.account;
    IF until IS NOT NULL THEN
        PERFORM authd.factor_alarm(counter.account, 'recovery_locked',
                                   jsonb_build_object('until', authd.moment(until)));
    END IF;
END
$$;

-- authd.recovery_take(account bigint, version bigint, verifiers text[], digest text) → text
-- The same of a recovery code: taken | wrong | locked | changed. verifiers: what it would be stored as
-- under each pepper, in hex; digest: a keyed digest of it. One that was used is a wrong one.
-- A transaction of its own, as authd.factor_take().
CREATE FUNCTION authd.recovery_take(account bigint, version bigint, verifiers text[], digest text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    counter authd.recovery_counter;
BEGIN
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
GRANT EXECUTE ON FUNCTION authd.recovery_take(bigint, bigint, text[], text) TO authd_service;
