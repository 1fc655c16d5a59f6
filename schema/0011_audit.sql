-- The audit: every change and every login's outcome, sealed.
-- Oldest compatible: 6
--
-- Rows are inserted unchained, by the transaction that makes the change; their ids wait in
-- authd.audit_pending. Each second one node reads what waits, makes a digest of each row and a seal
-- over their list and the seal before (core/audit_seal.c, crypto/seal.h), and puts it here. So no
-- writer waits for another, a row that commits late is sealed late, and nothing depends on
-- transaction ids, which start anew when a dump is restored.
--
-- What tells about a person stands in authd.audit_person, with a salt; the row itself has only the
-- digest of both. Erasing a person deletes those side rows, and the chain still holds. Expiry takes
-- whole seals: their rows go, the seals stay until all before them have gone.
--
-- Threat: who can write in this database (not who runs the server while it is being asked). The key
-- of the seals is not here. What is younger than a seal is not protected yet.

-- ---- tables ----------------------------------------------------------------------------------

-- In the place of the table of 0006, which was never released.
DROP TABLE authd.audit_event;

CREATE SEQUENCE authd.audit_number;

CREATE TABLE authd.audit_event (
    id             bigint PRIMARY KEY DEFAULT nextval('authd.audit_number'),
    at             timestamptz NOT NULL DEFAULT authd.now(),
    class          text NOT NULL CHECK (class IN ('change', 'login')), -- how long it is kept
    action         text NOT NULL,
    kind           text,   -- of the object
    object_id      text,
    account        bigint, -- whom it concerns
    domain         bigint,
    actor          bigint, -- the account that acted
    actor_kind     text,
    credential     text,
    via            text,
    peer           text,
    reference      text,
    outcome        text,   -- of logins, as all to "count"
    reason         text,
    service        text,
    mechanism      text,
    front          text,
    tls            boolean,
    count          int NOT NULL DEFAULT 1, -- so many alike within a second
    details        jsonb,  -- of what authd itself did
    subject_digest bytea,  -- SHA-256 of salt and data of the side rows; NULL: there is none
    actor_digest   bytea
);
CREATE INDEX audit_event_account ON authd.audit_event (account, id) WHERE account IS NOT NULL;
CREATE INDEX audit_event_actor ON authd.audit_event (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_event_change ON authd.audit_event (id) WHERE class = 'change';
CREATE INDEX audit_event_own ON authd.audit_event (action, id)
    WHERE action IN ('audit_expire', 'audit_erase', 'audit_lost');
CREATE INDEX audit_event_reference ON authd.audit_event (reference) WHERE reference IS NOT NULL;
CREATE INDEX audit_event_at ON authd.audit_event USING brin (at) WITH (pages_per_range = 16);

CREATE TABLE authd.audit_person (
    event bigint NOT NULL,
    part  text COLLATE "C" NOT NULL CHECK (part IN ('subject', 'actor')),
    salt  bytea NOT NULL,
    data  jsonb NOT NULL,
    PRIMARY KEY (event, part)
);
-- Names that were tried and that nobody has.
CREATE INDEX audit_person_claimed ON authd.audit_person ((data ->> 'claimed')) WHERE data ? 'claimed';

-- What no seal covers yet: one row for each statement that inserted events, and for each 1,000.
CREATE TABLE authd.audit_pending (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    class  text NOT NULL,
    events bigint[] NOT NULL
);

CREATE TABLE authd.audit_seal (
    number   bigint PRIMARY KEY,
    previous bytea NOT NULL UNIQUE, -- the MAC before it: the chain cannot fork
    class    text NOT NULL,         -- of all its rows
    at       bigint NOT NULL,       -- microseconds since 1970
    count    bigint NOT NULL,
    list     bytea NOT NULL,        -- digest of ids and digests
    key      text NOT NULL,         -- the id of the key
    mac      bytea NOT NULL,
    ids      bigint[],              -- NULL, as the digests: expired
    digests  bytea,                 -- 32 octets for each id
    span     int8range              -- from the lowest to the highest id
);
CREATE INDEX audit_seal_span ON authd.audit_seal USING gist (span) WHERE ids IS NOT NULL;
CREATE INDEX audit_seal_kept ON authd.audit_seal (class, number) WHERE ids IS NOT NULL;

-- The last batch of logins of each process, so that none is recorded twice.
CREATE TABLE authd.audit_batch (
    node   text PRIMARY KEY,
    number bigint NOT NULL,
    at     timestamptz NOT NULL DEFAULT authd.now()
);

-- ---- writing ---------------------------------------------------------------------------------

-- authd.audit_micros(at timestamptz) → bigint
-- (No SET search_path in what is called for each row, so that it can be inlined: its names were looked
-- up when it was made. And STABLE, as what it calls is, or it could not.)
CREATE FUNCTION authd.audit_micros(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (extract(epoch FROM at) * 1000000)::bigint;

-- authd.audit_digest(salt bytea, data jsonb) → bytea
-- What an event keeps of a side row.
CREATE FUNCTION authd.audit_digest(salt bytea, data jsonb) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN pg_catalog.sha256(salt || pg_catalog.convert_to(data::text, 'UTF8'));

-- authd.audit_text(event authd.audit_event) → text
-- What the digest of a row is made of: all columns but the id, which the seal's list has. The first
-- element says which columns these are; a row that gets others later gets another number.
CREATE FUNCTION authd.audit_text(event authd.audit_event) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.jsonb_build_array(
    1, authd.audit_micros(event.at), event.class, event.action, event.kind, event.object_id,
    event.account, event.domain, event.actor, event.actor_kind, event.credential, event.via,
    event.peer, event.reference, event.outcome, event.reason, event.service, event.mechanism,
    event.front, event.tls, event.count, event.details,
    pg_catalog.encode(event.subject_digest, 'hex'), pg_catalog.encode(event.actor_digest, 'hex')
)::text;

-- authd.audit_change(before jsonb, after jsonb) → jsonb
-- {before, after} with the members that differ, without what the row says anyway and without
-- secrets; a member is missing where there was no object.
CREATE FUNCTION authd.audit_change(before jsonb, after jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    dull text[] := ARRAY['etag', 'changed', 'replayed', 'kind', 'id', 'user', 'user_id',
                         'last_login_at', 'last_login_address', 'last_used_at',
                         'last_used_address', 'last_seen_at', 'secret', 'password',
                         'password_hash', 'hash', 'verifier', 'token', 'digest'];
BEGIN
    before := before - dull;
    after := after - dull;
    IF before IS NULL THEN
        RETURN CASE WHEN after IS NULL THEN '{}' ELSE jsonb_build_object('after', after) END;
    ELSIF after IS NULL THEN
        RETURN jsonb_build_object('before', before);
    END IF;
    RETURN jsonb_build_object(
        'before', coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(before)
                             WHERE after -> key IS DISTINCT FROM value), '{}'),
        'after', coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(after)
                            WHERE before -> key IS DISTINCT FROM value), '{}'));
