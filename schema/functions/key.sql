-- Keys of the site: which key of each kind makes what is new, and how much still needs the older keys.
-- The database says so, so that all nodes agree: each node follows within seconds, if its key files
-- have that key. What older keys made stays good. Encrypted texts are encrypted anew by any node, in
-- the background; a verifier is replaced when its secret is used.
--
-- Threats: a key that is removed while something needs it, so a key leaves the list only when nothing
-- does; a key that comes back, perhaps because it was stolen, so no key is current twice.
--
-- The key object: {kind: "key", id, purpose: pepper | encryption | audit (authd.key.kind), created_at,
-- current (whether it makes what is new), count (how many rows need it, at most 100,000 are counted;
-- null for audit), more (whether there are more than that), etag}.

-- authd.key_require_site(reach bigint[]) → void
-- Errors: AU403 the caller does not reach the whole site, which shares the keys.
CREATE OR REPLACE FUNCTION authd.key_require_site(reach bigint[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF reach IS NOT NULL THEN
        PERFORM authd.refuse('AU403', 'the keys are the whole site''s',
                             'Ask an administrator of the site.');
    END IF;
END
$$;

-- authd.key_object(purpose text, id text, created_at timestamptz, current boolean) → jsonb
-- The key object without count and more.
CREATE OR REPLACE FUNCTION authd.key_object(purpose text, id text, created_at timestamptz,
                                            current boolean) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.object(jsonb_build_object(
        'kind', 'key', 'id', id, 'purpose', purpose, 'created_at', authd.rfc3339(created_at),
        'current', current))
$$;

-- authd.key_count(kind text, id text, bound int) → bigint
-- How many rows need a key, counting up to `bound` in each table. NULL for kind audit. The plan reads
-- index entries of that key only: otherwise a key that nothing needs would cost whole tables.
CREATE OR REPLACE FUNCTION authd.key_count(kind text, id text, bound int) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
    IF kind = 'encryption' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM authd.account AS held
                                       WHERE substr(held.password, 9, 8) = key_count.id
                                         AND held.password IS NOT NULL LIMIT bound) AS held)
             + (SELECT count(*) FROM (SELECT FROM authd.app_password AS held
                                       WHERE substr(held.imported_hash, 9, 8) = key_count.id
                                         AND held.imported_hash IS NOT NULL LIMIT bound) AS held)
             + (SELECT count(*) FROM (SELECT FROM authd.totp AS held
                                       WHERE substr(held.seed, 9, 8) = key_count.id
                                       LIMIT bound) AS held)
             + (SELECT count(*) FROM (SELECT FROM authd.totp_pending AS held
                                       WHERE substr(held.seed, 9, 8) = key_count.id
                                       LIMIT bound) AS held);
    ELSIF kind = 'pepper' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM authd.app_password_secret AS held
                                       WHERE held.key = key_count.id LIMIT bound) AS held)
             + (SELECT count(*) FROM (SELECT FROM authd.api_key AS held
                                       WHERE held.key = key_count.id LIMIT bound) AS held)
             + (SELECT count(*) FROM (SELECT FROM authd.recovery_code AS held
                                       WHERE held.key = key_count.id LIMIT bound) AS held);
    END IF;
    RETURN NULL;
END
$$;

