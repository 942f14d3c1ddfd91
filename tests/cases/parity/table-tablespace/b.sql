CREATE TABLE t (id int) TABLESPACE parity_space;
