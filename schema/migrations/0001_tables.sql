-- Tables, types, indexes and constraints, and the functions that these use.
--
-- smtp-authd --migrate applies this file once, as authd_owner, in one transaction with the functions of
-- functions/, which come after it: nothing here calls them.
--
-- Names (logins, domains, addresses) arrive canonical: authd does that (core/name.h). The checks here
-- are the second net: they refuse what could be misread, and repair nothing. Names sort and compare
-- by octets (COLLATE "C"), whatever the locale of the database.
--
-- Texts whose column has a comment that begins with "encrypted:" are encrypted by authd
-- (authd/crypto/aead.h) under a key that is not in the database, over kind, row, owner and version.

-- ---- privileges ------------------------------------------------------------------------------

-- From here on authd_service can call only the functions that are granted to it by name.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO authd_service', current_database());
END
$$;

CREATE SCHEMA authd;
GRANT USAGE ON SCHEMA authd TO authd_service;

-- ---- functions that tables use ---------------------------------------------------------------

-- These have no SET search_path, so that they can be inlined; their names were resolved when they
-- were created. Called a hundred thousand times, checks of names that could not be inlined were a
-- third of an import.

-- authd.now() → timestamptz
-- The only clock of every decision: the start of the transaction. Nothing else asks for the time.
-- Tests replace this function.
CREATE FUNCTION authd.now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.now();

-- authd.domain_valid(name text) → boolean
-- Lower-case LDH labels, at most 253 octets.
CREATE FUNCTION authd.domain_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.octet_length(name) <= 253
   AND name COLLATE "C" ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$';

-- authd.local_part_valid(name text) → boolean
-- A dot-atom in NFC, at most 64 octets, without capitals, blanks, control characters, and characters
-- that have a meaning in other places: # (identity tags), % ! (source routes), * (address patterns).
CREATE FUNCTION authd.local_part_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.octet_length(name) <= 64
   AND name IS NFC NORMALIZED
   AND name COLLATE "C" !~ '[\u0001-\u0020\u007f-\u00a0A-Z"#%!*(),:;<>@\[\\\]]'
   AND name COLLATE "C" ~ '^[^.]+(\.[^.]+)*$';

-- authd.login_valid(name text) → boolean
-- local-part@domain.
CREATE FUNCTION authd.login_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.strpos(name, '@') > 1
   AND authd.local_part_valid(pg_catalog.split_part(name, '@', 1))
   AND authd.domain_valid(pg_catalog.substr(name, pg_catalog.strpos(name, '@') + 1));

