-- Second factors and sealed secrets: what is stored of them, and what a login asks now.
-- Oldest compatible: 13
--
-- Hashes of passwords and seeds of codes are sealed (authd/crypto/sealed.h) under a key that is not in
-- the database, over the row and a number that no other text of that row ever had. What functions
-- call a password_hash is such a sealed text.
--
-- Threats: a stolen database, in which nothing can be guessed at; a row that is pasted onto another
-- user, or an old one that is put back; a code that is used twice, and wrong codes without end, which
-- authd.factor_take() alone decides about (0017); a phished password that enrols a phone of its own.

-- ---- sealed secrets --------------------------------------------------------------------------

ALTER TABLE authd.key DROP CONSTRAINT key_kind_check;
ALTER TABLE authd.key ADD CONSTRAINT key_kind_check CHECK (kind IN ('pepper', 'sealing', 'audit'));

ALTER TABLE authd.account
    DROP CONSTRAINT account_password_check,
    ADD CONSTRAINT account_password_check
        CHECK (octet_length(password) <= 2048 AND password ~ '^[!-~]+$'),
    ADD COLUMN password_seal bigint; -- authd.credential_id(): the version that the hash is sealed over
COMMENT ON COLUMN authd.account.password IS 'sealed: kind password, id and owner the account';

ALTER TABLE authd.app_password
    DROP CONSTRAINT app_password_foreign_hash_check,
    ADD CONSTRAINT app_password_foreign_hash_check
        CHECK (octet_length(foreign_hash) <= 2048 AND foreign_hash ~ '^[!-~]+$');
COMMENT ON COLUMN authd.app_password.foreign_hash IS
    'sealed: kind app-password, id the row, owner the account, version 0';

-- ---- second factors --------------------------------------------------------------------------

-- Who needs a code: off, nobody; optional, whoever has enrolled; required, everybody. Of site (its
-- configuration), domain and user the strictest counts; NULL adds nothing. What a domain requires, it
-- requires from its grace date on; until then it is optional.
ALTER TABLE authd.domain
    ADD COLUMN second_factor text CHECK (second_factor IN ('off', 'optional', 'required')),
    ADD COLUMN second_factor_grace_date timestamptz; -- NULL: there is none
ALTER TABLE authd.account
    ADD COLUMN second_factor text CHECK (second_factor IN ('off', 'optional', 'required'));

-- Whoever has a row is enrolled. RFC 6238, with steps of 30 seconds.
CREATE TABLE authd.totp (
    account      bigint PRIMARY KEY REFERENCES authd.account ON DELETE CASCADE,
    id           bigint NOT NULL UNIQUE, -- authd.credential_id(): another one after each enrolment
    seed         text COLLATE "C" NOT NULL CHECK (octet_length(seed) <= 256 AND seed ~ '^[!-~]+$'),
    algorithm    text NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
    digits       int NOT NULL CHECK (digits IN (6, 8)),
    confirmed_at timestamptz NOT NULL DEFAULT authd.now(),
    last_step    bigint NOT NULL, -- of the last code that was taken: only later ones are good
    last_used_at timestamptz,
    failures     int NOT NULL DEFAULT 0, -- wrong codes since the last right one
    refused      bytea[] NOT NULL DEFAULT '{}', -- keyed digests of the last wrong codes
    locked_until timestamptz
);
COMMENT ON COLUMN authd.totp.seed IS 'sealed: kind totp, id the row''s, owner the account, version 0';

-- An enrolment that no code has confirmed yet. No login looks here.
CREATE TABLE authd.totp_pending (
    account    bigint PRIMARY KEY REFERENCES authd.account ON DELETE CASCADE,
    id         bigint NOT NULL UNIQUE,
    seed       text COLLATE "C" NOT NULL CHECK (octet_length(seed) <= 256 AND seed ~ '^[!-~]+$'),
    algorithm  text NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
    digits     int NOT NULL CHECK (digits IN (6, 8)),
    attempts   int NOT NULL DEFAULT 0, -- wrong codes
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    expires_at timestamptz NOT NULL
);

