"""Two ends that accept a configuration, of which the new one gives a warning that is new."""

from __future__ import annotations

import shlex

from bisector.jobs.hunt.learning import pattern_in
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.testing.log_text import EVIDENCE_LINES
from bisector.testing.oracles.config_file import ConfigFile
from bisector.testing.output import constant


def note_new_warning(prober: Prober, old: Probed, new: Probed) -> None:
    """Note the first warning of *new* that *old* does not give, and what would make it the bug."""
    oracle = prober.context.oracle
    if not isinstance(oracle, ConfigFile) or oracle.knows_its_bug or oracle.refused:
        return
    if len(old.evidence) >= EVIDENCE_LINES:  # more may have been left out
        return
    before = set(map(constant, old.evidence))
    for line in new.evidence:
        level, _, said = line.partition(" ")
        if level == "[WARNING]" and constant(line) not in before:
            text = f"{new.name} accepts the configuration with a warning that {old.name} does not"
            pattern = shlex.quote(pattern_in(constant(said)))
            text += f" give: {said} (if it is the bug: --bad-if {pattern})"
            prober.journal.note(Noted(text))
            return
