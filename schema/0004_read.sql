-- Management, the reading half: helpers, then user_list, user_show and address_list.
-- Oldest compatible: 1
--
-- Every management function is (actor text, reach bigint[], arguments jsonb) → jsonb.
--   actor      who asks, for the audit trail.
--   reach      the ids of the domains that the actor administers; NULL: the whole site. What lies
--              outside is not found, by construction.
--   arguments  an object; each function names its members. "user" is a login or a decimal id;
--              "user_login", beside digits that may be either, is the login they would be.
-- Errors are exceptions with MESSAGE (one sentence that names the thing) and HINT (what to do):
--   AU404 not found   AU409 conflict   AU422 invalid value   AU403 forbidden
--
-- The user object: {id (a string), login, domain, addresses[], display_name, recovery_address,
-- role, service, suspended, suspended_reason, suspended_at, has_password, password_generation,
-- password_set_at, created_at}. Times are RFC 3339 in UTC, what is not set is null; never the
-- hash.

-- authd.rfc3339(at timestamptz) → text
CREATE FUNCTION authd.rfc3339(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;

-- authd.argument_text(arguments jsonb, member text, max int) → text
-- A string member; NULL if it is absent or null. Errors: AU422 no string, longer than max, empty,
-- or with control characters.
CREATE FUNCTION authd.argument_text(arguments jsonb, member text, max int) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := arguments ->> member;
    flaw  text;
BEGIN
    IF value IS NULL THEN
        RETURN NULL;
    END IF;
    flaw := CASE
        WHEN jsonb_typeof(arguments -> member) <> 'string' THEN 'must be a string'
        WHEN value = '' THEN 'is empty'
        WHEN char_length(value) > max THEN format('is longer than %s characters', max)
        WHEN value ~ '[\u0001-\u001f\u007f-\u009f]' THEN 'has a control character'
    END;
    IF flaw IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = format('%s %s', member, flaw),
            HINT = format('Give %s as 1 to %s printable characters, or leave it out.', member, max);
    END IF;
    RETURN value;
END
$$;

-- authd.argument_boolean(arguments jsonb, member text) → boolean
-- NULL if it is absent or null. Errors: AU422 neither true nor false.
CREATE FUNCTION authd.argument_boolean(arguments jsonb, member text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF coalesce(jsonb_typeof(arguments -> member), 'null') NOT IN ('boolean', 'null') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('%s must be true or false', member),
            HINT = format('Give %s as a JSON boolean.', member);
    END IF;
    RETURN (arguments ->> member)::boolean;
END
$$;

-- authd.argument_address(arguments jsonb, member text) → text
-- An address or *@domain; NULL if it is absent or null. Errors: AU422 not an address.
CREATE FUNCTION authd.argument_address(arguments jsonb, member text) RETURNS text
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

-- authd.account_find(reach bigint[], arguments jsonb) → authd.account
-- The account that member "user" names. Errors: AU422 no user given; AU404; AU409 digits that are
-- the id of one account and the login of another, both within reach.
CREATE FUNCTION authd.account_find(reach bigint[], arguments jsonb) RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    who      text := authd.argument_text(arguments, 'user', 320);
    as_login text := coalesce(authd.argument_text(arguments, 'user_login', 320), who);
    wanted   authd.account;
    by_id    authd.account;
BEGIN
    IF who IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'user is missing',
            HINT = 'Name the user by login or id.';
    END IF;
    SELECT * INTO wanted FROM authd.account
     WHERE login = as_login AND (reach IS NULL OR domain = ANY (reach));
    IF who ~ '^[0-9]{1,18}$' THEN
        SELECT * INTO by_id FROM authd.account
         WHERE id = who::bigint AND (reach IS NULL OR domain = ANY (reach));
        IF by_id.id <> wanted.id THEN
            RAISE EXCEPTION USING ERRCODE = 'AU409',
                MESSAGE = format('%s is the id of %s and the login of %s', who, by_id.login,
                                 wanted.login),
                HINT = 'Write the login with its domain.';
        END IF;
        IF by_id.id IS NOT NULL THEN
            wanted := by_id;
        END IF;
    END IF;
    IF wanted.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU404', MESSAGE = format('there is no user %s', who),
            HINT = 'Check the spelling, or list the users.';
    END IF;
    RETURN wanted;
END
$$;

-- authd.account_object(account authd.account) → jsonb
-- The user object.
CREATE FUNCTION authd.account_object(account authd.account) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'id', account.id::text,
        'login', account.login,
        'domain', (SELECT name FROM authd.domain WHERE id = account.domain),
        'addresses', (SELECT coalesce(jsonb_agg(a.address ORDER BY a.address), '[]')
                        FROM authd.address AS a WHERE a.account = account_object.account.id),
        'display_name', account.display_name,
        'recovery_address', account.recovery_address,
        'role', account.role,
        'service', account.service,
        'suspended', account.suspended,
        'suspended_reason', account.suspended_reason,
        'suspended_at', authd.rfc3339(account.suspended_at),
        'has_password', account.password IS NOT NULL,
        'password_generation', account.password_generation,
        'password_set_at', authd.rfc3339(account.password_set_at),
        'created_at', authd.rfc3339(account.created_at));
END
$$;

-- authd.user_list(actor, reach, {after?, limit?, match?, suspended?, address?})
--     → {"items": [user object, …], "next": login | null}
-- Sorted by login, beginning after login `after`; `next` is the `after` of the next page. match:
-- part of the login or the display name, whatever the case of its ASCII letters. suspended: only
-- these, or only the others. address: only who may send as it, by itself or by *@domain.
-- Bounds: limit 1 to 1000, 100 if not given; match 200 characters.
-- Errors: AU422.
CREATE FUNCTION authd.user_list(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan -- a filter that is not given costs nothing
AS $$
DECLARE
    start_after   text    := authd.argument_text(arguments, 'after', 320);
    part          text    := lower(authd.argument_text(arguments, 'match', 200));
    only_state    boolean := authd.argument_boolean(arguments, 'suspended');
    sender        text    := authd.argument_address(arguments, 'address');
    sender_domain text    := '*@' || split_part(sender, '@', 2);
    page_size     numeric := 100;
    page          authd.account[];
    more          boolean;
BEGIN
    IF coalesce(jsonb_typeof(arguments -> 'limit'), 'null') <> 'null' THEN
        page_size := CASE WHEN jsonb_typeof(arguments -> 'limit') = 'number'
                          THEN (arguments ->> 'limit')::numeric END;
        IF page_size IS NULL OR page_size NOT BETWEEN 1 AND 1000 OR page_size % 1 <> 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'limit must be from 1 to 1000',
                HINT = 'Give limit as a whole number and page by "after".';
        END IF;
    END IF;
    page := ARRAY(
        SELECT account FROM authd.account
         WHERE (reach IS NULL OR account.domain = ANY (reach))
           AND (start_after IS NULL OR account.login > start_after)
           AND (part IS NULL OR strpos(lower(account.login), part) > 0
                OR strpos(lower(account.display_name), part) > 0)
           AND (only_state IS NULL OR account.suspended = only_state)
           AND (sender IS NULL OR account.id IN (
                    SELECT may.account FROM authd.address AS may
                     WHERE may.address IN (sender, sender_domain)))
         ORDER BY account.login
         LIMIT page_size::int + 1);
    more := cardinality(page) > page_size;
    page := page[1:page_size::int];
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.account_object(item) ORDER BY item.login), '[]')
                    FROM unnest(page) AS item),
        'next', CASE WHEN more THEN page[page_size::int].login END);
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_list(text, bigint[], jsonb) TO authd_service;

-- authd.user_show(actor, reach, {user}) → user object
-- Errors: AU404, AU422.
CREATE FUNCTION authd.user_show(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.account_object(authd.account_find(reach, arguments));
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_show(text, bigint[], jsonb) TO authd_service;

-- authd.address_list(actor, reach, {user}) → {"items": [address, …], "next": null}
-- What the user may send as; strings, sorted.
-- Errors: AU404, AU422.
CREATE FUNCTION authd.address_list(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'items', authd.account_object(authd.account_find(reach, arguments)) -> 'addresses',
        'next', NULL);
END
$$;
GRANT EXECUTE ON FUNCTION authd.address_list(text, bigint[], jsonb) TO authd_service;
