"""Reg-tests that upstream can merge, rendered from a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bisector.system.files import explained, write_whole
from bisector.testing import upstream_form
from bisector.testing.scenario import Scenario, text_of


def rendered(scenario: Scenario) -> dict[str, str]:
    """The files of a scenario's reg-tests by their path below reg-tests/.

    Each [[regtest]] of the scenario is one test case; companions with the same text are shared.
    """
    files: dict[str, str] = {}
    folder = scenario.subsystem or "checks"
    for regtest in scenario.regtests or ({"name": Path(scenario.vtc).stem},):
        stem = str(regtest["name"])
        settings = {name: text_of(value) for name, value in regtest.items() if name != "name"}
        chosen = scenario.choose(settings)
        names = {name: name for name in scenario.files} | {scenario.vtc: f"{stem}.vtc"}
        texts = scenario.render(chosen, names)
        # a companion that differs from one of the same name is renamed, which can change others
        while taken := [
            name
            for name, text in texts.items()
            if names[name] == name != scenario.vtc and files.get(f"{folder}/{name}", text) != text
        ]:
            names |= {name: f"{stem}_{name}" for name in taken}
            texts = scenario.render(chosen, names)
        texts[scenario.vtc] = upstream_form.completed(texts[scenario.vtc], scenario)
        files |= {f"{folder}/{names[name]}": text for name, text in texts.items()}
    return files


def write(files: dict[str, str], folder: Path) -> None:
    """Write the files below *folder*. Raises WorkspaceProblem if it cannot be written."""
    for name, text in files.items():
        path = folder / name
        with explained(f"cannot write {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())


def stale(files: dict[str, str], folder: Path) -> Iterator[str]:
    """The names of the files below *folder* that are missing or differ."""
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield name
