UPDATE pg_database SET datdba = 'parity_alice'::regrole WHERE datname = current_database();