-- authd.address_valid(name text) → boolean
-- local-part@domain, or *@domain: every address of that domain.
CREATE FUNCTION authd.address_valid(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.starts_with(name, '*@')
            THEN authd.domain_valid(pg_catalog.substr(name, 3))
            ELSE authd.login_valid(name) END;

-- authd.is_encrypted(value text) → boolean
-- Whether a text has the form of an encrypted one; only authd knows whether it can be decrypted.
CREATE FUNCTION authd.is_encrypted(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value COLLATE "C" ~ '^\$cipher\$[0-9a-f]{8}\$[A-Za-z0-9_-]+$';

-- ---- the schema itself -----------------------------------------------------------------------

-- What was applied to this database: one row, which smtp-authd --migrate writes after all it applies.
CREATE TABLE authd.schema_info (
    one                 boolean PRIMARY KEY DEFAULT true CHECK (one),
    migration           int  NOT NULL CHECK (migration > 0),    -- the last one
    migration_sha256    text NOT NULL, -- of the text of all migrations up to that one
    function_set        int  NOT NULL CHECK (function_set > 0), -- see functions/SET
    function_set_sha256 text NOT NULL,
    oldest_compatible   int  NOT NULL, -- the lowest function set of a program that can run on this
    applied_at          timestamptz NOT NULL DEFAULT authd.now(),
    CHECK (oldest_compatible BETWEEN 1 AND function_set)
);

-- ---- sending scopes, and the site ------------------------------------------------------------

-- A sending scope (docs/scope.md) in canonical form. A row is never changed; authd.scope_drop()
-- deletes it when no other row names it.
CREATE TABLE authd.scope_document (
    hash       text COLLATE "C" PRIMARY KEY,
    canonical  text NOT NULL CHECK (octet_length(canonical) <= 16384),
    tz         text GENERATED ALWAYS AS (canonical::jsonb #>> '{time,tz}') STORED,
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    CONSTRAINT hash_is_of_content CHECK (hash = encode(sha256(convert_to(canonical, 'UTF8')), 'hex'))
);

-- Settings of the whole site: one row.
CREATE TABLE authd.site (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    scope           text COLLATE "C" REFERENCES authd.scope_document,
    scopes_swept_at timestamptz NOT NULL DEFAULT authd.now() -- see authd.scope_sweep()
);
INSERT INTO authd.site DEFAULT VALUES;

-- ---- domains, classes, users -----------------------------------------------------------------

-- A policy of second factors is off (no user needs a code), optional (users who have enrolled do) or
-- required (all users do); NULL adds nothing. Of site (its configuration), domain and user the
-- strictest counts.

CREATE TABLE authd.domain (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                text COLLATE "C" NOT NULL UNIQUE CHECK (authd.domain_valid(name)),
    description         text CHECK (description !~ '[\u0001-\u001f\u007f-\u009f]'
                                    AND char_length(description) BETWEEN 1 AND 200),
    recipient_delimiter text DEFAULT '+' CHECK (recipient_delimiter IN ('+', '-', '=', '.')),
    scope               text COLLATE "C" REFERENCES authd.scope_document,
    scope_by_rank       int, -- the rank that has set the scope
    -- What each rank has set, and of that the strictest: see functions/imposed.sql
    second_factor_by      jsonb NOT NULL DEFAULT '{}',
    second_factor_from_by jsonb NOT NULL DEFAULT '{}',
    second_factor       text CHECK (second_factor IN ('off', 'optional', 'required')),
    second_factor_from  timestamptz, -- until then required is optional; NULL: required at once
    created_at          timestamptz NOT NULL DEFAULT authd.now(),
    CONSTRAINT setter_has_set CHECK (scope IS NOT NULL OR scope_by_rank IS NULL)
);
CREATE INDEX domain_scope ON authd.domain (scope) WHERE scope IS NOT NULL;

-- A class has users as members, so that one sending scope holds for many.
CREATE TABLE authd.class (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9-]{1,40}$'),
    description text CHECK (description !~ '[\u0001-\u001f\u007f-\u009f]'
                            AND char_length(description) BETWEEN 1 AND 200),
    scope       text COLLATE "C" REFERENCES authd.scope_document,
    created_at  timestamptz NOT NULL DEFAULT authd.now()
);
CREATE INDEX class_scope ON authd.class (scope) WHERE scope IS NOT NULL;

CREATE TABLE authd.account (
    id                      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never used twice
    login                   text COLLATE "C" NOT NULL UNIQUE CHECK (authd.login_valid(login)),
    domain                  bigint NOT NULL REFERENCES authd.domain,
    display_name            text CHECK (display_name !~ '[\u0001-\u001f\u007f-\u009f]'
                                        AND char_length(display_name) BETWEEN 1 AND 200),
    recovery_address        text COLLATE "C" CHECK (authd.login_valid(recovery_address)),
    recovery_address_by_rank int, -- the rank that has set it; 0: the user
    role                    text NOT NULL DEFAULT 'user'
                            CHECK (role IN ('user', 'helpdesk', 'domain-admin', 'auditor', 'admin')),
    class                   bigint REFERENCES authd.class,
    class_by_rank           int, -- the rank that has set the class
    service                 boolean NOT NULL DEFAULT false, -- has no main password
    scope                   text COLLATE "C" REFERENCES authd.scope_document,
    scope_by_rank           int, -- the rank that has set the scope
    second_factor           text CHECK (second_factor IN ('off', 'optional', 'required')),
    second_factor_by        jsonb NOT NULL DEFAULT '{}', -- what each rank has set; the strictest holds

    suspended               boolean NOT NULL DEFAULT false,
    suspended_reason        text CHECK (suspended_reason !~ '[\u0001-\u001f\u007f-\u009f]'
                                        AND char_length(suspended_reason) BETWEEN 1 AND 500),
    suspended_at            timestamptz,
    suspended_by_rank       int, -- the highest rank of those who suspended the user

    password                text COLLATE "C" -- a hash, encrypted
                            CHECK (octet_length(password) <= 2048 AND password ~ '^[!-~]+$'),
    password_cipher_version bigint, -- authd.credential_id(): the number that the hash is encrypted over
    password_generation     int NOT NULL DEFAULT 0 CHECK (password_generation >= 0),
    password_set_at         timestamptz,
    imported_keyed          bytea CHECK (octet_length(imported_keyed) = 32),
    imported_cipher_version bigint,

    version                 bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at              timestamptz NOT NULL DEFAULT authd.now(),
    last_login_at           timestamptz,
    last_login_address      inet,

    CONSTRAINT service_has_no_password CHECK (NOT (service AND password IS NOT NULL)),
    CONSTRAINT suspension_is_whole CHECK (suspended = (suspended_at IS NOT NULL)
                                          AND (suspended OR suspended_reason IS NULL)),
    CONSTRAINT suspender_is_whole CHECK (suspended OR suspended_by_rank IS NULL),
    CONSTRAINT setters_have_set CHECK (
        (recovery_address IS NOT NULL OR recovery_address_by_rank IS NULL)
        AND (class IS NOT NULL OR class_by_rank IS NULL)
        AND (scope IS NOT NULL OR scope_by_rank IS NULL)),
    CONSTRAINT password_is_whole CHECK ((password IS NULL) = (password_set_at IS NULL)),
    CONSTRAINT password_is_encrypted CHECK ((password IS NULL) = (password_cipher_version IS NULL)
                                            AND authd.is_encrypted(password))
);
COMMENT ON COLUMN authd.account.password IS 'encrypted: kind password, id and owner the account';
COMMENT ON COLUMN authd.account.password_generation IS
    'N of the identity alice#pN@example.org: rises with each set and clear of the main password';
COMMENT ON COLUMN authd.account.version IS
    'rises with every change that a login which is under way must notice';
COMMENT ON COLUMN authd.account.imported_keyed IS
    'keyed hash over the account and the SHA-256 of the password hash as it was imported last';
COMMENT ON COLUMN authd.account.imported_cipher_version IS
    'password_cipher_version of the last import; another one: the password was changed here since; '
    'NULL: authd has upgraded the hash since, or nothing was imported';

-- For the list of a domain and the check of its foreign key.
CREATE INDEX account_domain ON authd.account (domain, login);
CREATE INDEX account_class ON authd.account (class);
CREATE INDEX account_created ON authd.account (created_at, id);
CREATE INDEX account_last_login ON authd.account (coalesce(last_login_at, '-infinity'), id);
CREATE INDEX account_scope ON authd.account (scope) WHERE scope IS NOT NULL;
-- By the name of the key: an encrypted text is $cipher$KKKKKKKK$….
CREATE INDEX account_password_cipher_key ON authd.account (substr(password, 9, 8), id)
    WHERE password IS NOT NULL;

-- An address that an account may send as; *@domain for a whole domain. Several accounts may have the
-- same address.
CREATE TABLE authd.address (
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    address    text COLLATE "C" NOT NULL CHECK (authd.address_valid(address)),
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (account, address)
);
CREATE INDEX address_account ON authd.address (address, account);

-- A domain that an account administers beside its own.
CREATE TABLE authd.administers (
    account bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    domain  bigint NOT NULL REFERENCES authd.domain ON DELETE CASCADE,
    PRIMARY KEY (account, domain)
);
CREATE INDEX administers_domain ON authd.administers (domain);

-- The last password generation of a deleted account. A new account of the same login goes on counting
-- from there: an SMTP session that signed in as alice#p1@example.org must not become the session of
-- another alice. The row has only a digest, so that the login of a deleted user is not readable.
CREATE TABLE authd.retired_login (
    digest              bytea PRIMARY KEY, -- SHA-256 of the login
    password_generation int NOT NULL
);

-- A row of an import that is under way. Names are canonical (manage/import_rows.h).
CREATE TYPE authd.import_row AS (
    n                int,    -- its position in the batch
    line             int,    -- in the file
    login            text,
    hash             text,   -- of the password, encrypted; NULL: none
    display_name     text,
    recovery_address text,
    addresses        text[], -- NULL: not given
    class_name       text,
    class            bigint,
    scope            text,   -- a document, canonical; NULL: none
    suspended        boolean,
    domain           bigint,
    account          authd.account, -- as it was; NULL: there was none
    outcome          text,   -- NULL: not decided yet
    detail           text,   -- a sentence
    hint             text,
    account_id       bigint, -- the account that the hash is encrypted for; NULL: there is no hash
    account_new      boolean, -- account_id is of a user who did not exist when it was asked for
    cipher_version   bigint, -- the number that the hash is encrypted over
    imported         bytea[] -- keyed hashes of the hash as it came, under each pepper
);

-- ---- credentials -----------------------------------------------------------------------------

-- The name of a key that something in this database was made with. A node needs each of these keys
-- before it starts. One key of each kind makes what is new.
CREATE TABLE authd.key (
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('pepper', 'encryption', 'audit')),
    id         text COLLATE "C" NOT NULL CHECK (id ~ '^[0-9a-f]{8}$'),
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    current    boolean NOT NULL DEFAULT false, -- makes what is new
    retired_at timestamptz, -- since then another key makes what is new
    removed_at timestamptz, -- since then no node needs the key
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX key_current ON authd.key (kind) WHERE current;

-- The numbers of app passwords, API keys, enrolments and encrypted hashes: one series, so that no two
-- share a number. See authd.credential_id().
CREATE SEQUENCE authd.credential_number;

-- An app password; imported_hash is of an imported one.
CREATE TABLE authd.app_password (
    id                bigint PRIMARY KEY, -- authd.credential_id(): N of alice#kN@example.org
    account           bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    label             text NOT NULL CHECK (label !~ '[\u0001-\u001f\u007f-\u009f]'
                                           AND char_length(label) BETWEEN 1 AND 100),
    created_at        timestamptz NOT NULL DEFAULT authd.now(),
    created_by        text NOT NULL,
    not_after         timestamptz, -- NULL: no end
    sliding           interval CHECK (sliding >= interval '1 hour'), -- after the last use; NULL: fixed
    scope             text COLLATE "C" REFERENCES authd.scope_document
                      CHECK (scope ~ '^[0-9a-f]{64}$'),
    imported_hash     text COLLATE "C" -- encrypted
                      CHECK (octet_length(imported_hash) <= 2048 AND imported_hash ~ '^[!-~]+$'),
    rotations         int NOT NULL DEFAULT 0,
    rotated_at        timestamptz,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    last_used_at      timestamptz,
    last_used_address inet,
    CONSTRAINT sliding_has_an_end CHECK (sliding IS NULL OR not_after IS NOT NULL),
    CONSTRAINT imported_hash_is_encrypted CHECK (authd.is_encrypted(imported_hash))
);
COMMENT ON COLUMN authd.app_password.imported_hash IS
    'encrypted: kind app-password, id the row, owner the account, version 0';
COMMENT ON COLUMN authd.app_password.version IS
    'rises with every change that a login which is under way must notice';
CREATE INDEX app_password_account ON authd.app_password (account, id);
CREATE INDEX app_password_imported ON authd.app_password (account, id)
    WHERE imported_hash IS NOT NULL;
CREATE INDEX app_password_scope ON authd.app_password (scope) WHERE scope IS NOT NULL;
CREATE INDEX app_password_cipher_key ON authd.app_password (substr(imported_hash, 9, 8), id)
    WHERE imported_hash IS NOT NULL;

-- A secret of an app password; an app password has two while the old one is good after a rotation.
-- The verifier is a keyed hash over kind, id, owner and secret.
CREATE TABLE authd.app_password_secret (
    selector     text COLLATE "C" PRIMARY KEY CHECK (selector ~ '^[a-z2-7]{8}$'),
    app_password bigint NOT NULL REFERENCES authd.app_password ON DELETE CASCADE,
    verifier     bytea NOT NULL CHECK (octet_length(verifier) = 32),
    key          text COLLATE "C" NOT NULL CHECK (key ~ '^[0-9a-f]{8}$'), -- the pepper's name
    not_after    timestamptz -- NULL: the end of the app password
);
CREATE INDEX app_password_secret_of ON authd.app_password_secret (app_password);
CREATE INDEX app_password_secret_key ON authd.app_password_secret (key);

-- A program's key to the API. The verifier is a keyed hash over kind, id, owner and secret.
CREATE TABLE authd.api_key (
    id                bigint PRIMARY KEY, -- authd.credential_id()
    owner             bigint REFERENCES authd.account ON DELETE CASCADE, -- NULL: the host
    selector          text COLLATE "C" NOT NULL UNIQUE CHECK (selector ~ '^[a-z2-7]{8}$'),
    verifier          bytea NOT NULL CHECK (octet_length(verifier) = 32),
    -- Of the same secret under the pepper before: a request presents the verifier that it was let in
    -- by once more when it changes something.
    verifier_before   bytea CHECK (octet_length(verifier_before) = 32),
    key               text COLLATE "C" NOT NULL CHECK (key ~ '^[0-9a-f]{8}$'), -- the pepper's name
    label             text NOT NULL CHECK (label !~ '[\u0001-\u001f\u007f-\u009f]'
                                           AND char_length(label) BETWEEN 1 AND 100),
    rights            text[] NOT NULL,
    domains           bigint[], -- narrows the owner's reach; NULL: does not
    created_at        timestamptz NOT NULL DEFAULT authd.now(),
    expires_at        timestamptz NOT NULL,
    last_used_at      timestamptz,
    last_used_address inet
);
CREATE INDEX api_key_owner ON authd.api_key (owner);
CREATE INDEX api_key_key ON authd.api_key (key);

-- A session of a browser or program that signed in to the API.
CREATE TABLE authd.http_session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account      bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    digest       bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32), -- of the cookie
    created_at   timestamptz NOT NULL DEFAULT authd.now(),
    last_seen_at timestamptz NOT NULL DEFAULT authd.now(),
    fresh_at     timestamptz NOT NULL DEFAULT authd.now(), -- when a password was last given
    factor       text CHECK (factor IN ('totp', 'recovery')), -- beside the password
    must_enrol   boolean NOT NULL DEFAULT false, -- began as one that is good for enrolling only
    client       inet,
    agent        text CHECK (char_length(agent) BETWEEN 1 AND 200)
);
CREATE INDEX http_session_account ON authd.http_session (account);
CREATE INDEX http_session_created ON authd.http_session (created_at);

