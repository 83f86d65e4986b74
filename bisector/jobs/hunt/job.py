"""The job of `run`: a hunt over a range."""

from __future__ import annotations

from dataclasses import replace

from bisector.git import lines
from bisector.jobs.hunt.forked import ForkedHunt
from bisector.jobs.hunt.hunt import Hunt
from bisector.jobs.hunt.question import HuntQuestion
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.probing.context import Context
from bisector.probing.executors import TESTS_A_CORE
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.events import Ended, Reduced
from bisector.record.fork_events import OtherLine
from bisector.record.words import Job
from bisector.system.files import digest
from bisector.system.slots import cores
from bisector.testing.scenario import Known


def run(
    asked: Asked,
    range_text: str,
    *,
    blind: bool,
    every: bool = False,
    older: bool = False,
    tries_patch: bool = True,
    execution: Execution,
) -> JobResult:
    """Hunt over *range_text*, or resume an interrupted hunt with the same options.

    *blind*, *every*, *older* and *tries_patch* are those of HuntQuestion.
    If the range has no answer, the result's ``problem`` says why; other BisectorErrors are raised.
    """
    # a test may turn out to be flaky, and is repeated then: it mostly waits
    execution = replace(execution, tests=TESTS_A_CORE * cores())
    test, options, series = asked.test, asked.options, asked.series
    fork = lines.fork_of(asked.history, range_text)
    span = fork.whole if fork else asked.history.range(range_text)
    context = asked.context
    question = HuntQuestion(
        span,
        Known() if blind else test.known,
        series,
        blind,
        () if blind else test.tags,
        options.hint,
        options.flaky or test.flaky,
        options.hunks,
        every,
        older,
        tries_patch,
    )
    started = started_job(
        Job.RUN,
        context,
        series if tries_patch else None,
        execution,
        span,
        len(span.commits),
        blind=blind,
    )
    name = hunt_id(question, context)
    last = OtherLine if fork else Reduced if question.hunks else Ended

    def hunt(prober: Prober) -> None:
        (ForkedHunt(question, fork, prober) if fork else Hunt(question, prober)).run()

    return carry_out(context, name, started, execution, hunt, last)


def hunt_id(question: HuntQuestion, context: Context) -> str:
    """The name of a hunt: 12 hex digits, equal for the same question on the same machine.

    ``hunks`` is not part of it, since the reduction to hunks only adds to the answer.
    """
    span, series = question.range, question.series
    return digest(
        *(span.old.id, span.new.id, context.identity, series.digest if series else ""),
        *(str(question.blind), question.hint, str(question.flaky)),
        *(["every"] * question.every + ["older"] * question.older),
        *(["no trial"] * (not question.tries_patch)),
    )[:12]
