-- Management of users: their data, addresses, main passwords and sessions.
-- Oldest compatible: 6
--
-- Shape, actors and errors as in 0006_caller.sql. Every change locks its account row first, so two
-- changes of one user wait for each other and cannot deadlock; it answers with the user object as
-- it is afterwards, and "changed".
--
-- The user object: {kind, id, login, domain, addresses[], display_name, recovery_address, role,
-- domains[] (administered beside its own), class, service, suspended, suspended_reason,
-- suspended_at, suspended_by (a role), has_password, password_generation, password_set_at,
-- created_at, last_login_at, etag}. Times are RFC 3339 in UTC, what is not set is null; never the
-- hash.

-- authd.account_object(account authd.account) → jsonb
-- The user object.
CREATE FUNCTION authd.account_object(account authd.account) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'user',
        'id', account.id::text,
        'login', account.login,
        'domain', (SELECT name FROM authd.domain WHERE id = account.domain),
        'addresses', (SELECT coalesce(jsonb_agg(a.address ORDER BY a.address), '[]')
                        FROM authd.address AS a WHERE a.account = account_object.account.id),
        'display_name', account.display_name,
        'recovery_address', account.recovery_address,
        'role', account.role,
        'domains', (SELECT coalesce(jsonb_agg(domain.name ORDER BY domain.name), '[]')
                      FROM authd.administers AS more JOIN authd.domain ON domain.id = more.domain
                     WHERE more.account = account_object.account.id),
        'class', (SELECT name FROM authd.class WHERE id = account.class),
        'service', account.service,
        'suspended', account.suspended,
        'suspended_reason', account.suspended_reason,
        'suspended_at', authd.rfc3339(account.suspended_at),
        'suspended_by', authd.rank_role(account.suspended_by_rank),
        'has_password', account.password IS NOT NULL,
        'password_generation', account.password_generation,
        'password_set_at', authd.rfc3339(account.password_set_at),
        'created_at', authd.rfc3339(account.created_at),
        'last_login_at', authd.rfc3339(account.last_login_at)));
END
$$;

-- authd.account_object_of(id bigint) → jsonb
-- The user object of an account as it is now.
CREATE FUNCTION authd.account_object_of(id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT authd.account_object(account) FROM authd.account
             WHERE account.id = account_object_of.id);
END
$$;

