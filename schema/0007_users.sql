-- Management of users: their data, addresses and main passwords.
-- Oldest compatible: 6
--
-- Shape, actors and errors as in 0006_caller.sql. Every change locks its account row first, so two
-- changes of one user wait for each other and cannot deadlock; it answers with the user object as it
-- is afterwards, and "changed".
--
-- The user object: {kind, id, login, domain, addresses[], display_name, recovery_address, role,
-- domains[] (administered beside its own), class, service, suspended, suspended_reason,
-- suspended_at, has_password, password_generation, password_set_at, created_at, last_login_at,
-- etag}. Times are RFC 3339 in UTC, what is not set is null; never the hash.

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

-- authd.account_changed(actor jsonb, action text, old authd.account, before jsonb) → jsonb
-- authd.changed() for a user that is still there.
CREATE FUNCTION authd.account_changed(actor jsonb, action text, id bigint, before jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.changed(actor, action, before, authd.account_object_of(id));
END
$$;

-- ---- arguments -------------------------------------------------------------------------------

-- authd.argument_limit(arguments jsonb) → int
-- Member "limit", from 1 to 1000; 100 if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_limit(arguments jsonb) RETURNS int
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value numeric := 100;
BEGIN
    IF coalesce(jsonb_typeof(arguments -> 'limit'), 'null') <> 'null' THEN
        value := CASE WHEN jsonb_typeof(arguments -> 'limit') = 'number'
                      THEN (arguments ->> 'limit')::numeric END;
        IF value IS NULL OR value NOT BETWEEN 1 AND 1000 OR value % 1 <> 0 THEN
            PERFORM authd.refuse('AU422', 'limit must be from 1 to 1000',
                                 'Give limit as a whole number, and ask for the next page.');
        END IF;
    END IF;
    RETURN value;
END
$$;

-- authd.argument_role(actor jsonb, arguments jsonb) → text
-- Member "role"; 'user' if it is absent or null. Errors: AU422 unknown; AU403 not below the caller's.
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

-- authd.user_list(actor, reach, {after?, limit?, match?, suspended?, address?})
--     → {"items": [user object, …], "next": login | null}
-- Sorted by login, beginning after login `after`; `next` is the `after` of the next page. match:
-- part of the login or the display name, whatever the case of its ASCII letters. suspended: only
-- these, or only the others. address: only who may send as it, by itself or by *@domain.
-- Bounds: limit 1 to 1000, 100 if not given; match 200 characters.
-- Errors: AU422.
CREATE FUNCTION authd.user_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan -- a filter that is not given costs nothing
AS $$
DECLARE
    start_after   text    := authd.argument_text(arguments, 'after', 320);
    part          text    := lower(authd.argument_text(arguments, 'match', 200));
    only_state    boolean := authd.argument_boolean(arguments, 'suspended');
    sender        text    := authd.argument_address(arguments, 'address');
    sender_domain text    := '*@' || split_part(sender, '@', 2);
    page_size     int     := authd.argument_limit(arguments);
    page          authd.account[];
    more          boolean;
BEGIN
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
         LIMIT page_size + 1);
    more := cardinality(page) > page_size;
    page := page[1:page_size];
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.account_object(item) ORDER BY item.login), '[]')
                    FROM unnest(page) AS item),
        'next', CASE WHEN more THEN page[page_size].login END);
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

-- authd.address_put(reach bigint[], owner authd.account, new text) → boolean
-- Gives a locked account an address; false if it has it already.
-- Bounds: 256 addresses a user.
-- Errors: AU403 a domain outside reach: nobody may send in the name of a domain that the caller does
-- not administer; AU409 too many.
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
--                               service?, password_hash?})
--     → user object, "changed": true, "domain_created": whether the domain was new
-- Addresses not given: the login is the one address. A service user has no main password.
-- Errors: AU409 the login exists; AU404 no such domain in reach; AU403 a role that is not below the
-- caller's, or a foreign address; AU422.
CREATE FUNCTION authd.user_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_login   text    := authd.argument_text(arguments, 'login', 320);
    new_hash    text    := authd.argument_password_hash(arguments);
    new_service boolean := coalesce(authd.argument_boolean(arguments, 'service'), false);
    home        record;
    new         authd.account;
    item        text;
