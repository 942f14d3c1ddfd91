CREATE TABLE t (s varchar(9) DEFAULT 'a'::character varying);
