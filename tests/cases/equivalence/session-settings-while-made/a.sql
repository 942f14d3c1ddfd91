CREATE TABLE t (d date DEFAULT '2026-01-02', z timestamptz DEFAULT '2026-01-02 03:04:05+00', b bytea DEFAULT '\x01');
