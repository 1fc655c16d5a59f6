-- Enrolling, and what only a second factor opens.
-- Oldest compatible: 13

SELECT; -- nothing yet
