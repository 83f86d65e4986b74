"""Debian source packages: a .dsc file, and the archives beside it, with their checksums.

See dsc(5) and the format 3.0 (quilt) in dpkg-source(1). The signature is not checked: who names a
file vouches for it; apt has checked what it fetched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bisector.errors import SourceProblem

MAX_BYTES = 1 << 20  # of a .dsc file; Debian's has 3 kB
_FORMATS = ("3.0 (quilt)", "3.0 (native)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ORIGINAL = re.compile(r"\.orig(?:-([A-Za-z0-9-]+))?\.tar\.\w+$")
_PACKAGING = re.compile(r"\.debian\.tar\.\w+$")


@dataclass(frozen=True)
class SourcePackage:
    """A source package: its name, Debian's version, and its archives, which are as they should be.

    ``upstream`` is the main one, ``components`` are those for folders of that name, ``packaging``
    has the folder debian/, None in a native package.
    """

    name: str
    version: str
    upstream: Path
    components: Mapping[str, Path]
    packaging: Path | None


def read(dsc: Path) -> SourcePackage:
    """The package that the file *dsc* describes; the checksums of its archives are compared.

    Raises SourceProblem.
    """
    fields = _fields(dsc)
    kind = fields.get("Format", "")
    if kind not in _FORMATS:
        what = f"{dsc} is of the format {kind}" if kind else f"{dsc} describes no source package"
        raise SourceProblem(
            what, f"name one of {' or '.join(_FORMATS)}, or a folder with the source"
        )
    listed = fields.get("Checksums-Sha256") or []
    if not listed:
        raise SourceProblem(f"{dsc} has no SHA-256 checksums", "name a complete .dsc file")
    files = [_verified(dsc, entry) for entry in listed]
    packaging = next((path for path in files if _PACKAGING.search(path.name)), None)
    if kind == "3.0 (native)":
        originals = {"": files[0]} if len(files) == 1 else {}
    else:
        found = ((_ORIGINAL.search(path.name), path) for path in files)
        originals = {match[1] or "": path for match, path in found if match}
    if "" not in originals or (packaging is None) is not (kind == "3.0 (native)"):
        raise SourceProblem(f"{dsc} lacks an archive that its format has", "name a complete one")
    upstream = originals.pop("")
    name, version = fields.get("Source", ""), fields.get("Version", "")
    return SourcePackage(str(name), str(version), upstream, originals, packaging)


def _fields(dsc: Path) -> Mapping[str, Any]:
    """The fields of a .dsc file, whether it is signed or not."""
    from debian.deb822 import Dsc

    try:
        with dsc.open("rb") as source:
            raw = source.read(MAX_BYTES + 1)
        return Dsc(raw[:MAX_BYTES].decode("utf-8", "replace"))
    except OSError as error:
        raise SourceProblem(f"cannot read {dsc}", error.strerror or str(error)) from error
    except (ValueError, EOFError, TypeError) as error:
        raise SourceProblem(f"{dsc} is no .dsc file: {error}", "get it again") from error


def _verified(dsc: Path, entry: Mapping[str, str]) -> Path:
    """The archive beside *dsc* that *entry* lists. Raises SourceProblem unless it is as listed."""
    name, wanted = entry.get("name", ""), entry.get("sha256", "")
    if not name or "/" in name or name in (".", "..") or not _SHA256.fullmatch(wanted):
        raise SourceProblem(f"{dsc} lists a file that cannot be: '{name}'", "get it again")
    path = dsc.parent / name
    try:
        with path.open("rb") as source:
            found = hashlib.file_digest(source, "sha256").hexdigest()
    except OSError as error:
        what = f"{dsc}: cannot read {path}"
        hint = f"{error.strerror or error}; put the package's files beside it"
        raise SourceProblem(what, hint) from error
    if found != wanted:
        what = f"{dsc}: {path} is another file than listed there (its SHA-256 is {found[:12]}…)"
        raise SourceProblem(what, "get the package again")
    return path
