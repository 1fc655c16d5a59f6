-- Logins: what a login asks, before it and after every wait. Each login calls these functions. They
-- are PL/pgSQL with types, so that each connection plans them once.

-- authd.login_lookup(logins text[], selectors text[])
--     → (n int, id bigint, version bigint, login text, suspended boolean, password text,
--        generation int, credential bigint, credential_version bigint,
--        verifier text, key text, expired boolean, scopes text, seconds bigint, cipher_version bigint,
--        role text, domain_policy text, user_policy text, factor bigint, seed text, algorithm text,
--        digits int)
-- The accounts of canonical logins. An unknown login has no row.
--   selectors  the selector of the app password that was presented; '' for any other secret
--   n          the position in the arrays, from 1
--   password, cipher_version  the encrypted hash, and the number that it is encrypted over; NULL: the
--              account has no password
--   credential, credential_version, verifier (hex), key, expired  the app password with the selector;
--              NULL unless it is the account's own. authd.imported_passwords() returns imported ones.
--   scopes     five words, authd.scope_word() of site, domain, class, user and app password
--   seconds    authd.now(), in seconds since 1970
--   domain_policy, user_policy  off | optional | required; NULL: no policy. The domain's is
--              authd.second_factor_now().
--   factor, seed (encrypted), algorithm, digits  the second factor; NULL: the user has not enrolled
-- Bounds: at most 64 logins.
-- Errors: AU422 too many logins, or not as many selectors.
--
-- One plan is kept: PostgreSQL would rather plan each call anew, because for one name that looks
-- cheaper, and planning costs three times what the query does. A plan made while a table was small
-- must not scan it when it has grown, so OFFSET 0 keeps each table apart, to be read by its index. The
-- plan reads the same few index entries whether a user has one app password or thousands. Its
-- estimated cost is high, and it must not be compiled for that (jit). A single login without an app
-- password, the common case of a quiet server, is looked up row by row: starting a plan of so many
-- tables takes longer. Both ways give the same rows; a test compares them. authd.scope_word() and
-- authd.second_factor_now() become part of the plan.
CREATE OR REPLACE FUNCTION authd.login_lookup(logins text[], selectors text[])
RETURNS TABLE (n int, id bigint, version bigint, login text, suspended boolean, password text,
               generation int, credential bigint, credential_version bigint, verifier text, key text,
               expired boolean, scopes text, seconds bigint, cipher_version bigint, role text,
               domain_policy text, user_policy text, factor bigint, seed text, algorithm text,
               digits int)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 64 SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off SET jit = off
AS $$
DECLARE
    at           bigint := floor(extract(epoch FROM authd.now()));
    site_scope   text   := (SELECT authd.scope_word(site.scope) FROM authd.site WHERE one);
    domain_scope text;
    class_scope  text;
    user_scope   text;
    domain_id    bigint;
    class_id     bigint;
BEGIN
    IF cardinality(logins) > 64 OR cardinality(selectors) <> cardinality(logins) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('a lookup of %s logins and %s selectors is too large or uneven',
                             cardinality(logins), cardinality(selectors)),
            HINT = 'Ask for at most 64, with as many selectors.';
    END IF;

    -- One login without an app password, row by row
    IF cardinality(logins) = 1 AND selectors[1] = '' THEN
        SELECT one.id, one.version, one.login, one.suspended, one.password, one.password_generation,
               one.password_cipher_version, one.role, one.second_factor, authd.scope_word(one.scope),
               one.domain, one.class
          INTO id, version, login, suspended, password, generation,
               cipher_version, role, user_policy, user_scope, domain_id, class_id
          FROM authd.account AS one WHERE one.login = logins[1];
        IF id IS NULL THEN
            RETURN;
        END IF;
        SELECT authd.scope_word(one.scope),
               authd.second_factor_now(one.second_factor, one.second_factor_from)
          INTO domain_scope, domain_policy FROM authd.domain AS one WHERE one.id = domain_id;
        IF class_id IS NOT NULL THEN
            SELECT authd.scope_word(one.scope) INTO class_scope FROM authd.class AS one
             WHERE one.id = class_id;
        END IF;
        SELECT one.id, one.seed, one.algorithm, one.digits INTO factor, seed, algorithm, digits
          FROM authd.totp AS one WHERE one.account = login_lookup.id;
        n := 1;
        scopes := concat_ws(' ', site_scope, domain_scope, coalesce(class_scope, '-'), user_scope, '-');
        seconds := at;
        RETURN NEXT;
        RETURN;
    END IF;

    -- All logins at once
    RETURN QUERY
        SELECT asked.n::int, account.id, account.version, account.login, account.suspended,
               account.password, account.password_generation,
               held.id, held.version,
               CASE WHEN held.id IS NOT NULL THEN encode(secret.verifier, 'hex') END,
               CASE WHEN held.id IS NOT NULL THEN secret.key END,
               CASE WHEN held.id IS NOT NULL
                    THEN coalesce(least(held.not_after, secret.not_after) <= authd.now(), false) END,
               concat_ws(' ', site_scope, authd.scope_word(home.scope),
                   coalesce((SELECT authd.scope_word(class.scope) FROM authd.class
                              WHERE class.id = account.class), '-'),
                   authd.scope_word(account.scope), authd.scope_word(held.scope)),
               at, account.password_cipher_version, account.role,
               authd.second_factor_now(home.second_factor, home.second_factor_from),
               account.second_factor, totp.id, totp.seed, totp.algorithm, totp.digits
          FROM unnest(logins, selectors) WITH ORDINALITY AS asked (login, selector, n)
          JOIN LATERAL (
               SELECT * FROM authd.account AS one WHERE one.login = asked.login OFFSET 0) AS account
            ON true
          JOIN LATERAL (
               SELECT * FROM authd.domain AS one WHERE one.id = account.domain OFFSET 0) AS home
            ON true
          LEFT JOIN LATERAL (
               SELECT * FROM authd.totp AS one WHERE one.account = account.id OFFSET 0) AS totp
            ON true
          LEFT JOIN LATERAL (
               SELECT * FROM authd.app_password_secret AS one
                WHERE one.selector = asked.selector OFFSET 0) AS secret
            ON true
          LEFT JOIN LATERAL (
               SELECT * FROM authd.app_password AS one
                WHERE one.id = secret.app_password AND one.account = account.id OFFSET 0) AS held
            ON true;
END
$$;
GRANT EXECUTE ON FUNCTION authd.login_lookup(text[], text[]) TO authd_service;

-- authd.confirm(id bigint, version bigint) → boolean
-- Whether an account has this version and is not suspended.
CREATE OR REPLACE FUNCTION authd.confirm(id bigint, version bigint) RETURNS boolean
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

-- authd.login_confirm(id bigint, version bigint, credential bigint, credential_version bigint)
--     → boolean
-- Whether account and app password are as authd.login_lookup() returned them, the account is not
-- suspended and the app password has not ended. credential NULL: the main password was presented.
-- Asked after every wait between lookup and answer.
CREATE OR REPLACE FUNCTION authd.login_confirm(id bigint, version bigint, credential bigint,
                                               credential_version bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.confirm(id, version)
       AND (credential IS NULL OR EXISTS (
            SELECT FROM authd.app_password AS held
             WHERE held.id = login_confirm.credential
               AND held.account = login_confirm.id
               AND held.version = login_confirm.credential_version
               AND coalesce(held.not_after > authd.now(), true)));
END
$$;
GRANT EXECUTE ON FUNCTION authd.login_confirm(bigint, bigint, bigint, bigint) TO authd_service;
