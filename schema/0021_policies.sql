-- Policies: what administrators say of users and domains about second factors.
-- Oldest compatible: 19
--
-- Shape and errors as in 0006_caller.sql, objects as in 0007_users.sql and 0008_domains.sql. What a word
-- means is in 0013_second_factor.sql; the strictest counts, so nobody can loosen what another requires.

-- authd.argument_second_factor(arguments jsonb) → text
-- Member "second_factor"; NULL if it is absent or null: nothing is said. Errors: AU422.
CREATE FUNCTION authd.argument_second_factor(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'second_factor', 20);
BEGIN
    IF value NOT IN ('off', 'optional', 'required') THEN
        PERFORM authd.refuse('AU422', format('%s is not a policy of second factors', value),
                             'It is off, optional, required or null.');
    END IF;
    RETURN value;
END
$$;

-- authd.argument_grace_date(arguments jsonb) → timestamptz
-- Member "second_factor_grace_date": a time, or a date, which begins at midnight UTC; may be past.
-- NULL if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.argument_grace_date(arguments jsonb) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    given text := authd.argument_text(arguments, 'second_factor_grace_date', 40);
    value timestamptz;
BEGIN
    BEGIN
        value := CASE WHEN given ~ '^\d{4}-\d\d-\d\d$' THEN (given || 'T00:00:00Z')::timestamptz
                      WHEN given ~ ('^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?'
                                    '([Zz]|[+-]\d\d:\d\d)$') THEN given::timestamptz END;
    EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format
                OR invalid_time_zone_displacement_value THEN
        value := NULL;
    END;
    IF given IS NOT NULL AND value IS NULL THEN
        PERFORM authd.refuse('AU422', 'second_factor_grace_date is not a date',
                             'Write it like 2027-01-31 or 2027-01-31T12:00:00Z.');
    END IF;
    RETURN value;
END
$$;

-- authd.account_object(account authd.account) → jsonb
-- The user object, as in 0007_users.sql, with second_factor (what is said of this user alone: off,
-- optional, required or null) and enrolled (whether it has a second factor).
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
        'service', account.service,
        'suspended', account.suspended,
        'suspended_reason', account.suspended_reason,
        'suspended_at', authd.rfc3339(account.suspended_at),
        'suspended_by', authd.rank_role(account.suspended_by_rank),
        'second_factor', account.second_factor,
        'enrolled', authd.is_enrolled(account.id),
        'has_password', account.password IS NOT NULL,
        'password_generation', account.password_generation,
        'password_set_at', authd.rfc3339(account.password_set_at),
        'created_at', authd.rfc3339(account.created_at),
        'last_login_at', authd.rfc3339(account.last_login_at)));
END
$$;

-- authd.user_list(actor, reach, {after?, limit?, sort?, match?, suspended?, address?, domain?,
--                                class?, role?, service?, unused_days?, without_password?,
--                                without_factor?})
--     → {"items": [user object, …], "next": place | null}
-- sort: login (if not given), created_at or last_login_at, with a leading - in descending order;
-- who never signed in comes before all others. `next` is the `after` of the next page; what is
-- added meanwhile moves nothing from one page to another. match: part of the login or the display
-- name, whatever the case of its ASCII letters. suspended, service, without_password: only these,
-- or only the others. address: only who may send as it, by itself or by *@domain. domain, class,
-- role: only in it; one that does not exist has nobody. unused_days: no sign-in for so many days,
-- and not made since either. without_factor: who has enrolled no second factor and is no service
-- user.
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
               AND ($14 IS NULL OR (NOT account.service AND NOT EXISTS (
                        SELECT FROM authd.totp AS held WHERE held.account = account.id)) = $14)
             ORDER BY %1$s %4$s, account.id %4$s
             LIMIT $15)$query$,
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
            authd.argument_boolean(arguments, 'without_factor'),
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