-- A link that sets a new password, once.
CREATE TABLE authd.reset_link (
    digest           bytea PRIMARY KEY CHECK (octet_length(digest) = 32), -- of the token
    account          bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    keep_credentials boolean NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT authd.now(),
    expires_at       timestamptz NOT NULL
);
CREATE INDEX reset_link_account ON authd.reset_link (account);

-- A reset link that was mailed within the last day: it counts, whatever became of the link.
CREATE TABLE authd.reset_mail (
    digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32), -- of the token
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT authd.now()
);
CREATE INDEX reset_mail_account ON authd.reset_mail (account, created_at);
CREATE INDEX reset_mail_created ON authd.reset_mail (created_at);

-- The answer to a request that may arrive twice, for a day.
CREATE TABLE authd.idempotency (
    caller     text NOT NULL,
    key        text COLLATE "C" NOT NULL CHECK (key ~ '^[!-~]{1,255}$'),
    digest     text COLLATE "C" NOT NULL, -- of the request
    account    bigint, -- the user whom the answer is about: the answer is erased with the user
    answer     jsonb,
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created ON authd.idempotency (created_at);
CREATE INDEX idempotency_account ON authd.idempotency (account);

-- ---- second factors --------------------------------------------------------------------------

-- The second factor of an account: RFC 6238, with steps of 30 seconds. An account with a row is
-- enrolled.
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
    locked_until timestamptz,
    CONSTRAINT seed_is_encrypted CHECK (authd.is_encrypted(seed))
);
COMMENT ON COLUMN authd.totp.seed IS 'encrypted: kind totp, id the row''s, owner the account, version 0';
CREATE INDEX totp_cipher_key ON authd.totp (substr(seed, 9, 8), account);

