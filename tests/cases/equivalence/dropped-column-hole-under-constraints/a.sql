CREATE TABLE t (id int PRIMARY KEY, n int REFERENCES t, CHECK (n > id));
