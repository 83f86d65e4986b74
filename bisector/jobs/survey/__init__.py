"""`affected` and `sweep`: verdicts over many revisions."""
