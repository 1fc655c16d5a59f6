-- API keys. An API key acts with the role and reach that its owner has at that moment, narrowed by its
-- own rights and domains, and another API key can neither see nor change it.

-- authd.argument_rights(arguments jsonb) → text[]
-- Member "rights": RESOURCE:read or RESOURCE:write, * for every resource; {*:read} if it is absent or
-- null.
-- Errors: AU422 empty, or there is no such right.
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

-- authd.argument_key_domains(reach bigint[], arguments jsonb) → bigint[]
-- Member "domains": names within reach; NULL if it is absent or null: the key reaches as far as its
-- owner.
-- Errors: AU422 empty, or there is no such domain.
CREATE OR REPLACE FUNCTION authd.argument_key_domains(reach bigint[], arguments jsonb)
RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    names   text[] := authd.argument_names(arguments, 'domains', 1000);
    unknown text;
BEGIN
    IF names = '{}' THEN
        PERFORM authd.refuse('AU422', 'domains is empty',
                             'Name at least one, or leave it out for all that you reach.');
    END IF;
    SELECT min(wanted.name) INTO unknown FROM unnest(names) AS wanted (name)
     WHERE NOT EXISTS (SELECT FROM authd.domain
                        WHERE domain.name = wanted.name
                          AND (reach IS NULL OR domain.id = ANY (reach)));
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('there is no domain %s', left(unknown, 253)),
                             'Check the spelling, or list the domains.');
    END IF;
    RETURN CASE WHEN names IS NOT NULL THEN
        ARRAY(SELECT domain.id FROM authd.domain WHERE domain.name = ANY (names) ORDER BY 1) END;
END
$$;

-- authd.api_key_label(arguments jsonb) → text
-- Member "label", 1 to 100 printable characters.
-- Errors: AU422 missing, or another text.
CREATE OR REPLACE FUNCTION authd.api_key_label(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.argument_required(arguments, 'label', 100, 'Say what it is for.')
$$;

-- authd.api_key_object(key authd.api_key) → jsonb
-- {kind: api-key, id, label, user and user_id (null: the host made the key), domain, rights[],
-- domains[] | null, created_at, expires_at, last_used_at, last_used_address, etag}
CREATE OR REPLACE FUNCTION authd.api_key_object(key authd.api_key) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    login text := (SELECT account.login FROM authd.account WHERE id = key.owner);
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'api-key',
        'id', key.id::text,
        'label', key.label,
        'user', login,
        'user_id', key.owner::text,
        'domain', split_part(login, '@', 2),
        'rights', to_jsonb(key.rights),
        'domains', authd.domain_names(key.domains),
        'created_at', authd.rfc3339(key.created_at),
        'expires_at', authd.rfc3339(key.expires_at),
        'last_used_at', authd.rfc3339(key.last_used_at),
        'last_used_address', host(key.last_used_address)));
END
$$;

-- authd.api_key_within(actor jsonb, reach bigint[], key authd.api_key) → boolean
-- Whether the caller may know of an API key: its owner is the caller or within the caller's reach.
CREATE OR REPLACE FUNCTION authd.api_key_within(actor jsonb, reach bigint[], key authd.api_key)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT key.id IS NOT NULL
       AND (reach IS NULL OR EXISTS (SELECT FROM authd.account
                                      WHERE account.id = key.owner
                                        AND authd.account_within(actor, reach, account)))
$$;

