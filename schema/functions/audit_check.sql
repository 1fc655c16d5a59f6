-- Checking the audit; see audit.sql. authd compares what these functions return with the seals, the tags
-- and each other (authd/audit/audit_chain.h).
--
-- Threat: an attacker who can write in the database, also as its owner: no constraint holds, a column may
-- be NULL or infinite, a key may occur twice. What the functions return must name such a row, and must not
-- be an error, which would leave everything else unchecked.

-- authd.audit_nonces(nonces bytea[]) → (nonce, flaw)
-- flaw: rows: more rows of one action have the nonce than its call writes; calls: rows of two calls have
-- the nonce; NULL: neither. The changes of one call have one time, that of the transaction.
CREATE OR REPLACE FUNCTION authd.audit_nonces(nonces bytea[]) RETURNS TABLE (nonce bytea, flaw text)
LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT one.nonce,
               CASE WHEN bool_or(one.total > one.bound) THEN 'rows'
                    WHEN min(one.first_operation) <> max(one.last_operation)
                      OR min(one.first_wait) <> max(one.last_wait)
                      OR min(one.first_change) <> max(one.last_change) THEN 'calls' END
          FROM (SELECT event.nonce, event.action, count(*) AS total, min(event.call_rows) AS bound,
                       min(event.operation) AS first_operation, max(event.operation) AS last_operation,
                       min(event.call_waited) AS first_wait, max(event.call_waited) AS last_wait,
                       min(event.at) FILTER (WHERE event.class = 'change') AS first_change,
                       max(event.at) FILTER (WHERE event.class = 'change') AS last_change
                  FROM authd.audit_event AS event WHERE event.nonce = ANY (nonces)
                 GROUP BY event.nonce, event.action) AS one
         GROUP BY one.nonce;
END
$$;

-- authd.audit_facts(ids bigint[], people boolean) → for each event of these ids, what a check compares:
--   id
--   content            the text of the row
--   time, action       for people
--   class
--   at                 microseconds since 1970
--   operation, waited  of the call that wrote the row
--   call               the text that the tag covers
--   tag                in hex; NULL: the row has none
--   nonce              see authd.audit_nonces()
--   subject, actor     see authd.audit_person_state(); NULL unless `people`
CREATE OR REPLACE FUNCTION authd.audit_facts(ids bigint[], people boolean)
RETURNS TABLE (id bigint, content text, "time" text, action text, class text, at bigint, operation text,
               waited bigint, call text, tag text, nonce text, subject text, actor text)
LANGUAGE plpgsql STABLE ROWS 1000 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        WITH used AS MATERIALIZED (
            SELECT * FROM authd.audit_nonces(ARRAY(
                SELECT DISTINCT called.nonce FROM authd.audit_event AS called
                 WHERE called.id = ANY (ids)))
        )
        SELECT event.id, authd.audit_text(event),
               coalesce(to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'no time'),
               coalesce(event.action, 'no action'), event.class,
               coalesce(authd.audit_micros(event.at), -9223372036854775808), event.operation,
               coalesce(event.call_waited, 0), authd.audit_call_text(event), encode(event.tag, 'hex'),
               used.flaw,
               CASE WHEN people THEN authd.audit_person_state(event.id, 'subject',
                                                              event.subject_digest, event.account) END,
               CASE WHEN people THEN authd.audit_person_state(event.id, 'actor', event.actor_digest,
                                                              event.actor) END
          FROM authd.audit_event AS event LEFT JOIN used ON used.nonce = event.nonce
         WHERE event.id = ANY (ids);
END
$$;

-- authd.audit_detail(details jsonb, name text) → bigint
-- A number in the details of an event; NULL if there is none, because an event that was changed must
-- not keep the others from being checked.
CREATE OR REPLACE FUNCTION authd.audit_detail(details jsonb, name text) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN details ->> name ~ '^[0-9]{1,18}$' THEN (details ->> name)::bigint END;

-- authd.audit_state() → jsonb
-- The start of a check of the chain:
--   pending   rows that no seal covers
--   time      now, in microseconds since 1970
--   horizon   {change, login}: see authd.audit_horizon()
--   first     the number that the chain must begin with
--   previous  the MAC before that
--   drained   authd.audit_unsealed()'s `drained` of the seal before; null: that was not recorded
--   strays    numbers of seals before the first, at most 100; null: a seal without a number
--   since     `drained` of the last seal, or null
CREATE OR REPLACE FUNCTION authd.audit_state() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    pruned jsonb := (SELECT details FROM authd.audit_event
                      WHERE action = 'audit_expire' AND details ->> 'class' = 'seals'
                      ORDER BY authd.audit_detail(details, 'begins') DESC NULLS LAST LIMIT 1);
    first  bigint := coalesce(authd.audit_detail(pruned, 'begins'), 1);
