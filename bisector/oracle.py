"""What is run against a binary, and what in its log makes the verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bisector.errors import ScenarioProblem
from bisector.workspace import digest

# VTest's own limit for one run on a machine that does nothing else; half of it is what it waits for
# one response. A user's case may be slow, and fail by that wait: it gets what VTest needs for
# HAProxy's usual timeouts. A scenario takes 0.3 s, and waits for a state for 3 s at most.
TEST_SECONDS, SCENARIO_SECONDS = 30.0, 10.0

_COMPANION = re.compile(r"\$\{testdir\}/([\w.+-]+(?:/[\w.+-]+)*)")


@dataclass(frozen=True)
class Oracle:
    """A VTest case with the patterns that judge it; plain data.

    A scenario's case is rendered: ``files`` holds its text by name. A user's own case lies in
    ``folder``, where its companions are. The patterns are regular expressions for VTest's
    log (MULTILINE): without ``bad``, a failed expectation is what makes a binary bad.
    ``seconds`` is what one run may take at least (see patience); ``variant`` tells a scenario's
    cases apart.
    """

    name: str
    vtc: str
    digest: str
    files: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    bad: str | None = None
    control: str | None = None
    skip: str | None = None
    seconds: float = TEST_SECONDS
    variant: str = ""

    @classmethod
    def rendered(
        cls,
        name: str,
        variant: str,
        vtc: str,
        files: tuple[tuple[str, str], ...],
        *,
        bad: str,
        control: str,
    ) -> Oracle:
        """The case of a scenario's variant: its files by name, its signature, its control."""
        content = [part for pair in files for part in pair]
        key = digest(vtc, *content, bad, control)
        return cls(
            name,
            vtc,
            key,
            files,
            bad=bad,
            control=control,
            seconds=SCENARIO_SECONDS,
            variant=variant,
        )

    @classmethod
    def of_file(cls, path: Path, *, bad_if: str | None, skip_if: str | None) -> Oracle:
        """Any .vtc file; its folder is its ${testdir}.

        Raises ScenarioProblem if it cannot be read or a pattern is no regular expression.
        """
        for option, pattern in (("--bad-if", bad_if), ("--skip-if", skip_if)):
            check_pattern(pattern, option)
        try:
            text = path.read_bytes()
        except OSError as error:
            raise ScenarioProblem(f"cannot read {path}", error.strerror or str(error)) from error
        if b"varnishtest" not in text and b"vtest" not in text:
            raise ScenarioProblem(f"{path} is no VTest case", 'one begins with: vtest "title"')
        folder = path.absolute().parent
        parts = [path.name.encode(), text, repr((bad_if, skip_if)).encode()]
        parts += companions(folder, text.decode("utf-8", "replace"))
        return cls(
            path.stem, path.name, digest(*parts), folder=str(folder), bad=bad_if, skip=skip_if
        )


def check_pattern(pattern: str | None, where: str) -> None:
    """Raise ScenarioProblem, saying *where*, if *pattern* is no regular expression."""
    if pattern == "":
        raise ScenarioProblem(f"{where}: an empty pattern matches everything", "leave it out")
    try:
        re.compile(pattern or "")
    except re.error as error:
        what = f"{where}: '{pattern}' is no regular expression"
        raise ScenarioProblem(what, str(error)) from None


def companions(folder: Path, text: str) -> list[bytes]:
    """Names and contents of the files below *folder* that a test's *text* names by ${testdir}."""
    found: list[bytes] = []
    for name in sorted(set(_COMPANION.findall(text))):
        path = folder / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                found += [str(file.relative_to(folder)).encode(), file.read_bytes()]
    return found
