CREATE TYPE ty AS (b text, a int);
