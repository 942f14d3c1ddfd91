CREATE TYPE ty AS (a bigint, b text);
