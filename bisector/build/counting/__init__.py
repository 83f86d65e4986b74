"""Binaries that count what they execute, and what can be read from their counters."""
