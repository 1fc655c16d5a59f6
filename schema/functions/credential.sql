-- Credentials of all kinds: their numbers, and their end.

-- authd.credential_id() → bigint
-- A number that no credential has had: the id of a new credential, or the number that a new password
-- hash is encrypted over. A number that is not used after all is lost.
CREATE OR REPLACE FUNCTION authd.credential_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN nextval('authd.credential_number');
END
$$;
GRANT EXECUTE ON FUNCTION authd.credential_id() TO authd_service;

-- authd.credential_kinds() → text[]
-- All kinds that authd.credentials_end() knows.
CREATE OR REPLACE FUNCTION authd.credential_kinds() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY['app_passwords', 'sessions', 'api_keys', 'reset_links', 'recovery_codes',
                 'tickets']
$$;

-- authd.credentials_end(owners bigint[], kinds text[], kept_session bigint) → jsonb
-- Ends credentials of locked accounts; how many of each kind there were. kinds: sessions, reset_links,
-- api_keys, app_passwords, recovery_codes, tickets. Kind tickets includes enrolments that wait for
-- their code and remembered networks. A client that is signed in by an ended credential can do nothing
-- more; for logins that are under way the calling function raises the accounts' versions.
CREATE OR REPLACE FUNCTION authd.credentials_end(owners bigint[], kinds text[],
                                                 kept_session bigint DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    ended jsonb := '{}';
    count bigint;
BEGIN
    IF 'sessions' = ANY (kinds) THEN
        DELETE FROM authd.http_session
         WHERE account = ANY (owners) AND id IS DISTINCT FROM kept_session;
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('sessions', count);
    END IF;
    IF 'reset_links' = ANY (kinds) THEN
        DELETE FROM authd.reset_link WHERE account = ANY (owners);
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('reset_links', count);
    END IF;
    IF 'api_keys' = ANY (kinds) THEN
        DELETE FROM authd.api_key WHERE owner = ANY (owners);
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('api_keys', count);
    END IF;
    IF 'app_passwords' = ANY (kinds) THEN
        -- In order of id, as authd.app_password_used() locks those of many users.
        PERFORM FROM authd.app_password WHERE account = ANY (owners) ORDER BY id FOR UPDATE;
        SELECT sum(authd.app_password_end_all(owner)) INTO count FROM unnest(owners) AS owner;
        ended := ended || jsonb_build_object('app_passwords', coalesce(count, 0));
    END IF;
    IF 'recovery_codes' = ANY (kinds) THEN
        DELETE FROM authd.recovery_code WHERE account = ANY (owners);
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('recovery_codes', count);
    END IF;
    IF 'tickets' = ANY (kinds) THEN
        DELETE FROM authd.totp_ticket WHERE account = ANY (owners);
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('tickets', count);
        DELETE FROM authd.totp_pending WHERE account = ANY (owners);
        DELETE FROM authd.remembered_network WHERE account = ANY (owners);
    END IF;
    RETURN ended;
END
$$;
