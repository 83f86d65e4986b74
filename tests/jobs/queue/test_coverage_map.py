"""Which reg-tests suit a change: those that execute what it changes, the special ones first."""

from __future__ import annotations

import pytest

from bisector.jobs.queue.coverage_map import MOST, CoverageMap

MAIN, PARSE, DNS, PEER, INLINE = (
    ("src/haproxy.c", "main"),
    ("src/cfgparse.c", "parse"),
    ("src/resolvers.c", "resolve"),
    ("src/peers.c", "send"),
    ("", "small"),
)
CACHE = [("src/cache.c", name) for name in ("store", "find", "expire")]


def numbered(count: int) -> list[str]:
    return [f"reg-tests/x/{number:03}.vtc" for number in range(count)]


PLAIN = dict.fromkeys(numbered(20), frozenset([MAIN, PARSE]))
MAP = CoverageMap(
    {
        **PLAIN,
        "reg-tests/dns.vtc": frozenset([MAIN, PARSE, DNS]),
        "reg-tests/peers.vtc": frozenset([MAIN, PARSE, PEER, INLINE]),
    },
    {"reg-tests/quic.vtc": "skipped"},
)


def test_a_change_gets_the_tests_that_execute_its_functions() -> None:
    assert MAP.executing([DNS]) == ("reg-tests/dns.vtc",)
    assert MAP.executing([PEER]) == ("reg-tests/peers.vtc",)
    assert set(MAP.executing([DNS, PEER])) == {"reg-tests/dns.vtc", "reg-tests/peers.vtc"}


@pytest.mark.parametrize(
    "functions", [[], [("src/resolvers.c", "other")], [("src/other.c", "resolve")]]
)
def test_a_change_to_what_no_test_executes_gets_none(functions: list[tuple[str, str]]) -> None:
    assert MAP.executing(functions) == ()


def test_an_inline_function_is_known_by_its_name_alone() -> None:
    assert MAP.executing([("include/haproxy/x.h", "small")]) == ("reg-tests/peers.vtc",)


def test_what_most_tests_execute_is_usual() -> None:
    assert MAP.usual == {MAIN, PARSE}
    assert CoverageMap({}, {}).usual == frozenset()


def test_a_change_to_what_all_tests_execute_gets_a_bounded_number() -> None:
    assert len(MAP.executing([MAIN])) == MOST
    assert len(MAP.executing([MAIN], most=3)) == 3


def test_what_few_tests_execute_comes_before_what_all_do() -> None:
    assert MAP.executing([MAIN, DNS])[0] == "reg-tests/dns.vtc"
    assert len(MAP.executing([MAIN, DNS])) == MOST


def test_each_function_gets_a_test_before_one_of_them_gets_a_second_one() -> None:
    both = dict.fromkeys(numbered(9), frozenset(CACHE[:2]))
    found = CoverageMap({**both, "reg-tests/y.vtc": frozenset(CACHE[2:])}, {})
    chosen = found.executing(CACHE, most=2)
    assert chosen == ("reg-tests/y.vtc", "reg-tests/x/000.vtc")


def test_of_equals_the_one_that_does_more_of_the_rare_in_the_same_file_comes_first() -> None:
    found = CoverageMap(
        {
            **dict.fromkeys(numbered(9), frozenset([CACHE[0]])),
            "reg-tests/y.vtc": frozenset([CACHE[0], DNS, PEER]),  # rare, but of other files
            "reg-tests/z.vtc": frozenset(CACHE[:2]),
        },
        {},
    )
    assert found.executing([CACHE[0]], most=2) == ("reg-tests/z.vtc", "reg-tests/x/000.vtc")


def test_the_choice_does_not_depend_on_the_order() -> None:
    backwards = CoverageMap(dict([*MAP.tests.items()][::-1]), {})
    functions = [MAIN, DNS, PEER, ("include/haproxy/x.h", "small")]
    assert backwards.executing(functions[::-1]) == MAP.executing(functions)
