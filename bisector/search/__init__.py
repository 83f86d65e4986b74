"""Algorithms that choose the next revision to probe; no git, no files, no processes."""
