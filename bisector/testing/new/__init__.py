"""New scenario folders: of a kind, or from a configuration and a client's requests."""
