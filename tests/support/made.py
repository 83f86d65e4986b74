"""Small made repositories for what is told by whole trees: cherry-picks, mails, backports."""

from __future__ import annotations

from pathlib import Path

import pygit2
from pygit2.enums import FileMode

AUTHOR = pygit2.Signature("Zoë Doe", "zoe@example.org", 1_600_000_000, 120)
C = "src/server.c"
TEN = "".join(f"line {number}\n" for number in range(1, 11))
FIXED = TEN.replace("line 8\n", "line EIGHT\n")
MESSAGE = "BUG/MINOR: server: count right\n\nIt was wrong.\n"

Files = dict[str, str | bytes]


class Repo:
    """A bare repository whose commits are made of whole trees."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git = pygit2.init_repository(str(path), bare=True)

    def commit(
        self,
        files: Files,
        *parents: str,
        message: str | bytes = MESSAGE,
        mode: FileMode = FileMode.BLOB,
    ) -> str:
        index = pygit2.Index()
        for path, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            index.add(pygit2.IndexEntry(path, self.git.create_blob(raw), mode))
        tree = index.write_tree(self.git)
        made = self.git.create_commit(None, AUTHOR, AUTHOR, message, tree, list(parents))
        return str(made)

    def read(self, commit: str) -> pygit2.Commit:
        return self.git[commit].peel(pygit2.Commit)

    def content(self, commit: str, path: str = C) -> str:
        return self.read(commit).tree[path].peel(pygit2.Blob).data.decode()
