"""Diffs and what is done with them: read, applied, cherry-picked, written."""
