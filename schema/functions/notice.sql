-- Notices: mail to users about what happened to their accounts. A notice is written in the transaction
-- of the event. Nodes share the work: a node takes some notices for a minute, hands them to its mail
-- server, and records the result. If a node dies meanwhile, another node takes them after that minute:
-- a message may be sent twice, but is not lost.
--
-- Threats: an intruder who hides from the user, so a notice goes to the address of the time before the
-- event, also if the address is what was changed, or is changed before the message is sent; a caller
-- who makes authd write to another person, so a user gets ten notices of a kind a day.

-- authd.notice_origin(actor jsonb) → jsonb
-- The caller and the caller's address, as details of a notice.
CREATE OR REPLACE FUNCTION authd.notice_origin(actor jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'by', CASE WHEN actor ->> 'kind' = 'host' THEN 'an administrator of the mail server'
                   ELSE actor ->> 'name' END,
        'client', actor ->> 'client'))
$$;

-- authd.notice_put(account bigint, kind text, details jsonb) → void
-- A mail message to a user. kind: which text (authd/notify/notice_text.c). details: the values in that
-- text (label, by, client, until, left, count, since, role), and mail_to if the message must go to
-- another address than the one on file.
-- Bounds: ten of a kind within 24 hours; further ones are not stored.
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
-- Notices that no other node sends now; the calling node has them for a minute. mail_to: the recovery
-- address at the time of the event, or else the login. at: the time of the event, in UTC.
CREATE OR REPLACE FUNCTION authd.notices_take(bound int)
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
-- The mail server took these notices.
CREATE OR REPLACE FUNCTION authd.notices_done(ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.notice SET sent_at = authd.now() WHERE id = ANY (ids);
END
$$;
GRANT EXECUTE ON FUNCTION authd.notices_done(bigint[]) TO authd_service;

-- authd.notices_failed(ids bigint[]) → void
-- The mail server did not take these notices: they are due again after 30 seconds, then a minute, and
-- so on up to an hour.
CREATE OR REPLACE FUNCTION authd.notices_failed(ids bigint[]) RETURNS void
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

-- authd.notices_undeliverable(ids bigint[]) → void
-- The mail server can take these notices never: they are not due again. The rows stay for the day, in
-- which they count for the bound of authd.notice_put().
CREATE OR REPLACE FUNCTION authd.notices_undeliverable(ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.notice SET taken_until = created_at + interval '24 hours'
     WHERE id = ANY (ids) AND sent_at IS NULL;
END
$$;
GRANT EXECUTE ON FUNCTION authd.notices_undeliverable(bigint[]) TO authd_service;

-- authd.notices_expire(bound int) → (kind text, login text, attempts int)
-- Deletes notices after a day. Returns those that were never sent, for the log.
CREATE OR REPLACE FUNCTION authd.notices_expire(bound int)
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
