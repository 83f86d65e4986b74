"""Running apt(8) without root: the index of one suite in the workspace, nothing is installed.

apt runs with its own apt.conf(5) and sources.list(5) (deb822) in the workspace, and checks
signatures and hashes as usual. The mirror is the one that this machine's apt is configured with.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import tools
from bisector.system.locks import lock
from bisector.system.process import Finished, run
from bisector.system.tools import os_release
from bisector.system.workspace import Workspace

_ALIASES = ("stable", "oldstable", "testing", "unstable", "sid")
_SECURITY = "-security"
_SECONDS = 300  # for one index or download of some 10 MB; without a connection apt ends earlier
_ENVIRONMENT = ("http_proxy", "https_proxy", "no_proxy", "APT_CONFIG")  # passed on to apt
_HINT = "check the network; VTEST_PROGRAM and --repo do without apt"
_CONFIGURATION = """\
Dir::State "{root}/state";
Dir::State::lists "{root}/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "{root}/cache";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Default-Release "";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::GzipIndexes "true";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
"""


class AptProblem(EnvironmentProblem):
    """apt failed: no network, a missing key, no such package. *reason* is apt's message."""

    def __init__(self, what: str, reason: str, hint: str = _HINT) -> None:
        super().__init__(what, f"{reason}: {hint}")
        self.reason = reason


@dataclass(frozen=True)
class Site:
    """A mirror in this machine's configuration: its address, release (suite) and components."""

    address: str
    release: str
    components: tuple[str, ...]
    keyring: str  # a path; empty for the keys that apt trusts for all repositories


@dataclass(frozen=True)
class Index:
    """apt with the index of one suite. ``lock`` is the descriptor of the lock on it."""

    root: Path
    suite: str
    lock: int

    def apt(self, *words: str, cwd: Path | None = None) -> str:
        """Run a program of apt's and return its output. Raises AptProblem with apt's message."""
        argv = [words[0], "-c", str(self.root / "apt.conf"), "-q", *words[1:]]
        finished = run_apt(argv, self.root / "log", cwd, self.lock)
        if not finished.ok:
            what = " ".join(dict.fromkeys((words[0], words[1], words[-1])))
            raise AptProblem(f"{what} ({self.suite}) failed", _reason(finished))
        return finished.output


def is_there() -> bool:
    """Whether this machine has apt and dpkg."""
    return all(map(shutil.which, ("apt-get", "dpkg-deb")))


def sites(workspace: Workspace, suite: str = "") -> tuple[Site, ...]:
    """The mirrors that this machine's apt uses for the running release, and suites like *suite*.

    Security updates are in suites of their own, `…-security`, and on mirrors of their own.
    They may include another vendor's, whose index apt refuses, since it is signed with another key.
    Raises MissingProgram if there is no apt-get, AptProblem if it knows no mirror.
    """
    if not is_there():
        hint = "'bisector doctor' says what to install in its place; HAProxy's sources need --repo"
        raise MissingProgram("no apt-get on this machine", hint)
    argv = ["apt-get", "indextargets", "--format", "$(SITE)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"]
    # without release files, which are there only after an `apt-get update` by root
    argv += ["-o", "APT::Get::IndexTargets::ReleaseInfo=false", "Created-By: Packages"]
    with workspace.scratch() as scratch:
        finished = run_apt(argv, scratch / "log")
    kind = _SECURITY if suite.endswith(_SECURITY) else ""
    found = _parse_sites(finished.output, os_release(), kind) if finished.ok else ()
    if not found:
        raise AptProblem("apt knows no mirror of this release", _reason(finished))
    return found


def _parse_sites(listing: str, release: Mapping[str, str], kind: str = "") -> tuple[Site, ...]:
    names = [f"{name}{kind}" for name in (release.get("VERSION_CODENAME", ""), *_ALIASES)]
    rows = [line.split("|") for line in listing.splitlines() if line.count("|") == 3]
    found: dict[tuple[str, str], Site] = {}
    for address, suite, component, key in rows:
        if suite in names and not address.startswith("cdrom:"):
            before = found.get((address, suite), Site(address, suite, (), _keyring(key, release)))
            if component not in before.components:
                both = (*before.components, component)
                found[address, suite] = replace(before, components=both)
    return tuple(sorted(found.values(), key=lambda site: names.index(site.release)))


def _keyring(key: str, release: Mapping[str, str]) -> str:
    if key.startswith("/"):
        return key
    # apt before 2.9 does not print it: assume the distribution's keyring
    stem = f"/usr/share/keyrings/{release.get('ID', 'debian')}-archive-keyring"
    rings = (f"{stem}.gpg", f"{stem}.pgp")
    return next((ring for ring in rings if Path(ring).is_file()), "")


@contextlib.contextmanager
def open_index(workspace: Workspace, suite: str = "", kind: str = "deb") -> Iterator[Index]:
    """Download the index of *suite* (this machine's if empty), under an exclusive lock.

    *kind* is ``deb`` or ``deb-src``. Raises AptProblem if no mirror has it, and as sites() does.
    """
    root = workspace.folder("apt", f"{suite or 'own'}-{tools.machine()}")
    problem: AptProblem | None = None
    with lock(root / "bisector.lock", wait=True) as held:
        assert held is not None
        for site in sites(workspace, suite):
            index = Index(root, suite or site.release, held)
            _configure(index, site, kind)
            try:
                index.apt("apt-get", "update")
            except AptProblem as error:
                problem = problem or error
            else:
                yield index
                return
    assert problem  # sites() returns at least one
    raise problem


def _configure(index: Index, site: Site, kind: str) -> None:
    """Write apt.conf and a deb822 sources file for *site* into the folder of *index*."""
    for folder in ("state", "lists/partial", "cache/archives/partial", "sources"):
        (index.root / folder).mkdir(parents=True, exist_ok=True)
    source = {
        "Types": kind,
        "URIs": site.address,
        "Suites": index.suite,
        "Components": " ".join(site.components),
        "Targets": "Packages" if kind == "deb" else "Sources",
        "Languages": "none",
    }
    if site.keyring:
        source["Signed-By"] = site.keyring
    stanza = "".join(f"{name}: {value}\n" for name, value in source.items())
    (index.root / "sources" / "bisector.sources").write_text(stanza, encoding="utf-8")
    configuration = _CONFIGURATION.format(root=index.root)
    (index.root / "apt.conf").write_text(configuration, encoding="utf-8")


def run_apt(argv: Sequence[str], log: Path, cwd: Path | None = None, lock: int = -1) -> Finished:
    """Run a program of apt's with the proxy settings of this process, for up to 300 seconds."""
    env = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    keep_open = (lock,) if lock >= 0 else ()
    return run(argv, log=log, timeout=_SECONDS, cwd=cwd, env=env, keep_open=keep_open)


def _reason(finished: Finished) -> str:
    """The reason why apt failed: its first error message, else its first warning."""
    if finished.timed_out:
        return f"no answer within {_SECONDS} s"
    lines = [line for line in finished.output.splitlines() if line.startswith(("E: ", "W: "))]
    return min(lines, key=lambda line: line[0], default="no error message")
