-- Users: the operations on them. Every change answers with the user object as it is afterwards, and
-- "changed".

-- authd.argument_login(arguments jsonb) → text
-- Member "login". Errors: AU422 missing, or not a login.
CREATE OR REPLACE FUNCTION authd.argument_login(arguments jsonb) RETURNS text
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

-- authd.argument_recovery_address(arguments jsonb) → text
-- Member "recovery_address"; NULL if it is absent or null. Errors: AU422 not one address.
CREATE OR REPLACE FUNCTION authd.argument_recovery_address(arguments jsonb) RETURNS text
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

-- authd.user_list(actor, reach, {after?, limit?, sort?, match?, suspended?, address?, domain?,
--                                class?, role?, service?, unused_days?, without_password?,
--                                without_factor?})
--     → {"items": [user object, …], "next": text | null}
--   sort     login (the default), created_at or last_login_at, with a leading - in descending order; a
--            user who never signed in sorts before all others
--   match    part of the login or the display name, whatever the case of its ASCII letters
--   suspended, service, without_password   true: only these users; false: only the others
--   address  users who may send as it, by itself or by *@domain
--   domain, class, role   users in it; a domain or class that does not exist has no users
--   unused_days      no sign-in for so many days, and not created since either
--   without_factor   users who have enrolled no second factor and are not service users
-- `next` is the `after` of the next page; users who are added meanwhile do not shift the pages.
-- Bounds: limit 1 to 1000, 100 if not given; match 200 characters; unused_days 36500.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.user_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    sort       text := coalesce(authd.argument_text(arguments, 'sort', 20), 'login');
    column_key text := CASE ltrim(sort, '-')
        WHEN 'login' THEN 'account.login'
        WHEN 'created_at' THEN 'account.created_at'
        WHEN 'last_login_at' THEN $key$coalesce(account.last_login_at, '-infinity')$key$ END;
    direction  text := CASE WHEN starts_with(sort, '-') THEN 'DESC' ELSE 'ASC' END;
    after      text[] := authd.argument_after(arguments);
    sender     text := authd.argument_address(arguments, 'address');
    page_size  int  := authd.argument_limit(arguments);
    page       authd.account[];
    last       authd.account;
BEGIN
    IF column_key IS NULL OR sort LIKE '--%' THEN
        PERFORM authd.refuse('AU422', format('users cannot be sorted by %s', sort),
            'Sort by login, created_at or last_login_at, with a leading - in descending order.');
    ELSIF column_key <> 'account.login' AND after[1] !~ '^([0-9-]+T[0-9:.]+Z|-infinity)$' THEN
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
               AND ($14 IS NULL OR (NOT account.service AND NOT EXISTS (
                        SELECT FROM authd.totp AS held WHERE held.account = account.id)) = $14)
             ORDER BY %1$s %4$s, account.id %4$s
             LIMIT $15)$query$,
        column_key, CASE direction WHEN 'ASC' THEN '>' ELSE '<' END,
        CASE ltrim(sort, '-') WHEN 'login' THEN 'text' ELSE 'timestamptz' END, direction)
       INTO page
      USING reach, after[1], after[2]::bigint,
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
            authd.argument_boolean(arguments, 'without_factor'),
            page_size + 1;
    IF cardinality(page) > page_size THEN
        page := page[1:page_size];
        last := page[page_size];
    END IF;
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.account_object(page[n]) ORDER BY n), '[]')
                    FROM generate_subscripts(page, 1) AS n),
        'next', authd.cursor_of(
            CASE ltrim(sort, '-')
                WHEN 'login' THEN last.login
                WHEN 'created_at' THEN authd.timestamp_text(last.created_at)
                ELSE authd.timestamp_text(coalesce(last.last_login_at, '-infinity')) END,
            last.id));
END
$$;

