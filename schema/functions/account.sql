-- Accounts: the rows of users, found and locked for every function about a user, and the user object.
-- Every change locks its account row first, so two changes of one user wait for each other and cannot
-- deadlock.
--
-- The user object: {kind, id, login, domain, addresses[], display_name, recovery_address, role,
-- domains[] (administered beside its own), class, class_by, service, suspended, suspended_reason,
-- suspended_at, suspended_by, second_factor (the policy for this user alone: off, optional, required or
-- null), second_factor_by, enrolled (whether the user has a second factor), has_password,
-- password_generation, password_set_at, created_at, last_login_at, etag}. class_by, suspended_by and
-- second_factor_by are roles: who has set it. Times are RFC 3339 in UTC, what is not set is null; never
-- a hash.

-- authd.account_id() → bigint
-- An id that no account has had: a new user's password hash is encrypted over it. An id that is not
-- used after all is lost.
CREATE OR REPLACE FUNCTION authd.account_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN nextval('authd.account_id_seq');
END
$$;
GRANT EXECUTE ON FUNCTION authd.account_id() TO authd_service;

-- authd.account_within(actor jsonb, reach bigint[], account authd.account) → boolean
-- Whether the caller may know of the account: its domain is within reach, or it is the caller's own.
CREATE OR REPLACE FUNCTION authd.account_within(actor jsonb, reach bigint[], account authd.account)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT account.id IS NOT NULL
       AND (reach IS NULL OR account.domain = ANY (reach)
            OR (account.id = (actor ->> 'account')::bigint
                AND coalesce(actor ->> 'narrowed', 'false') = 'false'))
$$;

