-- Callers: who may ask, what he may reach, and the one door to every management function.
-- Oldest compatible: 6
--
-- A management function is authd.OPERATION(actor jsonb, reach bigint[], arguments jsonb) → jsonb.
-- It is nobody's: only authd.manage() calls it, after it has read the caller's credential again, so
-- that what was revoked meanwhile acts no more.
--   actor      {kind: host | session | api-key | none, name (for people), account, login, role,
--              rank, credential, session, api_key, fresh, rights, narrowed, self, self_only,
--              if_match, reference, peer, client, via}
--   reach      the ids of the domains within reach; NULL: the whole site
--   arguments  an object; each function names its members
-- Errors are exceptions with MESSAGE (one sentence that names the thing) and HINT (what to do):
--   AU401 not signed in   AU403 forbidden   AU404 not found   AU409 conflict
--   AU412 changed since it was read   AU422 invalid value
--
-- Threats: a caller who has lost his rights, so nothing about him is taken from the request but his
-- credential; a way up, so nobody acts on a role that is not below his own, nor grants one; a
-- request that arrives twice, so an answer is kept under its key; a change that nobody recorded, so
-- every change ends in authd.changed().

-- ---- tables ----------------------------------------------------------------------------------

-- What a user may be a member of, so that one sending scope holds for many.
CREATE TABLE authd.class (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9-]{1,40}$'),
    description text CHECK (description !~ '[\u0001-\u001f\u007f-\u009f]'
                            AND char_length(description) BETWEEN 1 AND 200),
    created_at  timestamptz NOT NULL DEFAULT authd.now()
);

ALTER TABLE authd.account
    ADD COLUMN class              bigint REFERENCES authd.class,
    ADD COLUMN suspended_by_rank  int, -- of whoever suspended it; NULL: before ranks were kept
    ADD COLUMN last_login_at      timestamptz,
    ADD COLUMN last_login_address inet,
    ADD CONSTRAINT suspender_is_whole CHECK (suspended OR suspended_by_rank IS NULL);
CREATE INDEX account_class ON authd.account (class);
CREATE INDEX account_created ON authd.account (created_at, id);
CREATE INDEX account_last_login ON authd.account (coalesce(last_login_at, '-infinity'), id);

ALTER TABLE authd.domain
    ADD COLUMN recipient_delimiter text DEFAULT '+'
        CHECK (recipient_delimiter IN ('+', '-', '=', '.')),
    ADD COLUMN description text CHECK (description !~ '[\u0001-\u001f\u007f-\u009f]'
                                       AND char_length(description) BETWEEN 1 AND 200);

-- The domains that an account administers beside its own.
CREATE TABLE authd.administers (
    account bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    domain  bigint NOT NULL REFERENCES authd.domain ON DELETE CASCADE,
    PRIMARY KEY (account, domain)
);
CREATE INDEX administers_domain ON authd.administers (domain);

-- The numbers of app passwords and API keys: one series, so that no two credentials share one.
CREATE SEQUENCE authd.credential_number;

-- authd.credential_id() → bigint
-- The id of a credential that is about to be made: its verifier is computed over it. Never used
-- twice; one that is not used after all is lost.
CREATE FUNCTION authd.credential_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN nextval('authd.credential_number');
END
$$;
GRANT EXECUTE ON FUNCTION authd.credential_id() TO authd_service;

-- Programs' keys to this API. The verifier is a keyed hash over kind, id, owner and secret.
CREATE TABLE authd.api_key (
    id                bigint PRIMARY KEY, -- authd.credential_id()
    owner             bigint REFERENCES authd.account ON DELETE CASCADE, -- NULL: the host
    selector          text COLLATE "C" NOT NULL UNIQUE CHECK (selector ~ '^[a-z2-7]{8}$'),
    verifier          bytea NOT NULL CHECK (octet_length(verifier) = 32),
    key               text COLLATE "C" NOT NULL CHECK (key ~ '^[0-9a-f]{8}$'), -- of which key file
    label             text NOT NULL CHECK (label !~ '[\u0001-\u001f\u007f-\u009f]'
                                           AND char_length(label) BETWEEN 1 AND 100),
    rights            text[] NOT NULL,
    domains           bigint[], -- narrows the owner's reach; NULL: does not
    created_at        timestamptz NOT NULL DEFAULT authd.now(),
    expires_at        timestamptz NOT NULL,
    last_used_at      timestamptz,
    last_used_address inet
);
CREATE INDEX api_key_owner ON authd.api_key (owner);

