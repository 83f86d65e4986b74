"""Reg-tests that upstream can merge, rendered from a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bisector.scenario import Scenario, text_of
from bisector.workspace import explained, write_whole


def rendered(scenario: Scenario) -> dict[str, str]:
    """The files of a scenario's reg-tests by their path below reg-tests/.

    Each [[regtest]] of the scenario is one test case; companions with the same text are shared.
    """
    files: dict[str, str] = {}
    folder = scenario.subsystem or "checks"
    for wanted in scenario.regtests or ({"name": Path(scenario.vtc).stem},):
        stem = str(wanted["name"])
        settings = {name: text_of(value) for name, value in wanted.items() if name != "name"}
        chosen = scenario.choose(settings)
        names = {scenario.vtc: f"{stem}.vtc"}
        for name, text in scenario.render(chosen).items():
            if files.get(f"{folder}/{name}", text) != text:
                names[name] = f"{stem}_{name}"  # differs from its namesake: a name of its own
        for name, text in scenario.render(chosen, names).items():
            files[f"{folder}/{names.get(name, name)}"] = text
    return files


def write(files: dict[str, str], folder: Path) -> None:
    """Write the files below *folder*. Raises WorkspaceProblem if it cannot be written."""
    for name, text in files.items():
        path = folder / name
        with explained(f"cannot write {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())


def stale(files: dict[str, str], folder: Path) -> Iterator[str]:
    """The names of the files below *folder* that are missing or say something else."""
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield name
