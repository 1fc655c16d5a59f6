-- Reading the audit. The audit event object: {kind: "audit-event", id, time, class, action, outcome,
-- reason, count, actor: {kind, name, login, user_id, role, credential, client}, object: {kind, id},
-- user, user_id, domain, client, peer, via, service, mechanism, front, tls, reference, before, after,
-- details, erased (whether a part of it was about a person who was erased)}.

-- authd.audit_item(event authd.audit_event, subject jsonb, actor jsonb) → jsonb
-- The audit event object. subject and actor: data of the side rows, NULL if there are none.
CREATE OR REPLACE FUNCTION authd.audit_item(event authd.audit_event, subject jsonb, actor jsonb)
RETURNS jsonb
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

-- authd.audit_page(condition text, filter jsonb, arguments jsonb) → {items, next}
-- The events for which `condition` holds. condition: an SQL expression, made by authd's functions
-- alone, over entry and the side rows subject and actor; it finds its values in `filter`, as $1.
-- arguments: {sort?: id | -id, limit?, after?}; newest first by default.
CREATE OR REPLACE FUNCTION authd.audit_page(condition text, filter jsonb, arguments jsonb)
RETURNS jsonb
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
-- The audit. since is included, until is not. actor: a login, an id, or the name of a caller without
-- an account ("root (uid 0)"). user: a login or an id, also a login that was tried and that no account
-- has. match: part of action, reason, names or address. A caller who does not reach the whole site
-- sees the events of the domains within reach.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.audit_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    filter jsonb := jsonb_build_object(
        'since', authd.argument_time(arguments, 'since', '2026-03-01T12:00:00Z'),
        'until', authd.argument_time(arguments, 'until', '2026-03-01T12:00:00Z'),
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
