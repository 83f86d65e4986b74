"""`verify`: what a patch fixes and what it breaks, at each revision."""
