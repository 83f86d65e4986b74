from __future__ import annotations

import tomllib

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from tests.support.supply import (
    BASE,
    DEV,
    LICENCES,
    PURPOSES,
    ROOT,
    Pin,
    faults,
    filled,
    licence_of,
    read_lock,
    tables,
)

HASH = "sha256:" + "0123456789abcdef" * 4
LOCK = f"""\
# made by a tool
cffi==2.1.1 ; sys_platform == 'linux' \\
    --hash={HASH} \\
    --hash={HASH}
    # via pygit2
pygit2==1.21.0 \\
    --hash={HASH}
    # via
    #   -c requirements.lock
    #   bisector (pyproject.toml)
    #   cffi

# colorama was left out
"""
CFFI = Pin("cffi", "2.1.1", "sys_platform == 'linux'", (HASH, HASH), ("pygit2",))
PYGIT2 = Pin("pygit2", "1.21.0", "", (HASH,), ("cffi",))

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
EXTRA = EXTRAS["dev"] + EXTRAS["cluster"]
BUILD: list[str] = PROJECT["build-system"]["requires"]


def pins_of(lock: str) -> list[Pin]:
    return list(read_lock((ROOT / lock).read_text(encoding="utf-8")))


def test_a_lock_is_read_with_all_hashes_and_with_who_wants_a_package() -> None:
    assert list(read_lock(LOCK)) == [CFFI, PYGIT2]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "--find-links wheels",
        "--extra-index-url https://example.org/simple",
        "git+https://example.org/pygit2",
        "pygit2>=1.21",
        "pygit2==1.21.0",
        f"    --hash={HASH[:-1]}",
        "    --hash=md5:0123456789abcdef",
    ],
)
@pytest.mark.parametrize("place", ["{line}\n{lock}", "{lock}{line}\n"])
def test_a_line_that_is_no_pin_no_hash_and_no_comment_is_refused(line: str, place: str) -> None:
    with pytest.raises(ValueError):
        list(read_lock(place.format(line=line, lock=LOCK)))


def test_a_package_that_is_not_pinned_or_pinned_too_old_or_without_hash_is_a_fault() -> None:
    bare = Pin("rich", "15.0.0", "", (), ())
    assert list(faults([CFFI, PYGIT2, bare], ["pygit2>=2", "Plumbum>=1.9", "cffi"])) == [
        "rich has no hash",
        "pygit2 1.21.0 is not >=2",
        "plumbum is not pinned",
    ]


@pytest.mark.parametrize(
    ("lock", "wanted"), [(BASE, RUNTIME + BUILD), (DEV, RUNTIME + BUILD + EXTRA)]
)
def test_each_lock_pins_with_hashes_what_pyproject_asks_for(lock: str, wanted: list[str]) -> None:
    assert list(faults(pins_of(lock), wanted)) == []


def test_a_lock_leaves_a_package_to_the_platforms_that_pyproject_names() -> None:
    pinned = {pin.name: pin for pin in pins_of(BASE.name)}
    platforms = [
        {"sys_platform": system, "platform_machine": machine}
        for system in ("linux", "darwin")
        for machine in ("x86_64", "aarch64", "riscv64")
    ]
    for requirement in map(Requirement, RUNTIME):
        marker = pinned[requirement.name].marker
        for platform in platforms:
            asked = requirement.marker is None or requirement.marker.evaluate(platform)
            assert asked == (not marker or Marker(marker).evaluate(platform)), requirement


def test_developers_run_the_very_packages_that_users_run() -> None:
    dev = {pin.name: (pin.version, pin.hashes) for pin in pins_of(DEV.name)}
    base = {pin.name: (pin.version, pin.hashes) for pin in pins_of(BASE.name)}
    assert base == {name: dev[name] for name in base}


def test_what_the_locks_pin_for_building_is_what_the_build_asks_for() -> None:
    assert PROJECT["dependency-groups"]["build"] == BUILD


def test_each_package_that_pyproject_names_has_a_purpose() -> None:
    named = {Requirement(line).name.lower() for line in RUNTIME + BUILD + EXTRA}
    assert named == set(PURPOSES)


def test_the_licences_are_those_of_the_pinned_and_installed_packages() -> None:
    """After an update of the locks: `python -m tests.support.supply`."""
    document = LICENCES.read_text(encoding="utf-8")
    assert filled(document, tables()) == document


def test_a_table_takes_the_pinned_version_and_keeps_a_licence_that_cannot_be_looked_up() -> None:
    absent = Pin("no-such-package", "2.0", "", (HASH,), ("cffi", "rich"))
    row = "| no-such-package | {} | MIT | {} |\n"
    document = f"Before.\n<!-- runs -->\n{row.format('1.0', 'x')}<!-- end -->\nAfter.\n"

    made = filled(document, {"runs": [absent]})

    assert row.format("2.0", "for cffi, rich") in made
    assert made.startswith("Before.\n<!-- runs -->\n| package |")
    assert made.endswith("\n<!-- end -->\nAfter.\n")


def test_a_new_package_that_is_not_installed_needs_a_look() -> None:
    absent = Pin("no-such-package", "2.0", "", (HASH,), ())
    with pytest.raises(LookupError):
        filled("<!-- runs -->\n<!-- end -->\n", {"runs": [absent]})


def test_the_licence_of_another_version_than_the_pinned_one_is_not_taken() -> None:
    assert licence_of(Pin("packaging", "0", "", (HASH,), ())) is None


@pytest.mark.parametrize(
    ("name", "licence"),
    [("locket", "BSD-2-Clause"), ("zict", "BSD-3-Clause"), ("trustme", "MIT OR Apache-2.0")],
)
def test_a_licence_is_told_more_exactly_than_by_its_classifier(name: str, licence: str) -> None:
    [pin] = [pin for pin in pins_of(DEV.name) if pin.name == name]
    assert licence_of(pin) == licence
