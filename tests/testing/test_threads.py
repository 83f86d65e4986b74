"""Which tests ask for threads, by their text."""

from __future__ import annotations

import pytest

from bisector.testing.threads import wants_threads

CLIENT = "client {name} -connect ${{h1_fe_sock}} {{\n    txreq\n    rxresp\n}} {how}\n"


def clients(*commands: str) -> str:
    """A case with these commands, each a client's name and what it is to do."""
    split = (command.split() for command in commands)
    texts = (
        f"client {name} {how}\n" if how == "-wait" else CLIENT.format(name=name, how=how)
        for name, how in split
    )
    return 'vtest "x"\nserver s1 { rxreq } -start\nhaproxy h1 -conf { } -start\n' + "".join(texts)


@pytest.mark.parametrize(
    "text",
    [
        "global\n    nbthread 4\n",
        "printf 'global\\n nbthread 2\\n' >x.cfg",
        "\tthread-groups 2\n",
        "    bind 127.0.0.1:80 thread 1-2\n",
        "    bind :80 name x thread odd shards 2\n",
        clients("c1 -start", "c2 -start", "c1 -wait", "c2 -wait"),
        clients("c1 -start", "c2 -run", "c1 -wait"),
        clients("c1 -start", "c1 -wait", "c2 -start", "c3 -start"),
    ],
)
def test_a_test_with_threads_or_clients_at_the_same_time_asks_for_them(text: str) -> None:
    assert wants_threads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "global\n    nbthread 1\n",
        "    thread-groups 1\n",
        "# nbthread 4 does not help\n",
        "# nbthread and http-reuse\n",
        "    bind 127.0.0.1:80\n    # thread 1\n",
        "    bind 127.0.0.1:80 # thread 1\n",
        clients("c1 -run", "c2 -run"),
        clients("c1 -start", "c1 -wait", "c2 -start", "c2 -wait"),
        clients("c1 -start"),
        "server s1 { rxreq } -start\nserver s2 { rxreq } -start\n",
        "client c1 { } -start\nclient c1 -wait\nserver s1 -wait\nclient c2 { } -run\n",
    ],
)
def test_any_other_does_not(text: str) -> None:
    assert not wants_threads(text)
