-- Mail to users about what happened to their accounts.
-- Oldest compatible: 19
--
-- A notice is written in the transaction of what it tells about. Nodes share the work: one takes some
-- for a minute, hands them to its mail server, and says how that went. A node that dies meanwhile
-- leaves them to the others after that minute, so a mail may come twice, but not never.
--
-- Threats: who has got at an account and hides it, so what is told goes where it would have gone
-- before, also when the address itself is what was changed, or is changed before the mail is sent; who
-- makes us write to somebody else, so of one kind a user gets ten a day.

-- What was sent is kept for its day, to be counted.
ALTER TABLE authd.notice
    ADD COLUMN mail_to text, -- where the user is told, as it was then
    ADD COLUMN sent_at timestamptz;
CREATE INDEX notice_due ON authd.notice (coalesce(taken_until, '-infinity'), id)
    WHERE sent_at IS NULL;
CREATE INDEX notice_account ON authd.notice (account, kind);
CREATE INDEX notice_created ON authd.notice (created_at);

-- authd.notice_put(account bigint, kind text, details jsonb) → void
-- A mail to that user. kind: which text (authd/core/notice_text.c); details: what the text tells
-- beside it (label, by, client, until, left), and mail_to if it is to go elsewhere than to the
-- address on file.
-- Bounds: ten of a kind within 24 hours; what is more is not told.
CREATE OR REPLACE FUNCTION authd.notice_put(account bigint, kind text, details jsonb DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    INSERT INTO authd.notice (account, kind, details, mail_to)
        SELECT owner.id, notice_put.kind, notice_put.details,
               coalesce(notice_put.details ->> 'mail_to', owner.recovery_address, owner.login)
          FROM authd.account AS owner
         WHERE owner.id = notice_put.account
           AND (SELECT count(*) FROM authd.notice AS past
                 WHERE past.account = notice_put.account AND past.kind = notice_put.kind
                   AND past.created_at > authd.now() - interval '24 hours') < 10;
END
$$;

-- authd.notices_take(bound int)
--     → (id bigint, kind text, details text, login text, mail_to text, at text)
-- Notices that nobody else sends at this moment; for a minute they are the caller's. mail_to: the
-- recovery address that there was, or else the login. at: when it happened, in UTC.
CREATE FUNCTION authd.notices_take(bound int)
RETURNS TABLE (id bigint, kind text, details text, login text, mail_to text, at text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        WITH due AS (
            SELECT waiting.id FROM authd.notice AS waiting
             WHERE waiting.sent_at IS NULL
               AND coalesce(waiting.taken_until, '-infinity') <= authd.now()
               AND waiting.created_at > authd.now() - interval '24 hours'
             ORDER BY coalesce(waiting.taken_until, '-infinity'), waiting.id
             LIMIT bound FOR UPDATE SKIP LOCKED),
        taken AS (
            UPDATE authd.notice AS mine
               SET taken_until = authd.now() + interval '1 minute', attempts = mine.attempts + 1
              FROM due WHERE mine.id = due.id
            RETURNING mine.*)
        SELECT taken.id, taken.kind, taken.details::text, owner.login,
               coalesce(taken.mail_to, owner.recovery_address, owner.login),
               to_char(taken.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
          FROM taken JOIN authd.account AS owner ON owner.id = taken.account
         ORDER BY taken.id;
END
$$;
GRANT EXECUTE ON FUNCTION authd.notices_take(int) TO authd_service;

-- authd.notices_done(ids bigint[]) → void
-- These were handed over.
CREATE FUNCTION authd.notices_done(ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.notice SET sent_at = authd.now() WHERE id = ANY (ids);
END
$$;
GRANT EXECUTE ON FUNCTION authd.notices_done(bigint[]) TO authd_service;

-- authd.notices_failed(ids bigint[]) → void
-- These were not: they are due again after 30 seconds, then a minute, and so on up to an hour.
CREATE FUNCTION authd.notices_failed(ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.notice
       SET taken_until = authd.now() + least(interval '30 seconds' * 2 ^ least(attempts - 1, 10),
                                             interval '1 hour')
     WHERE id = ANY (ids) AND sent_at IS NULL;
END
$$;
GRANT EXECUTE ON FUNCTION authd.notices_failed(bigint[]) TO authd_service;

-- authd.notices_expire(bound int) → (kind text, login text, attempts int)
-- Forgets notices after their day; those that were never sent, for the log.
CREATE FUNCTION authd.notices_expire(bound int)
RETURNS TABLE (kind text, login text, attempts int)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        WITH past AS (
            SELECT old.id FROM authd.notice AS old
             WHERE old.created_at <= authd.now() - interval '24 hours'
               AND (old.sent_at IS NOT NULL
                    OR coalesce(old.taken_until, '-infinity') <= authd.now())
             ORDER BY old.created_at LIMIT bound FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM authd.notice AS old USING past WHERE old.id = past.id RETURNING old.*)
        SELECT gone.kind, owner.login, gone.attempts
          FROM gone JOIN authd.account AS owner ON owner.id = gone.account
         WHERE gone.sent_at IS NULL
         ORDER BY gone.id;
END
$$;
GRANT EXECUTE ON FUNCTION authd.notices_expire(int) TO authd_service;

-- authd.notice_origin(actor jsonb) → jsonb
-- Who did it and from where, as details of a notice.
CREATE FUNCTION authd.notice_origin(actor jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'by', CASE WHEN actor ->> 'kind' = 'host' THEN 'an administrator of the mail server'
                   ELSE actor ->> 'name' END,
        'client', actor ->> 'client'))
$$;

-- authd.app_password_add(actor, reach, {user, credential, label, selector, verifier, key,
--                                       expires_at?, expires_in?, sliding?, scope?})
--     → app password object, "changed": true
-- credential: a new authd.credential_id(), over which the verifier was made. Instead of selector,
-- verifier and key: password_hash and password_owner, of a secret that was made elsewhere. scope: the
-- canonical text of its document. The user is told by mail, unless it is a program without a recovery
-- address.
-- Errors: AU404; AU403; AU409 too many, or the hash was sealed for another account; AU422.
CREATE OR REPLACE FUNCTION authd.app_password_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_label text := authd.argument_label(arguments);
    new_hash  text := authd.argument_password_hash(arguments);
    owner     authd.account := authd.account_lock(actor, reach, arguments);
    ends      record := authd.app_password_end(arguments);
    new_id    bigint := (arguments ->> 'credential')::bigint;
BEGIN
    IF new_hash IS NOT NULL THEN
        PERFORM authd.password_owner_check(arguments, owner);
    END IF;
    PERFORM authd.app_password_room(owner, new_hash IS NOT NULL);
    INSERT INTO authd.app_password (id, account, label, created_by, not_after, sliding, scope,
                                    foreign_hash)
        VALUES (new_id, owner.id, new_label, actor ->> 'name', ends.not_after, ends.sliding,
                authd.scope_store(arguments ->> 'scope'), new_hash);
    IF new_hash IS NULL THEN
        PERFORM authd.app_password_secret_put(new_id, arguments);
    END IF;
    IF NOT owner.service OR owner.recovery_address IS NOT NULL THEN
        PERFORM authd.notice_put(owner.id, 'app-password',
            authd.notice_origin(actor) || jsonb_build_object('label', new_label));
    END IF;
    RETURN authd.app_password_changed(actor, 'app_password_add', new_id, NULL);
END
$$;
