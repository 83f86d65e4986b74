"""What was found out, as data: verdicts, events, the journal."""