-- authd.user_add(actor, reach, {login, addresses[]?, display_name?, recovery_address?, role?,
--                               class?, service?, second_factor?, account_id?,
--                               password_hash?, password_seal?})
--     → user object, "changed": true, "domain_created": whether the domain was new
-- Addresses not given: the login is the one address. A service user has no main password.
-- account_id: from authd.account_id(); a password_hash is sealed over it.
-- Errors: AU409 the login exists; AU404 no such domain in reach; AU403 a role that is not below the
-- caller's, or a foreign address; AU422.
CREATE OR REPLACE FUNCTION authd.user_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_login   text    := authd.argument_login(arguments);
    new_hash    text    := authd.argument_password_hash(arguments);
    new_seal    bigint  := authd.argument_integer(arguments, 'password_seal', 1,
                                                  9223372036854775807);
    new_id      bigint  := authd.argument_integer(arguments, 'account_id', 1,
                                                  9223372036854775807);
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
    IF new_hash IS NOT NULL AND new_id IS NULL THEN
        PERFORM authd.refuse('AU422', 'account_id is missing', 'A hash is sealed for one account.');
    END IF;

    home := authd.domain_for(actor, reach, split_part(new_login, '@', 2));
    INSERT INTO authd.account (id, login, domain, display_name, recovery_address, role, class,
                               service, second_factor)
        OVERRIDING SYSTEM VALUE
        VALUES (coalesce(new_id, authd.account_id()), new_login, home.id,
                authd.argument_text(arguments, 'display_name', 200),
                authd.argument_recovery_address(arguments), authd.argument_role(actor, arguments),
                authd.argument_class(arguments), new_service,
                authd.argument_second_factor(arguments))
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
        PERFORM authd.password_replace(new.id, new_hash, new_seal);
    END IF;
    FOREACH item IN ARRAY authd.argument_addresses(arguments, new_login) LOOP
        PERFORM authd.address_put(reach, new, item);
    END LOOP;
    RETURN authd.account_changed(actor, 'user_add', new.id, NULL,
                                 jsonb_build_object('domain_created', home.created));
END
$$;

-- authd.user_set(actor, reach, {user, changes: {display_name?, recovery_address?, role?, class?,
--                               login?, domains[]?, second_factor?}})
--     → user object, "changed"
-- null clears (a role: back to user; domains: none). Of one's own account only display_name and
-- recovery_address. A reset link that was mailed to another recovery address is no longer good; the
-- old one, or the login, is told by mail that there is another.
-- Errors: AU404 no such user, or no such domain in reach; AU403; AU409 the login exists; AU422,
-- also for any other member of changes.
CREATE OR REPLACE FUNCTION authd.user_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY['display_name', 'recovery_address',
                                                             'role', 'class', 'login', 'domains',
                                                             'second_factor']);
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
    IF changes ? 'second_factor' THEN
        new.second_factor := authd.argument_second_factor(changes);
    END IF;
    IF new IS DISTINCT FROM old THEN
        UPDATE authd.account
           SET display_name = new.display_name,
               recovery_address = new.recovery_address,
               role = new.role,
               class = new.class,
               second_factor = new.second_factor,
               -- these may forbid what a login under way is about to be allowed
               version = version + (new.class IS DISTINCT FROM old.class
                                    OR new.second_factor IS DISTINCT FROM old.second_factor)::int
         WHERE id = old.id;
    END IF;
    IF new.recovery_address IS DISTINCT FROM old.recovery_address THEN
        PERFORM authd.credentials_end(ARRAY[old.id], ARRAY['reset_links']);
        IF old.recovery_address IS NOT NULL OR authd.is_self(actor, old.id) THEN
            PERFORM authd.notice_put(old.id, 'recovery-address', authd.notice_origin(actor)
                || jsonb_build_object('mail_to', coalesce(old.recovery_address, old.login)));
        END IF;
    END IF;
    RETURN authd.account_changed(actor, 'user_set', old.id, before);
END
$$;

