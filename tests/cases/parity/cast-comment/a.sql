CREATE CAST (bigint AS jsonb) WITH INOUT;
