"""The jobs of the commands: what to probe, in which order, and what the results mean."""
