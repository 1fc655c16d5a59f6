-- Members of the arguments of management functions. A function for one noun's member stands with that
-- noun.

-- authd.argument_text(arguments jsonb, member text, max int) → text
-- A string member; NULL if it is absent or null.
-- Errors: AU422 not a string, longer than max, empty, or with control characters.
CREATE OR REPLACE FUNCTION authd.argument_text(arguments jsonb, member text, max int) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := arguments ->> member;
    flaw  text;
BEGIN
    IF value IS NULL THEN
        RETURN NULL;
    END IF;
    flaw := CASE
        WHEN jsonb_typeof(arguments -> member) <> 'string' THEN 'must be a string'
        WHEN value = '' THEN 'is empty'
        WHEN char_length(value) > max THEN format('is longer than %s characters', max)
        WHEN value ~ '[\u0001-\u001f\u007f-\u009f]' THEN 'has a control character'
    END;
    IF flaw IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = format('%s %s', member, flaw),
            HINT = format('Give %s as 1 to %s printable characters, or leave it out.', member, max);
    END IF;
    RETURN value;
END
$$;

-- authd.argument_boolean(arguments jsonb, member text) → boolean
-- A boolean member; NULL if it is absent or null. Errors: AU422 neither true nor false.
CREATE OR REPLACE FUNCTION authd.argument_boolean(arguments jsonb, member text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF coalesce(jsonb_typeof(arguments -> member), 'null') NOT IN ('boolean', 'null') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('%s must be true or false', member),
            HINT = format('Give %s as a JSON boolean.', member);
    END IF;
    RETURN (arguments ->> member)::boolean;
END
$$;

-- authd.argument_integer(arguments jsonb, member text, low bigint, high bigint) → bigint
-- A whole number; NULL if it is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_integer(arguments jsonb, member text, low bigint,
                                                  high bigint) RETURNS bigint
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
    IF value IS NULL OR value NOT BETWEEN low AND high OR value % 1 <> 0 THEN
        PERFORM authd.refuse('AU422', format('%s must be from %s to %s', member, low, high),
                             format('Give %s as a whole number.', member));
    END IF;
    RETURN value;
END
$$;

-- authd.argument_seconds(arguments jsonb, member text, lowest bigint, highest bigint) → bigint
-- A whole number of seconds; NULL if it is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_seconds(arguments jsonb, member text, lowest bigint,
                                                  highest bigint) RETURNS bigint
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

-- authd.argument_id(arguments jsonb) → bigint
-- Member "id"; NULL if no object can have such an id. Errors: AU422 missing.
CREATE OR REPLACE FUNCTION authd.argument_id(arguments jsonb) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'id', 40);
BEGIN
    IF value IS NULL THEN
        PERFORM authd.refuse('AU422', 'id is missing', 'Give the id of what is meant.');
    END IF;
    RETURN CASE WHEN value ~ '^[0-9]{1,18}$' THEN value::bigint END;
END
$$;

