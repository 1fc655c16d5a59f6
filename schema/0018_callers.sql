-- Callers and second factors: sessions, rights of API keys, and what ends with other credentials.
-- Oldest compatible: 18
--
-- Shape, actors and errors as in 0006_caller.sql.
--
-- Threats: a session without the factor that it should have, which is good for enrolment and nothing
-- else; credentials of a second factor that outlive a revoke-all.

-- ---- sessions --------------------------------------------------------------------------------

-- authd.session_must_enrol(session authd.http_session, owner authd.account) → boolean
-- Whether it is good for enrolling only: so it began, or it has no factor and the user has got a role
-- above user, or what is now said of him or, once its grace date has come, of his domain.
CREATE FUNCTION authd.session_must_enrol(session authd.http_session, owner authd.account)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN session.must_enrol
        OR session.factor IS NULL
           AND (owner.role <> 'user' OR coalesce(owner.second_factor = 'required', false)
                OR EXISTS (SELECT FROM authd.domain AS home
                            WHERE home.id = owner.domain AND home.second_factor = 'required'
                              AND coalesce(home.second_factor_grace_date <= authd.now(), true)));
END
$$;

-- authd.caller_session(digest bytea) → jsonb
-- As authd.caller(). A session ends 30 minutes after its last request and 12 hours after its
-- first; for 10 minutes after a password was given it is fresh. factor: totp or recovery, which the
-- sign-in had beside the password; must_enrol: see authd.session_must_enrol().
CREATE OR REPLACE FUNCTION authd.caller_session(digest bytea) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    session authd.http_session;
    owner   authd.account;
    reach   bigint[];
BEGIN
    SELECT * INTO session FROM authd.http_session AS held
     WHERE held.digest = caller_session.digest
       AND held.last_seen_at > authd.now() - interval '30 minutes'
       AND held.created_at > authd.now() - interval '12 hours';
    SELECT * INTO owner FROM authd.account WHERE id = session.account AND NOT suspended;
    IF owner.id IS NULL THEN
        RETURN NULL;
    END IF;
    reach := authd.account_reach(owner);
    RETURN jsonb_build_object(
        'kind', 'session', 'name', owner.login, 'account', owner.id, 'login', owner.login,
        'role', owner.role, 'rank', authd.role_rank(owner.role),
        'credential', 'session ' || session.id, 'session', session.id,
        'fresh', session.fresh_at > authd.now() - interval '10 minutes',
        'fresh_until', authd.rfc3339(session.fresh_at + interval '10 minutes'),
        'factor', session.factor,
        'must_enrol', authd.session_must_enrol(session, owner),
        'rights', NULL, 'narrowed', false, 'reach', reach, 'domains', authd.domain_names(reach));
END
$$;

-- authd.enrolment_operations() → text[]
-- What a session that must enrol may do, for its own account.
CREATE FUNCTION authd.enrolment_operations() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY['totp_show', 'totp_enroll', 'totp_pending', 'totp_confirm']
$$;

