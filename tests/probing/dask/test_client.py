"""Probes on a cluster's workers: the same answers as here, whoever vanishes meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from distributed import LocalCluster

from bench.machines import Machines
from bisector.build.toolchain import Toolchains
from bisector.errors import ClusterLost, ProbeFailed
from bisector.git.history import History
from bisector.probing.context import Context
from bisector.probing.dask import scheduler
from bisector.probing.dask.client import Cluster
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.probe import key_of, recall
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.journal import Journal
from bisector.record.verdict import Result, Verdict
from bisector.system.sandbox import OFF
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.build_test import BuildTest
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.config_file import ConfigFile
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.clusters import BAD, BUILD, GCC, GOOD, Ground, asked, machines
from tests.support.waiting import is_gone, until

pytestmark = pytest.mark.slow  # each starts processes that import Dask


@pytest.fixture
def ground(tmp_path: Path, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Ground:
    return Ground(tmp_path, clone, monkeypatch)


@pytest.fixture
def one(ground: Ground) -> Iterator[Machines]:
    """A cluster with one worker."""
    with machines() as made:
        made.work(ground.new_workspace("there"))
        yield made


def client(ground: Ground, made: Machines, same: bool = False) -> Cluster:
    return Cluster(ground.workspace, asked(made, same), lambda what: None)


def answer(executor: Cluster, ground: Ground, tree: str, oracle: Oracle | None = None) -> Result:
    task = executor.submit(ground.request(tree, oracle))
    executor.wait([task])
    return task.future.result()


# --- answers --------------------------------------------------------------------------------------


def test_the_answer_is_known_here_with_its_log_as_if_it_had_been_made_here(
    ground: Ground, one: Machines
) -> None:
    good, bad = ground.tree(GOOD), ground.tree(BAD)
    with client(ground, one) as executor:
        assert executor.jobs == 1
        said = [answer(executor, ground, tree) for tree in (good, bad)]
    assert [result.verdict for result in said] == [Verdict.GOOD, Verdict.BAD]
    for tree, result in zip((good, bad), said, strict=True):
        assert result.key == key_of(ground.request(tree))
        assert Path(result.log).is_relative_to(ground.workspace.root)
        assert recall(ground.workspace, result.key) == result
    assert Path(said[0].log).read_text() == "all was well\n"
    assert said[1].ruling.evidence == ('---- c1 EXPECT resp.status (503) == "200" failed',)
    assert good in ground.store("there") and bad in ground.store("there")


def test_what_does_not_build_comes_with_the_build_s_log(ground: Ground, one: Machines) -> None:
    with client(ground, one) as executor:
        said = answer(executor, ground, ground.tree(build="echo src/x.c:1: error: no; exit 2"))
    assert said.verdict is Verdict.UNBUILDABLE
    assert "error: no" in Path(said.log).read_text()


def test_a_user_s_own_test_comes_with_the_files_that_it_names(
    ground: Ground, one: Machines
) -> None:
    (ground.folder / "mine/tests").mkdir(parents=True)
    (ground.folder / "mine/.git").mkdir()
    path = ground.folder / "mine/tests/my.vtc"
    path.write_text("vtest ${testdir}/../data/near.txt ${testdir}/here.txt")
    (path.parent / "here.txt").write_text("here")
    (path.parent / "secret.txt").write_text("secret")
    (ground.folder / "mine/data").mkdir()
    (ground.folder / "mine/data/near.txt").write_text("near")
    oracle = VTestCase.of_option(str(path), bad_if=None, skip_if=None)
    says = 'cd "$(dirname "$case")"; cat here.txt ../data/near.txt; ls | wc -l\n'

    with client(ground, one) as executor:
        said = answer(executor, ground, ground.tree(says), oracle)

    assert Path(said.log).read_text().split() == ["herenear2"]


def test_a_user_s_script_and_configuration_come_with_theirs(ground: Ground, one: Machines) -> None:
    (ground.folder / "mine/lib").mkdir(parents=True)
    script, config = ground.folder / "mine/try.sh", ground.folder / "mine/x.cfg"
    script.write_text('cat "$BISECTOR_TEST_DIR/lib/a.txt"; "$HAPROXY_PROGRAM" x x x try.sh')
    config.write_text("frontend f\n\tbind :80 ssl crt lib\n")
    (ground.folder / "mine/lib/a.txt").write_text("a")
    kinds = (Command, script, "atry.sh"), (ConfigFile, config, "x.cfg lib")

    with client(ground, one) as executor:
        for kind, path, expected in kinds:
            oracle = kind.of_option(str(path), bad_if=None, skip_if=None)
            tree = ground.tree('echo $4 $(test -e "$4" && ls -d lib)\n')
            said = answer(executor, ground, tree, oracle)
            assert (said.verdict, Path(said.log).read_text().strip()) == (Verdict.GOOD, expected)


def test_a_build_is_judged_by_the_worker_and_its_log_comes_back(
    ground: Ground, one: Machines
) -> None:
    tree = ground.tree(build="echo src/x.c:1: error: no; exit 2")
    with client(ground, one) as executor:
        said = answer(executor, ground, tree, BuildTest("build", "digest"))
    assert (said.verdict, said.ruling.reason) == (Verdict.BAD, "src/x.c:1: error: no")
    assert said.log.endswith(".build.log") and "error: no" in Path(said.log).read_text()


def test_what_keeps_a_worker_from_an_answer_is_told_with_its_name(
    ground: Ground, one: Machines
) -> None:
    request = ground.request(ground.tree())
    ground.program("gcc", "#!/bin/sh\nexit 1\n")
    with client(ground, one) as executor:
        task = executor.submit(request)
        executor.wait([task])
        with pytest.raises(ProbeFailed, match=r"^worker \S+: .*gcc --version fails"):
            task.future.result()


def test_a_worker_s_broken_disk_is_told_with_its_name(ground: Ground, one: Machines) -> None:
    with client(ground, one) as executor:
        answer(executor, ground, ground.tree())
        store = Path(ground.store("there").path)
        shutil.rmtree(store)
        store.write_text("no repository")
        task = executor.submit(ground.request(ground.tree(BAD)))
        executor.wait([task])
        with pytest.raises(ProbeFailed, match=r"^worker \S+: .*received"):
            task.future.result()


def test_another_compiler_s_answers_are_kept_apart_or_refused(
    ground: Ground, one: Machines
) -> None:
    request = ground.request(ground.tree())
    ground.program("gcc", GCC.format(13))
    with client(ground, one) as executor:
        task = executor.submit(request)
        executor.wait([task])
        said = task.future.result()
    assert said.key != key_of(request)
    assert recall(ground.workspace, key_of(request)) is None
    assert "not the client's tools: dev is gcc 13" in said.remark

    with client(ground, one, same=True) as executor:
        task = executor.submit(request)
        executor.wait([task])
        with pytest.raises(ProbeFailed, match=r"gcc 13.*--same-toolchain requires gcc 12"):
            task.future.result()


@pytest.mark.parametrize("tools", [12, 13])
def test_a_journal_knows_its_answers_again_whoever_gave_them(
    ground: Ground, one: Machines, tools: int
) -> None:
    """Also for a revision that builds the same; a job that goes on over it asks nobody."""
    first = ground.clone.commit({"src/haproxy.c": GOOD, "src/build.sh": BUILD})
    revisions = [first, ground.clone.commit({"doc/x.txt": "x"})]
    request = ground.request(ground.tree())
    history = History.open(ground.clone.path, ground.workspace)
    toolchains = Toolchains(request.toolchain, request.toolchain)
    context = Context(ground.workspace, history, toolchains, request.oracle, request.tools)
    ground.program("gcc", GCC.format(tools))
    journal = ground.folder / "journal"
    with client(ground, one) as executor:
        for _ in range(2):
            prober = Prober(context, Journal(journal), executor, lambda text: None, fresh=False)
            said = [prober.ask(revision, "end") for revision in revisions]
    probed = [event for event in Journal(journal).events if isinstance(event, Probed)]
    assert probed == said
    assert [one.known for one in said] == [False, True]
    assert [bool(one.foreign) for one in said] == [tools != 12] * 2
    assert (recall(ground.workspace, said[0].key) is None) == (tools != 12)


# --- who has what already ---


@pytest.fixture
def two(ground: Ground) -> Iterator[Machines]:
    """A cluster with two workers, which know nothing of each other."""
    with machines() as made:
        for name in ("here", "there"):
            made.work(ground.new_workspace(name))
        yield made


def test_a_binary_is_built_by_one_worker_whoever_else_is_free(
    ground: Ground, two: Machines
) -> None:
    # Dask lets the free worker steal from the other one only after a second, its default
    tree = ground.tree(f"sleep 1\n{GOOD}", build=f"echo x >>{ground.folder}/built\n{BUILD}")
    with client(ground, two) as executor:
        tasks = [executor.submit(ground.request(tree, run=run)) for run in range(4)]
        said = [task.future.result() for task in tasks]
    assert {result.verdict for result in said} == {Verdict.GOOD}
    assert len({result.key for result in said}) == 4
    assert (ground.folder / "built").read_text() == "x\n"


def test_when_the_one_who_has_the_binary_dies_another_builds_it(
    ground: Ground, two: Machines
) -> None:
    built = ground.folder / "built"
    tree = ground.tree(build=f"pwd >>{built}\n{BUILD}")
    with client(ground, two) as executor:
        answer(executor, ground, tree)
        two.kill(two.workers["/there/" in built.read_text()])
        task = executor.submit(ground.request(tree, run=1))
        executor.wait([task])
        assert task.future.result().verdict is Verdict.GOOD
    first, second = built.read_text().splitlines()
    assert ("/there/" in first) != ("/there/" in second)


@pytest.mark.parametrize(("limit", "left"), [(None, 3), (1, 1)])
def test_a_worker_keeps_to_the_size_that_it_was_given(
    ground: Ground, limit: int | None, left: int
) -> None:
    """Least recently used goes first: what is there is the last binary."""
    with machines(limit=limit) as made:
        made.work(ground.new_workspace("there"))
        with client(ground, made) as executor:
            for number in range(3):
                answer(executor, ground, ground.tree(f": {number}\n{GOOD}"))
    assert len([*(ground.folder / "there/binaries").glob("??/*/haproxy")]) == left


# --- who vanishes ---------------------------------------------------------------------------------


def begins(folder: Path) -> str:
    """A build that tells its process's id, and lasts until the file `go` is there."""
    return (
        f"echo $$ >>{folder}/begun; until [ -e {folder}/go ]; do sleep 0.05; done\n"
        "cp src/haproxy.c haproxy; chmod 755 haproxy\n"
    )


