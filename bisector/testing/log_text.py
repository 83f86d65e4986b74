"""Text of logs for reports, and in the form that is the same in every run; pure functions."""

from __future__ import annotations

import re

EVIDENCE_LINES = 6
EVIDENCE_WIDTH = 300
MAX_TEXT = 4096  # characters of a line that are searched; real messages are shorter

# HAProxy's last alert if it refuses a configuration.
REFUSED = re.compile(r"(?:Fatal errors|Error\(s\)) found in configuration")

_PID = re.compile(r"\((\d+)\) : |/tmp/\S*?(?=/h\w*/cfg)|/\S*/vtc\.[0-9a-f.]+")
# In a failed expectation the value that was there, as in `EXPECT resp.status (503) == "200"`.
_ACTUAL = re.compile(r"\bEXPECT (\S+) \(.*\) (==|!=|<=|>=|<|>|~|!~) ")
_CHANGING = re.compile(
    r"""/\S*/(?=[^/\s]+)            # folders
      | \[[^]]*:\d+\]\s*:?          # parsing [file:line]
      | 0x[0-9a-f]+
      | (?<=[\w.\]]:)\d{2,5}\b      # ports
      | \(fd:[^)]*\)                # file descriptor, perhaps with a time
      | \b\d+(?:\.\d+)?\s?m?s\b     # times
      | (?<!")\b\d{4,}\b(?!")       # pids and the like; what a test expects is in quotes
      | (?<=got\ )-?\d+
    """,
    re.X,
)


def trimmed(line: str) -> str:
    """*line* in printable characters and single spaces, cut to EVIDENCE_WIDTH."""
    text = "".join(char if char.isprintable() else " " for char in line[:MAX_TEXT])
    return " ".join(text.split())[:EVIDENCE_WIDTH]


def shortened(text: str) -> str:
    """*text* without its middle if it is very long: patterns may take quadratic time."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + text[-MAX_TEXT // 2 :]


def cleaned(alert: str) -> str:
    """An ALERT line without process ids and temporary folders, which differ in each run."""
    return trimmed(_PID.sub(lambda match: ": " if match[1] else "", alert[:MAX_TEXT]))


def matching(text: str, pattern: str) -> tuple[str, ...]:
    """The first whole lines in which *pattern* (MULTILINE) matches, each once, as evidence."""
    found: dict[str, None] = {}
    compiled, at = re.compile(pattern, re.M), 0
    while len(found) < EVIDENCE_LINES and (match := compiled.search(text, at)):
        begin = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        at = end + 1 if end >= 0 else len(text) + 1  # at most one match for each line
        found[trimmed(text[begin : at - 1])] = None
        if at > len(text):
            break
    return tuple(found)


def normal(text: str) -> str:
    """*text* without values, numbers, ports, pids, paths and times: the same in every run."""
    expression = _ACTUAL.sub(r"EXPECT \1 \2 ", shortened(text))
    return trimmed(_CHANGING.sub("#", expression))
