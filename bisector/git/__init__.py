"""Read access to git repositories; nothing here writes to the user's clone."""
