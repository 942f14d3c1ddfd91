"""Where the capabilities meet: today the schemas that parity reads from files. Phases and gates are to come."""
