-- Arguments of management functions: a JSON object, whose members are checked here one by one. The
-- function for a member that only one noun has stands with that noun.

-- authd.argument_text(arguments jsonb, member text, max int) → text
-- A string member, 1 to `max` characters; NULL if it is absent or null.
-- Errors: AU422 not a string, empty, longer than `max`, or with control characters.
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

-- authd.argument_required(arguments jsonb, member text, max int, hint text) → text
-- A string member that must be given.
-- Errors: AU422 missing, with the hint; those of authd.argument_text().
CREATE OR REPLACE FUNCTION authd.argument_required(arguments jsonb, member text, max int, hint text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, member, max);
BEGIN
    IF value IS NULL THEN
        PERFORM authd.refuse('AU422', format('%s is missing', member), hint);
    END IF;
    RETURN value;
END
$$;

-- authd.argument_boolean(arguments jsonb, member text) → boolean
-- A boolean member; NULL if it is absent or null.
-- Errors: AU422 neither true nor false.
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

-- authd.argument_integer(arguments jsonb, member text, low bigint, high bigint, unit text) → bigint
-- A whole number; NULL if it is absent or null. unit: what the number counts, for the message.
-- Errors: AU422 not a whole number, or not from `low` to `high`.
CREATE OR REPLACE FUNCTION authd.argument_integer(arguments jsonb, member text, low bigint,
                                                  high bigint, unit text DEFAULT NULL)
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
    IF value IS NULL OR value NOT BETWEEN low AND high OR value % 1 <> 0 THEN
        PERFORM authd.refuse('AU422',
            format('%s must be from %s to %s%s', member, low, high, ' ' || unit),
            format('Give %s as a whole number%s.', member, ' of ' || unit));
    END IF;
    RETURN value;
END
$$;

-- authd.argument_id(arguments jsonb) → bigint
-- Member "id"; NULL if no object can have such an id.
-- Errors: AU422 missing, not a string, or longer than 40 characters.
CREATE OR REPLACE FUNCTION authd.argument_id(arguments jsonb) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_required(arguments, 'id', 40, 'Give the id of what is meant.');
BEGIN
    RETURN CASE WHEN value ~ '^[0-9]{1,18}$' THEN value::bigint END;
END
$$;

-- authd.argument_digest(arguments jsonb, member text) → bytea
-- A member of 64 lower-case hexadecimal digits, as 32 octets.
-- Errors: AU422 missing, or another text. The message does not contain the value.
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
-- A list of up to `max` strings, sorted by octets, each once; NULL if it is absent or null.
-- Errors: AU422 not such a list.
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

-- authd.argument_time(arguments jsonb, member text, example text) → timestamptz
-- A time in the form of RFC 3339; NULL if it is absent or null. example: a time, for the hint.
-- Errors: AU422 not a time.
CREATE OR REPLACE FUNCTION authd.argument_time(arguments jsonb, member text, example text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    given text        := authd.argument_text(arguments, member, 40);
    value timestamptz := authd.rfc3339_parse(given);
BEGIN
    IF given IS NOT NULL AND value IS NULL THEN
        PERFORM authd.refuse('AU422', format('%s is not a time', member),
                             format('Write it like %s.', example));
    END IF;
    RETURN value;
END
$$;

-- authd.argument_time_ahead(arguments jsonb, member text) → timestamptz
-- A future time in the form of RFC 3339; NULL if it is absent or null.
-- Errors: AU422 not a time, in the past, or more than a hundred years ahead.
CREATE OR REPLACE FUNCTION authd.argument_time_ahead(arguments jsonb, member text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value timestamptz := authd.argument_time(arguments, member, '2026-12-31T00:00:00Z');
BEGIN
    IF value <= authd.now() OR value > authd.now() + interval '100 years' THEN
        PERFORM authd.refuse('AU422', format('%s is %s', member, CASE WHEN value <= authd.now()
                                 THEN 'in the past' ELSE 'more than a hundred years ahead' END),
                             'Give a time to come; to end it at once, revoke it.');
    END IF;
    RETURN value;
END
$$;

-- authd.argument_expiry(arguments jsonb, longest interval) → timestamptz
-- Member "expires_in" (seconds from now, up to a hundred years) or "expires_at" (RFC 3339); NULL if
-- both are absent or null.
-- Errors: AU422 both are given, in the past, more than `longest` ahead, not a time, or not a whole
-- number of seconds.
CREATE OR REPLACE FUNCTION authd.argument_expiry(arguments jsonb, longest interval)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    seconds bigint := authd.argument_integer(arguments, 'expires_in', 1, 3153600000);
    given   text   := authd.argument_text(arguments, 'expires_at', 40);
    expiry  timestamptz := authd.now() + seconds * interval '1 second';
BEGIN
    IF seconds IS NOT NULL AND given IS NOT NULL THEN
        PERFORM authd.refuse('AU422', 'expires_in and expires_at are both given',
                             'Give one of them.');
    ELSIF given IS NOT NULL THEN
        expiry := authd.argument_time(arguments, 'expires_at', '2027-01-31T12:00:00Z');
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
-- Member "changes": an object whose members are all among `allowed`.
-- Errors: AU422 missing, not an object, or another member.
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

-- authd.argument_description(arguments jsonb) → text
-- Member "description", 1 to 200 characters; NULL if it is absent or null.
-- Errors: those of authd.argument_text().
CREATE OR REPLACE FUNCTION authd.argument_description(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.argument_text(arguments, 'description', 200)
$$;

-- authd.argument_limit(arguments jsonb) → int
-- Member "limit", the length of a page, from 1 to 1000; 100 if it is absent or null.
-- Errors: AU422 another number, or no number.
CREATE OR REPLACE FUNCTION authd.argument_limit(arguments jsonb) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT coalesce(authd.argument_integer(arguments, 'limit', 1, 1000), 100)::int
$$;

-- authd.argument_after(arguments jsonb) → text[]
-- Member "after", the `next` of the page before, as {sort key, id}: see authd.cursor_of(). If it is
-- absent or null, both are NULL: the page is the first one.
-- Errors: AU422 not such a text.
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
-- The place of an object in a sorted list, by its sort key and its id. Clients give it back as member
-- "after".
CREATE OR REPLACE FUNCTION authd.cursor_of(key text, id bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT id || ':' || key
$$;
