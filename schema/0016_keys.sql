-- Keys that replace others, and what still needs the old ones.
-- Oldest compatible: 13
--
-- Of each kind the database says which key makes what is new, so that all nodes agree: each of them
-- follows within seconds, if its key files have that key. What the others made stays good. Sealed
-- texts are sealed anew by any node, in the background; a verifier when its secret is at hand, which
-- is when it is used.
--
-- Threats: a key that is retired while something needs it, so none goes off the list before nothing
-- does; a key that comes back, perhaps because it was stolen, so none is current twice.
--
-- The key object: {kind: "key", id, purpose: pepper | sealing | audit, created_at, current: makes
-- what is new, count: how many rows need it, at most 100,000 are counted (null: of the audit's), more:
-- there are more than that, etag}. The purpose is authd.key.kind.

ALTER TABLE authd.key
    ADD COLUMN current    boolean NOT NULL DEFAULT false, -- makes what is new
    ADD COLUMN retired_at timestamptz, -- since when another one does
    ADD COLUMN removed_at timestamptz; -- since when no node needs to have it
CREATE UNIQUE INDEX key_current ON authd.key (kind) WHERE current;
-- With several it is the first of the file that is current, which authd --migrate tells.
UPDATE authd.key AS held SET current = true
 WHERE (SELECT count(*) FROM authd.key AS other WHERE other.kind = held.kind) = 1;

-- By the name of its key, and from place to place. A sealed text is $sealed$KKKKKKKK$….
CREATE INDEX account_password_seal_key ON authd.account (substr(password, 9, 8), id)
    WHERE password IS NOT NULL;
CREATE INDEX app_password_seal_key ON authd.app_password (substr(foreign_hash, 9, 8), id)
    WHERE foreign_hash IS NOT NULL;
CREATE INDEX totp_seal_key ON authd.totp (substr(seed, 9, 8), account);
CREATE INDEX totp_pending_seal_key ON authd.totp_pending (substr(seed, 9, 8), account);
COMMENT ON COLUMN authd.totp_pending.seed IS
    'sealed: kind totp, id the row''s, owner the account, version 0';
CREATE INDEX app_password_secret_key ON authd.app_password_secret (key);
CREATE INDEX api_key_key ON authd.api_key (key);
CREATE INDEX recovery_code_key ON authd.recovery_code (key);

-- ---- the list --------------------------------------------------------------------------------

-- authd.key_list() → (kind text, id text)
-- What key files every node needs.
CREATE OR REPLACE FUNCTION authd.key_list() RETURNS TABLE (kind text, id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT known.kind, known.id FROM authd.key AS known
                  WHERE known.removed_at IS NULL ORDER BY known.kind, known.id;
END
$$;

-- authd.key_state(have text[]) → (kind text, id text, current boolean, removed boolean)
-- The list, and what of a node's key files ("pepper 1a2b3c4d", …) was on it before.
CREATE FUNCTION authd.key_state(have text[])
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
-- From now on this one makes what is new. It is on the list already.
CREATE FUNCTION authd.key_make_current(kind text, id text) RETURNS void
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
-- The first key of a file, put on the list; by authd --migrate. If it is new there, it makes what is
-- new from now on. One that was taken off the list stays off.
CREATE FUNCTION authd.key_register(kind text, id text) RETURNS void
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

-- authd.key_count(kind text, id text, bound int) → bigint
-- How many rows need a key, as far as `bound` of each table. NULL: of the audit's. It reads only
-- entries of that key: without, it would read the whole table for a key that nothing needs.
CREATE FUNCTION authd.key_count(kind text, id text, bound int) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
    IF kind = 'sealing' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM authd.account AS held
                                       WHERE substr(held.password, 9, 8) = key_count.id
                                         AND held.password IS NOT NULL LIMIT bound) AS held)
             + (SELECT count(*) FROM (SELECT FROM authd.app_password AS held
                                       WHERE substr(held.foreign_hash, 9, 8) = key_count.id
                                         AND held.foreign_hash IS NOT NULL LIMIT bound) AS held)
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

