CREATE TABLE t (a text COLLATE "default", b text);