-- authd.argument_digest(arguments jsonb, member text) → bytea
-- A member of 64 hexadecimal digits. Errors: AU422; the message does not have the value.
CREATE OR REPLACE FUNCTION authd.argument_digest(arguments jsonb, member text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF (arguments ->> member ~ '^[0-9a-f]{64}$') IS NOT TRUE THEN
        PERFORM authd.refuse('AU422', format('%s is not a digest', member),
                             'Give 64 lower-case hexadecimal digits.');
    END IF;
    RETURN decode(arguments ->> member, 'hex');
END
$$;

-- authd.argument_names(arguments jsonb, member text, max int) → text[]
-- A list of up to `max` strings, sorted, each once; NULL if it is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_names(arguments jsonb, member text, max int) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value jsonb := nullif(arguments -> member, 'null');
BEGIN
    IF jsonb_typeof(value) <> 'array' OR jsonb_array_length(value) > max
       OR jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string")') THEN
        PERFORM authd.refuse('AU422', format('%s must be a list of strings', member),
                             format('Give at most %s, or leave it out.', max));
    END IF;
    RETURN CASE WHEN value IS NOT NULL THEN ARRAY(
        SELECT DISTINCT item COLLATE "C" FROM jsonb_array_elements_text(value) AS item
         ORDER BY 1) END;
END
$$;

-- authd.argument_time(arguments jsonb, member text) → timestamptz
-- A future time as in RFC 3339; NULL if it is absent or null.
-- Errors: AU422 not a time, in the past, or more than a hundred years ahead.
CREATE OR REPLACE FUNCTION authd.argument_time(arguments jsonb, member text) RETURNS timestamptz
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

-- authd.argument_expiry(arguments jsonb, longest interval) → timestamptz
-- Member "expires_in" (seconds from now) or "expires_at" (RFC 3339); NULL if both are absent or null.
-- Errors: AU422 both are given, in the past, more than `longest` ahead, or not a time.
CREATE OR REPLACE FUNCTION authd.argument_expiry(arguments jsonb, longest interval)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    seconds bigint := authd.argument_integer(arguments, 'expires_in', 1, 3153600000);
    text    text   := authd.argument_text(arguments, 'expires_at', 40);
    expiry  timestamptz := authd.now() + seconds * interval '1 second';
BEGIN
    IF seconds IS NOT NULL AND text IS NOT NULL THEN
        PERFORM authd.refuse('AU422', 'expires_in and expires_at are both given',
                             'Give one of them.');
    ELSIF text IS NOT NULL THEN
        BEGIN
            expiry := CASE WHEN text ~ ('^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?'
                                        '([Zz]|[+-]\d\d:\d\d)$')
                           THEN text::timestamptz END;
        EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format
                    OR invalid_time_zone_displacement_value THEN
            expiry := NULL;
        END;
        IF expiry IS NULL THEN
            PERFORM authd.refuse('AU422', 'expires_at is not a time',
                                 'Write it like 2027-01-31T12:00:00Z.');
        END IF;
    END IF;
    IF expiry <= authd.now() THEN
        PERFORM authd.refuse('AU422', 'expires_at is in the past', 'Give a later time.');
    ELSIF expiry > authd.now() + longest THEN
        PERFORM authd.refuse('AU422',
            format('it would expire in more than %s', longest), 'Give an earlier time.');
    END IF;
    RETURN expiry;
END
$$;

-- authd.argument_changes(arguments jsonb, allowed text[]) → jsonb
-- Member "changes": an object whose members are all among `allowed`. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_changes(arguments jsonb, allowed text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := arguments -> 'changes';
    unknown text;
    known   text := array_to_string(allowed, ', ');
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        PERFORM authd.refuse('AU422', 'changes must be an object',
                             format('It may have %s.', known));
    END IF;
    SELECT min(key) INTO unknown FROM jsonb_object_keys(changes) AS key
     WHERE key <> ALL (allowed);
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('%s cannot be set', left(unknown, 40)),
                             format('What can be set is %s.', known));
    END IF;
    RETURN changes;
END
$$;

-- authd.argument_label(arguments jsonb) → text
-- Member "label". Errors: AU422 missing, or not 1 to 100 printable characters.
CREATE OR REPLACE FUNCTION authd.argument_label(arguments jsonb) RETURNS text
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

-- authd.argument_description(arguments jsonb) → text
-- Member "description", up to 200 characters; NULL if it is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_description(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.argument_text(arguments, 'description', 200)
$$;

-- authd.argument_limit(arguments jsonb) → int
-- Member "limit", from 1 to 1000; 100 if it is absent or null. Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_limit(arguments jsonb) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT coalesce(authd.argument_integer(arguments, 'limit', 1, 1000), 100)::int
$$;

-- authd.argument_after(arguments jsonb) → text[]
-- Member "after", the `next` of the page before, as {sort key, id}; NULLs: the list begins at its
-- start.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.argument_after(arguments jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'after', 400);
BEGIN
    IF value !~ '^[0-9]{1,18}:' THEN
        PERFORM authd.refuse('AU422', 'after is not a place in a list',
                             'Give what the page before had as its next.');
    END IF;
    RETURN ARRAY[substr(value, strpos(value, ':') + 1), split_part(value, ':', 1)];
END
$$;

-- authd.cursor_of(key text, id bigint) → text
-- The position of an object in a sorted list: its sort key and its id. Clients give it back as
-- "after".
CREATE OR REPLACE FUNCTION authd.cursor_of(key text, id bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT id || ':' || key
$$;
