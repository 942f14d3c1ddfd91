CREATE TYPE ty AS (gone int, a int, b int);
ALTER TYPE ty DROP ATTRIBUTE gone;
