"""`verify`: what a patch fixes and breaks at each revision."""