BEGIN
    RETURN jsonb_build_object(
        'pending', (SELECT coalesce(sum(cardinality(events)), 0) FROM authd.audit_pending),
        'time', authd.audit_micros(authd.now()),
        'horizon', jsonb_build_object('change', authd.audit_horizon('change'),
                                      'login', authd.audit_horizon('login')),
        'first', first,
        'previous', CASE WHEN pruned ->> 'previous' ~ '^[0-9a-f]{64}$' THEN pruned ->> 'previous'
                         ELSE repeat('0', 64) END,
        'drained', authd.audit_detail(pruned, 'drained'),
        'strays', (SELECT coalesce(jsonb_agg(stray.number), '[]')
                     FROM (SELECT seal.number FROM authd.audit_seal AS seal
                            WHERE seal.number < first
                            UNION ALL
                           SELECT NULL FROM authd.audit_seal AS seal WHERE seal.number IS NULL
                            LIMIT 100) AS stray),
        'since', (SELECT seal.drained FROM authd.audit_seal AS seal WHERE seal.number IS NOT NULL
                   ORDER BY seal.number DESC LIMIT 1));
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_state() TO authd_service;

-- authd.audit_hex(octets bytea) → text
-- A MAC or digest in hex; empty for NULL and for another length.
CREATE OR REPLACE FUNCTION authd.audit_hex(octets bytea) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN octet_length(octets) = 32 THEN encode(octets, 'hex') ELSE '' END;

