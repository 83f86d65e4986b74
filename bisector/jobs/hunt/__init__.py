"""`run`: the commit that brought a bug, the one that fixed it, and the proof of both."""