-- authd.account_changed(actor jsonb, action text, id bigint, before jsonb, more jsonb) → jsonb
-- authd.changed() for a user that is still there; `more` is told beside what the user is now.
CREATE FUNCTION authd.account_changed(actor jsonb, action text, id bigint, before jsonb,
                                      more jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.changed(actor, action, before, authd.account_object_of(id) || more);
END
$$;

-- ---- arguments -------------------------------------------------------------------------------

-- authd.argument_integer(arguments jsonb, member text, low bigint, high bigint) → bigint
-- A whole number; NULL if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_integer(arguments jsonb, member text, low bigint, high bigint)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value numeric;
BEGIN
    IF coalesce(jsonb_typeof(arguments -> member), 'null') = 'null' THEN
        RETURN NULL;
    END IF;
    value := CASE WHEN jsonb_typeof(arguments -> member) = 'number'
                  THEN (arguments ->> member)::numeric END;
    IF value IS NULL OR value NOT BETWEEN low AND high OR value % 1 <> 0 THEN
        PERFORM authd.refuse('AU422', format('%s must be from %s to %s', member, low, high),
                             format('Give %s as a whole number.', member));
    END IF;
    RETURN value;
END
$$;

-- authd.argument_limit(arguments jsonb) → int
-- Member "limit", from 1 to 1000; 100 if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_limit(arguments jsonb) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT coalesce(authd.argument_integer(arguments, 'limit', 1, 1000), 100)::int
$$;

-- authd.argument_names(arguments jsonb, member text, max int) → text[]
-- A list of up to `max` strings, sorted, each once; NULL if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_names(arguments jsonb, member text, max int) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value jsonb := nullif(arguments -> member, 'null');
BEGIN
    IF jsonb_typeof(value) <> 'array' OR jsonb_array_length(value) > max
       OR jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string")') THEN
        PERFORM authd.refuse('AU422', format('%s must be a list of strings', member),
                             format('Give at most %s, or leave it out.', max));
    END IF;
    RETURN CASE WHEN value IS NOT NULL THEN ARRAY(
        SELECT DISTINCT item COLLATE "C" FROM jsonb_array_elements_text(value) AS item
         ORDER BY 1) END;
END
$$;

-- authd.argument_digest(arguments jsonb, member text) → bytea
-- 32 octets in hexadecimal digits. Errors: AU422, without the value.
CREATE FUNCTION authd.argument_digest(arguments jsonb, member text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF (arguments ->> member ~ '^[0-9a-f]{64}$') IS NOT TRUE THEN
        PERFORM authd.refuse('AU422', format('%s is not a digest', member),
                             'Give 64 lower-case hexadecimal digits.');
    END IF;
    RETURN decode(arguments ->> member, 'hex');
END
$$;

-- authd.argument_expiry(arguments jsonb, longest interval) → timestamptz
-- Member "expires_in" (seconds from now) or "expires_at" (RFC 3339); NULL if both are absent or
-- null. Errors: AU422 both, in the past, in more than `longest`, or no time.
CREATE FUNCTION authd.argument_expiry(arguments jsonb, longest interval) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    seconds bigint := authd.argument_integer(arguments, 'expires_in', 1, 3153600000);
    text    text   := authd.argument_text(arguments, 'expires_at', 40);
    expiry  timestamptz := authd.now() + seconds * interval '1 second';
BEGIN
    IF seconds IS NOT NULL AND text IS NOT NULL THEN
        PERFORM authd.refuse('AU422', 'expires_in and expires_at are both given',
                             'Give one of them.');
    ELSIF text IS NOT NULL THEN
        BEGIN
            expiry := CASE WHEN text ~ ('^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?'
                                        '([Zz]|[+-]\d\d:\d\d)$')
                           THEN text::timestamptz END;
        EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format
                    OR invalid_time_zone_displacement_value THEN
            expiry := NULL;
        END;
        IF expiry IS NULL THEN
            PERFORM authd.refuse('AU422', 'expires_at is not a time',
                                 'Write it like 2027-01-31T12:00:00Z.');
        END IF;
    END IF;
    IF expiry <= authd.now() THEN
        PERFORM authd.refuse('AU422', 'expires_at is in the past', 'Give a later time.');
    ELSIF expiry > authd.now() + longest THEN
        PERFORM authd.refuse('AU422',
            format('it would expire in more than %s', longest), 'Give an earlier time.');
    END IF;
    RETURN expiry;
END
$$;

-- authd.argument_changes(arguments jsonb, allowed text[]) → jsonb
-- Member "changes": an object with no members but these. Errors: AU422.
CREATE FUNCTION authd.argument_changes(arguments jsonb, allowed text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := arguments -> 'changes';
    unknown text;
    known   text := array_to_string(allowed, ', ');
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        PERFORM authd.refuse('AU422', 'changes must be an object',
                             format('It may have %s.', known));
    END IF;
    SELECT min(key) INTO unknown FROM jsonb_object_keys(changes) AS key
     WHERE key <> ALL (allowed);
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('%s cannot be set', left(unknown, 40)),
                             format('What can be set is %s.', known));
    END IF;
    RETURN changes;
END
$$;

-- authd.argument_id(arguments jsonb) → bigint
-- Member "id" of an object that has no name; NULL: there can be none of this id. Errors: AU422.
CREATE FUNCTION authd.argument_id(arguments jsonb) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'id', 40);
BEGIN
    IF value IS NULL THEN
        PERFORM authd.refuse('AU422', 'id is missing', 'Give the id of what is meant.');
    END IF;
    RETURN CASE WHEN value ~ '^[0-9]{1,18}$' THEN value::bigint END;
END
$$;

-- authd.require_site(reach bigint[], what text) → void
-- Errors: AU403 the caller does not reach the whole site.
CREATE FUNCTION authd.require_site(reach bigint[], what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF reach IS NOT NULL THEN
        PERFORM authd.refuse('AU403', format('%s is for administrators of the whole site', what),
                             'Ask one of them.');
    END IF;
END
$$;

-- authd.argument_class(arguments jsonb) → bigint
-- Member "class", the name of one; NULL if it is absent or null. Errors: AU422 there is none.
CREATE FUNCTION authd.argument_class(arguments jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'class', 40);
    found  bigint;
BEGIN
    SELECT id INTO found FROM authd.class WHERE name = wanted FOR KEY SHARE;
    IF wanted IS NOT NULL AND found IS NULL THEN
        PERFORM authd.refuse('AU422', format('there is no class %s', wanted),
                             'Check the spelling, or list the classes.');
    END IF;
    RETURN found;
END
$$;

-- authd.argument_login(arguments jsonb) → text
-- Member "login". Errors: AU422 missing, or not a login.
CREATE FUNCTION authd.argument_login(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'login', 320);
BEGIN
    IF authd.login_valid(value) IS NOT TRUE THEN
        PERFORM authd.refuse('AU422', coalesce(value || ' is not a login', 'login is missing'),
                             'A login looks like alice@example.org.');
    END IF;
    RETURN value;
END
$$;

-- authd.argument_role(actor jsonb, arguments jsonb) → text
-- Member "role"; 'user' if it is absent or null. Errors: AU422 unknown; AU403 not below the
-- caller's.
CREATE FUNCTION authd.argument_role(actor jsonb, arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := coalesce(authd.argument_text(arguments, 'role', 40), 'user');
BEGIN
    IF value NOT IN ('user', 'helpdesk', 'domain-admin', 'auditor', 'admin') THEN
        PERFORM authd.refuse('AU422', format('there is no role %s', value),
                             'Roles are user, helpdesk, domain-admin, auditor and admin.');
    END IF;
    IF authd.role_rank(value) >= (actor ->> 'rank')::int THEN
        PERFORM authd.refuse('AU403', format('the role %s is not below yours', value),
                             'Ask somebody with a higher role.');
    END IF;
    RETURN value;
END
$$;

-- ---- reading ---------------------------------------------------------------------------------

-- authd.moment(at timestamptz) → text
-- A time to the microsecond, as a place in a list.
CREATE FUNCTION authd.moment(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN isfinite(at)
                THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                ELSE '-infinity' END
$$;

-- authd.place(key text, id bigint) → text
-- A place in a list: the last object of a page, by what the list is sorted by.
CREATE FUNCTION authd.place(key text, id bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT id || ':' || key
$$;

-- authd.argument_after(arguments jsonb) → text[]
-- Member "after", the `next` of the page before: {key, id}; NULLs: from the start. Errors: AU422.
CREATE FUNCTION authd.argument_after(arguments jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'after', 400);
BEGIN
    IF value !~ '^[0-9]{1,18}:' THEN
        PERFORM authd.refuse('AU422', 'after is not a place in a list',
                             'Give what the page before had as its next.');
    END IF;
    RETURN ARRAY[substr(value, strpos(value, ':') + 1), split_part(value, ':', 1)];
END
$$;

-- authd.user_list(actor, reach, {after?, limit?, sort?, match?, suspended?, address?, domain?,
--                                class?, role?, service?, unused_days?, without_password?})
--     → {"items": [user object, …], "next": place | null}
-- sort: login (if not given), created_at or last_login_at, with a leading - in descending order;
-- who never signed in comes before all others. `next` is the `after` of the next page; what is
-- added meanwhile moves nothing from one page to another. match: part of the login or the display
-- name, whatever the case of its ASCII letters. suspended, service, without_password: only these,
-- or only the others. address: only who may send as it, by itself or by *@domain. domain, class,
-- role: only in it; one that does not exist has nobody. unused_days: no sign-in for so many days,
-- and not made since either.
-- Bounds: limit 1 to 1000, 100 if not given; match 200 characters; unused_days 36500.
-- Errors: AU422.
CREATE FUNCTION authd.user_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    sort       text := coalesce(authd.argument_text(arguments, 'sort', 20), 'login');
    column_key text := CASE ltrim(sort, '-')
        WHEN 'login' THEN 'account.login'
        WHEN 'created_at' THEN 'account.created_at'
        WHEN 'last_login_at' THEN $key$coalesce(account.last_login_at, '-infinity')$key$ END;
    direction  text := CASE WHEN starts_with(sort, '-') THEN 'DESC' ELSE 'ASC' END;
    place      text[] := authd.argument_after(arguments);
    sender     text := authd.argument_address(arguments, 'address');
    page_size  int  := authd.argument_limit(arguments);
    page       authd.account[];
    last       authd.account;
BEGIN
    IF column_key IS NULL OR sort LIKE '--%' THEN
        PERFORM authd.refuse('AU422', format('users cannot be sorted by %s', sort),
            'Sort by login, created_at or last_login_at, with a leading - in descending order.');
    ELSIF column_key <> 'account.login' AND place[1] !~ '^([0-9-]+T[0-9:.]+Z|-infinity)$' THEN
        PERFORM authd.refuse('AU422', 'after is not a place in this list',
                             'Give what the page before had as its next.');
    END IF;
    -- Planned with the values: a filter that is not given costs nothing.
    EXECUTE format($query$
        SELECT ARRAY(
            SELECT account FROM authd.account
             WHERE ($1 IS NULL OR account.domain = ANY ($1))
               AND ($2 IS NULL OR (%1$s, account.id) %2$s ($2::%3$s, $3))
               AND ($4 IS NULL OR strpos(lower(account.login), $4) > 0
                    OR strpos(lower(account.display_name), $4) > 0)
               AND ($5 IS NULL OR account.suspended = $5)
               AND ($6 IS NULL OR account.id IN (
                        SELECT may.account FROM authd.address AS may WHERE may.address IN ($6, $7)))
               AND ($8 IS NULL OR account.domain = (
                        SELECT domain.id FROM authd.domain WHERE domain.name = $8))
               AND ($9 IS NULL OR account.class = (
                        SELECT class.id FROM authd.class WHERE class.name = $9))
               AND ($10 IS NULL OR account.role = $10)
               AND ($11 IS NULL OR account.service = $11)
               AND ($12 IS NULL OR coalesce(account.last_login_at, account.created_at) < $12)
               AND ($13 IS NULL OR (account.password IS NULL) = $13)
             ORDER BY %1$s %4$s, account.id %4$s
             LIMIT $14)$query$,
        column_key, CASE direction WHEN 'ASC' THEN '>' ELSE '<' END,
        CASE ltrim(sort, '-') WHEN 'login' THEN 'text' ELSE 'timestamptz' END, direction)
       INTO page
      USING reach, place[1], place[2]::bigint,
            lower(authd.argument_text(arguments, 'match', 200)),
            authd.argument_boolean(arguments, 'suspended'),
            sender, '*@' || split_part(sender, '@', 2),
            authd.argument_text(arguments, 'domain', 253),
            authd.argument_text(arguments, 'class', 40),
            authd.argument_text(arguments, 'role', 40),
            authd.argument_boolean(arguments, 'service'),
            authd.now()
                - interval '1 day' * authd.argument_integer(arguments, 'unused_days', 1, 36500),
            authd.argument_boolean(arguments, 'without_password'),
            page_size + 1;
    IF cardinality(page) > page_size THEN
        page := page[1:page_size];
        last := page[page_size];
    END IF;
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.account_object(page[n]) ORDER BY n), '[]')
                    FROM generate_subscripts(page, 1) AS n),
        'next', authd.place(CASE ltrim(sort, '-')
                                WHEN 'login' THEN last.login
                                WHEN 'created_at' THEN authd.moment(last.created_at)
                                ELSE authd.moment(coalesce(last.last_login_at, '-infinity')) END,
                            last.id));
END
$$;

-- authd.user_show(actor, reach, {user}) → user object
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.account_object(authd.account_find(actor, reach, arguments));
END
$$;

-- authd.address_list(actor, reach, {user}) → {"items": [address, …], "next": null}
-- What the user may send as; strings, sorted.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.address_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'items', authd.account_object(authd.account_find(actor, reach, arguments)) -> 'addresses',
        'next', NULL);
