-- Sealing and expiring the audit; see audit.sql.

-- authd.audit_span(lowest bigint, highest bigint) → int8range
-- From the lowest to the highest id, both included. A range cannot end with the highest bigint, so the
-- number below stands for that one.
CREATE OR REPLACE FUNCTION authd.audit_span(lowest bigint, highest bigint) RETURNS int8range
LANGUAGE sql IMMUTABLE
RETURN int8range(least(lowest, 9223372036854775806), least(highest, 9223372036854775806), '[]');

-- authd.audit_sealable(entry authd.audit_pending) → boolean
-- Whether a seal can take an entry of the queue. authd puts no other entries there; a check names them.
CREATE OR REPLACE FUNCTION authd.audit_sealable(entry authd.audit_pending) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN coalesce(entry.id IS NOT NULL AND entry.class IN ('change', 'login')
                AND cardinality(entry.events) BETWEEN 1 AND 1000, false);

-- authd.audit_unsealed(bound int)
--     → (number, previous, class, at, drained, since, pending, listed, content, … of audit_facts())
-- The rows of the next seal, of one class, about `bound` at most (at least one entry's). Each comes
-- with the seal's number, the MAC before it in hex, class and time, the queue entry of the row, the id
-- that the entry lists, and what authd.audit_facts() says; its members are NULL if the row was deleted.
-- No rows: nothing waits.
--   at       now; later if rows are that much younger, by a minute at most, because the server's clock
--            was set back
--   drained  when the queue was last seen empty but for the rows of a seal: now, if this seal takes all
--   since    `drained` of the seal before; NULL: this is the first seal
CREATE OR REPLACE FUNCTION authd.audit_unsealed(bound int)
RETURNS TABLE (number bigint, previous text, class text, at bigint, drained bigint, since bigint,
               pending bigint, listed bigint, content text, "time" text, action text, row_class text,
               row_at bigint, operation text, waited bigint, call text, tag text, nonce text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    head   authd.audit_seal;
    taken  bigint[]; -- entries
    ids    bigint[];
    latest bigint := authd.audit_micros(authd.now());
    newest bigint;
    whole  boolean;  -- the seal takes all that waits
BEGIN
    SELECT * INTO head FROM authd.audit_seal AS seal WHERE seal.number IS NOT NULL
     ORDER BY seal.number DESC LIMIT 1;
    SELECT array_agg(queue.id ORDER BY queue.id) INTO taken
      FROM (SELECT waiting.id, cardinality(waiting.events) AS size,
                   sum(cardinality(waiting.events)) OVER (ORDER BY waiting.id) AS upto
              FROM (SELECT * FROM authd.audit_pending AS queued
                     WHERE authd.audit_sealable(queued)
                       AND queued.class = (SELECT oldest.class FROM authd.audit_pending AS oldest
                                            WHERE authd.audit_sealable(oldest)
                                            ORDER BY oldest.id LIMIT 1)
                     ORDER BY queued.id LIMIT bound) AS waiting) AS queue
     WHERE queue.upto <= bound OR queue.upto = queue.size;
    SELECT array_agg(item) INTO ids
      FROM authd.audit_pending AS entry, unnest(entry.events) AS item WHERE entry.id = ANY (taken);
    whole := NOT EXISTS (SELECT FROM authd.audit_pending AS other
                          WHERE authd.audit_sealable(other) AND other.id <> ALL (taken));
    SELECT max(authd.audit_micros(event.at)) INTO newest
      FROM authd.audit_event AS event
     WHERE event.id = ANY (ids) AND event.at BETWEEN authd.now() AND authd.now() + interval '1 minute';
    latest := greatest(latest, newest);
    RETURN QUERY
        SELECT coalesce(head.number, 0) + 1, coalesce(encode(head.mac, 'hex'), repeat('0', 64)),
               entry.class, latest, CASE WHEN whole THEN latest ELSE coalesce(head.drained, 0) END,
               head.drained, entry.id, coalesce(item.id, 0), fact.content, fact.time, fact.action,
               fact.class, fact.at, fact.operation, fact.waited, fact.call, fact.tag, fact.nonce
          FROM authd.audit_pending AS entry
         CROSS JOIN unnest(entry.events) WITH ORDINALITY AS item (id, n)
          LEFT JOIN authd.audit_facts(ids, false) AS fact ON fact.id = item.id
         WHERE entry.id = ANY (taken)
         ORDER BY entry.id, item.n;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_unsealed(int) TO authd_service;

-- authd.audit_seal_put(seal jsonb) → boolean
-- Puts a seal at the end of the chain and takes its rows off the queue. False: another node was first;
-- nothing was done.
--   {number, previous, class, at, drained, list, key, mac, ids: [id, …], digests: hex,
--    pending: [id, …]}
-- Errors: AU409 some of the rows wait no longer.
CREATE OR REPLACE FUNCTION authd.audit_seal_put(seal jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    row_ids bigint[] := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(seal -> 'ids'));
    queued  bigint[] := ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(seal -> 'pending'));
    head    bytea := (SELECT mac FROM authd.audit_seal WHERE number IS NOT NULL
                       ORDER BY number DESC LIMIT 1);
    gone    bigint;
BEGIN
    IF coalesce(encode(head, 'hex'), repeat('0', 64)) <> seal ->> 'previous' THEN
        RETURN false;
    END IF;
    INSERT INTO authd.audit_seal (number, previous, class, at, drained, count, list, key, mac, ids,
                                  digests, span)
        SELECT (seal ->> 'number')::bigint, decode(seal ->> 'previous', 'hex'), seal ->> 'class',
               (seal ->> 'at')::bigint, (seal ->> 'drained')::bigint, cardinality(row_ids),
               decode(seal ->> 'list', 'hex'), seal ->> 'key', decode(seal ->> 'mac', 'hex'), row_ids,
               decode(seal ->> 'digests', 'hex'), authd.audit_span(min(id), max(id))
          FROM unnest(row_ids) AS id
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM authd.audit_pending WHERE id = ANY (queued);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone < cardinality(queued) THEN
        RAISE EXCEPTION USING ERRCODE = 'AU409',
            MESSAGE = format('of %s entries of the audit''s queue %s are there',
                             cardinality(queued), gone),
            HINT = 'Read the queue again.';
    END IF;
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_seal_put(jsonb) TO authd_service;

-- authd.audit_horizon(class text) → bigint
-- Rows of this class in seals before this time, in microseconds, have expired; 0: none.
CREATE OR REPLACE FUNCTION authd.audit_horizon(class text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT coalesce(max(authd.audit_detail(event.details, 'before')), 0) FROM authd.audit_event AS event
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

-- authd.audit_expire(class text, seconds bigint, bound int, call jsonb) → int
-- Deletes the rows of the seals of a class that are older, in whole hours, and records up to when;
-- about `bound` rows at most (at least one seal's). How many were deleted: if any, ask again.
-- call: see authd.audit_call_begin().
-- Errors: AU422 less than a day: an intrusion could not be noticed in time.
CREATE OR REPLACE FUNCTION authd.audit_expire(class text, seconds bigint, bound int, call jsonb)
RETURNS int
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
    PERFORM authd.audit_call_begin('audit_expire', call);
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
    UPDATE authd.audit_seal AS seal SET ids = NULL, digests = NULL, span = NULL
     WHERE seal.number = ANY (numbers);
    DELETE FROM authd.audit_batch WHERE at < authd.now() - interval '7 days';
    RETURN cardinality(row_ids);
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_expire(text, bigint, int, jsonb) TO authd_service;

-- authd.audit_prune(bound int, call jsonb) → int
-- Deletes seals from the beginning of the chain that have no rows any more and are older than every
-- class is kept, and records where the chain then begins. How many were deleted.
-- call: see authd.audit_call_begin().
CREATE OR REPLACE FUNCTION authd.audit_prune(bound int, call jsonb) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    horizon bigint := least(authd.audit_horizon('change'), authd.audit_horizon('login'));
    begins  authd.audit_seal;
    drained bigint;
    gone    int;
BEGIN
    PERFORM authd.audit_call_begin('audit_prune', call);
    WITH past AS (DELETE FROM authd.audit_seal WHERE number IN (
        SELECT first.number
          FROM (SELECT seal.number, bool_and(seal.ids IS NULL AND seal.at < horizon)
                                    OVER (ORDER BY seal.number) AS past
                  FROM authd.audit_seal AS seal ORDER BY seal.number LIMIT bound) AS first
         WHERE first.past
           AND first.number < (SELECT max(last.number) FROM authd.audit_seal AS last))
        RETURNING audit_seal.number, audit_seal.drained)
    SELECT count(*), (array_agg(past.drained ORDER BY past.number DESC))[1] INTO gone, drained FROM past;
    SELECT * INTO begins FROM authd.audit_seal ORDER BY number LIMIT 1;
    IF gone > 0 THEN
        PERFORM authd.audit_own('audit_expire', NULL,
            jsonb_build_object('class', 'seals', 'begins', begins.number,
                               'previous', encode(begins.previous, 'hex'),
                               'drained', drained));
    END IF;
    RETURN gone;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_prune(int, jsonb) TO authd_service;