-- Sessions of browsers and programs that signed in to this API. Of the cookie only a digest.
CREATE TABLE authd.http_session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account      bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    digest       bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at   timestamptz NOT NULL DEFAULT authd.now(),
    last_seen_at timestamptz NOT NULL DEFAULT authd.now(),
    fresh_at     timestamptz NOT NULL DEFAULT authd.now(), -- of the last password given
    client       inet,
    agent        text CHECK (char_length(agent) BETWEEN 1 AND 200)
);
CREATE INDEX http_session_account ON authd.http_session (account);
CREATE INDEX http_session_created ON authd.http_session (created_at);

-- Links that set a new password, once. Of the link only a digest.
CREATE TABLE authd.reset_link (
    digest           bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    account          bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    keep_credentials boolean NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT authd.now(),
    expires_at       timestamptz NOT NULL
);
CREATE INDEX reset_link_account ON authd.reset_link (account);

-- Answers to requests that may arrive twice, for a day.
CREATE TABLE authd.idempotency (
    caller     text NOT NULL,
    key        text COLLATE "C" NOT NULL CHECK (key ~ '^[!-~]{1,255}$'),
    digest     text COLLATE "C" NOT NULL, -- of the request
    account    bigint, -- whom the answer is about: erased with him
    answer     jsonb,
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created ON authd.idempotency (created_at);
CREATE INDEX idempotency_account ON authd.idempotency (account);

-- Every change, in the transaction that makes it.
CREATE TABLE authd.audit_event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT authd.now(),
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor     jsonb NOT NULL,
    action    text NOT NULL,
    kind      text NOT NULL,
    object_id text NOT NULL,
    account   bigint, -- whom it concerns
    domain    bigint,
    reference text,
    before    jsonb,  -- NULL: it was created
    after     jsonb   -- NULL: it was deleted
);

-- ---- callers ---------------------------------------------------------------------------------

