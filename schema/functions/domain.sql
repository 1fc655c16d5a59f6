-- Domains of the site, and the operations on them. Administrators of the site add and delete them;
-- domains within reach can be changed.

-- authd.argument_delimiter(arguments jsonb) → text
-- Member "recipient_delimiter"; NULL if it is absent or null: addresses have no extensions.
-- Errors: AU422 none of + - = . or null.
CREATE OR REPLACE FUNCTION authd.argument_delimiter(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'recipient_delimiter', 1);
BEGIN
    IF value NOT IN ('+', '-', '=', '.') THEN
        PERFORM authd.refuse('AU422', format('%s is not a recipient delimiter', value),
                             'It is one of + - = . or null.');
    END IF;
    RETURN value;
END
$$;

-- authd.domain_object(domain authd.domain) → jsonb
-- The domain object: {kind, id, name, domain (the name), description, recipient_delimiter,
-- second_factor, second_factor_by, second_factor_from, second_factor_from_by, created_at, etag}. …_by
-- is the role that has set the value.
CREATE OR REPLACE FUNCTION authd.domain_object(domain authd.domain) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'domain',
        'id', domain.id::text,
        'name', domain.name,
        'domain', domain.name,
        'description', domain.description,
        'recipient_delimiter', domain.recipient_delimiter,
        'second_factor', domain.second_factor,
        'second_factor_by', authd.imposed_by(domain.second_factor_by, domain.second_factor),
        'second_factor_from', authd.rfc3339(domain.second_factor_from),
        'second_factor_from_by', authd.imposed_by(domain.second_factor_from_by,
                                                  authd.rfc3339(domain.second_factor_from)),
        'created_at', authd.rfc3339(domain.created_at)));
END
$$;

