-- Addresses that a user may send as, and the operations on them.

-- authd.argument_address(arguments jsonb, member text) → text
-- An address or *@domain; NULL if it is absent or null.
-- Errors: AU422 not an address.
CREATE OR REPLACE FUNCTION authd.argument_address(arguments jsonb, member text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, member, 320);
BEGIN
    IF NOT authd.address_valid(value) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = format('%s is not an address', value),
            HINT = 'Write it like alice@example.org, or *@example.org for a whole domain.';
    END IF;
    RETURN value;
END
$$;

-- authd.argument_addresses(arguments jsonb, login text) → text[]
-- Member "addresses", a list; the login alone if it is absent, null or empty.
-- Errors: AU422 not a list of addresses.
CREATE OR REPLACE FUNCTION authd.argument_addresses(arguments jsonb, login text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value jsonb := coalesce(nullif(arguments -> 'addresses', 'null'), '[]');
BEGIN
    IF jsonb_typeof(value) <> 'array'
       OR jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string")') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'addresses must be a list of strings',
            HINT = 'Leave it out to give the user the address of its login.';
    END IF;
    IF jsonb_array_length(value) = 0 THEN
        RETURN ARRAY[login];
    END IF;
    RETURN ARRAY(
        SELECT DISTINCT authd.argument_address(jsonb_build_object('address', item), 'address')
          FROM jsonb_array_elements(value) AS item);
END
$$;

-- authd.address_masked(address text) → text
-- a***@home.example: enough for a user to recognize an own address.
CREATE OR REPLACE FUNCTION authd.address_masked(address text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT left(address, 1) || '***@' || split_part(address, '@', 2)
$$;

-- authd.address_put(reach bigint[], owner authd.account, new text) → boolean
-- Gives a locked account an address; false if the account has it already.
-- Bounds: 256 addresses a user.
-- Errors: AU403 the domain is outside reach: an administrator may let users send only in the name of
-- domains that he administers; AU409 too many.
CREATE OR REPLACE FUNCTION authd.address_put(reach bigint[], owner authd.account, new text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_domain text := split_part(new, '@', 2);
BEGIN
    IF reach IS NOT NULL AND NOT EXISTS (
        SELECT FROM authd.domain WHERE name = new_domain AND id = ANY (reach)) THEN
        PERFORM authd.refuse('AU403', format('%s is not a domain of yours', new_domain),
                             'Ask an administrator of the site.');
    END IF;
    INSERT INTO authd.address (account, address) VALUES (owner.id, new) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF (SELECT count(*) FROM authd.address WHERE account = owner.id) > 256 THEN
        PERFORM authd.refuse('AU409', format('%s has 256 addresses already', owner.login),
                             'Remove some, or allow a whole domain by *@domain.');
    END IF;
    RETURN true;
END
$$;

-- authd.address_list(actor, reach, {user}) → {"items": [address, …], "next": null}
-- The addresses that the user may send as, sorted.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.address_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'items', authd.account_object(authd.account_find(actor, reach, arguments)) -> 'addresses',
        'next', NULL);
END
$$;

-- authd.address_add(actor, reach, {user, address}) → user object, "changed"
-- Several users may have the same address.
-- Errors: AU404; AU403 also for an address of a domain outside reach; AU409 too many; AU422.
CREATE OR REPLACE FUNCTION authd.address_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new    text := authd.argument_address(arguments, 'address');
    owner  authd.account := authd.account_control(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
BEGIN
    IF new IS NULL THEN
        PERFORM authd.refuse('AU422', 'address is missing', 'Name the address to add.');
    END IF;
    PERFORM authd.address_put(reach, owner, new);
    RETURN authd.account_changed(actor, 'address_add', owner.id, before);
END
$$;

-- authd.address_remove(actor, reach, {user, address}) → user object, "changed": true
-- Errors: AU404 no such user, or the user has no such address; AU409 it is the last one: a user
-- without addresses could sign in and then send nothing; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.address_remove(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    text := authd.argument_text(arguments, 'address', 320);
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
BEGIN
    DELETE FROM authd.address WHERE account = owner.id AND address = old;
    IF NOT FOUND THEN
        PERFORM authd.refuse('AU404',
            format('%s has no address %s', owner.login, coalesce(old, '(none given)')),
            'List the addresses of the user.');
    END IF;
    IF NOT EXISTS (SELECT FROM authd.address WHERE account = owner.id) THEN
        PERFORM authd.refuse('AU409', format('%s is the only address of %s', old, owner.login),
            'Add another address first; to stop the user, suspend it.');
    END IF;
    RETURN authd.account_changed(actor, 'address_remove', owner.id, before);
END
$$;