END
$$;

-- ---- users -----------------------------------------------------------------------------------

-- authd.credentials_end(owners bigint[], kinds text[], kept_session bigint) → jsonb
-- Ends what locked accounts can do without their main passwords: kinds are sessions, reset_links,
-- api_keys and app_passwords. How many of each there were. Who is signed in with one of them acts
-- no more; for logins under way the caller raises the accounts' versions.
CREATE FUNCTION authd.credentials_end(owners bigint[], kinds text[],
                                      kept_session bigint DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    ended jsonb := '{}';
    count bigint;
BEGIN
    IF 'sessions' = ANY (kinds) THEN
        DELETE FROM authd.http_session
         WHERE account = ANY (owners) AND id IS DISTINCT FROM kept_session;
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('sessions', count);
    END IF;
    IF 'reset_links' = ANY (kinds) THEN
        DELETE FROM authd.reset_link WHERE account = ANY (owners);
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('reset_links', count);
    END IF;
    IF 'api_keys' = ANY (kinds) THEN
        DELETE FROM authd.api_key WHERE owner = ANY (owners);
        GET DIAGNOSTICS count = ROW_COUNT;
        ended := ended || jsonb_build_object('api_keys', count);
    END IF;
    IF 'app_passwords' = ANY (kinds) THEN
        SELECT sum(authd.app_password_end_all(owner)) INTO count FROM unnest(owners) AS owner;
        ended := ended || jsonb_build_object('app_passwords', coalesce(count, 0));
    END IF;
    RETURN ended;
END
$$;

-- authd.passwords_clear(owners bigint[]) → void
-- authd.password_replace(…, NULL) for many locked accounts.
CREATE FUNCTION authd.passwords_clear(owners bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.account
       SET password = NULL,
           password_generation = password_generation + 1,
           password_set_at = NULL,
           version = version + 1
     WHERE id = ANY (owners);
END
$$;

-- authd.address_put(reach bigint[], owner authd.account, new text) → boolean
-- Gives a locked account an address; false if it has it already.
-- Bounds: 256 addresses a user.
-- Errors: AU403 a domain outside reach: nobody may send in the name of a domain that the caller
-- does not administer; AU409 too many.
CREATE FUNCTION authd.address_put(reach bigint[], owner authd.account, new text) RETURNS boolean
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

-- authd.domain_for(actor jsonb, reach bigint[], wanted text, OUT id bigint, OUT created boolean)
-- The domain of a new account, which cannot go away until the transaction ends. A missing one is
-- created for a site administrator only.
-- Errors: AU404.
CREATE FUNCTION authd.domain_for(actor jsonb, reach bigint[], wanted text, OUT id bigint,
                                 OUT created boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new authd.domain;
BEGIN
    created := false;
    SELECT domain.id INTO id FROM authd.domain
     WHERE domain.name = wanted AND (reach IS NULL OR domain.id = ANY (reach)) FOR KEY SHARE;
    IF id IS NOT NULL THEN
        RETURN;
    END IF;
    IF reach IS NOT NULL THEN
        PERFORM authd.refuse('AU404', format('there is no domain %s', wanted),
            'Check the spelling, or ask an administrator of the site to add it.');
    END IF;
    INSERT INTO authd.domain (name) VALUES (wanted)
        ON CONFLICT (name) DO NOTHING RETURNING * INTO new;
    created := new.id IS NOT NULL;
    IF created THEN
        id := new.id;
        PERFORM authd.audit_put(actor, 'domain_add', NULL, authd.domain_object(new));
    ELSE -- somebody else has just added it
        SELECT domain.id INTO id FROM authd.domain WHERE domain.name = wanted FOR KEY SHARE;
    END IF;
END
$$;

-- authd.user_add(actor, reach, {login, addresses[]?, display_name?, recovery_address?, role?,
--                               class?, service?, password_hash?})
--     → user object, "changed": true, "domain_created": whether the domain was new
-- Addresses not given: the login is the one address. A service user has no main password.
-- Errors: AU409 the login exists; AU404 no such domain in reach; AU403 a role that is not below the
-- caller's, or a foreign address; AU422.
CREATE FUNCTION authd.user_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_login   text    := authd.argument_login(arguments);
    new_hash    text    := authd.argument_password_hash(arguments);
    new_service boolean := coalesce(authd.argument_boolean(arguments, 'service'), false);
    home        record;
    new         authd.account;
    item        text;
BEGIN
    IF new_service AND new_hash IS NOT NULL THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', new_login),
            'Give it an app password.');
    END IF;

    home := authd.domain_for(actor, reach, split_part(new_login, '@', 2));
    INSERT INTO authd.account (login, domain, display_name, recovery_address, role, class, service)
        VALUES (new_login, home.id, authd.argument_text(arguments, 'display_name', 200),
                authd.argument_recovery_address(arguments), authd.argument_role(actor, arguments),
                authd.argument_class(arguments), new_service)
        ON CONFLICT (login) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('%s already exists', new_login),
                             'Choose another login, or change the existing user.');
    END IF;

    -- Read after the insertion: it may have waited for the deletion of the login's last holder.
    UPDATE authd.account
       SET password_generation = retired.password_generation
      FROM authd.retired_login AS retired
     WHERE account.id = new.id AND retired.digest = sha256(convert_to(new_login, 'UTF8'));
    IF new_hash IS NOT NULL THEN
        PERFORM authd.password_replace(new.id, new_hash);
    END IF;
    FOREACH item IN ARRAY authd.argument_addresses(arguments, new_login) LOOP
        PERFORM authd.address_put(reach, new, item);
    END LOOP;
    RETURN authd.account_changed(actor, 'user_add', new.id, NULL,
                                 jsonb_build_object('domain_created', home.created));
END
$$;

-- authd.account_rename(actor jsonb, reach bigint[], old authd.account, new_login text) → void
-- Gives a locked account another login, and with it the domain. Who signs in by the old name is
-- refused; open SMTP sessions of either name end, because the password generation rises above both.
-- An address that is the old login becomes the new one.
-- Errors: AU404 no such domain in reach; AU409 the login exists.
CREATE FUNCTION authd.account_rename(actor jsonb, reach bigint[], old authd.account, new_login text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    home record := authd.domain_for(actor, reach, split_part(new_login, '@', 2));
BEGIN
    BEGIN
        UPDATE authd.account
           SET login = new_login,
               domain = home.id,
               password_generation = 1 + greatest(old.password_generation, (
                   SELECT retired.password_generation FROM authd.retired_login AS retired
                    WHERE retired.digest = sha256(convert_to(new_login, 'UTF8')))),
               version = version + 1
         WHERE id = old.id;
    EXCEPTION WHEN unique_violation THEN
        PERFORM authd.refuse('AU409', format('%s already exists', new_login),
                             'Choose another login, or change the existing user.');
    END;
    PERFORM authd.login_retire(old);
    DELETE FROM authd.address WHERE account = old.id AND address = old.login;
    IF FOUND THEN
        INSERT INTO authd.address (account, address) VALUES (old.id, new_login)
            ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- authd.login_retire(old authd.account) → void
-- Keeps the password generation of a login that nobody has any more.
CREATE FUNCTION authd.login_retire(old authd.account) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    INSERT INTO authd.retired_login AS retired (digest, password_generation)
        VALUES (sha256(convert_to(old.login, 'UTF8')), old.password_generation + 1)
        ON CONFLICT (digest) DO UPDATE
        SET password_generation = greatest(retired.password_generation,
                                           excluded.password_generation);
END
$$;

-- authd.administers_put(actor jsonb, reach bigint[], owner bigint, names text[]) → void
-- What an account administers beside its own domain: these, and nothing else.
-- Errors: AU403 only an administrator of the site; AU422 no such domain.
CREATE FUNCTION authd.administers_put(actor jsonb, reach bigint[], owner bigint, names text[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM authd.require_site(reach, 'which domains somebody administers');
    SELECT min(wanted.name) INTO unknown FROM unnest(names) AS wanted (name)
     WHERE NOT EXISTS (SELECT FROM authd.domain WHERE domain.name = wanted.name);
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('there is no domain %s', left(unknown, 253)),
                             'Check the spelling, or list the domains.');
    END IF;
    DELETE FROM authd.administers AS more USING authd.domain
     WHERE more.account = owner AND domain.id = more.domain AND domain.name <> ALL (names);
    INSERT INTO authd.administers (account, domain)
        SELECT owner, domain.id FROM authd.domain WHERE domain.name = ANY (names)
        ON CONFLICT DO NOTHING;
END
$$;

-- authd.user_set(actor, reach, {user, changes: {display_name?, recovery_address?, role?, class?,
--                               login?, domains[]?}})
--     → user object, "changed"
-- null clears (a role: back to user; domains: none). Of one's own account only display_name and
-- recovery_address. A reset link that was mailed to another recovery address is no longer good.
-- Errors: AU404 no such user, or no such domain in reach; AU403; AU409 the login exists; AU422,
-- also for any other member of changes.
CREATE FUNCTION authd.user_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['display_name', 'recovery_address',
                                                             'role', 'class', 'login', 'domains']);
    old     authd.account := authd.account_lock(actor, reach, arguments);
    new     authd.account := old;
    before  jsonb := authd.account_object(old);
BEGIN
    IF authd.is_self(actor, old.id)
       AND changes - ARRAY['display_name', 'recovery_address'] <> '{}' THEN
        PERFORM authd.refuse('AU403',
            format('your own %s is not yours to change', (
                SELECT min(key) FROM jsonb_object_keys(changes) AS key
                 WHERE key NOT IN ('display_name', 'recovery_address'))),
            'Ask somebody with a higher role.');
    END IF;
    IF changes ? 'login' AND authd.argument_login(changes) <> old.login THEN
        PERFORM authd.account_rename(actor, reach, old, authd.argument_login(changes));
    END IF;
    IF changes ? 'domains' THEN
        PERFORM authd.administers_put(actor, reach, old.id,
            coalesce(authd.argument_names(changes, 'domains', 1000), '{}'));
    END IF;

    IF changes ? 'display_name' THEN
        new.display_name := authd.argument_text(changes, 'display_name', 200);
    END IF;
    IF changes ? 'recovery_address' THEN
        new.recovery_address := authd.argument_recovery_address(changes);
    END IF;
    IF changes ? 'role' THEN
        new.role := authd.argument_role(actor, changes);
    END IF;
    IF changes ? 'class' THEN
        new.class := authd.argument_class(changes);
    END IF;
    IF new IS DISTINCT FROM old THEN
        UPDATE authd.account
           SET display_name = new.display_name,
               recovery_address = new.recovery_address,
               role = new.role,
               class = new.class,
               -- another class may forbid what a login under way is about to be allowed
               version = version + (new.class IS DISTINCT FROM old.class)::int
         WHERE id = old.id;
    END IF;
    IF new.recovery_address IS DISTINCT FROM old.recovery_address THEN
        PERFORM authd.credentials_end(ARRAY[old.id], ARRAY['reset_links']);
    END IF;
    RETURN authd.account_changed(actor, 'user_set', old.id, before);
END
$$;

-- authd.suspension_check(actor jsonb, old authd.account) → void
-- Errors: AU403 the account was suspended by a rank above the caller's.
CREATE FUNCTION authd.suspension_check(actor jsonb, old authd.account) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF old.suspended_by_rank > (actor ->> 'rank')::int THEN
        PERFORM authd.refuse('AU403',
            format('%s was suspended by a higher role: %s', old.login,
                   authd.rank_role(old.suspended_by_rank)),
            'Ask somebody with that role.');
    END IF;
END
$$;

-- authd.user_suspend(actor, reach, {user, reason?}) → user object, "changed"
-- Ends the user's sessions and reset links; app passwords and API keys rest until he is resumed.
-- Another reason replaces the old one; the time of the suspension stays. The highest rank that
-- suspended counts.
-- Errors: AU404, AU422; AU403 also for the reason of a higher rank.
CREATE FUNCTION authd.user_suspend(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    why    text := authd.argument_text(arguments, 'reason', 500);
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    IF why IS DISTINCT FROM old.suspended_reason AND why IS NOT NULL THEN
        PERFORM authd.suspension_check(actor, old);
    END IF;
    UPDATE authd.account
       SET suspended = true,
           suspended_reason = coalesce(why, suspended_reason),
           suspended_at = coalesce(suspended_at, authd.now()),
           suspended_by_rank = greatest(suspended_by_rank, (actor ->> 'rank')::int),
           version = version + 1
     WHERE id = old.id;
    PERFORM authd.credentials_end(ARRAY[old.id], ARRAY['sessions', 'reset_links']);
    RETURN authd.account_changed(actor, 'user_suspend', old.id, before);
END
$$;

-- authd.user_resume(actor, reach, {user}) → user object, "changed"
-- Errors: AU404, AU422; AU403 also if a higher rank has suspended it.
CREATE FUNCTION authd.user_resume(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    PERFORM authd.suspension_check(actor, old);
    UPDATE authd.account
       SET suspended = false, suspended_reason = NULL, suspended_at = NULL,
           suspended_by_rank = NULL, version = version + 1
     WHERE id = old.id AND suspended;
    RETURN authd.account_changed(actor, 'user_resume', old.id, before);
END
$$;

-- authd.user_revoke_all(actor, reach, {user})
--     → user object, "changed": true, "ended": {app_passwords, sessions, api_keys, reset_links: how
--       many}
-- Everything that the user can sign in with, and whoever is signed in with it: the main password is
-- cleared, its generation rises.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_revoke_all(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
    ended  jsonb;
BEGIN
    PERFORM authd.password_replace(old.id, NULL);
    ended := authd.credentials_end(ARRAY[old.id], ARRAY['app_passwords', 'sessions', 'api_keys',
                                                 'reset_links']);
    RETURN authd.account_changed(actor, 'user_revoke_all', old.id, before,
                                 jsonb_build_object('ended', ended));
END
$$;

-- authd.user_delete(actor, reach, {user}) → the user object as it was, "changed": true
-- Erases the person: addresses, credentials, sessions, kept answers, and what the audit knows
-- beside numbers. The domain stays. The id is never used again, and a new user of the same login
-- goes on counting password generations.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_delete(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
    answer jsonb;
BEGIN
    PERFORM authd.login_retire(old);
    DELETE FROM authd.account WHERE id = old.id;
    DELETE FROM authd.idempotency WHERE account = old.id;
    answer := authd.changed(actor, 'user_delete', before, NULL);
    PERFORM authd.audit_erase(old.id);
    RETURN answer;
END
$$;

-- ---- addresses -------------------------------------------------------------------------------

-- authd.address_add(actor, reach, {user, address}) → user object, "changed"
-- An address may belong to several users.
-- Errors: AU404; AU403 also for an address of a foreign domain; AU409 too many; AU422.
CREATE FUNCTION authd.address_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new    text := authd.argument_address(arguments, 'address');
    owner  authd.account := authd.account_lock(actor, reach, arguments);
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
-- Errors: AU404 no such user, or it has no such address; AU409 it is the last one: a user without
-- addresses can sign in and then send nothing, which nobody would understand; AU403, AU422.
CREATE FUNCTION authd.address_remove(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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

-- ---- passwords -------------------------------------------------------------------------------

-- authd.password_set(actor, reach, {user, password_hash, keep_credentials?})
--     → user object, "changed": true, "ended": {…: how many}
-- Ends all reset links. By oneself: also the other sessions. By another person: also all sessions
-- and app passwords, unless keep_credentials; who resets a password because it was stolen must not
-- have to think of them.
-- Errors: AU404; AU422 also for a service user; AU403.
CREATE FUNCTION authd.password_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash   text := authd.argument_password_hash(arguments);
    kept   boolean := coalesce(authd.argument_boolean(arguments, 'keep_credentials'), false);
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
    ended  jsonb;
BEGIN
    IF hash IS NULL THEN
        PERFORM authd.refuse('AU422', 'password_hash is missing',
                             'To take the password away, clear it.');
    END IF;
    IF owner.service THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', owner.login),
            'Give it an app password.');
    END IF;
    PERFORM authd.password_replace(owner.id, hash);
    ended := authd.credentials_end(
        ARRAY[owner.id],
        CASE WHEN authd.is_self(actor, owner.id) THEN ARRAY['reset_links', 'sessions']
             WHEN kept THEN ARRAY['reset_links']
             ELSE ARRAY['reset_links', 'sessions', 'app_passwords'] END,
        CASE WHEN authd.is_self(actor, owner.id) THEN (actor ->> 'session')::bigint END);
    RETURN authd.account_changed(actor, 'password_set', owner.id, before,
                                 jsonb_build_object('ended', ended));
END
$$;

-- authd.password_clear(actor, reach, {user}) → user object, "changed", "ended": {…: how many}
-- Ends sessions and reset links as well; app passwords stay: they are the user's other way.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.password_clear(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
    more   jsonb := '{}';
BEGIN
    IF owner.password IS NOT NULL THEN
        PERFORM authd.password_replace(owner.id, NULL);
        more := jsonb_build_object('ended',
            authd.credentials_end(ARRAY[owner.id], ARRAY['reset_links', 'sessions']));
    END IF;
    RETURN authd.account_changed(actor, 'password_clear', owner.id, before, more);
END
$$;

-- ---- reset links -----------------------------------------------------------------------------

-- A link sets a new password once, for whoever reads the mail at the recovery address. The token is
-- in no table: its digest is, so a copy of the database opens nothing.

-- authd.address_masked(address text) → text
-- Enough of an address to recognize one's own: a***@home.example.
CREATE FUNCTION authd.address_masked(address text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT left(address, 1) || '***@' || split_part(address, '@', 2)
$$;

-- authd.reset_link_add(actor, reach, {user, digest, keep_credentials?})
--     → {kind: reset-link, id (the user's), user, user_id, domain, mailed_to (masked), mail_to,
--        keep_credentials, expires_at, etag, changed}
-- Replaces the user's earlier link. digest: of the token, in hexadecimal digits. mail_to is for
-- whoever sends the mail, not for the caller. The link is good for an hour.
-- Errors: AU404, AU403; AU409 no recovery address, suspended; AU422 also a service user.
CREATE FUNCTION authd.reset_link_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_digest bytea   := authd.argument_digest(arguments, 'digest');
    kept       boolean := coalesce(authd.argument_boolean(arguments, 'keep_credentials'), false);
    owner      authd.account := authd.account_lock(actor, reach, arguments);
    new        authd.reset_link;
BEGIN
    IF owner.service THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', owner.login),
            'Give it an app password.');
    ELSIF owner.suspended THEN
        PERFORM authd.refuse('AU409', format('%s is suspended', owner.login),
                             'Resume the user first.');
    ELSIF owner.recovery_address IS NULL THEN
        PERFORM authd.refuse('AU409', format('%s has no recovery address', owner.login),
                             'Set one first, or set a password.');
    END IF;
    PERFORM authd.credentials_end(ARRAY[owner.id], ARRAY['reset_links']);
    INSERT INTO authd.reset_link (digest, account, keep_credentials, expires_at)
        VALUES (new_digest, owner.id, kept, authd.now() + interval '1 hour') RETURNING * INTO new;
    RETURN authd.changed(actor, 'reset_link_add', NULL, authd.object(jsonb_build_object(
               'kind', 'reset-link',
               'id', owner.id::text,
               'user', owner.login,
               'user_id', owner.id::text,
               'domain', split_part(owner.login, '@', 2),
               'mailed_to', authd.address_masked(owner.recovery_address),
               'keep_credentials', kept,
               'expires_at', authd.rfc3339(new.expires_at))))
           || jsonb_build_object('mail_to', owner.recovery_address);
END
$$;

-- authd.reset_link_withdraw(actor, reach, {user, digest}) → the link as it was, "changed": true
-- Ends the user's link again: its mail could not be handed over.
-- Errors: AU404 also when there is no such link any more; AU403, AU422.
CREATE FUNCTION authd.reset_link_withdraw(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old_digest bytea := authd.argument_digest(arguments, 'digest');
    owner      authd.account := authd.account_lock(actor, reach, arguments);
    old        authd.reset_link;
BEGIN
    DELETE FROM authd.reset_link WHERE digest = old_digest AND account = owner.id
    RETURNING * INTO old;
    IF old.digest IS NULL THEN
        PERFORM authd.refuse('AU404', format('%s has no such reset link', owner.login),
                             'There is nothing left to withdraw.');
    END IF;
    RETURN authd.changed(actor, 'reset_link_withdraw', authd.object(jsonb_build_object(
               'kind', 'reset-link',
               'id', owner.id::text,
               'user', owner.login,
               'user_id', owner.id::text,
               'domain', split_part(owner.login, '@', 2),
               'mailed_to', authd.address_masked(owner.recovery_address),
               'keep_credentials', old.keep_credentials,
               'expires_at', authd.rfc3339(old.expires_at))), NULL);
END
$$;

-- authd.reset_find(arguments jsonb) → authd.account
-- Whose reset link it is. Errors: AU401 whatever is wrong with it, AU422.
CREATE FUNCTION authd.reset_find(arguments jsonb) RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account;
BEGIN
    SELECT account.* INTO owner FROM authd.reset_link AS link
      JOIN authd.account ON account.id = link.account
     WHERE link.digest = authd.argument_digest(arguments, 'digest')
       AND link.expires_at > authd.now() AND NOT account.suspended AND NOT account.service;
    IF owner.id IS NULL THEN
        PERFORM authd.refuse('AU401', 'the link is not good, or no longer', 'Ask for a new one.');
    END IF;
    RETURN owner;
END
$$;

-- authd.reset_words(actor, reach, {digest}) → {"words": [text, …]}
-- What the new password must not be made of: the names of the link's user. For the rules, not for
-- the caller.
-- Errors: AU401, AU422.
CREATE FUNCTION authd.reset_words(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.reset_find(arguments);
BEGIN
    RETURN jsonb_build_object('words', (
        SELECT jsonb_agg(DISTINCT word)
          FROM unnest(ARRAY[owner.login, owner.display_name, owner.recovery_address]
                      || ARRAY(SELECT address FROM authd.address WHERE account = owner.id)) AS word
         WHERE word IS NOT NULL));
END
$$;

-- authd.reset_use(actor, reach, {digest, password_hash})
--     → {kind: user, id, login, changed: true, ended: {…: how many}}
-- Sets the password, once: of two at the same time one is refused. Ends all sessions and, unless
-- the link says otherwise, all app passwords.
-- Errors: AU401 whatever is wrong with the link; AU422.
CREATE FUNCTION authd.reset_use(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash   text := authd.argument_password_hash(arguments);
    found  authd.account := authd.reset_find(arguments);
    owner  authd.account;
    before jsonb;
    kept   boolean;
    answer jsonb;
BEGIN
    IF hash IS NULL THEN
        PERFORM authd.refuse('AU422', 'password_hash is missing', 'Give a new password.');
    END IF;
    SELECT * INTO owner FROM authd.account WHERE id = found.id AND NOT suspended FOR UPDATE;
    DELETE FROM authd.reset_link
     WHERE digest = authd.argument_digest(arguments, 'digest') AND account = owner.id
       AND expires_at > authd.now()
    RETURNING keep_credentials INTO kept;
    IF kept IS NULL THEN -- used, revoked or suspended while we waited for the lock
        PERFORM authd.refuse('AU401', 'the link is not good, or no longer', 'Ask for a new one.');
    END IF;
    before := authd.account_object(owner);
    PERFORM authd.password_replace(owner.id, hash);
    answer := authd.account_changed(
        actor || jsonb_build_object('name', owner.login, 'login', owner.login, 'account', owner.id,
                                    'credential', 'reset link', 'if_match', NULL),
        'reset_use', owner.id, before,
        jsonb_build_object('ended', authd.credentials_end(ARRAY[owner.id],
            CASE WHEN kept THEN ARRAY['reset_links', 'sessions']
                 ELSE ARRAY['reset_links', 'sessions', 'app_passwords'] END)));
    RETURN jsonb_build_object('kind', 'user', 'id', answer -> 'id', 'login', answer -> 'login',
                              'changed', answer -> 'changed', 'ended', answer -> 'ended');
END
$$;

-- ---- sessions --------------------------------------------------------------------------------

-- What authd calls itself, when somebody signs in or comes back, is granted to it. A session's
-- digest is that of its cookie, in hexadecimal digits.

-- authd.session_object(session authd.http_session) → jsonb
-- {kind: session, id, user, user_id, domain, created_at, last_seen_at, expires_at (at the latest),
-- fresh_until, client, agent, etag}
CREATE FUNCTION authd.session_object(session authd.http_session) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    login text := (SELECT account.login FROM authd.account WHERE id = session.account);
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'session',
        'id', session.id::text,
        'user', login,
        'user_id', session.account::text,
        'domain', split_part(login, '@', 2),
        'created_at', authd.rfc3339(session.created_at),
        'last_seen_at', authd.rfc3339(session.last_seen_at),
        'expires_at', authd.rfc3339(session.created_at + interval '12 hours'),
        'fresh_until', authd.rfc3339(session.fresh_at + interval '10 minutes'),
        'client', host(session.client),
        'agent', session.agent));
END
$$;

-- authd.session_live(session authd.http_session) → boolean
-- Not idle for 30 minutes, and not older than 12 hours.
CREATE FUNCTION authd.session_live(session authd.http_session) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT session.last_seen_at > authd.now() - interval '30 minutes'
       AND session.created_at > authd.now() - interval '12 hours'
$$;

-- authd.session_add(account bigint, version bigint, digest text, client text, agent text) → jsonb
-- The session of somebody who has just proved who he is, when his account had this version; NULL:
-- it has changed since, or is suspended. client: an address or NULL; agent: what the client calls
-- itself or NULL.
-- Bounds: 50 sessions a user: the oldest make way; agent 200 characters.
CREATE FUNCTION authd.session_add(account bigint, version bigint, digest text, client text,
                                  agent text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new authd.http_session;
BEGIN
    -- Waits for whoever changes the account at this moment, then looks at what he has made of it.
    PERFORM FROM authd.account AS owner
     WHERE owner.id = session_add.account AND owner.version = session_add.version
       AND NOT owner.suspended FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM authd.http_session AS old
     USING (SELECT past.id FROM authd.http_session AS past
             WHERE past.created_at <= authd.now() - interval '12 hours'
             ORDER BY past.created_at LIMIT 100 FOR UPDATE SKIP LOCKED) AS past
     WHERE old.id = past.id;
    DELETE FROM authd.http_session AS old
     WHERE old.id IN (SELECT mine.id FROM authd.http_session AS mine
                       WHERE mine.account = session_add.account ORDER BY mine.id DESC OFFSET 49);
    INSERT INTO authd.http_session (account, digest, client, agent)
        VALUES (session_add.account, decode(session_add.digest, 'hex'), session_add.client::inet,
                nullif(left(regexp_replace(session_add.agent, '[\u0001-\u001f\u007f-\u009f]',
                                           ' ', 'g'), 200), ''))
        RETURNING * INTO new;
    RETURN authd.session_object(new);
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_add(bigint, bigint, text, text, text) TO authd_service;

-- authd.session_touch(digest text) → boolean
-- Notes that a live session was used, once a minute at most. Whether it is live.
CREATE FUNCTION authd.session_touch(digest text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.http_session;
BEGIN
    SELECT * INTO held FROM authd.http_session AS session
     WHERE session.digest = decode(session_touch.digest, 'hex') AND authd.session_live(session);
    IF held.last_seen_at <= authd.now() - interval '1 minute' THEN
        UPDATE authd.http_session SET last_seen_at = authd.now() WHERE id = held.id;
    END IF;
    RETURN held.id IS NOT NULL;
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_touch(text) TO authd_service;

-- authd.session_fresh(digest text, account bigint, version bigint) → jsonb
-- The session after its owner has proved again who he is, when his account had this version; NULL:
-- the account has changed since, or the session is not live or somebody else's.
CREATE FUNCTION authd.session_fresh(digest text, account bigint, version bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    held authd.http_session;
BEGIN
    PERFORM FROM authd.account AS owner
     WHERE owner.id = session_fresh.account AND owner.version = session_fresh.version
       AND NOT owner.suspended FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE authd.http_session AS session
       SET fresh_at = authd.now(), last_seen_at = authd.now()
     WHERE session.digest = decode(session_fresh.digest, 'hex')
       AND session.account = session_fresh.account AND authd.session_live(session)
    RETURNING * INTO held;
    RETURN CASE WHEN held.id IS NOT NULL THEN authd.session_object(held) END;
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_fresh(text, bigint, bigint) TO authd_service;

-- authd.session_end(digest text) → boolean
-- Signs out. Whether there was such a session.
CREATE FUNCTION authd.session_end(digest text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.http_session AS session
     WHERE session.digest = decode(session_end.digest, 'hex');
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.session_end(text) TO authd_service;

-- authd.session_list(actor, reach, {user})
--     → {"items": [session object, "current", …], "next": null}
-- The live sessions, the newest first.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.session_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_find(actor, reach, arguments);
BEGIN
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.session_object(session) || jsonb_build_object(
                             'current', coalesce(session.id = (actor ->> 'session')::bigint, false))
                             ORDER BY session.id DESC), '[]')
                    FROM authd.http_session AS session
                   WHERE session.account = owner.id AND authd.session_live(session)),
        'next', NULL);
END
$$;

-- authd.session_revoke(actor, reach, {user, id}) → the session object as it was, "changed": true
-- Errors: AU404 no such user, or it has no such session; AU403, AU422.
CREATE FUNCTION authd.session_revoke(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_lock(actor, reach, arguments);
    old   authd.http_session;
    before jsonb;
BEGIN
    SELECT * INTO old FROM authd.http_session AS session
     WHERE session.id = authd.argument_id(arguments) AND session.account = owner.id FOR UPDATE;
    IF old.id IS NULL THEN
        PERFORM authd.refuse('AU404',
            format('%s has no session %s', owner.login, left(arguments ->> 'id', 20)),
            'List the sessions of the user.');
    END IF;
    before := authd.session_object(old);
    DELETE FROM authd.http_session WHERE id = old.id;
    RETURN authd.changed(actor, 'session_revoke', before, NULL);
END
$$;

-- ---- export ----------------------------------------------------------------------------------

-- authd.export_items(actor, reach, list text, arguments jsonb) → jsonb
-- All items of a list, page by page. Bounds: 20,000.
CREATE FUNCTION authd.export_items(actor jsonb, reach bigint[], list text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    page  jsonb;
    items jsonb := '[]';
BEGIN
    LOOP
        EXECUTE format('SELECT authd.%I($1, $2, $3)', list) INTO page USING actor, reach, arguments;
        items := items || (page -> 'items');
        EXIT WHEN coalesce(page -> 'next', 'null') = 'null' OR jsonb_array_length(items) >= 20000;
        arguments := arguments || jsonb_build_object('after', page -> 'next', 'limit', 1000);
    END LOOP;
    RETURN items;
END
$$;

-- authd.user_export(actor, reach, {user}) → {"kind": "export", "made_at", "user": user object,
--     "sessions": […], "reset_links": […], "api_keys": […], "app_passwords": […], "activity": […],
--     "scope": document | null}
-- All that is stored about a person, no hashes or keys.
-- Bounds: 20,000 items of each list, the newest.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_export(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_find(actor, reach, arguments);
    whom   jsonb := jsonb_build_object('user', owner.id::text);
    answer jsonb := jsonb_build_object(
        'kind', 'export',
        'made_at', authd.rfc3339(authd.now()),
        'user', authd.account_object(owner)
                || jsonb_build_object('last_login_address', host(owner.last_login_address)),
        'sessions', authd.export_items(actor, reach, 'session_list', whom),
        'reset_links', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                   'created_at', authd.rfc3339(created_at),
                                   'expires_at', authd.rfc3339(expires_at))), '[]')
                          FROM authd.reset_link WHERE account = owner.id),
        'api_keys', (SELECT coalesce(jsonb_agg(authd.api_key_object(held) ORDER BY held.id), '[]')
                       FROM authd.api_key AS held WHERE held.owner = owner.id),
        'app_passwords', authd.export_items(actor, reach, 'app_password_list', whom),
        'activity', authd.export_items(actor, reach, 'activity_list', whom),
        'scope', authd.scope_get(actor, reach, whom || '{"level": "user"}') -> 'document');
BEGIN
    RETURN answer;
END
$$;
