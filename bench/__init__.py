"""Benchmarks of bisector; the package itself does not depend on them."""
