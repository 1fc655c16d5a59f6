-- Imports of many users at once, from the files of other programs. Set-based: a statement for each
-- step, not for each user, because a site has a hundred thousand. Each row of a batch has an outcome
-- of its own, so one bad row does not stop the others. The file may be imported again: a user who
-- exists already with the same data is unchanged. authd asks first for whom each hash is to be
-- encrypted; the answer is compared again when the rows arrive.
--
-- Threats: an import that undoes later changes, so a password that was set, cleared or upgraded here
-- is never overwritten, a row of a user whose role is not below the caller's changes nothing,
-- addresses are only added, suspensions only made, and scopes only given to users without one; an
-- unkeyed digest of a weak hash, which is as good to guess at as the hash, so a hash that was imported
-- before is recognized by a keyed digest; a hash for a user who was added or removed between question
-- and answer (such a row is refused).

-- authd.import_decide(actor jsonb, reach bigint[], rows authd.import_row[], arguments jsonb)
--     → authd.import_row[]
-- The rows with the ids that they refer to; a row that will not be carried out has an outcome.
-- Locks the existing accounts, in the order of their ids. An account that appears only after that is not
-- locked, and what was read of it may change at once, so its row is refused.
CREATE OR REPLACE FUNCTION authd.import_decide(actor jsonb, reach bigint[], rows authd.import_row[],
                                               arguments jsonb) RETURNS authd.import_row[]
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    existing  text    := coalesce(arguments ->> 'existing', 'skip');
    create_ok boolean := coalesce((arguments ->> 'create')::boolean, true);
    own       text[]  := ARRAY(SELECT name FROM authd.domain WHERE id = ANY (reach));
    locked    bigint[];
BEGIN
    locked := ARRAY(
        SELECT id FROM authd.account
         WHERE login = ANY (ARRAY(SELECT item.login FROM unnest(rows) AS item WHERE item.outcome IS NULL))
         ORDER BY id FOR UPDATE);
    RETURN ARRAY(
        WITH known AS MATERIALIZED (
            SELECT item.*, home.id AS home, class.id AS of_class, held AS was,
                   row_number() OVER same AS turn, first_value(item.line) OVER same AS first
              FROM unnest(rows) AS item
              LEFT JOIN authd.domain AS home ON home.name = split_part(item.login, '@', 2)
                    AND (reach IS NULL OR home.id = ANY (reach))
              LEFT JOIN authd.class ON class.name = item.class_name
              LEFT JOIN authd.account AS held ON held.login = item.login
                    AND held.domain = home.id
            WINDOW same AS (PARTITION BY item.login, item.outcome IS NULL ORDER BY item.n)
        ), full_row AS (
            SELECT known.*, (n, line, login, hash, display_name, recovery_address, addresses,
                    class_name, of_class, scope, suspended, home, was, outcome, detail,
                    hint, account_id, account_new, cipher_version, imported)::authd.import_row AS item
              FROM known
        ), checked AS MATERIALIZED (
            SELECT full_row.*, authd.import_flaw(reach, item, own) AS broken FROM full_row
        ), decided AS (
            SELECT item, CASE
                WHEN outcome IS NOT NULL THEN NULL
                WHEN turn > 1 AND login IS NOT NULL
                    THEN format('the login stands on line %s already', first)
                WHEN broken IS NOT NULL THEN broken
                WHEN (was).id IS NULL AND NOT create_ok THEN format('there is no user %s', login)
                WHEN (was).id IS NULL AND NOT account_new
                    THEN format('%s was removed by somebody else at this moment', login)
                WHEN (was).id IS NULL OR existing = 'skip' THEN NULL
                WHEN existing = 'fail' THEN format('%s already exists', login)
                ELSE coalesce(authd.import_refusal(actor, reach, item), CASE
                    WHEN (was).id <> ALL (locked) OR hash IS NOT NULL AND account_id <> (was).id
                    THEN format('%s was added by somebody else at this moment', login) END)
            END AS flaw
              FROM checked
        )
        SELECT ((item).n, (item).line, (item).login, (item).hash, (item).display_name,
                (item).recovery_address, (item).addresses, (item).class_name, (item).class,
                (item).scope, (item).suspended, (item).domain, (item).account,
                CASE WHEN flaw IS NOT NULL THEN 'refused'
                     WHEN (item).outcome IS NULL AND ((item).account).id IS NOT NULL
                          AND existing = 'skip' THEN 'skipped'
                     ELSE (item).outcome END,
                coalesce(flaw, (item).detail), (item).hint, (item).account_id,
                (item).account_new, (item).cipher_version, (item).imported)::authd.import_row
          FROM decided ORDER BY (item).n);
