CREATE SEQUENCE t_id_seq AS integer;
CREATE SEQUENCE t_b_seq;
CREATE SEQUENCE t_s_seq AS smallint;
CREATE TABLE t (id integer NOT NULL DEFAULT nextval('t_id_seq') PRIMARY KEY, b bigint NOT NULL DEFAULT nextval('t_b_seq'), s smallint NOT NULL DEFAULT nextval('t_s_seq'));
ALTER SEQUENCE t_id_seq OWNED BY t.id;
ALTER SEQUENCE t_b_seq OWNED BY t.b;
ALTER SEQUENCE t_s_seq OWNED BY t.s;