-- authd.account_find(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- The account that member "user" names, by login or decimal id; "me" is the caller's own. Digits may
-- be an id or a local part: "user_login" has the login that they would be.
-- Errors: AU422 no user is given; AU404; AU409 the digits are the id of one account and the login of
-- another, both within reach; AU403 only the caller's own account is allowed, and this is another.
CREATE OR REPLACE FUNCTION authd.account_find(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    who      text := authd.argument_required(arguments, 'user', 320, 'Name the user by login or id.');
    as_login text := coalesce(authd.argument_text(arguments, 'user_login', 320), who);
    wanted   authd.account;
    by_id    authd.account;
BEGIN
    IF who = 'me' THEN
        IF actor ->> 'account' IS NULL THEN
            PERFORM authd.refuse('AU404',
                format('the caller is %s, who has no account', actor ->> 'name'),
                'Name the user by login or id.');
        END IF;
        who := actor ->> 'account';
    END IF;
    SELECT * INTO wanted FROM authd.account
     WHERE login = as_login AND authd.account_within(actor, reach, account);
    IF who ~ '^[0-9]{1,18}$' THEN
        SELECT * INTO by_id FROM authd.account
         WHERE id = who::bigint AND authd.account_within(actor, reach, account);
        IF by_id.id <> wanted.id THEN
            PERFORM authd.refuse('AU409',
                format('%s is the id of %s and the login of %s', who, by_id.login, wanted.login),
                'Write the login with its domain.');
        END IF;
        IF by_id.id IS NOT NULL THEN
            wanted := by_id;
        END IF;
    END IF;
    IF wanted.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('there is no user %s', who),
                             'Check the spelling, or list the users.');
    END IF;
    IF actor -> 'self_only' = 'true'
       AND wanted.id IS DISTINCT FROM (actor ->> 'account')::bigint THEN
        PERFORM authd.refuse('AU403',
            format('%s is not you, and your role %s may do this for yourself only', wanted.login,
                   actor ->> 'role'),
            'Ask an administrator.');
    END IF;
    RETURN wanted;
END
$$;

-- authd.account_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- authd.account_find(), with the row locked until the end of the transaction.
-- Errors: also AU403 the account's role is not below the caller's: a caller who could set its password
-- would have its rights.
CREATE OR REPLACE FUNCTION authd.account_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.account := authd.account_find(actor, reach, arguments);
    locked authd.account;
BEGIN
    SELECT * INTO locked FROM authd.account WHERE id = wanted.id FOR UPDATE;
    IF NOT authd.account_within(actor, reach, locked) THEN -- gone while we waited for the lock
        PERFORM authd.refuse('AU404', format('there is no user %s', arguments ->> 'user'),
                             'Check the spelling, or list the users.');
    END IF;
    IF authd.role_rank(locked.role) >= (actor ->> 'rank')::int
       AND NOT authd.is_self(actor, locked.id) THEN
        PERFORM authd.refuse('AU403',
            format('%s has the role %s, which is not below yours', locked.login, locked.role),
            'Ask somebody with a higher role.');
    END IF;
    IF locked.id = (actor ->> 'account')::bigint THEN
        PERFORM authd.caller_check(actor);
    END IF;
    RETURN locked;
END
$$;

-- authd.account_control(actor jsonb, reach bigint[], arguments jsonb) → authd.account
-- authd.account_lock(), for what gives control of an account: see role.sql.
-- Errors: also AU403 the account reaches further than the caller.
CREATE OR REPLACE FUNCTION authd.account_control(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.account
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    locked authd.account := authd.account_lock(actor, reach, arguments);
BEGIN
    PERFORM authd.control_check(actor, reach, locked);
    RETURN locked;
END
$$;

-- authd.account_unchanged(id bigint, version bigint) → boolean
-- Whether the account is as authd.login_lookup() returned it, and not suspended; if so, it stays that
-- way until the end of this transaction.
CREATE OR REPLACE FUNCTION authd.account_unchanged(id bigint, version bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM FROM authd.account
      WHERE account.id = account_unchanged.id
        AND account.version = account_unchanged.version
        AND NOT account.suspended
        FOR SHARE;
    RETURN FOUND;
END
$$;

-- authd.account_object(account authd.account) → jsonb
-- The user object.
CREATE OR REPLACE FUNCTION authd.account_object(account authd.account) RETURNS jsonb
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
        'class_by', authd.rank_role(account.class_by_rank),
        'service', account.service,
        'suspended', account.suspended,
        'suspended_reason', account.suspended_reason,
        'suspended_at', authd.rfc3339(account.suspended_at),
        'suspended_by', authd.rank_role(account.suspended_by_rank),
        'second_factor', account.second_factor,
        'second_factor_by', authd.imposed_by(account.second_factor_by, account.second_factor),
        'enrolled', authd.is_enrolled(account.id),
        'has_password', account.password IS NOT NULL,
        'password_generation', account.password_generation,
        'password_set_at', authd.rfc3339(account.password_set_at),
        'created_at', authd.rfc3339(account.created_at),
        'last_login_at', authd.rfc3339(account.last_login_at)));
END
$$;

-- authd.account_object_of(id bigint) → jsonb
-- The user object of an account as it is now.
CREATE OR REPLACE FUNCTION authd.account_object_of(id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT authd.account_object(account) FROM authd.account
             WHERE account.id = account_object_of.id);
END
$$;

-- authd.account_changed(actor jsonb, action text, id bigint, before jsonb, more jsonb) → jsonb
-- authd.changed() for an account that still exists; `more` is added to the user object.
CREATE OR REPLACE FUNCTION authd.account_changed(actor jsonb, action text, id bigint, before jsonb,
                                                 more jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.changed(actor, action, before, authd.account_object_of(id) || more);
END
$$;

-- authd.account_rename(actor jsonb, reach bigint[], old authd.account, new_login text) → void
-- Gives a locked account another login, and thereby another domain. A client that signs in by the old
-- login is refused. Open SMTP sessions of both logins end, because the password generation rises above
-- both. An address that is the old login becomes the new one.
-- Errors: AU404 no such domain within reach; AU409 the login exists.
CREATE OR REPLACE FUNCTION authd.account_rename(actor jsonb, reach bigint[], old authd.account,
                                                new_login text) RETURNS void
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
-- Keeps the password generation of a login that no account has any more.
CREATE OR REPLACE FUNCTION authd.login_retire(old authd.account) RETURNS void
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
