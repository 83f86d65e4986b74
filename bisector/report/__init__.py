"""Reports: a journal's summary as text, for people and for programs."""