-- authd.user_add(actor, reach, {login, addresses[]?, display_name?, recovery_address?, role?,
--                               domains[]?, class?, service?, second_factor?, account_id?,
--                               password_hash?, password_cipher_version?})
--     → user object, "changed": true, "domain_created": whether the domain was new
-- Without addresses the login is the one address. A service user has no main password. account_id:
-- from authd.account_id(); a password_hash is encrypted over it and password_cipher_version.
-- Errors: AU409 the login exists; AU404 no such domain within reach; AU403 the role is not below the
-- caller's or reaches further, or an address is of a domain outside reach; AU422.
CREATE OR REPLACE FUNCTION authd.user_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_login   text    := authd.argument_login(arguments);
    new_hash    text    := authd.argument_password_hash(arguments);
    new_version bigint  := authd.argument_integer(arguments, 'password_cipher_version', 1,
                                                  9223372036854775807);
    new_id      bigint  := authd.argument_integer(arguments, 'account_id', 1,
                                                  9223372036854775807);
    new_service boolean := coalesce(authd.argument_boolean(arguments, 'service'), false);
    new_recovery text   := authd.argument_recovery_address(arguments);
    new_policy  text    := authd.argument_second_factor(arguments);
    new_class   bigint  := authd.argument_class(arguments);
    rank        int     := authd.setting_rank(actor, reach);
    home        record;
    new         authd.account;
    item        text;
BEGIN
    IF new_service AND new_hash IS NOT NULL THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', new_login),
            'Give it an app password.');
    END IF;
    IF new_hash IS NOT NULL AND new_id IS NULL THEN
        PERFORM authd.refuse('AU422', 'account_id is missing', 'A hash is encrypted for one account.');
    END IF;

    home := authd.domain_for(actor, reach, split_part(new_login, '@', 2));
    INSERT INTO authd.account (id, login, domain, display_name, recovery_address,
                               recovery_address_by_rank, role, class, class_by_rank, service,
                               second_factor, second_factor_by)
        OVERRIDING SYSTEM VALUE
        VALUES (coalesce(new_id, authd.account_id()), new_login, home.id,
                authd.argument_text(arguments, 'display_name', 200), new_recovery,
                CASE WHEN new_recovery IS NOT NULL THEN rank END,
                authd.argument_role(actor, arguments), new_class,
                CASE WHEN new_class IS NOT NULL THEN rank END, new_service, new_policy,
                authd.imposed_put('{}', rank, new_policy))
        ON CONFLICT (login) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('%s already exists', new_login),
                             'Choose another login, or change the existing user.');
    END IF;
    IF arguments ? 'domains' THEN
        PERFORM authd.administers_put(reach, new, authd.argument_names(arguments, 'domains', 1000));
    END IF;
    PERFORM authd.control_check(actor, reach, new);

    -- Read after the insertion: it may have waited for the deletion of the login's last holder.
    UPDATE authd.account
       SET password_generation = retired.password_generation
      FROM authd.retired_login AS retired
     WHERE account.id = new.id AND retired.digest = sha256(convert_to(new_login, 'UTF8'));
    IF new_hash IS NOT NULL THEN
        PERFORM authd.password_replace(new.id, new_hash, new_version);
    END IF;
    FOREACH item IN ARRAY authd.argument_addresses(arguments, new_login) LOOP
        PERFORM authd.address_put(reach, new, item);
    END LOOP;
    RETURN authd.account_changed(actor, 'user_add', new.id, NULL,
                                 jsonb_build_object('domain_created', home.created));
END
$$;

