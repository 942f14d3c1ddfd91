CREATE TYPE ty AS (a int, b text);
