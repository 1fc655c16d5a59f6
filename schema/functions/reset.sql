-- Reset links. A link sets a new password once, for a user who reads the mail at the recovery address.
--
-- Threats: a copy of the database, so the database has only the digest of the token; a caller who fills
-- a user's mailbox with links, so a user gets three links an hour and ten a day. Each link that was
-- mailed counts, also after it was used, replaced or ended by a new password. A link whose mail could
-- not be handed over does not count: otherwise a mail server that is down would use up the links.

-- authd.reset_find(arguments jsonb) → authd.account
-- The account of the reset link in member "digest". Errors: AU401 the link is not good, for whatever
-- reason; AU422.
CREATE OR REPLACE FUNCTION authd.reset_find(arguments jsonb) RETURNS authd.account
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    owner authd.account;
BEGIN
    SELECT account.* INTO owner FROM authd.reset_link AS link
      JOIN authd.account ON account.id = link.account
     WHERE link.digest = authd.argument_digest(arguments, 'digest')
       AND link.expires_at > authd.now() AND NOT account.suspended AND NOT account.service;
    IF owner.id IS NULL THEN
        PERFORM authd.refuse('AU401', 'the link is not good, or no longer', 'Ask for a new one.');
    END IF;
    RETURN owner;
END
$$;

-- authd.reset_link_object(owner authd.account, link authd.reset_link) → jsonb
-- {kind: reset-link, id (the user's), user, user_id, domain, mailed_to (the recovery address, masked),
-- keep_credentials, expires_at, etag}
CREATE OR REPLACE FUNCTION authd.reset_link_object(owner authd.account, link authd.reset_link)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.object(jsonb_build_object(
        'kind', 'reset-link',
        'id', owner.id::text,
        'user', owner.login,
        'user_id', owner.id::text,
        'domain', split_part(owner.login, '@', 2),
        'mailed_to', authd.address_masked(owner.recovery_address),
        'keep_credentials', link.keep_credentials,
        'expires_at', authd.rfc3339(link.expires_at)));
END
$$;

-- authd.reset_mail_put(owner authd.account, digest bytea) → void
-- Counts a new link of an account that the calling function has locked, and forgets links of other
-- days.
-- Errors: AU429 three links within an hour, or ten within a day.
CREATE OR REPLACE FUNCTION authd.reset_mail_put(owner authd.account, digest bytea) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    times    timestamptz[] := ARRAY(SELECT created_at FROM authd.reset_mail
                                  WHERE account = owner.id ORDER BY created_at DESC);
    hour_end timestamptz := coalesce(times[3] + interval '1 hour', '-infinity');
    day_end  timestamptz := coalesce(times[10] + interval '24 hours', '-infinity');
BEGIN
    IF greatest(hour_end, day_end) > authd.now() THEN
        PERFORM authd.refuse_until(greatest(hour_end, day_end),
            format('%s got %s, which is the limit', owner.login,
                   CASE WHEN day_end > hour_end THEN 'ten reset links within a day'
                        ELSE 'three reset links within an hour' END),
            format('The next link can be mailed at %s.', authd.rfc3339(
                date_trunc('second', greatest(hour_end, day_end)) + interval '1 second')));
    END IF;
    DELETE FROM authd.reset_mail AS old
     USING (SELECT past.digest FROM authd.reset_mail AS past
             WHERE past.created_at <= authd.now() - interval '24 hours'
             ORDER BY past.created_at LIMIT 100 FOR UPDATE SKIP LOCKED) AS past
     WHERE old.digest = past.digest;
    INSERT INTO authd.reset_mail (digest, account) VALUES (reset_mail_put.digest, owner.id);
END
$$;

-- authd.reset_link_add(actor, reach, {user, digest, keep_credentials?})
--     → reset link object, "changed": true, "mail_to": the recovery address
-- Replaces the user's earlier link. digest: of the token, in hex. mail_to is for the part of authd
-- that sends the mail; the caller does not get it. The link is good for an hour.
-- Errors: AU404, AU403; AU409 no recovery address, suspended; AU422 also a service user; AU429 too many
-- links, see authd.reset_mail_put().
CREATE OR REPLACE FUNCTION authd.reset_link_add(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    new_digest bytea   := authd.argument_digest(arguments, 'digest');
    kept       boolean := coalesce(authd.argument_boolean(arguments, 'keep_credentials'), false);
    owner      authd.account := authd.account_control(actor, reach, arguments);
    new        authd.reset_link;
BEGIN
    IF owner.service THEN
        PERFORM authd.refuse('AU422',
            format('%s is a service user and has no main password', owner.login),
            'Give it an app password.');
    ELSIF owner.suspended THEN
        PERFORM authd.refuse('AU409', format('%s is suspended', owner.login),
                             'Resume the user first.');
    ELSIF owner.recovery_address IS NULL THEN
        PERFORM authd.refuse('AU409', format('%s has no recovery address', owner.login),
                             'Set one first, or set a password.');
    END IF;
    PERFORM authd.reset_mail_put(owner, new_digest);
    PERFORM authd.credentials_end(ARRAY[owner.id], ARRAY['reset_links']);
    INSERT INTO authd.reset_link (digest, account, keep_credentials, expires_at)
        VALUES (new_digest, owner.id, kept, authd.now() + interval '1 hour') RETURNING * INTO new;
    RETURN authd.changed(actor, 'reset_link_add', NULL, authd.reset_link_object(owner, new))
           || jsonb_build_object('mail_to', owner.recovery_address);
END
$$;

-- authd.reset_link_withdraw(actor, reach, {user, digest})
--     → the reset link object as it was, "changed": true
-- Ends the user's link again, which does not count any more: its mail could not be handed over.
-- Errors: AU404 also if the link has ended; AU403, AU422.
CREATE OR REPLACE FUNCTION authd.reset_link_withdraw(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, authd, pg_temp
AS $$
DECLARE
    old_digest bytea := authd.argument_digest(arguments, 'digest');
    owner      authd.account := authd.account_lock(actor, reach, arguments);
    old        authd.reset_link;
BEGIN
    DELETE FROM authd.reset_link WHERE digest = old_digest AND account = owner.id
    RETURNING * INTO old;
    IF old.digest IS NULL THEN
        PERFORM authd.refuse('AU404', format('%s has no such reset link', owner.login),
                             'There is nothing left to withdraw.');
    END IF;
    DELETE FROM authd.reset_mail WHERE digest = old_digest;
    RETURN authd.changed(actor, 'reset_link_withdraw', authd.reset_link_object(owner, old), NULL);
END
$$;

-- authd.reset_words(actor, reach, {digest}) → {"id", "enrolled", "words": [text, …]}
-- For authd, before authd.reset_use(): the account of the link, whether it has a second factor, and
-- the user's names, which the new password must not be made of. The caller does not get them.
-- Errors: AU401, AU422.
CREATE OR REPLACE FUNCTION authd.reset_words(actor jsonb, reach bigint[], arguments jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, authd, pg_temp
AS $$
BEGIN
    RETURN authd.password_words_of(authd.reset_find(arguments));
END
$$;

-- authd.reset_use(actor, reach, {digest, password_hash, password_cipher_version, password_owner})
--     → {kind: user, id, login, changed: true, ended: {…: how many}}
-- Sets the password, once: of two requests at the same time one is refused. Ends all sessions and, if
-- the link does not keep them, all app passwords and API keys.
-- Errors: AU401 the link is not good, for whatever reason; AU409 the hash was encrypted for another
-- account; AU422.
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
        arguments, 'password_cipher_version', 1, 9223372036854775807));
    answer := authd.account_changed(
        actor || jsonb_build_object('name', owner.login, 'login', owner.login, 'account', owner.id,
                                    'credential', 'reset link', 'if_match', NULL),
        'reset_use', owner.id, before,
        jsonb_build_object('ended', authd.credentials_end(ARRAY[owner.id],
            CASE WHEN kept THEN ARRAY['reset_links', 'sessions']
                 ELSE ARRAY['reset_links', 'sessions', 'app_passwords', 'api_keys'] END)));
    RETURN jsonb_build_object('kind', 'user', 'id', answer -> 'id', 'login', answer -> 'login',
                              'changed', answer -> 'changed', 'ended', answer -> 'ended');
END
$$;
