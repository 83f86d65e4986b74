"""bisector: find, prove and verify fixes in HAProxy's history by building and testing it."""

__version__ = "0.2.0"
