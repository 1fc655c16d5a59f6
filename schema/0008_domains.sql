-- Management of what stands beside users: domains, classes and API keys.
-- Oldest compatible: 6
--
-- Shape, actors and errors as in 0006_caller.sql. Domains are administered within reach; classes
-- are the site's. An API key acts with the role and reach that its owner has at that moment,
-- narrowed by its own rights and domains, and is neither shown to nor changed by another API key.

-- ---- domains ---------------------------------------------------------------------------------

-- authd.argument_description(arguments jsonb) → text
CREATE FUNCTION authd.argument_description(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.argument_text(arguments, 'description', 200)
$$;

-- authd.argument_delimiter(arguments jsonb) → text
-- Member "recipient_delimiter"; NULL if it is absent or null: addresses have no extensions. Errors:
-- AU422.
CREATE FUNCTION authd.argument_delimiter(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'recipient_delimiter', 1);
BEGIN
    IF value NOT IN ('+', '-', '=', '.') THEN
        PERFORM authd.refuse('AU422', format('%s is not a recipient delimiter', value),
                             'It is one of + - = . or null.');
    END IF;
    RETURN value;
END
$$;

-- authd.domain_list(actor, reach, {after?, limit?, match?})
--     → {"items": [domain object, …], "next": place | null}
-- By name. match: part of the name or the description, whatever the case of ASCII letters.
-- Bounds: limit 1 to 1000, 100 if not given.
-- Errors: AU422.
CREATE FUNCTION authd.domain_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    place     text[] := authd.argument_after(arguments);
    part      text   := lower(authd.argument_text(arguments, 'match', 200));
    page_size int    := authd.argument_limit(arguments);
    page      authd.domain[];
BEGIN
    page := ARRAY(
        SELECT domain FROM authd.domain
         WHERE (reach IS NULL OR id = ANY (reach))
           AND (place[1] IS NULL OR name > place[1])
           AND (part IS NULL OR strpos(name, part) > 0 OR strpos(lower(description), part) > 0)
         ORDER BY name LIMIT page_size + 1);
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.domain_object(page[n]) ORDER BY n), '[]')
                    FROM generate_series(1, least(cardinality(page), page_size)) AS n),
        'next', CASE WHEN cardinality(page) > page_size THEN
            authd.place(page[page_size].name, page[page_size].id) END);
END
$$;

-- authd.domain_show(actor, reach, {domain}) → domain object
-- Errors: AU404, AU422.
CREATE FUNCTION authd.domain_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.domain_object(authd.domain_find(actor, reach, arguments));
END
$$;

-- authd.domain_add(actor, reach, {name, recipient_delimiter?, description?})
--     → domain object, "changed": true
-- recipient_delimiter is "+" if it is absent.
-- Errors: AU409 it exists; AU403; AU422.
CREATE FUNCTION authd.domain_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'name', 253);
    new    authd.domain;
BEGIN
    PERFORM authd.require_site(reach, 'adding a domain');
    IF authd.domain_valid(wanted) IS NOT TRUE THEN
        PERFORM authd.refuse('AU422', coalesce(wanted || ' is not a domain', 'name is missing'),
                             'A domain looks like example.org, in lower case.');
    END IF;
    INSERT INTO authd.domain (name, recipient_delimiter, description)
        VALUES (wanted, CASE WHEN arguments ? 'recipient_delimiter'
                             THEN authd.argument_delimiter(arguments) ELSE '+' END,
                authd.argument_description(arguments))
        ON CONFLICT (name) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('the domain %s already exists', wanted),
                             'Change the existing one.');
    END IF;
    RETURN authd.changed(actor, 'domain_add', NULL, authd.domain_object(new));
END
$$;

-- authd.domain_set(actor, reach, {domain, changes: {recipient_delimiter?, description?}})
--     → domain object, "changed"
-- null clears.
-- Errors: AU404, AU422.
CREATE FUNCTION authd.domain_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['recipient_delimiter', 'description']);
    old     authd.domain := authd.domain_lock(actor, reach, arguments);
    new     authd.domain := old;
BEGIN
    IF changes ? 'recipient_delimiter' THEN
        new.recipient_delimiter := authd.argument_delimiter(changes);
    END IF;
    IF changes ? 'description' THEN
        new.description := authd.argument_description(changes);
    END IF;
    UPDATE authd.domain
       SET recipient_delimiter = new.recipient_delimiter, description = new.description
     WHERE id = old.id AND new IS DISTINCT FROM old;
    RETURN authd.changed(actor, 'domain_set', authd.domain_object(old), authd.domain_object(new));
END
$$;

