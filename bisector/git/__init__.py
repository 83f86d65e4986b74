"""Reading repositories; nothing here writes to the user's clone."""
