-- Privileges begin anew with each function set: authd_service may call the functions whose files grant
-- that, and a privilege that a set no longer grants ends.
REVOKE ALL ON ALL ROUTINES IN SCHEMA authd FROM PUBLIC, authd_service;
