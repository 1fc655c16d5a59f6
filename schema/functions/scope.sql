-- Sending scopes: immutable documents under the hash of their content, and the rows that name them. A
-- document arrives in canonical form, checked by authd; here it is text. Site, domains, classes, users
-- and app passwords name a document by the hash of that text: the same document is stored once, a
-- parsed copy can never be stale, and a login reads five hashes.
--
-- Setting a scope raises no account's version: a login that is under way ends by the scope it began
-- with, the next one uses the new scope. A document that no row names is deleted, because it may tell
-- about a person.

-- authd.scope_check(document jsonb) → void
-- Checks what only the database can tell of a document: the time zone exists, and mode monitor ends
-- within 30 days.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.scope_check(document jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    zone  text        := document #>> '{time,tz}';
    until timestamptz := document ->> 'monitor_until';
BEGIN
    IF zone IS NOT NULL AND NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = zone) THEN
        PERFORM authd.refuse('AU422', format('/time/tz is %s, which is no time zone', zone),
                             'Write it like Europe/Berlin, with its capitals, or UTC.');
    END IF;
    IF until <= authd.now() THEN
        PERFORM authd.refuse('AU422',
            format('/monitor_until is %s, which is past', document ->> 'monitor_until'),
            'Choose an end within 30 days, or leave out mode and monitor_until.');
    END IF;
    IF until > authd.now() + interval '30 days' THEN
        PERFORM authd.refuse('AU422',
            format('/monitor_until is %s, more than 30 days ahead', document ->> 'monitor_until'),
            format('Choose an end up to %s.', authd.rfc3339(authd.now() + interval '30 days')));
    END IF;
END
$$;

