-- Main passwords. Every hash is encrypted, from the service to the table and back. The service
-- encrypts over the account and a number that is new with each password; so it asks for both before,
-- by authd.account_id() and authd.credential_id(), and the account is compared again under the lock.
--
-- Threats: a clear hash that reaches a table, a log or a dump (a text that is not encrypted is refused
-- here); a hash for a user who got another user's login between question and answer (the account is
-- compared, not the login).

-- authd.argument_password_hash(arguments jsonb) → text
-- Member "password_hash", encrypted, up to 1024 characters; NULL if it is absent or null.
-- Errors: AU422 not encrypted, or not such a text. The message does not contain the value.
CREATE OR REPLACE FUNCTION authd.argument_password_hash(arguments jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    value text := authd.argument_text(arguments, 'password_hash', 1024);
BEGIN
    IF NOT authd.is_encrypted(value) THEN
        PERFORM authd.refuse('AU422', 'password_hash is not an encrypted hash',
                             'Only the service can encrypt it.');
    END IF;
    RETURN value;
END
$$;

-- authd.password_owner_check(arguments jsonb, owner authd.account) → void
-- Member "password_owner" is the id of the account that a hash was encrypted for.
-- Errors: AU409 it is missing, or another account; AU422 not an id.
CREATE OR REPLACE FUNCTION authd.password_owner_check(arguments jsonb, owner authd.account)
RETURNS void
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

-- authd.password_words_of(owner authd.account) → {"id", "enrolled", "words": [text, …]}
-- What decides whether a password is good enough for an account: the names that the password must not
-- be made of, and whether the account has a second factor.
CREATE OR REPLACE FUNCTION authd.password_words_of(owner authd.account) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object('id', owner.id::text, 'enrolled', authd.is_enrolled(owner.id),
                              'words', (
        SELECT jsonb_agg(DISTINCT word)
          FROM unnest(ARRAY[owner.login, owner.display_name, owner.recovery_address]
                      || ARRAY(SELECT address FROM authd.address WHERE account = owner.id)) AS word
         WHERE word IS NOT NULL));
END
$$;

-- authd.password_words(actor, reach, {user}) → as authd.password_words_of()
-- For authd, before it checks or hashes a new password; the caller does not get the words. The strength
-- of a password says something of the names of the account, so only a caller who may set the password
-- may ask.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.password_words(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.password_words_of(authd.account_control(actor, reach, arguments));
END
$$;

-- authd.password_replace(owner bigint, hash text, cipher_version bigint) → void
-- Sets a main password, or clears it by NULL: the generation of the identity and the version rise.
-- cipher_version: the number that the hash is encrypted over, NULL only without a hash.
-- Errors: AU422 one of hash and cipher_version is missing.
CREATE OR REPLACE FUNCTION authd.password_replace(owner bigint, hash text,
                                                  cipher_version bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF (hash IS NULL) <> (cipher_version IS NULL) THEN
        PERFORM authd.refuse('AU422', 'password_cipher_version is missing',
                             'Only the service can give it.');
    END IF;
    UPDATE authd.account
       SET password = hash,
           password_cipher_version = cipher_version,
           password_generation = password_generation + 1,
           password_set_at = CASE WHEN hash IS NOT NULL THEN authd.now() END,
           version = version + 1
     WHERE id = owner;
END
$$;

-- authd.passwords_clear(owners bigint[]) → void
-- Clears the main passwords of many locked accounts, as authd.password_replace() does.
CREATE OR REPLACE FUNCTION authd.passwords_clear(owners bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    UPDATE authd.account
       SET password = NULL,
           password_cipher_version = NULL,
           password_generation = password_generation + 1,
           password_set_at = NULL,
           version = version + 1
     WHERE id = ANY (owners);
END
$$;

-- authd.password_set(actor, reach, {user, password_hash, password_cipher_version, password_owner,
--                                   keep_credentials?})
--     → user object, "changed": true, "ended": {…: how many}
-- Ends all reset links. Set by the user: also ends the other sessions. Set by another person, without
-- keep_credentials: also ends all sessions, app passwords and API keys, so that an administrator who
-- replaces a stolen password leaves none to the thief.
-- Errors: AU404; AU409 the hash was encrypted for another account; AU422 also for a service user;
-- AU403.
CREATE OR REPLACE FUNCTION authd.password_set(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    hash   text := authd.argument_password_hash(arguments);
    kept   boolean := coalesce(authd.argument_boolean(arguments, 'keep_credentials'), false);
    owner  authd.account := authd.account_control(actor, reach, arguments);
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
        arguments, 'password_cipher_version', 1, 9223372036854775807));
    ended := authd.credentials_end(
        ARRAY[owner.id],
        CASE WHEN authd.is_self(actor, owner.id) THEN ARRAY['reset_links', 'sessions']
             WHEN kept THEN ARRAY['reset_links']
             ELSE ARRAY['reset_links', 'sessions', 'app_passwords', 'api_keys'] END,
        CASE WHEN authd.is_self(actor, owner.id) THEN (actor ->> 'session')::bigint END);
    RETURN authd.account_changed(actor, 'password_set', owner.id, before,
                                 jsonb_build_object('ended', ended));
END
$$;

-- authd.password_clear(actor, reach, {user}) → user object, "changed", "ended": {…: how many}
-- Also ends sessions, reset links and API keys. App passwords stay: they are the user's other way to
-- send mail.
-- Errors: AU404, AU403, AU422.
CREATE OR REPLACE FUNCTION authd.password_clear(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner  authd.account := authd.account_lock(actor, reach, arguments);
    before jsonb := authd.account_object(owner);
    more   jsonb := '{}';
BEGIN
    IF owner.password IS NOT NULL THEN
        PERFORM authd.password_replace(owner.id, NULL);
        more := jsonb_build_object('ended',
            authd.credentials_end(ARRAY[owner.id], ARRAY['reset_links', 'sessions', 'api_keys']));
    END IF;
    RETURN authd.account_changed(actor, 'password_clear', owner.id, before, more);
END
$$;

-- authd.password_upgrade(id bigint, old text, new text) → boolean
-- Replaces the stored hash by a stronger one of the same password, if it still is `old`. Both are
-- encrypted, over the same number. The password itself is the same: generation and version stay.
-- Errors: 23514 `new` is not encrypted (a second net).
CREATE OR REPLACE FUNCTION authd.password_upgrade(id bigint, old text, new text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    IF new IS NULL THEN
        RETURN false;
    END IF;
    UPDATE authd.account SET password = new, imported_cipher_version = NULL
     WHERE account.id = password_upgrade.id AND account.password = old;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION authd.password_upgrade(bigint, text, text) TO authd_service;
