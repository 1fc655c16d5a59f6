-- Sealing, checking and expiring the audit; see audit.sql.

-- authd.audit_unsealed(bound int) → (number, previous, class, at, pending, id, content)
-- The rows of the next seal, of one class, about `bound` at most (at least one statement's). Each
-- comes with the seal's number, the MAC before it in hex, class and time, the queue entry of the row,
-- and its text; NULL if the row was deleted. No rows: nothing waits.
CREATE OR REPLACE FUNCTION authd.audit_unsealed(bound int)
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
-- Puts a seal at the end of the chain and takes its rows off the queue. False: another node was first;
-- nothing was done.
--   {number, previous, class, at, list, key, mac, ids: [id, …], digests: hex, pending: [id, …]}
-- Errors: AU409 some of the rows wait no longer.
CREATE OR REPLACE FUNCTION authd.audit_seal_put(seal jsonb) RETURNS boolean
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

-- authd.audit_state() → jsonb
-- The start of a check of the chain:
--   pending   rows that no seal covers
--   horizon   {change, login}: see authd.audit_horizon()
--   first     the number that the chain must begin with
--   previous  the MAC before that
--   head      {number, mac} or null
CREATE OR REPLACE FUNCTION authd.audit_state() RETURNS jsonb
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

-- authd.audit_seals(after bigint) → the seals after that number, at most 500, octets in hex.
-- kept: the seal still has its list of rows.
CREATE OR REPLACE FUNCTION authd.audit_seals(after bigint)
RETURNS TABLE (number bigint, previous text, class text, at bigint, count bigint, list text, key text,
               mac text, kept boolean)
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

-- authd.audit_rows(first bigint, last bigint) → the rows of the seals of a range, in order:
-- (seal, id, digest: as the seal has it, content: text of the row, NULL if it is missing, at, action,
-- subject and actor: see authd.audit_person_state())
CREATE OR REPLACE FUNCTION authd.audit_rows(first bigint, last bigint)
RETURNS TABLE (seal bigint, id bigint, digest text, content text, at text, action text, subject text,
               actor text)
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
-- Looks through `bound` rows above an id: {upto: id of the last, null: there are no more; rows: [{id,
-- at, action} of those that are in no seal and do not wait for one]}.
CREATE OR REPLACE FUNCTION authd.audit_unlisted(after bigint, bound int) RETURNS jsonb
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

-- authd.audit_horizon(class text) → bigint
-- Rows of this class in seals before this time, in microseconds, have expired; 0: none.
CREATE OR REPLACE FUNCTION authd.audit_horizon(class text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT coalesce(max((event.details ->> 'before')::bigint), 0) FROM authd.audit_event AS event
     WHERE event.action = 'audit_expire' AND event.details ->> 'class' = audit_horizon.class
$$;

-- authd.audit_sweep() → void
-- Erases once more: a batch of logins may have been on its way while its user was erased.
CREATE OR REPLACE FUNCTION authd.audit_sweep() RETURNS void
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
-- Deletes the rows of the seals of a class that are older, in whole hours, and records up to when;
-- about `bound` rows at most (at least one seal's). How many were deleted: if any, ask again.
-- Errors: AU422 less than a day: an intrusion could not be noticed in time.
CREATE OR REPLACE FUNCTION authd.audit_expire(class text, seconds bigint, bound int) RETURNS int
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
-- Deletes seals from the beginning of the chain that have no rows any more and are older than every
-- class is kept, and records where the chain then begins. How many were deleted.
CREATE OR REPLACE FUNCTION authd.audit_prune(bound int) RETURNS int
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
