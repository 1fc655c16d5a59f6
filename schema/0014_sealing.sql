-- Sealing: every hash of a password is sealed, from the service to the table and back.
-- Oldest compatible: 14
--
-- The service seals over the account that the hash is for and a number of its own, so it asks for both
-- before: authd.account_id() and authd.credential_id() give what was never used, and what it asked
-- whether an account is still there is asked again under the lock.
--
-- Threats: a hash in clear that reaches a table, a log or a dump (what is not sealed is refused here; what
-- was there before is sealed by authd --migrate, once); a hash for a user who got another's name between
-- question and answer (the account is compared, not the name); an unkeyed digest of a weak hash, which is
-- as good to guess at as the hash.

-- authd.is_sealed(value text) → boolean
-- Whether it has the form of a sealed text; whether it can be opened knows the service alone.
CREATE FUNCTION authd.is_sealed(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value COLLATE "C" ~ '^\$sealed\$[0-9a-f]{8}\$[A-Za-z0-9_-]+$';

-- Not valid: rows from before 0014 are sealed later. Who writes a hash in clear is told at once.
ALTER TABLE authd.account
    ADD CONSTRAINT password_is_sealed CHECK (
        (password IS NULL) = (password_seal IS NULL) AND authd.is_sealed(password)) NOT VALID,
    ADD COLUMN imported_keyed bytea CHECK (octet_length(imported_keyed) = 32),
    ADD COLUMN imported_seal bigint;
COMMENT ON COLUMN authd.account.imported_digest IS
    'SHA-256 of a password hash from before 0014, until authd --migrate makes imported_keyed of it';
COMMENT ON COLUMN authd.account.imported_keyed IS
    'keyed hash over the account and the SHA-256 of the password hash as it was imported last';
COMMENT ON COLUMN authd.account.imported_seal IS
    'password_seal of what was imported last; another one: it was changed here since. NULL: or upgraded';
ALTER TABLE authd.app_password
    ADD CONSTRAINT foreign_hash_is_sealed CHECK (authd.is_sealed(foreign_hash)) NOT VALID;

-- authd.account_id() → bigint
-- The id of an account that is about to be made: its password hash is sealed over it. Never used twice; one
-- that is not used after all is lost.
CREATE FUNCTION authd.account_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN nextval('authd.account_id_seq');
END
$$;
GRANT EXECUTE ON FUNCTION authd.account_id() TO authd_service;

-- ---- passwords -------------------------------------------------------------------------------

-- authd.argument_password_hash(arguments jsonb) → text
-- Member "password_hash", sealed; NULL if it is absent or null. Errors: AU422 not sealed. The value is in
-- no message.
CREATE OR REPLACE FUNCTION authd.argument_password_hash(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'password_hash', 1024);
BEGIN
    IF NOT authd.is_sealed(value) THEN
        PERFORM authd.refuse('AU422', 'password_hash is not a sealed hash',
                             'Only the service can seal it.');
    END IF;
    RETURN value;
END
$$;

-- authd.password_owner_check(arguments jsonb, owner authd.account) → void
-- Whether a hash was sealed for the account that is about to get it: member "password_owner".
-- Errors: AU409.
CREATE FUNCTION authd.password_owner_check(arguments jsonb, owner authd.account) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF authd.argument_integer(arguments, 'password_owner', 1, 9223372036854775807)
       IS DISTINCT FROM owner.id THEN
        PERFORM authd.refuse('AU409', format('%s is another user than a moment ago', owner.login),
                             'Look at the user, then try again.');
    END IF;
END
$$;

-- authd.password_replace(owner bigint, hash text, seal bigint) → void
-- The one place that sets (or, by NULL, clears) a main password: the generation of the identity
-- and the version rise with it. seal: a new authd.credential_id(), over which hash is sealed.
DROP FUNCTION authd.password_replace(bigint, text);
CREATE FUNCTION authd.password_replace(owner bigint, hash text, seal bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF (hash IS NULL) <> (seal IS NULL) THEN
        PERFORM authd.refuse('AU422', 'password_seal is missing', 'Only the service can give it.');
    END IF;
    UPDATE authd.account
       SET password = hash,
           password_seal = seal,
           password_generation = password_generation + 1,
           password_set_at = CASE WHEN hash IS NOT NULL THEN authd.now() END,
           version = version + 1
     WHERE id = owner;
END
$$;

-- authd.passwords_clear(owners bigint[]) → void
-- authd.password_replace(…, NULL) for many locked accounts.
CREATE OR REPLACE FUNCTION authd.passwords_clear(owners bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.account
       SET password = NULL,
           password_seal = NULL,
           password_generation = password_generation + 1,
           password_set_at = NULL,
           version = version + 1
     WHERE id = ANY (owners);
END
$$;

-- authd.password_upgrade(id bigint, old text, new text) → boolean
-- Replaces the stored hash by a stronger one of the same password, only if it still is `old`; both are
-- sealed, over the same number. Not a change of password: generation and version stay.
-- Errors: 23514 `new` is not sealed (a second net).
CREATE OR REPLACE FUNCTION authd.password_upgrade(id bigint, old text, new text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF new IS NULL THEN
        RETURN false;
    END IF;
    UPDATE authd.account SET password = new, imported_seal = NULL
     WHERE account.id = password_upgrade.id AND account.password = old;
    RETURN FOUND;
END
$$;

-- authd.user_add(actor, reach, {login, addresses[]?, display_name?, recovery_address?, role?,
--                               class?, service?, account_id?, password_hash?,
--                               password_seal?})
--     → user object, "changed": true, "domain_created": whether the domain was new
-- Addresses not given: the login is the one address. A service user has no main password.
-- account_id: from authd.account_id(); a password_hash is sealed over it.
-- Errors: AU409 the login exists; AU404 no such domain in reach; AU403 a role that is not below the
-- caller's, or a foreign address; AU422.
CREATE OR REPLACE FUNCTION authd.user_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_login   text    := authd.argument_login(arguments);
    new_hash    text    := authd.argument_password_hash(arguments);
    new_seal    bigint  := authd.argument_integer(arguments, 'password_seal', 1,
                                                  9223372036854775807);
    new_id      bigint  := authd.argument_integer(arguments, 'account_id', 1,
                                                  9223372036854775807);
    new_service boolean := coalesce(authd.argument_boolean(arguments, 'service'), false);
    home        record;
    new         authd.account;
    item        text;
BEGIN
    IF new_service AND new_hash IS NOT NULL THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', new_login),
            'Give it an app password.');
    END IF;
    IF new_hash IS NOT NULL AND new_id IS NULL THEN
        PERFORM authd.refuse('AU422', 'account_id is missing', 'A hash is sealed for one account.');
    END IF;

    home := authd.domain_for(actor, reach, split_part(new_login, '@', 2));
    INSERT INTO authd.account (id, login, domain, display_name, recovery_address, role, class,
                               service)
        OVERRIDING SYSTEM VALUE
        VALUES (coalesce(new_id, authd.account_id()), new_login, home.id,
                authd.argument_text(arguments, 'display_name', 200),
                authd.argument_recovery_address(arguments), authd.argument_role(actor, arguments),
                authd.argument_class(arguments), new_service)
        ON CONFLICT (login) DO NOTHING RETURNING * INTO new;
    IF new.id IS NULL THEN
        PERFORM authd.refuse('AU409', format('%s already exists', new_login),
                             'Choose another login, or change the existing user.');
    END IF;

    -- Read after the insertion: it may have waited for the deletion of the login's last holder.
    UPDATE authd.account
       SET password_generation = retired.password_generation
      FROM authd.retired_login AS retired
     WHERE account.id = new.id AND retired.digest = sha256(convert_to(new_login, 'UTF8'));
    IF new_hash IS NOT NULL THEN
        PERFORM authd.password_replace(new.id, new_hash, new_seal);
    END IF;
    FOREACH item IN ARRAY authd.argument_addresses(arguments, new_login) LOOP
        PERFORM authd.address_put(reach, new, item);
    END LOOP;
    RETURN authd.account_changed(actor, 'user_add', new.id, NULL,
                                 jsonb_build_object('domain_created', home.created));
END
$$;

-- authd.password_set(actor, reach, {user, password_hash, password_seal, password_owner,
--                                   keep_credentials?})
--     → user object, "changed": true, "ended": {…: how many}
-- Ends all reset links. By oneself: also the other sessions. By another person: also all sessions
-- and app passwords, unless keep_credentials; who resets a password because it was stolen must not
-- have to think of them.
-- Errors: AU404; AU409 the hash was sealed for another account; AU422 also for a service user; AU403.
CREATE OR REPLACE FUNCTION authd.password_set(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash   text := authd.argument_password_hash(arguments);
    kept   boolean := coalesce(authd.argument_boolean(arguments, 'keep_credentials'), false);
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
    ended  jsonb;
BEGIN
    IF hash IS NULL THEN
        PERFORM authd.refuse('AU422', 'password_hash is missing',
                             'To take the password away, clear it.');
    END IF;
    IF owner.service THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', owner.login),
            'Give it an app password.');
    END IF;
    PERFORM authd.password_owner_check(arguments, owner);
    PERFORM authd.password_replace(owner.id, hash, authd.argument_integer(
        arguments, 'password_seal', 1, 9223372036854775807));
    ended := authd.credentials_end(
        ARRAY[owner.id],
        CASE WHEN authd.is_self(actor, owner.id) THEN ARRAY['reset_links', 'sessions']
             WHEN kept THEN ARRAY['reset_links']
             ELSE ARRAY['reset_links', 'sessions', 'app_passwords'] END,
        CASE WHEN authd.is_self(actor, owner.id) THEN (actor ->> 'session')::bigint END);
    RETURN authd.account_changed(actor, 'password_set', owner.id, before,
                                 jsonb_build_object('ended', ended));
END
$$;

-- authd.reset_words(actor, reach, {digest}) → {"id", "words": [text, …]}
-- Whose link it is, and what the new password must not be made of: the user's names. For the rules
-- and the seal, not for the caller.
-- Errors: AU401, AU422.
CREATE OR REPLACE FUNCTION authd.reset_words(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account := authd.reset_find(arguments);
BEGIN
    RETURN jsonb_build_object('id', owner.id::text, 'words', (
        SELECT jsonb_agg(DISTINCT word)
          FROM unnest(ARRAY[owner.login, owner.display_name, owner.recovery_address]
                      || ARRAY(SELECT address FROM authd.address WHERE account = owner.id)) AS word
         WHERE word IS NOT NULL));
END
$$;

-- authd.reset_use(actor, reach, {digest, password_hash, password_seal, password_owner})
--     → {kind: user, id, login, changed: true, ended: {…: how many}}
-- Sets the password, once: of two at the same time one is refused. Ends all sessions and, unless
-- the link says otherwise, all app passwords.
-- Errors: AU401 whatever is wrong with the link; AU409 the hash was sealed for another account; AU422.
CREATE OR REPLACE FUNCTION authd.reset_use(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash   text := authd.argument_password_hash(arguments);
    found  authd.account := authd.reset_find(arguments);
    owner  authd.account;
    before jsonb;
    kept   boolean;
    answer jsonb;
BEGIN
    IF hash IS NULL THEN
        PERFORM authd.refuse('AU422', 'password_hash is missing', 'Give a new password.');
    END IF;
    SELECT * INTO owner FROM authd.account WHERE id = found.id AND NOT suspended FOR UPDATE;
    DELETE FROM authd.reset_link
     WHERE digest = authd.argument_digest(arguments, 'digest') AND account = owner.id
       AND expires_at > authd.now()
    RETURNING keep_credentials INTO kept;
    IF kept IS NULL THEN -- used, revoked or suspended while we waited for the lock
        PERFORM authd.refuse('AU401', 'the link is not good, or no longer', 'Ask for a new one.');
    END IF;
    before := authd.account_object(owner);
    PERFORM authd.password_owner_check(arguments, owner);
    PERFORM authd.password_replace(owner.id, hash, authd.argument_integer(
        arguments, 'password_seal', 1, 9223372036854775807));
    answer := authd.account_changed(
        actor || jsonb_build_object('name', owner.login, 'login', owner.login, 'account', owner.id,
                                    'credential', 'reset link', 'if_match', NULL),
        'reset_use', owner.id, before,
        jsonb_build_object('ended', authd.credentials_end(ARRAY[owner.id],
            CASE WHEN kept THEN ARRAY['reset_links', 'sessions']
                 ELSE ARRAY['reset_links', 'sessions', 'app_passwords'] END)));
    RETURN jsonb_build_object('kind', 'user', 'id', answer -> 'id', 'login', answer -> 'login',
                              'changed', answer -> 'changed', 'ended', answer -> 'ended');
END
$$;

-- ---- app passwords ---------------------------------------------------------------------------

-- authd.app_password_add(actor, reach, {user, credential, label, selector, verifier, key,
--                                       expires_at?, expires_in?, sliding?, scope?})
--     → app password object, "changed": true
-- credential: a new authd.credential_id(), over which the verifier was made. Instead of selector,
-- verifier and key: password_hash and password_owner, of a secret that was made elsewhere. scope: the
-- canonical text of its document.
-- Errors: AU404; AU403; AU409 too many, or the hash was sealed for another account; AU422.
CREATE OR REPLACE FUNCTION authd.app_password_add(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_label text := authd.argument_label(arguments);
    new_hash  text := authd.argument_password_hash(arguments);
    owner     authd.account := authd.account_lock(actor, reach, arguments);
    ends      record := authd.app_password_end(arguments);
    new_id    bigint := (arguments ->> 'credential')::bigint;
BEGIN
    IF new_hash IS NOT NULL THEN
        PERFORM authd.password_owner_check(arguments, owner);
    END IF;
    PERFORM authd.app_password_room(owner, new_hash IS NOT NULL);
    INSERT INTO authd.app_password (id, account, label, created_by, not_after, sliding, scope,
                                    foreign_hash)
        VALUES (new_id, owner.id, new_label, actor ->> 'name', ends.not_after, ends.sliding,
                authd.scope_store(arguments ->> 'scope'), new_hash);
    IF new_hash IS NULL THEN
        PERFORM authd.app_password_secret_put(new_id, arguments);
    END IF;
    RETURN authd.app_password_changed(actor, 'app_password_add', new_id, NULL);
END
$$;

-- ---- import ----------------------------------------------------------------------------------

ALTER TYPE authd.import_row
    ADD ATTRIBUTE account_id  bigint,  -- whom the hash is sealed for; NULL: there is none
    ADD ATTRIBUTE account_new boolean, -- an id for somebody who was not there when it was asked for
    ADD ATTRIBUTE seal        bigint,  -- over which the hash is sealed
    ADD ATTRIBUTE imported    bytea[]; -- keyed hashes of the hash as it came, under each pepper

-- authd.import_accounts(actor, reach, {logins: [text, …]})
--     → {"accounts": [{"account", "new", "seal"}, …]}
-- For whom the hashes of an import are to be sealed, in the order of the canonical logins. new: whether
-- account is an id for somebody who is not there yet. For the seal, not for the caller.
-- Bounds: 1000 logins.
-- Errors: AU422 not a list, or of more.
CREATE FUNCTION authd.import_accounts(actor jsonb, reach bigint[], arguments jsonb) RETURNS jsonb
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
                   'seal', nextval('authd.credential_number')) ORDER BY asked.n)
          FROM jsonb_array_elements_text(logins) WITH ORDINALITY AS asked (login, n)
          LEFT JOIN authd.account AS held ON held.login = asked.login), '[]'));
END
$$;
INSERT INTO authd.operation (name) VALUES ('import_accounts');

-- authd.import_known(item authd.import_row) → boolean
-- Whether the hash of a row is what was imported last.
CREATE FUNCTION authd.import_known(item authd.import_row) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN coalesce((item.account).imported_keyed = ANY (item.imported), false);

-- authd.import_read(rows jsonb) → authd.import_row[]
-- Errors: AU422 not a list, or of more than 1000.
CREATE OR REPLACE FUNCTION authd.import_read(rows jsonb) RETURNS authd.import_row[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(rows) IS DISTINCT FROM 'array' OR jsonb_array_length(rows) > 1000 THEN
        PERFORM authd.refuse('AU422', 'rows must be a list of at most 1000',
                             'Send the file in several requests.');
    END IF;
    RETURN ARRAY(
        SELECT (item.n, (item.row ->> 'line')::int, item.row ->> 'login',
                item.row ->> 'password_hash', item.row ->> 'display_name',
                item.row ->> 'recovery_address',
                CASE WHEN jsonb_typeof(item.row -> 'addresses') = 'array'
                     THEN ARRAY(SELECT DISTINCT jsonb_array_elements_text(item.row -> 'addresses')) END,
                item.row ->> 'class', NULL, item.row ->> 'scope',
                coalesce((item.row ->> 'suspended')::boolean, false), NULL, NULL,
                CASE WHEN item.row ? 'flaw' THEN 'refused' END,
                coalesce(item.row ->> 'flaw', item.row ->> 'note'),
                item.row ->> 'hint', (item.row ->> 'account_id')::bigint,
                coalesce((item.row ->> 'account_new')::boolean, true),
                (item.row ->> 'password_seal')::bigint,
                CASE WHEN jsonb_typeof(item.row -> 'imported') = 'array'
                     THEN ARRAY(SELECT decode(digest, 'hex') FROM jsonb_array_elements_text(
                                    item.row -> 'imported') WITH ORDINALITY AS known (digest, n)
                                 ORDER BY known.n) END)::authd.import_row
          FROM jsonb_array_elements(rows) WITH ORDINALITY AS item (row, n)
         ORDER BY item.n);
END
$$;

-- authd.import_flaw(reach bigint[], item authd.import_row, own text[]) → text
-- What a row breaks; NULL: nothing. own: the names of the domains within reach.
CREATE OR REPLACE FUNCTION authd.import_flaw(reach bigint[], item authd.import_row, own text[]) RETURNS text
LANGUAGE sql STABLE
RETURN CASE
    WHEN item.login IS NULL THEN 'login is missing'
    WHEN item.domain IS NULL AND reach IS NOT NULL
        THEN pg_catalog.format('there is no domain %s', pg_catalog.split_part(item.login, '@', 2))
    WHEN item.class_name IS NOT NULL AND item.class IS NULL
        THEN pg_catalog.format('there is no class %s', pg_catalog.left(item.class_name, 40))
    WHEN NOT authd.is_sealed(item.hash) OR pg_catalog.octet_length(item.hash) > 1024
         OR item.hash IS NOT NULL
            AND (item.seal IS NULL OR item.account_id IS NULL OR item.imported IS NULL)
        THEN 'password_hash is not a stored hash'
    WHEN pg_catalog.char_length(item.display_name) NOT BETWEEN 1 AND 200
        THEN 'display_name is empty or longer than 200 characters'
    WHEN item.display_name ~ '[\u0001-\u001f\u007f-\u009f]' THEN 'display_name has a control character'
    WHEN pg_catalog.cardinality(item.addresses) > 256 THEN 'addresses are more than 256'
    WHEN reach IS NOT NULL AND EXISTS (
        SELECT FROM pg_catalog.unnest(item.addresses) AS address
         WHERE pg_catalog.split_part(address, '@', 2) <> ALL (own))
        THEN 'one of its addresses is in a domain that is not yours'
END;

-- authd.import_judge(actor jsonb, reach bigint[], rows authd.import_row[], arguments jsonb)
--     → authd.import_row[]
-- The rows with what they refer to, and an outcome for those that will not be carried out. Locks the
-- accounts that are there, in the order of their ids.
CREATE OR REPLACE FUNCTION authd.import_judge(actor jsonb, reach bigint[], rows authd.import_row[],
                                   arguments jsonb) RETURNS authd.import_row[]
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    existing text := coalesce(arguments ->> 'existing', 'skip');
    create_ok boolean := coalesce((arguments ->> 'create')::boolean, true);
    own      text[] := ARRAY(SELECT name FROM authd.domain WHERE id = ANY (reach));
    mine     int := (actor ->> 'rank')::int;
BEGIN
    PERFORM FROM authd.account
      WHERE login = ANY (ARRAY(SELECT item.login FROM unnest(rows) AS item WHERE item.outcome IS NULL))
      ORDER BY id FOR UPDATE;
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
                    hint, account_id, account_new, seal, imported)::authd.import_row AS item
              FROM known
        ), ruled AS MATERIALIZED (
            SELECT full_row.*, authd.import_flaw(reach, item, own) AS broken FROM full_row
        ), judged AS (
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
                WHEN authd.role_rank((was).role) >= mine
                    THEN format('%s has the role %s, which is not below yours', login, (was).role)
                WHEN hash IS NOT NULL AND account_id <> (was).id
                    THEN format('%s was added by somebody else at this moment', login)
            END AS flaw
              FROM ruled
        )
        SELECT ((item).n, (item).line, (item).login, (item).hash, (item).display_name,
                (item).recovery_address, (item).addresses, (item).class_name, (item).class,
                (item).scope, (item).suspended, (item).domain, (item).account,
                CASE WHEN flaw IS NOT NULL THEN 'refused'
                     WHEN (item).outcome IS NULL AND ((item).account).id IS NOT NULL
                          AND existing = 'skip' THEN 'skipped'
                     ELSE (item).outcome END,
                coalesce(flaw, (item).detail), (item).hint, (item).account_id,
                (item).account_new, (item).seal, (item).imported)::authd.import_row
          FROM judged ORDER BY (item).n);
