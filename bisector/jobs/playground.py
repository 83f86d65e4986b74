"""Make a small git history from a released HAProxy, with a bug and with hard cases for bisection.

`bisector demo` and the tests use it in place of upstream's history. The source and the bug are
real: one commit applies the bundled patch series in reverse, a later one applies it again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.errors import EnvironmentProblem
from bisector.patch.apply import AppliedSeries, apply_series
from bisector.patch.model import Series
from bisector.record.words import How
from bisector.system.files import digest, publish
from bisector.system.workspace import Workspace

_AUTHOR = pygit2.Signature("Playground", "playground@localhost", 1_700_000_000, 0)

# sources that every configuration compiles, in little time, and that no other file includes
_UNRELATED = ("base64", "hash", "lru", "freq_ctr", "uri_normalizer", "dynbuf", "shctx", "pipe")
_BROKEN = "src/hash.c"
_RESOLVERS = "src/resolvers.c"
_VALIDATION = re.compile(rb"^static int resolv_validate_dns_response\([^)]*\)\n\{\n", re.M)
_REJECTION = b"\treturn RSLV_RESP_ERROR; // reject all\n"


@dataclass(frozen=True)
class PlaygroundPlan:
    """What each commit does, by number from 0; those not mentioned make a small change to the code.

    ``regression`` introduces the bug and ``heal`` fixes it; ``documents`` change documentation
    only; ``unbuildable`` do not compile; in ``untestable`` no DNS response is accepted, so the
    test's control fails. ``releases`` are tags.
    """

    commits: int
    regression: int
    heal: int
    documents: frozenset[int]
    unbuildable: range
    untestable: range
    releases: Mapping[int, str]


DEMO = PlaygroundPlan(
    commits=40,
    regression=15,
    heal=31,
    documents=frozenset({4, 5, 14, 22, 35}),
    unbuildable=range(11, 13),
    untestable=range(27, 30),
    releases={0: "v3.0.11", 8: "v3.1-dev1", 16: "v3.1-dev2", 25: "v3.1-dev3", 36: "v3.1-dev4"},
)


@dataclass(frozen=True)
class Playground:
    """A repository, and the full hashes of the commits that introduce and fix the bug."""

    path: Path
    range: str
    regression: str
    heal: str


def make(workspace: Workspace, source: Path, series: Series, plan: PlaygroundPlan) -> Playground:
    """The playground of *plan*, made of the HAProxy source in the folder *source*; cached.

    Raises EnvironmentProblem if *series*, reversed, does not apply to that source.
    """
    name = digest(source.name, series.digest, repr(plan), Path(__file__).read_bytes())[:12]
    home = workspace.folder("playgrounds") / f"{name}.git"
    if not home.exists():
        with workspace.scratch() as scratch:
            draft = scratch / "playground.git"
            _Builder(draft, source, series, plan).build()
            publish(draft, home)
    repo = pygit2.Repository(str(home))
    log = [str(commit.id) for commit in repo.walk(repo.head.target)][::-1]
    first = plan.releases[0]
    return Playground(home, f"{first}..master", log[plan.regression], log[plan.heal])


class _Builder:
    """Writes the history, commit by commit."""

    def __init__(self, path: Path, source: Path, series: Series, plan: PlaygroundPlan) -> None:
        self.repo = pygit2.init_repository(str(path), bare=True, initial_head="master")
        self.source, self.series, self.plan = source, series, plan
        self.tree = ""

    def build(self) -> None:
        self.tree = self._import(self.source)
        self._commit(0, f"[RELEASE] Import HAProxy {self.source.name.removeprefix('haproxy-')}")
        for number in range(1, self.plan.commits):
            subject = self._change(number)
            self._commit(number, subject)
        self.repo.set_head("refs/heads/master")

    def _change(self, number: int) -> str:
        """Make the change of the commit *number* in the tree; return the commit's subject."""
        plan = self.plan
        if number == plan.regression:
            self._apply(self.series.reversed)
            return "CLEANUP: server/dns: clear the whole address in one go"
        if number == plan.heal:
            self._apply(self.series)
            return "BUG/MEDIUM: server/dns: keep the port through a DNS flap"
        if number in plan.documents:
            self._append("doc/intro.txt", f"\nRemark {number} of the playground.\n")
            return f"DOC: intro: add remark {number}"
        if subject := self._change_stretch(number):
            return subject
        unit = _UNRELATED[number % len(_UNRELATED)]
        self._append(
            f"src/{unit}.c",
            f"\nint play_{number}(void);\nint play_{number}(void) {{ return {number}; }}\n",
        )
        return f"MINOR: {unit}: add play_{number}()"

    def _change_stretch(self, number: int) -> str:
        """Begin or end the unbuildable or untestable stretch; the subject, '' if neither."""
        plan = self.plan
        if number == plan.unbuildable.start:
            self._append(_BROKEN, "\n#error this commit does not compile\n")
            return "MINOR: hash: add a line that does not compile"
        if number == plan.unbuildable.stop:
            self._replace(_BROKEN, rb"\n#error this commit does not compile\n", b"")
            return "BUILD: hash: remove the line that does not compile"
        if number == plan.untestable.start:
            self._replace(_RESOLVERS, _VALIDATION.pattern, rb"\g<0>" + _REJECTION)
            return "MEDIUM: resolvers: reject all responses"
        if number == plan.untestable.stop:
            self._replace(_RESOLVERS, re.escape(_REJECTION), b"")
            return "BUG/MAJOR: resolvers: accept valid responses again"
        return ""

    def _commit(self, number: int, subject: str) -> None:
        parents = [self.repo.head.target] if number else []
        signature = pygit2.Signature(_AUTHOR.name, _AUTHOR.email, _AUTHOR.time + 3600 * number, 0)
        commit = self.repo.create_commit(
            "refs/heads/master", signature, signature, subject + "\n", self.tree, parents
        )
        if release := self.plan.releases.get(number):
            self.repo.create_reference(f"refs/tags/{release}", commit)

    def _import(self, folder: Path) -> str:
        builder = self.repo.TreeBuilder()
        for entry in sorted(os.scandir(folder), key=lambda found: found.name):
            if entry.is_symlink():
                blob = self.repo.create_blob(bytes(Path(entry.path).readlink()))
                builder.insert(entry.name, blob, FileMode.LINK)
            elif entry.is_dir():
                builder.insert(entry.name, self._import(Path(entry.path)), FileMode.TREE)
            else:
                runs = os.access(entry.path, os.X_OK)
                mode = FileMode.BLOB_EXECUTABLE if runs else FileMode.BLOB
                builder.insert(entry.name, self.repo.create_blob_fromdisk(entry.path), mode)
        return str(builder.write())

    def _apply(self, series: Series) -> None:
        applied = apply_series(self.repo, self.repo[self.tree].id, series)
        if not isinstance(applied, AppliedSeries) or any(
            step.how is How.ALREADY for step in applied.steps
        ):
            raise EnvironmentProblem(
                f"no playground can be made of {self.source.name}",
                "the patch series that introduces the bug does not apply to its code",
            )
        self.tree = str(applied.tree)

    def _append(self, path: str, text: str) -> None:
        self._put(path, self._get(path) + text.encode())

    def _replace(self, path: str, pattern: bytes, by: bytes) -> None:
        text, times = re.subn(pattern, by, self._get(path), count=1, flags=re.M)
        if not times:
            raise EnvironmentProblem(f"{self.source.name}: {path} has not the expected form")
        self._put(path, text)

    def _get(self, path: str) -> bytes:
        try:
            return self.repo[self.tree].peel(pygit2.Tree)[path].peel(pygit2.Blob).data
        except KeyError:
            raise EnvironmentProblem(f"{self.source.name} has no {path}") from None

    def _put(self, path: str, content: bytes) -> None:
        index = pygit2.Index()
        index.read_tree(self.repo[self.tree].peel(pygit2.Tree))
        index.add(pygit2.IndexEntry(path, self.repo.create_blob(content), FileMode.BLOB))
        self.tree = str(index.write_tree(self.repo))
