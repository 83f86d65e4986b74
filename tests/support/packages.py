"""Debian source packages, made of files: a .dsc, the archives beside it, their checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.clone import HAPROXY

SOURCE = {**HAPROXY, "VERSION": "3.0.1\n"}


def archive(path: Path, files: Mapping[str, str], top: str = "") -> Path:
    """The tar file of *files* at *path*, in the folder *top*."""
    compressed = lzma.open if path.suffix == ".xz" else gzip.open
    with compressed(path, "wb") as sink, tarfile.open(fileobj=sink, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{top}/{name}" if top else name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def describe(folder: Path, *archives: Path, form: str = "3.0 (quilt)") -> Path:
    """The .dsc file in *folder* that lists *archives*."""
    lines = [
        f" {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.name}\n"
        for path in archives
    ]
    head = f"Format: {form}\nSource: haproxy\nVersion: 3.0.1-1\nChecksums-Sha256:\n"
    dsc = folder / "haproxy_3.0.1-1.dsc"
    dsc.write_text(head + "".join(lines))
    return dsc


def package(folder: Path, packaging: Mapping[str, str], source: Mapping[str, str] = SOURCE) -> Path:
    """The .dsc file of a package in *folder*, of upstream's *source* and what is below debian/."""
    folder.mkdir(exist_ok=True)
    upstream = archive(folder / "haproxy_3.0.1.orig.tar.gz", source, "haproxy-3.0.1")
    below = {f"debian/{name}": text for name, text in packaging.items()}
    return describe(folder, upstream, archive(folder / "haproxy_3.0.1-1.debian.tar.xz", below))


def patch(path: str, before: str, after: str, head: str = "Description: change it\n") -> str:
    """A patch of the one line of the file at *path*, as quilt has it."""
    return f"{head}--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-{before}+{after}"
