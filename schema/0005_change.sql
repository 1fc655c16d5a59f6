-- Management, the changing half. Shape and errors as in 0004_read.sql.
-- Oldest compatible: 1
--
-- Every change answers with the whole user object as it is afterwards, and "changed": false if
-- nothing had to be done. Each locks its one account row first, so two changes of one user wait
-- for each other and cannot deadlock.

-- authd.account_lock(reach bigint[], arguments jsonb) → authd.account
-- The account that member "user" names, locked until the end of the transaction.
-- Errors: AU422, AU404; AU403 a site-wide role, which only the site's administrator may touch:
-- whoever could set its password would have its rights.
CREATE FUNCTION authd.account_lock(reach bigint[], arguments jsonb) RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.account := authd.account_find(reach, arguments);
    locked authd.account;
BEGIN
    SELECT * INTO locked FROM authd.account
     WHERE id = wanted.id AND (reach IS NULL OR domain = ANY (reach)) FOR UPDATE;
    IF locked.id IS NULL THEN -- deleted while we waited for the lock
        RAISE EXCEPTION USING ERRCODE = 'AU404',
            MESSAGE = format('there is no user %s', arguments ->> 'user'),
            HINT = 'Check the spelling, or list the users.';
    END IF;
    IF reach IS NOT NULL AND locked.role IN ('auditor', 'admin') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU403',
            MESSAGE = format('%s has the site-wide role %s', locked.login, locked.role),
            HINT = 'Ask an administrator of the site.';
    END IF;
    RETURN locked;
END
$$;

-- authd.account_answer(of bigint, changed boolean) → jsonb
CREATE FUNCTION authd.account_answer(of bigint, changed boolean) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT authd.account_object(account) || jsonb_build_object('changed', changed)
              FROM authd.account WHERE id = of);
END
$$;