-- authd.key_counted(object jsonb) → jsonb
-- The key object of authd.key_object(), with count and more.
CREATE OR REPLACE FUNCTION authd.key_counted(object jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    most  CONSTANT int := 100000;
    count bigint := authd.key_count(object ->> 'purpose', object ->> 'id', most + 1);
BEGIN
    RETURN object || jsonb_build_object('count', CASE WHEN count > most THEN most ELSE count END,
                                        'more', coalesce(count > most, false));
END
$$;

-- authd.key_names() → (kind text, id text)
-- The keys that every node needs.
CREATE OR REPLACE FUNCTION authd.key_names()
RETURNS TABLE (kind text, id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT known.kind, known.id FROM authd.key AS known
                  WHERE known.removed_at IS NULL ORDER BY known.kind, known.id;
END
$$;
GRANT EXECUTE ON FUNCTION authd.key_names() TO authd_service;

-- authd.key_list(actor, reach, {}) → {"items": [key object, …], "next": null}
-- By purpose, the current key first.
-- Errors: AU403.
CREATE OR REPLACE FUNCTION authd.key_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.key_require_site(reach);
    RETURN jsonb_build_object('next', NULL, 'items', (
        SELECT coalesce(jsonb_agg(authd.key_counted(authd.key_object(
                            held.kind, held.id, held.created_at, held.current))
                        ORDER BY held.kind, held.current DESC, held.created_at DESC, held.id), '[]')
          FROM authd.key AS held WHERE held.removed_at IS NULL));
END
$$;

-- authd.key_state(have text[]) → (kind text, id text, current boolean, removed boolean)
-- The list, and the keys of a node (have: "pepper 1a2b3c4d", …) that were taken off it: removed.
CREATE OR REPLACE FUNCTION authd.key_state(have text[])
RETURNS TABLE (kind text, id text, current boolean, removed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT known.kind, known.id, known.current, known.removed_at IS NOT NULL
                   FROM authd.key AS known
                  WHERE known.removed_at IS NULL OR known.kind || ' ' || known.id = ANY (have)
                  ORDER BY known.kind, known.id;
END
$$;
GRANT EXECUTE ON FUNCTION authd.key_state(text[]) TO authd_service;

-- authd.key_make_current(kind text, id text) → void
-- From now on a listed key makes what is new.
CREATE OR REPLACE FUNCTION authd.key_make_current(kind text, id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.key AS held SET current = false, retired_at = authd.now()
     WHERE held.kind = key_make_current.kind AND held.current;
    UPDATE authd.key AS held SET current = true
     WHERE held.kind = key_make_current.kind AND held.id = key_make_current.id;
END
$$;

-- authd.key_register(kind text, id text) → void
-- Lists the first key of a file; smtp-authd --migrate calls this. A key that is new on the list makes what
-- is new from now on. A key that was taken off the list stays off.
CREATE OR REPLACE FUNCTION authd.key_register(kind text, id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    INSERT INTO authd.key (kind, id) VALUES (key_register.kind, key_register.id)
        ON CONFLICT DO NOTHING;
    IF FOUND OR NOT EXISTS (SELECT FROM authd.key AS other
                             WHERE other.kind = key_register.kind AND other.current) THEN
        PERFORM authd.key_make_current(key_register.kind, key_register.id);
    END IF;
END
$$;

-- authd.key_forget(have text[], call jsonb) → int
-- Takes keys off the list that nothing needs any more and that a node's files no longer have ("pepper
-- 1a2b3c4d", …); how many. A key that was current a minute ago stays: another node may not have
-- noticed yet. call: see authd.audit_call_begin().
CREATE OR REPLACE FUNCTION authd.key_forget(have text[], call jsonb) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    gone  authd.key;
    count int := 0;
BEGIN
    PERFORM authd.audit_call_begin('key_forget', call);
    FOR gone IN
        SELECT * FROM authd.key AS held
         WHERE NOT held.current AND held.removed_at IS NULL
           AND held.kind || ' ' || held.id <> ALL (have)
           AND coalesce(held.retired_at <= authd.now() - interval '1 minute', true)
         ORDER BY held.kind, held.id FOR UPDATE
    LOOP
        CONTINUE WHEN authd.key_count(gone.kind, gone.id, 1) > 0;
        UPDATE authd.key AS held SET removed_at = authd.now()
         WHERE held.kind = gone.kind AND held.id = gone.id;
        PERFORM authd.audit_own('key_remove', NULL,
                                jsonb_build_object('purpose', gone.kind, 'id', gone.id));
        count := count + 1;
    END LOOP;
    RETURN count;
END
$$;
GRANT EXECUTE ON FUNCTION authd.key_forget(text[], jsonb) TO authd_service;

-- authd.key_rotate(actor, reach, {purpose: encryption | pepper, id?, replaces?, prepare?})
--     → the key object, "changed": true
-- A key of the key files becomes the one that makes what is new. id absent: the answer of a dry run.
-- replaces: the key that was current when the new one was chosen. prepare: the key was only put into
-- the files; nothing but the audit is changed here.
-- Errors: AU404 no such purpose; AU403 the caller does not reach the whole site; AU409 another key is
-- current by now, or the key was current before; AU422 keys of this purpose are not rotated.
CREATE OR REPLACE FUNCTION authd.key_rotate(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    purpose  text    := authd.argument_text(arguments, 'purpose', 40);
    new_id   text    := authd.argument_text(arguments, 'id', 8);
    replaces text    := authd.argument_text(arguments, 'replaces', 8);
    promote  boolean := NOT coalesce(authd.argument_boolean(arguments, 'prepare'), false);
BEGIN
    PERFORM authd.key_require_site(reach);
    IF purpose = 'audit' THEN
        PERFORM authd.refuse('AU422', 'the audit''s key is not rotated',
                             'The chain of seals is made and checked with one key.');
    ELSIF purpose = 'signing' THEN
        PERFORM authd.refuse('AU422', 'there are no signing keys yet',
                             'Keys that can be rotated are encryption and pepper.');
    ELSIF (purpose IN ('encryption', 'pepper')) IS NOT TRUE THEN
        PERFORM authd.refuse('AU404', format('there are no %s keys', purpose),
                             'Keys that can be rotated are encryption and pepper.');
    END IF;
    IF new_id IS NOT NULL THEN
        PERFORM FROM authd.key AS held WHERE held.kind = purpose ORDER BY held.id FOR UPDATE;
        IF (SELECT held.id FROM authd.key AS held WHERE held.kind = purpose AND held.current)
           IS DISTINCT FROM replaces THEN
            PERFORM authd.refuse('AU409', format('the %s key was rotated meanwhile', purpose),
                                 'List the keys, then decide anew.');
        END IF;
        IF EXISTS (SELECT FROM authd.key AS held WHERE held.kind = purpose AND held.id = new_id) THEN
            PERFORM authd.refuse('AU409', format('the %s key %s was in use before', purpose, new_id),
                                 'Let authd make a new one.');
        END IF;
        IF promote THEN
            INSERT INTO authd.key (kind, id) VALUES (purpose, new_id);
            PERFORM authd.key_make_current(purpose, new_id);
        END IF;
    END IF;
    RETURN authd.changed(actor, 'key_rotate', NULL,
                         authd.key_object(purpose, new_id, authd.now(), promote))
           || '{"count": 0, "more": false}';
END
$$;

-- authd.ciphertexts_stale(table_name text, key text, after bigint, bound int)
--     → (id bigint, row bigint, owner bigint, version bigint, encrypted text)
-- Texts that are encrypted under a key, in one table (account | app_password | totp | totp_pending),
-- in order of id, those above `after`. row, owner and version are what the text is encrypted over.
-- Reads only the rows that it returns.
-- Errors: AU422 no such table.
CREATE OR REPLACE FUNCTION authd.ciphertexts_stale(table_name text, key text, after bigint, bound int)
RETURNS TABLE (id bigint, "row" bigint, owner bigint, version bigint, encrypted text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
    IF table_name = 'account' THEN
        RETURN QUERY SELECT held.id, held.id, held.id, coalesce(held.password_cipher_version, 0),
                            held.password
                       FROM authd.account AS held
                      WHERE substr(held.password, 9, 8) = ciphertexts_stale.key
                        AND held.password IS NOT NULL AND held.id > after
                      ORDER BY held.id LIMIT bound;
    ELSIF table_name = 'app_password' THEN
        RETURN QUERY SELECT held.id, held.id, held.account, 0::bigint, held.imported_hash
                       FROM authd.app_password AS held
                      WHERE substr(held.imported_hash, 9, 8) = ciphertexts_stale.key
                        AND held.imported_hash IS NOT NULL AND held.id > after
                      ORDER BY held.id LIMIT bound;
    ELSIF table_name = 'totp' THEN
        RETURN QUERY SELECT held.account, held.id, held.account, 0::bigint, held.seed
                       FROM authd.totp AS held
                      WHERE substr(held.seed, 9, 8) = ciphertexts_stale.key AND held.account > after
                      ORDER BY held.account LIMIT bound;
    ELSIF table_name = 'totp_pending' THEN
        RETURN QUERY SELECT held.account, held.id, held.account, 0::bigint, held.seed
                       FROM authd.totp_pending AS held
                      WHERE substr(held.seed, 9, 8) = ciphertexts_stale.key AND held.account > after
                      ORDER BY held.account LIMIT bound;
    ELSE
        PERFORM authd.refuse('AU422', format('nothing is encrypted in %s', table_name),
                             'Ask for account, app_password, totp or totp_pending.');
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION authd.ciphertexts_stale(text, text, bigint, int) TO authd_service;

-- authd.ciphertexts_replace(table_name text, ids bigint[], olds text[], news text[]) → int
-- Replaces encrypted texts by others of the same content; how many. A row that has another text by now
-- is left alone, and a locked row is left to the next time. Nothing else of a row changes, so logins
-- that are under way go on. -1: another node is doing this.
-- Errors: AU422 no such table.
CREATE OR REPLACE FUNCTION authd.ciphertexts_replace(table_name text, ids bigint[], olds text[],
                                                     news text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    free     bigint[];
    replaced int := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('authd.ciphertexts_replace')) THEN
        RETURN -1;
    END IF;
    IF table_name = 'account' THEN
        free := ARRAY(SELECT held.id FROM authd.account AS held WHERE held.id = ANY (ids)
                         FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.account AS held SET password = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.id = text.id AND held.id = ANY (free) AND held.password = text.old;
    ELSIF table_name = 'app_password' THEN
        free := ARRAY(SELECT held.id FROM authd.app_password AS held WHERE held.id = ANY (ids)
                         FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.app_password AS held SET imported_hash = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.id = text.id AND held.id = ANY (free) AND held.imported_hash = text.old;
    ELSIF table_name = 'totp' THEN
        free := ARRAY(SELECT held.account FROM authd.totp AS held WHERE held.account = ANY (ids)
                         FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.totp AS held SET seed = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.account = text.id AND held.account = ANY (free) AND held.seed = text.old;
    ELSIF table_name = 'totp_pending' THEN
        free := ARRAY(SELECT held.account FROM authd.totp_pending AS held
                       WHERE held.account = ANY (ids) FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.totp_pending AS held SET seed = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.account = text.id AND held.account = ANY (free) AND held.seed = text.old;
    ELSE
        PERFORM authd.refuse('AU422', format('nothing is encrypted in %s', table_name),
                             'Ask for account, app_password, totp or totp_pending.');
    END IF;
    GET DIAGNOSTICS replaced = ROW_COUNT;
    RETURN replaced;
END
$$;
GRANT EXECUTE ON FUNCTION authd.ciphertexts_replace(text, bigint[], text[], text[]) TO authd_service;
