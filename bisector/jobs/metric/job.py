"""The job of `run --metric`."""

from __future__ import annotations

from dataclasses import replace

from bisector.jobs.metric.hunt import MetricHunt
from bisector.jobs.metric.question import THRESHOLD, MetricQuestion
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.probing.context import Context
from bisector.probing.setup import Asked
from bisector.record.words import Job
from bisector.system.files import digest
from bisector.system.slots import cores

_RULES = "1"  # part of the name: changes with what a hunt does


def run(
    asked: Asked, range_text: str, *, threshold: float | None, every: bool, execution: Execution
) -> JobResult:
    """Hunt over *range_text*, or resume an interrupted hunt with the same options.

    *threshold* and *every* are those of MetricQuestion. Raises BisectorErrors, but if an end cannot
    be measured, the result's ``problem`` says why.
    """
    if not asked.test.oracle.is_disturbed_by_load:
        execution = replace(execution, tests=cores())
    span = asked.history.range(range_text)
    context, options = asked.context, asked.options
    toolchains = context.toolchains
    proof = toolchains.proof if options.confirm else toolchains.release or toolchains.proof
    question = MetricQuestion(span, proof, threshold or THRESHOLD, every, options.hint)
    started = started_job(Job.METRIC, context, None, execution, span, len(span.commits))
    name = metric_id(question, context)
    return carry_out(
        context, name, started, execution, lambda prober: MetricHunt(question, prober).run()
    )


def metric_id(question: MetricQuestion, context: Context) -> str:
    """The name of the job: 12 hex digits, equal for the same question on the same machine."""
    span = question.range
    return digest(
        *(Job.METRIC, _RULES, span.old.id, span.new.id, context.identity),
        *(repr(question.threshold), str(question.every), question.hint),
        question.proof.identity if question.proof else "",
    )[:12]
