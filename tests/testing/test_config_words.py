"""The words of configurations: of a case's HAProxys and what it sends, or of a whole text."""

from __future__ import annotations

from bisector.testing import config_words

CASE = """\
server s1 {
    rxreq
} -start

haproxy h1 -conf {
    defaults
        timeout client 1s
    frontend fe
        http-request return status 200 if { req.len gt 1 }
} -start

haproxy h1 -cli {
    send "show info"
    expect ~ "Uptime"
}
"""


def test_a_cases_configurations_and_commands_count_and_nothing_else() -> None:
    words = config_words.of(CASE)
    assert {"defaults", "timeout client", "timeout", "http-request", "req.len", "show"} <= words
    assert not {"rxreq", "server", "Uptime", "-start"} & words


def test_of_another_text_every_word_does() -> None:
    assert {"bind", "nbthread", "nbthread 2"} <= config_words.of("global\n\tnbthread 2\nbind :80\n")
