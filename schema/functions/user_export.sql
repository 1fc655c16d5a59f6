-- The export of a user, and the user's activity: what is stored about a person.

-- authd.export_items(actor, reach, list text, arguments jsonb) → jsonb
-- All items of a list operation, which answers page by page. Bounds: 20,000 items.
-- Errors: those of the operation.
CREATE OR REPLACE FUNCTION authd.export_items(actor jsonb, reach bigint[], list text, arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    page  jsonb;
    items jsonb := '[]';
BEGIN
    LOOP
        EXECUTE format('SELECT authd.%I($1, $2, $3)', list) INTO page USING actor, reach, arguments;
        items := items || (page -> 'items');
        EXIT WHEN coalesce(page -> 'next', 'null') = 'null' OR jsonb_array_length(items) >= 20000;
        arguments := arguments || jsonb_build_object('after', page -> 'next', 'limit', 1000);
    END LOOP;
    RETURN items;
END
$$;

-- authd.user_export(actor, reach, {user}) → {"kind": "export", "made_at", "user": user object,
--     "sessions": […], "reset_links": […], "reset_mails": […], "api_keys": […] | null,
--     "app_passwords": […], "totp": totp object, "totp_tickets": […], "wrong_codes": […],
--     "activity": […], "scope": document | null}
-- All that is stored about a person, without hashes, seeds and keys. api_keys is null for a caller that
-- is an API key, because no API key sees API keys.
-- Bounds: 20,000 items of each list, the newest.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.user_export(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_find(actor, reach, arguments);
    whom   jsonb := jsonb_build_object('user', owner.id::text);
    answer jsonb := jsonb_build_object(
        'kind', 'export',
        'made_at', authd.rfc3339(authd.now()),
        'user', authd.account_object(owner)
                || jsonb_build_object('last_login_address', host(owner.last_login_address)),
        'sessions', authd.export_items(actor, reach, 'session_list', whom),
        'reset_links', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                   'created_at', authd.rfc3339(created_at),
                                   'expires_at', authd.rfc3339(expires_at))), '[]')
                          FROM authd.reset_link WHERE account = owner.id),
        'reset_mails', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                   'created_at', authd.rfc3339(created_at))
                                   ORDER BY created_at), '[]')
                          FROM authd.reset_mail WHERE account = owner.id),
        'api_keys', CASE WHEN actor ->> 'kind' <> 'api-key' THEN (
            SELECT coalesce(jsonb_agg(authd.api_key_object(held) ORDER BY held.id), '[]')
              FROM authd.api_key AS held WHERE held.owner = owner.id) END,
        'app_passwords', authd.export_items(actor, reach, 'app_password_list', whom),
        'totp', authd.totp_object(owner),
        'totp_tickets', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                    'created_at', authd.rfc3339(created_at),
                                    'expires_at', authd.rfc3339(expires_at))), '[]')
                           FROM authd.totp_ticket WHERE account = owner.id),
        'wrong_codes', (SELECT coalesce(jsonb_agg(authd.rfc3339(one) ORDER BY one), '[]')
                          FROM authd.wrong_codes, unnest(at) AS one WHERE account = owner.id),
        'activity', authd.export_items(actor, reach, 'activity_list', whom),
        'scope', authd.scope_get(actor, reach, whom || '{"level": "user"}') -> 'document');
BEGIN
    RETURN answer;
END
$$;

-- authd.activity_list(actor, reach, {user, limit?, after?}) → {items, next}
-- The logins of a user, and the changes that concern the user, newest first; also the changes that the
-- user made, as far as the caller reaches what was changed: they may be from the time of another role.
-- A caller with the role user does not see the addresses of others who acted.
-- Errors: AU404; AU403; AU422.
CREATE OR REPLACE FUNCTION authd.activity_list(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.account_find(actor, reach, arguments);
    page  jsonb;
BEGIN
    page := authd.audit_page(
        $c$entry.account = ($1 ->> 'account')::bigint
           OR entry.actor = ($1 ->> 'account')::bigint
              AND ($1 -> 'reach' = 'null' OR $1 -> 'reach' @> to_jsonb(entry.domain))$c$,
        jsonb_build_object('account', owner.id, 'reach', reach), arguments);
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