-- authd.refuse(state text, message text, hint text) → never returns
-- Errors: `state`, always.
CREATE FUNCTION authd.refuse(state text, message text, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = hint;
END
$$;

-- authd.role_rank(role text) → int
-- user 0, helpdesk 1, domain-admin 2, auditor 3, admin 4, host 5: nobody acts on a rank that is not
-- below his own. NULL for anything else.
CREATE FUNCTION authd.role_rank(role text) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_position(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin', 'host'],
                          role) - 1
$$;

-- authd.rank_role(rank int) → text
-- The role of a rank.
CREATE FUNCTION authd.rank_role(rank int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin', 'host'])[rank + 1]
$$;

-- authd.account_reach(account authd.account) → bigint[]
-- The domains that the account's role opens to it; NULL: the whole site.
CREATE FUNCTION authd.account_reach(account authd.account) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN account.role IN ('admin', 'auditor') THEN NULL
        WHEN account.role IN ('domain-admin', 'helpdesk') THEN ARRAY(
            SELECT account.domain
             UNION
            SELECT more.domain FROM authd.administers AS more WHERE more.account = account.id
             ORDER BY 1)
        ELSE '{}' END;
END
$$;

-- authd.domain_names(ids bigint[]) → jsonb
-- The names of domains, sorted; those that are gone are missing. null: the whole site.
CREATE FUNCTION authd.domain_names(ids bigint[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN ids IS NULL THEN 'null' ELSE (
        SELECT coalesce(jsonb_agg(domain.name ORDER BY domain.name), '[]') FROM authd.domain
         WHERE domain.id = ANY (ids)) END;
END
$$;

-- authd.caller_session(digest bytea) → jsonb
-- As authd.caller(). A session ends 30 minutes after its last request and 12 hours after its
-- first; for 10 minutes after a password was given it is fresh.
CREATE FUNCTION authd.caller_session(digest bytea) RETURNS jsonb
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
        'rights', NULL, 'narrowed', false, 'reach', reach, 'domains', authd.domain_names(reach));
END
$$;

-- authd.caller_api_key(id bigint, verifier bytea) → jsonb
-- As authd.caller(). A key has the role and reach that its owner has now, within its own domains; a
-- key that the host made is an administrator's.
CREATE FUNCTION authd.caller_api_key(id bigint, verifier bytea) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held  authd.api_key;
    owner authd.account;
    role  text;
    reach bigint[];
BEGIN
    SELECT * INTO held FROM authd.api_key AS wanted
     WHERE wanted.id = caller_api_key.id AND wanted.verifier = caller_api_key.verifier
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
-- Who holds a credential now: the actor (see above, as far as the credential says), "reach": the
-- ids of domains, or null: the whole site, "domains": their names, and of a session "fresh_until".
-- Only sessions are ever not fresh. NULL: nobody, because it has ended, was revoked, or its owner
-- is suspended.
--   {"kind": "host", "name": "root (uid 0)"}               the process that asks was seen by authd
--   {"kind": "session", "digest": hex of the cookie's digest}
--   {"kind": "api-key", "id": 3, "digest": hex of its verifier}
--   {"kind": "none", "name": "reset link"}                 for what brings its own proof
CREATE FUNCTION authd.caller(credential jsonb) RETURNS jsonb
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

-- ---- the door --------------------------------------------------------------------------------

-- authd.operations() → text[]
-- What authd.manage() will call, and nothing else.
CREATE FUNCTION authd.operations() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY[
        'user_list', 'user_add', 'user_show', 'user_set', 'user_delete', 'user_suspend',
        'user_resume', 'user_revoke_all', 'user_export',
        'reset_link_add', 'reset_link_withdraw', 'reset_words', 'reset_use',
        'address_list', 'address_add', 'address_remove',
        'password_set', 'password_clear',
        'app_password_list', 'app_password_add', 'app_password_show', 'app_password_set',
        'app_password_revoke', 'app_password_rotate',
        'scope_get', 'scope_put', 'scope_delete',
        'session_list', 'session_revoke',
        'activity_list', 'audit_list',
        'domain_list', 'domain_add', 'domain_show', 'domain_set', 'domain_delete',
        'domain_revoke_all',
        'class_list', 'class_add', 'class_show', 'class_set', 'class_delete',
        'api_key_list', 'api_key_add', 'api_key_show', 'api_key_set', 'api_key_revoke',
        'import_rows']
$$;

-- authd.idempotency_begin(caller text, request jsonb) → jsonb
-- request: {key, digest}. The answer that was given to this caller under this key, with "replayed":
-- true; NULL: there is none, and the key is now his. A request of the same key that is under way is
-- waited for. Keys are kept for 24 hours.
-- Errors: AU422 the key came with another request.
CREATE FUNCTION authd.idempotency_begin(caller text, request jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.idempotency;
BEGIN
    DELETE FROM authd.idempotency AS old
     USING (SELECT past.caller, past.key FROM authd.idempotency AS past
             WHERE past.created_at <= authd.now() - interval '24 hours'
             ORDER BY past.created_at LIMIT 100 FOR UPDATE SKIP LOCKED) AS past
     WHERE old.caller = past.caller AND old.key = past.key;
    INSERT INTO authd.idempotency AS mine (caller, key, digest)
        VALUES (idempotency_begin.caller, request ->> 'key', request ->> 'digest')
        ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
        SET digest = excluded.digest, answer = NULL, account = NULL, created_at = authd.now()
        WHERE mine.created_at <= authd.now() - interval '24 hours';
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO held FROM authd.idempotency AS other
     WHERE other.caller = idempotency_begin.caller AND other.key = request ->> 'key';
    IF held.digest IS DISTINCT FROM request ->> 'digest' THEN
        PERFORM authd.refuse('AU422',
            format('the Idempotency-Key %s was used for another request', request ->> 'key'),
            'Give each request a key of its own, and repeat only the very same request under it.');
    END IF;
    RETURN held.answer || '{"replayed": true}';
END
$$;

-- authd.manage(operation text, context jsonb, arguments jsonb) → jsonb
-- Runs a management function for whoever holds context.credential now. context: {credential (see
-- authd.caller()), role: the role that the route was allowed for, self: the route is one of the
-- user's own, self_only: it was allowed only because it is the caller's own, reference, peer,
-- client: address, via: api | ctl | page, idempotency: {key, digest} or absent, if_match: text or
-- absent}.
-- Errors: AU401 nobody holds the credential, or his role has changed; AU422 a reused key; those of
-- the function.
CREATE FUNCTION authd.manage(operation text, context jsonb, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    actor       jsonb := authd.caller(context -> 'credential');
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
    IF actor -> 'reach' IS DISTINCT FROM 'null' THEN
        reach := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(actor -> 'reach'));
    END IF;
    who := CASE actor ->> 'kind' WHEN 'api-key' THEN actor ->> 'credential'
                                 WHEN 'session' THEN 'user ' || (actor ->> 'account')
                                 ELSE 'host ' || (actor ->> 'name') END;
    actor := actor - ARRAY['reach', 'domains', 'fresh_until'] || jsonb_build_object(
        'self', coalesce((context ->> 'self')::boolean, false),
        'self_only', coalesce((context ->> 'self_only')::boolean, false),
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
GRANT EXECUTE ON FUNCTION authd.manage(text, jsonb, jsonb) TO authd_service;

-- ---- objects ---------------------------------------------------------------------------------

-- Every object has "kind", "id" (a string) and "etag"; one of a user also "user" (its login) and
-- "user_id"; one of a domain "domain" (its name).

-- authd.object_account(object jsonb) → bigint
-- Whom an object is about; NULL: no user.
CREATE FUNCTION authd.object_account(object jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN object ->> 'kind' = 'user' THEN object ->> 'id'
                ELSE object ->> 'user_id' END::bigint
$$;

-- authd.etag(object jsonb) → text
-- 32 hexadecimal digits of what an object says, but for when it was last used.
CREATE FUNCTION authd.etag(object jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT left(encode(sha256(convert_to(
        (object - ARRAY['etag', 'changed', 'replayed', 'last_used_at', 'last_used_address',
                        'last_login_at', 'last_login_address', 'last_seen_at'])::text,
        'UTF8')), 'hex'), 32)
$$;

-- authd.object(content jsonb) → jsonb
-- The object with its etag.
CREATE FUNCTION authd.object(content jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT content || jsonb_build_object('etag', authd.etag(content))
$$;

-- authd.audit_put(actor jsonb, action text, before jsonb, after jsonb) → void
-- Records a change. Kind, id, user and domain are those of the objects.
CREATE FUNCTION authd.audit_put(actor jsonb, action text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    object jsonb := coalesce(after, before);
BEGIN
    INSERT INTO authd.audit_event (actor, action, kind, object_id, account, domain, reference,
                                   before, after)
        VALUES (actor - ARRAY['reference', 'if_match', 'self', 'self_only'], action,
                object ->> 'kind', object ->> 'id', authd.object_account(object),
                CASE WHEN object ->> 'kind' = 'domain' THEN (object ->> 'id')::bigint
                     ELSE (SELECT id FROM authd.domain WHERE name = object ->> 'domain') END,
                actor ->> 'reference', before, after);
END
$$;

-- authd.changed(actor jsonb, action text, before jsonb, after jsonb) → jsonb
-- The end of every change: the object as it is now (or was, if it is gone), and "changed". before
-- NULL: it was created; after NULL: it was deleted.
-- Errors: AU412 the caller saw another state than `before`.
CREATE FUNCTION authd.changed(actor jsonb, action text, before jsonb, after jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    seen   text  := actor ->> 'if_match';
    object jsonb := coalesce(after, before);
BEGIN
    -- The strong comparison of RFC 9110: W/"..." never matches.
    IF before IS NULL AND seen IS NOT NULL
       OR seen <> '*' AND seen !~ format('(^|[,[:blank:]])"?%s"?($|[,[:blank:]])',
                                         before ->> 'etag') THEN
        PERFORM authd.refuse('AU412',
            format('%s has changed since it was read',
                   coalesce(object ->> 'login', object ->> 'name',
                            format('%s %s', object ->> 'kind', object ->> 'id'))),
            'Read it again, then decide anew.');
    END IF;
    IF before IS DISTINCT FROM after THEN
        PERFORM authd.audit_put(actor, action, before, after);
    END IF;
    RETURN object || jsonb_build_object('changed', before IS DISTINCT FROM after);
END
$$;

-- ---- accounts within reach -------------------------------------------------------------------

DROP FUNCTION authd.user_list(text, bigint[], jsonb), authd.user_show(text, bigint[], jsonb),
    authd.address_list(text, bigint[], jsonb), authd.user_add(text, bigint[], jsonb),
    authd.user_set(text, bigint[], jsonb), authd.user_suspend(text, bigint[], jsonb),
    authd.user_resume(text, bigint[], jsonb), authd.user_delete(text, bigint[], jsonb),
    authd.address_add(text, bigint[], jsonb), authd.address_remove(text, bigint[], jsonb),
    authd.password_set(text, bigint[], jsonb), authd.password_clear(text, bigint[], jsonb),
    authd.account_find(bigint[], jsonb), authd.account_lock(bigint[], jsonb),
    authd.account_answer(bigint, boolean), authd.account_object(authd.account),
    authd.argument_role(bigint[], jsonb), authd.address_put(bigint[], authd.account, text),
    authd.domain_for(bigint[], text);

-- authd.account_within(actor jsonb, reach bigint[], account authd.account) → boolean
-- Whether the caller may know of the account: by its domain, or because it is his own.
CREATE FUNCTION authd.account_within(actor jsonb, reach bigint[], account authd.account)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT account.id IS NOT NULL
       AND (reach IS NULL OR account.domain = ANY (reach)
            OR (account.id = (actor ->> 'account')::bigint
                AND coalesce(actor ->> 'narrowed', 'false') = 'false'))
$$;

-- authd.account_find(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- The account that member "user" names, by login or decimal id; "me" is the caller's own;
-- "user_login", beside digits that may be either, is the login they would be.
-- Errors: AU422 no user given; AU404; AU409 digits that are the id of one account and the login of
-- another, both within reach; AU403 somebody else's, where only the own is allowed.
CREATE FUNCTION authd.account_find(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    who      text := authd.argument_text(arguments, 'user', 320);
    as_login text := coalesce(authd.argument_text(arguments, 'user_login', 320), who);
    wanted   authd.account;
    by_id    authd.account;
BEGIN
    IF who IS NULL THEN
        PERFORM authd.refuse('AU422', 'user is missing', 'Name the user by login or id.');
    END IF;
    IF who = 'me' THEN
        IF actor ->> 'account' IS NULL THEN
            PERFORM authd.refuse('AU404',
                format('the caller is %s, who has no account', actor ->> 'name'),
                'Name the user by login or id.');
        END IF;
        who := actor ->> 'account';
    END IF;
    SELECT * INTO wanted FROM authd.account
     WHERE login = as_login AND authd.account_within(actor, reach, account);
    IF who ~ '^[0-9]{1,18}$' THEN
        SELECT * INTO by_id FROM authd.account
         WHERE id = who::bigint AND authd.account_within(actor, reach, account);
        IF by_id.id <> wanted.id THEN
            PERFORM authd.refuse('AU409',
                format('%s is the id of %s and the login of %s', who, by_id.login, wanted.login),
                'Write the login with its domain.');
        END IF;
        IF by_id.id IS NOT NULL THEN
            wanted := by_id;
        END IF;
    END IF;
    IF wanted.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('there is no user %s', who),
                             'Check the spelling, or list the users.');
    END IF;
    IF actor -> 'self_only' = 'true'
       AND wanted.id IS DISTINCT FROM (actor ->> 'account')::bigint THEN
        PERFORM authd.refuse('AU403',
            format('%s is not you, and your role %s may do this for yourself only', wanted.login,
                   actor ->> 'role'),
            'Ask an administrator.');
    END IF;
    RETURN wanted;
END
$$;

-- authd.is_self(actor jsonb, account bigint) → boolean
-- Whether the caller does what a user may do with his own account.
CREATE FUNCTION authd.is_self(actor jsonb, account bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(account = (actor ->> 'account')::bigint AND actor -> 'self' = 'true', false)
$$;

-- authd.caller_check(actor jsonb) → void
-- Asks again for the caller's credential, after the wait for the lock of his own account: what a
-- revoke-all has ended meanwhile must not make a new credential.
-- Errors: AU401.
CREATE FUNCTION authd.caller_check(actor jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor ->> 'kind' = 'session' AND NOT EXISTS (
           SELECT FROM authd.http_session WHERE id = (actor ->> 'session')::bigint)
       OR actor ->> 'kind' = 'api-key' AND NOT EXISTS (
           SELECT FROM authd.api_key WHERE id = (actor ->> 'api_key')::bigint) THEN
        PERFORM authd.refuse('AU401', 'the sign-in has ended, or its rights have changed',
                             'Sign in again.');
    END IF;
END
$$;

-- authd.account_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- As authd.account_find(), locked until the end of the transaction, to be changed.
-- Errors: also AU403 a role that is not below the caller's: whoever could set its password would
-- have its rights.
CREATE FUNCTION authd.account_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.account := authd.account_find(actor, reach, arguments);
    locked authd.account;
BEGIN
    SELECT * INTO locked FROM authd.account WHERE id = wanted.id FOR UPDATE;
    IF NOT authd.account_within(actor, reach, locked) THEN -- gone while we waited for the lock
        PERFORM authd.refuse('AU404', format('there is no user %s', arguments ->> 'user'),
                             'Check the spelling, or list the users.');
    END IF;
    IF authd.role_rank(locked.role) >= (actor ->> 'rank')::int
       AND NOT authd.is_self(actor, locked.id) THEN
        PERFORM authd.refuse('AU403',
            format('%s has the role %s, which is not below yours', locked.login, locked.role),
            'Ask somebody with a higher role.');
    END IF;
    IF locked.id = (actor ->> 'account')::bigint THEN
        PERFORM authd.caller_check(actor);
    END IF;
    RETURN locked;
END
$$;

-- ---- domains within reach --------------------------------------------------------------------

-- authd.domain_object(domain authd.domain) → jsonb
-- The domain object: {kind, id, name, domain (the name), description, recipient_delimiter,
-- created_at, etag}.
CREATE FUNCTION authd.domain_object(domain authd.domain) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'domain',
        'id', domain.id::text,
        'name', domain.name,
        'domain', domain.name,
        'description', domain.description,
        'recipient_delimiter', domain.recipient_delimiter,
        'created_at', authd.rfc3339(domain.created_at)));
END
$$;

-- authd.domain_find(actor jsonb, reach bigint[], arguments jsonb) → authd.domain
-- The domain that member "domain" names. Errors: AU422 none given; AU404.
CREATE FUNCTION authd.domain_find(actor jsonb, reach bigint[], arguments jsonb) RETURNS authd.domain
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'domain', 253);
    found  authd.domain;
BEGIN
    IF wanted IS NULL THEN
        PERFORM authd.refuse('AU422', 'domain is missing', 'Name the domain.');
    END IF;
    SELECT * INTO found FROM authd.domain
     WHERE name = wanted AND (reach IS NULL OR id = ANY (reach));
    IF found.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('there is no domain %s', wanted),
                             'Check the spelling, or list the domains.');
    END IF;
    RETURN found;
END
$$;

-- authd.domain_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.domain
-- As authd.domain_find(), locked until the end of the transaction. No account can be added to it
-- meanwhile.
CREATE FUNCTION authd.domain_lock(actor jsonb, reach bigint[], arguments jsonb) RETURNS authd.domain
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.domain := authd.domain_find(actor, reach, arguments);
    locked authd.domain;
BEGIN
    SELECT * INTO locked FROM authd.domain WHERE id = wanted.id FOR UPDATE;
    IF locked.id IS NULL THEN -- deleted while we waited for the lock
        PERFORM authd.refuse('AU404', format('there is no domain %s', wanted.name),
                             'Check the spelling, or list the domains.');
    END IF;
    RETURN locked;
END
$$;
