-- Settings that are imposed: who has set them is kept as a rank, so that a lower rank cannot take back
-- what a higher one wants. Values with an order (the policy of second factors, the day from which it
-- binds) are kept for each rank, and the strictest holds. Of values without an order (class, sending
-- scope, suspension) there is one, which only the rank that has set it, or a higher one, changes.
--
-- Kept values by rank are an object, {"5": "optional", "2": "required"}. A value of a rank replaces
-- those of the same rank and below: who is above may loosen, who is below may only tighten. A value that
-- tightens nothing is not kept: it would come into force unseen when the higher rank takes its own back.

-- authd.setting_rank(actor jsonb, reach bigint[]) → int
-- The rank under which a caller's settings are kept: the caller's own; of a caller who does not reach
-- the whole site, at most a domain administrator's.
CREATE OR REPLACE FUNCTION authd.setting_rank(actor jsonb, reach bigint[]) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT CASE WHEN reach IS NULL THEN (actor ->> 'rank')::int
                ELSE least((actor ->> 'rank')::int, authd.role_rank('domain-admin')) END
$$;

-- authd.imposed_check(actor jsonb, reach bigint[], setter int, what text) → void
-- setter: the rank that has set a value, NULL: none has. what: begins the message, "alice@example.org
-- was suspended".
-- Errors: AU403 the value was set by a rank above the caller's.
CREATE OR REPLACE FUNCTION authd.imposed_check(actor jsonb, reach bigint[], setter int, what text)
RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF setter > authd.setting_rank(actor, reach) THEN
        PERFORM authd.refuse('AU403',
            format('%s by a higher role: %s', what, authd.rank_role(setter)),
            'Ask somebody with that role.');
    END IF;
END
$$;

-- authd.imposed_put(kept jsonb, rank int, value text) → jsonb
-- The values by rank after a rank has set a value; NULL: the rank takes its own back, and those below.
CREATE OR REPLACE FUNCTION authd.imposed_put(kept jsonb, rank int, value text) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT jsonb_object_agg(key, held) FROM jsonb_each(kept) AS each (key, held)
                      WHERE key::int > rank), '{}')
           || CASE WHEN value IS NULL THEN '{}' ELSE jsonb_build_object(rank::text, value) END
$$;

-- authd.strictest_policy(kept jsonb) → text
-- The strictest of the policies by rank; NULL: there is none.
CREATE OR REPLACE FUNCTION authd.strictest_policy(kept jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT policy FROM jsonb_each_text(kept) AS each (rank, policy)
     ORDER BY array_position(ARRAY['required', 'optional', 'off'], policy) LIMIT 1
$$;

-- authd.policies_put(kept jsonb, rank int, policy text) → jsonb
-- authd.imposed_put() for policies, without a policy that tightens nothing.
CREATE OR REPLACE FUNCTION authd.policies_put(kept jsonb, rank int, policy text) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT CASE WHEN authd.strictest_policy(put) IS DISTINCT FROM authd.strictest_policy(put - rank::text)
                THEN put ELSE put - rank::text END
      FROM authd.imposed_put(kept, rank, policy) AS put
$$;

-- authd.strictest_day(policies jsonb, days jsonb) → timestamptz
-- The earliest of the days by rank; NULL: at once. A rank that requires a second factor and names no
-- day wants it at once. A day that is past is stricter than that: from it on tickets are needed as well.
CREATE OR REPLACE FUNCTION authd.strictest_day(policies jsonb, days jsonb) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN earliest <= authd.now()
                  OR NOT EXISTS (SELECT FROM jsonb_each_text(policies) AS each (rank, policy)
                                  WHERE policy = 'required' AND NOT days ? rank)
                THEN earliest END
      FROM (SELECT min(day::timestamptz) AS earliest FROM jsonb_each_text(days) AS each (rank, day)) AS day
$$;

-- authd.imposed_by(kept jsonb, value text) → text
-- The role that has set the value which holds, the highest of several; NULL: none has.
CREATE OR REPLACE FUNCTION authd.imposed_by(kept jsonb, value text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT authd.rank_role(max(rank::int)) FROM jsonb_each_text(kept) AS each (rank, held)
     WHERE held = value
$$;
