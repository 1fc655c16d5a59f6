-- Errors: the exceptions that management functions raise. README.md lists their SQLSTATEs.

-- authd.refuse(state text, message text, hint text) → never returns
-- message: one sentence that names the thing; hint: what to do.
-- Errors: the SQLSTATE `state`, always.
CREATE OR REPLACE FUNCTION authd.refuse(state text, message text, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = hint;
END
$$;

-- authd.refuse_until(ends timestamptz, message text, hint text) → never returns
-- For a limit that ends by itself. DETAIL is the number of seconds until then, at least 1.
-- Errors: AU429, always.
CREATE OR REPLACE FUNCTION authd.refuse_until(ends timestamptz, message text, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'AU429', MESSAGE = message, HINT = hint,
        DETAIL = greatest(1, ceil(extract(epoch FROM ends - authd.now())))::bigint::text;
END
$$;

-- authd.dry_run() → never returns
-- The second statement of a dry run's implicit transaction: the change before it has delivered its
-- result and is rolled back.
-- Errors: AU000, always.
CREATE OR REPLACE FUNCTION authd.dry_run() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'AU000', MESSAGE = 'dry run: nothing was changed';
END
$$;
GRANT EXECUTE ON FUNCTION authd.dry_run() TO authd_service;
