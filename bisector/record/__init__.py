"""What was found, as data: verdicts, events, the journal and its summary."""