-- authd.manage(operation text, context jsonb, arguments jsonb) → jsonb
-- Runs a management function for whoever holds context.credential now. context: {credential (see
-- authd.caller()), role: the role that the route was allowed for, self: the route is one of the
-- user's own, self_only: it was allowed only because it is the caller's own, reference, peer,
-- client: address, via: api | ctl | page, idempotency: {key, digest} or absent, if_match: text or
-- absent}.
-- Errors: AU401 nobody holds the credential, or his role has changed; AU403 a session that must
-- enrol first; AU422 a reused key; those of the function.
CREATE OR REPLACE FUNCTION authd.manage(operation text, context jsonb, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    actor       jsonb := authd.caller(context -> 'credential');
    must_enrol  boolean := coalesce((actor ->> 'must_enrol')::boolean, false);
    who         text; -- of an Idempotency-Key
    reach       bigint[];
    idempotency jsonb;
    given       jsonb; -- the answer
BEGIN
    IF (operation = ANY (authd.operations())) IS NOT TRUE THEN
        RAISE EXCEPTION 'there is no operation %', operation;
    END IF;
    IF actor IS NULL OR actor ->> 'role' IS DISTINCT FROM context ->> 'role'
       OR (actor ->> 'kind' = 'none' AND operation NOT IN ('reset_words', 'reset_use')) THEN
        PERFORM authd.refuse('AU401', 'the sign-in has ended, or its rights have changed',
                             'Sign in again.');
    END IF;
    IF must_enrol AND operation <> ALL (authd.enrolment_operations()) THEN
        PERFORM authd.refuse('AU403', 'this sign-in is good for enrolling a second factor only',
                             'Sign in again with a code; or enrol a second factor, then go on.');
    END IF;
    IF actor -> 'reach' IS DISTINCT FROM 'null' THEN
        reach := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(actor -> 'reach'));
    END IF;
    who := CASE actor ->> 'kind' WHEN 'api-key' THEN actor ->> 'credential'
                                 WHEN 'session' THEN 'user ' || (actor ->> 'account')
                                 ELSE 'host ' || (actor ->> 'name') END;
    actor := actor - ARRAY['reach', 'domains', 'fresh_until'] || jsonb_build_object(
        'self', coalesce((context ->> 'self')::boolean, false),
        'self_only', must_enrol OR coalesce((context ->> 'self_only')::boolean, false),
        'if_match', context ->> 'if_match',
        'reference', context ->> 'reference',
        'peer', context ->> 'peer',
        'client', context ->> 'client',
        'via', context ->> 'via');
    IF actor ->> 'kind' <> 'none' AND jsonb_typeof(context -> 'idempotency') = 'object' THEN
        idempotency := context -> 'idempotency';
        given := authd.idempotency_begin(who, idempotency);
        IF given IS NOT NULL THEN
            RETURN given;
        END IF;
    END IF;
    EXECUTE format('SELECT authd.%I($1, $2, $3)', operation)
       INTO given USING actor, reach, coalesce(arguments, '{}');
    IF idempotency IS NOT NULL THEN
        UPDATE authd.idempotency AS mine
           SET answer = given, account = authd.object_account(given)
         WHERE mine.caller = who AND mine.key = idempotency ->> 'key';
    END IF;
    RETURN given;
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

DROP FUNCTION authd.session_add(bigint, bigint, text, text, text);

