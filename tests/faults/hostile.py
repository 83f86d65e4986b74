"""Patches that mean harm: each does it without a sandbox, where that can be tried, not within.

Each kind of sandbox is tried. Where Landlock does not keep what bubblewrap keeps, the harm is done:
so SECURITY.md says, and so it is tried here.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

from bisector.build import binaries, tcc
from bisector.build.binaries import Build
from bisector.build.toolchains.dev import Dev
from bisector.git.object_store import private_store
from bisector.system import process
from bisector.system.procfs import processes
from bisector.system.sandbox import Sandbox
from bisector.system.sandbox.landlock import SIGNALS_ABI, SOCKETS_ABI, Landlock
from bisector.system.slots import Slot
from bisector.system.stop import Stopped
from bisector.system.workspace import Workspace
from tests.faults.table import Context, Experiment
from tests.support.clone import Clone
from tests.support.obtain import sandboxes_of
from tests.support.waiting import until

SECRET = "a private key"
NAP = "86399"  # seconds; by them the tests know their own processes again
SMALL = {"tasks": 200, "memory": 64 << 20, "file": 4 << 20, "folder": 16 << 20, "scratch": 8 << 20}

ENDLESS = "n=0; while :; do n=$$((n + 1)); head -c 1000000 /dev/zero >{}$$n; done"

_BINARY = "printf '%s\\n' '\\#!/bin/sh' 'exit 0' >haproxy; chmod +x haproxy"
_SOURCES = {"src/haproxy.c": "1\n", "src/a.c": "1\n"}


class Scene:
    """A tiny HAProxy to patch, and what somebody who builds it would not want to lose."""

    def __init__(self, folder: Path, box: Sandbox | None) -> None:
        self.box = box
        self.precious = folder / "home" / ".ssh"
        self.precious.mkdir(parents=True)
        (self.precious / "id").write_text(SECRET)
        self.workspace = Workspace(folder / "workspace")
        self.clone = Clone(folder / "clone")
        self.first = self.clone.commit(_SOURCES)
        self.store = private_store(self.clone.git, self.workspace)
        make = shutil.which("make") or "make"
        self.toolchain = Dev(make, (), "nobody's")

    @property
    def slot(self) -> Slot:
        return Slot(1, sandbox=self.box)

    def build(
        self, recipe: str, change: Mapping[str, str | None] | None = None, binary: str = _BINARY
    ) -> Build:
        """What comes of a patch whose Makefile does *recipe*, then makes a good *binary*."""
        makefile = f"haproxy:\n\t{recipe}\n\t{binary}\n"
        tree = self.clone.tree({"Makefile": makefile, **(change or {})}, self.first)
        return binaries.build(self.workspace, self.store, tree, self.toolchain, self.slot)

    def log(self, build: Build) -> str:
        return build.log.read_text(errors="replace")


Harm = Callable[[Scene], str]
"""Tries something; what it came to, '' for nothing."""


@dataclass(frozen=True)
class Attack:
    """A harm; not ``safe``: not to be tried without the sandbox, where it would be done.

    What is ``refused`` always is so by the tool itself, with and without one. Landlock keeps it off
    if the kernel's ABI has the version ``landlock``; None is for never.
    """

    name: str
    harm: Harm
    safe: bool = True
    refused: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    landlock: int | None = 0

    def kept_off(self, box: Sandbox) -> bool:
        """Whether this kind of sandbox is meant to keep it off."""
        if not isinstance(box, Landlock):
            return True
        return self.landlock is not None and box.abi >= self.landlock


def experiments(context: Context) -> Iterator[Experiment]:
    """One for each attack, in each kind of sandbox."""
    boxes = sandboxes_of(context.workspace)
    for number, attack in enumerate(ATTACKS):
        yield _tried(attack, boxes, context.folder / str(number))


def _tried(attack: Attack, boxes: Sequence[Sandbox], folder: Path) -> Experiment:
    control = attack.safe and attack.harm(Scene(folder / "without", None))
    if attack.safe and bool(control) == attack.refused:
        return Experiment(attack.name, 1, 0, f"without the sandbox: {control or 'no harm'}")
    how = "refused anyway" if attack.refused else "harm without the sandbox"
    tried, lost, details = 0, 0, [how] * attack.safe
    for box in boxes:
        limited = replace(box, limits=replace(box.limits, **attack.limits))
        done = attack.harm(Scene(folder / type(box).__name__, limited))
        if not attack.kept_off(box):
            details.append(f"not kept off by {box.said}")
            lost += not done  # then SECURITY.md says too little
            tried += not done
            continue
        tried += 1
        if done:
            lost += 1
            details.append(f"{box.said}: {done}")
    return Experiment(attack.name, tried, tried - lost, ", ".join(details))


# -- what is seen ----------------------------------------------------------------------------------


def reads_a_key(scene: Scene) -> str:
    built = scene.build(f"cat {scene.precious}/id || true")
    return "the key is in the log" if SECRET in scene.log(built) else _unless_built(built)


def a_test_reads_a_key(scene: Scene) -> str:
    binary, log = scene.precious.parent.parent / "bin" / "haproxy", scene.precious.parent / "log"
    binary.parent.mkdir()
    binary.write_text(f"#!/bin/sh\ncat {scene.precious}/id\n")
    binary.chmod(0o755)
    tcc.boots(binary, log, scene.slot)
    return "the key is in the log" if SECRET in log.read_text() else ""


def reads_the_environment(scene: Scene) -> str:
    os.environ["A_TOKEN"] = SECRET
    try:
        built = scene.build("env; cat /proc/*/environ || true")
    finally:
        del os.environ["A_TOKEN"]
    return "the token is in the log" if SECRET in scene.log(built) else _unless_built(built)


def passes_a_key_off_as_the_binary(scene: Scene) -> str:
    scene.build(f"ln -s {scene.precious}/id haproxy", binary="true")
    kept = (scene.workspace.root / "binaries").glob("*/*/haproxy")
    return "the key is kept as a binary" if any(SECRET in one.read_text() for one in kept) else ""


# -- what is reached -------------------------------------------------------------------------------


def connects(scene: Scene) -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        built = scene.build(f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' || true")
        return "it reached a server of the machine" if _reached(server) else _unless_built(built)


def a_test_connects(scene: Scene) -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        _test(scene, f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'")
        return "it reached a server of the machine" if _reached(server) else ""


def a_test_connects_by_a_path(scene: Scene) -> str:
    """To a socket of the user's, as those of an agent or a session's bus are."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(scene.precious.parent / "s"))
        server.listen()
        program = Path(sys.executable).resolve()
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect('{server.getsockname()}')"
        _test(scene, f'{program} -I -c "{connect}"', reads=(program.parents[1],))
        return "it reached a socket of the user's" if _reached(server) else ""


