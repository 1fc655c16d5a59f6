-- Rows of an import: what each says, and by itself may not say. See import.sql.

-- authd.import_known(item authd.import_row) → boolean
-- Whether the hash of a row is the one that was imported last.
CREATE OR REPLACE FUNCTION authd.import_known(item authd.import_row) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN coalesce((item.account).imported_keyed = ANY (item.imported), false);

-- authd.import_password_kept(old authd.account, hash text) → boolean
-- Whether the file must not replace an account's password: it was set, cleared or upgraded here. The
-- file may give a password to an account that never had one, and may replace the one that was imported
-- last.
CREATE OR REPLACE FUNCTION authd.import_password_kept(old authd.account, hash text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN hash IS NOT NULL
   AND ((old).service
        OR NOT ((old).password IS NULL AND (old).password_generation = 0)
           AND ((old).password IS NULL
                OR (old).imported_cipher_version IS DISTINCT FROM (old).password_cipher_version));

-- authd.import_scope(item authd.import_row) → text
-- The hash of a row's document; NULL: the row has none.
CREATE OR REPLACE FUNCTION authd.import_scope(item authd.import_row) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(item.scope, 'UTF8')), 'hex');

-- authd.import_kept(item authd.import_row) → text
-- A sentence about what the file did not change of an existing user; NULL: nothing.
CREATE OR REPLACE FUNCTION authd.import_kept(item authd.import_row) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN authd.import_password_kept(item.account, item.hash)
         AND NOT authd.import_known(item)
        THEN 'its password was changed here, and is kept'
    WHEN (item.account).scope <> authd.import_scope(item)
        THEN 'it has a sending scope already, which is kept'
END;

-- authd.import_read(rows jsonb) → authd.import_row[]
-- The rows of a request.
-- Errors: AU422 not a list, or more than 1000.
CREATE OR REPLACE FUNCTION authd.import_read(rows jsonb) RETURNS authd.import_row[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(rows) IS DISTINCT FROM 'array' OR jsonb_array_length(rows) > 1000 THEN
        PERFORM authd.refuse('AU422', 'rows must be a list of at most 1000',
                             'Send the file in several requests.');
    END IF;
    RETURN ARRAY(
        SELECT (item.n, (item.row ->> 'line')::int, item.row ->> 'login',
                item.row ->> 'password_hash', item.row ->> 'display_name',
                item.row ->> 'recovery_address',
                CASE WHEN jsonb_typeof(item.row -> 'addresses') = 'array'
                     THEN ARRAY(SELECT DISTINCT jsonb_array_elements_text(item.row -> 'addresses')) END,
                item.row ->> 'class', NULL, item.row ->> 'scope',
                coalesce((item.row ->> 'suspended')::boolean, false), NULL, NULL,
                CASE WHEN item.row ? 'flaw' THEN 'refused' END,
                coalesce(item.row ->> 'flaw', item.row ->> 'note'),
                item.row ->> 'hint', (item.row ->> 'account_id')::bigint,
                coalesce((item.row ->> 'account_new')::boolean, true),
                (item.row ->> 'password_cipher_version')::bigint,
                CASE WHEN jsonb_typeof(item.row -> 'imported') = 'array'
                     THEN ARRAY(SELECT decode(digest, 'hex') FROM jsonb_array_elements_text(
                                    item.row -> 'imported') WITH ORDINALITY AS known (digest, n)
                                 ORDER BY known.n) END)::authd.import_row
          FROM jsonb_array_elements(rows) WITH ORDINALITY AS item (row, n)
         ORDER BY item.n);
END
$$;

-- authd.import_flaw(reach bigint[], item authd.import_row, own text[]) → text
-- The rule that a row breaks; NULL: none. own: the names of the domains within reach.
CREATE OR REPLACE FUNCTION authd.import_flaw(reach bigint[], item authd.import_row, own text[])
RETURNS text
LANGUAGE sql STABLE
RETURN CASE
    WHEN item.login IS NULL THEN 'login is missing'
    WHEN item.domain IS NULL AND reach IS NOT NULL
        THEN pg_catalog.format('there is no domain %s', pg_catalog.split_part(item.login, '@', 2))
    WHEN item.class_name IS NOT NULL AND item.class IS NULL
        THEN pg_catalog.format('there is no class %s', pg_catalog.left(item.class_name, 40))
    WHEN NOT authd.is_encrypted(item.hash) OR pg_catalog.octet_length(item.hash) > 1024
         OR item.hash IS NOT NULL
            AND (item.cipher_version IS NULL OR item.account_id IS NULL OR item.imported IS NULL)
        THEN 'password_hash is not a stored hash'
    WHEN pg_catalog.char_length(item.display_name) NOT BETWEEN 1 AND 200
        THEN 'display_name is empty or longer than 200 characters'
    WHEN item.display_name ~ '[\u0001-\u001f\u007f-\u009f]' THEN 'display_name has a control character'
    WHEN pg_catalog.cardinality(item.addresses) > 256 THEN 'addresses are more than 256'
    WHEN reach IS NOT NULL AND EXISTS (
        SELECT FROM pg_catalog.unnest(item.addresses) AS address
         WHERE pg_catalog.split_part(address, '@', 2) <> ALL (own))
        THEN 'one of its addresses is in a domain that is not yours'
END;

-- authd.import_refusal(actor jsonb, reach bigint[], item authd.import_row) → text
-- Why the caller may not do to an existing account what the row says; NULL: the caller may.
CREATE OR REPLACE FUNCTION authd.import_refusal(actor jsonb, reach bigint[], item authd.import_row)
RETURNS text
LANGUAGE sql STABLE
RETURN CASE
    WHEN authd.role_rank((item.account).role) >= (actor ->> 'rank')::int
        THEN pg_catalog.format('%s has the role %s, which is not below yours', item.login,
                               (item.account).role)
    WHEN NOT authd.reach_contains(reach, authd.account_reach(item.account))
        THEN pg_catalog.format('%s has the role %s, which reaches domains that are not yours', item.login,
                               (item.account).role)
    WHEN item.class <> (item.account).class
         AND (item.account).class_by_rank > authd.setting_rank(actor, reach)
        THEN pg_catalog.format('the class of %s was set by a higher role: %s', item.login,
                               authd.rank_role((item.account).class_by_rank))
END;