END
$$;

-- authd.import_domains(actor jsonb, reach bigint[], rows authd.import_row[]) → void
-- Creates the domains that are missing, if the caller reaches the whole site.
-- Errors: AU403 a domain is missing, and an API key lacks domains:write.
CREATE OR REPLACE FUNCTION authd.import_domains(actor jsonb, reach bigint[], rows authd.import_row[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    made jsonb;
BEGIN
    IF reach IS NOT NULL THEN
        RETURN;
    END IF;
    WITH new AS (
        INSERT INTO authd.domain (name)
            SELECT DISTINCT split_part(item.login, '@', 2) AS name FROM unnest(rows) AS item
             WHERE item.outcome IS NULL AND item.login IS NOT NULL
               AND NOT EXISTS (SELECT FROM authd.domain
                                WHERE domain.name = split_part(item.login, '@', 2))
             ORDER BY name
            ON CONFLICT (name) DO NOTHING RETURNING domain
    )
    SELECT jsonb_agg(jsonb_build_object('after', authd.domain_object(new.domain))) INTO made FROM new;
    IF made IS NOT NULL THEN
        PERFORM authd.require_right(actor, 'domains',
                                    format('the new domain %s', made #>> '{0,after,name}'));
        PERFORM authd.audit_put_many(actor, 'domain_add', made);
    END IF;
END
$$;

-- authd.import_scopes(rows authd.import_row[]) → void
-- Stores the documents of the rows without an outcome.
CREATE OR REPLACE FUNCTION authd.import_scopes(rows authd.import_row[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    PERFORM authd.scope_store(document.canonical)
       FROM (SELECT DISTINCT item.scope AS canonical FROM unnest(rows) AS item
              WHERE item.outcome IS NULL AND item.scope IS NOT NULL
                AND (item.account).scope IS NULL ORDER BY 1) AS document;
END
$$;

-- authd.import_add(actor jsonb, rank int, rows authd.import_row[]) → text[]
-- Makes the accounts of the rows that have neither an outcome nor an account; the logins of those that
-- were made. rank: authd.setting_rank() of the caller.
CREATE OR REPLACE FUNCTION authd.import_add(actor jsonb, rank int, rows authd.import_row[])
RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    ids   bigint[];
    names text[];
    made  jsonb;
BEGIN
    WITH new AS (
        INSERT INTO authd.account (id, login, domain, display_name, recovery_address,
                                   recovery_address_by_rank, class, class_by_rank, suspended,
                                   suspended_reason, suspended_at, suspended_by_rank, scope,
                                   scope_by_rank, password, password_generation, password_set_at,
                                   password_cipher_version, imported_keyed, imported_cipher_version)
            OVERRIDING SYSTEM VALUE
            SELECT coalesce(item.account_id, authd.account_id()), item.login, item.domain,
                   item.display_name, item.recovery_address,
                   CASE WHEN item.recovery_address IS NOT NULL THEN rank END, item.class,
                   CASE WHEN item.class IS NOT NULL THEN rank END, item.suspended,
                   CASE WHEN item.suspended THEN 'suspended where it was imported from' END,
                   CASE WHEN item.suspended THEN authd.now() END,
                   CASE WHEN item.suspended THEN rank END,
                   authd.import_scope(item), CASE WHEN item.scope IS NOT NULL THEN rank END,
                   item.hash, CASE WHEN item.hash IS NULL THEN 0 ELSE 1 END,
                   CASE WHEN item.hash IS NOT NULL THEN authd.now() END,
                   CASE WHEN item.hash IS NOT NULL THEN item.cipher_version END,
                   CASE WHEN item.hash IS NOT NULL THEN item.imported[1] END,
                   CASE WHEN item.hash IS NOT NULL THEN item.cipher_version END
              FROM unnest(rows) AS item
             WHERE item.outcome IS NULL AND (item.account).id IS NULL
             ORDER BY item.login
            ON CONFLICT (login) DO NOTHING RETURNING id, login
    )
    SELECT array_agg(id), array_agg(login) INTO ids, names FROM new;
    IF ids IS NULL THEN
        RETURN '{}';
    END IF;
    -- Read after the insertion: it may have waited for the deletion of the login's last holder.
    UPDATE authd.account
       SET password_generation = retired.password_generation + account.password_generation
      FROM authd.retired_login AS retired
     WHERE account.id = ANY (ids)
       AND retired.digest = sha256(convert_to(account.login, 'UTF8'));
    INSERT INTO authd.address (account, address)
        SELECT made_now.id, unnest(coalesce(nullif(item.addresses, '{}'), ARRAY[item.login]))
          FROM unnest(ids, names) AS made_now (id, login)
          JOIN unnest(rows) AS item ON item.login = made_now.login AND item.outcome IS NULL;
    SELECT jsonb_agg(jsonb_build_object('after', authd.import_audit(
               held, domain.name, item.class_name,
               coalesce(nullif(item.addresses, '{}'), ARRAY[item.login]))) ORDER BY item.n)
      INTO made
      FROM unnest(rows) AS item
      JOIN authd.account AS held ON held.login = item.login AND held.id = ANY (ids)
      JOIN authd.domain ON domain.id = held.domain
     WHERE item.outcome IS NULL;
    PERFORM authd.audit_put_many(actor, 'user_add', made);
    RETURN names;
END
$$;

-- authd.import_change(rank int, item authd.import_row) → authd.account
-- The account of a row as the file wants it. rank: authd.setting_rank() of the caller, which imposes what
-- the file says, also if a lower rank has said the same.
CREATE OR REPLACE FUNCTION authd.import_change(rank int, item authd.import_row)
RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old authd.account := item.account;
    new authd.account := item.account;
BEGIN
    new.display_name := coalesce(item.display_name, old.display_name);
    IF item.recovery_address IS NOT NULL
       AND item.recovery_address IS DISTINCT FROM old.recovery_address THEN
        new.recovery_address := item.recovery_address;
        new.recovery_address_by_rank := rank;
    END IF;
    IF item.class IS NOT NULL THEN
        new.class := item.class;
        new.class_by_rank := greatest(rank, CASE WHEN item.class = old.class THEN old.class_by_rank END);
    END IF;
    IF item.scope IS NOT NULL AND coalesce(old.scope = authd.import_scope(item), true) THEN
        new.scope := authd.import_scope(item);
        new.scope_by_rank := greatest(rank, old.scope_by_rank);
    END IF;
    IF item.suspended AND new.suspended THEN
        new.suspended_by_rank := greatest(rank, old.suspended_by_rank);
    ELSIF item.suspended THEN
        new.suspended := true;
        new.suspended_reason := 'suspended where it was imported from';
        new.suspended_at := authd.now();
        new.suspended_by_rank := rank;
        new.version := new.version + 1;
    END IF;
    IF item.hash IS NOT NULL AND NOT authd.import_password_kept(item.account, item.hash)
       AND NOT (new.password IS NOT NULL AND authd.import_known(item)) THEN
        new.password := item.hash;
        new.password_generation := new.password_generation + 1;
        new.password_set_at := authd.now();
        new.password_cipher_version := item.cipher_version;
        new.imported_keyed := item.imported[1];
        new.imported_cipher_version := item.cipher_version;
        new.version := new.version + 1;
    END IF;
    RETURN new;
END
$$;

-- authd.import_update(actor jsonb, rank int, rows authd.import_row[]) → jsonb
-- Changes the accounts of the rows without an outcome. {login: "updated" | "unchanged" | "full" (the
-- user would have more than 256 addresses)}. A user whose password changes loses sessions, API keys and
-- reset links; app passwords stay. Another recovery address does what authd.recovery_changed() says.
CREATE OR REPLACE FUNCTION authd.import_update(actor jsonb, rank int, rows authd.import_row[])
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    answer jsonb;
    made   jsonb;
    moved  authd.account[]; -- as they were before they got another recovery address
    secret bigint[];        -- who got another password
BEGIN
    WITH wanted AS MATERIALIZED (
        SELECT item.login, item.account AS old, authd.import_change(rank, item) AS new,
               had.list AS had,
               ARRAY(SELECT unnest(item.addresses) EXCEPT SELECT unnest(had.list)) AS more
          FROM unnest(rows) AS item,
               LATERAL (SELECT ARRAY(SELECT address.address FROM authd.address
                                      WHERE address.account = (item.account).id
                                      ORDER BY 1) AS list) AS had
         WHERE item.outcome IS NULL AND (item.account).id IS NOT NULL
    ), fitting AS (
        SELECT * FROM wanted WHERE cardinality(had) + cardinality(more) <= 256
                               AND (new IS DISTINCT FROM old OR cardinality(more) > 0)
    ), stored AS (
        UPDATE authd.account
           SET display_name = (new).display_name, recovery_address = (new).recovery_address,
               recovery_address_by_rank = (new).recovery_address_by_rank,
               class = (new).class, class_by_rank = (new).class_by_rank, suspended = (new).suspended,
               suspended_reason = (new).suspended_reason, suspended_at = (new).suspended_at,
               suspended_by_rank = (new).suspended_by_rank, scope = (new).scope,
               scope_by_rank = (new).scope_by_rank, password = (new).password,
               password_generation = (new).password_generation,
               password_set_at = (new).password_set_at,
               password_cipher_version = (new).password_cipher_version,
               imported_keyed = (new).imported_keyed,
               imported_cipher_version = (new).imported_cipher_version,
               version = (new).version
          FROM fitting WHERE account.id = (fitting.old).id AND fitting.new IS DISTINCT FROM fitting.old
    ), given AS (
        INSERT INTO authd.address (account, address)
            SELECT (old).id, unnest(more) FROM fitting ON CONFLICT DO NOTHING
    )
    SELECT (SELECT jsonb_object_agg(login, CASE
                WHEN cardinality(had) + cardinality(more) > 256 THEN 'full'
                WHEN new IS DISTINCT FROM old OR cardinality(more) > 0 THEN 'updated'
                ELSE 'unchanged' END) FROM wanted),
           (SELECT jsonb_agg(jsonb_build_object(
                       'before', authd.import_audit(old, domain.name, was.name, had),
                       'after', authd.import_audit(new, domain.name, class.name, had || more)))
              FROM fitting JOIN authd.domain ON domain.id = (old).domain
              LEFT JOIN authd.class AS was ON was.id = (old).class
              LEFT JOIN authd.class ON class.id = (new).class),
           ARRAY(SELECT old FROM fitting
                  WHERE (new).recovery_address IS DISTINCT FROM (old).recovery_address),
           ARRAY(SELECT (old).id FROM fitting
                  WHERE (new).password IS DISTINCT FROM (old).password)
      INTO answer, made, moved, secret;
    PERFORM authd.recovery_changed(actor, account) FROM unnest(moved) AS account;
    PERFORM authd.credentials_end(secret, ARRAY['sessions', 'api_keys', 'reset_links']);
    IF made IS NOT NULL THEN
        PERFORM authd.audit_put_many(actor, 'user_import', made);
    END IF;
    RETURN coalesce(answer, '{}');
END
$$;

-- authd.import_audit(account authd.account, domain text, class text, addresses text[]) → jsonb
-- What the audit keeps of an account that an import made or changed.
CREATE OR REPLACE FUNCTION authd.import_audit(account authd.account, domain text, class text,
                                              addresses text[]) RETURNS jsonb
LANGUAGE sql STABLE
RETURN pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'kind', 'user', 'id', (account).id::text, 'login', (account).login, 'domain', domain,
    'display_name', (account).display_name, 'recovery_address', (account).recovery_address,
    'class', class, 'class_by', authd.rank_role((account).class_by_rank), 'scope', (account).scope,
    'scope_by', authd.rank_role((account).scope_by_rank), 'suspended', (account).suspended,
    'suspended_by', authd.rank_role((account).suspended_by_rank),
    'password_generation', (account).password_generation, 'addresses', addresses));

-- authd.import_results(rows authd.import_row[], added text[], updated jsonb) → jsonb
-- The result of each row: [{line, login, outcome, detail, hint}, …].
CREATE OR REPLACE FUNCTION authd.import_results(rows authd.import_row[], added text[], updated jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN (
        WITH done AS (
            SELECT item.n, item.line, item.login, item.hint, item.detail, item.outcome AS decided,
                   CASE WHEN (item.account).id IS NULL
                        THEN CASE WHEN new.login IS NULL THEN 'raced' ELSE 'added' END
                        ELSE updated ->> item.login END AS made,
                   CASE WHEN (item.account).id IS NOT NULL THEN authd.import_kept(item) END AS kept
              FROM unnest(rows) AS item
              LEFT JOIN unnest(added) AS new (login) ON new.login = item.login
        )
        SELECT jsonb_agg(jsonb_build_object('line', line, 'login', login,
                   'outcome', CASE WHEN decided IS NOT NULL THEN decided
                                   WHEN made IN ('raced', 'full') THEN 'refused'
                                   ELSE made END,
                   'detail', CASE WHEN decided IS NOT NULL THEN detail
                                  WHEN made = 'raced'
                                      THEN format('%s was added by somebody else at this moment', login)
                                  WHEN made = 'full'
                                      THEN format('%s would have more than 256 addresses', login)
                                  ELSE coalesce(kept, detail) END,
                   'hint', hint) ORDER BY n)
          FROM done);
END
$$;

-- authd.import_rows(actor, reach, {existing: skip | update | fail, create?, rows: [{line, login,
--                   password_hash?, account_id?, account_new?, password_cipher_version?, imported[]?,
--                   display_name?, recovery_address?, addresses[]?, class?, scope?, suspended?, flaw?,
--                   note?, hint?}, …]})
--     → {"results": [{line, login, outcome: added | updated | unchanged | skipped | refused, detail,
--        hint}, …], "counts": {outcome: number}, "changed"}
-- A row with a flaw is refused with it; a note becomes the detail of what was done. account_id,
-- account_new and password_cipher_version: as authd.import_accounts() answered. imported: keyed hashes,
-- in hex, of the hash as it came, under each pepper. create false: rows are for existing users only. A
-- missing domain is created if the caller reaches the whole site.
-- Bounds: 1000 rows.
-- Errors: AU422.
CREATE OR REPLACE FUNCTION authd.import_rows(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    rows    authd.import_row[] := authd.import_read(arguments -> 'rows');
    added   text[];
    updated jsonb;
    results jsonb;
    counts  jsonb;
BEGIN
    IF coalesce(arguments ->> 'existing', 'skip') NOT IN ('skip', 'update', 'fail') THEN
        PERFORM authd.refuse('AU422', 'existing must be skip, update or fail',
                             'Say what shall happen to users who exist already.');
    END IF;
    IF coalesce((arguments ->> 'create')::boolean, true) THEN
        PERFORM authd.import_domains(actor, reach, rows);
    END IF;
    rows := authd.import_decide(actor, reach, rows, arguments);
    PERFORM authd.import_scopes(rows);
    added := authd.import_add(actor, authd.setting_rank(actor, reach), rows);
    updated := authd.import_update(actor, authd.setting_rank(actor, reach), rows);
    results := authd.import_results(rows, added, updated);
    SELECT jsonb_object_agg(outcome, number) INTO counts
      FROM (SELECT value ->> 'outcome' AS outcome, count(*) AS number
              FROM jsonb_array_elements(results) GROUP BY 1) AS counted;
    RETURN jsonb_build_object('results', coalesce(results, '[]'), 'counts', coalesce(counts, '{}'),
                              'changed', coalesce(counts ?| ARRAY['added', 'updated'], false));
END
$$;

-- authd.import_accounts(actor, reach, {logins: [text, …]})
--     → {"accounts": [{"account", "new", "cipher_version"}, …]}
-- The account that the hash of each row is to be encrypted for, and the number to encrypt it over, in
-- the order of the canonical logins. new: account is an id for a user who does not exist yet. For
-- authd; the caller does not get this.
-- Bounds: 1000 logins.
-- Errors: AU422 not a list, or more.
CREATE OR REPLACE FUNCTION authd.import_accounts(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    logins jsonb := arguments -> 'logins';
BEGIN
    IF jsonb_typeof(logins) IS DISTINCT FROM 'array' OR jsonb_array_length(logins) > 1000 THEN
        PERFORM authd.refuse('AU422', 'rows must be a list of at most 1000',
                             'Send the file in several requests.');
    END IF;
    RETURN jsonb_build_object('accounts', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                   'account', coalesce(held.id, nextval('authd.account_id_seq')),
                   'new', held.id IS NULL,
                   'cipher_version', nextval('authd.credential_number')) ORDER BY asked.n)
          FROM jsonb_array_elements_text(logins) WITH ORDINALITY AS asked (login, n)
          LEFT JOIN authd.account AS held ON held.login = asked.login), '[]'));
END
$$;