-- authd.api_key_find(actor jsonb, reach bigint[], arguments jsonb) → authd.api_key
-- The API key within reach that member "id" names.
-- Errors: AU404 there is none; AU403 the caller is an API key; AU422 no id.
CREATE OR REPLACE FUNCTION authd.api_key_find(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.api_key
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    found authd.api_key;
BEGIN
    PERFORM authd.require_no_api_key(actor, 'an API key cannot see or change API keys');
    SELECT * INTO found FROM authd.api_key AS held WHERE held.id = authd.argument_id(arguments);
    IF NOT authd.api_key_within(actor, reach, found) THEN
        PERFORM authd.refuse('AU404',
            format('there is no API key %s', left(arguments ->> 'id', 20)), 'List the API keys.');
    END IF;
    RETURN found;
END
$$;

-- authd.api_key_by_selector(selector text) → (id bigint, owner bigint, verifier text, key text)
-- What authd needs to check an API key: its verifier in hex, and the name of the pepper. owner is NULL
-- for a key that the host made. No row: there is no such key, or it has expired.
CREATE OR REPLACE FUNCTION authd.api_key_by_selector(selector text)
RETURNS TABLE (id bigint, owner bigint, verifier text, key text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT held.id, held.owner, encode(held.verifier, 'hex'), held.key
          FROM authd.api_key AS held
         WHERE held.selector = api_key_by_selector.selector AND held.expires_at > authd.now();
END
$$;
GRANT EXECUTE ON FUNCTION authd.api_key_by_selector(text) TO authd_service;

-- authd.api_key_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.api_key
-- authd.api_key_find(), with the row locked until the end of the transaction.
-- Errors: also AU403 the owner's role is not below the caller's. A key that the host made has the role
-- admin.
CREATE OR REPLACE FUNCTION authd.api_key_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.api_key
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.api_key := authd.api_key_find(actor, reach, arguments);
    locked authd.api_key;
    role   text := coalesce((SELECT account.role FROM authd.account WHERE id = wanted.owner),
                            'admin');
BEGIN
    IF authd.role_rank(role) >= (actor ->> 'rank')::int
       AND wanted.owner IS DISTINCT FROM (actor ->> 'account')::bigint THEN
        PERFORM authd.refuse('AU403',
            format('API key %s has the role %s, which is not below yours', wanted.id, role),
            'Ask somebody with a higher role.');
    END IF;
    SELECT * INTO locked FROM authd.api_key AS held WHERE held.id = wanted.id FOR UPDATE;
    IF locked.id IS NULL THEN -- deleted while we waited for the lock
        PERFORM authd.refuse('AU404', format('there is no API key %s', wanted.id),
                             'List the API keys.');
    END IF;
    RETURN locked;
END
$$;

-- authd.api_key_list(actor, reach, {after?, limit?})
--     → {"items": [api-key object, …], "next": text | null}
-- The newest first.
-- Bounds: limit 1 to 1000, 100 if not given.
-- Errors: AU403, AU422.
CREATE OR REPLACE FUNCTION authd.api_key_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    after     text[] := authd.argument_after(arguments);
    page_size int    := authd.argument_limit(arguments);
    page      authd.api_key[];
BEGIN
    PERFORM authd.require_no_api_key(actor, 'an API key cannot see or change API keys');
    page := ARRAY(
        SELECT held FROM authd.api_key AS held
         WHERE authd.api_key_within(actor, reach, held)
           AND (after[2] IS NULL OR held.id < after[2]::bigint)
         ORDER BY held.id DESC LIMIT page_size + 1);
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.api_key_object(page[n]) ORDER BY n), '[]')
                    FROM generate_series(1, least(cardinality(page), page_size)) AS n),
        'next', CASE WHEN cardinality(page) > page_size THEN
            authd.cursor_of('', page[page_size].id) END);
END
$$;

-- authd.api_key_add(actor, reach, {id, selector, verifier, key, label, rights[]?, domains[]?,
--                                  expires_in? | expires_at?})
--     → api-key object, "changed": true
-- The caller becomes the owner; a key that the host makes has no owner. id: a new
-- authd.credential_id(). verifier: in hex, keyed by the pepper `key` over kind, id, owner and secret,
-- so that it fits no other owner. Without an end the key expires in 90 days.
-- Bounds: two years; 100 keys an owner.
-- Errors: AU403 the caller is an API key; AU409 too many; AU422.
CREATE OR REPLACE FUNCTION authd.api_key_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    maker  bigint := (actor ->> 'account')::bigint;
    expiry timestamptz := coalesce(authd.argument_expiry(arguments, interval '2 years'),
                                   authd.now() + interval '90 days');
    new    authd.api_key;
BEGIN
    PERFORM authd.require_no_api_key(actor, 'an API key cannot see or change API keys');
    IF maker IS NOT NULL THEN
        PERFORM FROM authd.account WHERE id = maker FOR NO KEY UPDATE;
        PERFORM authd.caller_check(actor);
    END IF;
    IF (SELECT count(*) FROM authd.api_key AS held
         WHERE held.owner IS NOT DISTINCT FROM maker) >= 100 THEN
        PERFORM authd.refuse('AU409', format('%s has 100 API keys already', actor ->> 'name'),
                             'Revoke some first.');
    END IF;
    INSERT INTO authd.api_key (id, owner, selector, verifier, key, label, rights, domains,
                               expires_at)
        VALUES (authd.argument_id(arguments), maker, authd.argument_text(arguments, 'selector', 8),
                authd.argument_digest(arguments, 'verifier'),
                authd.argument_text(arguments, 'key', 8),
                authd.api_key_label(arguments), authd.argument_rights(arguments),
                authd.argument_key_domains(reach, arguments), expiry)
        RETURNING * INTO new;
    RETURN authd.changed(actor, 'api_key_add', NULL, authd.api_key_object(new));
