-- Sessions of browsers and programs that signed in to the API.
--
-- Threat: a session without the second factor that it should have; it is good for enrolling only.

-- authd.session_live(session authd.http_session) → boolean
-- Whether a session was used within 30 minutes and is not older than 12 hours.
CREATE OR REPLACE FUNCTION authd.session_live(session authd.http_session) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT session.last_seen_at > authd.now() - interval '30 minutes'
       AND session.created_at > authd.now() - interval '12 hours'
$$;

-- authd.session_must_enrol(session authd.http_session, owner authd.account) → boolean
-- Whether a session is good for enrolling only: it began as one, or it had no code and its user has a
-- role above user, or user or domain (from its day on) require a second factor.
CREATE OR REPLACE FUNCTION authd.session_must_enrol(session authd.http_session, owner authd.account)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN session.must_enrol
        OR session.factor IS NULL
           AND (owner.role <> 'user' OR coalesce(owner.second_factor = 'required', false)
                OR EXISTS (SELECT FROM authd.domain AS home
                            WHERE home.id = owner.domain
                              AND authd.second_factor_now(home.second_factor,
                                                          home.second_factor_from) = 'required'));
END
$$;

-- authd.session_object(session authd.http_session) → jsonb
-- {kind: session, id, user, user_id, domain, created_at, last_seen_at, expires_at (at the latest),
-- fresh_until, factor (totp, recovery or null), must_enrol, client, agent, etag}
CREATE OR REPLACE FUNCTION authd.session_object(session authd.http_session) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account;
BEGIN
    SELECT * INTO owner FROM authd.account WHERE id = session.account;
    RETURN authd.object(jsonb_build_object(
        'kind', 'session',
        'id', session.id::text,
        'user', owner.login,
        'user_id', session.account::text,
        'domain', split_part(owner.login, '@', 2),
        'created_at', authd.rfc3339(session.created_at),
        'last_seen_at', authd.rfc3339(session.last_seen_at),
        'expires_at', authd.rfc3339(session.created_at + interval '12 hours'),
        'fresh_until', authd.rfc3339(session.fresh_at + interval '10 minutes'),
        'factor', session.factor,
        'must_enrol', authd.session_must_enrol(session, owner),
        'client', host(session.client),
        'agent', session.agent));
END
$$;

-- authd.session_add(account bigint, version bigint, digest text, client text, agent text,
--                   factor text, must_enrol boolean) → jsonb
-- A session for a user who has just signed in when the account had this version; NULL: the account has
-- changed since, or is suspended.
--   digest      of the cookie, in hex
--   client      a numeric address or NULL
--   agent       what the client calls itself, or NULL
--   factor      totp or recovery, the code that came with the password; NULL: there was no code
--   must_enrol  the user needs a second factor and has none
-- Bounds: 50 sessions a user, then the oldest is deleted; agent 200 characters.
-- Errors: 22P02 client is not an address.
CREATE OR REPLACE FUNCTION authd.session_add(account bigint, version bigint, digest text, client text,
                                             agent text, factor text, must_enrol boolean)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new authd.http_session;
BEGIN
    -- Waits for a transaction that is changing the account, then reads the row that it leaves.
    PERFORM FROM authd.account AS owner
     WHERE owner.id = session_add.account AND owner.version = session_add.version
       AND NOT owner.suspended FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM authd.http_session AS old
     USING (SELECT past.id FROM authd.http_session AS past
             WHERE past.created_at <= authd.now() - interval '12 hours'
             ORDER BY past.created_at LIMIT 100 FOR UPDATE SKIP LOCKED) AS past
     WHERE old.id = past.id;
    DELETE FROM authd.http_session AS old
     WHERE old.id IN (SELECT mine.id FROM authd.http_session AS mine
                       WHERE mine.account = session_add.account ORDER BY mine.id DESC OFFSET 49);
    INSERT INTO authd.http_session (account, digest, client, agent, factor, must_enrol)
        VALUES (session_add.account, decode(session_add.digest, 'hex'), session_add.client::inet,
                nullif(left(regexp_replace(session_add.agent, '[\u0001-\u001f\u007f-\u009f]',
                                           ' ', 'g'), 200), ''),
                session_add.factor, session_add.must_enrol)
        RETURNING * INTO new;
    RETURN authd.session_object(new);
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_add(bigint, bigint, text, text, text, text, boolean)
    TO authd_service;

-- authd.session_touch(digest text) → boolean
-- Records the use of a live session, once a minute at most. Whether the session is live.
CREATE OR REPLACE FUNCTION authd.session_touch(digest text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.http_session;
BEGIN
    SELECT * INTO held FROM authd.http_session AS session
     WHERE session.digest = decode(session_touch.digest, 'hex') AND authd.session_live(session);
    IF held.last_seen_at <= authd.now() - interval '1 minute' THEN
        UPDATE authd.http_session SET last_seen_at = authd.now() WHERE id = held.id;
    END IF;
    RETURN held.id IS NOT NULL;
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_touch(text) TO authd_service;

-- authd.session_end(digest text) → boolean
-- Signs out. Whether there was such a session.
CREATE OR REPLACE FUNCTION authd.session_end(digest text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.http_session AS session
     WHERE session.digest = decode(session_end.digest, 'hex');
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_end(text) TO authd_service;

-- authd.session_list(actor, reach, {user})
--     → {"items": [session object, "current", …], "next": null}
-- The live sessions, the newest first.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.session_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_find(actor, reach, arguments);
BEGIN
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.session_object(session) || jsonb_build_object(
                             'current', coalesce(session.id = (actor ->> 'session')::bigint, false))
                             ORDER BY session.id DESC), '[]')
                    FROM authd.http_session AS session
                   WHERE session.account = owner.id AND authd.session_live(session)),
        'next', NULL);
END
$$;

-- authd.session_revoke(actor, reach, {user, id}) → the session object as it was, "changed": true
-- Errors: AU404 no such user, or the user has no such session; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.session_revoke(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_lock(actor, reach, arguments);
    old   authd.http_session;
    before jsonb;
BEGIN
    SELECT * INTO old FROM authd.http_session AS session
     WHERE session.id = authd.argument_id(arguments) AND session.account = owner.id FOR UPDATE;
    IF old.id IS NULL THEN
        PERFORM authd.refuse('AU404',
            format('%s has no session %s', owner.login, left(arguments ->> 'id', 20)),
            'List the sessions of the user.');
    END IF;
    before := authd.session_object(old);
    DELETE FROM authd.http_session WHERE id = old.id;
    RETURN authd.changed(actor, 'session_revoke', before, NULL);
END
$$;
