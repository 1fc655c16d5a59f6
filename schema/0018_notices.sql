-- Mail to users about what happened to their accounts, and policies of second factors.
-- Oldest compatible: 13

SELECT; -- nothing yet
