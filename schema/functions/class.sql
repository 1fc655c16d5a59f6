-- Classes of users, which belong to the whole site.

-- authd.argument_class(arguments jsonb) → bigint
-- Member "class", the name of a class; NULL if it is absent or null. Errors: AU422 no such class.
CREATE OR REPLACE FUNCTION authd.argument_class(arguments jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'class', 40);
    found  bigint;
BEGIN
    SELECT id INTO found FROM authd.class WHERE name = wanted FOR KEY SHARE;
    IF wanted IS NOT NULL AND found IS NULL THEN
        PERFORM authd.refuse('AU422', format('there is no class %s', wanted),
                             'Check the spelling, or list the classes.');
    END IF;
    RETURN found;
END
$$;

-- authd.argument_class_name(arguments jsonb) → text
-- Member "name". Errors: AU422 missing, or not the name of a class.
CREATE OR REPLACE FUNCTION authd.argument_class_name(arguments jsonb) RETURNS text
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

-- authd.class_object(class authd.class) → jsonb
-- {kind: class, id, name, description, created_at, etag}
CREATE OR REPLACE FUNCTION authd.class_object(class authd.class) RETURNS jsonb
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
-- The class that member "class" names.
-- Errors: AU404 there is none; AU422 missing, or not a text of 1 to 40 characters.
CREATE OR REPLACE FUNCTION authd.class_find(arguments jsonb) RETURNS authd.class
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_required(arguments, 'class', 40, 'Name the class.');
    found  authd.class;
BEGIN
    SELECT * INTO found FROM authd.class WHERE name = wanted;
    IF found.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('there is no class %s', wanted),
                             'Check the spelling, or list the classes.');
    END IF;
    RETURN found;
END
$$;

-- authd.class_lock(reach bigint[], arguments jsonb) → authd.class
-- authd.class_find(), with the row locked until the end of the transaction: no user can join the class
-- meanwhile.
-- Errors: those of authd.class_find(); AU403 the caller does not reach the whole site.
CREATE OR REPLACE FUNCTION authd.class_lock(reach bigint[], arguments jsonb) RETURNS authd.class
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

-- authd.class_list(actor, reach, {after?, limit?})
--     → {"items": [class object, …], "next": text | null}
-- By name. Bounds: limit 1 to 1000, 100 if not given.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.class_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    after     text[] := authd.argument_after(arguments);
    page_size int    := authd.argument_limit(arguments);
    page      authd.class[];
BEGIN
    page := ARRAY(
        SELECT class FROM authd.class
         WHERE after[1] IS NULL OR name > after[1] ORDER BY name LIMIT page_size + 1);
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.class_object(page[n]) ORDER BY n), '[]')
                    FROM generate_series(1, least(cardinality(page), page_size)) AS n),
        'next', CASE WHEN cardinality(page) > page_size THEN
            authd.cursor_of(page[page_size].name, page[page_size].id) END);
END
$$;

-- authd.class_add(actor, reach, {name, description?}) → class object, "changed": true
-- Errors: AU409 the class exists; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.class_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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

-- authd.class_show(actor, reach, {class}) → class object
-- Errors: AU404, AU422.
CREATE OR REPLACE FUNCTION authd.class_show(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.class_object(authd.class_find(arguments));
END
$$;

-- authd.class_set(actor, reach, {class, changes: {name?, description?}}) → class object, "changed"
-- Errors: AU404; AU409 the new name exists; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.class_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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
-- Errors: AU404; AU409 the class has users; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.class_delete(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
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