-- An enrolment that no code has confirmed yet. No login reads this table.
CREATE TABLE authd.totp_pending (
    account    bigint PRIMARY KEY REFERENCES authd.account ON DELETE CASCADE,
    id         bigint NOT NULL UNIQUE,
    seed       text COLLATE "C" NOT NULL CHECK (octet_length(seed) <= 256 AND seed ~ '^[!-~]+$'),
    algorithm  text NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
    digits     int NOT NULL CHECK (digits IN (6, 8)),
    attempts   int NOT NULL DEFAULT 0, -- wrong codes
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT seed_is_encrypted CHECK (authd.is_encrypted(seed))
);
COMMENT ON COLUMN authd.totp_pending.seed IS
    'encrypted: kind totp, id the row''s, owner the account, version 0';
CREATE INDEX totp_pending_cipher_key ON authd.totp_pending (substr(seed, 9, 8), account);

-- A permission to enrol, once.
CREATE TABLE authd.totp_ticket (
    digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32), -- of the ticket
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX totp_ticket_account ON authd.totp_ticket (account);

-- A code for a user who has lost the phone. The verifier is a keyed hash over kind, account and code.
CREATE TABLE authd.recovery_code (
    account    bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    verifier   bytea NOT NULL CHECK (octet_length(verifier) = 32),
    key        text COLLATE "C" NOT NULL CHECK (key ~ '^[0-9a-f]{8}$'), -- the pepper's name
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    PRIMARY KEY (account, verifier)
);
CREATE INDEX recovery_code_key ON authd.recovery_code (key);

