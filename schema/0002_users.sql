-- Users: domains, accounts and the addresses that accounts may send as.
-- Oldest compatible: 1
--
-- Names arrive canonical (core/name.h does that, in C). The checks here are the second net: they
-- refuse what could be misread, they do not repair it. Names sort and compare by octets (COLLATE
-- "C"), whatever the database's locale.

-- authd.domain_valid(name text) → boolean
-- Lower-case LDH labels, at most 253 octets.
CREATE FUNCTION authd.domain_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT octet_length(name) <= 253
       AND name COLLATE "C"
           ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$'
$$;

-- authd.local_part_valid(name text) → boolean
-- A dot-atom in NFC, at most 64 octets, without capitals, blanks, control characters or what has a
-- meaning somewhere else: # (identity tags), % ! (source routes), * (address patterns).
CREATE FUNCTION authd.local_part_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT octet_length(name) <= 64
       AND name IS NFC NORMALIZED
       AND name COLLATE "C" !~ '[\u0001-\u0020\u007f-\u00a0A-Z"#%!*(),:;<>@\[\\\]]'
       AND name COLLATE "C" ~ '^[^.]+(\.[^.]+)*$'
$$;

-- authd.login_valid(name text) → boolean
-- local-part@domain.
CREATE FUNCTION authd.login_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT strpos(name, '@') > 1
       AND authd.local_part_valid(split_part(name, '@', 1))
       AND authd.domain_valid(substr(name, strpos(name, '@') + 1))
$$;

-- authd.address_valid(name text) → boolean
-- local-part@domain, or *@domain: every address of that domain.
CREATE FUNCTION authd.address_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN starts_with(name, '*@') THEN authd.domain_valid(substr(name, 3))
                ELSE authd.login_valid(name) END
$$;

CREATE TABLE authd.domain (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text COLLATE "C" NOT NULL UNIQUE CHECK (authd.domain_valid(name)),
    created_at timestamptz NOT NULL DEFAULT authd.now()
);

CREATE TABLE authd.account (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never used twice
    login               text COLLATE "C" NOT NULL UNIQUE CHECK (authd.login_valid(login)),
    domain              bigint NOT NULL REFERENCES authd.domain,
    display_name        text CHECK (display_name !~ '[\u0001-\u001f\u007f-\u009f]'
                                    AND char_length(display_name) BETWEEN 1 AND 200),
    recovery_address    text COLLATE "C" CHECK (authd.login_valid(recovery_address)),
    role                text NOT NULL DEFAULT 'user'
                        CHECK (role IN ('user', 'helpdesk', 'domain-admin', 'auditor', 'admin')),
    service             boolean NOT NULL DEFAULT false, -- has no main password
    suspended           boolean NOT NULL DEFAULT false,
    suspended_reason    text CHECK (suspended_reason !~ '[\u0001-\u001f\u007f-\u009f]'
                                    AND char_length(suspended_reason) BETWEEN 1 AND 500),
    suspended_at        timestamptz,
    password            text COLLATE "C" -- a hash
                        CHECK (octet_length(password) <= 1024 AND password ~ '^[!-~]+$'),
    password_generation int NOT NULL DEFAULT 0 CHECK (password_generation >= 0),
    password_set_at     timestamptz,
    version             bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at          timestamptz NOT NULL DEFAULT authd.now(),
    CONSTRAINT service_has_no_password CHECK (NOT (service AND password IS NOT NULL)),
    CONSTRAINT suspension_is_whole CHECK (suspended = (suspended_at IS NOT NULL)
                                          AND (suspended OR suspended_reason IS NULL)),
    CONSTRAINT password_is_whole CHECK ((password IS NULL) = (password_set_at IS NULL))
);
COMMENT ON COLUMN authd.account.password_generation IS
    'N of the identity alice#pN@example.org: rises with each set and clear of the main password';
COMMENT ON COLUMN authd.account.version IS
    'rises with every change that a login which is under way must notice';

-- For the listing of a domain and the check of its foreign key.
CREATE INDEX account_domain ON authd.account (domain, login);

CREATE TABLE authd.address (
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    address    text COLLATE "C" NOT NULL CHECK (authd.address_valid(address)),
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (account, address)
);
CREATE INDEX address_account ON authd.address (address, account);

-- The last password generation of deleted accounts. A new account of an old name goes on counting
-- from there: an SMTP session that signed in as alice#p1@example.org must not become the session of
-- another alice. A digest, so that the name of a deleted user does not stay readable.
CREATE TABLE authd.retired_login (
    digest              bytea PRIMARY KEY, -- SHA-256 of the login
    password_generation int NOT NULL
);