-- authd.key_forget(have text[]) → int
-- Takes off the list what nothing needs any more and a node's files no longer have ("pepper
-- 1a2b3c4d", …); how many. Not what was current a minute ago: another node may not have noticed yet.
CREATE FUNCTION authd.key_forget(have text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    gone  authd.key;
    count int := 0;
BEGIN
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
GRANT EXECUTE ON FUNCTION authd.key_forget(text[]) TO authd_service;

-- ---- management ------------------------------------------------------------------------------

INSERT INTO authd.operation VALUES ('key_list'), ('key_rotate');

-- authd.key_object(purpose text, id text, created_at timestamptz, current boolean) → jsonb
-- The key object, without what is counted.
CREATE FUNCTION authd.key_object(purpose text, id text, created_at timestamptz, current boolean)
RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.object(jsonb_build_object(
        'kind', 'key', 'id', id, 'purpose', purpose, 'created_at', authd.rfc3339(created_at),
        'current', current))
$$;

-- authd.key_counted(object jsonb) → jsonb
-- The key object with what is counted.
CREATE FUNCTION authd.key_counted(object jsonb) RETURNS jsonb
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

-- authd.key_reach(reach bigint[]) → void
-- Errors: AU403 the caller does not reach the whole site, which all share the keys of.
CREATE FUNCTION authd.key_reach(reach bigint[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF reach IS NOT NULL THEN
        PERFORM authd.refuse('AU403', 'the keys are the whole site''s',
                             'Ask an administrator of the site.');
    END IF;
END
$$;

-- authd.key_list(actor, reach, {}) → {"items": [key object, …], "next": null}
-- By purpose, the current one first.
-- Errors: AU403.
CREATE FUNCTION authd.key_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.key_reach(reach);
    RETURN jsonb_build_object('next', NULL, 'items', (
        SELECT coalesce(jsonb_agg(authd.key_counted(authd.key_object(
                            held.kind, held.id, held.created_at, held.current))
                        ORDER BY held.kind, held.current DESC, held.created_at DESC, held.id), '[]')
          FROM authd.key AS held WHERE held.removed_at IS NULL));
END
$$;

-- authd.key_rotate(actor, reach, {purpose: sealing | pepper, id?, replaces?, prepare?})
--     → the key object, "changed": true
-- A key that is in the key files becomes the one that makes what is new. id absent: says what would
-- be, for a dry run. replaces: which was current when the key was chosen. prepare: it was only put
-- into the files, and nothing is changed here but the audit.
-- Errors: AU404 there is no such purpose; AU403 the caller does not reach the whole site; AU409
-- another one is current by now, or the key was current before; AU422 it is for no rotation.
CREATE FUNCTION authd.key_rotate(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    purpose  text    := authd.argument_text(arguments, 'purpose', 40);
    new_id   text    := authd.argument_text(arguments, 'id', 8);
    replaces text    := authd.argument_text(arguments, 'replaces', 8);
    promote  boolean := NOT coalesce(authd.argument_boolean(arguments, 'prepare'), false);
BEGIN
    PERFORM authd.key_reach(reach);
    IF purpose = 'audit' THEN
        PERFORM authd.refuse('AU422', 'the audit''s key is not rotated',
                             'The chain of seals is made and checked with one key.');
    ELSIF purpose = 'signing' THEN
        PERFORM authd.refuse('AU422', 'there are no signing keys yet',
                             'Keys that can be rotated are sealing and pepper.');
    ELSIF (purpose IN ('sealing', 'pepper')) IS NOT TRUE THEN
        PERFORM authd.refuse('AU404', format('there are no %s keys', purpose),
                             'Keys that can be rotated are sealing and pepper.');
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

-- authd.argument_rights(arguments jsonb) → text[]
-- Member "rights": RESOURCE:read or RESOURCE:write, * for every resource; to read everything if it
-- is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_rights(arguments jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value     text[] := coalesce(authd.argument_names(arguments, 'rights', 40), '{*:read}');
    resources text[] := ARRAY['*', 'site', 'users', 'passwords', 'app-passwords', 'scopes',
                              'sessions', 'domains', 'classes', 'audit', 'keys', 'import'];
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

-- ---- sealed texts ----------------------------------------------------------------------------

-- authd.seals_stale(place text, key text, after bigint, bound int)
--     → (id bigint, row bigint, owner bigint, version bigint, sealed text)
-- Texts that are sealed under that key, in one table (account | app_password | totp | totp_pending),
-- in order of id; the first after that one. row, owner and version are what the text is sealed over.
-- It reads no more rows than it answers.
-- Errors: AU422 no such table.
CREATE FUNCTION authd.seals_stale(place text, key text, after bigint, bound int)
RETURNS TABLE (id bigint, "row" bigint, owner bigint, version bigint, sealed text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET jit = off
AS $$
BEGIN
    IF place = 'account' THEN
        RETURN QUERY SELECT held.id, held.id, held.id, coalesce(held.password_seal, 0), held.password
                       FROM authd.account AS held
                      WHERE substr(held.password, 9, 8) = seals_stale.key
                        AND held.password IS NOT NULL AND held.id > after
                      ORDER BY held.id LIMIT bound;
    ELSIF place = 'app_password' THEN
        RETURN QUERY SELECT held.id, held.id, held.account, 0::bigint, held.foreign_hash
                       FROM authd.app_password AS held
                      WHERE substr(held.foreign_hash, 9, 8) = seals_stale.key
                        AND held.foreign_hash IS NOT NULL AND held.id > after
                      ORDER BY held.id LIMIT bound;
    ELSIF place = 'totp' THEN
        RETURN QUERY SELECT held.account, held.id, held.account, 0::bigint, held.seed
                       FROM authd.totp AS held
                      WHERE substr(held.seed, 9, 8) = seals_stale.key AND held.account > after
                      ORDER BY held.account LIMIT bound;
    ELSIF place = 'totp_pending' THEN
        RETURN QUERY SELECT held.account, held.id, held.account, 0::bigint, held.seed
                       FROM authd.totp_pending AS held
                      WHERE substr(held.seed, 9, 8) = seals_stale.key AND held.account > after
                      ORDER BY held.account LIMIT bound;
    ELSE
        PERFORM authd.refuse('AU422', format('nothing is sealed in %s', place),
                             'Ask for account, app_password, totp or totp_pending.');
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION authd.seals_stale(text, text, bigint, int) TO authd_service;

-- authd.seals_replace(place text, ids bigint[], olds text[], news text[]) → int
-- Sealed texts in place of others that say the same: how many. A row that has another text by now
-- keeps it, and one that somebody is changing is left to the next time: nobody is waited for. Of the
-- rows nothing else changes, so whoever is logging in goes on. -1: another node is doing this.
-- Errors: AU422 no such table.
CREATE FUNCTION authd.seals_replace(place text, ids bigint[], olds text[], news text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    free     bigint[];
    replaced int := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('authd.seals_replace')) THEN
        RETURN -1;
    END IF;
    IF place = 'account' THEN
        free := ARRAY(SELECT held.id FROM authd.account AS held WHERE held.id = ANY (ids)
                         FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.account AS held SET password = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.id = text.id AND held.id = ANY (free) AND held.password = text.old;
    ELSIF place = 'app_password' THEN
        free := ARRAY(SELECT held.id FROM authd.app_password AS held WHERE held.id = ANY (ids)
                         FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.app_password AS held SET foreign_hash = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.id = text.id AND held.id = ANY (free) AND held.foreign_hash = text.old;
    ELSIF place = 'totp' THEN
        free := ARRAY(SELECT held.account FROM authd.totp AS held WHERE held.account = ANY (ids)
                         FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.totp AS held SET seed = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.account = text.id AND held.account = ANY (free) AND held.seed = text.old;
    ELSIF place = 'totp_pending' THEN
        free := ARRAY(SELECT held.account FROM authd.totp_pending AS held
                       WHERE held.account = ANY (ids) FOR NO KEY UPDATE SKIP LOCKED);
        UPDATE authd.totp_pending AS held SET seed = text.new
          FROM unnest(ids, olds, news) AS text (id, old, new)
         WHERE held.account = text.id AND held.account = ANY (free) AND held.seed = text.old;
    ELSE
        PERFORM authd.refuse('AU422', format('nothing is sealed in %s', place),
                             'Ask for account, app_password, totp or totp_pending.');
    END IF;
    GET DIAGNOSTICS replaced = ROW_COUNT;
    RETURN replaced;
END
$$;
GRANT EXECUTE ON FUNCTION authd.seals_replace(text, bigint[], text[], text[]) TO authd_service;

-- ---- verifiers -------------------------------------------------------------------------------

-- authd.app_password_rekey(ids bigint[], olds text[], news text[], keys text[]) → int
-- Verifiers of the same secrets under other peppers, in hex: how many. A row that has another
-- verifier by now keeps it, and one that somebody is changing is left to its next use. No version
-- rises.
CREATE FUNCTION authd.app_password_rekey(ids bigint[], olds text[], news text[], keys text[])
RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    free    text[];
    rekeyed int;
BEGIN
    free := ARRAY(SELECT held.selector FROM authd.app_password_secret AS held
                   WHERE held.app_password = ANY (ids) FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE authd.app_password_secret AS held
       SET verifier = decode(text.new, 'hex'), key = text.key
      FROM unnest(ids, olds, news, keys) AS text (id, old, new, key)
     WHERE held.app_password = text.id AND held.selector = ANY (free)
       AND held.verifier = decode(text.old, 'hex');
    GET DIAGNOSTICS rekeyed = ROW_COUNT;
    RETURN rekeyed;
END
$$;
GRANT EXECUTE ON FUNCTION authd.app_password_rekey(bigint[], text[], text[], text[])
    TO authd_service;

-- A request shows the verifier that it was let in by, once more when it changes something.
ALTER TABLE authd.api_key
    ADD COLUMN verifier_before bytea CHECK (octet_length(verifier_before) = 32); -- the same secret's

-- authd.api_key_rekey(ids bigint[], olds text[], news text[], keys text[]) → int
-- As authd.app_password_rekey(), of API keys. What was let in by the verifier before goes on.
CREATE FUNCTION authd.api_key_rekey(ids bigint[], olds text[], news text[], keys text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    free    bigint[];
    rekeyed int;
BEGIN
    free := ARRAY(SELECT held.id FROM authd.api_key AS held WHERE held.id = ANY (ids)
                     FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE authd.api_key AS held
       SET verifier = decode(text.new, 'hex'), key = text.key, verifier_before = held.verifier
      FROM unnest(ids, olds, news, keys) AS text (id, old, new, key)
     WHERE held.id = text.id AND held.id = ANY (free) AND held.verifier = decode(text.old, 'hex');
    GET DIAGNOSTICS rekeyed = ROW_COUNT;
    RETURN rekeyed;
END
$$;
GRANT EXECUTE ON FUNCTION authd.api_key_rekey(bigint[], text[], text[], text[]) TO authd_service;

-- authd.caller_api_key(id bigint, verifier bytea) → jsonb
-- As authd.caller(). A key has the role and reach that its owner has now, within its own domains; a
-- key that the host made is an administrator's.
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
