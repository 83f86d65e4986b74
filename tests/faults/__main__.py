"""`python -m tests.faults [MODULE …]` prints the table; exit status 1 if anything was lost."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.faults.table import Context, Experiment, render

MODULES = ("crashes", "ground", "together", "hostile", "slow")


def present() -> list[str]:
    """The modules that are there."""
    return [name for name in MODULES if importlib.util.find_spec(f"tests.faults.{name}")]


def experiments(module: str) -> Iterator[Experiment]:
    """Bring about the faults of a *module*, one after the other."""
    # not pytest's long path: sockets have to fit below it
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        context = Context(Path(folder))
        yield from importlib.import_module(f"tests.faults.{module}").experiments(context)


def main(names: Iterable[str]) -> int:
    """Print the table of the modules *names*, all unless some are named."""
    rows = []
    for name in names or present():
        for row in experiments(name):
            print(f"{row.fault}: {row.survived} of {row.tried} {row.detail}", file=sys.stderr)
            rows.append(row)
    print(render(rows))
    return 1 if any(row.lost for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
