-- Foundation: who may do what, the clock, and the record of migrations.
-- Oldest compatible: 1
--
-- Every migration runs in a transaction of its own, as authd_owner. "Oldest compatible" is the
-- lowest schema version that a program may have been built with and still run on this schema.

-- From here on authd_service can only call what is granted to it by name.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO authd_service', current_database());
END
$$;

CREATE SCHEMA authd;
GRANT USAGE ON SCHEMA authd TO authd_service;

-- authd.now() → timestamptz
-- The only clock of every decision: the start of the transaction. Tests replace this function;
-- nothing else asks for the time. (No SET search_path, so that it can be inlined: its one name is
-- qualified.)
CREATE FUNCTION authd.now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.now();

-- One row for each migration that was applied.
CREATE TABLE authd.schema_info (
    number            int PRIMARY KEY CHECK (number > 0),
    name              text NOT NULL,
    oldest_compatible int NOT NULL CHECK (oldest_compatible BETWEEN 1 AND number),
    applied_at        timestamptz NOT NULL DEFAULT authd.now()
);

-- authd.schema_version() → (version int, oldest_compatible int)
-- A program built with schema version V can use this database if oldest_compatible <= V <= version.
CREATE FUNCTION authd.schema_version(OUT version int, OUT oldest_compatible int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    SELECT max(info.number), max(info.oldest_compatible) INTO version, oldest_compatible
      FROM authd.schema_info AS info;
END
$$;
GRANT EXECUTE ON FUNCTION authd.schema_version() TO authd_service;

-- authd.dry_run() → never returns
-- The second statement of a dry run's implicit transaction: the change before it has delivered its
-- result and is rolled back.
-- Errors: AU000, always.
CREATE FUNCTION authd.dry_run() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'AU000', MESSAGE = 'dry run: nothing was changed';
END
$$;
GRANT EXECUTE ON FUNCTION authd.dry_run() TO authd_service;
