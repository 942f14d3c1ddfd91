GRANT CREATE ON SCHEMA public TO parity_alice;
