-- What a login calls: the hot functions. Typed PL/pgSQL, so that each connection plans them once.
-- Oldest compatible: 1

-- authd.lookup(logins text[]) → (n int, id bigint, version bigint, login text, suspended boolean,
--                                password text, generation int)
-- The accounts of canonical logins; n is the place in the array, from 1. Unknown logins have no
-- row.
-- Bounds: at most 64 logins.
-- Errors: AU422 too many logins.
-- One plan, kept: PostgreSQL would rather plan each call anew, because for one name that looks
-- cheaper, and planning costs three times what the query does. A plan made while the table was
-- small must not scan it when it has grown.
CREATE FUNCTION authd.lookup(logins text[])
RETURNS TABLE (n int, id bigint, version bigint, login text, suspended boolean, password text,
               generation int)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 64 SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
BEGIN
    IF cardinality(logins) > 64 THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('a lookup of %s logins is too large', cardinality(logins)),
            HINT = 'Ask for at most 64.';
    END IF;
    RETURN QUERY
        SELECT asked.n::int, account.id, account.version, account.login, account.suspended,
               account.password, account.password_generation
          FROM unnest(logins) WITH ORDINALITY AS asked (login, n)
          JOIN authd.account ON account.login = asked.login;
END
$$;
GRANT EXECUTE ON FUNCTION authd.lookup(text[]) TO authd_service;

-- authd.confirm(id bigint, version bigint) → boolean
-- Whether the account still is as authd.lookup() returned it, and not suspended. Asked after every
-- wait between lookup and answer.
CREATE FUNCTION authd.confirm(id bigint, version bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.account
                    WHERE account.id = confirm.id
                      AND account.version = confirm.version
                      AND NOT account.suspended);
END
$$;
GRANT EXECUTE ON FUNCTION authd.confirm(bigint, bigint) TO authd_service;

-- authd.password_upgrade(id bigint, old text, new text) → boolean
-- Replaces the stored hash by a stronger one of the same password, only if it still is `old`. Not a
-- change of password: generation and version stay.
-- Errors: 23514 `new` is not a stored hash (a second net).
CREATE FUNCTION authd.password_upgrade(id bigint, old text, new text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF new IS NULL THEN
        RETURN false;
    END IF;
    UPDATE authd.account SET password = new
     WHERE account.id = password_upgrade.id AND account.password = old;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.password_upgrade(bigint, text, text) TO authd_service;
