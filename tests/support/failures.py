"""How tests fail: one kind of failure of most classes, for tests of what is learnt from them."""

from __future__ import annotations

from bisector.record.failure import Failure, FailureClass

EXPECT = Failure(FailureClass.EXPECTATION, 'c1: EXPECT resp.status == "200" failed')
OTHER_EXPECT = Failure(FailureClass.EXPECTATION, 'c1: EXPECT resp.body == "x" failed')
REFUSED = Failure(FailureClass.REFUSAL, "config : error in the condition")
ABSENT = Failure(FailureClass.REFUSAL, "config : unknown keyword 'x' in 'frontend' section")
CLOSED = Failure(FailureClass.CONNECTION, "c1: recv() got #")
UNUSABLE = Failure(FailureClass.UNUSABLE, "exit status 127: it printed nothing")
HARNESS = Failure(FailureClass.HARNESS, "Unknown command")
SKIPPED = Failure(FailureClass.SKIPPED, "version_atleast(3.0)")
BROKEN = Failure(FailureClass.BROKEN, "HAProxy does not serve")
