"""Probes: build a revision, test the binary, and give a verdict."""