def kills_a_process(scene: Scene) -> str:
    with _victim() as victim:
        built = scene.build(f"kill {victim.pid} || true")
        with suppress(subprocess.TimeoutExpired):
            victim.wait(0.2)
        return _unless_built(built) if victim.poll() is None else "it is killed"


def reads_the_environment_of_a_process(scene: Scene) -> str:
    with _victim() as victim:
        built = scene.build(f"cat /proc/{victim.pid}/environ || true")
    return "the token is in the log" if SECRET in scene.log(built) else _unless_built(built)


def shows_a_key_to_others(scene: Scene) -> str:
    """It changes who may read a file, without reading or writing it."""
    key = scene.precious / "id"
    key.chmod(0o600)
    built = scene.build(f"chmod 644 {key} || true")
    return "everybody may read it" if key.stat().st_mode & 0o77 else _unless_built(built)


def empties_a_file(scene: Scene) -> str:
    built = scene.build(f"truncate -s 0 {scene.precious}/id || true")
    return _unless_whole(scene) or _unless_built(built)


def writes_outside(scene: Scene) -> str:
    built = scene.build(f"echo gone >{scene.precious}/id || true")
    return _unless_whole(scene) or _unless_built(built)


def plants_a_hook_in_the_clone(scene: Scene) -> str:
    hook = scene.clone.path / ".git" / "hooks" / "post-checkout"
    built = scene.build(f"mkdir -p {hook.parent}; echo evil >{hook} || true")
    return "the user's clone has a hook" if hook.exists() else _unless_built(built)