-- authd.user_show(actor, reach, {user}) → user object
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.user_show(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.account_object(authd.account_find(actor, reach, arguments));
END
$$;

-- authd.user_changes(actor jsonb, reach bigint[], old authd.account, changes jsonb) → authd.account
-- The row of an account after changes of display_name, recovery_address, role, class and
-- second_factor. What a higher rank has set of class and second_factor stays in force.
-- Errors: AU403 the role is not below the caller's, or a higher rank has set the class; AU422.
CREATE OR REPLACE FUNCTION authd.user_changes(actor jsonb, reach bigint[], old authd.account,
                                              changes jsonb) RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new  authd.account := old;
    rank int := authd.setting_rank(actor, reach);
BEGIN
    IF changes ? 'display_name' THEN
        new.display_name := authd.argument_text(changes, 'display_name', 200);
    END IF;
    IF changes ? 'recovery_address' THEN
        new.recovery_address := authd.argument_recovery_address(changes);
    END IF;
    IF new.recovery_address IS DISTINCT FROM old.recovery_address THEN
        new.recovery_address_by_rank := CASE
            WHEN new.recovery_address IS NULL THEN NULL
            WHEN authd.is_self(actor, old.id) THEN 0 ELSE rank END;
    END IF;
    IF changes ? 'role' THEN
        new.role := authd.argument_role(actor, changes);
    END IF;
    IF changes ? 'class' THEN
        new.class := authd.argument_class(changes);
        new.class_by_rank := CASE WHEN new.class IS NOT NULL THEN
            greatest(rank, CASE WHEN new.class = old.class THEN old.class_by_rank END) END;
    END IF;
    IF new.class IS DISTINCT FROM old.class THEN
        PERFORM authd.imposed_check(actor, reach, old.class_by_rank,
                                    format('the class of %s was set', old.login));
    END IF;
    IF changes ? 'second_factor' THEN
        new.second_factor_by := authd.policies_put(old.second_factor_by, rank,
                                                   authd.argument_second_factor(changes));
        new.second_factor := authd.strictest_policy(new.second_factor_by);
    END IF;
    RETURN new;
END
$$;

-- authd.recovery_changed(actor jsonb, old authd.account) → void
-- Another recovery address ends the reset links that were mailed to the old one. A notice goes to the
-- old address, or else to the login, so that nobody gives an account a first recovery address in
-- secret; a service user, whose login need not be a mailbox, gets it at an old address only.
CREATE OR REPLACE FUNCTION authd.recovery_changed(actor jsonb, old authd.account) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.credentials_end(ARRAY[old.id], ARRAY['reset_links']);
    IF old.recovery_address IS NOT NULL OR NOT old.service THEN
        PERFORM authd.notice_put(old.id, 'recovery-address', authd.notice_origin(actor)
            || jsonb_build_object('mail_to', coalesce(old.recovery_address, old.login)));
    END IF;
END
$$;

-- authd.user_set(actor, reach, {user, changes: {display_name?, recovery_address?, role?, class?,
--                               login?, domains[]?, second_factor?}})
--     → user object, "changed", "ended" if role or reach have changed: {…: how many}
-- null clears a member; a cleared role is user. Users may change only display_name and
-- recovery_address of their own account. Another role keeps none of the old domains. See
-- authd.role_changed() for what another role or more reach ends, authd.recovery_changed() for another
-- recovery address, and imposed.sql for class and second_factor that a higher rank has set.
-- Errors: AU404 no such user, or no such domain within reach; AU403 also the user reaches further than
-- the caller, or would; AU409 the login exists; AU422, also for any other member of changes.
CREATE OR REPLACE FUNCTION authd.user_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes   jsonb := authd.argument_changes(arguments, ARRAY['display_name', 'recovery_address',
                                                               'role', 'class', 'login', 'domains',
                                                               'second_factor']);
    old       authd.account := authd.account_control(actor, reach, arguments);
    old_reach bigint[] := authd.account_reach(old);
    before    jsonb := authd.account_object(old);
    new       authd.account;
    ended     jsonb;
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
    new := authd.user_changes(actor, reach, old, changes);
    UPDATE authd.account
       SET display_name = new.display_name,
           recovery_address = new.recovery_address,
           recovery_address_by_rank = new.recovery_address_by_rank,
           role = new.role,
           class = new.class,
           class_by_rank = new.class_by_rank,
           second_factor = new.second_factor,
           second_factor_by = new.second_factor_by,
           -- role, class and policy may forbid a login that is under way
           version = version + (new.role <> old.role
                                OR new.class IS DISTINCT FROM old.class
                                OR new.second_factor IS DISTINCT FROM old.second_factor)::int
     WHERE id = old.id AND new IS DISTINCT FROM old;
    IF changes ? 'domains' OR new.role <> old.role THEN
        PERFORM authd.administers_put(
            CASE WHEN changes ? 'domains' THEN reach END, new,
            authd.argument_names(changes, 'domains', 1000));
    END IF;
    ended := authd.role_changed(actor, old, old_reach);
    SELECT * INTO new FROM authd.account WHERE id = old.id;
    PERFORM authd.control_check(actor, reach, new);
    IF new.recovery_address IS DISTINCT FROM old.recovery_address THEN
        PERFORM authd.recovery_changed(actor, old);
    END IF;
    RETURN authd.account_changed(actor, 'user_set', old.id, before,
        CASE WHEN ended IS NULL THEN '{}' ELSE jsonb_build_object('ended', ended) END);
END
$$;

-- authd.user_suspend(actor, reach, {user, reason?}) → user object, "changed"
-- Ends the user's sessions and reset links; app passwords and API keys cannot be used until the user
-- is resumed. Another reason replaces the old one; the time of the suspension stays. The highest rank
-- that suspended the user is kept.
-- Errors: AU404, AU422; AU403 also to replace the reason of a higher rank.
CREATE OR REPLACE FUNCTION authd.user_suspend(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    why    text := authd.argument_text(arguments, 'reason', 500);
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    IF why IS DISTINCT FROM old.suspended_reason AND why IS NOT NULL THEN
        PERFORM authd.imposed_check(actor, reach, old.suspended_by_rank,
                                    format('%s was suspended', old.login));
    END IF;
    UPDATE authd.account
       SET suspended = true,
           suspended_reason = coalesce(why, suspended_reason),
           suspended_at = coalesce(suspended_at, authd.now()),
           suspended_by_rank = greatest(suspended_by_rank, authd.setting_rank(actor, reach)),
           version = version + 1
     WHERE id = old.id;
    PERFORM authd.credentials_end(ARRAY[old.id], ARRAY['sessions', 'reset_links']);
    RETURN authd.account_changed(actor, 'user_suspend', old.id, before);
END
$$;

-- authd.user_resume(actor, reach, {user}) → user object, "changed"
-- Errors: AU404, AU422; AU403 also if a higher rank has suspended the user.
CREATE OR REPLACE FUNCTION authd.user_resume(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_control(actor, reach, arguments);
    before jsonb := authd.account_object(old);
BEGIN
    PERFORM authd.imposed_check(actor, reach, old.suspended_by_rank,
                                format('%s was suspended', old.login));
    UPDATE authd.account
       SET suspended = false, suspended_reason = NULL, suspended_at = NULL,
           suspended_by_rank = NULL, version = version + 1
     WHERE id = old.id AND suspended;
    RETURN authd.account_changed(actor, 'user_resume', old.id, before);
END
$$;

-- authd.user_delete(actor, reach, {user}) → the user object as it was, "changed": true
-- Erases the person: addresses, credentials, sessions, kept answers, and what the audit says about the
-- person beside numbers. The domain stays. The id is never used again, and a new user of the same
-- login goes on counting password generations.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.user_delete(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
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

-- authd.user_revoke_all(actor, reach, {user})
--     → user object, "changed": true, "ended": {app_passwords, sessions, api_keys, reset_links,
--       recovery_codes, tickets: how many}
-- Ends every credential of the user and every client that is signed in by one. The main password is
-- cleared and its generation rises. The enrolment of the phone stays: a code alone opens nothing.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.user_revoke_all(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(old);
    ended  jsonb;
BEGIN
    PERFORM authd.passwords_clear(ARRAY[old.id]);
    ended := authd.credentials_end(ARRAY[old.id], authd.credential_kinds());
    RETURN authd.account_changed(actor, 'user_revoke_all', old.id, before,
                                 jsonb_build_object('ended', ended));
END
$$;