-- authd.domain_delete(actor, reach, {domain}) → the domain object as it was, "changed": true
-- Errors: AU404; AU403; AU409 it has users; AU422.
CREATE FUNCTION authd.domain_delete(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.domain := authd.domain_lock(actor, reach, arguments);
BEGIN
    PERFORM authd.require_site(reach, 'deleting a domain');
    IF EXISTS (SELECT FROM authd.account WHERE account.domain = old.id) THEN
        PERFORM authd.refuse('AU409', format('the domain %s has users', old.name),
                             'Delete or rename them first.');
    END IF;
    DELETE FROM authd.domain WHERE id = old.id;
    RETURN authd.changed(actor, 'domain_delete', authd.domain_object(old), NULL);
END
$$;

-- authd.domain_revoke_all(actor, reach, {domain})
--     → domain object, "changed": true, "users": how many, "ended": {app_passwords, sessions,
--       api_keys, reset_links: how many}, "skipped": [login, …]
-- authd.user_revoke_all() for all users of the domain, at once. Those whose role is not below the
-- caller's are skipped and named.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.domain_revoke_all(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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
    ended := authd.credentials_end(whose, ARRAY['app_passwords', 'sessions', 'api_keys',
                                                'reset_links']);
    RETURN authd.changed(actor, 'domain_revoke_all', before, before || jsonb_build_object(
        'users', coalesce(cardinality(whose), 0), 'ended', ended,
        'skipped', coalesce(to_jsonb(skipped), '[]')));
END
$$;

-- ---- classes ---------------------------------------------------------------------------------

-- authd.class_object(class authd.class) → jsonb
-- {kind: class, id, name, description, created_at, etag}
CREATE FUNCTION authd.class_object(class authd.class) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'class',
        'id', class.id::text,
        'name', class.name,
        'description', class.description,
        'created_at', authd.rfc3339(class.created_at)));
END
$$;

-- authd.class_find(arguments jsonb) → authd.class
-- The class that member "class" names. Errors: AU422 none given; AU404.
CREATE FUNCTION authd.class_find(arguments jsonb) RETURNS authd.class
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'class', 40);
    found  authd.class;
BEGIN
    IF wanted IS NULL THEN
        PERFORM authd.refuse('AU422', 'class is missing', 'Name the class.');
    END IF;
    SELECT * INTO found FROM authd.class WHERE name = wanted;
    IF found.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('there is no class %s', wanted),
                             'Check the spelling, or list the classes.');
    END IF;
    RETURN found;
END
$$;

-- authd.class_lock(reach bigint[], arguments jsonb) → authd.class
-- As authd.class_find(), locked until the end of the transaction; nobody joins it meanwhile.
-- Errors: also AU403.
CREATE FUNCTION authd.class_lock(reach bigint[], arguments jsonb) RETURNS authd.class
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.class := authd.class_find(arguments);
    locked authd.class;
BEGIN
    PERFORM authd.require_site(reach, 'changing a class');
    SELECT * INTO locked FROM authd.class WHERE id = wanted.id FOR UPDATE;
    IF locked.id IS NULL THEN -- deleted while we waited for the lock
        PERFORM authd.refuse('AU404', format('there is no class %s', wanted.name),
                             'Check the spelling, or list the classes.');
    END IF;
    RETURN locked;
END
$$;

-- authd.argument_class_name(arguments jsonb) → text
-- Member "name". Errors: AU422 missing, or not the name of a class.
CREATE FUNCTION authd.argument_class_name(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'name', 40);
BEGIN
    IF (value ~ '^[a-z0-9-]{1,40}$') IS NOT TRUE THEN
        PERFORM authd.refuse('AU422',
            coalesce(value || ' is not the name of a class', 'name is missing'),
            'Use 1 to 40 lower-case letters, digits and hyphens.');
    END IF;
    RETURN value;
END
$$;

-- authd.class_list(actor, reach, {after?, limit?})
--     → {"items": [class object, …], "next": place | null}
-- By name. Bounds: limit 1 to 1000, 100 if not given.
-- Errors: AU422.
CREATE FUNCTION authd.class_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    place     text[] := authd.argument_after(arguments);
    page_size int    := authd.argument_limit(arguments);
    page      authd.class[];
BEGIN
    page := ARRAY(
        SELECT class FROM authd.class
         WHERE place[1] IS NULL OR name > place[1] ORDER BY name LIMIT page_size + 1);
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.class_object(page[n]) ORDER BY n), '[]')
                    FROM generate_series(1, least(cardinality(page), page_size)) AS n),
        'next', CASE WHEN cardinality(page) > page_size THEN
            authd.place(page[page_size].name, page[page_size].id) END);
END
$$;

-- authd.class_show(actor, reach, {class}) → class object
-- Errors: AU404, AU422.
CREATE FUNCTION authd.class_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.class_object(authd.class_find(arguments));
END
$$;

