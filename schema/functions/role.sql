-- Roles: their rank, the domains that they reach, and what a change of role ends.
--
-- A caller has *control* of an account when the account's rank is below the caller's and the caller
-- reaches every domain that the account administers. Whoever gives an account a password, a second
-- factor, a ticket, a reset link, an app password or a role could act as the account; so these need
-- control, of the account as it was and as it becomes. What only takes away needs the rank alone.
--
-- Threats: a caller of bounded reach who prepares an account (sets its password, keeps a session of
-- it), and waits until the site gives the account more rights, so a raise ends whatever somebody could
-- have prepared; an API key or a list of domains that sleeps after a demotion and wakes at the next
-- promotion, so a change of role ends both.

-- authd.role_rank(role text) → int
-- user 0, helpdesk 1, domain-admin 2, auditor 3, admin 4, host 5. A caller may act only on accounts
-- whose rank is below the caller's. NULL for any other text.
CREATE OR REPLACE FUNCTION authd.role_rank(role text) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_position(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin', 'host'],
                          role) - 1
$$;

-- authd.rank_role(rank int) → text
-- The role of a rank, as authd.role_rank() numbers them; NULL for any other number.
CREATE OR REPLACE FUNCTION authd.rank_role(rank int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin', 'host'])[rank + 1]
$$;

-- authd.argument_role(actor jsonb, arguments jsonb) → text
-- Member "role"; 'user' if it is absent or null.
-- Errors: AU422 there is no such role; AU403 the role is not below the caller's.
CREATE OR REPLACE FUNCTION authd.argument_role(actor jsonb, arguments jsonb) RETURNS text
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

-- authd.account_reach(account authd.account) → bigint[]
-- The ids of the domains that an account's role reaches; NULL: the whole site.
CREATE OR REPLACE FUNCTION authd.account_reach(account authd.account) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN account.role IN ('admin', 'auditor') THEN NULL
        WHEN account.role IN ('domain-admin', 'helpdesk') THEN ARRAY(
            SELECT account.domain
             UNION
            SELECT more.domain FROM authd.administers AS more WHERE more.account = account.id
             ORDER BY 1)
        ELSE '{}' END;
END
$$;

-- authd.reach_contains(reach bigint[], part bigint[]) → boolean
-- Whether a reach has all domains of another one. NULL is the whole site.
CREATE OR REPLACE FUNCTION authd.reach_contains(reach bigint[], part bigint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT reach IS NULL OR coalesce(part <@ reach, false)
$$;

-- authd.control_check(actor jsonb, reach bigint[], account authd.account) → void
-- The part of control that is about reach; authd.account_lock() compares the ranks. Callers control
-- their own account, but not through an API key that is narrowed to a part of what they reach.
-- Errors: AU403 the account administers a domain, or reads the whole site, that the caller does not
-- reach.
CREATE OR REPLACE FUNCTION authd.control_check(actor jsonb, reach bigint[], account authd.account)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    reached bigint[] := authd.account_reach(account);
BEGIN
    IF NOT authd.reach_contains(reach, reached)
       AND (NOT authd.is_self(actor, account.id) OR actor -> 'narrowed' = 'true') THEN
        PERFORM authd.refuse('AU403',
            format('%s has the role %s, which reaches %s', account.login, account.role,
                   CASE WHEN reached IS NULL THEN 'the whole site'
                        ELSE 'domains that are not yours' END),
            'Ask an administrator of the site.');
    END IF;
END
$$;

-- authd.administers_put(reach bigint[], account authd.account, names text[]) → void
-- Sets the domains that an account administers beside its own; none for NULL. account: with the role
-- that it has from now on.
-- Errors: AU403 the caller does not reach the whole site; AU422 no such domain, or the role administers
-- none: domains that sleep would wake with another role.
CREATE OR REPLACE FUNCTION authd.administers_put(reach bigint[], account authd.account,
                                                 names text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM authd.require_site(reach, 'which domains somebody administers');
    IF cardinality(names) > 0 AND account.role NOT IN ('helpdesk', 'domain-admin') THEN
        PERFORM authd.refuse('AU422',
            format('the role %s administers no domains', account.role),
            'Domains are for the roles helpdesk and domain-admin.');
    END IF;
    SELECT min(wanted.name) INTO unknown FROM unnest(names) AS wanted (name)
     WHERE NOT EXISTS (SELECT FROM authd.domain WHERE domain.name = wanted.name);
    IF unknown IS NOT NULL THEN
        PERFORM authd.refuse('AU422', format('there is no domain %s', left(unknown, 253)),
                             'Check the spelling, or list the domains.');
    END IF;
    DELETE FROM authd.administers AS more USING authd.domain
     WHERE more.account = administers_put.account.id AND domain.id = more.domain
       AND domain.name <> ALL (coalesce(names, '{}'));
    INSERT INTO authd.administers (account, domain)
        SELECT administers_put.account.id, domain.id FROM authd.domain WHERE domain.name = ANY (names)
        ON CONFLICT DO NOTHING;
END
$$;

-- authd.is_raised(old authd.account, old_reach bigint[], new authd.account) → boolean
-- Whether a changed account may do anything that it could not do before. An auditor reads the whole
-- site and changes nothing, so another role than user is more, although its rank may be lower.
CREATE OR REPLACE FUNCTION authd.is_raised(old authd.account, old_reach bigint[], new authd.account)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN new.role <> 'user'
       AND (authd.role_rank(new.role) > authd.role_rank(old.role)
            OR old.role = 'auditor' AND new.role <> 'auditor'
            OR NOT authd.reach_contains(old_reach, authd.account_reach(new)));
END
$$;

-- authd.role_changed(actor jsonb, old authd.account, old_reach bigint[]) → jsonb
-- Ends what must not outlive a change of the role or the reach of a locked account; how many of each
-- kind ended, NULL: nothing of both has changed. old_reach: authd.account_reach() before the change.
--   a raise     ends everything that somebody could have prepared: main password, second factor, all
--               other credentials, and a recovery address, unless a caller of the whole site with a
--               rank above the new role has set it. Nobody can use the new rights before a caller who
--               controls the account gives it a password, and permits a second factor.
--   other roles end the API keys, for good.
-- Sessions go on with a lower role, and sessions and API keys with less reach of the same role: they
-- have the role and the reach of the moment. Expired Idempotency-Keys stay for the request that tidies
-- them away: that one may wait for the lock of this account.
CREATE OR REPLACE FUNCTION authd.role_changed(actor jsonb, old authd.account, old_reach bigint[])
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new   authd.account;
    ended jsonb;
BEGIN
    SELECT * INTO new FROM authd.account WHERE id = old.id;
    IF authd.is_raised(old, old_reach, new) THEN
        PERFORM authd.passwords_clear(ARRAY[new.id]);
        PERFORM authd.factor_end(new.id);
        ended := authd.credentials_end(ARRAY[new.id], authd.credential_kinds());
        UPDATE authd.account SET recovery_address = NULL, recovery_address_by_rank = NULL
         WHERE id = new.id
           AND coalesce(recovery_address_by_rank, 0)
               <= greatest(authd.role_rank(new.role), authd.role_rank('domain-admin'));
        PERFORM authd.notice_put(new.id, 'raised', authd.notice_origin(actor) || jsonb_build_object(
            'role', new.role, 'mail_to', coalesce(old.recovery_address, old.login)));
    ELSIF new.role <> old.role THEN
        ended := authd.credentials_end(ARRAY[new.id], ARRAY['api_keys']);
    ELSE
        RETURN NULL;
    END IF;
    DELETE FROM authd.idempotency
     WHERE caller = 'user ' || new.id AND created_at > authd.now() - interval '24 hours';
    RETURN ended;
END
$$;
