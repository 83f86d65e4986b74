"""A real fix ported to real releases, on the playground, as a user does it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.git.history import History
from bisector.jobs.playground import Playground
from bisector.jobs.queue import own_tests
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.source import Line, find_line, find_source
from bisector.probing import setup
from bisector.probing.executors import Local
from bisector.probing.options import Options
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.journal import Journal
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from tests.support.real import bisector

pytestmark = pytest.mark.usefixtures("with_tcc")


def test_a_fix_goes_where_it_is_needed_and_git_am_takes_it(
    ground: Playground, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("backport", ground.heal, "--onto", "v3.1-dev1,v3.0.11", "--out", str(out))
    done = bisector(*words, "--toolchain", "fast", "--repo", str(ground.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "backported: applies to v3.1-dev1; not needed on v3.0.11" in done.stdout

    (patch,) = out.rglob("*.patch")
    assert patch.parent.name == "v3.1-dev1"
    work = tmp_path / "work"
    who = ("-c", "user.name=Jo", "-c", "user.email=jo@example.org")
    branch = ("-b", "v3.1-dev1", "-c", "advice.detachedHead=false")
    subprocess.run(["git", "clone", "-q", *branch, str(ground.path), str(work)], check=True)
    subprocess.run(["git", *who, "am", "-q", str(patch)], cwd=work, check=True)
    again = bisector("probe", "HEAD", "--toolchain", "fast", "--repo", str(work))
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_fix_is_proven_by_the_reg_test_that_it_brings(ground: Playground) -> None:
    fix = with_reg_test(ground, "dns_flap_a.vtc", "dns_flap.lua")
    words = ("backport", fix, "--onto", "v3.1-dev1,v3.0.11")
    done = bisector(*words, "--toolchain", "fast", "--repo", str(ground.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "backported: applies to v3.1-dev1; not needed on v3.0.11" in done.stdout
    assert f"{TESTS}/dns_flap_a.vtc shows this bug: bad at " in done.stdout
    assert f"{TESTS}/dns_flap_a.vtc is good" in done.stdout, "on v3.0.11"
    assert "unharmed" in done.stdout, "the scenarios only watch"


def test_a_reg_test_that_a_fix_brings_tells_a_queue_which_branches_have_the_bug(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    fix = with_reg_test(ground, "dns_flap_a.vtc", "dns_flap.lua")
    history = History.open(ground.path, real_workspace)
    options = Options(scenario="dns-flap", toolchain="fast")
    ready = setup.find_context(options, real_workspace, history, setup.find_test(options))

    def answer(branch: str) -> dict[str, tuple[Verdict, str]]:
        line = Line("the fix's", fix, None)
        source = find_source(history, find_line(history, branch), line, "", [])
        journal = Journal(tmp_path / branch)
        with Local(real_workspace, 1) as executor:
            prober = Prober(ready, journal, executor, None, fresh=False)
            found = own_tests.tested(prober, Known(history, source), [fix], lambda text: None)
        real = {e.name for e in journal.events if isinstance(e, Probed) and e.real}
        assert branch in real, "proven by gcc"
        return found

    assert answer("v3.1-dev1") == {fix: (Verdict.BAD, f"{TESTS}/dns_flap_a.vtc fails there")}
    assert answer("v3.0.11") == {fix: (Verdict.GOOD, f"{TESTS}/dns_flap_a.vtc passes there")}


TESTS = "reg-tests/server"


def with_reg_test(ground: Playground, *names: str) -> str:
    """The playground's fix made anew, as a commit that brings these of bisector's reg-tests."""
    repo = pygit2.Repository(str(ground.path))
    heal = repo[ground.heal].peel(pygit2.Commit)
    index = pygit2.Index()
    index.read_tree(heal.tree)
    for name in names:
        content = (Path(__file__).parents[2] / TESTS / name).read_bytes()
        blob = repo.create_blob(content)
        index.add(pygit2.IndexEntry(f"{TESTS}/{name}", blob, FileMode.BLOB))
    tree = index.write_tree(repo)
    return str(
        repo.create_commit(None, heal.author, heal.author, heal.message, tree, heal.parent_ids)
    )
