"""`run`: find the commit that introduced a bug and the one that fixed it, and prove both."""
