-- Objects of the API, and their etags. Every object has "kind", "id" (a string) and "etag"; an object
-- of a user also has "user" (its login) and "user_id"; an object of a domain has "domain" (its name).

-- authd.etag(object jsonb) → text
-- 32 hexadecimal digits over the members of an object, but for those that a use changes.
CREATE OR REPLACE FUNCTION authd.etag(object jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT left(encode(sha256(convert_to(
        (object - ARRAY['etag', 'changed', 'replayed', 'last_used_at', 'last_used_address',
                        'last_login_at', 'last_login_address', 'last_seen_at'])::text,
        'UTF8')), 'hex'), 32)
$$;

-- authd.object(content jsonb) → jsonb
-- The object with its etag.
CREATE OR REPLACE FUNCTION authd.object(content jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT content || jsonb_build_object('etag', authd.etag(content))
$$;

-- authd.object_account(object jsonb) → bigint
-- The id of the user whom an object is about; NULL: it is not about a user.
CREATE OR REPLACE FUNCTION authd.object_account(object jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN object ->> 'kind' = 'user' THEN object ->> 'id'
                ELSE object ->> 'user_id' END::bigint
$$;
