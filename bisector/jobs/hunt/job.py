"""The `run` command: hunt a bug over a range."""

from __future__ import annotations

from bisector.jobs.hunt.hunt import Hunt, Question
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.probing.context import Bench
from bisector.probing.setup import Asked
from bisector.record.events import Ended, Reduced
from bisector.record.words import Job
from bisector.system.workspace import digest
from bisector.testing.scenario import Known


def run(asked: Asked, range_text: str, *, blind: bool, execution: Execution) -> JobResult:
    """Hunt over *range_text*, going on from where an earlier run of the same hunt stopped.

    That the range cannot be answered is part of the outcome; other BisectorErrors are raised.
    """
    test, options, series = asked.test, asked.options, asked.series
    span = asked.history.range(range_text)
    bench = asked.bench
    question = Question(
        span,
        Known() if blind else test.known,
        series,
        blind,
        () if blind else test.tags,
        options.hint,
        options.flaky or test.flaky,
        options.hunks,
    )
    started = started_job(
        Job.RUN,
        bench,
        series,
        execution,
        range=span.text,
        old=span.old.id,
        new=span.new.id,
        commits=len(span.commits),
        blind=blind,
    )
    name = hunt_id(question, bench)
    wanted = Reduced if question.hunks else Ended
    return carry_out(
        bench, name, started, execution, lambda prober: Hunt(question, prober).run(), wanted
    )


def hunt_id(question: Question, bench: Bench) -> str:
    """A name for a hunt: the same question on the same machine has the same one.

    Whether the culprit is to be reduced to hunks is no part of it: that only adds to the answer.
    """
    span, series = question.range, question.series
    return digest(
        *(span.old.id, span.new.id, bench.identity, series.digest if series else ""),
        *(str(question.blind), question.hint, str(question.flaky)),
    )[:12]
