CREATE TABLE t (id int, name text);
REVOKE DELETE ON t FROM postgres;
