-- Networks that are remembered after a code: for a while the main password alone is good from there.

-- authd.factor_grace_live(account bigint, factor bigint, seal bigint, network text) → boolean
-- Whether the network is remembered: the password of this seal is good from it without a code, once
-- more at least.
CREATE OR REPLACE FUNCTION authd.factor_grace_live(account bigint, factor bigint, seal bigint,
                                                   network text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.factor_grace AS held
                    WHERE held.account = factor_grace_live.account
                      AND held.network = factor_grace_live.network::cidr
                      AND held.factor = factor_grace_live.factor
                      AND held.password_seal = factor_grace_live.seal
                      AND held.uses_left > 0
                      AND held.expires_at > authd.now());
END
$$;
GRANT EXECUTE ON FUNCTION authd.factor_grace_live(bigint, bigint, bigint, text) TO authd_service;

-- authd.factor_grace_put(account bigint, factor bigint, grace jsonb) → void
-- Remembers a network, or renews it; deletes some expired ones, of any account.
CREATE OR REPLACE FUNCTION authd.factor_grace_put(account bigint, factor bigint, grace jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.factor_grace AS old
     WHERE (old.account, old.network) IN (
           SELECT over.account, over.network FROM authd.factor_grace AS over
            WHERE over.expires_at <= authd.now()
            ORDER BY over.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO authd.factor_grace AS held
           (account, network, password_seal, factor, uses_left, expires_at)
        VALUES (factor_grace_put.account, (grace ->> 'network')::cidr, (grace ->> 'seal')::bigint,
                factor_grace_put.factor, (grace ->> 'uses')::int,
                authd.now() + make_interval(secs => (grace ->> 'seconds')::bigint))
        ON CONFLICT ON CONSTRAINT factor_grace_pkey DO UPDATE
           SET password_seal = excluded.password_seal,
               factor = excluded.factor,
               uses_left = excluded.uses_left,
               expires_at = excluded.expires_at;
END
$$;

-- authd.factor_grace_use(account bigint, version bigint, factor bigint, seal bigint, network text)
--     → boolean
-- Takes one use of a remembered network. False: the account has changed, or no use is left.
CREATE OR REPLACE FUNCTION authd.factor_grace_use(account bigint, version bigint, factor bigint,
                                                  seal bigint, network text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF NOT authd.account_unchanged(account, version) THEN
        RETURN false;
    END IF;
    UPDATE authd.factor_grace AS held SET uses_left = held.uses_left - 1
     WHERE held.account = factor_grace_use.account
       AND held.network = factor_grace_use.network::cidr
       AND held.factor = factor_grace_use.factor
       AND held.password_seal = factor_grace_use.seal
       AND held.uses_left > 0
       AND held.expires_at > authd.now();
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.factor_grace_use(bigint, bigint, bigint, bigint, text)
    TO authd_service;