-- A permission to enrol, once. Of the ticket only a digest.
CREATE TABLE authd.totp_ticket (
    digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX totp_ticket_account ON authd.totp_ticket (account);

-- Codes for who has lost the phone. Of each only a keyed hash over kind, account and code.
CREATE TABLE authd.recovery_code (
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    verifier   bytea NOT NULL CHECK (octet_length(verifier) = 32),
    key        text COLLATE "C" NOT NULL CHECK (key ~ '^[0-9a-f]{8}$'), -- under which pepper
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (account, verifier)
);

-- Wrong ones; counted apart from wrong codes of the phone.
CREATE TABLE authd.recovery_counter (
    account      bigint PRIMARY KEY REFERENCES authd.account ON DELETE CASCADE,
    failures     int NOT NULL DEFAULT 0,
    refused      bytea[] NOT NULL DEFAULT '{}',
    locked_until timestamptz
);

-- From where the main password alone is good for a while, after it came with a code.
CREATE TABLE authd.factor_grace (
    account       bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    network       cidr NOT NULL,
    password_seal bigint NOT NULL, -- of that password only,
    factor        bigint NOT NULL, -- and as long as it is this enrolment
    uses_left     int NOT NULL CHECK (uses_left >= 0),
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (account, network)
);
CREATE INDEX factor_grace_expires ON authd.factor_grace (expires_at);

ALTER TABLE authd.http_session
    ADD COLUMN factor     text CHECK (factor IN ('totp', 'recovery')), -- beside the password
    ADD COLUMN must_enrol boolean NOT NULL DEFAULT false; -- good for nothing else

-- ---- logins ----------------------------------------------------------------------------------

DROP FUNCTION authd.login_lookup(text[], text[]);

-- authd.login_lookup(logins text[], selectors text[])
--     → (n int, id bigint, version bigint, login text, suspended boolean, password text,
--        generation int, credential bigint, credential_version bigint,
--        verifier text, key text, expired boolean, scopes text, seconds bigint, seal bigint,
--        role text, domain_policy text, user_policy text, factor bigint, seed text, algorithm text,
--        digits int)
-- The accounts of canonical logins; n is the place in the arrays, from 1. Unknown logins have no
-- row. A selector is that of the app password which was shown, '' if it was no app password;
-- credential to expired are NULL unless that app password is the account's own. verifier is in hex.
-- password: sealed, over the version seal.
-- App passwords that were made elsewhere are asked for by authd.foreign_passwords().
-- scopes: a word for each of site, domain, class, user and credential, as authd.scope_word() says;
-- that of a foreign app password is in its line. seconds: since 1970, of authd.now().
-- domain_policy, user_policy: who needs a second factor: off | optional | required; NULL: nothing is
-- said. A domain before its grace date says optional instead of required. factor to digits are NULL
-- for who has not enrolled; seed: sealed.
-- Bounds: at most 64 logins.
-- Errors: AU422 too many logins, or not as many selectors.
-- One plan, kept: see authd.lookup(). It asks the same few index entries whether a user has one app
-- password or thousands, also by a plan of the time when there was one: OFFSET 0 keeps each table by
-- itself, to be asked by its index and never read whole. A plan that avoids so much looks dear, and
-- must not be compiled for that. A single login without an app password, which is what a quiet server
-- asks about, is looked up row by row: to begin a plan of so many tables takes longer than that. Both
-- ways say the same; a test compares them.
CREATE FUNCTION authd.login_lookup(logins text[], selectors text[])
RETURNS TABLE (n int, id bigint, version bigint, login text, suspended boolean, password text,
               generation int, credential bigint, credential_version bigint, verifier text,
               key text, expired boolean, scopes text, seconds bigint, seal bigint, role text,
               domain_policy text, user_policy text, factor bigint, seed text, algorithm text,
               digits int)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 64 SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off SET jit = off
AS $$
DECLARE
    at        bigint := floor(extract(epoch FROM authd.now()));
    everybody text   := (SELECT site.scope FROM authd.site WHERE one);
    holder    record;
    place     record;
BEGIN
    IF cardinality(logins) > 64 OR cardinality(selectors) <> cardinality(logins) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('a lookup of %s logins and %s selectors is too large or uneven',
                             cardinality(logins), cardinality(selectors)),
            HINT = 'Ask for at most 64, with as many selectors.';
    END IF;
    everybody := CASE WHEN everybody IS NULL THEN '-' ELSE authd.scope_word(everybody) END;
    IF cardinality(logins) = 1 AND selectors[1] = '' THEN
        SELECT one.id, one.version, one.login, one.suspended, one.password, one.password_generation,
               one.password_seal, one.role, one.second_factor, one.domain, one.class, one.scope
          INTO holder FROM authd.account AS one WHERE one.login = logins[1];
        IF holder.id IS NULL THEN
            RETURN;
        END IF;
        SELECT one.scope, one.second_factor, one.second_factor_grace_date
          INTO place FROM authd.domain AS one WHERE one.id = holder.domain;
        SELECT one.id, one.seed, one.algorithm, one.digits INTO factor, seed, algorithm, digits
          FROM authd.totp AS one WHERE one.account = holder.id;
        n := 1;
        id := holder.id;
        version := holder.version;
        login := holder.login;
        suspended := holder.suspended;
        password := holder.password;
        generation := holder.password_generation;
        scopes := concat_ws(' ', everybody,
            CASE WHEN place.scope IS NULL THEN '-' ELSE authd.scope_word(place.scope) END,
            CASE WHEN holder.class IS NULL THEN '-' ELSE (
                SELECT authd.scope_word(class.scope) FROM authd.class WHERE class.id = holder.class) END,
            CASE WHEN holder.scope IS NULL THEN '-' ELSE authd.scope_word(holder.scope) END, '-');
        seconds := at;
        seal := holder.password_seal;
        role := holder.role;
        domain_policy := CASE WHEN place.second_factor_grace_date > authd.now()
                                   AND place.second_factor = 'required'
                              THEN 'optional' ELSE place.second_factor END;
        user_policy := holder.second_factor;
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT asked.n::int, account.id, account.version, account.login, account.suspended,
               account.password, account.password_generation,
               held.id, held.version,
               CASE WHEN held.id IS NOT NULL THEN encode(secret.verifier, 'hex') END,
               CASE WHEN held.id IS NOT NULL THEN secret.key END,
               CASE WHEN held.id IS NOT NULL
                    THEN coalesce(least(held.not_after, secret.not_after) <= authd.now(), false) END,
               concat_ws(' ', everybody,
                   CASE WHEN home.scope IS NULL THEN '-' ELSE authd.scope_word(home.scope) END,
                   coalesce((SELECT authd.scope_word(class.scope) FROM authd.class
                              WHERE class.id = account.class), '-'),
                   CASE WHEN account.scope IS NULL THEN '-' ELSE authd.scope_word(account.scope) END,
                   CASE WHEN held.scope IS NULL THEN '-' ELSE authd.scope_word(held.scope) END),
               at, account.password_seal, account.role,
               CASE WHEN home.second_factor_grace_date > authd.now()
                         AND home.second_factor = 'required'
                    THEN 'optional' ELSE home.second_factor END,
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

-- authd.foreign_passwords(account bigint) → text
-- Its app passwords that were made elsewhere and have not ended, at most 8: a line for each, "id version
-- scope hash", the hash sealed. NULL: none, or no such account. Asked only after a password that was
-- not the main one, of whoever it was shown for.
CREATE FUNCTION authd.foreign_passwords(account bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
BEGIN
    RETURN (SELECT string_agg(format('%s %s %s %s', other.id, other.version,
                                     authd.scope_word(other.scope), other.foreign_hash),
                              E'\n' ORDER BY other.id)
              FROM (SELECT kept.id, kept.version, kept.scope, kept.foreign_hash
                      FROM authd.app_password AS kept
                     WHERE kept.account = foreign_passwords.account AND kept.foreign_hash IS NOT NULL
                       AND coalesce(kept.not_after > authd.now(), true)
                     ORDER BY kept.id LIMIT 8) AS other);
END
$$;
GRANT EXECUTE ON FUNCTION authd.foreign_passwords(bigint) TO authd_service;

-- ---- the door --------------------------------------------------------------------------------

-- What authd.manage() will call, and nothing else.
CREATE TABLE authd.operation (
    name text COLLATE "C" PRIMARY KEY
);
INSERT INTO authd.operation SELECT unnest(authd.operations());

-- authd.operations() → text[]
-- The names of all operations.
CREATE OR REPLACE FUNCTION authd.operations() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT array_agg(name) FROM authd.operation
$$;

-- ---- notices ---------------------------------------------------------------------------------

-- What users are told by mail, at the address on file: written in the transaction of what they are
-- told about, sent a moment later by any node.
CREATE TABLE authd.notice (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account     bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind ~ '^[a-z-]{1,40}$'),
    details     jsonb NOT NULL DEFAULT '{}', -- no secret
    created_at  timestamptz NOT NULL DEFAULT authd.now(),
    attempts    int NOT NULL DEFAULT 0,
    taken_until timestamptz -- some node is about to send it; NULL: nobody is
);

-- authd.notice_put(account bigint, kind text, details jsonb) → void
-- A mail to that user. kind: which text; details: what the text tells beside it.
CREATE FUNCTION authd.notice_put(account bigint, kind text, details jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    INSERT INTO authd.notice (account, kind, details)
        VALUES (notice_put.account, notice_put.kind, notice_put.details);
END
$$;
