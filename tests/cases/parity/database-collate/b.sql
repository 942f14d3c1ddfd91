UPDATE pg_database SET datcollate = 'it_IT' WHERE datname = current_database();
