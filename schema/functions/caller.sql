-- Callers: the holder of a credential, and what the caller may reach. The actor:
--   {kind: host | session | api-key | none, name (for people), account, login, role, rank, credential,
--   session, api_key, fresh, factor, must_enrol, rights, narrowed}; authd.manage() adds
--   {self, self_only, if_match, reference, peer, client, via}.

-- authd.domain_names(ids bigint[]) → jsonb
-- The names of domains, sorted; a deleted domain is left out. JSON null for NULL: the whole site.
CREATE OR REPLACE FUNCTION authd.domain_names(ids bigint[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN ids IS NULL THEN 'null' ELSE (
        SELECT coalesce(jsonb_agg(domain.name ORDER BY domain.name), '[]') FROM authd.domain
         WHERE domain.id = ANY (ids)) END;
END
$$;

-- authd.caller_session(digest bytea) → jsonb
-- authd.caller() for a session. A session ends 30 minutes after its last request and 12 hours after
-- its first. The session is fresh for 10 minutes after a password was given. factor: totp or recovery,
-- the code that came with the password. must_enrol: see authd.session_must_enrol().
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

-- authd.caller_api_key(id bigint, verifier bytea) → jsonb
-- authd.caller() for an API key. The key has its owner's present role and reach, within the domains of
-- the key. A key that the host made has the role admin. The verifier from before a rotation is good as
-- well, so that a request that was let in by it can go on.
CREATE OR REPLACE FUNCTION authd.caller_api_key(id bigint, verifier bytea) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held  authd.api_key;
    owner authd.account;
    role  text;
    reach bigint[];
BEGIN
    SELECT * INTO held FROM authd.api_key AS wanted
     WHERE wanted.id = caller_api_key.id
       AND caller_api_key.verifier IN (wanted.verifier, wanted.verifier_before)
       AND wanted.expires_at > authd.now();
    IF held.id IS NULL THEN
        RETURN NULL;
    END IF;
    role := 'admin';
    IF held.owner IS NOT NULL THEN
        SELECT * INTO owner FROM authd.account WHERE account.id = held.owner AND NOT suspended;
        IF owner.id IS NULL THEN
            RETURN NULL;
        END IF;
        role := owner.role;
        reach := authd.account_reach(owner);
    END IF;
    IF held.domains IS NOT NULL THEN
        reach := ARRAY(SELECT unnest(held.domains) AS domain
                       INTERSECT SELECT unnest(coalesce(reach, held.domains)) ORDER BY 1);
    END IF;
    RETURN jsonb_build_object(
        'kind', 'api-key', 'name', format('api key %s (%s)', held.id, held.label),
        'account', owner.id, 'login', owner.login,
        'role', role, 'rank', authd.role_rank(role),
        'credential', 'api key ' || held.id, 'session', NULL, 'api_key', held.id,
        'fresh', true, 'rights', held.rights, 'narrowed', held.domains IS NOT NULL, 'reach', reach,
        'domains', authd.domain_names(reach));
END
$$;

-- authd.caller(credential jsonb) → jsonb
-- The actor (see above) of a credential, as it is now, with
--   reach        the ids of domains; null: the whole site
--   domains      the names of these domains
--   fresh_until  of a session
-- Every caller but a session is always fresh. NULL: the credential has ended or was revoked, or its
-- owner is suspended. Credentials:
--   {"kind": "host", "name": "root (uid 0)"}               authd saw the process that asks
--   {"kind": "session", "digest": hex of the cookie's digest}
--   {"kind": "api-key", "id": 3, "digest": hex of its verifier}
--   {"kind": "none", "name": "reset link"}                 the request brings its own proof
CREATE OR REPLACE FUNCTION authd.caller(credential jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    kind text := credential ->> 'kind';
BEGIN
    IF kind = 'session' THEN
        RETURN authd.caller_session(decode(credential ->> 'digest', 'hex'));
    ELSIF kind = 'api-key' THEN
        RETURN authd.caller_api_key((credential ->> 'id')::bigint,
                                    decode(credential ->> 'digest', 'hex'));
    ELSIF kind IN ('host', 'none') THEN
        RETURN jsonb_build_object(
            'kind', kind, 'name', credential ->> 'name', 'account', NULL, 'login', NULL,
            'role', CASE WHEN kind = 'host' THEN 'host' END,
            'rank', CASE WHEN kind = 'host' THEN authd.role_rank('host') ELSE 0 END,
            'credential', NULL, 'session', NULL, 'fresh', kind = 'host', 'rights', NULL,
            'narrowed', false,
            'reach', CASE WHEN kind = 'host' THEN 'null'::jsonb ELSE '[]'::jsonb END,
            'domains', CASE WHEN kind = 'host' THEN 'null'::jsonb ELSE '[]'::jsonb END);
    END IF;
    RETURN NULL;
END
$$;
GRANT EXECUTE ON FUNCTION authd.caller(jsonb) TO authd_service;

-- authd.caller_check(actor jsonb) → void
-- Looks the caller's credential up once more, after the wait for the lock of the caller's own account:
-- a credential that a revoke-all has ended meanwhile must not make a new credential, nor one whose owner
-- has been suspended or got another role meanwhile.
-- Errors: AU401.
CREATE OR REPLACE FUNCTION authd.caller_check(actor jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor ->> 'kind' = 'session' AND NOT EXISTS (
           SELECT FROM authd.http_session WHERE id = (actor ->> 'session')::bigint)
       OR actor ->> 'kind' = 'api-key' AND NOT EXISTS (
           SELECT FROM authd.api_key WHERE id = (actor ->> 'api_key')::bigint)
       OR actor ->> 'account' IS NOT NULL AND NOT EXISTS (
           SELECT FROM authd.account WHERE id = (actor ->> 'account')::bigint
                                       AND role = actor ->> 'role' AND NOT suspended) THEN
        PERFORM authd.refuse('AU401', 'the sign-in has ended, or its rights have changed',
                             'Sign in again.');
    END IF;
END
$$;

-- authd.require_fresh(actor jsonb, what text) → void
-- what: what the caller asks for, which begins the message.
-- Errors: AU428 no password was given in the last ten minutes.
CREATE OR REPLACE FUNCTION authd.require_fresh(actor jsonb, what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor -> 'fresh' IS DISTINCT FROM 'true' THEN
        PERFORM authd.refuse('AU428',
            format('%s needs a password that was given in the last minutes', what),
            'Give the password to POST /v1/session/fresh, then try again.');
    END IF;
END
$$;

-- authd.is_self(actor jsonb, account bigint) → boolean
-- Whether the caller uses one of the routes that users have for their own account, and the account is
-- the caller's own.
CREATE OR REPLACE FUNCTION authd.is_self(actor jsonb, account bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(account = (actor ->> 'account')::bigint AND actor -> 'self' = 'true', false)
$$;

-- authd.require_site(reach bigint[], what text) → void
-- what: what the caller wants to do, which begins the message.
-- Errors: AU403 the caller does not reach the whole site.
CREATE OR REPLACE FUNCTION authd.require_site(reach bigint[], what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF reach IS NOT NULL THEN
        PERFORM authd.refuse('AU403', format('%s is for administrators of the whole site', what),
                             'Ask one of them.');
    END IF;
END
$$;

-- authd.require_factor(actor jsonb, account bigint) → void
-- A user who changes his own second factor needs a fresh session that began with a code.
-- Administrators need only their role.
-- Errors: AU423.
CREATE OR REPLACE FUNCTION authd.require_factor(actor jsonb, account bigint) RETURNS void
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

-- authd.require_right(actor jsonb, resource text, what text) → void
-- A change that does something beside what its route stands for: an API key needs the right for that,
-- too. what: what is done beside, for the message.
-- Errors: AU403 the caller is an API key without RESOURCE:write.
CREATE OR REPLACE FUNCTION authd.require_right(actor jsonb, resource text, what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor ->> 'kind' = 'api-key'
       AND (actor -> 'rights' ?| ARRAY[resource || ':write', '*:write']) IS NOT TRUE THEN
        PERFORM authd.refuse('AU403',
            format('%s lacks the right %s:write, which %s needs', actor ->> 'name', resource, what),
            'Make an API key that has it.');
    END IF;
END
$$;

-- authd.require_no_api_key(actor jsonb, refusal text) → void
-- An API key that leaked must not make, prolong or widen API keys, nor enrol a phone of the thief.
-- Errors: AU403 the caller is an API key; refusal: the message.
CREATE OR REPLACE FUNCTION authd.require_no_api_key(actor jsonb, refusal text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor ->> 'kind' = 'api-key' THEN
        PERFORM authd.refuse('AU403', refusal, 'Sign in, or use smtp-authctl on the host.');
    END IF;
END
$$;
