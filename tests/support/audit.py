"""Has a package that the locks pin a known vulnerability? `./quickstart test` asks pip-audit so.

Exit status 1 if one has. Where the database does not answer, a line says that, and it is 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from tests.support.supply import DEV

SECONDS = 20  # for all of it; with a network it takes some
COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--requirement", str(DEV), "--require-hashes"),
    *("--disable-pip", "--progress-spinner=off", "--format=json", "--desc=off", "--timeout=5"),
)


@dataclass(frozen=True)
class Audit:
    """What the database said: a line for each vulnerability; packages it knows, and does not."""

    vulnerable: tuple[str, ...] = ()
    known: int = 0
    unknown: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return 1 if self.vulnerable else 0

    def __str__(self) -> str:
        if not self.known:
            return "pip-audit: no answer from the database, so nothing was audited"
        lines = [*self.vulnerable] or [f"no known vulnerability in {self.known} packages"]
        if self.unknown:
            lines.append(f"the database does not know {', '.join(self.unknown)}")
        return "\n".join(f"pip-audit: {line}" for line in lines)


def read(output: str) -> Audit:
    """What pip-audit printed; of one that failed that is nothing."""
    if not output.strip():
        return Audit()
    packages = json.loads(output)["dependencies"]
    asked = [package for package in packages if "skip_reason" not in package]
    vulnerable = [
        f"{package['name']} {package['version']} has {flaw['id']}, "
        f"fixed in {', '.join(flaw['fix_versions']) or 'no version yet'}; see CONTRIBUTING.md"
        for package in asked
        for flaw in package["vulns"]
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    return Audit(tuple(vulnerable), len(asked), tuple(unknown))


def ask() -> str:
    """What pip-audit prints within its time."""
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


if __name__ == "__main__":
    audit = read(ask())
    print(audit)
    sys.exit(audit.status)
