CREATE TABLE t (a varchar(5));
CREATE RULE r AS ON UPDATE TO t WHERE ((new.a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[])) DO INSTEAD NOTHING;
