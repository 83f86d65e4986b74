"""The requirements of a VTest case, and which of them a binary or the machine does not meet.

HAProxy's reg-tests state requirements in two ways. Newer ones have guards, `feature cmd "COMMAND"`:
VTest runs the shell command and skips the test if it fails, but does not report which one failed.
Older ones have comments, such as `#REQUIRE_OPTIONS=OPENSSL`, which upstream's
scripts/run-regtests.sh reads and VTest does not. The functions are pure but for the shell commands,
which the caller runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bisector.system.process import Finished

# Runs a shell command in the test's environment, where $HAPROXY_PROGRAM is the binary.
Shell = Callable[[str], "Finished"]

_COMMENT = re.compile(
    r"^#(REQUIRE_(?:VERSION|VERSION_BELOW|OPTIONS?|SERVICES?|BINARIES)|EXCLUDE_TARGETS?)=(.*)$",
    re.M,
)
# these take one value; a remark may follow a comma
_SINGULAR = ("REQUIRE_OPTION", "REQUIRE_SERVICE", "EXCLUDE_TARGET")
_PROMEX = {"prometheus-exporter": "USE_PROMEX=1"}  # the make variable that builds a service
# Features that no make variable brings by itself. HAProxy is built without QUIC if neither OpenSSL
# has an interface for it nor the revision a module instead, or if the test does not want that.
_OTHERWISE = {
    "QUIC": "OpenSSL 3.5 or later",
    "OPENSSL_AWSLC": "a build with AWS-LC",
    "OPENSSL_WOLFSSL": "a build with wolfSSL",
}

_WORD = r'(?:"(?:[^"\\\n]|\\.)*"|\{(?:[^{}]|\{[^{}]*\})*\}|[^\s"{]\S*)'
_FEATURE = re.compile(rf"^[ \t]*feature((?:[ \t]+{_WORD})+)", re.M)
_CONDITION = re.compile(r"""(\S.* -cc\s+)(['"])(.*)\2""", re.S)
_PROGRAM = re.compile(r"command -v ([\w.+/-]+)")
_NEEDED = re.compile(r"#[A-Z_]+=|the program |[!(]*\w+\(")
_OPTION = re.compile(r"(!?)\s*\bfeature\((\w+)\)")


@dataclass(frozen=True)
class BuildInfo:
    """What `haproxy -vv` prints about a binary; a list that it does not print is None."""

    version: str
    target: str
    features: frozenset[str] | None
    services: frozenset[str] | None

    @classmethod
    def of(cls, output: str) -> BuildInfo | None:
        """Parse the output of `haproxy -vv`; None if it is something else."""
        version = _after(r"HA-?Proxy version", output)
        if not version:
            return None
        target, features = _after(r"\s*TARGET\s*=", output), _after(r"Feature list\s*:", output)
        services = _after(r"Available services\s*:", output)
        return cls(
            version.split()[0],
            target or "",
            None if features is None else frozenset(re.findall(r"\+(\w+)", features)),
            None if services is None else frozenset(services.split()),
        )


def unmet(text: str, shell: Shell) -> tuple[str, ...]:
    """The comments of the test *text* that the binary or the machine fails, with remedies."""
    found = [(name, value.strip()) for name, value in _COMMENT.findall(text)]
    if not found:
        return ()
    version = shell('"$HAPROXY_PROGRAM" -vv')
    build = BuildInfo.of(version.output) if version.ok else None
    if build is None:  # it does not run: the test's log will show why
        return ()
    return tuple(lack for name, value in found for lack in _unmet(name, value, build, shell))


def _unmet(name: str, value: str, build: BuildInfo, shell: Shell) -> Iterator[str]:
    if name == "REQUIRE_VERSION":
        if _numbers(build.version) < _numbers(value):
            yield f"#{name}={value} (this is {build.version})"
    elif name == "REQUIRE_VERSION_BELOW":
        if _numbers(build.version) >= _numbers(value):
            yield f"#{name}={value} (this is {build.version})"
    else:
        parts = value.split(",")[:1] if name in _SINGULAR else value.split(",")
        for part in filter(None, (part.strip() for part in parts)):
            if lack := _lack(name, part, build, shell):
                yield f"#{name}={part}{lack}"


def _lack(name: str, part: str, build: BuildInfo, shell: Shell) -> str:
    """' (REMARK)' if *build* does not meet one *part* of a comment's list, else ''."""
    alternatives = part.split("|")
    if name.startswith("REQUIRE_OPTION"):
        lacking = build.features is not None and build.features.isdisjoint(alternatives)
        return f" ({_make(alternatives, ' or ')})" if lacking else ""
    if name.startswith("REQUIRE_SERVICE"):
        lacking = build.services is not None and build.services.isdisjoint(alternatives)
        makes = [f"--make {_PROMEX[service]}" for service in alternatives if service in _PROMEX]
        return f" ({makes[0] if makes else 'not in this build'})" if lacking else ""
    if name.startswith("EXCLUDE_TARGET"):
        return " (the target of this build)" if part == build.target else ""
    known = re.fullmatch(r"[\w.+/-]+", part)
    return "" if known and shell(f"command -v {part}").ok else " (install it)"


def failed_guard(text: str, shell: Shell) -> str:
    """The requirements in the first guard of the test *text* that fails, with remedies.

    '' if every guard succeeds now.
    """
    for guard in guards(text):
        if not shell(guard).ok:
            return " and ".join(_missing(guard, shell))
    return ""


def guards(text: str) -> Iterator[str]:
    """The shell commands of the guards, `feature cmd "COMMAND"`, in a test's *text*."""
    for statement in _FEATURE.finditer(text):
        words = re.findall(_WORD, statement[1])
        for word, command in pairwise(words):
            if word == "cmd":
                yield _unquoted(command)


def same_for_all(needed: str) -> bool:
    """Whether what is *needed*, as failed_guard() says it, does not depend on the toolchain.

    Toolchains differ in threads alone.
    """
    return _NEEDED.match(needed) is not None and "THREAD" not in needed


def _missing(guard: str, shell: Shell) -> list[str]:
    """The parts of a failed *guard* that fail when run alone, else the whole guard."""
    parts = conjuncts(guard)
    conditions = [_CONDITION.fullmatch(part) for part in parts]
    found: list[str] = []
    pairs = list(zip(parts, conditions, strict=True))
    if all(condition or _PROGRAM.fullmatch(part) for part, condition in pairs):
        for part, condition in pairs:
            if condition:
                found += _missing_condition(condition[1], condition[2], condition[3], shell)
            elif not shell(part).ok:
                found.append(f"the program {part.split()[-1]} (install it)")
    return found or [f"'{guard}'"]


def _missing_condition(command: str, quote: str, expression: str, shell: Shell) -> Iterator[str]:
    """The false parts of an *expression* for `haproxy -cc`, to which *command* is the prefix."""

    def holds(condition: str) -> bool:
        return shell(f"{command}{quote}{condition}{quote}").ok

    false = [part for part in conjuncts(expression) if not holds(part)]
    if false and not holds("1"):
        yield "haproxy -cc, which this revision lacks"
        return
    for part in false:
        options = [] if "!(" in part else _OPTION.findall(part)
        lacking = [name for no, name in options if not no and not holds(f"feature({name})")]
        hint = _make(lacking, " or " if "||" in part else " ")
        if ("!", "QUIC_OPENSSL_COMPAT") in options:
            hint = _OTHERWISE["QUIC"]
        yield f"{part} ({hint})" if hint else part


def conjuncts(text: str) -> list[str]:
    """*text*, split at each `&&` outside of parentheses and quotes.

    If there is also a `||` outside of them, *text* is not split.
    """
    depth, quote, begin = 0, "", 0
    parts: list[str] = []
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif depth == 0 and text.startswith("||", at):
            return [text.strip()]
        elif depth == 0 and text.startswith("&&", at):
            parts.append(text[begin:at].strip())
            begin = at + 2
    return [*parts, text[begin:].strip()]


def _make(features: list[str], between: str) -> str:
    """The options that enable *features*; there is no make variable for one named HAVE_…."""
    names = dict.fromkeys(name for name in features if not name.startswith("HAVE_"))
    return between.join(_OTHERWISE.get(name, f"--make USE_{name}=1") for name in names)


def _unquoted(word: str) -> str:
    if word.startswith("{"):
        return word[1:-1].strip()
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _after(pattern: str, text: str) -> str | None:
    """The rest of the first line of *text* that begins with *pattern*; None without such a line."""
    found = re.search(rf"^{pattern}[ \t]*(\S.*)?$", text, re.M)
    return (found[1] or "") if found else None


def _numbers(version: str) -> tuple[int, ...]:
    """The version's first four numbers; 3.0-dev5 counts as 3.0, as in run-regtests.sh."""
    parts = [re.match(r"\d*", part) for part in version.lstrip("v").split(".")[:4]]
    found = [int(part[0] or 0) if part else 0 for part in parts]
    return (*found, *[0] * (4 - len(found)))