-- Wrong recovery codes, counted apart from wrong codes of the phone.
CREATE TABLE authd.recovery_counter (
    account      bigint PRIMARY KEY REFERENCES authd.account ON DELETE CASCADE,
    failures     int NOT NULL DEFAULT 0,
    refused      bytea[] NOT NULL DEFAULT '{}', -- keyed digests of the last wrong codes
    locked_until timestamptz
);

-- When wrong codes of both kinds came with the right password of an account, within the 24 hours up to
-- the last one. A right code, another enrolment and other recovery codes leave the row as it is.
CREATE TABLE authd.wrong_codes (
    account    bigint PRIMARY KEY REFERENCES authd.account ON DELETE CASCADE,
    at         timestamptz[] NOT NULL DEFAULT '{}', -- the newest first
    noticed_at timestamptz -- when a notice last told the user
);

-- A network that is remembered after a code: the main password alone is good from there for a while.
CREATE TABLE authd.remembered_network (
    account                 bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    network                 cidr NOT NULL,
    password_cipher_version bigint NOT NULL, -- of the one password that is good from there
    factor                  bigint NOT NULL, -- the enrolment that gave the code
    uses_left               int NOT NULL CHECK (uses_left >= 0),
    expires_at              timestamptz NOT NULL,
    PRIMARY KEY (account, network)
);
CREATE INDEX remembered_network_expires ON authd.remembered_network (expires_at);

