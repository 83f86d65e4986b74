"""The layout of the tests: folders mirror packages, and what is shared is in tests/support."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.supply import ROOT

FOLDERS = ("real", "faults", "support")  # these mirror no package
OTHERS = {  # modules that test more or less than one module, by what they test
    "cli/test_cli.py": "the command line as a whole",
    "patch/test_apply_to.py": "that a series is applied once to each tree",
    "report/test_fixups.py": "the marks of verdicts with a fixup, in several formats",
    "report/test_patch_reports.py": "the parts of a report on a patch, in several formats",
    "system/sandbox/test_sandbox.py": "which kind of sandbox is chosen",
    "search/test_bisection_flaky.py": "the search, where a test is flaky",
}


def imported(module: Path) -> Iterator[str]:
    """The modules of the tests that *module* imports, with dots."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            names = [f"{node.module}.{name.name}" for name in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith("tests."))


def is_shared(name: str, importer: Path) -> bool:
    """Whether a module in *importer*, a path below tests/, may import *name*."""
    _, folder, *rest = name.split(".")
    if not rest or rest[0].startswith(("test_", "conftest")):
        return False
    # tests/faults is a program of its own
    return folder == "support" or folder == importer.parts[0] == "faults"


def misplaced(tests: Path) -> list[str]:
    """Each import in *tests* of something that is not there to be shared."""
    return [
        f"{module.relative_to(tests)} imports {name}"
        for module in sorted(tests.rglob("*.py"))
        for name in imported(module)
        if not is_shared(name, module.relative_to(tests))
    ]


def test_tests_share_only_what_is_in_support() -> None:
    assert misplaced(ROOT / "tests") == []


@pytest.mark.parametrize(
    ("importer", "line", "allowed"),
    [
        ("git/test_history.py", "from tests.support.clone import Clone", True),
        ("git/test_history.py", "from tests.support import judged", True),
        ("faults/crashes.py", "from tests.faults.world import World", True),
        ("git/test_history.py", "from tests.conftest import Clone", False),
        ("git/test_history.py", "from tests.git.test_object_store import listing", False),
        ("git/test_history.py", "from tests.git import test_object_store", False),
        ("git/test_history.py", "import tests.git.helpers", False),
        ("git/test_history.py", "def use():\n    from tests.git.helpers import x", False),
        ("support/test_audit.py", "from tests.support.test_supply import x", False),
        ("support/clone.py", "from tests.real.conftest import ground", False),
        ("real/test_hostile.py", "from tests.faults.world import World", False),
        ("faults/crashes.py", "from tests.faults.test_faults import x", False),
    ],
)
def test_an_import_from_elsewhere_is_found(
    tmp_path: Path, importer: str, line: str, allowed: bool
) -> None:
    module = tmp_path / importer
    module.parent.mkdir()
    module.write_text(line)
    assert (misplaced(tmp_path) == []) is allowed


def test_each_test_module_mirrors_the_module_that_it_tests() -> None:
    tests = ROOT / "tests"
    for path in tests.rglob("*/test_*.py"):
        name = path.relative_to(tests)
        if name.parts[0] in FOLDERS or str(name) in OTHERS:
            continue
        package = ROOT if name.parts[0] == "bench" else ROOT / "bisector"
        tested = package / name.with_name(path.name.removeprefix("test_"))
        assert tested.is_file(), f"tests/{name} tests no {tested.relative_to(ROOT)}"
    assert [name for name in OTHERS if not (tests / name).is_file()] == []