def changes_the_kernels_switches(scene: Scene) -> str:
    """To root's processes some obey, whatever capabilities they lack."""
    switch = "/proc/sys/kernel/core_pattern"
    built = scene.build(f"cat {switch} >{switch} && echo it obeys || true")
    return "the kernel obeys" if "\nit obeys\n" in scene.log(built) else _unless_built(built)


# -- what the next checkout meets ------------------------------------------------------------------


def plants_a_link_for_the_next_checkout(scene: Scene) -> str:
    scene.build(f"mv src away; ln -s {scene.precious} src")
    scene.build("true", {"src/id": "overwritten", "src/a.c": "2"})
    return _unless_whole(scene)


def plants_a_repository_with_a_hook(scene: Scene) -> str:
    hook = f"mkdir -p .git/hooks; echo 'echo gone >{scene.precious}/id' >.git/hooks/post-checkout"
    scene.build(f"{hook}; chmod +x .git/hooks/*; echo 'ref: refs/heads/x' >.git/HEAD")
    scene.build("true", {"src/a.c": "2"})
    return _unless_whole(scene)


def plants_rules_for_the_next_build(scene: Scene) -> str:
    """make(1) prefers a GNUmakefile to a Makefile."""
    rules = "printf 'haproxy:\\n\\techo evil >haproxy; chmod +x haproxy\\n' >GNUmakefile"
    scene.build(f"{rules}; echo '\\#define EVIL' >src/planted.h")
    built = scene.build("true", {"src/a.c": "2"})
    return "they were obeyed" if "evil" in built.binary.read_text() else _unless_built(built)


# -- what is used up -------------------------------------------------------------------------------


def forks_without_end(scene: Scene) -> str:
    built = scene.build(f"while :; do sleep {NAP} & done")
    return _unless_none_left() or _unless_stopped(built)


def takes_all_memory(scene: Scene) -> str:
    return _unless_stopped(scene.build("tail /dev/zero"))


def fills_the_disk_with_a_file(scene: Scene) -> str:
    built = scene.build("cat /dev/zero >big")
    size = max(path.stat().st_size for path in scene.workspace.root.rglob("big"))
    return f"{size} bytes" if size > SMALL["file"] else _unless_stopped(built)


def fills_the_disk_with_files(scene: Scene) -> str:
    return _unless_stopped(scene.build(ENDLESS.format("big")))


def fills_its_tmpdir(scene: Scene) -> str:
    return _unless_stopped(scene.build(ENDLESS.format("$$TMPDIR/")))


def fills_its_tmp(scene: Scene) -> str:
    built = scene.build("for n in 1 2 3; do head -c 4000000 /dev/zero >/tmp/$$n || exit 1; done")
    return _unless_stopped(built)


def says_that_the_disk_is_full(scene: Scene) -> str:
    return _unless_stopped(scene.build("echo 'x.c: No space left on device'; exit 1"))


def kills_make(scene: Scene) -> str:
    return _unless_stopped(scene.build("kill -9 $$PPID"))


def fills_the_log(scene: Scene) -> str:
    built = scene.build("cat /dev/zero")
    return "a vast log" if built.log.stat().st_size > SMALL["file"] else _unless_stopped(built)


def leaves_a_daemon(scene: Scene) -> str:
    built = scene.build(f"setsid sleep {NAP} >/dev/null 2>&1 </dev/null & sleep 0.1")
    return _unless_none_left() or _unless_built(built)


def does_not_obey(scene: Scene) -> str:
    """It ignores SIGTERM and is killed when it is cancelled."""
    with cancelled_when(scene, "begun") as slot:
        try:
            scene.box = slot.sandbox
            tree = scene.clone.tree(
                {"Makefile": f"haproxy:\n\ttrap '' TERM; >begun; while :; do sleep {NAP}; done\n"},
                scene.first,
            )
            binaries.build(scene.workspace, scene.store, tree, scene.toolchain, slot)
        except Stopped:
            return _unless_none_left()
    return "it was not cancelled"


