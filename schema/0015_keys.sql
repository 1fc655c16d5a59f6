-- Keys that replace others, and what still needs the old ones.
-- Oldest compatible: 13

SELECT; -- nothing yet
