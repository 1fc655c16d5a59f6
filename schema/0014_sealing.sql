-- Sealing: every hash of a password is sealed, from the service to the table and back.
-- Oldest compatible: 14
--
-- The service seals over the account that the hash is for and a number of its own, so it asks for both
-- before: authd.account_id() and authd.credential_id() give what was never used, and what it asked
-- whether an account is still there is asked again under the lock.
--
-- Threats: a hash in clear that reaches a table, a log or a dump (what is not sealed is refused here; what
-- was there before is sealed by authd --migrate, once); a hash for a user who got another's name between
-- question and answer (the account is compared, not the name).

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

-- ---- rows from before ------------------------------------------------------------------------

-- What authd --migrate calls, as the owner, when the first sealing key is made; the service never.

-- authd.unsealed_passwords(after bigint, bound int)
--     → (id bigint, owner bigint, seal bigint, hash text, imported text)
-- Accounts whose password is in clear, or whose import was digested without a key, in order of id; locked.
-- seal: a number to seal over; hash and seal NULL: it is sealed; imported: that digest in hex, or NULL.
CREATE FUNCTION authd.unsealed_passwords(after bigint, bound int)
RETURNS TABLE (id bigint, owner bigint, seal bigint, hash text, imported text)
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT held.id, held.id,
           CASE WHEN NOT authd.is_sealed(held.password) THEN authd.credential_id() END,
           CASE WHEN NOT authd.is_sealed(held.password) THEN held.password END,
           encode(held.imported_digest, 'hex')
      FROM authd.account AS held
     WHERE held.id > after
       AND (NOT authd.is_sealed(held.password) OR held.imported_digest IS NOT NULL)
     ORDER BY held.id LIMIT bound FOR UPDATE
$$;

-- authd.unsealed_passwords_put(ids bigint[], seals bigint[], sealed text[], imported text[]) → void
-- What became of them, each at its place in the arrays.
CREATE FUNCTION authd.unsealed_passwords_put(ids bigint[], seals bigint[], sealed text[],
                                             imported text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    UPDATE authd.account AS held
       SET password = coalesce(item.sealed, held.password),
           password_seal = coalesce(item.seal, held.password_seal),
           imported_keyed = decode(item.imported, 'hex'),
           imported_digest = NULL,
           imported_seal = CASE WHEN held.imported_digest
                                     = sha256(convert_to(held.password, 'UTF8')) THEN item.seal END
      FROM unnest(ids, seals, sealed, imported) AS item (id, seal, sealed, imported)
     WHERE held.id = item.id
$$;

-- authd.unsealed_app_passwords(after bigint, bound int)
--     → (id bigint, owner bigint, seal bigint, hash text, imported text)
-- The same of app passwords that were made elsewhere; seal and imported are NULL.
CREATE FUNCTION authd.unsealed_app_passwords(after bigint, bound int)
RETURNS TABLE (id bigint, owner bigint, seal bigint, hash text, imported text)
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    SELECT held.id, held.account, NULL::bigint, held.foreign_hash, NULL::text
      FROM authd.app_password AS held
     WHERE held.id > after AND NOT authd.is_sealed(held.foreign_hash)
     ORDER BY held.id LIMIT bound FOR UPDATE
$$;

-- authd.unsealed_app_passwords_put(ids bigint[], seals bigint[], sealed text[], imported text[]) → void
-- Seals and imported are not looked at.
CREATE FUNCTION authd.unsealed_app_passwords_put(ids bigint[], seals bigint[], sealed text[],
                                                 imported text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, authd, pg_temp
AS $$
    UPDATE authd.app_password AS held SET foreign_hash = item.sealed
      FROM unnest(ids, sealed) AS item (id, sealed)
     WHERE held.id = item.id
$$;

-- ---- accounts --------------------------------------------------------------------------------

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
