-- Secrets of app passwords: verifiers, last uses, and the encrypted hashes of imported ones.

-- authd.app_password_secret_put(id bigint, arguments jsonb) → void
-- Stores the verifier in members selector, verifier (hex) and key, which authd has made.
-- Errors: 23505 the selector is taken (with ten million of them, once in a hundred thousand tries):
-- nothing was changed, try again.
CREATE OR REPLACE FUNCTION authd.app_password_secret_put(id bigint, arguments jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    INSERT INTO authd.app_password_secret (selector, app_password, verifier, key)
        VALUES (arguments ->> 'selector', id, decode(arguments ->> 'verifier', 'hex'),
                arguments ->> 'key')
$$;

-- authd.app_password_rotate(actor, reach, {user, id, overlap?, selector, verifier, key})
--     → app password object, "changed": true
-- A new secret for the same id, label, end and scope. The old secret is good for `overlap` seconds
-- more; a secret that was still good from the rotation before ends at once.
-- Bounds: overlap 0 to 604800 (7 days), 0 if not given.
-- Errors: AU404; AU403; AU409 the app password has ended, or is imported; AU422.
CREATE OR REPLACE FUNCTION authd.app_password_rotate(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    overlap bigint := coalesce(authd.argument_integer(arguments, 'overlap', 0, 604800, 'seconds'),
                               0);
    old     authd.app_password := authd.app_password_lock(
        actor, reach, arguments, authd.account_control(actor, reach, arguments));
    before  jsonb := authd.app_password_object(old);
BEGIN
    IF old.imported_hash IS NOT NULL THEN
        PERFORM authd.refuse('AU409', format('app password %s is imported', old.id),
                             'Add a new app password, then revoke this one.');
    END IF;
    IF old.not_after <= authd.now() THEN
        PERFORM authd.refuse('AU409', format('app password %s has expired', old.id),
                             'Set expires_at first, or add a new app password.');
    END IF;
    DELETE FROM authd.app_password_secret
     WHERE app_password = old.id AND (overlap = 0 OR not_after IS NOT NULL);
    UPDATE authd.app_password_secret
       SET not_after = authd.now() + make_interval(secs => overlap)
     WHERE app_password = old.id;
    PERFORM authd.app_password_secret_put(old.id, arguments);
    UPDATE authd.app_password
       SET rotations = rotations + 1, rotated_at = authd.now(), version = version + 1
     WHERE id = old.id;
    RETURN authd.app_password_changed(actor, 'app_password_rotate', old.id, before);
END
$$;

-- authd.app_password_used(ids bigint[], clients text[]) → int
-- Records when and from where app passwords were last used, and moves the ends that slide; how many
-- rows were changed. clients: numeric addresses, '' for unknown. Within five minutes of the last time
-- nothing is written: with the delay in authd, a last use is exact to 15 minutes.
-- Errors: 22P02 a client that is not an address.
CREATE OR REPLACE FUNCTION authd.app_password_used(ids bigint[], clients text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changed int;
BEGIN
    -- In order of id, so that two nodes cannot wait for each other.
    PERFORM FROM authd.app_password WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE authd.app_password AS held
       SET last_used_at = authd.now(),
           last_used_address = nullif(used.client, '')::inet,
           not_after = CASE WHEN held.sliding IS NOT NULL AND held.not_after > authd.now()
                            THEN authd.now() + held.sliding ELSE held.not_after END
      FROM unnest(ids, clients) AS used (id, client)
     WHERE held.id = used.id
       AND coalesce(held.last_used_at <= authd.now() - interval '5 minutes', true);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$;
GRANT EXECUTE ON FUNCTION authd.app_password_used(bigint[], text[]) TO authd_service;

-- authd.app_password_rekey(ids bigint[], olds text[], news text[], keys text[]) → int
-- Replaces verifiers by verifiers of the same secrets under other peppers, in hex; how many. A row
-- whose verifier is not the old one is left alone, and a row that is locked waits for its next use. No
-- version rises.
CREATE OR REPLACE FUNCTION authd.app_password_rekey(ids bigint[], olds text[], news text[],
                                                    keys text[]) RETURNS int
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
GRANT EXECUTE ON FUNCTION authd.app_password_rekey(bigint[], text[], text[], text[]) TO authd_service;

-- authd.imported_passwords(account bigint) → text
-- The imported app passwords of an account that have not ended, at most 8: a line for each, "id
-- version scope hash", the hash encrypted. NULL: there are none, or there is no such account. Asked
-- only after a password was presented that was not the main one.
CREATE OR REPLACE FUNCTION authd.imported_passwords(account bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
BEGIN
    RETURN (SELECT string_agg(format('%s %s %s %s', other.id, other.version,
                                     authd.scope_word(other.scope), other.imported_hash),
                              E'\n' ORDER BY other.id)
              FROM (SELECT kept.id, kept.version, kept.scope, kept.imported_hash
                      FROM authd.app_password AS kept
                     WHERE kept.account = imported_passwords.account AND kept.imported_hash IS NOT NULL
                       AND coalesce(kept.not_after > authd.now(), true)
                     ORDER BY kept.id LIMIT 8) AS other);
END
$$;
GRANT EXECUTE ON FUNCTION authd.imported_passwords(bigint) TO authd_service;