END
$$;

-- authd.api_key_show(actor, reach, {id}) → api-key object
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.api_key_show(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.api_key_object(authd.api_key_find(actor, reach, arguments));
END
$$;

-- authd.rights_within(rights text[], held text[]) → boolean
-- Whether each right is one of those that are held, or implied by one: *:ACCESS is the right to every
-- resource, and RESOURCE:write includes RESOURCE:read.
CREATE OR REPLACE FUNCTION authd.rights_within(rights text[], held text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT NOT EXISTS (
        SELECT FROM unnest(rights) AS wanted,
               LATERAL (SELECT split_part(wanted, ':', 1) AS resource, split_part(wanted, ':', 2) AS access)
                    AS part
         WHERE NOT held && ARRAY[wanted, '*:' || access, resource || ':write', '*:write'])
$$;

-- authd.api_key_narrowed(old authd.api_key, new authd.api_key) → boolean
-- Whether a changed API key surely opens no more than it did.
CREATE OR REPLACE FUNCTION authd.api_key_narrowed(old authd.api_key, new authd.api_key)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.rights_within(new.rights, old.rights)
       AND authd.reach_contains(old.domains, new.domains)
       AND new.expires_at <= old.expires_at
$$;

-- authd.api_key_set(actor, reach, {id, changes: {label?, rights[]?, domains[]?, expires_in? |
--                                  expires_at?}})
--     → api-key object, "changed"
-- Bounds: the key expires two years from now at the latest.
-- Errors: AU404, AU403; AU428 a change that authd.api_key_narrowed() does not see to narrow; AU422.
CREATE OR REPLACE FUNCTION authd.api_key_set(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['label', 'rights', 'domains',
                                                             'expires_in', 'expires_at']);
    old     authd.api_key := authd.api_key_lock(actor, reach, arguments);
    new     authd.api_key := old;
    owner   authd.account;
BEGIN
    SELECT * INTO owner FROM authd.account WHERE id = old.owner;
    IF owner.id IS DISTINCT FROM (actor ->> 'account')::bigint THEN
        PERFORM authd.control_check(actor, reach, owner);
    END IF;
    IF changes ? 'label' THEN
        new.label := authd.api_key_label(changes);
    END IF;
    IF changes ? 'rights' THEN
        new.rights := authd.argument_rights(changes);
    END IF;
    IF changes ? 'domains' THEN
        new.domains := authd.argument_key_domains(reach, changes);
    END IF;
    new.expires_at := coalesce(authd.argument_expiry(changes, interval '2 years'), old.expires_at);
    IF NOT authd.api_key_narrowed(old, new) THEN
        PERFORM authd.require_fresh(actor, 'a longer life, a right or a domain more');
    END IF;
    UPDATE authd.api_key
       SET label = new.label, rights = new.rights, domains = new.domains,
           expires_at = new.expires_at
     WHERE id = old.id AND new IS DISTINCT FROM old;
    RETURN authd.changed(actor, 'api_key_set', authd.api_key_object(old),
                         authd.api_key_object(new));
END
$$;

-- authd.api_key_revoke(actor, reach, {id}) → the api-key object as it was, "changed": true
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.api_key_revoke(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.api_key := authd.api_key_lock(actor, reach, arguments);
BEGIN
    DELETE FROM authd.api_key WHERE id = old.id;
    RETURN authd.changed(actor, 'api_key_revoke', authd.api_key_object(old), NULL);
END
$$;

-- authd.api_key_used(id bigint, address text) → void
-- Records when and from where an API key was used, exact to 15 minutes. address: a numeric one.
-- Errors: 22P02 not an address.
CREATE OR REPLACE FUNCTION authd.api_key_used(id bigint, address text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.api_key AS held
       SET last_used_at = authd.now(), last_used_address = api_key_used.address::inet
     WHERE held.id = api_key_used.id
       AND (held.last_used_at > authd.now() - interval '15 minutes') IS NOT TRUE;
END
$$;
GRANT EXECUTE ON FUNCTION authd.api_key_used(bigint, text) TO authd_service;

-- authd.api_key_rekey(ids bigint[], olds text[], news text[], keys text[]) → int
-- authd.app_password_rekey() for API keys. A request that was let in by the old verifier goes on.
CREATE OR REPLACE FUNCTION authd.api_key_rekey(ids bigint[], olds text[], news text[], keys text[])
RETURNS int
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
