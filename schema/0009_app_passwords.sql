-- App passwords: made by authd for one device or program, each with its own end and its own scope.
-- And what a login asks, now that there are two kinds of passwords.
-- Oldest compatible: 6
--
-- Threats: a stolen database, so of an app password only a verifier is stored that is keyed from
-- outside it, over kind, id, owner and secret; a row that is pasted onto another user, whom its
-- verifier then does not fit; a secret that opens more than mail, so nothing but authd.login_lookup()
-- reads verifiers.
--
-- The app password object: {kind, id, user, user_id, domain, label, created_at, created_by,
-- expires_at, sliding, expires_in (seconds after the last use; null: the end is fixed), expired,
-- scope (its document; null: none), foreign, rotations, rotated_at, old_until (until when the secret
-- before the last rotation is good), last_used_at, last_used_address, etag}. Never a verifier or a hash.

-- The keys that something in this database was made with, by the name of the key. So a node that has
-- another file is told before it starts.
CREATE TABLE authd.key (
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('pepper', 'audit')),
    id         text COLLATE "C" NOT NULL CHECK (id ~ '^[0-9a-f]{8}$'),
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (kind, id)
);

-- authd.key_list() → (kind text, id text)
-- What key files every node needs.
CREATE FUNCTION authd.key_list() RETURNS TABLE (kind text, id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT known.kind, known.id FROM authd.key AS known ORDER BY known.kind, known.id;
END
$$;
GRANT EXECUTE ON FUNCTION authd.key_list() TO authd_service;

CREATE TABLE authd.app_password (
    id                bigint PRIMARY KEY, -- authd.credential_id(): N of alice#kN@example.org
    account           bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    label             text NOT NULL CHECK (label !~ '[\u0001-\u001f\u007f-\u009f]'
                                           AND char_length(label) BETWEEN 1 AND 100),
    created_at        timestamptz NOT NULL DEFAULT authd.now(),
    created_by        text NOT NULL,
    not_after         timestamptz, -- NULL: never
    sliding           interval CHECK (sliding >= interval '1 hour'), -- after the last use; NULL: fixed
    scope             text COLLATE "C" CHECK (scope ~ '^[0-9a-f]{64}$'), -- its document; NULL: none
    foreign_hash      text COLLATE "C" -- of a secret that was made elsewhere
                      CHECK (octet_length(foreign_hash) <= 1024 AND foreign_hash ~ '^[!-~]+$'),
    rotations         int NOT NULL DEFAULT 0,
    rotated_at        timestamptz,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    last_used_at      timestamptz,
    last_used_address inet,
    CONSTRAINT sliding_has_an_end CHECK (sliding IS NULL OR not_after IS NOT NULL)
);
COMMENT ON COLUMN authd.app_password.version IS
    'rises with every change that a login which is under way must notice';
CREATE INDEX app_password_account ON authd.app_password (account, id);
CREATE INDEX app_password_foreign ON authd.app_password (account, id)
    WHERE foreign_hash IS NOT NULL;

-- Its secret; two of them while an old one still holds after a rotation.
CREATE TABLE authd.app_password_secret (
    selector     text COLLATE "C" PRIMARY KEY CHECK (selector ~ '^[a-z2-7]{8}$'),
    app_password bigint NOT NULL REFERENCES authd.app_password ON DELETE CASCADE,
    verifier     bytea NOT NULL CHECK (octet_length(verifier) = 32),
    key          text COLLATE "C" NOT NULL CHECK (key ~ '^[0-9a-f]{8}$'), -- under which pepper
    not_after    timestamptz -- NULL: as long as the app password
);
CREATE INDEX app_password_secret_of ON authd.app_password_secret (app_password);

-- ---- logins ----------------------------------------------------------------------------------

-- authd.login_lookup(logins text[], selectors text[])
--     → (n int, id bigint, version bigint, login text, suspended boolean, password text,
--        generation int, foreign_passwords text, credential bigint, credential_version bigint,
--        verifier text, key text, expired boolean)
-- The accounts of canonical logins; n is the place in the arrays, from 1. Unknown logins have no
-- row. A selector is that of the app password which was shown, '' if it was no app password;
-- credential to expired are NULL unless that app password is the account's own. verifier is in hex.
-- foreign_passwords: the account's app passwords that were made elsewhere, unless a selector was
-- given: a line for each, "id version hash"; NULL: none.
-- Bounds: at most 64 logins; at most 8 foreign app passwords of each.
-- Errors: AU422 too many logins, or not as many selectors.
-- One plan, kept: see authd.lookup(). It asks the same few index entries whether a user has one app
-- password or thousands.
CREATE FUNCTION authd.login_lookup(logins text[], selectors text[])
RETURNS TABLE (n int, id bigint, version bigint, login text, suspended boolean, password text,
               generation int, foreign_passwords text, credential bigint,
               credential_version bigint, verifier text, key text, expired boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 64 SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    IF cardinality(logins) > 64 OR cardinality(selectors) <> cardinality(logins) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('a lookup of %s logins and %s selectors is too large or uneven',
                             cardinality(logins), cardinality(selectors)),
            HINT = 'Ask for at most 64, with as many selectors.';
    END IF;
    RETURN QUERY
        SELECT asked.n::int, account.id, account.version, account.login, account.suspended,
               account.password, account.password_generation, made_elsewhere.lines,
               held.id, held.version,
               CASE WHEN held.id IS NOT NULL THEN encode(secret.verifier, 'hex') END,
               CASE WHEN held.id IS NOT NULL THEN secret.key END,
               CASE WHEN held.id IS NOT NULL
                    THEN coalesce(least(held.not_after, secret.not_after) <= authd.now(), false) END
          FROM unnest(logins, selectors) WITH ORDINALITY AS asked (login, selector, n)
          JOIN authd.account ON account.login = asked.login
          LEFT JOIN authd.app_password_secret AS secret ON secret.selector = asked.selector
          LEFT JOIN authd.app_password AS held
            ON held.id = secret.app_password AND held.account = account.id
          LEFT JOIN LATERAL (
               SELECT string_agg(format('%s %s %s', other.id, other.version, other.foreign_hash),
                                 E'\n' ORDER BY other.id) AS lines
                 FROM (SELECT kept.id, kept.version, kept.foreign_hash
                         FROM authd.app_password AS kept
                        WHERE kept.account = account.id AND kept.foreign_hash IS NOT NULL
                          AND coalesce(kept.not_after > authd.now(), true)
                        ORDER BY kept.id LIMIT 8) AS other) AS made_elsewhere
            ON asked.selector = '';
END
$$;
GRANT EXECUTE ON FUNCTION authd.login_lookup(text[], text[]) TO authd_service;

-- authd.login_confirm(id bigint, version bigint, credential bigint, credential_version bigint)
--     → boolean
-- Whether account and app password (NULL: the main password was shown) still are as
-- authd.login_lookup() returned them, the one not suspended, the other not at its end. Asked after
-- every wait between lookup and answer.
CREATE FUNCTION authd.login_confirm(id bigint, version bigint, credential bigint,
                                    credential_version bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.confirm(id, version)
       AND (credential IS NULL OR EXISTS (
            SELECT FROM authd.app_password AS held
             WHERE held.id = login_confirm.credential
               AND held.account = login_confirm.id
               AND held.version = login_confirm.credential_version
               AND coalesce(held.not_after > authd.now(), true)));
END
$$;
GRANT EXECUTE ON FUNCTION authd.login_confirm(bigint, bigint, bigint, bigint) TO authd_service;

-- authd.app_password_used(ids bigint[], clients text[]) → int
-- Records when and from where app passwords were last used, and moves the ends that slide; how many
-- rows it changed. clients: numeric addresses, '' for unknown. Within five minutes of the last time
-- nothing is written: with what the caller keeps back, a last use is exact to 15 minutes.
-- Errors: 22P02 a client that is no address.
CREATE FUNCTION authd.app_password_used(ids bigint[], clients text[]) RETURNS int
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

-- ---- objects and arguments -------------------------------------------------------------------

-- authd.app_password_object(held authd.app_password) → jsonb
-- The app password object. Its etag says nothing of what the clock or a use changes.
CREATE FUNCTION authd.app_password_object(held authd.app_password) RETURNS jsonb
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
        'foreign', held.foreign_hash IS NOT NULL,
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
CREATE FUNCTION authd.app_password_find(actor jsonb, reach bigint[], arguments jsonb)
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

-- authd.app_password_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.app_password
-- The same, to be changed: its account and itself are locked until the end of the transaction.
-- Errors: as authd.account_lock(); AU404.
CREATE FUNCTION authd.app_password_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.app_password
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_lock(actor, reach, arguments);
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
-- authd.changed() for one that is still there.
CREATE FUNCTION authd.app_password_changed(actor jsonb, action text, id bigint, before jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.changed(actor, action, before,
        (SELECT authd.app_password_object(held) FROM authd.app_password AS held
          WHERE held.id = app_password_changed.id));
END
$$;

-- authd.argument_label(arguments jsonb) → text
-- Member "label". Errors: AU422 missing, or not 1 to 100 printable characters.
CREATE FUNCTION authd.argument_label(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'label', 100);
BEGIN
    IF value IS NULL THEN
        PERFORM authd.refuse('AU422', 'label is missing',
                             'Name the device or program that gets it, such as printer.');
    END IF;
    RETURN value;
END
$$;

-- authd.argument_seconds(arguments jsonb, member text, lowest bigint, highest bigint) → bigint
-- A whole number of seconds; NULL if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_seconds(arguments jsonb, member text, lowest bigint, highest bigint)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value numeric;
BEGIN
    IF coalesce(jsonb_typeof(arguments -> member), 'null') = 'null' THEN
        RETURN NULL;
    END IF;
    value := CASE WHEN jsonb_typeof(arguments -> member) = 'number'
                  THEN (arguments ->> member)::numeric END;
    IF value IS NULL OR value NOT BETWEEN lowest AND highest OR value % 1 <> 0 THEN
        PERFORM authd.refuse('AU422', format('%s must be from %s to %s seconds', member, lowest, highest),
                             format('Give %s as a whole number of seconds.', member));
    END IF;
    RETURN value;
END
$$;

-- authd.argument_time(arguments jsonb, member text) → timestamptz
-- A time to come, as RFC 3339; NULL if it is absent or null. Errors: AU422 no such time, or past, or
-- more than a hundred years ahead.
CREATE FUNCTION authd.argument_time(arguments jsonb, member text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    text_of text := authd.argument_text(arguments, member, 40);
    value   timestamptz;
BEGIN
    IF text_of IS NULL THEN
        RETURN NULL;
    END IF;
    IF text_of ~ '^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$' THEN
        BEGIN
            value := text_of::timestamptz;
        EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format
                       OR invalid_time_zone_displacement_value THEN
            value := NULL;
        END;
    END IF;
    IF value IS NULL THEN
        PERFORM authd.refuse('AU422', format('%s is not a time', member),
                             'Write it like 2026-12-31T00:00:00Z.');
    END IF;
    IF value <= authd.now() OR value > authd.now() + interval '100 years' THEN
        PERFORM authd.refuse('AU422', format('%s is %s', member, CASE WHEN value <= authd.now()
                                 THEN 'in the past' ELSE 'more than a hundred years ahead' END),
                             'Give a time to come; to end it at once, revoke it.');
    END IF;
    RETURN value;
END
$$;

-- authd.app_password_end(arguments jsonb, OUT not_after timestamptz, OUT sliding interval)
-- The end that members expires_at, expires_in (seconds) and sliding (boolean) ask for; both NULL:
-- none. Bounds: expires_in 60 seconds to a hundred years, 1 hour at least if it slides.
-- Errors: AU422.
CREATE FUNCTION authd.app_password_end(arguments jsonb, OUT not_after timestamptz,
                                       OUT sliding interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    slides  boolean := coalesce(authd.argument_boolean(arguments, 'sliding'), false);
    seconds bigint  := authd.argument_seconds(arguments, 'expires_in',
                                              CASE WHEN slides THEN 3600 ELSE 60 END, 3155760000);
BEGIN
    not_after := authd.argument_time(arguments, 'expires_at');
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

-- authd.app_password_secret_put(id bigint, arguments jsonb) → void
-- Stores the verifier in members selector, verifier (hex) and key, which authd itself has made.
-- Errors: 23505 the selector is taken (with ten million of them, once in a hundred thousand tries):
-- nothing was changed, try again.
CREATE FUNCTION authd.app_password_secret_put(id bigint, arguments jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    INSERT INTO authd.app_password_secret (selector, app_password, verifier, key)
        VALUES (arguments ->> 'selector', id, decode(arguments ->> 'verifier', 'hex'),
                arguments ->> 'key')
$$;

-- authd.app_password_room(owner authd.account, made_elsewhere boolean) → void
-- Makes room for one more: those that ended more than 90 days ago are forgotten.
-- Bounds: 10,000 app passwords of a user, 8 of them made elsewhere: each of these costs a login one
-- slow hash.
-- Errors: AU409 too many.
CREATE FUNCTION authd.app_password_room(owner authd.account, made_elsewhere boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.app_password
     WHERE account = owner.id AND not_after <= authd.now() - interval '90 days';
    IF (SELECT count(*) FROM authd.app_password WHERE account = owner.id) >= 10000 THEN
        PERFORM authd.refuse('AU409', format('%s has 10000 app passwords already', owner.login),
                             'Revoke some: a device needs one, and can keep it by rotation.');
    END IF;
    IF made_elsewhere AND (SELECT count(*) FROM authd.app_password
         WHERE account = owner.id AND foreign_hash IS NOT NULL) >= 8 THEN
        PERFORM authd.refuse('AU409', format('%s has 8 foreign app passwords already', owner.login),
                             'Revoke some, or replace them by app passwords that authd makes.');
    END IF;
END
$$;

-- ---- operations ------------------------------------------------------------------------------

-- authd.app_password_list(actor, reach, {user, after?, limit?, match?, expired?})
--     → {"items": [app password object, …], "next": id | null}
-- In order of id, beginning after `after`. match: part of the label, whatever the case of its ASCII
-- letters. expired: only these, or only the others.
-- Bounds: limit 1 to 1000, 100 if not given. Errors: as authd.account_find(); AU422.
CREATE FUNCTION authd.app_password_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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

-- authd.app_password_show(actor, reach, {user, id}) → app password object
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.app_password_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.app_password_object(authd.app_password_find(actor, reach, arguments));
END
$$;

-- authd.app_password_add(actor, reach, {user, credential, label, selector, verifier, key,
--                                       expires_at?, expires_in?, sliding?, scope?})
--     → app password object, "changed": true
-- credential: a new authd.credential_id(), over which the verifier was made. Instead of selector,
-- verifier and key: password_hash, of a secret that was made elsewhere. scope: the canonical text of
-- its document.
-- Errors: AU404; AU403; AU409 too many; AU422.
CREATE FUNCTION authd.app_password_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_label text := authd.argument_label(arguments);
    new_hash  text := authd.argument_password_hash(arguments);
    owner     authd.account := authd.account_lock(actor, reach, arguments);
    ends      record := authd.app_password_end(arguments);
    new_id    bigint := (arguments ->> 'credential')::bigint;
BEGIN
    PERFORM authd.app_password_room(owner, new_hash IS NOT NULL);
    INSERT INTO authd.app_password (id, account, label, created_by, not_after, sliding, scope,
                                    foreign_hash)
        VALUES (new_id, owner.id, new_label, actor ->> 'name', ends.not_after, ends.sliding,
                authd.scope_store(arguments ->> 'scope'), new_hash);
    IF new_hash IS NULL THEN
        PERFORM authd.app_password_secret_put(new_id, arguments);
    END IF;
    RETURN authd.app_password_changed(actor, 'app_password_add', new_id, NULL);
END
$$;

-- authd.app_password_set(actor, reach, {user, id, changes: {label?, expires_at?, expires_in?,
--                                       sliding?, scope?}})
--     → app password object, "changed"
-- An end that is given replaces the old one, a sliding one too; null: none. scope: the canonical
-- text of its document; null: no scope of its own.
-- Errors: AU404; AU403; AU422, also for any other member of changes.
CREATE FUNCTION authd.app_password_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := arguments -> 'changes';
    old     authd.app_password := authd.app_password_lock(actor, reach, arguments);
    new     authd.app_password := old;
    before  jsonb := authd.app_password_object(old);
    ends    record;
    unknown text;
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        PERFORM authd.refuse('AU422', 'changes must be an object',
                             'It may have label, expires_at, expires_in, sliding and scope.');
    END IF;
    SELECT min(key) INTO unknown FROM jsonb_object_keys(changes) AS key
     WHERE key NOT IN ('label', 'expires_at', 'expires_in', 'sliding', 'scope');
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('%s cannot be set', left(unknown, 40)),
            'What can be set is label, expires_at, expires_in, sliding and scope.');
    END IF;

    IF changes ? 'label' THEN
        new.label := authd.argument_label(changes);
    END IF;
    IF changes ?| ARRAY['expires_at', 'expires_in', 'sliding'] THEN
        ends := authd.app_password_end(changes);
        new.not_after := ends.not_after;
        new.sliding := ends.sliding;
    END IF;
    IF changes ? 'scope' THEN
        new.scope := authd.scope_store(changes ->> 'scope');
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
CREATE FUNCTION authd.app_password_revoke(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.app_password := authd.app_password_lock(actor, reach, arguments);
    before jsonb := authd.app_password_object(old);
BEGIN
    DELETE FROM authd.app_password WHERE id = old.id;
    RETURN authd.changed(actor, 'app_password_revoke', before, NULL);
END
$$;

-- authd.app_password_rotate(actor, reach, {user, id, overlap?, selector, verifier, key})
--     → app password object, "changed": true
-- A new secret for the same id, label, end and scope. The old one is good for `overlap` seconds
-- more; one that was still good from the rotation before is not.
-- Bounds: overlap 0 to 604800 (7 days), 0 if not given.
-- Errors: AU404; AU403; AU409 it has ended, or was made elsewhere; AU422.
CREATE FUNCTION authd.app_password_rotate(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    overlap bigint := coalesce(authd.argument_seconds(arguments, 'overlap', 0, 604800), 0);
    old     authd.app_password := authd.app_password_lock(actor, reach, arguments);
    before  jsonb := authd.app_password_object(old);
BEGIN
    IF old.foreign_hash IS NOT NULL THEN
        PERFORM authd.refuse('AU409', format('app password %s was made elsewhere', old.id),
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

-- authd.app_password_end_all(account bigint) → bigint
-- Ends all app passwords of a locked account; how many there were. Recorded by the caller, as part
-- of what he does.
CREATE FUNCTION authd.app_password_end_all(account bigint) RETURNS bigint
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
