-- App passwords: made by authd for one device or program, each with its own end and its own scope.
--
-- Threats: a stolen database, so of an app password only a verifier is stored that is keyed from
-- outside the database, over kind, id, owner and secret; a row that is pasted onto another user, whom
-- the verifier then does not fit; a secret that opens more than mail, so nothing but
-- authd.login_lookup() reads verifiers.
--
-- The app password object: {kind, id, user, user_id, domain, label, created_at, created_by,
-- expires_at, sliding, expires_in (seconds after the last use; null: the end is fixed), expired, scope
-- (its document; null: none), imported, rotations, rotated_at, old_until (until when the secret before
-- the last rotation is good), last_used_at, last_used_address, etag}. Never a verifier or a hash.

-- authd.app_password_object(held authd.app_password) → jsonb
-- The app password object. Its etag leaves out what the clock or a use changes.
CREATE OR REPLACE FUNCTION authd.app_password_object(held authd.app_password) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account;
BEGIN
    SELECT * INTO owner FROM authd.account WHERE id = held.account;
    RETURN authd.object(jsonb_build_object(
        'kind', 'app-password',
        'id', held.id::text,
        'user', owner.login,
        'user_id', owner.id::text,
        'domain', (SELECT name FROM authd.domain WHERE id = owner.domain),
        'label', held.label,
        'created_at', authd.rfc3339(held.created_at),
        'created_by', held.created_by,
        'expires_at', CASE WHEN held.sliding IS NULL THEN authd.rfc3339(held.not_after) END,
        'sliding', held.sliding IS NOT NULL,
        'expires_in', extract(epoch FROM held.sliding)::bigint,
        'scope', authd.scope_content(held.scope),
        'imported', held.imported_hash IS NOT NULL,
        'rotations', held.rotations,
        'rotated_at', authd.rfc3339(held.rotated_at),
        'last_used_at', authd.rfc3339(held.last_used_at),
        'last_used_address', host(held.last_used_address)))
        || jsonb_build_object(
        'expires_at', authd.rfc3339(held.not_after),
        'expired', coalesce(held.not_after <= authd.now(), false),
        'old_until', (SELECT authd.rfc3339(max(old.not_after)) FROM authd.app_password_secret AS old
                       WHERE old.app_password = held.id AND old.not_after > authd.now()));
END
$$;