def begun(folder: Path, times: int) -> int:
    """The id of the build that began last, as soon as so many have."""
    path = folder / "begun"
    for _ in range(10):  # a worker needs a second or two to be back
        try:
            until(lambda: path.exists() and len(path.read_text().splitlines()) == times)
            break
        except AssertionError:
            continue
    return int(path.read_text().split()[times - 1])


def test_what_a_killed_worker_was_at_another_one_does(ground: Ground, one: Machines) -> None:
    told: list[str] = []
    with Cluster(ground.workspace, asked(one), told.append) as executor:
        task = executor.submit(ground.request(ground.tree(build=begins(ground.folder))))
        begun(ground.folder, 1)
        waiting = Thread(target=executor.wait, args=([task],))
        waiting.start()
        assert executor.remark() == ""
        one.kill(one.workers[0])
        until(lambda: told == [f"waiting for a worker at {one.address}"])
        one.work(ground.new_workspace("elsewhere"))
        begun(ground.folder, 2)
        (ground.folder / "go").touch()
        waiting.join()
        assert task.future.result().verdict is Verdict.GOOD
    assert len(told) == 1, "once is enough"


def test_dask_s_own_deployments_do_too_and_bring_back_who_was_killed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BISECTOR_WORKSPACE", str(ground.new_workspace("there").root))
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made,
        Cluster(
            ground.workspace, Scheduler(made.scheduler_address, sandbox=OFF), print
        ) as executor,
    ):
        assert (executor.jobs, executor.tests) == (2, 1)
        trees = [ground.tree(build=f": {one}\n{begins(ground.folder)}") for one in range(4)]
        tasks = [executor.submit(ground.request(tree)) for tree in trees]
        begun(ground.folder, 2)
        os.kill(made.workers[0].pid, signal.SIGKILL)
        begun(ground.folder, 3)
        (ground.folder / "go").touch()
        assert {task.future.result().verdict for task in tasks} == {Verdict.GOOD}


