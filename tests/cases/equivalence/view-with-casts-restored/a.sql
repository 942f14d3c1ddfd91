CREATE TABLE t (a varchar(5), d date);
CREATE VIEW v AS SELECT a::text || 'x' AS y, d + interval '1 day' AS n, a IN ('p', 'q') AS z, d BETWEEN '2020-01-01' AND '2021-01-01' AS w, EXTRACT(year FROM d) AS yr, COALESCE(a, 'none') AS c FROM t WHERE a LIKE 'x%' ORDER BY 1;