-- authd.reset_words(actor, reach, {digest}) → {"id", "enrolled", "words": [text, …]}
-- Whose link it is, whether he has a second factor, and what the new password must not be made of: the
-- user's names. For the rules and the seal, not for the caller.
-- Errors: AU401, AU422.
CREATE OR REPLACE FUNCTION authd.reset_words(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.reset_find(arguments);
BEGIN
    RETURN jsonb_build_object('id', owner.id::text, 'enrolled', authd.is_enrolled(owner.id),
                              'words', (
        SELECT jsonb_agg(DISTINCT word)
          FROM unnest(ARRAY[owner.login, owner.display_name, owner.recovery_address]
                      || ARRAY(SELECT address FROM authd.address WHERE account = owner.id)) AS word
         WHERE word IS NOT NULL));
END
$$;

-- authd.domain_object(domain authd.domain) → jsonb
-- The domain object: {kind, id, name, domain (the name), description, recipient_delimiter,
-- second_factor, second_factor_grace_date, created_at, etag}.
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
        'second_factor_grace_date', authd.rfc3339(domain.second_factor_grace_date),
        'created_at', authd.rfc3339(domain.created_at)));
END
$$;

-- authd.domain_add(actor, reach, {name, recipient_delimiter?, description?, second_factor?,
--                                 second_factor_grace_date?})
--     → domain object, "changed": true
-- recipient_delimiter is "+" if it is absent.
-- Errors: AU409 it exists; AU403; AU422.
CREATE OR REPLACE FUNCTION authd.domain_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    wanted text := authd.argument_text(arguments, 'name', 253);
    new    authd.domain;
BEGIN
    PERFORM authd.require_site(reach, 'adding a domain');
    IF authd.domain_valid(wanted) IS NOT TRUE THEN
        PERFORM authd.refuse('AU422', coalesce(wanted || ' is not a domain', 'name is missing'),
                             'A domain looks like example.org, in lower case.');
    END IF;
    INSERT INTO authd.domain (name, recipient_delimiter, description, second_factor,
                              second_factor_grace_date)
        VALUES (wanted, CASE WHEN arguments ? 'recipient_delimiter'
                             THEN authd.argument_delimiter(arguments) ELSE '+' END,
                authd.argument_description(arguments), authd.argument_second_factor(arguments),
                authd.argument_grace_date(arguments))
        ON CONFLICT (name) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('the domain %s already exists', wanted),
                             'Change the existing one.');
    END IF;
    RETURN authd.changed(actor, 'domain_add', NULL, authd.domain_object(new));
END
$$;

-- authd.domain_set(actor, reach, {domain, changes: {recipient_delimiter?, description?,
--                                 second_factor?, second_factor_grace_date?}})
--     → domain object, "changed"
-- null clears. A policy of second factors holds from the next login on; sessions that had a factor go
-- on, the others are good for enrolling only.
-- Errors: AU404, AU422.
CREATE OR REPLACE FUNCTION authd.domain_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    changes jsonb := authd.argument_changes(arguments, ARRAY[
        'recipient_delimiter', 'description', 'second_factor', 'second_factor_grace_date']);
    old     authd.domain := authd.domain_lock(actor, reach, arguments);
    new     authd.domain := old;
BEGIN
    IF changes ? 'recipient_delimiter' THEN
        new.recipient_delimiter := authd.argument_delimiter(changes);
    END IF;
    IF changes ? 'description' THEN
        new.description := authd.argument_description(changes);
    END IF;
    IF changes ? 'second_factor' THEN
        new.second_factor := authd.argument_second_factor(changes);
    END IF;
    IF changes ? 'second_factor_grace_date' THEN
        new.second_factor_grace_date := authd.argument_grace_date(changes);
    END IF;
    UPDATE authd.domain
       SET recipient_delimiter = new.recipient_delimiter, description = new.description,
           second_factor = new.second_factor,
           second_factor_grace_date = new.second_factor_grace_date
     WHERE id = old.id AND new IS DISTINCT FROM old;
    RETURN authd.changed(actor, 'domain_set', authd.domain_object(old), authd.domain_object(new));
END
$$;
