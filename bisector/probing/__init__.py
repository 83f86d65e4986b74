"""One probe: build a revision, test it, and give a verdict; and many of them."""
