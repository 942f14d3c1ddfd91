UPDATE pg_database SET datctype = 'it_IT' WHERE datname = current_database();