-- authd.domain_find(actor jsonb, reach bigint[], arguments jsonb) → authd.domain
-- The domain within reach that member "domain" names.
-- Errors: AU404 there is none; AU422 missing, or not a text of 1 to 253 characters.
CREATE OR REPLACE FUNCTION authd.domain_find(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.domain
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_required(arguments, 'domain', 253, 'Name the domain.');
    found  authd.domain;
BEGIN
    SELECT * INTO found FROM authd.domain
     WHERE name = wanted AND (reach IS NULL OR id = ANY (reach));
    IF found.id IS NULL THEN
        PERFORM authd.refuse('AU404', format('there is no domain %s', wanted),
                             'Check the spelling, or list the domains.');
    END IF;
    RETURN found;
END
$$;

-- authd.domain_lock(actor jsonb, reach bigint[], arguments jsonb) → authd.domain
-- authd.domain_find(), with the row locked until the end of the transaction: no account can be added
-- to the domain meanwhile.
-- Errors: those of authd.domain_find().
CREATE OR REPLACE FUNCTION authd.domain_lock(actor jsonb, reach bigint[], arguments jsonb)
RETURNS authd.domain
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted authd.domain := authd.domain_find(actor, reach, arguments);
    locked authd.domain;
BEGIN
    SELECT * INTO locked FROM authd.domain WHERE id = wanted.id FOR UPDATE;
    IF locked.id IS NULL THEN -- deleted while we waited for the lock
        PERFORM authd.refuse('AU404', format('there is no domain %s', wanted.name),
                             'Check the spelling, or list the domains.');
    END IF;
    RETURN locked;
END
$$;

-- authd.domain_for(actor jsonb, reach bigint[], wanted text, OUT id bigint, OUT created boolean)
-- The domain of a new account, which cannot be deleted until the transaction ends. A missing domain is
-- created if the caller reaches the whole site.
-- Errors: AU404; AU403 the domain is missing, and an API key lacks domains:write.
CREATE OR REPLACE FUNCTION authd.domain_for(actor jsonb, reach bigint[], wanted text, OUT id bigint,
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
    PERFORM authd.require_right(actor, 'domains', format('the new domain %s', wanted));
    INSERT INTO authd.domain (name) VALUES (wanted)
        ON CONFLICT (name) DO NOTHING RETURNING * INTO new;
    created := new.id IS NOT NULL;
    IF created THEN
        id := new.id;
        PERFORM authd.audit_put(actor, 'domain_add', NULL, authd.domain_object(new));
    ELSE -- another transaction has just added it
        SELECT domain.id INTO id FROM authd.domain WHERE domain.name = wanted FOR KEY SHARE;
    END IF;
END
$$;

-- authd.domain_list(actor, reach, {after?, limit?, match?})
--     → {"items": [domain object, …], "next": text | null}
-- By name. match: part of the name or the description, whatever the case of ASCII letters.
-- Bounds: limit 1 to 1000, 100 if not given.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.domain_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    after     text[] := authd.argument_after(arguments);
    part      text   := lower(authd.argument_text(arguments, 'match', 200));
    page_size int    := authd.argument_limit(arguments);
    page      authd.domain[];
BEGIN
    page := ARRAY(
        SELECT domain FROM authd.domain
         WHERE (reach IS NULL OR id = ANY (reach))
           AND (after[1] IS NULL OR name > after[1])
           AND (part IS NULL OR strpos(name, part) > 0 OR strpos(lower(description), part) > 0)
         ORDER BY name LIMIT page_size + 1);
    RETURN jsonb_build_object(
        'items', (SELECT coalesce(jsonb_agg(authd.domain_object(page[n]) ORDER BY n), '[]')
                    FROM generate_series(1, least(cardinality(page), page_size)) AS n),
        'next', CASE WHEN cardinality(page) > page_size THEN
            authd.cursor_of(page[page_size].name, page[page_size].id) END);
END
$$;

-- authd.domain_policy(actor jsonb, reach bigint[], old authd.domain, changes jsonb) → authd.domain
-- The row of a domain after changes of second_factor and second_factor_from. What higher ranks have set
-- stays in force, and the strictest holds; what tightens nothing is not kept. old: NULL for a new domain.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.domain_policy(actor jsonb, reach bigint[], old authd.domain,
                                               changes jsonb) RETURNS authd.domain
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new        authd.domain := old;
    rank       int := authd.setting_rank(actor, reach);
    others     jsonb; -- what the other ranks have set
    other_days jsonb;
BEGIN
    new.second_factor_by := coalesce(old.second_factor_by, '{}');
    new.second_factor_from_by := coalesce(old.second_factor_from_by, '{}');
    IF changes ? 'second_factor' THEN
        new.second_factor_by := authd.imposed_put(new.second_factor_by, rank,
                                                  authd.argument_second_factor(changes));
    END IF;
    IF changes ? 'second_factor_from' THEN
        new.second_factor_from_by := authd.imposed_put(
            new.second_factor_from_by, rank,
            authd.rfc3339(authd.argument_second_factor_from(changes)));
    END IF;
    others := new.second_factor_by - rank::text;
    other_days := new.second_factor_from_by - rank::text;
    new.second_factor := authd.strictest_policy(new.second_factor_by);
    new.second_factor_from := authd.strictest_day(new.second_factor_by, new.second_factor_from_by);
    IF new.second_factor IS NOT DISTINCT FROM authd.strictest_policy(others)
       AND new.second_factor_from IS NOT DISTINCT FROM authd.strictest_day(others, other_days) THEN
        new.second_factor_by := others;
        new.second_factor_from_by := other_days;
    END IF;
    RETURN new;
END
$$;

-- authd.domain_add(actor, reach, {name, recipient_delimiter?, description?, second_factor?,
--                                 second_factor_from?})
--     → domain object, "changed": true
-- recipient_delimiter is "+" if it is absent.
-- Errors: AU409 the domain exists; AU403; AU422.
CREATE OR REPLACE FUNCTION authd.domain_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'name', 253);
    policy authd.domain := authd.domain_policy(actor, reach, NULL, arguments);
    new    authd.domain;
BEGIN
    PERFORM authd.require_site(reach, 'adding a domain');
    IF authd.domain_valid(wanted) IS NOT TRUE THEN
        PERFORM authd.refuse('AU422', coalesce(wanted || ' is not a domain', 'name is missing'),
                             'A domain looks like example.org, in lower case.');
    END IF;
    INSERT INTO authd.domain (name, recipient_delimiter, description, second_factor,
                              second_factor_from, second_factor_by, second_factor_from_by)
        VALUES (wanted, CASE WHEN arguments ? 'recipient_delimiter'
                             THEN authd.argument_delimiter(arguments) ELSE '+' END,
                authd.argument_description(arguments), policy.second_factor,
                policy.second_factor_from, policy.second_factor_by, policy.second_factor_from_by)
        ON CONFLICT (name) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('the domain %s already exists', wanted),
                             'Change the existing one.');
    END IF;
    RETURN authd.changed(actor, 'domain_add', NULL, authd.domain_object(new));
END
$$;

