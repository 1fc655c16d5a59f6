-- Times as text: in answers of the API, and in arguments.

-- authd.rfc3339(at timestamptz) → text
-- A time as in RFC 3339, to the second, in UTC. NULL for NULL.
CREATE OR REPLACE FUNCTION authd.rfc3339(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

-- authd.timestamp_text(at timestamptz) → text
-- A time as in RFC 3339, to the microsecond, in UTC; "-infinity" for an infinite one. NULL for NULL.
CREATE OR REPLACE FUNCTION authd.timestamp_text(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN isfinite(at)
                THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                ELSE '-infinity' END
$$;

-- authd.rfc3339_parse(value text) → timestamptz
-- The time that a text in the form of RFC 3339 says. NULL: the text is not one, or is NULL.
CREATE OR REPLACE FUNCTION authd.rfc3339_parse(value text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN value ~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$'
                THEN value::timestamptz END;
EXCEPTION WHEN data_exception THEN -- 31 February, and so on
    RETURN NULL;
END
$$;
