"""What is run on a binary, and what its output means."""
