"""What PostgreSQL's catalogs say of a schema, read once for every capability."""
