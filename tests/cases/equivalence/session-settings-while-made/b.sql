SET DateStyle = 'German';
SET TimeZone = 'Asia/Tokyo';
SET bytea_output = 'escape';
CREATE TABLE t (d date DEFAULT '02.01.2026', z timestamptz DEFAULT '2026-01-02 12:04:05+09', b bytea DEFAULT '\001');
