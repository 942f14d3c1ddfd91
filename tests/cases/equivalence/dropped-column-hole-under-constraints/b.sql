CREATE TABLE t (gone int, id int PRIMARY KEY, n int REFERENCES t, CHECK (n > id));
ALTER TABLE t DROP gone;
