"""The tests. Assertions in what they share fail as legibly as their own."""

import sys

if pytest := sys.modules.get("pytest"):  # programs of tests/faults start often, and without it
    pytest.register_assert_rewrite("tests.support")