-- authd.class_add(actor, reach, {name, description?}) → class object, "changed": true
-- Errors: AU409 it exists; AU403, AU422.
CREATE FUNCTION authd.class_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_class_name(arguments);
    new    authd.class;
BEGIN
    PERFORM authd.require_site(reach, 'adding a class');
    INSERT INTO authd.class (name, description)
        VALUES (wanted, authd.argument_description(arguments))
        ON CONFLICT (name) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('the class %s already exists', wanted),
                             'Change the existing one.');
    END IF;
    RETURN authd.changed(actor, 'class_add', NULL, authd.class_object(new));
END
$$;

-- authd.class_set(actor, reach, {class, changes: {name?, description?}}) → class object, "changed"
-- Errors: AU404; AU409 the new name exists; AU403, AU422.
CREATE FUNCTION authd.class_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['name', 'description']);
    old     authd.class := authd.class_lock(reach, arguments);
    new     authd.class := old;
BEGIN
    IF changes ? 'name' THEN
        new.name := authd.argument_class_name(changes);
    END IF;
    IF changes ? 'description' THEN
        new.description := authd.argument_description(changes);
    END IF;
    BEGIN
        UPDATE authd.class SET name = new.name, description = new.description
         WHERE id = old.id AND new IS DISTINCT FROM old;
    EXCEPTION WHEN unique_violation THEN
        PERFORM authd.refuse('AU409', format('the class %s already exists', new.name),
                             'Choose another name.');
    END;
    RETURN authd.changed(actor, 'class_set', authd.class_object(old), authd.class_object(new));
END
$$;

-- authd.class_delete(actor, reach, {class}) → the class object as it was, "changed": true
-- Errors: AU404; AU409 it has members; AU403, AU422.
CREATE FUNCTION authd.class_delete(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.class := authd.class_lock(reach, arguments);
BEGIN
    IF EXISTS (SELECT FROM authd.account WHERE account.class = old.id) THEN
        PERFORM authd.refuse('AU409', format('the class %s has users', old.name),
                             'Give them another class first.');
    END IF;
    DELETE FROM authd.class WHERE id = old.id;
    RETURN authd.changed(actor, 'class_delete', authd.class_object(old), NULL);
END
$$;

-- ---- API keys --------------------------------------------------------------------------------

-- authd.api_key_object(key authd.api_key) → jsonb
-- {kind: api-key, id, label, user and user_id (null: the host made it), domain, rights[], domains[]
-- | null, created_at, expires_at, last_used_at, last_used_address, etag}
CREATE FUNCTION authd.api_key_object(key authd.api_key) RETURNS jsonb
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

-- authd.argument_rights(arguments jsonb) → text[]
-- Member "rights": RESOURCE:read or RESOURCE:write, * for every resource; to read everything if it
-- is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_rights(arguments jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value     text[] := coalesce(authd.argument_names(arguments, 'rights', 40), '{*:read}');
    resources text[] := ARRAY['*', 'site', 'users', 'passwords', 'app-passwords', 'scopes',
                              'sessions', 'domains', 'classes', 'audit', 'import'];
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
-- Member "domains": names within reach; NULL if it is absent or null: the key reaches what its
-- owner does. Errors: AU422 empty, or there is no such domain.
CREATE FUNCTION authd.argument_key_domains(reach bigint[], arguments jsonb) RETURNS bigint[]
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
-- Member "label". Errors: AU422 missing, or not 1 to 100 printable characters.
CREATE FUNCTION authd.api_key_label(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'label', 100);
BEGIN
    IF value IS NULL THEN
        PERFORM authd.refuse('AU422', 'label is missing', 'Say what it is for.');
    END IF;
    RETURN value;
END
$$;

-- authd.require_no_api_key(actor jsonb) → void
-- Errors: AU403 the caller is an API key: one that leaked must not make, keep or widen others.
CREATE FUNCTION authd.require_no_api_key(actor jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF actor ->> 'kind' = 'api-key' THEN
        PERFORM authd.refuse('AU403', 'an API key cannot see or change API keys',
                             'Sign in, or use authctl on the host.');
    END IF;
END
$$;

-- authd.api_key_within(actor jsonb, reach bigint[], key authd.api_key) → boolean
-- Whether the caller may know of the key: of his own, and of those whose owner he reaches.
CREATE FUNCTION authd.api_key_within(actor jsonb, reach bigint[], key authd.api_key) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT key.id IS NOT NULL
       AND (reach IS NULL OR EXISTS (SELECT FROM authd.account
                                      WHERE account.id = key.owner
                                        AND authd.account_within(actor, reach, account)))
$$;

-- authd.api_key_find(actor jsonb, reach bigint[], arguments jsonb) → authd.api_key
-- The key of member "id". Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.api_key_find(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.api_key
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    found authd.api_key;
BEGIN
    PERFORM authd.require_no_api_key(actor);
    SELECT * INTO found FROM authd.api_key AS held WHERE held.id = authd.argument_id(arguments);
    IF NOT authd.api_key_within(actor, reach, found) THEN
        PERFORM authd.refuse('AU404',
            format('there is no API key %s', left(arguments ->> 'id', 20)), 'List the API keys.');
    END IF;
    RETURN found;
END
$$;

-- authd.api_key_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.api_key
-- As authd.api_key_find(), locked until the end of the transaction, to be changed. Errors: also
-- AU403 the key of somebody whose role is not below the caller's; the host's keys are
-- administrators.
CREATE FUNCTION authd.api_key_lock(actor jsonb, reach bigint[], arguments jsonb)
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
--     → {"items": [api-key object, …], "next": place | null}
-- The newest first.
-- Bounds: limit 1 to 1000, 100 if not given.
-- Errors: AU403, AU422.
CREATE FUNCTION authd.api_key_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    place     text[] := authd.argument_after(arguments);
    page_size int    := authd.argument_limit(arguments);
    page      authd.api_key[];
BEGIN
    PERFORM authd.require_no_api_key(actor);
    page := ARRAY(
        SELECT held FROM authd.api_key AS held
         WHERE authd.api_key_within(actor, reach, held)
           AND (place[2] IS NULL OR held.id < place[2]::bigint)
         ORDER BY held.id DESC LIMIT page_size + 1);
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.api_key_object(page[n]) ORDER BY n), '[]')
                    FROM generate_series(1, least(cardinality(page), page_size)) AS n),
        'next', CASE WHEN cardinality(page) > page_size THEN
            authd.place('', page[page_size].id) END);
