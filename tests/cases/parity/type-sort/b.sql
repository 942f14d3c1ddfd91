CREATE TYPE mood AS (a int);
