"""What a command does, below its options and above its probes."""
