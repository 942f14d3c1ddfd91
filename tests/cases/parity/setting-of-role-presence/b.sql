DO $$ BEGIN EXECUTE format('ALTER ROLE parity_alice IN DATABASE %I SET work_mem = ''5MB''', current_database()); END $$;
