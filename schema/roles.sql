-- The two roles of authd. Run once by a database administrator (a superuser), again after an
-- upgrade; running it twice does no harm. No passwords: choose peer, certificate or SCRAM
-- authentication in pg_hba.conf. Afterwards:
--
--     CREATE DATABASE authd OWNER authd_owner TEMPLATE template0 ENCODING 'UTF8';
--
-- then `smtp-authd --migrate` as authd_owner.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authd_owner') THEN
        CREATE ROLE authd_owner;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authd_service') THEN
        CREATE ROLE authd_service;
    END IF;
END
$$;

-- Owns the schema; used by migrations only.
ALTER ROLE authd_owner
    LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

-- Runs authd: may call the functions of schema authd and nothing else.
ALTER ROLE authd_service
    LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

-- Password hashes are parameters and columns: PostgreSQL's log must show neither bind parameters
-- nor the DETAIL "Failing row contains (...)".
ALTER ROLE authd_service SET log_parameter_max_length = 0;
ALTER ROLE authd_service SET log_parameter_max_length_on_error = 0;
ALTER ROLE authd_service SET log_error_verbosity = terse;

-- authd gives up on a unit of work before these do; they end what a lost connection left behind.
ALTER ROLE authd_service SET statement_timeout = '15s';
ALTER ROLE authd_service SET lock_timeout = '5s';
ALTER ROLE authd_service SET idle_in_transaction_session_timeout = '15s';

-- Statements name their schema. The functions are written for READ COMMITTED.
ALTER ROLE authd_service SET search_path = '';
ALTER ROLE authd_service SET default_transaction_isolation = 'read committed';
