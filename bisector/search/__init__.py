"""Which revision next: mathematics without git, files or processes."""