-- authd.argument_role(reach bigint[], arguments jsonb) → text
-- Member "role"; 'user' if it is absent or null. Errors: AU422 unknown; AU403 a site-wide role.
CREATE FUNCTION authd.argument_role(reach bigint[], arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := coalesce(authd.argument_text(arguments, 'role', 40), 'user');
BEGIN
    IF value NOT IN ('user', 'helpdesk', 'domain-admin', 'auditor', 'admin') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = format('there is no role %s', value),
            HINT = 'Roles are user, helpdesk, domain-admin, auditor and admin.';
    END IF;
    IF reach IS NOT NULL AND value IN ('auditor', 'admin') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU403',
            MESSAGE = format('the role %s is for the whole site', value),
            HINT = 'Ask an administrator of the site.';
    END IF;
    RETURN value;
END
$$;

-- authd.argument_recovery_address(arguments jsonb) → text
-- Member "recovery_address"; NULL if it is absent or null. Errors: AU422 not one address.
CREATE FUNCTION authd.argument_recovery_address(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_address(arguments, 'recovery_address');
BEGIN
    IF starts_with(value, '*') THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('%s is not one address', value),
            HINT = 'A recovery address receives mail: write it in full.';
    END IF;
    RETURN value;
END
$$;

-- authd.argument_password_hash(arguments jsonb) → text
-- Member "password_hash"; NULL if it is absent or null. Errors: AU422 no stored hash. The value is
-- in no message.
CREATE FUNCTION authd.argument_password_hash(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'password_hash', 1024);
BEGIN
    IF value !~ '^[!-~]+$' THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'password_hash is not a stored hash',
            HINT = 'Use printable ASCII without blanks, like $argon2id$... or {SCHEME}....';
    END IF;
    RETURN value;
END
$$;

-- authd.address_put(reach bigint[], owner authd.account, new text) → boolean
-- Gives a locked account an address; false if it has it already.
-- Bounds: 256 addresses a user.
-- Errors: AU403 a domain outside reach: nobody may send in the name of a domain that the actor does
-- not administer; AU409 too many.
CREATE FUNCTION authd.address_put(reach bigint[], owner authd.account, new text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_domain text := split_part(new, '@', 2);
BEGIN
    IF reach IS NOT NULL AND NOT EXISTS (
        SELECT FROM authd.domain WHERE name = new_domain AND id = ANY (reach)) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU403',
            MESSAGE = format('%s is not a domain of yours', new_domain),
            HINT = 'Ask an administrator of the site.';
    END IF;
    INSERT INTO authd.address (account, address) VALUES (owner.id, new) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF (SELECT count(*) FROM authd.address WHERE account = owner.id) > 256 THEN
        RAISE EXCEPTION USING ERRCODE = 'AU409',
            MESSAGE = format('%s has 256 addresses already', owner.login),
            HINT = 'Remove some, or allow a whole domain by *@domain.';
    END IF;
    RETURN true;
END
$$;

-- authd.password_replace(owner bigint, hash text) → void
-- The one place that sets (or, by NULL, clears) a main password: the generation of the identity
-- and the version rise with it.
CREATE FUNCTION authd.password_replace(owner bigint, hash text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    UPDATE authd.account
       SET password = hash,
           password_generation = password_generation + 1,
           password_set_at = CASE WHEN hash IS NOT NULL THEN authd.now() END,
           version = version + 1
     WHERE id = owner
$$;

-- authd.domain_for(reach bigint[], wanted text, OUT id bigint, OUT created boolean)
-- The domain of a new account. A missing one is created for a site administrator only.
-- Errors: AU404.
CREATE FUNCTION authd.domain_for(reach bigint[], wanted text, OUT id bigint, OUT created boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    created := false;
    SELECT domain.id INTO id FROM authd.domain
     WHERE domain.name = wanted AND (reach IS NULL OR domain.id = ANY (reach));
    IF id IS NOT NULL THEN
        RETURN;
    END IF;
    IF reach IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU404', MESSAGE = format('there is no domain %s', wanted),
            HINT = 'Check the spelling, or ask an administrator of the site to add it.';
    END IF;
    INSERT INTO authd.domain (name) VALUES (wanted)
        ON CONFLICT (name) DO NOTHING RETURNING domain.id INTO id;
    created := id IS NOT NULL;
    IF NOT created THEN -- somebody else has just added it
        SELECT domain.id INTO id FROM authd.domain WHERE domain.name = wanted;
    END IF;
END
$$;

-- authd.argument_addresses(arguments jsonb, login text) → text[]
-- Member "addresses"; the login alone if it is absent, null or empty. Errors: AU422.
CREATE FUNCTION authd.argument_addresses(arguments jsonb, login text) RETURNS text[]
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

-- authd.user_add(actor, reach, {login, addresses[]?, display_name?, recovery_address?, role?,
--                               service?, password_hash?})
--     → user object, "changed": true, "domain_created": whether the domain was new
-- Addresses not given: the login is the one address. A service user has no main password.
-- Errors: AU409 the login exists; AU404 no such domain in reach; AU403 a site-wide role or a
-- foreign address; AU422.
CREATE FUNCTION authd.user_add(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
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
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = coalesce(new_login || ' is not a login', 'login is missing'),
            HINT = 'A login looks like alice@example.org.';
    END IF;
    IF new_service AND new_hash IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('%s is a service user and has no main password', new_login),
            HINT = 'Give it an app password.';
    END IF;

    home := authd.domain_for(reach, split_part(new_login, '@', 2));
    INSERT INTO authd.account (login, domain, display_name, recovery_address, role, service)
        VALUES (new_login, home.id, authd.argument_text(arguments, 'display_name', 200),
                authd.argument_recovery_address(arguments), authd.argument_role(reach, arguments),
                new_service)
        ON CONFLICT (login) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU409', MESSAGE = format('%s already exists', new_login),
            HINT = 'Choose another login, or change the existing user.';
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
    RETURN authd.account_answer(new.id, true) || jsonb_build_object('domain_created', home.created);
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_add(text, bigint[], jsonb) TO authd_service;

-- authd.user_set(actor, reach, {user, changes: {display_name?, recovery_address?, role?}})
--     → user object, "changed"
-- null clears (a role: back to user).
-- Errors: AU404; AU403 a site-wide role; AU422, also for any other member of changes.
CREATE FUNCTION authd.user_set(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := arguments -> 'changes';
    old     authd.account := authd.account_lock(reach, arguments);
    new     authd.account := old;
    unknown text;
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'changes must be an object',
            HINT = 'It may have display_name, recovery_address and role.';
    END IF;
    SELECT min(key) INTO unknown FROM jsonb_object_keys(changes) AS key
     WHERE key NOT IN ('display_name', 'recovery_address', 'role');
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('%s cannot be set', left(unknown, 40)),
            HINT = 'What can be set is display_name, recovery_address and role.';
    END IF;

    IF changes ? 'display_name' THEN
        new.display_name := authd.argument_text(changes, 'display_name', 200);
    END IF;
    IF changes ? 'recovery_address' THEN
        new.recovery_address := authd.argument_recovery_address(changes);
    END IF;
    IF changes ? 'role' THEN
        new.role := authd.argument_role(reach, changes);
    END IF;
    IF new IS DISTINCT FROM old THEN
        UPDATE authd.account
           SET display_name = new.display_name,
               recovery_address = new.recovery_address,
               role = new.role
         WHERE id = old.id;
    END IF;
    RETURN authd.account_answer(old.id, new IS DISTINCT FROM old);
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_set(text, bigint[], jsonb) TO authd_service;

-- authd.user_suspend(actor, reach, {user, reason?}) → user object, "changed"
-- Another reason replaces the old one; the time of the suspension stays.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_suspend(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    why text := authd.argument_text(arguments, 'reason', 500);
    old authd.account := authd.account_lock(reach, arguments);
BEGIN
    UPDATE authd.account
       SET suspended = true,
           suspended_reason = coalesce(why, suspended_reason),
           suspended_at = coalesce(suspended_at, authd.now()),
           version = version + 1
     WHERE id = old.id
       AND (NOT suspended OR suspended_reason IS DISTINCT FROM coalesce(why, suspended_reason));
    RETURN authd.account_answer(old.id, FOUND);
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_suspend(text, bigint[], jsonb) TO authd_service;

-- authd.user_resume(actor, reach, {user}) → user object, "changed"
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_resume(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.account := authd.account_lock(reach, arguments);
BEGIN
    UPDATE authd.account
       SET suspended = false, suspended_reason = NULL, suspended_at = NULL, version = version + 1
     WHERE id = old.id AND suspended;
    RETURN authd.account_answer(old.id, FOUND);
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_resume(text, bigint[], jsonb) TO authd_service;

-- authd.user_delete(actor, reach, {user}) → the user object as it was, "changed": true
-- Addresses go with it; its domain stays. The id is never used again, and a new user of the same
-- login goes on counting password generations.
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.user_delete(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(reach, arguments);
    answer jsonb := authd.account_answer(old.id, true);
BEGIN
    INSERT INTO authd.retired_login AS retired (digest, password_generation)
        VALUES (sha256(convert_to(old.login, 'UTF8')), old.password_generation)
        ON CONFLICT (digest) DO UPDATE SET password_generation = excluded.password_generation;
    DELETE FROM authd.account WHERE id = old.id;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION authd.user_delete(text, bigint[], jsonb) TO authd_service;

-- authd.address_add(actor, reach, {user, address}) → user object, "changed"
-- An address may belong to several users.
-- Errors: AU404; AU403 also for an address of a foreign domain; AU409 too many; AU422.
CREATE FUNCTION authd.address_add(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new     text := authd.argument_address(arguments, 'address');
    owner   authd.account := authd.account_lock(reach, arguments);
    changed boolean;
BEGIN
    IF new IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'address is missing',
            HINT = 'Name the address to add.';
    END IF;
    changed := authd.address_put(reach, owner, new);
    RETURN authd.account_answer(owner.id, changed);
END
$$;
GRANT EXECUTE ON FUNCTION authd.address_add(text, bigint[], jsonb) TO authd_service;

-- authd.address_remove(actor, reach, {user, address}) → user object, "changed": true
-- Errors: AU404 no such user, or it has no such address; AU409 it is the last one: a user without
-- addresses can sign in and then send nothing, which nobody would understand; AU403, AU422.
CREATE FUNCTION authd.address_remove(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old   text := authd.argument_text(arguments, 'address', 320);
    owner authd.account := authd.account_lock(reach, arguments);
BEGIN
    DELETE FROM authd.address WHERE account = owner.id AND address = old;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'AU404',
            MESSAGE = format('%s has no address %s', owner.login, coalesce(old, '(none given)')),
            HINT = 'List the addresses of the user.';
    END IF;
    IF NOT EXISTS (SELECT FROM authd.address WHERE account = owner.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU409',
            MESSAGE = format('%s is the only address of %s', old, owner.login),
            HINT = 'Add another address first; to stop the user, suspend it.';
    END IF;
    RETURN authd.account_answer(owner.id, true);
END
$$;
GRANT EXECUTE ON FUNCTION authd.address_remove(text, bigint[], jsonb) TO authd_service;

-- authd.password_set(actor, reach, {user, password_hash}) → user object, "changed": true
-- Errors: AU404; AU422 also for a service user; AU403.
CREATE FUNCTION authd.password_set(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash  text := authd.argument_password_hash(arguments);
    owner authd.account := authd.account_lock(reach, arguments);
BEGIN
    IF hash IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'password_hash is missing',
            HINT = 'To take the password away, clear it.';
    END IF;
    IF owner.service THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('%s is a service user and has no main password', owner.login),
            HINT = 'Give it an app password.';
    END IF;
    PERFORM authd.password_replace(owner.id, hash);
    RETURN authd.account_answer(owner.id, true);
END
$$;
GRANT EXECUTE ON FUNCTION authd.password_set(text, bigint[], jsonb) TO authd_service;

-- authd.password_clear(actor, reach, {user}) → user object, "changed"
-- Errors: AU404, AU403, AU422.
CREATE FUNCTION authd.password_clear(actor text, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_lock(reach, arguments);
BEGIN
    IF owner.password IS NOT NULL THEN
        PERFORM authd.password_replace(owner.id, NULL);
    END IF;
    RETURN authd.account_answer(owner.id, owner.password IS NOT NULL);
END
$$;
GRANT EXECUTE ON FUNCTION authd.password_clear(text, bigint[], jsonb) TO authd_service;
