"""`backport`: a fix on other branches."""
