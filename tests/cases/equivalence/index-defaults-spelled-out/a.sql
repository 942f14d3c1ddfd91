CREATE TABLE t (a text);
CREATE INDEX i ON t USING btree (a text_ops ASC NULLS LAST);
CREATE INDEX j ON t (a DESC);
