-- The version of the schema, which every connection asks for.

-- authd.schema_version() → (migration int, function_set int, oldest_compatible int)
-- What was applied to this database. A program whose function set is F can use this database if
-- oldest_compatible <= F <= function_set, and its last migration was applied.
CREATE OR REPLACE FUNCTION authd.schema_version(OUT migration int, OUT function_set int,
                                                OUT oldest_compatible int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    SELECT info.migration, info.function_set, info.oldest_compatible
      INTO migration, function_set, oldest_compatible
      FROM authd.schema_info AS info;
END
$$;
GRANT EXECUTE ON FUNCTION authd.schema_version() TO authd_service;
