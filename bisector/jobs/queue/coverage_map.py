"""Which functions each reg-test of a branch executes, and the tests that suit a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from bisector.build.counting.functions import Function

MOST = 12  # tests for one change
_USUAL = 0.6  # the share of tests that execute a function of start-up or parsing


@dataclass(frozen=True)
class CoverageMap:
    """The functions that each of a branch's reg-tests executes, by the test's path.

    ``untestable`` are the other tests, with the reason why it is unknown.
    """

    tests: Mapping[str, frozenset[Function]]
    untestable: Mapping[str, str]

    @cached_property
    def usual(self) -> frozenset[Function]:
        """The functions that most tests execute."""
        least = _USUAL * len(self.tests)
        return frozenset(function for function, often in self._often.items() if often > least)

    def executing(self, functions: Collection[Function], most: int = MOST) -> tuple[str, ...]:
        """Up to *most* tests that execute some of *functions*, those that suit best first.

        Each function that a test executes gets one as long as there is room. Functions that few
        tests execute count more, and of tests that execute the same ones, those come first that
        execute more of what is rare in the same files.
        """
        wanted = self._executed(functions)
        near = self._near({path for path, _ in functions})
        rest = sorted(
            (name for name, own in self.tests.items() if own & wanted),
            key=lambda name: (
                -self._weight(self.tests[name] & wanted),
                -self._weight(self.tests[name] & near),
                name,
            ),
        )
        chosen: list[str] = []
        missing = wanted
        while rest and len(chosen) < most:
            best = max(rest, key=lambda name: self._weight(self.tests[name] & missing))
            rest.remove(best)
            chosen.append(best)
            missing -= self.tests[best]
        return tuple(chosen)

    @cached_property
    def _often(self) -> Counter[Function]:
        """How many tests execute each function."""
        return Counter(function for own in self.tests.values() for function in own)

    def _executed(self, functions: Collection[Function]) -> frozenset[Function]:
        """Those of *functions* that a test executes, as they are called here.

        For an inline function tcc does not know the file, see counting.functions.
        """
        either = {name for path, own in functions for name in ((path, own), ("", own))}
        return frozenset(either & self._often.keys())

    def _near(self, paths: Collection[str]) -> frozenset[Function]:
        """The functions of the files *paths* that are not usual."""
        own = (function for function in self._often if function[0] in paths)
        return frozenset(own) - self.usual

    def _weight(self, functions: Collection[Function]) -> float:
        return sum(sorted(1 / self._often[function] for function in functions))
