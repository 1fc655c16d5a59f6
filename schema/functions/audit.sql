-- The audit: every change and every login's outcome, sealed. Rows are inserted unchained, by the
-- transaction that makes the change; their ids wait in authd.audit_pending. Each second one node reads
-- the queue, makes a digest of each row and a seal over the list of digests and the seal before, and
-- stores it (audit_seal.sql). So no writer waits for another, a row that commits late is sealed late,
-- and nothing depends on transaction ids, which start anew when a dump is restored.
--
-- What tells about a person stands in authd.audit_person, with a salt; the event has only a digest of
-- both. Erasing a person deletes those side rows, and the chain still holds. Expiry deletes the rows
-- of whole seals; the seals stay until all before them have gone.
--
-- Threat: an attacker who can write in this database (not one who runs the server while it is being
-- asked). The key of the seals is not in the database. A row that no seal covers yet is not protected.

-- authd.audit_digest(salt bytea, data jsonb) → bytea
-- The digest of a side row, which its event keeps.
CREATE OR REPLACE FUNCTION authd.audit_digest(salt bytea, data jsonb) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN pg_catalog.sha256(salt || pg_catalog.convert_to(data::text, 'UTF8'));

-- authd.audit_micros(at timestamptz) → bigint
-- Microseconds since 1970; the nearest bigint for infinite times, so that no row can keep the others
-- from being sealed or checked. (A function that is called for each row has no SET search_path, so that it
-- can be inlined; its names were resolved when it was created. It is STABLE like what it calls, or it
-- could not be inlined.)
CREATE OR REPLACE FUNCTION authd.audit_micros(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN greatest(least(extract(epoch FROM at) * 1000000, 9223372036854775807),
                -9223372036854775808)::bigint;

-- authd.audit_text(event authd.audit_event) → text
-- The text that the digest of a row is made of: all columns but the id, which is in the seal's list.
-- details is a text in it, so that JSON null differs from NULL. The first element is the version of the
-- list of columns; more columns need another version.
CREATE OR REPLACE FUNCTION authd.audit_text(event authd.audit_event) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.jsonb_build_array(
    1, authd.audit_micros(event.at), event.class, event.action, event.kind, event.object_id,
    event.account, event.domain, event.actor, event.actor_kind, event.credential, event.via,
    event.peer, event.reference, event.outcome, event.reason, event.service, event.mechanism,
    event.front, event.tls, event.count, event.details::text,
    pg_catalog.encode(event.subject_digest, 'hex'), pg_catalog.encode(event.actor_digest, 'hex'),
    event.operation, pg_catalog.encode(event.nonce, 'hex'), pg_catalog.encode(event.arguments, 'hex'),
    event.call_rows, event.call_waited, pg_catalog.encode(event.tag, 'hex')
)::text;

-- authd.audit_call_text(event authd.audit_event) → text
-- The text that the tag of a row covers, as core/audit_call.c writes it. A login's credential, peer and
-- reference are not those of the call, which records a whole batch.
CREATE OR REPLACE FUNCTION authd.audit_call_text(event authd.audit_event) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.jsonb_build_array(
    event.class, pg_catalog.encode(event.nonce, 'hex'), event.operation,
    pg_catalog.encode(event.arguments, 'hex'), event.call_rows, event.call_waited, event.actor_kind,
    CASE WHEN event.class <> 'login' THEN event.credential END, event.actor, event.via,
    CASE WHEN event.class <> 'login' THEN event.peer END,
    CASE WHEN event.class <> 'login' THEN event.reference END
)::text;

-- authd.audit_call_begin(operation text, call jsonb) → void
-- Keeps, for this transaction, the tag that authd made for the call: the rows that the transaction
-- writes into the audit store it. call: see core/audit_call.h; NULL: the rows get no tag.
CREATE OR REPLACE FUNCTION authd.audit_call_begin(operation text, call jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM set_config('authd.audit_call',
        coalesce((call || jsonb_build_object('operation', operation))::text, ''), true);
END
$$;

-- authd.audit_call() → jsonb
-- What authd.audit_call_begin() kept in this transaction; NULL: nothing.
CREATE OR REPLACE FUNCTION authd.audit_call() RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN nullif(current_setting('authd.audit_call', true), '')::jsonb;
END
$$;

-- authd.audit_person_state(event bigint, part text, digest bytea, account bigint) → text
-- none: the event has no such side row. kept. erased: its person, `account`, was erased. changed: the
-- side row does not fit its digest, or is there more than once. gone: the side row is missing.
CREATE OR REPLACE FUNCTION authd.audit_person_state(event bigint, part text, digest bytea,
                                                    account bigint) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT CASE WHEN found.rows = 1 AND found.digest = audit_person_state.digest THEN 'kept'
                WHEN found.rows > 0 THEN 'changed'
                WHEN audit_person_state.digest IS NULL THEN 'none'
                WHEN EXISTS (SELECT FROM authd.audit_event AS erased
                              WHERE erased.account = audit_person_state.account
                                AND erased.action = 'audit_erase') THEN 'erased'
                ELSE 'gone' END
      FROM (SELECT count(*) AS rows,
                   (array_agg(authd.audit_digest(person.salt, person.data)))[1] AS digest
              FROM authd.audit_person AS person
             WHERE person.event = audit_person_state.event
               AND person.part = audit_person_state.part) AS found
);

-- authd.audit_change(before jsonb, after jsonb) → jsonb
-- {before, after} with the members that differ, without what the event says anyway and without
-- secrets. A member is missing where there was no object.
CREATE OR REPLACE FUNCTION authd.audit_change(before jsonb, after jsonb) RETURNS jsonb
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
-- Records many changes by one actor in one statement. changes: [{before?, after?}, …], the objects as
-- in authd.audit_put(). Of a deleted user only the id is kept: the event must not say who it was.
CREATE OR REPLACE FUNCTION authd.audit_put_many(actor jsonb, action text, changes jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    who jsonb := jsonb_strip_nulls(jsonb_build_object(
        'name', actor -> 'name', 'login', actor -> 'login', 'role', actor -> 'role',
        'client', actor -> 'client', 'user_agent', actor -> 'user_agent'));
    call jsonb := authd.audit_call();
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
                                       subject_digest, actor_digest, operation, nonce, arguments,
                                       call_rows, call_waited, tag)
            SELECT draft.id, 'change', audit_put_many.action, draft.kind,
                   CASE WHEN draft.plain_id THEN object ->> 'id' END, draft.account,
                   CASE WHEN draft.kind = 'domain' AND draft.plain_id THEN (object ->> 'id')::bigint
                        ELSE (SELECT domain.id FROM authd.domain
                               WHERE domain.name = object ->> 'domain') END,
                   (audit_put_many.actor ->> 'account')::bigint, audit_put_many.actor ->> 'kind',
                   audit_put_many.actor ->> 'credential', audit_put_many.actor ->> 'via',
                   audit_put_many.actor ->> 'peer', audit_put_many.actor ->> 'reference',
                   authd.audit_digest(subject_salt, subject),
                   CASE WHEN who <> '{}' THEN authd.audit_digest(actor_salt, who) END,
                   call ->> 'operation', decode(call ->> 'nonce', 'hex'),
                   decode(call ->> 'arguments', 'hex'), (call ->> 'rows')::int,
                   (call ->> 'waited')::bigint, decode(call ->> 'tag', 'hex')
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
-- Records a change. Kind, id, user and domain are those of the objects. before NULL: the object was
-- created. after NULL: it was deleted.
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
-- Records what authd did by itself, such as audit_expire, audit_erase and audit_lost.
CREATE OR REPLACE FUNCTION authd.audit_own(action text, account bigint, details jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    call jsonb := authd.audit_call();
BEGIN
    WITH event AS (
        INSERT INTO authd.audit_event (class, action, account, actor_kind, details, operation, nonce,
                                       arguments, call_rows, call_waited, tag)
            VALUES ('change', audit_own.action, audit_own.account, 'authd', audit_own.details,
                    call ->> 'operation', decode(call ->> 'nonce', 'hex'),
                    decode(call ->> 'arguments', 'hex'), (call -> 'own' ->> 'rows')::int,
                    (call ->> 'waited')::bigint, decode(call -> 'own' ->> 'tag', 'hex'))
            RETURNING id
    )
    INSERT INTO authd.audit_pending (class, events) SELECT 'change', ARRAY[id] FROM event;
END
$$;

-- authd.audit_erase(account bigint) → bigint
-- Deletes what the audit says about a person, as the one whom an event concerns and as the one who
-- acted, and records that. How many side rows were deleted.
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

-- authd.audit_logins(batch jsonb, waited bigint, call jsonb) → int
-- Records the outcomes of logins, and how many were lost. Does not wait for the disk. How many rows
-- were recorded, with a row audit_lost; NULL for a batch that was recorded before. waited:
-- milliseconds since the batch was made. call: see authd.audit_call_begin().
--   {node, number: rising with each batch of a node, lost: number or 0, logins: [{age (ms), outcome,
--    reason, user, account or 0, credential, client, peer, service, mechanism, front, tls,
--    reference, count}, …]}
CREATE OR REPLACE FUNCTION authd.audit_logins(batch jsonb, waited bigint, call jsonb)
RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    recorded int;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM authd.audit_call_begin('audit_logins', call);
    INSERT INTO authd.audit_batch AS last (node, number)
        VALUES (batch ->> 'node', (batch ->> 'number')::bigint)
        ON CONFLICT (node) DO UPDATE SET number = excluded.number, at = excluded.at
        WHERE last.number < excluded.number;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF (batch ->> 'lost')::bigint > 0 THEN
        PERFORM authd.audit_own('audit_lost', NULL,
            jsonb_build_object('logins', batch -> 'lost', 'node', batch -> 'node'));
    END IF;
    WITH login AS (
        SELECT login.*, coalesce(nullif(login.account, 0), named.id) AS owner,
               coalesce(known.domain, named.domain, domain.id) AS home,
               login.account <> 0 AND known.id IS NULL AS gone -- a user deleted since: nothing is kept
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
                                       mechanism, front, tls, count, subject_digest, operation,
                                       nonce, arguments, call_rows, call_waited, tag)
            SELECT id, authd.now() - (age + waited) * interval '1 ms', 'login', 'login',
                   CASE WHEN owner IS NOT NULL THEN 'user' END, owner::text, owner, home, credential,
                   peer, reference, outcome, reason, service, mechanism, front, tls, count,
                   authd.audit_digest(salt, subject), 'audit_logins', decode(call ->> 'nonce', 'hex'),
                   decode(call ->> 'arguments', 'hex'), (call ->> 'rows')::int,
                   (call ->> 'waited')::bigint, decode(call ->> 'tag', 'hex')
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
GRANT EXECUTE ON FUNCTION authd.audit_logins(jsonb, bigint, jsonb) TO authd_service;