END
$$;

-- authd.api_key_show(actor, reach, {id}) → api-key object
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.api_key_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.api_key_object(authd.api_key_find(actor, reach, arguments));
END
$$;

-- authd.api_key_add(actor, reach, {id, selector, verifier, key, label, rights[]?, domains[]?,
--                                  expires_in? | expires_at?})
--     → api-key object, "changed": true
-- The caller's own key; the host's has no owner. id comes from authd.credential_id(); the verifier,
-- in hexadecimal digits, is keyed by the key file `key` over kind, id, owner and secret, so that it
-- is good for nobody else. Expires in 90 days if nothing is said.
-- Bounds: two years; 100 keys an owner.
-- Errors: AU403 an API key makes no others; AU409 too many; AU422.
CREATE FUNCTION authd.api_key_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    maker  bigint := (actor ->> 'account')::bigint;
    expiry timestamptz := coalesce(authd.argument_expiry(arguments, interval '2 years'),
                                   authd.now() + interval '90 days');
    new    authd.api_key;
BEGIN
    PERFORM authd.require_no_api_key(actor);
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

-- authd.api_key_set(actor, reach, {id, changes: {label?, rights[]?, domains[]?, expires_in? |
--                                  expires_at?}})
--     → api-key object, "changed"
-- Bounds: expires two years from now at the latest.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.api_key_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['label', 'rights', 'domains',
                                                             'expires_in', 'expires_at']);
    old     authd.api_key := authd.api_key_lock(actor, reach, arguments);
    new     authd.api_key := old;
BEGIN
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
CREATE FUNCTION authd.api_key_revoke(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.api_key := authd.api_key_lock(actor, reach, arguments);
BEGIN
    DELETE FROM authd.api_key WHERE id = old.id;
    RETURN authd.changed(actor, 'api_key_revoke', authd.api_key_object(old), NULL);
END
$$;

-- authd.api_key_find(selector text) → (id bigint, owner bigint, verifier text, key text)
-- What authd needs to check a key: its verifier in hexadecimal digits, and the id of the key file
-- that it was made with. owner is NULL for the host's. No row: there is none, or it has expired.
CREATE FUNCTION authd.api_key_find(selector text)
RETURNS TABLE (id bigint, owner bigint, verifier text, key text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT held.id, held.owner, encode(held.verifier, 'hex'), held.key
          FROM authd.api_key AS held
         WHERE held.selector = api_key_find.selector AND held.expires_at > authd.now();
END
$$;
GRANT EXECUTE ON FUNCTION authd.api_key_find(text) TO authd_service;

-- authd.api_key_used(id bigint, address text) → void
-- Notes when and from where a key was used, exact to 15 minutes.
CREATE FUNCTION authd.api_key_used(id bigint, address text) RETURNS void
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
