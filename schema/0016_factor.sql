-- Codes of second factors: each taken once, wrong ones counted.
-- Oldest compatible: 13

SELECT; -- nothing yet