-- authd.scope_store(canonical text) → text
-- Stores a document in canonical form and returns its hash, which the calling function puts into a row
-- in this transaction. NULL for NULL.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.scope_store(canonical text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    name text := encode(sha256(convert_to(canonical, 'UTF8')), 'hex');
BEGIN
    IF canonical IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM authd.scope_check(canonical::jsonb);
    PERFORM authd.scope_sweep();
    LOOP -- until the row is locked: a document that no row names may be deleted meanwhile
        INSERT INTO authd.scope_document (hash, canonical) VALUES (name, scope_store.canonical)
            ON CONFLICT DO NOTHING;
        PERFORM FROM authd.scope_document WHERE hash = name FOR KEY SHARE;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN name;
END
$$;

-- authd.scope_used(hash text) → boolean
-- Whether a row names the document.
CREATE OR REPLACE FUNCTION authd.scope_used(hash text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM authd.account WHERE scope = hash)
        OR EXISTS (SELECT FROM authd.app_password WHERE scope = hash)
        OR EXISTS (SELECT FROM authd.domain WHERE scope = hash)
        OR EXISTS (SELECT FROM authd.class WHERE scope = hash)
        OR EXISTS (SELECT FROM authd.site WHERE scope = hash);
END
$$;

-- authd.scope_drop(old text) → void
-- Deletes a document that no row names. A document whose row is locked, because another transaction
-- gives or takes it, is left to authd.scope_sweep(): waiting for that transaction could be a deadlock.
CREATE OR REPLACE FUNCTION authd.scope_drop(old text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM FROM authd.scope_document WHERE hash = old FOR UPDATE SKIP LOCKED;
    IF FOUND AND NOT authd.scope_used(old) THEN
        DELETE FROM authd.scope_document WHERE hash = old;
    END IF;
EXCEPTION WHEN foreign_key_violation THEN -- a row has begun to name it meanwhile
    NULL;
END
$$;

-- authd.scope_sweep() → void
-- Deletes, at most once an hour, the documents that authd.scope_drop() had to leave.
CREATE OR REPLACE FUNCTION authd.scope_sweep() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM FROM authd.site WHERE scopes_swept_at < authd.now() - interval '1 hour'
        FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE authd.site SET scopes_swept_at = authd.now();
        PERFORM authd.scope_drop(hash) FROM authd.scope_document
          WHERE NOT authd.scope_used(hash);
    END IF;
END
$$;

-- authd.scope_released() → trigger
-- After a row that named a document names another one or none, or was deleted.
CREATE OR REPLACE FUNCTION authd.scope_released() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.scope_drop(OLD.scope);
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.site
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.domain
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.class
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.account
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.app_password
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_released AFTER DELETE ON authd.app_password
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_released AFTER DELETE ON authd.domain
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_released AFTER DELETE ON authd.class
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();
CREATE OR REPLACE TRIGGER scope_released AFTER DELETE ON authd.account
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();

-- authd.scope_document(hash text) → text
-- The canonical text of a document, for authd's cache; NULL: there is none.
CREATE OR REPLACE FUNCTION authd.scope_document(hash text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT canonical FROM authd.scope_document AS held
             WHERE held.hash = scope_document.hash);
END
$$;
GRANT EXECUTE ON FUNCTION authd.scope_document(text) TO authd_service;

-- authd.week_minute(tz text) → int
-- The present minute of the week in a time zone: Monday 00:00 is 0. NULL: no zone, or a zone that the
-- server no longer knows; a window of time is then not open.
CREATE OR REPLACE FUNCTION authd.week_minute(tz text) RETURNS int
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    here timestamp;
BEGIN
    IF tz IS NULL THEN
        RETURN NULL;
    END IF;
    here := authd.now() AT TIME ZONE tz;
    RETURN ((extract(isodow FROM here) - 1) * 24 + extract(hour FROM here)) * 60
           + extract(minute FROM here);
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END
$$;

-- authd.scope_document_word(hash text) → text
-- authd.scope_word() of a stored document.
CREATE OR REPLACE FUNCTION authd.scope_document_word(hash text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT held.hash || coalesce('@' || authd.week_minute(held.tz), '')
              FROM authd.scope_document AS held WHERE held.hash = scope_document_word.hash);
END
$$;

-- authd.scope_word(hash text) → text
-- The scope of one level, for a login: '-' for NULL, or the hash; @ and the minute of the week follow
-- if the document has windows of time. Inlined, so that a level without a scope costs no call.
CREATE OR REPLACE FUNCTION authd.scope_word(hash text) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN hash IS NULL THEN '-' ELSE authd.scope_document_word(hash) END;

-- authd.scope_content(hash text) → jsonb
-- The document, for answers of the API; NULL for NULL.
CREATE OR REPLACE FUNCTION authd.scope_content(hash text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT canonical::jsonb FROM authd.scope_document AS held
             WHERE held.hash = scope_content.hash);
END
$$;

-- authd.scope_object(holder jsonb, hash text, setter int) → jsonb
-- The scope object: {kind, id ("user:12", "domain:example.org", "class:printers", "site"), level, of
-- its level user and user_id, domain, or class, document (null: none), hash, set_by, etag}. holder: the
-- members that name the row which has the scope. setter: the rank that has set a scope of a user or a
-- domain; its role is set_by, null for other levels and without a scope.
CREATE OR REPLACE FUNCTION authd.scope_object(holder jsonb, hash text, setter int) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(holder || jsonb_build_object(
        'kind', 'scope', 'document', authd.scope_content(hash), 'hash', hash,
        'set_by', authd.rank_role(setter)));
END
$$;

-- authd.scope_find(actor, reach, {level: user | domain | class | site, and user, domain or class},
--                  change boolean, OUT holder jsonb, OUT row_id bigint, OUT hash text,
--                  OUT setter int)
-- The row whose scope is meant, its present scope, and the rank that has set that; for a change the row
-- is locked. holder: see authd.scope_object(). setter: NULL for a class and the site, whose scopes only
-- administrators of the site set.
-- Errors: AU422 no such level; those of account_find() and account_control(), domain_find(),
-- class_find(); AU403 the change is above what the caller administers: the scope of a domain, a class
-- or the site is set by administrators of the site.
CREATE OR REPLACE FUNCTION authd.scope_find(actor jsonb, reach bigint[], arguments jsonb,
                                            change boolean, OUT holder jsonb, OUT row_id bigint,
                                            OUT hash text, OUT setter int)
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    level   text := arguments ->> 'level';
    account authd.account;
    domain  authd.domain;
    class   authd.class;
BEGIN
    IF change AND level <> 'user'
       AND ((actor ->> 'rank')::int < authd.role_rank('admin')
            OR (reach IS NOT NULL AND level <> 'domain')) THEN
        PERFORM authd.refuse('AU403', format('the scope of a %s is set for the whole site', level),
                             'Ask an administrator of the site, or set the scope of single users.');
    END IF;
    IF level = 'user' THEN
        account := CASE WHEN change THEN authd.account_control(actor, reach, arguments)
                        ELSE authd.account_find(actor, reach, arguments) END;
        row_id := account.id;
        hash := account.scope;
        setter := account.scope_by_rank;
        holder := jsonb_build_object(
            'id', 'user:' || account.id, 'user', account.login, 'user_id', account.id::text,
            'domain', (SELECT name FROM authd.domain AS home WHERE home.id = account.domain));
    ELSIF level = 'domain' THEN
        domain := CASE WHEN change THEN authd.domain_lock(actor, reach, arguments)
                       ELSE authd.domain_find(actor, reach, arguments) END;
        row_id := domain.id;
        hash := domain.scope;
        setter := domain.scope_by_rank;
        holder := jsonb_build_object('id', 'domain:' || domain.name, 'domain', domain.name);
    ELSIF level = 'class' THEN
        class := CASE WHEN change THEN authd.class_lock(reach, arguments)
                      ELSE authd.class_find(arguments) END;
        row_id := class.id;
        hash := class.scope;
        holder := jsonb_build_object('id', 'class:' || class.name, 'class', class.name);
    ELSIF level = 'site' THEN
        IF change THEN
            PERFORM FROM authd.site FOR NO KEY UPDATE;
        END IF;
        SELECT site.scope INTO hash FROM authd.site;
        holder := '{"id": "site"}';
    ELSE
        PERFORM authd.refuse('AU422', format('%s has no scope', coalesce(level, 'nothing')),
                             'Scopes are of a user, a domain, a class or the site.');
    END IF;
    holder := holder || jsonb_build_object('level', level);
END
$$;

-- authd.scope_replace(actor jsonb, reach bigint[], arguments jsonb, action text, hash text) → jsonb
-- The one function that sets or clears the scope of a level. No version rises: a login that is under
-- way ends by the scope it began with.
-- Errors: see authd.scope_find(); AU403 a higher rank has set the scope of the user or the domain.
CREATE OR REPLACE FUNCTION authd.scope_replace(actor jsonb, reach bigint[], arguments jsonb,
                                               action text, hash text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    record := authd.scope_find(actor, reach, arguments, true);
    before jsonb  := authd.scope_object(old.holder, old.hash, old.setter);
    setter int    := CASE WHEN scope_replace.hash IS NOT NULL
                           AND arguments ->> 'level' IN ('user', 'domain')
                          THEN greatest(authd.setting_rank(actor, reach), CASE
                               WHEN old.hash = scope_replace.hash THEN old.setter END) END;
    after  jsonb  := authd.scope_object(old.holder, scope_replace.hash, setter);
BEGIN
    IF old.hash IS DISTINCT FROM scope_replace.hash THEN
        PERFORM authd.imposed_check(actor, reach, old.setter,
                                    format('the sending scope of %s was set', old.holder ->> 'id'));
    END IF;
    IF before IS DISTINCT FROM after THEN
        CASE arguments ->> 'level'
        WHEN 'user' THEN
            UPDATE authd.account SET scope = scope_replace.hash, scope_by_rank = setter
             WHERE id = old.row_id;
        WHEN 'domain' THEN
            UPDATE authd.domain SET scope = scope_replace.hash, scope_by_rank = setter
             WHERE id = old.row_id;
        WHEN 'class' THEN
            UPDATE authd.class SET scope = scope_replace.hash WHERE id = old.row_id;
        ELSE
            UPDATE authd.site SET scope = scope_replace.hash;
        END CASE;
    END IF;
    RETURN authd.changed(actor, action, before, after);
END
$$;

-- authd.scope_get(actor, reach, {level, user | domain | class}) → scope object
-- Errors: see authd.scope_find().
CREATE OR REPLACE FUNCTION authd.scope_get(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old record := authd.scope_find(actor, reach, arguments, false);
BEGIN
    RETURN authd.scope_object(old.holder, old.hash, old.setter);
END
$$;

-- authd.scope_put(actor, reach, {level, user | domain | class, scope: canonical text of the
--                                document}) → scope object, "changed"
-- Errors: AU422 also those of authd.scope_check(); see authd.scope_find().
CREATE OR REPLACE FUNCTION authd.scope_put(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(arguments -> 'scope') IS DISTINCT FROM 'string' THEN
        PERFORM authd.refuse('AU422', 'scope is missing', 'Give the document.');
    END IF;
    RETURN authd.scope_replace(actor, reach, arguments, 'scope_put',
                               authd.scope_store(arguments ->> 'scope'));
END
$$;

-- authd.scope_delete(actor, reach, {level, user | domain | class}) → scope object, "changed"
-- Errors: see authd.scope_find().
CREATE OR REPLACE FUNCTION authd.scope_delete(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.scope_replace(actor, reach, arguments, 'scope_delete', NULL);
END
$$;