-- authd.audit_seals(after bigint) → the seals after that number, at most 500, octets in hex.
--   rows   how many rows the seal lists; NULL: it has no list, or one that authd never makes
--   whole  what the seal's MAC does not cover fits: the lengths of its lists, and their span
--   since  `drained` of the seal before; NULL: that seal is not there
CREATE OR REPLACE FUNCTION authd.audit_seals(after bigint)
RETURNS TABLE (number bigint, previous text, class text, at bigint, count bigint, list text, key text,
               mac text, drained bigint, rows bigint, whole boolean, since bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 500 SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT seal.number, authd.audit_hex(seal.previous), coalesce(seal.class, ''),
               coalesce(seal.at, -1), coalesce(seal.count, -1), authd.audit_hex(seal.list),
               coalesce(seal.key, ''), authd.audit_hex(seal.mac), coalesce(seal.drained, -1),
               CASE WHEN cardinality(seal.ids) BETWEEN 1 AND 1000 AND seal.digests IS NOT NULL
                    THEN cardinality(seal.ids)::bigint END,
               CASE WHEN seal.ids IS NULL THEN seal.digests IS NULL AND seal.span IS NULL
                    ELSE coalesce(octet_length(seal.digests) = 32 * cardinality(seal.ids)
                                  AND seal.span = (SELECT authd.audit_span(min(item), max(item))
                                                     FROM unnest(seal.ids) AS item), false) END,
               (SELECT max(before.drained) FROM authd.audit_seal AS before
                 WHERE before.number = seal.number - 1)
          FROM authd.audit_seal AS seal
         WHERE seal.number > after ORDER BY seal.number LIMIT 500;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_seals(bigint) TO authd_service;

-- authd.audit_rows(first bigint, last bigint) → the rows of the seals of a range, in order:
--   seal, listed  the number of the seal, and the id that it lists
--   digest        of the row when it was sealed, in hex
--   the others    see authd.audit_facts(); NULL: the row is missing
CREATE OR REPLACE FUNCTION authd.audit_rows(first bigint, last bigint)
RETURNS TABLE (seal bigint, listed bigint, digest text, content text, "time" text, action text,
               class text, at bigint, operation text, waited bigint, call text, tag text, nonce text,
               subject text, actor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    wanted bigint[] := ARRAY(SELECT item FROM authd.audit_seal AS sealed, unnest(sealed.ids) AS item
                              WHERE sealed.number BETWEEN first AND last
                                AND cardinality(sealed.ids) <= 1000);
BEGIN
    RETURN QUERY
        SELECT sealed.number, coalesce(item.id, 0),
               encode(substr(sealed.digests, (32 * (item.n - 1) + 1)::int, 32), 'hex'), fact.content,
               fact.time, fact.action, fact.class, fact.at, fact.operation, fact.waited, fact.call,
               fact.tag, fact.nonce, fact.subject, fact.actor
          FROM authd.audit_seal AS sealed
         CROSS JOIN unnest(sealed.ids) WITH ORDINALITY AS item (id, n)
          LEFT JOIN authd.audit_facts(wanted, true) AS fact ON fact.id = item.id
         WHERE sealed.number BETWEEN first AND last AND cardinality(sealed.ids) <= 1000
           AND sealed.digests IS NOT NULL
         ORDER BY sealed.number, item.n;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_rows(bigint, bigint) TO authd_service;

-- authd.audit_waiting(after bigint, bound int) → the rows of the queue's entries above an id, of
-- `bound` entries, in order; after NULL: from the start.
--   queue       the id of the entry; NULL: it has none
--   entry       the class of the entry; NULL: a seal cannot take the entry, and its rows are not listed
--   listed      the id that the entry lists
--   the others  see authd.audit_facts(); NULL: the row is missing
CREATE OR REPLACE FUNCTION authd.audit_waiting(after bigint, bound int)
RETURNS TABLE (queue bigint, entry text, listed bigint, content text, "time" text, action text,
               class text, at bigint, operation text, waited bigint, call text, tag text, nonce text,
               subject text, actor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    entries authd.audit_pending[] := ARRAY(
        SELECT waiting FROM authd.audit_pending AS waiting
         WHERE after IS NULL OR waiting.id > after ORDER BY waiting.id NULLS FIRST LIMIT bound);
    ids     bigint[] := ARRAY(
        SELECT item FROM unnest(entries) AS waiting,
               unnest(CASE WHEN authd.audit_sealable(waiting) THEN waiting.events END) AS item);
BEGIN
    RETURN QUERY
        SELECT waiting.id, CASE WHEN authd.audit_sealable(waiting) THEN waiting.class END,
               coalesce(item.id, 0), fact.content, fact.time, fact.action, fact.class, fact.at,
               fact.operation, fact.waited, fact.call, fact.tag, fact.nonce, fact.subject, fact.actor
          FROM unnest(entries) AS waiting
          LEFT JOIN LATERAL unnest(CASE WHEN authd.audit_sealable(waiting) THEN waiting.events END)
                    WITH ORDINALITY AS item (id, n) ON true
          LEFT JOIN authd.audit_facts(ids, true) AS fact ON fact.id = item.id
         ORDER BY waiting.id NULLS FIRST, item.n;
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_waiting(bigint, int) TO authd_service;

-- authd.audit_strays(lowest bigint, highest bigint, bound int) → (id, at, action, kind)
-- What there is between two ids, both included, that nothing accounts for, at most `bound`:
--   added         an event that no seal and no entry of the queue lists
--   twice         an event that is listed twice, or two events of one id
--   person-added  a side row of no event that is there or listed, or one that is neither of the subject
--                 nor of the actor
-- Unlike NOT IN, the joins are not blinded by a NULL in a list.
CREATE OR REPLACE FUNCTION authd.audit_strays(lowest bigint, highest bigint, bound int)
RETURNS TABLE (id bigint, at timestamptz, action text, kind text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
        WITH listed AS (
            SELECT one.id, count(*) AS times
              FROM (SELECT unnest(seal.ids) AS id FROM authd.audit_seal AS seal
                     WHERE seal.ids IS NOT NULL AND seal.span && authd.audit_span(lowest, highest)
                     UNION ALL
                    SELECT unnest(entry.events) FROM authd.audit_pending AS entry) AS one
             WHERE one.id BETWEEN lowest AND highest GROUP BY one.id
        ), event AS (
            SELECT held.id, min(held.at) AS at, min(held.action) AS action, count(*) AS times
              FROM authd.audit_event AS held WHERE held.id BETWEEN lowest AND highest
             GROUP BY held.id
        )
        (SELECT event.id, event.at, event.action,
                CASE WHEN listed.times IS NULL THEN 'added' ELSE 'twice' END
           FROM event LEFT JOIN listed USING (id)
          WHERE listed.times IS NULL OR listed.times > 1 OR event.times > 1
          ORDER BY event.id LIMIT bound)
         UNION ALL
        (SELECT person.event, NULL, person.part, 'person-added'
           FROM authd.audit_person AS person
           LEFT JOIN event ON event.id = person.event LEFT JOIN listed ON listed.id = person.event
          WHERE person.event BETWEEN lowest AND highest
            AND (coalesce(event.id, listed.id) IS NULL OR (person.part IN ('subject', 'actor')) IS NOT TRUE)
          ORDER BY person.event LIMIT bound);
END
$$;

-- authd.audit_unlisted(after bigint, bound int) → jsonb
-- Looks through `bound` events above an id; after NULL: from the start, with what has no id: {upto: id
-- of the last, null: there are no more; rows: [{id, at, action, kind}, …] as authd.audit_strays() says}.
CREATE OR REPLACE FUNCTION authd.audit_unlisted(after bigint, bound int) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    lowest bigint := coalesce(after + 1, -9223372036854775808);
    upto   bigint;
    found  jsonb;
BEGIN
    SELECT max(page.id) INTO upto
      FROM (SELECT id FROM authd.audit_event WHERE id >= lowest ORDER BY id LIMIT bound) AS page;
    SELECT jsonb_agg(jsonb_build_object('id', stray.id, 'at', authd.rfc3339(stray.at),
                                        'action', stray.action, 'kind', stray.kind)) INTO found
      FROM (SELECT * FROM authd.audit_strays(lowest, coalesce(upto, 9223372036854775807), bound)
             UNION ALL
            (SELECT NULL, event.at, event.action, 'added' FROM authd.audit_event AS event
              WHERE after IS NULL AND event.id IS NULL LIMIT bound)
             UNION ALL
            (SELECT NULL, NULL, person.part, 'person-added' FROM authd.audit_person AS person
              WHERE after IS NULL AND person.event IS NULL LIMIT bound)) AS stray;
    RETURN jsonb_build_object('upto', CASE WHEN upto < 9223372036854775807 THEN upto END,
                              'rows', coalesce(found, '[]'));
END
$$;
GRANT EXECUTE ON FUNCTION authd.audit_unlisted(bigint, int) TO authd_service;
