UPDATE pg_database SET encoding = 8 WHERE datname = current_database();
