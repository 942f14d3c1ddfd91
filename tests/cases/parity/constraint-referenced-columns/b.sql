CREATE TABLE r (id int PRIMARY KEY, other int UNIQUE, a int, UNIQUE (id, a));
CREATE TABLE r2 (id int PRIMARY KEY);
CREATE TABLE t (id int, name int);
ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES r (other);
