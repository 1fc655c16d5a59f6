-- Remembered networks: after a code the main password alone is good from the client's network for a
-- while. A network is remembered for one password (cipher_version) and one enrolment (factor): another
-- password or another enrolment needs a code again. network: in CIDR notation.

-- authd.remembered_network_live(account bigint, factor bigint, cipher_version bigint, network text)
--     → boolean
-- Whether the network is remembered, and at least one use is left.
-- Errors: 22P02 network is not one.
CREATE OR REPLACE FUNCTION authd.remembered_network_live(account bigint, factor bigint,
                                                         cipher_version bigint, network text)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.remembered_network AS held
                    WHERE held.account = remembered_network_live.account
                      AND held.network = remembered_network_live.network::cidr
                      AND held.factor = remembered_network_live.factor
                      AND held.password_cipher_version = remembered_network_live.cipher_version
                      AND held.uses_left > 0
                      AND held.expires_at > authd.now());
END
$$;
GRANT EXECUTE ON FUNCTION authd.remembered_network_live(bigint, bigint, bigint, text) TO authd_service;

-- authd.remembered_network_put(account bigint, factor bigint, remember jsonb) → void
-- Remembers a network, or renews it. remember: {network, cipher_version, seconds, uses}, for how long
-- and how often. Deletes up to 100 expired networks of any account.
CREATE OR REPLACE FUNCTION authd.remembered_network_put(account bigint, factor bigint, remember jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.remembered_network AS old
     WHERE (old.account, old.network) IN (
           SELECT over.account, over.network FROM authd.remembered_network AS over
            WHERE over.expires_at <= authd.now()
            ORDER BY over.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO authd.remembered_network AS held
           (account, network, password_cipher_version, factor, uses_left, expires_at)
        VALUES (remembered_network_put.account, (remember ->> 'network')::cidr,
                (remember ->> 'cipher_version')::bigint, remembered_network_put.factor,
                (remember ->> 'uses')::int,
                authd.now() + make_interval(secs => (remember ->> 'seconds')::bigint))
        ON CONFLICT ON CONSTRAINT remembered_network_pkey DO UPDATE
           SET password_cipher_version = excluded.password_cipher_version,
               factor = excluded.factor,
               uses_left = excluded.uses_left,
               expires_at = excluded.expires_at;
END
$$;

-- authd.remembered_network_use(account bigint, version bigint, factor bigint, cipher_version bigint,
--                              network text) → boolean
-- Takes one use of a remembered network. False: the account has changed, or no use is left. version: as
-- authd.login_lookup() returned it.
-- Errors: 22P02 network is not one.
CREATE OR REPLACE FUNCTION authd.remembered_network_use(account bigint, version bigint, factor bigint,
                                                        cipher_version bigint, network text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF NOT authd.account_unchanged(account, version) THEN
        RETURN false;
    END IF;
    UPDATE authd.remembered_network AS held SET uses_left = held.uses_left - 1
     WHERE held.account = remembered_network_use.account
       AND held.network = remembered_network_use.network::cidr
       AND held.factor = remembered_network_use.factor
       AND held.password_cipher_version = remembered_network_use.cipher_version
       AND held.uses_left > 0
       AND held.expires_at > authd.now();
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.remembered_network_use(bigint, bigint, bigint, bigint, text)
    TO authd_service;