-- authd.session_add(account bigint, version bigint, digest text, client text, agent text,
--                   factor text, must_enrol boolean) → jsonb
-- The session of somebody who has just proved who he is, when his account had this version; NULL:
-- it has changed since, or is suspended. client: an address or NULL; agent: what the client calls
-- itself or NULL. factor: totp or recovery, of the code that came with the password; NULL: none did.
-- must_enrol: he needs a second factor and has none.
-- Bounds: 50 sessions a user: the oldest make way; agent 200 characters.
CREATE FUNCTION authd.session_add(account bigint, version bigint, digest text, client text,
                                  agent text, factor text, must_enrol boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new authd.http_session;
BEGIN
    -- Waits for whoever changes the account at this moment, then looks at what he has made of it.
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

-- Nobody calls it: a sign-in to be fresh again makes a new session.
DROP FUNCTION authd.session_fresh(text, bigint, bigint);

-- ---- what ends credentials -------------------------------------------------------------------

-- authd.credentials_end(owners bigint[], kinds text[], kept_session bigint) → jsonb
-- Ends what locked accounts can do without their main passwords: kinds are sessions, reset_links,
-- api_keys, app_passwords, recovery_codes and tickets (and with these, enrolments that wait for
-- their code, and grace). How many of each there were. Who is signed in with one of them acts
-- no more; for logins under way the caller raises the accounts' versions.
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
        DELETE FROM authd.factor_grace WHERE account = ANY (owners);
    END IF;
    RETURN ended;
END
$$;

-- authd.credential_kinds() → text[]
-- All kinds that authd.credentials_end() knows.
CREATE FUNCTION authd.credential_kinds() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY['app_passwords', 'sessions', 'api_keys', 'reset_links', 'recovery_codes',
                 'tickets']
$$;

-- authd.user_revoke_all(actor, reach, {user})
--     → user object, "changed": true, "ended": {app_passwords, sessions, api_keys, reset_links,
--       recovery_codes, tickets: how many}
-- Everything that the user can sign in with, and whoever is signed in with it: the main password is
-- cleared, its generation rises. What stays is the phone: alone it opens nothing.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.user_revoke_all(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
    ended  jsonb;
BEGIN
    PERFORM authd.passwords_clear(ARRAY[old.id]);
    ended := authd.credentials_end(ARRAY[old.id], authd.credential_kinds());
    RETURN authd.account_changed(actor, 'user_revoke_all', old.id, before,
                                 jsonb_build_object('ended', ended));
END
$$;

-- authd.domain_revoke_all(actor, reach, {domain})
--     → domain object, "changed": true, "users": how many, "ended": {app_passwords, sessions,
--       api_keys, reset_links, recovery_codes, tickets: how many}, "skipped": [login, …]
-- authd.user_revoke_all() for all users of the domain, at once. Those whose role is not below the
-- caller's are skipped and named.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.domain_revoke_all(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted  authd.domain := authd.domain_find(actor, reach, arguments);
    before  jsonb := authd.domain_object(wanted);
    whose   bigint[];
    skipped text[];
    changes jsonb;
    ended   jsonb;
BEGIN
    PERFORM authd.require_site(reach, 'revoking everything of a domain');
    PERFORM FROM authd.account WHERE domain = wanted.id ORDER BY id FOR UPDATE;
    SELECT array_agg(id ORDER BY id) FILTER (WHERE below),
           array_agg(login ORDER BY login) FILTER (WHERE NOT below)
      INTO whose, skipped
      FROM (SELECT id, login, authd.role_rank(role) < (actor ->> 'rank')::int AS below
              FROM authd.account WHERE domain = wanted.id) AS member;
    FOR changes IN
        SELECT jsonb_agg(jsonb_build_object('before', was, 'after', was || jsonb_build_object(
                   'has_password', false, 'password_generation', generation + 1)) ORDER BY n)
          FROM (SELECT account.password_generation AS generation, member.n, jsonb_build_object(
                           'kind', 'user', 'id', account.id::text, 'login', account.login,
                           'domain', wanted.name, 'has_password', account.password IS NOT NULL,
                           'password_generation', account.password_generation) AS was
                  FROM unnest(whose) WITH ORDINALITY AS member (id, n)
                  JOIN authd.account ON account.id = member.id) AS member
         GROUP BY n / 1000
    LOOP
        PERFORM authd.audit_put_many(actor, 'user_revoke_all', changes);
    END LOOP;
    PERFORM authd.passwords_clear(whose);
    ended := authd.credentials_end(whose, authd.credential_kinds());
    RETURN authd.changed(actor, 'domain_revoke_all', before, before || jsonb_build_object(
        'users', coalesce(cardinality(whose), 0), 'ended', ended,
        'skipped', coalesce(to_jsonb(skipped), '[]')));
END
$$;

-- ---- rights of API keys --------------------------------------------------------------------

-- authd.argument_rights(arguments jsonb) → text[]
-- Member "rights": RESOURCE:read or RESOURCE:write, * for every resource; to read everything if it
-- is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_rights(arguments jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value     text[] := coalesce(authd.argument_names(arguments, 'rights', 40), '{*:read}');
    resources text[] := ARRAY['*', 'site', 'users', 'passwords', 'app-passwords', 'scopes',
                              'sessions', 'domains', 'classes', 'audit', 'keys', 'import',
                              'totp'];
    unknown   text;
BEGIN
    SELECT min(item) INTO unknown FROM unnest(value) AS item
     WHERE item NOT IN (SELECT resource || access FROM unnest(resources) AS resource,
                                                       unnest(ARRAY[':read', ':write']) AS access);
    IF unknown IS NOT NULL OR value = '{}' THEN
        PERFORM authd.refuse('AU422',
            coalesce('there is no right ' || left(unknown, 60), 'rights is empty'),
            format('A right is RESOURCE:read or RESOURCE:write, a resource one of %s.',
                   array_to_string(resources, ', ')));
    END IF;
    RETURN value;
END
$$;