-- authd.domain_show(actor, reach, {domain}) → domain object
-- Errors: AU404, AU422.
CREATE OR REPLACE FUNCTION authd.domain_show(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.domain_object(authd.domain_find(actor, reach, arguments));
END
$$;

-- authd.domain_set(actor, reach, {domain, changes: {recipient_delimiter?, description?,
--                                 second_factor?, second_factor_from?}})
--     → domain object, "changed"
-- null clears a member. Of a policy of second factors that a higher rank has set as well, the strictest
-- holds: the answer says what holds, and who has set it. A policy holds from the next login on. Sessions
-- that had a code go on; if the policy requires one, the other sessions are good for enrolling only.
-- Errors: AU404, AU422.
CREATE OR REPLACE FUNCTION authd.domain_set(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY[
        'recipient_delimiter', 'description', 'second_factor', 'second_factor_from']);
    old     authd.domain := authd.domain_lock(actor, reach, arguments);
    new     authd.domain := authd.domain_policy(actor, reach, old, changes);
BEGIN
    IF changes ? 'recipient_delimiter' THEN
        new.recipient_delimiter := authd.argument_delimiter(changes);
    END IF;
    IF changes ? 'description' THEN
        new.description := authd.argument_description(changes);
    END IF;
    UPDATE authd.domain
       SET recipient_delimiter = new.recipient_delimiter, description = new.description,
           second_factor = new.second_factor,
           second_factor_from = new.second_factor_from,
           second_factor_by = new.second_factor_by,
           second_factor_from_by = new.second_factor_from_by
     WHERE id = old.id AND new IS DISTINCT FROM old;
    RETURN authd.changed(actor, 'domain_set', authd.domain_object(old), authd.domain_object(new));
END
$$;

-- authd.domain_delete(actor, reach, {domain}) → the domain object as it was, "changed": true
-- Errors: AU404; AU403; AU409 the domain has users; AU422.
CREATE OR REPLACE FUNCTION authd.domain_delete(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.domain := authd.domain_lock(actor, reach, arguments);
BEGIN
    PERFORM authd.require_site(reach, 'deleting a domain');
    IF EXISTS (SELECT FROM authd.account WHERE account.domain = old.id) THEN
        PERFORM authd.refuse('AU409', format('the domain %s has users', old.name),
                             'Delete or rename them first.');
    END IF;
    DELETE FROM authd.domain WHERE id = old.id;
    RETURN authd.changed(actor, 'domain_delete', authd.domain_object(old), NULL);
END
$$;

-- authd.domain_revoke_all(actor, reach, {domain})
--     → domain object, "changed": true, "users": how many, "ended": {app_passwords, sessions,
--       api_keys, reset_links, recovery_codes, tickets: how many}, "skipped": [login, …]
-- authd.user_revoke_all() for all users of the domain, at once. Users whose role is not below the
-- caller's are skipped and named.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.domain_revoke_all(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted  authd.domain := authd.domain_find(actor, reach, arguments);
    before  jsonb := authd.domain_object(wanted);
    whose   bigint[];
    skipped text[];
    changes jsonb;
    ended   jsonb;
BEGIN
    PERFORM authd.require_site(reach, 'revoking everything of a domain');
    PERFORM FROM authd.account WHERE domain = wanted.id ORDER BY id FOR UPDATE;
    SELECT array_agg(id ORDER BY id) FILTER (WHERE below),
           array_agg(login ORDER BY login) FILTER (WHERE NOT below)
      INTO whose, skipped
      FROM (SELECT id, login, authd.role_rank(role) < (actor ->> 'rank')::int AS below
              FROM authd.account WHERE domain = wanted.id) AS member;
    FOR changes IN
        SELECT jsonb_agg(jsonb_build_object('before', was, 'after', was || jsonb_build_object(
                   'has_password', false, 'password_generation', generation + 1)) ORDER BY n)
          FROM (SELECT account.password_generation AS generation, member.n, jsonb_build_object(
                           'kind', 'user', 'id', account.id::text, 'login', account.login,
                           'domain', wanted.name, 'has_password', account.password IS NOT NULL,
                           'password_generation', account.password_generation) AS was
                  FROM unnest(whose) WITH ORDINALITY AS member (id, n)
                  JOIN authd.account ON account.id = member.id) AS member
         GROUP BY n / 1000
    LOOP
        PERFORM authd.audit_put_many(actor, 'user_revoke_all', changes);
    END LOOP;
    PERFORM authd.passwords_clear(whose);
    ended := authd.credentials_end(whose, authd.credential_kinds());
    RETURN authd.changed(actor, 'domain_revoke_all', before, before || jsonb_build_object(
        'users', coalesce(cardinality(whose), 0), 'ended', ended,
        'skipped', coalesce(to_jsonb(skipped), '[]')));
END
$$;