-- ---- notices ---------------------------------------------------------------------------------

-- A mail message to a user, written in the transaction of the event, sent a moment later by any node.
-- A sent notice is kept for a day, to be counted.
CREATE TABLE authd.notice (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account     bigint NOT NULL REFERENCES authd.account ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind ~ '^[a-z-]{1,40}$'),
    details     jsonb NOT NULL DEFAULT '{}', -- no secret
    mail_to     text, -- the user's address at the time of the event
    created_at  timestamptz NOT NULL DEFAULT authd.now(),
    attempts    int NOT NULL DEFAULT 0,
    taken_until timestamptz, -- until then a node is sending the notice; NULL: no node is
    sent_at     timestamptz
);
CREATE INDEX notice_due ON authd.notice (coalesce(taken_until, '-infinity'), id)
    WHERE sent_at IS NULL;
CREATE INDEX notice_account ON authd.notice (account, kind);
CREATE INDEX notice_created ON authd.notice (created_at);

-- ---- the audit -------------------------------------------------------------------------------

CREATE SEQUENCE authd.audit_number;

-- A change, written in the transaction that made it, or a login's outcome. No column tells about a
-- person. The constraints refuse mistakes; authd's check of the audit does not rely on them, because
-- an owner of the database can drop them.
CREATE TABLE authd.audit_event (
    id             bigint PRIMARY KEY DEFAULT nextval('authd.audit_number') CHECK (id > 0),
    at             timestamptz NOT NULL DEFAULT authd.now() CHECK (isfinite(at)),
    class          text NOT NULL CHECK (class IN ('change', 'login')), -- decides how long it is kept
    action         text NOT NULL,
    kind           text,   -- of the object
    object_id      text,
    account        bigint, -- the user whom the event concerns
    domain         bigint,
    actor          bigint, -- the account that acted
    actor_kind     text,
    credential     text,
    via            text,
    peer           text,
    reference      text,
    outcome        text,   -- of a login
    reason         text,   -- of a login
    service        text,   -- of a login
    mechanism      text,   -- of a login
    front          text,   -- of a login
    tls            boolean, -- of a login
    count          int NOT NULL DEFAULT 1 CHECK (count > 0), -- equal logins within a second
    details        jsonb,  -- of what authd itself did
    subject_digest bytea,  -- SHA-256 of salt and data of the side row; NULL: there is none
    actor_digest   bytea,  -- SHA-256 of salt and data of the side row; NULL: there is none
    operation      text,   -- the function of schema/ that authd called; the next columns are of the call
    nonce          bytea CHECK (octet_length(nonce) = 16),
    arguments      bytea,  -- keyed digest of the arguments
    call_rows      int,    -- how many rows of one action the call writes at most; NULL: not known
    call_waited    bigint, -- milliseconds since the oldest event of the call
    tag            bytea   -- keyed digest of authd.audit_call_text(); NULL: authd did not make the row
);
CREATE INDEX audit_event_account ON authd.audit_event (account, id) WHERE account IS NOT NULL;
CREATE INDEX audit_event_actor ON authd.audit_event (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_event_change ON authd.audit_event (id) WHERE class = 'change';
CREATE INDEX audit_event_own ON authd.audit_event (action, id)
    WHERE action IN ('audit_expire', 'audit_erase', 'audit_lost');
CREATE INDEX audit_event_reference ON authd.audit_event (reference) WHERE reference IS NOT NULL;
CREATE INDEX audit_event_nonce ON authd.audit_event (nonce);
CREATE INDEX audit_event_at ON authd.audit_event USING brin (at) WITH (pages_per_range = 16);

-- A side row: what an event tells about a person, with a salt. It is erased with the person.
CREATE TABLE authd.audit_person (
    event bigint NOT NULL,
    part  text COLLATE "C" NOT NULL CHECK (part IN ('subject', 'actor')),
    salt  bytea NOT NULL,
    data  jsonb NOT NULL,
    PRIMARY KEY (event, part)
);
-- Names that were tried and that no account has.
CREATE INDEX audit_person_claimed ON authd.audit_person ((data ->> 'claimed')) WHERE data ? 'claimed';

-- The queue of events that no seal covers yet: a row for each statement that inserted events, and for
-- each 1,000 events of it.
CREATE TABLE authd.audit_pending (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    class  text NOT NULL CHECK (class IN ('change', 'login')),
    events bigint[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 1000)
);

-- A seal: a list of events and their digests, chained to the seal before by a MAC.
CREATE TABLE authd.audit_seal (
    number   bigint PRIMARY KEY CHECK (number > 0),
    previous bytea NOT NULL UNIQUE, -- the MAC before it: the chain cannot fork
    class    text NOT NULL,         -- of all its rows
    at       bigint NOT NULL,       -- microseconds since 1970
    drained  bigint NOT NULL,       -- when the queue was last seen empty, microseconds since 1970
    count    bigint NOT NULL,
    list     bytea NOT NULL,        -- digest of ids and digests
    key      text NOT NULL,         -- the name of the key
    mac      bytea NOT NULL,
    ids      bigint[],              -- NULL: expired
    digests  bytea,                 -- 32 octets for each id; NULL: expired
    span     int8range              -- authd.audit_span() of ids; NULL: expired
);
CREATE INDEX audit_seal_span ON authd.audit_seal USING gist (span) WHERE ids IS NOT NULL;
CREATE INDEX audit_seal_kept ON authd.audit_seal (class, number) WHERE ids IS NOT NULL;

-- The last batch of logins that a process recorded, so that no batch is recorded twice.
CREATE TABLE authd.audit_batch (
    node   text PRIMARY KEY,
    number bigint NOT NULL,
    at     timestamptz NOT NULL DEFAULT authd.now()
);