-- authd.app_password_find(actor jsonb, reach bigint[], arguments jsonb) → authd.app_password
-- The app password that members "user" and "id" name. Errors: as authd.account_find(); AU404.
CREATE OR REPLACE FUNCTION authd.app_password_find(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.app_password
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_find(actor, reach, arguments);
    wanted text          := arguments ->> 'id';
    held   authd.app_password;
BEGIN
    IF wanted ~ '^[0-9]{1,18}$' THEN
        SELECT * INTO held FROM authd.app_password
         WHERE id = wanted::bigint AND account = owner.id;
    END IF;
    IF held.id IS NULL THEN
        PERFORM authd.refuse('AU404',
            format('%s has no app password %s', owner.login, coalesce(left(wanted, 40), '')),
            'List the app passwords of the user: the id is the number in the list.');
    END IF;
    RETURN held;
END
$$;

-- authd.app_password_lock(actor jsonb, reach bigint[], arguments jsonb, owner authd.account)
--     → authd.app_password
-- authd.app_password_find() among those of a locked account, with the row of the app password locked
-- until the end of the transaction.
-- Errors: AU404.
CREATE OR REPLACE FUNCTION authd.app_password_lock(actor jsonb, reach bigint[], arguments jsonb,
                                                   owner authd.account) RETURNS authd.app_password
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.app_password := authd.app_password_find(actor, reach, arguments);
    locked authd.app_password;
BEGIN
    SELECT * INTO locked FROM authd.app_password
     WHERE id = wanted.id AND account = owner.id FOR UPDATE;
    IF locked.id IS NULL THEN -- gone while we waited for the lock
        PERFORM authd.refuse('AU404', format('%s has no app password %s', owner.login, wanted.id),
            'List the app passwords of the user: the id is the number in the list.');
    END IF;
    RETURN locked;
END
$$;

-- authd.app_password_changed(actor jsonb, action text, id bigint, before jsonb) → jsonb
-- authd.changed() for an app password that still exists.
CREATE OR REPLACE FUNCTION authd.app_password_changed(actor jsonb, action text, id bigint,
                                                      before jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.changed(actor, action, before,
        (SELECT authd.app_password_object(held) FROM authd.app_password AS held
          WHERE held.id = app_password_changed.id));
END
$$;

-- authd.app_password_label(arguments jsonb) → text
-- Member "label", 1 to 100 printable characters.
-- Errors: AU422 missing, or another text.
CREATE OR REPLACE FUNCTION authd.app_password_label(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.argument_required(arguments, 'label', 100,
                                   'Name the device or program that gets it, such as printer.')
$$;

-- authd.app_password_end(arguments jsonb, OUT not_after timestamptz, OUT sliding interval)
-- The end that members expires_at, expires_in (seconds) and sliding (boolean) ask for; both NULL: no
-- end. Bounds: expires_in 60 seconds to a hundred years, an hour at least if the end slides.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.app_password_end(arguments jsonb, OUT not_after timestamptz,
                                                  OUT sliding interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    slides  boolean := coalesce(authd.argument_boolean(arguments, 'sliding'), false);
    seconds bigint  := authd.argument_integer(arguments, 'expires_in',
                                              CASE WHEN slides THEN 3600 ELSE 60 END, 3155760000,
                                              'seconds');
BEGIN
    not_after := authd.argument_time_ahead(arguments, 'expires_at');
    IF not_after IS NOT NULL AND (seconds IS NOT NULL OR slides) THEN
        PERFORM authd.refuse('AU422', 'expires_at excludes expires_in and sliding',
                             'Give a fixed end, or a time after which it ends.');
    END IF;
    IF slides AND seconds IS NULL THEN
        PERFORM authd.refuse('AU422', 'sliding needs expires_in',
                             'Give expires_in: how long after its last use it ends.');
    END IF;
    IF seconds IS NOT NULL THEN
        not_after := authd.now() + make_interval(secs => seconds);
    END IF;
    IF slides THEN
        sliding := make_interval(secs => seconds);
    END IF;
END
$$;

-- authd.app_password_room(owner authd.account, imported boolean) → void
-- Makes room for one more app password: those that ended more than 90 days ago are deleted.
-- imported: the new one is imported.
-- Bounds: 10,000 app passwords a user, 8 of them imported: each imported one costs a login one slow
-- hash.
-- Errors: AU409 too many.
CREATE OR REPLACE FUNCTION authd.app_password_room(owner authd.account, imported boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.app_password
     WHERE account = owner.id AND not_after <= authd.now() - interval '90 days';
    IF (SELECT count(*) FROM authd.app_password WHERE account = owner.id) >= 10000 THEN
        PERFORM authd.refuse('AU409', format('%s has 10000 app passwords already', owner.login),
                             'Revoke some: a device needs one, and can keep it by rotation.');
    END IF;
    IF imported AND (SELECT count(*) FROM authd.app_password
         WHERE account = owner.id AND imported_hash IS NOT NULL) >= 8 THEN
        PERFORM authd.refuse('AU409', format('%s has 8 imported app passwords already', owner.login),
                             'Revoke some, or replace them by app passwords that authd makes.');
    END IF;
END
$$;

-- authd.app_password_list(actor, reach, {user, after?, limit?, match?, expired?})
--     → {"items": [app password object, …], "next": id | null}
-- In order of id, those above `after`. match: part of the label, whatever the case of its ASCII
-- letters. expired true: only app passwords that have ended; false: only the others.
-- Bounds: limit 1 to 1000, 100 if not given. Errors: as authd.account_find(); AU422.
CREATE OR REPLACE FUNCTION authd.app_password_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan -- a filter that is not given costs nothing
AS $$
DECLARE
    owner       authd.account := authd.account_find(actor, reach, arguments);
    start_after bigint  := CASE WHEN arguments ->> 'after' ~ '^[0-9]{1,18}$'
                                THEN (arguments ->> 'after')::bigint ELSE 0 END;
    part        text    := lower(authd.argument_text(arguments, 'match', 200));
    only_ended  boolean := authd.argument_boolean(arguments, 'expired');
    page_size   int     := authd.argument_limit(arguments);
    page        authd.app_password[];
    more        boolean;
BEGIN
    page := ARRAY(
        SELECT held FROM authd.app_password AS held
         WHERE held.account = owner.id AND held.id > start_after
           AND (part IS NULL OR strpos(lower(held.label), part) > 0)
           AND (only_ended IS NULL
                OR coalesce(held.not_after <= authd.now(), false) = only_ended)
         ORDER BY held.id
         LIMIT page_size + 1);
    more := cardinality(page) > page_size;
    page := page[1:page_size];
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.app_password_object(item) ORDER BY item.id), '[]')
                    FROM unnest(page) AS item),
        'next', CASE WHEN more THEN to_jsonb(page[page_size].id) END);
END
$$;

-- authd.app_password_add(actor, reach, {user, credential, label, selector, verifier, key,
--                                       expires_at?, expires_in?, sliding?, scope?})
--     → app password object, "changed": true
-- credential: a new authd.credential_id(), over which the verifier was made. An imported app password
-- has password_hash and password_owner instead of selector, verifier and key. scope: the canonical
-- text of a document. A notice goes to the user; a service user gets it only at a recovery address.
-- Errors: AU404; AU403; AU409 too many, or the hash was encrypted for another account; AU422.
CREATE OR REPLACE FUNCTION authd.app_password_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_label text := authd.app_password_label(arguments);
    new_hash  text := authd.argument_password_hash(arguments);
    owner     authd.account := authd.account_control(actor, reach, arguments);
    ends      record := authd.app_password_end(arguments);
    new_id    bigint := (arguments ->> 'credential')::bigint;
BEGIN
    IF new_hash IS NOT NULL THEN
        PERFORM authd.password_owner_check(arguments, owner);
    END IF;
    PERFORM authd.app_password_room(owner, new_hash IS NOT NULL);
    INSERT INTO authd.app_password (id, account, label, created_by, not_after, sliding, scope,
                                    imported_hash)
        VALUES (new_id, owner.id, new_label, actor ->> 'name', ends.not_after, ends.sliding,
                authd.scope_store(arguments ->> 'scope'), new_hash);
    IF new_hash IS NULL THEN
        PERFORM authd.app_password_secret_put(new_id, arguments);
    END IF;
    IF NOT owner.service OR owner.recovery_address IS NOT NULL THEN
        PERFORM authd.notice_put(owner.id, 'app-password',
            authd.notice_origin(actor) || jsonb_build_object('label', new_label));
    END IF;
    RETURN authd.app_password_changed(actor, 'app_password_add', new_id, NULL);
END
$$;

-- authd.app_password_show(actor, reach, {user, id}) → app password object
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.app_password_show(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.app_password_object(authd.app_password_find(actor, reach, arguments));
END
$$;

-- authd.app_password_narrowed(old authd.app_password, new authd.app_password) → boolean
-- Whether a changed app password surely opens no more than it did: it has the same end or an earlier
-- one, and the same sending scope, or its first one, in force. Two documents are not compared.
CREATE OR REPLACE FUNCTION authd.app_password_narrowed(old authd.app_password,
                                                       new authd.app_password) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (old.scope IS NOT DISTINCT FROM new.scope
            OR old.scope IS NULL
               AND authd.scope_content(new.scope) ->> 'mode' IS DISTINCT FROM 'monitor')
       AND coalesce(new.not_after, 'infinity') <= coalesce(old.not_after, 'infinity')
       AND (old.not_after IS NULL OR coalesce(new.sliding, '0') <= coalesce(old.sliding, '0'));
END
$$;

-- authd.app_password_set(actor, reach, {user, id, changes: {label?, expires_at?, expires_in?,
--                                       sliding?, scope?}})
--     → app password object, "changed"
-- An end that is given replaces the old one, also a sliding one; null: no end. scope: the canonical
-- text of a document; null: no scope.
-- Errors: AU404; AU403; AU428 a change that authd.app_password_narrowed() does not see to narrow; AU422,
-- also for any other member of changes.
CREATE OR REPLACE FUNCTION authd.app_password_set(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['label', 'expires_at', 'expires_in',
                                                             'sliding', 'scope']);
    old     authd.app_password := authd.app_password_lock(
        actor, reach, arguments, authd.account_control(actor, reach, arguments));
    new     authd.app_password := old;
    before  jsonb := authd.app_password_object(old);
    ends    record;
BEGIN
    IF changes ? 'label' THEN
        new.label := authd.app_password_label(changes);
    END IF;
    IF changes ?| ARRAY['expires_at', 'expires_in', 'sliding'] THEN
        ends := authd.app_password_end(changes);
        new.not_after := ends.not_after;
        new.sliding := ends.sliding;
    END IF;
    IF changes ? 'scope' THEN
        new.scope := authd.scope_store(changes ->> 'scope');
    END IF;
    IF NOT authd.app_password_narrowed(old, new) THEN
        PERFORM authd.require_fresh(actor, 'a longer life or a wider sending scope');
    END IF;
    UPDATE authd.app_password
       SET label = new.label, not_after = new.not_after, sliding = new.sliding, scope = new.scope,
           version = version + 1
     WHERE id = old.id AND new IS DISTINCT FROM old;
    RETURN authd.app_password_changed(actor, 'app_password_set', old.id, before);
END
$$;

-- authd.app_password_revoke(actor, reach, {user, id}) → the object as it was, "changed": true
-- The id is never used again.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.app_password_revoke(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.app_password := authd.app_password_lock(
        actor, reach, arguments, authd.account_lock(actor, reach, arguments));
    before jsonb := authd.app_password_object(old);
BEGIN
    DELETE FROM authd.app_password WHERE id = old.id;
    RETURN authd.changed(actor, 'app_password_revoke', before, NULL);
END
$$;

-- authd.app_password_end_all(account bigint) → bigint
-- Ends all app passwords of a locked account; how many there were. The calling function records this
-- as part of its own change.
CREATE OR REPLACE FUNCTION authd.app_password_end_all(account bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    ended bigint;
BEGIN
    DELETE FROM authd.app_password AS held WHERE held.account = app_password_end_all.account;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END
$$;
