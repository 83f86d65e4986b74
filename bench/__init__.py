"""Measurements of bisector, kept apart from it: nothing in the package needs them."""
