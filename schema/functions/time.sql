-- Times in answers of the API.

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
