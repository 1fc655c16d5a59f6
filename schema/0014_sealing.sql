-- Every stored hash is sealed.
-- Oldest compatible: 13

SELECT; -- nothing yet
