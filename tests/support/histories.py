"""Histories as the search sees them: each commit's name and its parents."""

from __future__ import annotations

from bisector.search.graph import Revision

History = list[tuple[Revision, list[Revision]]]

#   a - b - c - m - z      a side branch of two commits, merged
#    \         /
#     s - - - t
MERGED: History = [
    ("a", ["outside"]),
    ("b", ["a"]),
    ("s", ["a"]),
    ("c", ["b"]),
    ("t", ["s"]),
    ("m", ["c", "t"]),
    ("z", ["m"]),
]
