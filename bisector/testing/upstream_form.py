"""The form of upstream's reg-tests: what a test lacks of it is added, what is against it is named.

The functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bisector.testing import features
from bisector.testing.new.cleaned import has_private_key
from bisector.testing.new.folder import MARK
from bisector.testing.scenario import BUNDLED, Scenario

_TITLE = re.compile(r"^(?:varnishtest|vtest)\b.*\n", re.M)
_MACROS = "feature ignore_unknown_macro\n"
_LUA = re.compile(r"^[ \t]*lua-load(?:-per-thread)?[ \t]", re.M)
_NEEDED = re.compile(r"\bfeature\((\w+)\)|^#REQUIRE_OPTIONS?=([\w|, ]+)", re.M)
_AGAINST = (
    (re.compile(re.escape(MARK)), f"'{MARK}' is not filled in"),
    (
        re.compile(
            r"^\s*bind\s.*?(?:[\w.*\]]|::|(?<=\s)):\d+|-(?:listen|connect)\s+\"?[\w.*]*:\d+"
        ),
        'a fixed port, which may be in use; write bind "fd@${name}"',
    ),
    (
        re.compile(r"^\s*delay\s|\bshell\b.*\bsleep\s|\bcore\.sleep\(|^\s*sleep\s"),
        "a sleep, which is too short on a busy machine; wait for a state instead",
    ),
)


def completed(text: str, scenario: Scenario) -> str:
    """The test case *text* of *scenario* with its story, type and guards, as far as it lacks them.

    The guards are for the features that its configuration uses, and for the scenario's ``since``.
    """
    head = "".join(_head(text, scenario))
    guard = "".join(_guard(text, scenario))
    if _MACROS not in text:
        head, guard = f"{head}\n{_MACROS}{guard}", ""
    text = _TITLE.sub(lambda found: found[0] + head, text, count=1)
    return text.replace(_MACROS, _MACROS + guard, 1)


def _head(text: str, scenario: Scenario) -> Iterator[str]:
    """The comments at its head that the case *text* lacks."""
    story = scenario.story.splitlines()
    if story and f"# {story[0]}" not in text:
        yield "\n" + "".join(f"{f'# {line}'.rstrip()}\n" for line in story)
    if "#REGTEST_TYPE=" not in text:
        yield "\n#REGTEST_TYPE=bug\n"


def _guard(text: str, scenario: Scenario) -> Iterator[str]:
    """The guard that the case *text* lacks."""
    if conditions := list(_conditions(text, scenario)):
        yield f"feature cmd \"$HAPROXY_PROGRAM -cc '{' && '.join(conditions)}'\"\n"


def _conditions(text: str, scenario: Scenario) -> Iterator[str]:
    """What `haproxy -cc` has to say yes to, and what no guard of *text* asks yet."""
    if scenario.since and "version_atleast(" not in text:
        yield f"version_atleast({scenario.since})"
    lua = {"LUA"} if _LUA.search(text) else set()
    guarded = {
        word for pair in _NEEDED.findall(text) for word in re.findall(r"\w+", " ".join(pair))
    }
    for name in sorted((features.asked(text) | lua) - guarded):
        if name.isidentifier():
            yield f"feature({name})"


def obstacles(files: Mapping[str, str]) -> Iterator[str]:
    """What upstream would not take in the *files* of reg-tests, by name, with file and line."""
    own = (BUNDLED / "blocks" / "test.pem").read_text(encoding="utf-8")
    for name, text in files.items():
        if has_private_key(text) and text != own:
            yield f"{name}: a private key"
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in _AGAINST:
                if pattern.search(line):
                    yield f"{name}:{number}: {what}"
