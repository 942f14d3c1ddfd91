CREATE TABLE t (a text, b text COLLATE pg_catalog."default");
