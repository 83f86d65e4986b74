from __future__ import annotations

import json
import subprocess

from packaging.markers import Marker

from tests.support.audit import COMMAND, read
from tests.support.supply import DEV, read_lock


def report(*packages: dict[str, object]) -> str:
    """What pip-audit prints."""
    return json.dumps({"dependencies": packages, "fixes": []})


def package(name: str, *flaws: dict[str, object]) -> dict[str, object]:
    return {"name": name, "version": "1.0", "vulns": flaws}


def unknown(name: str) -> dict[str, object]:
    return {"name": name, "skip_reason": f"Dependency not found on PyPI: {name}"}


FLAW: dict[str, object] = {"id": "PYSEC-2026-1", "fix_versions": ["1.1", "2.0"], "aliases": []}


def test_a_known_vulnerability_fails_and_says_what_would_fix_it() -> None:
    audit = read(report(package("rich"), package("jinja2", FLAW)))

    assert audit.status == 1
    assert str(audit) == (
        "pip-audit: jinja2 1.0 has PYSEC-2026-1, fixed in 1.1, 2.0; see CONTRIBUTING.md"
    )


def test_one_without_a_fix_fails_too() -> None:
    audit = read(report(package("jinja2", {**FLAW, "fix_versions": []})))

    assert audit.status == 1
    assert "fixed in no version yet" in str(audit)


def test_packages_without_a_known_vulnerability_pass() -> None:
    audit = read(report(package("rich"), package("jinja2")))

    assert (audit.status, str(audit)) == (0, "pip-audit: no known vulnerability in 2 packages")


def test_a_package_that_the_database_does_not_know_is_named() -> None:
    audit = read(report(package("rich"), unknown("jinja2")))

    assert audit.status == 0
    assert str(audit).endswith("pip-audit: the database does not know jinja2")


def test_no_answer_is_no_failure_and_does_not_look_like_a_clean_one() -> None:
    # pip-audit calls a package unknown, too, when a mirror has no database at all
    for silent in ("", report(unknown("rich"), unknown("jinja2"))):
        audit = read(silent)
        assert audit.status == 0
        assert str(audit) == "pip-audit: no answer from the database, so nothing was audited"


def test_pip_audit_takes_our_options_and_finds_each_package_of_the_lock() -> None:
    """A dry run collects the packages that are for this machine, and asks nobody."""
    done = subprocess.run([*COMMAND, "--dry-run"], capture_output=True, text=True)

    pins = read_lock(DEV.read_text(encoding="utf-8"))
    ours = [pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate()]
    assert f"would have audited {len(ours)} packages" in done.stderr
    assert done.returncode == 0
