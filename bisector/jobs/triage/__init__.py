"""`triage`: from a report to an answer: fixed already, since when broken, does the patch help."""
