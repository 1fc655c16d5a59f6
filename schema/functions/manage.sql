-- The one door to every management function. A management function is authd.OPERATION(actor jsonb,
-- reach bigint[], arguments jsonb) → jsonb. Only authd.manage() may call it, after it has read the
-- caller's credential again: a credential that was revoked meanwhile does nothing.
--   actor      see caller.sql
--   reach      the ids of the domains within reach; NULL: the whole site
--   arguments  an object; each function names its members
-- Errors are exceptions with MESSAGE (one sentence that names the thing) and HINT (what to do).
--
-- Threats: a caller who has lost rights, so nothing about the caller is taken from the request but the
-- credential; a way to higher rights, so a caller acts only on roles below the caller's own, and
-- grants only such roles; a request that arrives twice, so an answer is kept under its key; a change
-- that is not recorded, so every change ends in authd.changed().

-- authd.operations() → text[]
-- The functions that authd.manage() may call.
CREATE OR REPLACE FUNCTION authd.operations() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY[
        'user_list', 'user_add', 'user_show', 'user_set', 'user_delete', 'user_suspend',
        'user_resume', 'user_revoke_all', 'user_export', 'activity_list',
        'reset_link_add', 'reset_link_withdraw', 'reset_words', 'reset_use',
        'address_list', 'address_add', 'address_remove', 'password_words', 'password_set',
        'password_clear',
        'app_password_list', 'app_password_add', 'app_password_show', 'app_password_set',
        'app_password_revoke', 'app_password_rotate',
        'scope_get', 'scope_put', 'scope_delete', 'session_list', 'session_revoke', 'audit_list',
        'domain_list', 'domain_add', 'domain_show', 'domain_set', 'domain_delete',
        'domain_revoke_all', 'class_list', 'class_add', 'class_show', 'class_set', 'class_delete',
        'api_key_list', 'api_key_add', 'api_key_show', 'api_key_set', 'api_key_revoke',
        'import_rows', 'import_accounts', 'key_list', 'key_rotate',
        'totp_show', 'totp_enroll', 'totp_pending', 'totp_confirm', 'totp_remove',
        'totp_ticket_add', 'recovery_codes_set']
$$;

-- authd.enrolment_operations() → text[]
-- The operations of a session that must enrol, on the user's own account.
CREATE OR REPLACE FUNCTION authd.enrolment_operations() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY['totp_show', 'totp_enroll', 'totp_pending', 'totp_confirm']
$$;

-- authd.idempotency_begin(caller text, request jsonb) → jsonb
-- request: {key, digest}. The answer that this caller got under this key, with "replayed": true; NULL:
-- there is none, and the key is now taken by this request. A request under the same key that still
-- runs is waited for. Keys are kept for 24 hours.
-- Errors: AU422 the key came with another request.
CREATE OR REPLACE FUNCTION authd.idempotency_begin(caller text, request jsonb) RETURNS jsonb
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

-- authd.kept_answer_check(actor jsonb, reach bigint[], answer jsonb) → void
-- A kept answer is given again only while the caller reaches what it is about: reach may have become
-- less since, or the object may have been moved. What was deleted is looked for where it was.
-- Errors: AU404.
CREATE OR REPLACE FUNCTION authd.kept_answer_check(actor jsonb, reach bigint[], answer jsonb)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    about  bigint := authd.object_account(answer);
    within boolean := (SELECT authd.account_within(actor, reach, account) FROM authd.account
                        WHERE id = about);
BEGIN
    IF reach IS NOT NULL AND answer ->> 'domain' IS NOT NULL
       AND NOT coalesce(within, EXISTS (
           SELECT FROM authd.domain WHERE name = answer ->> 'domain' AND id = ANY (reach))) THEN
        PERFORM authd.refuse('AU404', 'what this request has changed is no longer within your reach',
                             'Ask an administrator of the site.');
    END IF;
END
$$;

-- authd.manage(operation text, context jsonb, arguments jsonb) → jsonb
-- Runs a management function for the holder of context.credential. context:
--   credential   see authd.caller()
--   role         the role that the route was allowed for
--   self         the route is one of those that users have for their own account
--   self_only    the route was allowed only because the account is the caller's own
--   reference, peer, client (an address), via (api | ctl | page)   for the audit
--   call         the tag of the rows that the call writes; see authd.audit_call_begin()
--   idempotency  {key, digest} or absent
--   if_match     text or absent
-- Errors: AU401 the credential has ended, or its role has changed; AU403 the session must enrol first;
-- AU404 the answer that was kept is about what the caller reaches no more; AU422 the idempotency key was
-- used for another request; those of the function.
CREATE OR REPLACE FUNCTION authd.manage(operation text, context jsonb, arguments jsonb) RETURNS jsonb
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
            PERFORM authd.kept_answer_check(actor, reach, given);
            RETURN given;
        END IF;
    END IF;
    PERFORM authd.audit_call_begin(operation, context -> 'call');
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

-- authd.changed(actor jsonb, action text, before jsonb, after jsonb) → jsonb
-- The end of every change: records it, and returns the object as it is now (or was, if it was deleted)
-- with "changed". before NULL: the object was created. after NULL: it was deleted.
-- Errors: AU412 the caller saw another state than `before`.
CREATE OR REPLACE FUNCTION authd.changed(actor jsonb, action text, before jsonb, after jsonb)
RETURNS jsonb
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