END
$$;

-- authd.audit_put_many(actor jsonb, action text, changes jsonb) → void
-- Records many changes by one actor in one statement. changes: [{before?, after?}, …], the objects
-- as in authd.audit_put().
-- Of a user who is deleted only the id is kept: the row itself must not say who it was.
CREATE FUNCTION authd.audit_put_many(actor jsonb, action text, changes jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    who jsonb := jsonb_strip_nulls(jsonb_build_object(
        'name', actor -> 'name', 'login', actor -> 'login', 'role', actor -> 'role',
        'client', actor -> 'client', 'user_agent', actor -> 'user_agent'));
BEGIN
    WITH change AS (
        SELECT item.value -> 'before' AS before, item.value -> 'after' AS after,
               coalesce(nullif(item.value -> 'after', 'null'), item.value -> 'before') AS object, n
          FROM jsonb_array_elements(changes) WITH ORDINALITY AS item (value, n)
    ), draft AS MATERIALIZED (
        SELECT nextval('authd.audit_number') AS id, n, object, authd.object_account(object) AS account,
               object ->> 'kind' AS kind,
               object ->> 'id' ~ '^[0-9]+$' OR authd.object_account(object) IS NULL AS plain_id,
               CASE WHEN object ->> 'kind' = 'user' AND nullif(after, 'null') IS NULL THEN NULL
                    ELSE authd.audit_change(nullif(before, 'null'), nullif(after, 'null'))
                         || CASE WHEN authd.object_account(object) IS NULL THEN '{}'
                                 ELSE jsonb_build_object('user', coalesce(object -> 'user',
                                                                          object -> 'login'),
                                                         'object', object -> 'id') END END AS subject,
               uuid_send(gen_random_uuid()) AS subject_salt, uuid_send(gen_random_uuid()) AS actor_salt
          FROM change
    ), event AS (
        INSERT INTO authd.audit_event (id, class, action, kind, object_id, account, domain, actor,
                                       actor_kind, credential, via, peer, reference,
                                       subject_digest, actor_digest)
            SELECT draft.id, 'change', audit_put_many.action, draft.kind,
                   CASE WHEN draft.plain_id THEN object ->> 'id' END, draft.account,
                   CASE WHEN draft.kind = 'domain' AND draft.plain_id THEN (object ->> 'id')::bigint
                        ELSE (SELECT domain.id FROM authd.domain
                               WHERE domain.name = object ->> 'domain') END,
                   (audit_put_many.actor ->> 'account')::bigint, audit_put_many.actor ->> 'kind',
                   audit_put_many.actor ->> 'credential', audit_put_many.actor ->> 'via',
                   audit_put_many.actor ->> 'peer', audit_put_many.actor ->> 'reference',
                   authd.audit_digest(subject_salt, subject),
                   CASE WHEN who <> '{}' THEN authd.audit_digest(actor_salt, who) END
              FROM draft ORDER BY n
    ), person AS (
        INSERT INTO authd.audit_person (event, part, salt, data)
            SELECT id, 'subject', subject_salt, subject FROM draft WHERE subject IS NOT NULL
             UNION ALL
            SELECT id, 'actor', actor_salt, who FROM draft WHERE who <> '{}'
    )
    INSERT INTO authd.audit_pending (class, events)
        SELECT 'change', array_agg(id ORDER BY n) FROM draft GROUP BY (n - 1) / 1000
         ORDER BY min(n);
END
$$;

-- authd.audit_put(actor jsonb, action text, before jsonb, after jsonb) → void
-- Records a change. Kind, id, user and domain are those of the objects. before NULL: it was
-- created; after NULL: it was deleted.
CREATE OR REPLACE FUNCTION authd.audit_put(actor jsonb, action text, before jsonb, after jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.audit_put_many(actor, action, jsonb_build_array(
        jsonb_build_object('before', before, 'after', after)));
END
$$;

-- authd.audit_own(action text, account bigint, details jsonb) → void
-- Records what authd did by itself: audit_expire, audit_erase, audit_lost.
CREATE FUNCTION authd.audit_own(action text, account bigint, details jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    WITH event AS (
        INSERT INTO authd.audit_event (class, action, account, actor_kind, details)
            VALUES ('change', audit_own.action, audit_own.account, 'authd', audit_own.details)
            RETURNING id
    )
    INSERT INTO authd.audit_pending (class, events) SELECT 'change', ARRAY[id] FROM event;
END
$$;

-- authd.audit_erase(account bigint) → bigint
-- Deletes what the audit says about a person, as whom it concerns and as who acted, and records
-- that it did. How many side rows went.
CREATE OR REPLACE FUNCTION authd.audit_erase(account bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    subjects bigint;
    actors   bigint;
BEGIN
    DELETE FROM authd.audit_person AS person USING authd.audit_event AS event
     WHERE event.account = audit_erase.account
       AND person.event = event.id AND person.part = 'subject';
    GET DIAGNOSTICS subjects = ROW_COUNT;
    DELETE FROM authd.audit_person AS person USING authd.audit_event AS event
     WHERE event.actor = audit_erase.account AND person.event = event.id AND person.part = 'actor';
    GET DIAGNOSTICS actors = ROW_COUNT;
    PERFORM authd.audit_own('audit_erase', account, jsonb_build_object('rows', subjects + actors));
    RETURN subjects + actors;
END
$$;

-- authd.audit_logins(batch jsonb, waited bigint) → int
-- Records the outcomes of logins, and how many could not be. Does not wait for the disk. How many
-- rows; 0 also for a batch that was recorded before. waited: milliseconds since the batch was made.
--   {node, number: rising with each batch of a node, lost: number or 0, logins: [{age (ms), outcome,
--    reason, user, account or 0, credential, client, peer, service, mechanism, front, tls,
--    reference, count}, …]}
CREATE FUNCTION authd.audit_logins(batch jsonb, waited bigint) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    recorded int;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO authd.audit_batch AS last (node, number)
        VALUES (batch ->> 'node', (batch ->> 'number')::bigint)
        ON CONFLICT (node) DO UPDATE SET number = excluded.number, at = excluded.at
        WHERE last.number < excluded.number;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF (batch ->> 'lost')::bigint > 0 THEN
        PERFORM authd.audit_own('audit_lost', NULL,
            jsonb_build_object('logins', batch -> 'lost', 'node', batch -> 'node'));
    END IF;
    WITH login AS (
        SELECT login.*, coalesce(nullif(login.account, 0), named.id) AS owner,
               coalesce(known.domain, named.domain, domain.id) AS home,
               login.account <> 0 AND known.id IS NULL AS gone -- deleted since: nothing is kept of it
          FROM ROWS FROM (jsonb_to_recordset(batch -> 'logins') AS (
                   age bigint, outcome text, reason text, "user" text, account bigint,
                   credential text, client text, peer text, service text, mechanism text, front text,
                   tls boolean, reference text, count int)) WITH ORDINALITY
               AS login (age, outcome, reason, "user", account, credential, client, peer, service,
                         mechanism, front, tls, reference, count, n)
          LEFT JOIN authd.account AS known ON known.id = login.account
          LEFT JOIN authd.account AS named ON login.account = 0 AND named.login = login."user"
          LEFT JOIN authd.domain
            ON login.account = 0 AND domain.name = split_part(login."user", '@', 2)
         ORDER BY login.n
    ), draft AS MATERIALIZED (
        SELECT nextval('authd.audit_number') AS id, login.*,
               CASE WHEN NOT gone THEN jsonb_strip_nulls(jsonb_build_object(
                   CASE WHEN owner IS NULL THEN 'claimed' ELSE 'user' END, login."user",
                   'client', nullif(login.client, ''))) END AS subject,
               uuid_send(gen_random_uuid()) AS salt
          FROM login
    ), event AS (
        INSERT INTO authd.audit_event (id, at, class, action, kind, object_id, account, domain,
                                       credential, peer, reference, outcome, reason, service,
                                       mechanism, front, tls, count, subject_digest)
            SELECT id, authd.now() - (age + waited) * interval '1 ms', 'login', 'login',
                   CASE WHEN owner IS NOT NULL THEN 'user' END, owner::text, owner, home, credential,
                   peer, reference, outcome, reason, service, mechanism, front, tls, count,
                   authd.audit_digest(salt, subject)
              FROM draft ORDER BY id
    ), person AS (
        INSERT INTO authd.audit_person (event, part, salt, data)
            SELECT id, 'subject', salt, subject FROM draft WHERE subject IS NOT NULL ORDER BY id
    ), queued AS (
        INSERT INTO authd.audit_pending (class, events)
            SELECT 'login', array_agg(id ORDER BY id)
              FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / 1000 AS part FROM draft) AS cut
             GROUP BY part ORDER BY part
    )
    SELECT count(*) INTO recorded FROM draft;
    RETURN recorded;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_logins(jsonb, bigint) TO authd_service;

-- ---- sealing ---------------------------------------------------------------------------------

-- authd.audit_unsealed(bound int) → (number, previous, class, at, pending, id, content)
-- The rows of the next seal, one class, about `bound` at most (at least one statement's): with each
-- of them the seal's number, the MAC before it in hex, class and time, the row's queue entry, and its
-- text, NULL if the row is gone. No rows: nothing waits.
CREATE FUNCTION authd.audit_unsealed(bound int)
RETURNS TABLE (number bigint, previous text, class text, at bigint, pending bigint, id bigint,
               content text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        WITH head AS (
            SELECT seal.number, seal.mac FROM authd.audit_seal AS seal
             ORDER BY seal.number DESC LIMIT 1
        ), queue AS (
            SELECT waiting.id, waiting.class, waiting.events,
                   sum(cardinality(waiting.events)) OVER (ORDER BY waiting.id)
                   - cardinality(waiting.events) AS before
              FROM (SELECT * FROM authd.audit_pending AS queued
                     WHERE queued.class = (SELECT oldest.class FROM authd.audit_pending AS oldest
                                            ORDER BY oldest.id LIMIT 1)
                     ORDER BY queued.id LIMIT bound) AS waiting
        )
        SELECT coalesce((SELECT head.number FROM head), 0) + 1,
               coalesce((SELECT encode(head.mac, 'hex') FROM head), repeat('0', 64)),
               queue.class, authd.audit_micros(authd.now()), queue.id, coalesce(item.id, 0),
               CASE WHEN event.id IS NOT NULL THEN authd.audit_text(event) END
          FROM queue
         CROSS JOIN unnest(queue.events) WITH ORDINALITY AS item (id, n)
          LEFT JOIN authd.audit_event AS event ON event.id = item.id
         WHERE queue.before = 0 OR queue.before + cardinality(queue.events) <= bound
         ORDER BY queue.id, item.n;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_unsealed(int) TO authd_service;

-- authd.audit_seal_put(seal jsonb) → boolean
-- Puts a seal at the end of the chain and takes its rows off the queue. False: another node was
-- first; nothing was done.
--   {number, previous, class, at, list, key, mac, ids: [id, …], digests: hex, pending: [id, …]}
-- Errors: AU409 some of it is no longer waiting.
CREATE FUNCTION authd.audit_seal_put(seal jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    row_ids bigint[] := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(seal -> 'ids'));
    queued  bigint[] := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(seal -> 'pending'));
    head    bytea := (SELECT mac FROM authd.audit_seal ORDER BY number DESC LIMIT 1);
    gone    bigint;
BEGIN
    IF coalesce(encode(head, 'hex'), repeat('0', 64)) <> seal ->> 'previous' THEN
        RETURN false;
    END IF;
    INSERT INTO authd.audit_seal (number, previous, class, at, count, list, key, mac, ids, digests,
                                  span)
        SELECT (seal ->> 'number')::bigint, decode(seal ->> 'previous', 'hex'), seal ->> 'class',
               (seal ->> 'at')::bigint, cardinality(row_ids), decode(seal ->> 'list', 'hex'),
               seal ->> 'key', decode(seal ->> 'mac', 'hex'), row_ids,
               decode(seal ->> 'digests', 'hex'), int8range(min(id), max(id), '[]')
          FROM unnest(row_ids) AS id
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM authd.audit_pending WHERE id = ANY (queued);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone <> cardinality(queued) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU409',
            MESSAGE = format('of %s entries of the audit''s queue %s are there',
                             cardinality(queued), gone),
            HINT = 'Read the queue again.';
    END IF;
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_seal_put(jsonb) TO authd_service;

-- ---- retention -------------------------------------------------------------------------------

-- authd.audit_horizon(class text) → bigint
-- Rows of this class in seals before this time, in microseconds, have expired; 0: none.
CREATE FUNCTION authd.audit_horizon(class text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT coalesce(max((event.details ->> 'before')::bigint), 0) FROM authd.audit_event AS event
     WHERE event.action = 'audit_expire' AND event.details ->> 'class' = audit_horizon.class
$$;

-- authd.audit_sweep() → void
-- A batch of logins may have been on its way while its user was erased: once more.
CREATE FUNCTION authd.audit_sweep() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    DELETE FROM authd.audit_person AS person
     USING authd.audit_event AS erased, authd.audit_event AS event
     WHERE erased.action = 'audit_erase' AND erased.at > authd.now() - interval '1 day'
       AND event.account = erased.account
       AND person.event = event.id AND person.part = 'subject';
END
$$;

-- authd.audit_expire(class text, seconds bigint, bound int) → int
-- Takes the rows of seals of a class that are older, whole hours, and records up to when; at most
-- about `bound` rows (at least one seal's). How many went: if any, ask again.
-- Errors: AU422 less than a day: nobody could notice in time.
CREATE FUNCTION authd.audit_expire(class text, seconds bigint, bound int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    horizon bigint := authd.audit_micros(
        date_trunc('hour', authd.now() - seconds * interval '1 second', 'UTC'));
    numbers bigint[];
    row_ids bigint[];
BEGIN
    IF seconds < 86400 THEN
        PERFORM authd.refuse('AU422', format('the audit is kept for %s s only', seconds),
                             'Keep it for at least a day.');
    END IF;
    PERFORM authd.audit_sweep();
    SELECT array_agg(old.number) INTO numbers
      FROM (SELECT kept.number, kept.count, sum(kept.count) OVER (ORDER BY kept.number) AS total
              FROM (SELECT * FROM authd.audit_seal AS seal
                     WHERE seal.class = audit_expire.class AND seal.ids IS NOT NULL
                     ORDER BY seal.number LIMIT bound) AS kept
             WHERE kept.at < horizon) AS old
     WHERE old.total <= bound OR old.total = old.count;
    IF numbers IS NULL THEN
        RETURN 0;
    END IF;
    -- Two nodes at once: the second waits here, and finds what is left.
    PERFORM FROM authd.audit_seal AS seal WHERE seal.number = ANY (numbers) FOR UPDATE;
    SELECT coalesce(array_agg(id), '{}') INTO row_ids
      FROM authd.audit_seal AS seal, unnest(seal.ids) AS id WHERE seal.number = ANY (numbers);
    IF authd.audit_horizon(class) < horizon THEN
        PERFORM authd.audit_own('audit_expire', NULL,
            jsonb_build_object('class', class, 'before', horizon));
    END IF;
    DELETE FROM authd.audit_person WHERE event = ANY (row_ids);
    DELETE FROM authd.audit_event WHERE id = ANY (row_ids);
    UPDATE authd.audit_seal AS seal SET ids = NULL, digests = NULL
     WHERE seal.number = ANY (numbers);
    DELETE FROM authd.audit_batch WHERE at < authd.now() - interval '7 days';
    RETURN cardinality(row_ids);
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_expire(text, bigint, int) TO authd_service;

-- authd.audit_prune(bound int) → int
-- Takes seals from the beginning of the chain that have no rows any more and are older than every
-- class is kept, and records where the chain then begins. How many went.
CREATE FUNCTION authd.audit_prune(bound int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    horizon bigint := least(authd.audit_horizon('change'), authd.audit_horizon('login'));
    begins  authd.audit_seal;
    gone    int;
BEGIN
    DELETE FROM authd.audit_seal WHERE number IN (
        SELECT first.number
          FROM (SELECT seal.number, bool_and(seal.ids IS NULL AND seal.at < horizon)
                                    OVER (ORDER BY seal.number) AS past
                  FROM authd.audit_seal AS seal ORDER BY seal.number LIMIT bound) AS first
         WHERE first.past
           AND first.number < (SELECT max(last.number) FROM authd.audit_seal AS last));
    GET DIAGNOSTICS gone = ROW_COUNT;
    SELECT * INTO begins FROM authd.audit_seal ORDER BY number LIMIT 1;
    IF gone > 0 THEN
        PERFORM authd.audit_own('audit_expire', NULL,
            jsonb_build_object('class', 'seals', 'begins', begins.number,
                               'previous', encode(begins.previous, 'hex')));
    END IF;
    RETURN gone;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_prune(int) TO authd_service;

-- ---- verifying -------------------------------------------------------------------------------

-- authd.audit_state() → jsonb
-- What a check of the chain begins with: {pending: rows that no seal covers, horizon: {change,
-- login}: see authd.audit_horizon(), first: number that the chain must begin with, previous: the MAC
-- before that, head: {number, mac} or null}.
CREATE FUNCTION authd.audit_state() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    pruned jsonb := (SELECT details FROM authd.audit_event
                      WHERE action = 'audit_expire' AND details ->> 'class' = 'seals'
                      ORDER BY (details ->> 'begins')::bigint DESC LIMIT 1);
BEGIN
    RETURN jsonb_build_object(
        'pending', (SELECT coalesce(sum(cardinality(events)), 0) FROM authd.audit_pending),
        'horizon', jsonb_build_object('change', authd.audit_horizon('change'),
                                      'login', authd.audit_horizon('login')),
        'first', coalesce((pruned ->> 'begins')::bigint, 1),
        'previous', coalesce(pruned ->> 'previous', repeat('0', 64)),
        'head', (SELECT jsonb_build_object('number', number, 'mac', encode(mac, 'hex'))
                   FROM authd.audit_seal ORDER BY number DESC LIMIT 1));
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_state() TO authd_service;

-- authd.audit_seals(after bigint) → the seals after that number, at most 500, all octets in hex.
-- "kept": it still has its list of rows.
CREATE FUNCTION authd.audit_seals(after bigint)
RETURNS TABLE (number bigint, previous text, class text, at bigint, count bigint, list text,
               key text, mac text, kept boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 500 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT seal.number, encode(seal.previous, 'hex'), seal.class, seal.at, seal.count,
               encode(seal.list, 'hex'), seal.key, encode(seal.mac, 'hex'),
               seal.ids IS NOT NULL AND seal.digests IS NOT NULL
          FROM authd.audit_seal AS seal
         WHERE seal.number > after ORDER BY seal.number LIMIT 500;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_seals(bigint) TO authd_service;

-- authd.audit_person_state(event bigint, part text, digest bytea, account bigint) → text
-- none: the event has no such side row; kept; erased: its person, `account`, was; else changed, or
-- gone.
CREATE FUNCTION authd.audit_person_state(event bigint, part text, digest bytea, account bigint)
RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT CASE WHEN found.digest IS NOT DISTINCT FROM audit_person_state.digest
                THEN CASE WHEN found.digest IS NULL THEN 'none' ELSE 'kept' END
                WHEN found.digest IS NOT NULL THEN 'changed'
                WHEN EXISTS (SELECT FROM authd.audit_event AS erased
                              WHERE erased.account = audit_person_state.account
                                AND erased.action = 'audit_erase') THEN 'erased'
                ELSE 'gone' END
      FROM (SELECT (SELECT authd.audit_digest(person.salt, person.data)
                      FROM authd.audit_person AS person
                     WHERE person.event = audit_person_state.event
                       AND person.part = audit_person_state.part) AS digest) AS found
);

-- authd.audit_rows(first bigint, last bigint) → the rows of the seals of a range, in order:
-- (seal, id, digest: as the seal has it, content: text of the row, NULL if it is missing, at, action,
-- subject and actor: see authd.audit_person_state())
CREATE FUNCTION authd.audit_rows(first bigint, last bigint)
RETURNS TABLE (seal bigint, id bigint, digest text, content text, at text, action text,
               subject text, actor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5000 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT sealed.number, coalesce(item.id, 0),
               coalesce(encode(substr(sealed.digests, ((item.n - 1) * 32 + 1)::int, 32), 'hex'), ''),
               CASE WHEN event.id IS NOT NULL THEN authd.audit_text(event) END,
               to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), event.action,
               authd.audit_person_state(event.id, 'subject', event.subject_digest, event.account),
               authd.audit_person_state(event.id, 'actor', event.actor_digest, event.actor)
          FROM authd.audit_seal AS sealed
         CROSS JOIN unnest(sealed.ids) WITH ORDINALITY AS item (id, n)
          LEFT JOIN authd.audit_event AS event ON event.id = item.id
         WHERE sealed.number BETWEEN first AND last
         ORDER BY sealed.number, item.n;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_rows(bigint, bigint) TO authd_service;

-- authd.audit_unlisted(after bigint, bound int) → jsonb
-- Looks through `bound` rows after that id: {upto: id of the last, null: there are no more; rows:
-- [{id, at, action} of those that are in no seal and do not wait for one]}.
CREATE FUNCTION authd.audit_unlisted(after bigint, bound int) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    upto  bigint;
    found jsonb;
BEGIN
    SELECT max(page.id) INTO upto
      FROM (SELECT id FROM authd.audit_event WHERE id > after ORDER BY id LIMIT bound) AS page;
    SELECT jsonb_agg(jsonb_build_object('id', event.id, 'at', authd.rfc3339(event.at),
                                        'action', event.action) ORDER BY event.id) INTO found
      FROM authd.audit_event AS event
     WHERE event.id > after AND event.id <= upto
       AND event.id NOT IN (SELECT unnest(seal.ids) FROM authd.audit_seal AS seal
                             WHERE seal.ids IS NOT NULL
                               AND seal.span && int8range(after, upto, '(]'))
       AND event.id NOT IN (SELECT unnest(events) FROM authd.audit_pending);
    RETURN jsonb_build_object('upto', upto, 'rows', coalesce(found, '[]'));
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_unlisted(bigint, int) TO authd_service;

-- ---- reading ---------------------------------------------------------------------------------

-- The audit event object: {kind: "audit-event", id, time, class, action, outcome, reason, count,
-- actor: {kind, name, login, user_id, role, credential, client}, object: {kind, id}, user, user_id,
-- domain, client, peer, via, service, mechanism, front, tls, reference, before, after, details,
-- erased: something of it was about a person who was erased}.

-- authd.audit_item(event authd.audit_event, subject jsonb, actor jsonb) → jsonb
-- The object; subject and actor: data of the side rows, NULL if there are none.
CREATE FUNCTION authd.audit_item(event authd.audit_event, subject jsonb, actor jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'kind', 'audit-event',
        'id', event.id::text,
        'time', to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'class', event.class,
        'action', event.action,
        'outcome', event.outcome,
        'reason', event.reason,
        'count', event.count,
        'actor', jsonb_build_object(
            'kind', coalesce(event.actor_kind, 'client'), 'name', actor -> 'name',
            'login', actor -> 'login', 'user_id', event.actor::text, 'role', actor -> 'role',
            'credential', event.credential, 'client', actor -> 'client'),
        'object', jsonb_build_object(
            'kind', event.kind, 'id', coalesce(event.object_id, subject ->> 'object')))
        || jsonb_build_object(
        'user', coalesce(subject -> 'user', subject -> 'claimed'),
        'user_id', event.account::text,
        'domain', (SELECT name FROM authd.domain WHERE id = event.domain),
        'client', coalesce(subject -> 'client', actor -> 'client'),
        'peer', event.peer, 'via', event.via, 'service', event.service,
        'mechanism', event.mechanism, 'front', event.front, 'tls', event.tls,
        'reference', event.reference,
        'before', subject -> 'before', 'after', subject -> 'after',
        'details', event.details,
        'erased', (event.subject_digest IS NOT NULL AND subject IS NULL)
                  OR (event.actor_digest IS NOT NULL AND actor IS NULL));
END
$$;

-- authd.audit_argument_time(arguments jsonb, member text) → timestamptz
-- A time as in RFC 3339; NULL if it is absent or null. Errors: AU422.
CREATE FUNCTION authd.audit_argument_time(arguments jsonb, member text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, member, 40);
BEGIN
    IF value !~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$' THEN
        RAISE invalid_datetime_format;
    END IF;
    RETURN value::timestamptz;
EXCEPTION WHEN data_exception THEN
    PERFORM authd.refuse('AU422', format('%s is not a time', member),
                         'Write it like 2026-03-01T12:00:00Z.');
END
$$;

-- authd.audit_page(condition text, filter jsonb, arguments jsonb) → {items, next}
-- The events (entry, their side rows subject and actor) for which `condition` holds, an SQL
-- expression of ours that finds its values in `filter`, as $1. arguments: {sort?: id | -id, limit?,
-- after?}; newest first unless sorted otherwise.
CREATE FUNCTION authd.audit_page(condition text, filter jsonb, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    upwards boolean := coalesce(arguments ->> 'sort', '-id') = 'id';
    bound   int     := least(coalesce((arguments ->> 'limit')::int, 100), 1000);
    past    bigint  := (arguments ->> 'after')::bigint;
    items   jsonb;
    last    bigint;
    more    boolean;
BEGIN
    EXECUTE format($query$
        WITH page AS (
            SELECT entry, subject.data AS subject, actor.data AS actor,
                   row_number() OVER (ORDER BY entry.id %1$s) AS n
              FROM authd.audit_event AS entry
             CROSS JOIN LATERAL (
                SELECT (SELECT person.data FROM authd.audit_person AS person
                         WHERE person.event = entry.id AND person.part = 'subject') AS data
                OFFSET 0) AS subject -- for each row: a join would begin at the first page again
             CROSS JOIN LATERAL (
                SELECT (SELECT person.data FROM authd.audit_person AS person
                         WHERE person.event = entry.id AND person.part = 'actor') AS data
                OFFSET 0) AS actor
             WHERE (%2$s) AND ($2 IS NULL OR entry.id %3$s $2)
             ORDER BY entry.id %1$s LIMIT $3 + 1)
        SELECT jsonb_agg(authd.audit_item(page.entry, page.subject, page.actor) ORDER BY n)
                   FILTER (WHERE n <= $3),
               max((page.entry).id) FILTER (WHERE n = $3), coalesce(max(n) > $3, false)
          FROM page
        $query$, CASE WHEN upwards THEN 'ASC' ELSE 'DESC' END, condition,
        CASE WHEN upwards THEN '>' ELSE '<' END)
       INTO items, last, more USING filter, past, bound;
    RETURN jsonb_build_object('items', coalesce(items, '[]'), 'next', CASE WHEN more THEN last END);
END
$$;

-- authd.audit_list(actor, reach, {since?, until?, actor?, action?, user?, user_login?, domain?,
--     outcome?, reference?, match?, sort?: id | -id, limit?, after?}) → {items, next}
-- The audit. since is included, until is not. actor: a login, an id, or the name of what acted
-- ("root (uid 0)"). user: a login or an id, also a login that was tried and is nobody's. match: within
-- action, reason, names or address. Who is not responsible for the whole site sees his domains' rows.
-- Errors: AU422.
CREATE FUNCTION authd.audit_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    filter jsonb := jsonb_build_object(
        'since', authd.audit_argument_time(arguments, 'since'),
        'until', authd.audit_argument_time(arguments, 'until'),
        'action', authd.argument_text(arguments, 'action', 100),
        'user', authd.argument_text(arguments, 'user', 320),
        'actor', authd.argument_text(arguments, 'actor', 320),
        'domain', authd.argument_text(arguments, 'domain', 253),
        'outcome', authd.argument_text(arguments, 'outcome', 20),
        'reference', authd.argument_text(arguments, 'reference', 40),
        'match', lower(authd.argument_text(arguments, 'match', 200)),
        'login', coalesce(arguments ->> 'user_login', arguments ->> 'user'),
        'reach', reach);
    named  text := filter ->> 'user';
    acted  text := filter ->> 'actor';
    checks text[] := '{true}';
BEGIN
    filter := filter || jsonb_build_object(
        'account', coalesce((SELECT id FROM authd.account WHERE login = filter ->> 'login'),
                            CASE WHEN named ~ '^[0-9]{1,18}$' THEN named::bigint END),
        'sender', coalesce((SELECT id FROM authd.account WHERE login = acted),
                           CASE WHEN acted ~ '^[0-9]{1,18}$' THEN acted::bigint END),
        'home', (SELECT id FROM authd.domain WHERE name = filter ->> 'domain'));
    IF reach IS NOT NULL THEN
        checks := checks || $c$entry.domain = ANY (ARRAY(
            SELECT value::bigint FROM jsonb_array_elements_text($1 -> 'reach')))$c$::text;
    END IF;
    checks := checks || ARRAY[
        CASE WHEN filter ->> 'since' IS NOT NULL
             THEN $c$entry.at >= ($1 ->> 'since')::timestamptz$c$ END,
        CASE WHEN filter ->> 'until' IS NOT NULL
             THEN $c$entry.at < ($1 ->> 'until')::timestamptz$c$ END,
        CASE WHEN filter ->> 'action' = 'login' THEN $c$entry.class = 'login'$c$
             WHEN filter ->> 'action' IS NOT NULL
             THEN $c$entry.class = 'change' AND entry.action = $1 ->> 'action'$c$ END,
        CASE WHEN filter ->> 'outcome' IS NOT NULL THEN $c$entry.outcome = $1 ->> 'outcome'$c$ END,
        CASE WHEN filter ->> 'reference' IS NOT NULL
             THEN $c$entry.reference = $1 ->> 'reference'$c$ END,
        CASE WHEN filter ->> 'account' IS NOT NULL
             THEN $c$entry.account = ($1 ->> 'account')::bigint$c$
             WHEN named IS NOT NULL
             THEN $c$entry.id IN (SELECT tried.event FROM authd.audit_person AS tried
                                   WHERE tried.data ? 'claimed'
                                     AND tried.data ->> 'claimed' = $1 ->> 'login')$c$ END,
        CASE WHEN filter ->> 'sender' IS NOT NULL
             THEN $c$entry.actor = ($1 ->> 'sender')::bigint$c$
             WHEN acted IS NOT NULL
             THEN $c$entry.class = 'change' AND actor.data ->> 'name' = $1 ->> 'actor'$c$ END,
        CASE WHEN filter ->> 'domain' IS NOT NULL
             THEN $c$entry.domain = ($1 ->> 'home')::bigint$c$ END,
        CASE WHEN filter ->> 'match' IS NOT NULL
             THEN $c$strpos(lower(concat_ws(' ', entry.action, entry.reason, entry.reference,
                      subject.data ->> 'user', subject.data ->> 'claimed',
                      subject.data ->> 'client', actor.data ->> 'name', actor.data ->> 'client')),
                      $1 ->> 'match') > 0$c$ END];
    RETURN authd.audit_page(array_to_string(checks, ' AND '), filter, arguments);
END
$$;

-- authd.activity_list(actor, reach, {user, limit?, after?}) → {items, next}
-- The logins of a user and the changes that concern it or that it made, newest first. A user who
-- looks at its own does not see from where others acted.
-- Errors: AU404; AU403; AU422.
CREATE FUNCTION authd.activity_list(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_find(actor, reach, arguments);
    page  jsonb;
BEGIN
    page := authd.audit_page(
        $c$entry.account = ($1 ->> 'account')::bigint OR entry.actor = ($1 ->> 'account')::bigint$c$,
        jsonb_build_object('account', owner.id), arguments);
    IF actor ->> 'role' <> 'user' THEN
        RETURN page;
    END IF;
    RETURN page || jsonb_build_object('items', coalesce((
        SELECT jsonb_agg(CASE WHEN value -> 'actor' ->> 'user_id' = owner.id::text
                                   OR value ->> 'class' = 'login' THEN value
                              ELSE jsonb_set(value #- '{actor,client}', '{client}', 'null')
                                   || '{"peer": null}' END
                         ORDER BY n)
          FROM jsonb_array_elements(page -> 'items') WITH ORDINALITY AS item (value, n)), '[]'));
END
$$;
