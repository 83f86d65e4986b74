"""bench/vs_git_bisect: compare `git bisect run` and bisector on the same search."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import rivals
from bench.rivals import GIT, GIT_FAST, PARTS, WARM, Row, Task
from bench.table import table
from bisector.cli import STATUS_INTERRUPTED
from bisector.errors import BisectorError, UsageProblem
from bisector.probing import setup
from bisector.probing.options import Options
from bisector.system.workspace import Workspace

ABOUT = """Search for the introduction and the fix of a bug in RANGE (default v2.9..master), by a
scenario or a VTest case, in several ways:

  git-default    git bisect run, HAProxy's own flags
  git-O0-ccache  git bisect run, gcc -O0, ccache with an empty cache
  cold           bisector run, empty workspace
  blind          with --blind, in another empty workspace
  hinted         with --blind --hint, in another empty workspace
  warm           cold repeated in the same workspace
  prebuilt       as blind, in another workspace with the prebuilt sources of --prebuilt

git needs two searches, one after the other, and a bad revision inside the range (--bad), which
bisector finds itself; if that is an end of the range, one search is enough. git's script runs the
scenario under VTest and searches its log for the bug's signature; with --vtc, any failure is the
bug. Fetched tools (VTest, Lua) are
taken from your workspace and not measured; neither is the making of git's clone. The machine should
be idle otherwise; all parts take almost an hour on two cores.

Exit status 1 if answers differ."""

HEAD = ("", "found", "confirmed", "all", "CPU", "probes", "more", "memory", "answer")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    asked = _parser().parse_args(argv)
    # SIGTERM ends a run like Ctrl-C, which also ends its compilers
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        about, rows = _measured(asked)
    except BisectorError as error:
        print(f"bench/vs_git_bisect: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return STATUS_INTERRUPTED
    print("\n".join(text(about, rows)))
    return 1 if len(answers(rows)) > 1 else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "bench/vs_git_bisect", description=ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repo", required=True, metavar="CLONE", help="of HAProxy")
    parser.add_argument("--bad", default="v3.0-dev12", metavar="REV", help="for git (v3.0-dev12)")
    parser.add_argument(
        "--hint", default="snr_resolution_error_cb", help="for hinted (%(default)s)"
    )
    parser.add_argument("--scenario", default=setup.DEFAULT_SCENARIO, help="(%(default)s)")
    parser.add_argument("--vtc", metavar="FILE", help="a VTest case instead of a scenario")
    parser.add_argument("--make", action="append", default=[], metavar="VAR=VALUE", help="for all")
    parser.add_argument(
        "--prebuilt",
        type=Path,
        metavar="FOLDER",
        help="a workspace in which 'bisector prebuild RANGE' was run",
    )
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    parser.add_argument("--only", metavar="PART,...", help="of the above; warm goes with cold")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the figures there, too;\nwith --only, the other parts in it are kept",
    )
    parser.add_argument("range", nargs="?", default="v2.9..master", metavar="RANGE")
    return parser


def _measured(asked: argparse.Namespace) -> tuple[dict[str, str], list[Row]]:
    """The description of the search and all rows, including those of an earlier run."""
    parts = chosen(asked.only)
    workspace = Workspace.open()
    options = Options(
        repo=asked.repo,
        scenario=None if asked.vtc else asked.scenario,
        own_test=("vtc", str(Path(asked.vtc).absolute())) if asked.vtc else None,
        settings=tuple(asked.settings),
        make=tuple(asked.make),
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as root:
        history = setup.find_history(
            options, Workspace(Path(root, "own")), lambda what: None, lambda what: None
        )
        span, bad = history.range(asked.range), history.resolve(asked.bad)
        if bad.id not in (span.old.id, *span.commits):
            raise UsageProblem(f"--bad {asked.bad} is not in {asked.range}")
        task = Task(
            history, span, bad, options, asked.hint, workspace, Path(root), _say, asked.prebuilt
        )
        about = {"test": " ".join(rivals.words_of_test(options))}
        about |= {"old": span.old.id, "new": span.new.id, "bad": bad.id, "hint": asked.hint}
        about["told"] = history.release(bad.id)
        rows = kept(asked.json, about) if asked.only and asked.json else []
        for part in parts:
            _say(f"{part}: under way")
            row = rivals.run(task, part)
            rows = merged(rows, row)
            _say(row.remark if row.answer is None else f"{part}: {row.wall:.1f} s")
            if asked.json:  # after each part, as one can take half an hour
                _write(asked.json, about, rows)
    return about, rows


def chosen(only: str | None) -> list[str]:
    """The parts to run, in the order of PARTS. Raises UsageProblem for an invalid selection."""
    names = set(only.split(",")) if only else set(PARTS)
    if unknown := names - set(PARTS):
        raise UsageProblem(f"no part {', '.join(sorted(unknown))}", f"there are {', '.join(PARTS)}")
    if WARM in names and rivals.COLD not in names:
        raise UsageProblem("warm goes on from cold", "write --only cold,warm")
    return [part for part in PARTS if part in names]


def kept(file: Path, about: Mapping[str, str]) -> list[Row]:
    """The rows in *file*, if it exists. Raises UsageProblem if it is of another search."""
    if not file.exists():
        return []
    content = json.loads(file.read_text())
    if content.get("about") != about:
        raise UsageProblem(f"{file} is about another question", "name another file")
    return [Row(**row) for row in content["rows"]]


def merged(rows: Sequence[Row], new: Row) -> list[Row]:
    """*rows* with *new*, which replaces the row of the same name."""
    others = [row for row in rows if row.name != new.name]
    return sorted([*others, new], key=lambda row: PARTS.index(row.name))


def _write(file: Path, about: Mapping[str, str], rows: Sequence[Row]) -> None:
    content = {"about": about, "rows": [asdict(row) for row in rows], "ratios": ratios(rows)}
    file.write_text(json.dumps(content, indent=2) + "\n")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


# -- the output ---------------------------------------------------------------------------------


def ratios(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """By git's part and bisector's: git's time divided by that until found and until confirmed."""
    times: dict[str, dict[str, dict[str, float]]] = {}
    for git in rows:
        if git.name in (GIT, GIT_FAST) and git.answer is not None:
            times[git.name] = {
                row.name: {
                    what: round(git.wall / seconds, 2)
                    for what, seconds in (("found", row.found), ("confirmed", row.confirmed))
                    if seconds
                }
                for row in rows
                if row.name not in (GIT, GIT_FAST)
            }
    return times


