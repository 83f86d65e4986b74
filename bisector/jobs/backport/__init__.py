"""`backport`: port a fix to other branches and judge it there."""
