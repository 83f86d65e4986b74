"""The job of `queue`: which fixes a stable branch should take, and what they need."""
