UPDATE pg_database SET datconnlimit = 7 WHERE datname = current_database();