def test_what_workers_die_of_is_no_verdict(ground: Ground, one: Machines) -> None:
    with client(ground, one) as executor:
        task = executor.submit(ground.request(ground.tree(build=begins(ground.folder))))
        for number in (1, 2, 3):
            begun(ground.folder, number)
            one.kill(one.workers[-1])
            if number < 3:
                one.work(ground.new_workspace(f"victim-{number}"))
        executor.wait([task])
        with pytest.raises(ProbeFailed, match="3 workers died"):
            task.future.result()


def test_when_the_scheduler_restarts_what_was_lost_is_asked_again(
    ground: Ground, one: Machines
) -> None:
    with client(ground, one) as executor:
        task = executor.submit(ground.request(ground.tree(build=begins(ground.folder))))
        first = begun(ground.folder, 1)
        one.kill(one.scheduler)
        assert is_gone(first), "nobody would have heard of it"
        until(lambda: "waiting for the scheduler" in executor.remark())
        one.schedule()
        begun(ground.folder, 2)
        (ground.folder / "go").touch()
        executor.wait([task])
        assert task.future.result().verdict is Verdict.GOOD


def test_a_scheduler_that_does_not_come_back_ends_it_with_one_line(
    ground: Ground, one: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE", 3.0)
    with client(ground, one) as executor:
        task = executor.submit(ground.request(ground.tree(build=begins(ground.folder))))
        begun(ground.folder, 1)
        one.kill(one.scheduler)
        executor.wait([task])
        with pytest.raises(ClusterLost, match="lost the connection"):
            task.future.result()


def test_one_that_is_called_off_ends_on_the_worker_which_is_free_then(
    ground: Ground, one: Machines
) -> None:
    with client(ground, one) as executor:
        task = executor.submit(ground.request(ground.tree(build=begins(ground.folder))))
        process = begun(ground.folder, 1)
        executor.cancel(task)
        assert is_gone(process)
        assert answer(executor, ground, ground.tree(GOOD)).verdict is Verdict.GOOD


def test_when_the_client_goes_so_does_what_it_asked_for(ground: Ground, one: Machines) -> None:
    with client(ground, one) as executor:
        executor.submit(ground.request(ground.tree(build=begins(ground.folder))))
        process = begun(ground.folder, 1)
    assert is_gone(process)


def test_a_verdict_is_made_once_and_recalled_by_the_worker(ground: Ground, one: Machines) -> None:
    tree = ground.tree(build=f"echo x >>{ground.folder}/built\n" + begins(ground.folder))
    (ground.folder / "go").touch()
    with client(ground, one) as executor:
        first, again = (answer(executor, ground, tree) for _ in range(2))
    assert again == replace(first, build_seconds=0.0, test_seconds=0.0)
    assert (ground.folder / "built").read_text() == "x\n"