BEGIN
    IF new_login IS NULL OR NOT authd.login_valid(new_login) THEN
        PERFORM authd.refuse('AU422', coalesce(new_login || ' is not a login', 'login is missing'),
                             'A login looks like alice@example.org.');
    END IF;
    IF new_service AND new_hash IS NOT NULL THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', new_login),
            'Give it an app password.');
    END IF;

    home := authd.domain_for(actor, reach, split_part(new_login, '@', 2));
    INSERT INTO authd.account (login, domain, display_name, recovery_address, role, service)
        VALUES (new_login, home.id, authd.argument_text(arguments, 'display_name', 200),
                authd.argument_recovery_address(arguments), authd.argument_role(actor, arguments),
                new_service)
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
    RETURN authd.account_changed(actor, 'user_add', new.id, NULL)
           || jsonb_build_object('domain_created', home.created);
END
$$;

-- authd.user_set(actor, reach, {user, changes: {display_name?, recovery_address?, role?}})
--     → user object, "changed"
-- null clears (a role: back to user). Of one's own account only display_name and recovery_address.
-- Errors: AU404; AU403; AU422, also for any other member of changes.
CREATE FUNCTION authd.user_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := arguments -> 'changes';
    old     authd.account := authd.account_lock(actor, reach, arguments);
    new     authd.account := old;
    before  jsonb := authd.account_object(old);
    unknown text;
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        PERFORM authd.refuse('AU422', 'changes must be an object',
                             'It may have display_name, recovery_address and role.');
    END IF;
    SELECT min(key) INTO unknown FROM jsonb_object_keys(changes) AS key
     WHERE key NOT IN ('display_name', 'recovery_address', 'role');
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('%s cannot be set', left(unknown, 40)),
                             'What can be set is display_name, recovery_address and role.');
    END IF;
    IF changes ? 'role' AND authd.is_self(actor, old.id) THEN
        PERFORM authd.refuse('AU403', 'your own role is not yours to change',
                             'Ask somebody with a higher role.');
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
    IF new IS DISTINCT FROM old THEN
        UPDATE authd.account
           SET display_name = new.display_name,
               recovery_address = new.recovery_address,
               role = new.role
         WHERE id = old.id;
    END IF;
    RETURN authd.account_changed(actor, 'user_set', old.id, before);
END
$$;

-- authd.user_suspend(actor, reach, {user, reason?}) → user object, "changed"
-- Another reason replaces the old one; the time of the suspension stays. The highest rank that
-- suspended counts.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_suspend(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    why    text := authd.argument_text(arguments, 'reason', 500);
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    UPDATE authd.account
       SET suspended = true,
           suspended_reason = coalesce(why, suspended_reason),
           suspended_at = coalesce(suspended_at, authd.now()),
           suspended_by_rank = greatest(suspended_by_rank, (actor ->> 'rank')::int),
           version = version + 1
     WHERE id = old.id;
    RETURN authd.account_changed(actor, 'user_suspend', old.id, before);
END
$$;

-- authd.user_resume(actor, reach, {user}) → user object, "changed"
-- Errors: AU404, AU422; AU403 also if somebody of a higher rank has suspended it.
CREATE FUNCTION authd.user_resume(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    IF old.suspended_by_rank > (actor ->> 'rank')::int THEN
        PERFORM authd.refuse('AU403',
            format('%s was suspended by somebody with a higher role', old.login),
            'Ask somebody with that role to resume the user.');
    END IF;
    UPDATE authd.account
       SET suspended = false, suspended_reason = NULL, suspended_at = NULL,
           suspended_by_rank = NULL, version = version + 1
     WHERE id = old.id AND suspended;
    RETURN authd.account_changed(actor, 'user_resume', old.id, before);
END
$$;

-- authd.user_delete(actor, reach, {user}) → the user object as it was, "changed": true
-- Addresses go with it; its domain stays. The id is never used again, and a new user of the same
-- login goes on counting password generations.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_delete(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    INSERT INTO authd.retired_login AS retired (digest, password_generation)
        VALUES (sha256(convert_to(old.login, 'UTF8')), old.password_generation)
        ON CONFLICT (digest) DO UPDATE SET password_generation = excluded.password_generation;
    DELETE FROM authd.account WHERE id = old.id;
    RETURN authd.changed(actor, 'user_delete', before, NULL);
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

-- authd.password_set(actor, reach, {user, password_hash}) → user object, "changed": true
-- Errors: AU404; AU422 also for a service user; AU403.
CREATE FUNCTION authd.password_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash   text := authd.argument_password_hash(arguments);
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
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
    RETURN authd.account_changed(actor, 'password_set', owner.id, before);
END
$$;

-- authd.password_clear(actor, reach, {user}) → user object, "changed"
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.password_clear(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
BEGIN
    IF owner.password IS NOT NULL THEN
        PERFORM authd.password_replace(owner.id, NULL);
    END IF;
    RETURN authd.account_changed(actor, 'password_clear', owner.id, before);
END
$$;
