"""Find a scenario's folder, read it and check it; errors are reported with file and line."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bisector.build.toolchains import TOOLCHAINS
from bisector.errors import ScenarioProblem
from bisector.testing.oracle import check_pattern
from bisector.testing.oracles.command import SCRIPT
from bisector.testing.scenario import BUNDLED, Known, Parameters, Scenario, Value

_TOP: dict[str, type] = {
    "name": str,
    "title": str,
    "story": str,
    "subsystem": str,
    "since": str,
    "tags": list,
    "matrix": list,
}
_SECTIONS: dict[str, dict[str, type]] = {
    "files": {},
    "parameters": {},
    "verdict": {"control": str, "bad": str, "flaky": bool},
    "known": {"suspect": str, "fix": str, "patches": str, "bad": str, "good": str},
    "build": {"make": dict, "toolchain": str},
}
_LISTS = ("exclude", "regtest")
_NEEDED = ("name", "title", "files", "verdict")
_VERSION = re.compile(r"\d+\.\d+(?:[.-](?:dev)?\d+)?")
_PLAIN_NAME = re.compile(r"\w[\w.+-]{0,99}")
MAX_VARIANTS = 10_000  # of a scenario; to test more would take days
_KINDS: dict[type, str] = {dict: "a table", list: "a list", str: "a string", bool: "true or false"}


def bundled() -> list[str]:
    """The names of the scenarios that come with bisector."""
    return sorted(path.parent.name.replace("_", "-") for path in BUNDLED.glob("*/scenario.toml"))


def load(name: str) -> Scenario:
    """A bundled scenario by its name, or the user's own by its folder.

    Raises ScenarioProblem if there is none, or with file and line for an error in it.
    """
    if name in bundled():
        return _read(BUNDLED / name.replace("-", "_"))
    if _is_folder(name):
        return _read(Path(name).resolve())
    if "/" in name:
        raise ScenarioProblem(f"no scenario folder {name}")
    raise ScenarioProblem(f"no scenario '{name}'", f"there are {', '.join(bundled())}; or a folder")


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # the name is too long
        return False


def _read(folder: Path) -> Scenario:
    path = folder / "scenario.toml"
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ScenarioProblem(f"cannot read {path}", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ScenarioProblem(f"{path} is not UTF-8 text", str(error)) from error
    except (ValueError, RecursionError) as error:  # no TOML, a huge number, deep nesting
        line = re.search(r"line (\d+)", str(error))
        raise ScenarioProblem(f"{path}:{line[1] if line else 1}", str(error)) from error
    return _Reader(path, text, table).scenario()


class _Reader:
    """Checks a scenario.toml and turns it into a Scenario."""

    def __init__(self, path: Path, text: str, table: dict[str, Any]) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.table = table

    def problem(self, what: str, near: str = "", nth: int = 0) -> ScenarioProblem:
        """The error *what*, at the *nth* line that sets the key *near* or is its table's header."""
        key = re.escape(near)
        place = re.compile(rf'\s*(?:"?{key}"?\s*=|\[{{1,2}}{key}\]{{1,2}})') if near else None
        numbers = [n for n, line in enumerate(self.lines, 1) if place and place.match(line)]
        return ScenarioProblem(f"{self.path}:{numbers[nth] if len(numbers) > nth else 1}", what)

    def scenario(self) -> Scenario:
        """The scenario. Raises ScenarioProblem."""
        table = self.table
        self._check_names()
        folder = self.path.parent
        parameters = {name: self._values(name) for name in table.get("parameters", {})}
        if math.prod(map(len, parameters.values())) > MAX_VARIANTS:
            raise self.problem(f"[parameters]: more than {MAX_VARIANTS} variants", "parameters")
        scenario = Scenario(
            name=table["name"],
            title=table["title"],
            story=table.get("story", "").strip(),
            subsystem=table.get("subsystem", ""),
            tags=tuple(table.get("tags", ())),
            folder=folder,
            files=table["files"],
            parameters=parameters,
            exclude=self._rules("exclude", parameters),
            control=self._pattern("control"),
            bad=self._pattern("bad"),
            known=Known(**table.get("known", {})),
            make={k: str(v) for k, v in table.get("build", {}).get("make", {}).items()},
            toolchain=self._toolchain(),
            flaky=table["verdict"].get("flaky", False),
            regtests=self._rules("regtest", parameters, extra=("name",)),
            matrix=self._matrix(parameters),
            since=self._since(),
        )
        self._check_files(scenario)
        return scenario

    def _check_names(self) -> None:
        for needed in _NEEDED:
            if needed not in self.table:
                raise self.problem(f"'{needed}' is missing")
        for name, value in self.table.items():
            if name in _TOP:
                self._check_type(name, value, _TOP[name])
                if isinstance(value, list) and not all(isinstance(item, str) for item in value):
                    raise self.problem(f"'{name}' must be a list of strings", name)
            elif name in _SECTIONS:
                self._check_type(name, value, dict)
                self._check_section(name, value)
            elif name in _LISTS:
                self._check_type(name, value, list)
            else:
                raise self.problem(f"unknown key '{name}'", name)

    def _check_section(self, section: str, table: dict[str, Any]) -> None:
        keys = _SECTIONS[section]
        for name, value in table.items():
            if keys and name not in keys:
                raise self.problem(f"[{section}] has no key '{name}'", name)
            if keys:
                self._check_type(name, value, keys[name])

    def _check_type(self, name: str, value: object, wanted: type) -> None:
        if not isinstance(value, wanted):
            raise self.problem(f"'{name}' must be {_KINDS[wanted]}", name)

    def _values(self, name: str) -> tuple[Value, ...]:
        values = self.table["parameters"][name]
        plain = isinstance(values, list) and all(isinstance(v, str | int) for v in values)
        if not plain or not values:
            raise self.problem(f"parameter '{name}' needs a list of its values", name)
        return tuple(values)

    def _pattern(self, name: str) -> str:
        pattern: str | None = self.table["verdict"].get(name)
        if not pattern:
            raise self.problem(f"[verdict] needs '{name}'", "verdict")
        try:
            check_pattern(pattern, name)
        except ScenarioProblem as error:
            raise self.problem(str(error), name) from None
        return pattern

    def _toolchain(self) -> str:
        name: str = self.table.get("build", {}).get("toolchain", "")
        if name and name not in TOOLCHAINS:
            raise self.problem(
                f"[build]: 'toolchain' is one of {', '.join(TOOLCHAINS)}", "toolchain"
            )
        return name

    def _matrix(self, parameters: Collection[str]) -> tuple[str, ...]:
        names: list[str] = self.table.get("matrix", [])
        for name in names:
            if name not in parameters:
                raise self.problem(f"'matrix': there is no parameter '{name}'", "matrix")
        return tuple(names)

    def _since(self) -> str:
        since: str = self.table.get("since", "")
        if since and not _VERSION.fullmatch(since):
            raise self.problem("'since' must be a version such as 3.0 or 3.1-dev2", "since")
        return since

    def _rules(
        self,
        key: str,
        parameters: Mapping[str, tuple[Value, ...]],
        extra: Collection[str] = (),
    ) -> tuple[Parameters, ...]:
        rules: list[dict[str, Value]] = self.table.get(key, [])
        for nth, rule in enumerate(rules):
            if not isinstance(rule, dict):
                raise self.problem(f"'{key}' must be a list of tables", key)
            for name in extra:
                if not re.fullmatch(r"\w[\w.-]*", str(rule.get(name, ""))):
                    raise self.problem(f"[[{key}]] needs a plain '{name}'", key, nth)
            for name, value in rule.items():
                if name not in extra and value not in parameters.get(name, ()):
                    raise self.problem(f"[[{key}]]: '{name}' cannot be {value!r}", key, nth)
        return tuple(rules)

    def _check_files(self, scenario: Scenario) -> None:
        cases = [name for name in scenario.files if name.endswith(".vtc") or name == SCRIPT]
        if len(cases) != 1:
            what = f"[files] needs exactly one .vtc, or a {SCRIPT} instead; it has {len(cases)}"
            raise self.problem(what, "files")
        if scenario.is_script and scenario.regtests:
            raise self.problem(f"[[regtest]]: no reg-test is made of a {SCRIPT}", "regtest")
        for name, template in scenario.files.items():
            if not isinstance(template, str):
                raise self.problem(f"[files]: '{name}' must name a template", name)
            if not _PLAIN_NAME.fullmatch(name):
                raise self.problem(f"[files]: '{name}' must be a plain file name", name)
            places = (scenario.folder, scenario.folder.parent, BUNDLED)
            if not any(_is_file(place / template) for place in places):
                raise self.problem(f"[files]: there is no template '{template}'", name)


def _is_file(path: Path) -> bool:
    """Whether there is such a file; False also for a name that no file can have."""
    try:
        return path.is_file()
    except OSError:  # it is too long
        return False
