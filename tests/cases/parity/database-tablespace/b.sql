UPDATE pg_database SET dattablespace = 1664 WHERE datname = current_database();