def answers(rows: Sequence[Row]) -> list[Mapping[str, str]]:
    """The distinct answers, in order of their first row."""
    found: list[Mapping[str, str]] = []
    for row in rows:
        if row.answer is not None and row.answer not in found:
            found.append(row.answer)
    return found


def text(about: Mapping[str, str], rows: Sequence[Row]) -> list[str]:
    """The lines of the table and its summary."""
    given = answers(rows)
    lines: list[tuple[str, ...]] = [HEAD]
    for row in rows:
        if row.answer is None:
            lines.append((row.name, *[""] * (len(HEAD) - 2), row.remark))
            continue
        said = "same" if row.answer == given[0] else "DIFFERS"
        times = [_seconds(s) for s in (row.found, row.confirmed, row.wall, row.cpu)]
        memory = f"{row.memory / 1e6:.0f} MB" if row.memory else ""
        remark = f"{said}, {row.remark}" if row.remark else said
        lines.append((row.name, *times, f"{row.probes}", f"{row.more}", memory, remark))
    out = [table(lines, left=(0, len(HEAD) - 1)), ""]
    for number, answer in enumerate(given):
        listed = ", ".join(f"{what} {_short(commits)}" for what, commits in answer.items())
        out.append(f"{'differs' if number else 'answer'}: {listed}")
    if about["bad"] not in (about["old"], about["new"]):
        out.append(f"git was told that {about['told']} is bad; bisector finds that by itself")
    for git, others in ratios(rows).items():
        for name, times_as_long in others.items():
            listed = ", ".join(f"{t:.1f} times to {what}" for what, t in times_as_long.items())
            out.append(f"{git} takes as long as {name}: {listed}")
    return out


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _short(commits: str) -> str:
    return ",".join(commit[:10] for commit in commits.split(","))