# -- helpers ---------------------------------------------------------------------------------------


@contextmanager
def cancelled_when(scene: Scene, name: str) -> Iterator[Slot]:
    """A slot that is cancelled as soon as a build tree has the file *name*."""
    slot = scene.slot
    trees = scene.workspace.root / "trees"

    def cancel() -> None:
        until(lambda: any(trees.glob(f"*/{name}")))
        slot.cancel()

    canceller = Thread(target=cancel)
    canceller.start()
    yield slot
    canceller.join()


@contextmanager
def _victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the user's, with a secret in its environment."""
    with subprocess.Popen(["sleep", "86397"], env={"A_TOKEN": SECRET}) as child:
        try:
            yield child
        finally:
            child.kill()


def _test(scene: Scene, script: str, reads: Sequence[Path] = ()) -> None:
    """Run the shell *script* as a test is run, with its own folder."""
    folder = scene.workspace.folder("test")
    box = scene.box.box(folder, reads=reads) if scene.box else None
    process.run(["sh", "-c", script], log=folder / "log", timeout=20, cwd=folder, box=box)


def _reached(server: socket.socket) -> bool:
    """Whether somebody has connected to *server*."""
    server.setblocking(False)
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _unless_built(built: Build) -> str:
    return f"no verdict: {built.problem}" if built.problem else ""


def _unless_stopped(built: Build) -> str:
    return "" if built.problem else "it came to an end, and nobody noticed"


def _unless_whole(scene: Scene) -> str:
    whole = [path.name for path in scene.precious.iterdir()] == ["id"]
    return "" if whole and (scene.precious / "id").read_text() == SECRET else "a file is lost"


def _unless_none_left() -> str:
    """Processes that outlived their build; they are ended, so that the next attack finds none."""
    left = [one.pid for one in processes() if NAP in _command(one.pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return f"{len(left)} processes were left" if left else ""


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


ATTACKS = (
    Attack("a build reads a key in the home", reads_a_key),
    Attack("a test reads a key in the home", a_test_reads_a_key),
    Attack("a build reads the environment", reads_the_environment, safe=False),
    Attack("a link to a key as the binary", passes_a_key_off_as_the_binary, refused=True),
    Attack("a build opens a connection", connects),
    Attack("a test opens a connection", a_test_connects, landlock=None),
    Attack("a test opens a socket of yours", a_test_connects_by_a_path, landlock=SOCKETS_ABI),
    Attack("a build kills a process of yours", kills_a_process, landlock=SIGNALS_ABI),
    Attack("a build reads a process's environment", reads_the_environment_of_a_process),
    Attack("a build lets others read a key", shows_a_key_to_others, landlock=None),
    Attack("a build empties a file", empties_a_file),
    Attack("a build writes outside its tree", writes_outside),
    Attack("a build plants a hook in the clone", plants_a_hook_in_the_clone),
    Attack("root's build sets the kernel's switches", changes_the_kernels_switches, safe=False),
    Attack("a link for the next checkout", plants_a_link_for_the_next_checkout, refused=True),
    Attack("a repository with a hook", plants_a_repository_with_a_hook, refused=True),
    Attack("rules for the next build", plants_rules_for_the_next_build, refused=True),
    Attack("a build forks without end", forks_without_end, safe=False, limits={"tasks": 200}),
    Attack("a build takes all memory", takes_all_memory, safe=False, limits=SMALL),
    Attack("a build fills the disk, one file", fills_the_disk_with_a_file, False, limits=SMALL),
    Attack("a build fills the disk, many", fills_the_disk_with_files, False, limits=SMALL),
    Attack("a build fills its /tmp", fills_its_tmp, safe=False, limits=SMALL),
    Attack("a build fills its TMPDIR", fills_its_tmpdir, safe=False, limits=SMALL),
    Attack("a build says the disk is full", says_that_the_disk_is_full, safe=False),
    Attack("a build kills make", kills_make, safe=False),
    Attack("a build fills its log", fills_the_log, safe=False, limits=SMALL),
    Attack("a build leaves a daemon", leaves_a_daemon),
    Attack("a build does not obey", does_not_obey, refused=True),
)