END
$$;

-- authd.import_add(actor jsonb, rows authd.import_row[]) → text[]
-- Makes the accounts of the rows that are open and have none; the logins of those that were made.
CREATE OR REPLACE FUNCTION authd.import_add(actor jsonb, rows authd.import_row[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    ids   bigint[];
    names text[];
    made  jsonb;
BEGIN
    WITH new AS (
        INSERT INTO authd.account (id, login, domain, display_name, recovery_address, class, suspended,
                                   suspended_reason, suspended_at, suspended_by_rank, scope,
                                   password, password_generation, password_set_at,
                                   password_seal, imported_keyed, imported_seal)
            OVERRIDING SYSTEM VALUE
            SELECT coalesce(item.account_id, authd.account_id()), item.login, item.domain,
                   item.display_name, item.recovery_address, item.class,
                   item.suspended,
                   CASE WHEN item.suspended THEN 'suspended where it was imported from' END,
                   CASE WHEN item.suspended THEN authd.now() END,
                   CASE WHEN item.suspended THEN (actor ->> 'rank')::int END,
                   authd.import_scope(item), item.hash, CASE WHEN item.hash IS NULL THEN 0 ELSE 1 END,
                   CASE WHEN item.hash IS NOT NULL THEN authd.now() END,
                   CASE WHEN item.hash IS NOT NULL THEN item.seal END,
                   CASE WHEN item.hash IS NOT NULL THEN item.imported[1] END,
                   CASE WHEN item.hash IS NOT NULL THEN item.seal END
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
    SELECT jsonb_agg(jsonb_build_object('after', authd.import_audit(held, domain.name,
               item.class_name, coalesce(nullif(item.addresses, '{}'), ARRAY[item.login]))) ORDER BY item.n)
      INTO made
      FROM unnest(rows) AS item
      JOIN authd.account AS held ON held.login = item.login AND held.id = ANY (ids)
      JOIN authd.domain ON domain.id = held.domain
     WHERE item.outcome IS NULL;
    PERFORM authd.audit_put_many(actor, 'user_add', made);
    RETURN names;
END
$$;

-- authd.import_password_kept(old authd.account, hash text) → boolean
-- Whether an account's password is not the file's to replace: it was set, cleared or upgraded here. A
-- password may be given to who never had one, and replaced if it is what was imported last.
CREATE OR REPLACE FUNCTION authd.import_password_kept(old authd.account, hash text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN hash IS NOT NULL
   AND ((old).service
        OR NOT ((old).password IS NULL AND (old).password_generation = 0)
           AND ((old).password IS NULL
                OR (old).imported_seal IS DISTINCT FROM (old).password_seal));

-- authd.import_change(actor jsonb, item authd.import_row) → authd.account
-- The account of a row as the file wants it.
CREATE OR REPLACE FUNCTION authd.import_change(actor jsonb, item authd.import_row) RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new authd.account := item.account;
BEGIN
    new.display_name := coalesce(item.display_name, new.display_name);
    new.recovery_address := coalesce(item.recovery_address, new.recovery_address);
    new.class := coalesce(item.class, new.class);
    new.scope := coalesce(new.scope, authd.import_scope(item));
    IF item.suspended AND NOT new.suspended THEN
        new.suspended := true;
        new.suspended_reason := 'suspended where it was imported from';
        new.suspended_at := authd.now();
        new.suspended_by_rank := (actor ->> 'rank')::int;
        new.version := new.version + 1;
    END IF;
    IF item.hash IS NOT NULL AND NOT authd.import_password_kept(item.account, item.hash)
       AND NOT (new.password IS NOT NULL AND authd.import_known(item)) THEN
        new.password := item.hash;
        new.password_generation := new.password_generation + 1;
        new.password_set_at := authd.now();
        new.password_seal := item.seal;
        new.imported_keyed := item.imported[1];
        new.imported_seal := item.seal;
        new.version := new.version + 1;
    END IF;
    RETURN new;
END
$$;

-- authd.import_update(actor jsonb, rows authd.import_row[]) → jsonb
-- Changes the accounts of the rows that are open and have one. {login: "updated" | "unchanged" |
-- "full" (it would have more than 256 addresses)}. Who gets another password by it is signed out of
-- this API; app passwords stay.
CREATE OR REPLACE FUNCTION authd.import_update(actor jsonb, rows authd.import_row[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    answer jsonb;
    made   jsonb;
BEGIN
    WITH wanted AS MATERIALIZED (
        SELECT item.login, item.account AS old, authd.import_change(actor, item) AS new, had.list AS had,
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
               class = (new).class, suspended = (new).suspended,
               suspended_reason = (new).suspended_reason, suspended_at = (new).suspended_at,
               suspended_by_rank = (new).suspended_by_rank, scope = (new).scope,
               password = (new).password,
               password_generation = (new).password_generation,
               password_set_at = (new).password_set_at, password_seal = (new).password_seal,
               imported_keyed = (new).imported_keyed, imported_seal = (new).imported_seal,
               version = (new).version
          FROM fitting WHERE account.id = (fitting.old).id AND fitting.new IS DISTINCT FROM fitting.old
    ), given AS (
        INSERT INTO authd.address (account, address)
            SELECT (old).id, unnest(more) FROM fitting ON CONFLICT DO NOTHING
    ), signed_out AS (
        DELETE FROM authd.http_session AS session USING fitting
         WHERE session.account = (old).id AND (new).password IS DISTINCT FROM (old).password
    ), unlinked AS (
        DELETE FROM authd.reset_link AS link USING fitting
         WHERE link.account = (old).id AND (new).password IS DISTINCT FROM (old).password
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
              LEFT JOIN authd.class ON class.id = (new).class)
      INTO answer, made;
    IF made IS NOT NULL THEN
        PERFORM authd.audit_put_many(actor, 'user_import', made);
    END IF;
    RETURN coalesce(answer, '{}');
END
$$;

-- authd.import_kept(item authd.import_row) → text
-- What of a user who was there already the file did not change; NULL: nothing.
CREATE OR REPLACE FUNCTION authd.import_kept(item authd.import_row) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN authd.import_password_kept(item.account, item.hash)
         AND NOT authd.import_known(item)
        THEN 'its password was changed here, and is kept'
    WHEN (item.account).scope <> authd.import_scope(item)
        THEN 'it has a sending scope already, which is kept'
END;
