-- Sending scopes: immutable documents under the name of their content, and who has which.
-- Oldest compatible: 6
--
-- A document reaches this file in its canonical form, checked by authd; here it is text. Site,
-- domains, classes, users and credentials name a document by the hash of that text, so the same
-- document is stored once, a parsed copy of it can never be stale, and a login reads five names.
--
-- Setting a scope changes no account's version: a login that is under way ends by the scope it
-- began with, the next one sees the new. What nobody names any more is deleted: a document may say
-- things about a person.

CREATE TABLE authd.scope_document (
    hash       text COLLATE "C" PRIMARY KEY,
    canonical  text NOT NULL CHECK (octet_length(canonical) <= 16384),
    tz         text GENERATED ALWAYS AS (canonical::jsonb #>> '{time,tz}') STORED,
    created_at timestamptz NOT NULL DEFAULT authd.now(),
    CONSTRAINT hash_is_of_content CHECK (hash = encode(sha256(convert_to(canonical, 'UTF8')), 'hex'))
);

-- What holds for everybody: one row.
CREATE TABLE authd.site (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    scope           text COLLATE "C" REFERENCES authd.scope_document,
    scopes_swept_at timestamptz NOT NULL DEFAULT authd.now() -- see authd.scope_sweep()
);
INSERT INTO authd.site DEFAULT VALUES;

ALTER TABLE authd.domain  ADD COLUMN scope text COLLATE "C" REFERENCES authd.scope_document;
ALTER TABLE authd.class   ADD COLUMN scope text COLLATE "C" REFERENCES authd.scope_document;
ALTER TABLE authd.account ADD COLUMN scope text COLLATE "C" REFERENCES authd.scope_document;
ALTER TABLE authd.app_password ADD FOREIGN KEY (scope) REFERENCES authd.scope_document;
CREATE INDEX app_password_scope ON authd.app_password (scope) WHERE scope IS NOT NULL;
CREATE INDEX domain_scope  ON authd.domain (scope)  WHERE scope IS NOT NULL;
CREATE INDEX class_scope   ON authd.class (scope)   WHERE scope IS NOT NULL;
CREATE INDEX account_scope ON authd.account (scope) WHERE scope IS NOT NULL;

-- ---- documents -------------------------------------------------------------------------------

-- authd.scope_document(hash text) → text
-- The canonical text of a document; NULL: there is none. For authd's cache.
CREATE FUNCTION authd.scope_document(hash text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT canonical FROM authd.scope_document AS held
             WHERE held.hash = scope_document.hash);
END
$$;
GRANT EXECUTE ON FUNCTION authd.scope_document(text) TO authd_service;

-- authd.scope_content(hash text) → jsonb
-- The document, for answers to people; NULL for NULL.
CREATE FUNCTION authd.scope_content(hash text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (SELECT canonical::jsonb FROM authd.scope_document AS held
             WHERE held.hash = scope_content.hash);
END
$$;

-- authd.week_minute(tz text) → int
-- The minute of the week that it is now in a time zone: Monday 00:00 is 0. NULL: no zone, or one
-- that the server no longer knows; a window of time is then not open.
CREATE FUNCTION authd.week_minute(tz text) RETURNS int
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

-- authd.scope_used(hash text) → boolean
-- Whether somebody has the document.
CREATE FUNCTION authd.scope_used(hash text) RETURNS boolean
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
-- Deletes a document that nobody has. One that somebody is just being given, or letting go of, is
-- left: nobody waits here for another, who may wait for us.
CREATE FUNCTION authd.scope_drop(old text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM FROM authd.scope_document WHERE hash = old FOR UPDATE SKIP LOCKED;
    IF FOUND AND NOT authd.scope_used(old) THEN
        DELETE FROM authd.scope_document WHERE hash = old;
    END IF;
EXCEPTION WHEN foreign_key_violation THEN -- given to somebody meanwhile
    NULL;
END
$$;

-- authd.scope_sweep() → void
-- Deletes, at most once an hour, what authd.scope_drop() had to leave.
CREATE FUNCTION authd.scope_sweep() RETURNS void
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
-- After a row that named a document names another one, none, or is gone.
CREATE FUNCTION authd.scope_released() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.scope_drop(OLD.scope);
    RETURN NULL;
END
$$;

CREATE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.site
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.domain
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.class
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.account
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_replaced AFTER UPDATE OF scope ON authd.app_password
    FOR EACH ROW WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_released AFTER DELETE ON authd.app_password
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_released AFTER DELETE ON authd.domain
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_released AFTER DELETE ON authd.class
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();
CREATE TRIGGER scope_released AFTER DELETE ON authd.account
    FOR EACH ROW WHEN (OLD.scope IS NOT NULL) EXECUTE FUNCTION authd.scope_released();

-- authd.scope_check(document jsonb) → void
-- What only the database can tell of a document: is there such a time zone, and does mode monitor
-- end within 30 days?
-- Errors: AU422.
CREATE FUNCTION authd.scope_check(document jsonb) RETURNS void
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
-- Stores a document in canonical form and returns its hash, for the caller to put where it belongs
-- in this transaction. NULL for NULL.
-- Errors: AU422.
CREATE FUNCTION authd.scope_store(canonical text) RETURNS text
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
    LOOP -- until we hold it: what nobody has yet may be deleted
        INSERT INTO authd.scope_document (hash, canonical) VALUES (name, scope_store.canonical)
            ON CONFLICT DO NOTHING;
        PERFORM FROM authd.scope_document WHERE hash = name FOR KEY SHARE;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN name;
END
$$;

-- ---- logins ----------------------------------------------------------------------------------

-- authd.scope_word(hash text) → text
-- What a login is told of one scope: '-' if there is none, or its hash, followed by @ and the minute
-- of the week if the document has windows of time.
CREATE FUNCTION authd.scope_word(hash text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF hash IS NULL THEN
        RETURN '-';
    END IF;
    RETURN (SELECT held.hash || coalesce('@' || authd.week_minute(held.tz), '')
              FROM authd.scope_document AS held WHERE held.hash = scope_word.hash);
END
$$;

DROP FUNCTION authd.login_lookup(text[], text[]);

-- authd.login_lookup(logins text[], selectors text[])
--     → (n int, id bigint, version bigint, login text, suspended boolean, password text,
--        generation int, foreign_passwords text, credential bigint, credential_version bigint,
--        verifier text, key text, expired boolean, scopes text, seconds bigint)
-- The accounts of canonical logins; n is the place in the arrays, from 1. Unknown logins have no
-- row. A selector is that of the app password which was shown, '' if it was no app password;
-- credential to expired are NULL unless that app password is the account's own. verifier is in hex.
-- foreign_passwords: the account's app passwords that were made elsewhere, unless a selector was
-- given: a line for each, "id version scope hash"; NULL: none.
-- scopes: a word for each of site, domain, class, user and credential, as authd.scope_word() says;
-- that of a foreign app password is in its line. seconds: since 1970, of authd.now().
-- Bounds: at most 64 logins; at most 8 foreign app passwords of each.
-- Errors: AU422 too many logins, or not as many selectors.
-- One plan, kept: see authd.lookup(). It asks the same few index entries whether a user has one app
-- password or thousands, also by a plan of the time when there was one: OFFSET 0 keeps each table by
-- itself, to be asked by its index and never read whole. A plan that avoids so much looks dear, and
-- must not be compiled for that.
CREATE FUNCTION authd.login_lookup(logins text[], selectors text[])
RETURNS TABLE (n int, id bigint, version bigint, login text, suspended boolean, password text,
               generation int, foreign_passwords text, credential bigint,
               credential_version bigint, verifier text, key text, expired boolean, scopes text,
               seconds bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 64 SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_material = off SET jit = off
AS $$
DECLARE
    at        bigint := floor(extract(epoch FROM authd.now()));
    everybody text   := (SELECT site.scope FROM authd.site WHERE one);
BEGIN
    IF cardinality(logins) > 64 OR cardinality(selectors) <> cardinality(logins) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU422',
            MESSAGE = format('a lookup of %s logins and %s selectors is too large or uneven',
                             cardinality(logins), cardinality(selectors)),
            HINT = 'Ask for at most 64, with as many selectors.';
    END IF;
    everybody := CASE WHEN everybody IS NULL THEN '-' ELSE authd.scope_word(everybody) END;
    RETURN QUERY
        SELECT asked.n::int, account.id, account.version, account.login, account.suspended,
               account.password, account.password_generation, made_elsewhere.lines,
               held.id, held.version,
               CASE WHEN held.id IS NOT NULL THEN encode(secret.verifier, 'hex') END,
               CASE WHEN held.id IS NOT NULL THEN secret.key END,
               CASE WHEN held.id IS NOT NULL
                    THEN coalesce(least(held.not_after, secret.not_after) <= authd.now(), false) END,
               concat_ws(' ', everybody,
                   (SELECT CASE WHEN home.scope IS NULL THEN '-' ELSE authd.scope_word(home.scope) END
                      FROM authd.domain AS home WHERE home.id = account.domain),
                   coalesce((SELECT authd.scope_word(class.scope) FROM authd.class
                              WHERE class.id = account.class), '-'),
                   CASE WHEN account.scope IS NULL THEN '-' ELSE authd.scope_word(account.scope) END,
                   CASE WHEN held.scope IS NULL THEN '-' ELSE authd.scope_word(held.scope) END),
               at
          FROM unnest(logins, selectors) WITH ORDINALITY AS asked (login, selector, n)
          JOIN LATERAL (
               SELECT * FROM authd.account AS one WHERE one.login = asked.login OFFSET 0) AS account
            ON true
          LEFT JOIN LATERAL (
               SELECT * FROM authd.app_password_secret AS one
                WHERE one.selector = asked.selector OFFSET 0) AS secret
            ON true
          LEFT JOIN LATERAL (
               SELECT * FROM authd.app_password AS one
                WHERE one.id = secret.app_password AND one.account = account.id OFFSET 0) AS held
            ON true
          LEFT JOIN LATERAL (
               SELECT string_agg(format('%s %s %s %s', other.id, other.version,
                                        authd.scope_word(other.scope), other.foreign_hash),
                                 E'\n' ORDER BY other.id) AS lines
                 FROM (SELECT kept.id, kept.version, kept.scope, kept.foreign_hash
                         FROM authd.app_password AS kept
                        WHERE kept.account = account.id AND kept.foreign_hash IS NOT NULL
                          AND coalesce(kept.not_after > authd.now(), true)
                        ORDER BY kept.id LIMIT 8) AS other) AS made_elsewhere
            ON asked.selector = '';
END
$$;
GRANT EXECUTE ON FUNCTION authd.login_lookup(text[], text[]) TO authd_service;

-- ---- scopes of the site, a domain, a class, a user -------------------------------------------

-- The scope object: {kind, id ("user:12", "domain:example.org", "class:printers", "site"), level,
-- of its level user and user_id, domain, or class, document (null: none), hash, etag}.

-- authd.scope_object(place jsonb, hash text) → jsonb
CREATE FUNCTION authd.scope_object(place jsonb, hash text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(place || jsonb_build_object(
        'kind', 'scope', 'document', authd.scope_content(hash), 'hash', hash));
END
$$;

-- authd.scope_find(actor, reach, {level: user | domain | class | site, and of it: user, domain,
--                                 class}, change boolean, OUT place jsonb, OUT row_id bigint,
--                                 OUT hash text)
-- Whose scope is meant, and what it is now; to change it, its row is locked.
-- Errors: AU422 no such level; those of account_find() and account_lock(), domain_find(),
-- class_find(); AU403 for a change above what the caller administers: what holds for a domain or
-- for everybody is the site's to say.
CREATE FUNCTION authd.scope_find(actor jsonb, reach bigint[], arguments jsonb, change boolean,
                                 OUT place jsonb, OUT row_id bigint, OUT hash text)
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
        account := CASE WHEN change THEN authd.account_lock(actor, reach, arguments)
                        ELSE authd.account_find(actor, reach, arguments) END;
        row_id := account.id;
        hash := account.scope;
        place := jsonb_build_object(
            'id', 'user:' || account.id, 'user', account.login, 'user_id', account.id::text,
            'domain', (SELECT name FROM authd.domain AS home WHERE home.id = account.domain));
    ELSIF level = 'domain' THEN
        domain := CASE WHEN change THEN authd.domain_lock(actor, reach, arguments)
                       ELSE authd.domain_find(actor, reach, arguments) END;
        row_id := domain.id;
        hash := domain.scope;
        place := jsonb_build_object('id', 'domain:' || domain.name, 'domain', domain.name);
    ELSIF level = 'class' THEN
        class := CASE WHEN change THEN authd.class_lock(reach, arguments)
                      ELSE authd.class_find(arguments) END;
        row_id := class.id;
        hash := class.scope;
        place := jsonb_build_object('id', 'class:' || class.name, 'class', class.name);
    ELSIF level = 'site' THEN
        IF change THEN
            PERFORM FROM authd.site FOR NO KEY UPDATE;
        END IF;
        SELECT site.scope INTO hash FROM authd.site;
        place := '{"id": "site"}';
    ELSE
        PERFORM authd.refuse('AU422', format('%s has no scope', coalesce(level, 'nothing')),
                             'Scopes are of a user, a domain, a class or the site.');
    END IF;
    place := place || jsonb_build_object('level', level);
END
$$;

-- authd.scope_get(actor, reach, {level, user | domain | class}) → scope object
-- Errors: see authd.scope_find().
CREATE FUNCTION authd.scope_get(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old record := authd.scope_find(actor, reach, arguments, false);
BEGIN
    RETURN authd.scope_object(old.place, old.hash);
END
$$;

-- authd.scope_replace(actor jsonb, reach bigint[], arguments jsonb, action text, hash text) → jsonb
-- The one place that gives or takes a scope. Logins under way are not disturbed: no version rises.
CREATE FUNCTION authd.scope_replace(actor jsonb, reach bigint[], arguments jsonb, action text,
                                    hash text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old    record := authd.scope_find(actor, reach, arguments, true);
    before jsonb  := authd.scope_object(old.place, old.hash);
    after  jsonb  := authd.scope_object(old.place, scope_replace.hash);
BEGIN
    IF old.hash IS DISTINCT FROM scope_replace.hash THEN
        CASE arguments ->> 'level'
        WHEN 'user' THEN
            UPDATE authd.account SET scope = scope_replace.hash WHERE id = old.row_id;
        WHEN 'domain' THEN
            UPDATE authd.domain SET scope = scope_replace.hash WHERE id = old.row_id;
        WHEN 'class' THEN
            UPDATE authd.class SET scope = scope_replace.hash WHERE id = old.row_id;
        ELSE
            UPDATE authd.site SET scope = scope_replace.hash;
        END CASE;
    END IF;
    RETURN authd.changed(actor, action, before, after);
END
$$;

-- authd.scope_put(actor, reach, {level, user | domain | class, scope: canonical text of the
--                                document}) → scope object, "changed"
-- Errors: AU422 also what authd.scope_check() says; see authd.scope_find().
CREATE FUNCTION authd.scope_put(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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
CREATE FUNCTION authd.scope_delete(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.scope_replace(actor, reach, arguments, 'scope_delete', NULL);
END
$$;
