CREATE TABLE t (a character varying(5), b timestamp with time zone, c boolean, d numeric(4, 2), e bigint);
