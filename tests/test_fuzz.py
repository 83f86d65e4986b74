"""Whatever is read from strangers: a result or one line that says what is wrong; never a hang.

Good inputs are damaged as mail programs, disks and people damage them, and as somebody would who
means harm. BISECTOR_FUZZ is how many are tried of each kind (default 150; thousands take minutes).
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import tempfile
import textwrap
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bisector.build.counting import gcov
from bisector.errors import MAX_LINE, BisectorError
from bisector.git import commit_text
from bisector.jobs.backport import advice
from bisector.jobs.verify import coverage
from bisector.patch import c_source, cherry_pick, format_patch, load, unified_diff
from bisector.patch.apply import AppliedSeries, apply_series
from bisector.patch.model import Series
from bisector.record import journal
from bisector.record.events import Event
from bisector.record.verdict import Ruling
from bisector.system.process import Finished
from bisector.testing import scenario_loader
from bisector.testing.log_text import EVIDENCE_LINES, EVIDENCE_WIDTH
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.vtest_log import classify
from tests.support.clone import AUTHOR
from tests.support.made import FIXED, TEN, C, Repo
from tests.support.strategies import EVENTS
from tests.support.vtest_logs import ANY, EXIT_1, FLAP, KILLED, REFUSED, RX_TIMEOUT, SEGV, SERVING

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("BISECTOR_FUZZ", "150"))
STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, writing direction, ends of lines
CPU_SECONDS = 10.0  # for one input, of a megabyte at most; quadratic time would take hours

fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


# --- damage ---------------------------------------------------------------------------------------

NASTY = [
    b"\0",
    b"\r\n",
    b"\r",
    b"\xff\xfe",
    b"\xc3",
    b"\x1b[2J",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{LINE SEPARATOR}\x9b".encode(),
    b"9" * 5000,
    b"-1",
    b"4294967296",
    b"(" * 3000,
    b"[" * 3000,
    b"{%",
    b"x" * 20_000,
    b" " * 20_000,
    b"\n" * 5000,
    b"../../etc/passwd",
    b".git/config",
    b"=?utf-8?b?//8=?=",
    b"=?nonesuch?q?=zz?=",
    b'"',
    b"\\",
]


@st.composite
def damaged(draw: st.DrawFn, *good: bytes) -> bytes:
    """One of the *good* inputs, with a few things done to it."""
    text = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 5))):
        how = draw(st.sampled_from(list(DAMAGES)))
        text = how(draw, text, good)
    return text


def _flip(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    at = draw(st.integers(0, max(0, len(text) - 1)))
    bit = 1 << draw(st.integers(0, 7))
    return text[:at] + bytes(byte ^ bit for byte in text[at : at + 1]) + text[at + 1 :]


def _cut(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    first, last = sorted(draw(st.integers(0, len(text))) for _ in range(2))
    return draw(st.sampled_from([text[:first], text[first:], text[:first] + text[last:]]))


def _insert(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(NASTY)) + text[at:]


def _replace_word(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    words = text.split(b" ")
    words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NASTY))
    return b" ".join(words)


def _repeat_line(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    lines = text.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    lines[at:at] = lines[at : at + draw(st.integers(1, 4))] * draw(st.sampled_from([1, 2, 50, 500]))
    return b"\n".join(lines)


def _swap_lines(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    lines = text.split(b"\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _splice(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    other = draw(st.sampled_from(good))
    return text[: draw(st.integers(0, len(text)))] + other[draw(st.integers(0, len(other))) :]


def _line_ends(draw: st.DrawFn, text: bytes, good: Sequence[bytes]) -> bytes:
    return text.replace(b"\n", b"\r\n")


DAMAGES: tuple[Callable[[st.DrawFn, bytes, Sequence[bytes]], bytes], ...] = (
    *(_flip, _cut, _insert, _replace_word, _repeat_line, _swap_lines, _splice, _line_ends),
)


# --- what may come of it --------------------------------------------------------------------------


@contextmanager
def in_time() -> Iterator[None]:
    """What takes too much of the processor's time fails; the machine may be busy otherwise."""

    def hung(*_: object) -> None:
        pytest.fail(f"still at it after {CPU_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def refused_in_one_line() -> Iterator[None]:
    """An error of ours may come; it is one line that no terminal can be harmed by."""
    try:
        with in_time():
            yield
    except BisectorError as error:
        said = str(error)
        assert not any(unicodedata.category(sign) in STEERING for sign in said), ascii(said)
        assert 0 < len(said) < 12 * MAX_LINE  # each sign may be spelled out


def judged(log: str, oracle: VTestCase, status: int | None = 1) -> Ruling:
    with in_time():
        ruling = classify(Finished((), status, log, 0.5), oracle.patterns)
    assert ruling.reason.isprintable()
    assert len(ruling.reason) < 1000
    assert len(ruling.evidence) <= EVIDENCE_LINES
    assert all(line.isprintable() and len(line) <= EVIDENCE_WIDTH for line in ruling.evidence)
    return ruling


# --- patches --------------------------------------------------------------------------------------

DIFF = f"""\
diff --git a/{C} b/{C}
index 1234567..89abcde 100644
--- a/{C}
+++ b/{C}
@@ -5,6 +5,6 @@ int line(void)
 line 5
 line 6
 line 7
-line 8
+line EIGHT
 line 9
 line 10
diff --git a/doc/new.txt b/doc/new.txt
new file mode 100644
index 0000000..89abcde
--- /dev/null
+++ b/doc/new.txt
@@ -0,0 +1,2 @@
+one
+two
\\ No newline at end of file
diff --git a/doc/old.txt b/doc/older.txt
similarity index 100%
rename from doc/old.txt
rename to doc/older.txt
diff --git "a/doc/\\303\\251.txt" "b/doc/\\303\\251.txt"
old mode 100644
new mode 100755
""".encode()
MAIL = (
    b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
    b'From: =?utf-8?q?J=C3=B6?= "Doe, Jo" <jo@example.org>\n'
    b"Date: Thu, 01 Jan 2024 00:00:00 +0130\n"
    b"Subject: [PATCH 1/2] BUG/MINOR: server: count\n right\n"
    b"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n\n"
    b"It was wrong.\n---\n doc | 1 +\n"
) + DIFF
PARTS = (
    b"From: Jo <jo@example.org>\nSubject: [PATCH] parts\nDate: Thu, 01 Jan 2024 00:00:00 -0000\n"
    b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\ntext\n--b\n'
    b'Content-Type: text/x-patch; name*0="a"; name*1=".patch"\n'
    b"Content-Transfer-Encoding: quoted-printable\n\n" + DIFF.replace(b"=", b"=3D") + b"\n--b--\n"
)
PATCHES = (DIFF, MAIL, MAIL + b"\n" + MAIL.replace(b"1/2", b"2/2"), PARTS)


def loaded(text: bytes) -> Series:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0001-it.patch"
        path.write_bytes(text)
        return load.load(path)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return Repo(tmp_path_factory.mktemp("fuzz") / "repo.git")


@pytest.fixture(scope="module")
def tip(repo: Repo) -> str:
    return repo.commit({C: TEN, "doc/old.txt": "old\n", "doc/é.txt": "é\n", "README": "r\n"})


def test_the_good_patch_is_good(repo: Repo, tip: str) -> None:
    for text in PATCHES:
        assert len(loaded(text).patches[0].files) == 4
    done = apply_series(repo.git, repo.read(tip).tree, loaded(DIFF))
    assert isinstance(done, AppliedSeries)
    assert repo.git[done.tree].peel(pygit2.Tree)[C].peel(pygit2.Blob).data.decode() == FIXED


@fuzz
@given(damaged(*PATCHES))
@example(DIFF.replace(b"-5,6", b"-" + b"5" * 5000 + b",6"))
@example(DIFF.replace(C.encode(), b"src/\x1b[2J\xc2\x9b.c"))
@example(DIFF.replace(C.encode(), b"git~1/config"))
@example(DIFF.replace(C.encode(), b"src/" + b"x" * 100_000))
@example(MAIL.replace(b"1/2", b"9" * 5000 + b"/2"))
@example(MAIL.replace(b"2024", b"2" * 5000))
@example(MAIL.replace(b"+0130", b"+" + b"9" * 5000))
@example(MAIL.replace(b'Jo"', b"(" * 5000 + b'Jo"'))
@example(PARTS.replace(b"*0=", b"*" + b"9" * 5000 + b"="))
@example(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 1500)
@example(b"From: x\nContent-Type: message/rfc822\n\n" + b"Content-Type: message/rfc822\n\n" * 1500)
def test_a_damaged_patch_is_applied_or_refused(repo: Repo, tip: str, text: bytes) -> None:
    with refused_in_one_line():
        series = loaded(text)
        for one in series.patches:
            assert one.subject
            for file in one.files:
                (again,) = unified_diff.parse(file.text, "again")
                assert again.text == file.text
            _ = [hunk.functions for file in one.files for hunk in file.hunks]
        apply_series(repo.git, repo.read(tip).tree, series)
        cherry_pick.Picker(repo.git, AUTHOR).series(series, tip)


LONG = 1_000_000


def hunk(*lines: bytes, section: bytes = b"") -> bytes:
    """A patch that adds *lines* before line 9."""
    head = b"--- a/%s\n+++ b/%s\n" % (C.encode(), C.encode())
    body = b"".join(b"+%s\n" % line for line in lines)
    size = len(lines) + 2
    return head + b"@@ -8,2 +8,%d @@ %s\n line 8\n%s line 9\n" % (size, section, body)


@pytest.mark.parametrize(
    "text",
    [
        hunk(b"x", section=b"a" * LONG),
        hunk(b"a" * LONG),
        hunk(b"a" + b" *" * (LONG // 2)),
        hunk(*[b"line 8"] * (LONG // 20)),
        b"From a" + b" 00:00" * (LONG // 6) + b"\n" + DIFF,
        b"Subject: [patch" + b" patch" * (LONG // 6) + b"\n\n" + DIFF,
        b"Subject: [patch" + b" " * 200_000 + b"\n\n" + DIFF,
        b"Subject: =?utf-8?q?" + b"=?utf-8?q?" * 20_000 + b"\n\n" + DIFF,
        b"From: " + b"(" * 200_000 + b"\n\n" + DIFF,
        b'From: a\nContent-Type: text/plain; x="' + b";" * 200_000 + b"\n\n" + DIFF,
        b"From: a\n" + b"X: y\n" * (LONG // 5) + b"\n" + DIFF,
        b"From 1 Mon Sep 17 00:00:00 2001\n\n" * (LONG // 40),
        DIFF * (LONG // 1000),
    ],
)
def test_a_patch_made_to_keep_us_busy_does_not(repo: Repo, tip: str, text: bytes) -> None:
    with refused_in_one_line():
        series = loaded(text)
        _ = [hunk.functions for one in series.patches for f in one.files for hunk in f.hunks]
        _ = [file.text for one in series.patches for file in one.files]
        apply_series(repo.git, repo.read(tip).tree, series)


@pytest.mark.parametrize(
    "source", [b'"' + b'\\"' * LONG, b"'" * LONG, b"/*" * LONG, b"//\\\n" * LONG, b"/" * LONG]
)
def test_code_made_to_keep_us_busy_does_not(source: bytes) -> None:
    with in_time():
        assert c_source.is_same_code(C, source, source + b"\n")


# --- commits as mails -----------------------------------------------------------------------------


@fuzz
@given(
    damaged(
        b"author Jo Doe <jo@example.org> 1600000000 +0200\n"
        b"committer Jo Doe <jo@example.org> 1600000000 +0200\n"
        b"encoding utf-8\n\nBUG/MINOR: server: count right\n\nIt was wrong.\n"
    )
)
@example(b"author J <j@\xff> 1 +0000\ncommitter J <j> 1 +0000\nencoding nonesuch\n\na\n")
@example(b"author J <j> 1 +0000\ncommitter J <j> 1 +0000\nencoding \xff\n\na\n")
@example(b"author \xff <j> 99999999999999 +9959\ncommitter J <j> 1 +0000\n\na\n")
def test_a_damaged_commit_is_a_mail_or_refused(repo: Repo, tip: str, head: bytes) -> None:
    new = repo.read(repo.commit({C: FIXED}, tip)).tree.id
    text = f"tree {new}\nparent {tip}\n".encode() + head
    try:
        made = repo.git.write(pygit2.enums.ObjectType.COMMIT, text)
        commit = repo.git[made].peel(pygit2.Commit)
    except (pygit2.GitError, ValueError, KeyError):
        return  # git refuses it
    with refused_in_one_line():
        assert format_patch.mail(repo.git, commit).startswith(b"From ")
        assert commit_text.subject(commit) in commit_text.decoded(commit.raw_message, commit)
        assert cherry_pick.Picker(repo.git, AUTHOR).commit(str(made), tip)


# --- scenarios ------------------------------------------------------------------------------------

TOML = textwrap.dedent(r"""
    name = "a"
    title = "A bug"
    story = "It was wrong."
    tags = ["x"]
    matrix = ["record"]
    [files]
    "a.vtc" = "a.vtc.j2"
    [parameters]
    record = ["A", "AAAA"]
    servers = [1, 3]
    [[exclude]]
    record = "A"
    servers = 3
    [verdict]
    control = 'c1\s+EXPECT'
    bad = 'c2\s+EXPECT'
    [build]
    make = { USE_LUA = "1" }
    [[regtest]]
    name = "a_a"
    record = "A"
    """).encode()
TEMPLATE = (
    b'varnishtest "{{ title }}"\n{% for n in range(servers) %}\n# {{ record }}\n{% endfor %}\n'
)


def rendered(toml: bytes, template: bytes) -> None:
    with tempfile.TemporaryDirectory() as name, refused_in_one_line():
        folder = Path(name)
        (folder / "scenario.toml").write_bytes(toml)
        (folder / "a.vtc.j2").write_bytes(template)
        scenario = scenario_loader.load(name)
        for chosen in scenario.crossed():
            scenario.oracle(chosen)


def test_the_good_scenario_is_good() -> None:
    rendered(TOML, TEMPLATE)


@fuzz
@given(damaged(TOML))
@example(TOML.replace(b"1, 3", b"9" * 5000))
@example(TOML.replace(b'["x"]', b"[" * 5000 + b"]" * 5000))
@example(TOML.replace(b'"a.vtc" =', b'"..vtc" =').replace(b'"..vtc"', b'"\\u0000.vtc"'))
@example(
    TOML.replace(b"[verdict]", b"".join(b"p%d = [0, 1]\n" % n for n in range(40)) + b"[verdict]")
)
@example(
    TOML.replace(
        b"[parameters]", b"[parameters]\n" + b"".join(b"p%d=[0,1]\n" % n for n in range(40))
    )
)
def test_a_damaged_scenario_is_read_or_refused(toml: bytes) -> None:
    rendered(toml, TEMPLATE)


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@fuzz
@given(damaged(TEMPLATE))
@example(b"{{ " + b"(" * 3000)
@example(b'{% include "a.vtc.j2" %}')
@example(b"{{ 9" + b"9" * 5000 + b" }}")
@example(b"{{ record.x.y }}\x1b[2J")
def test_a_damaged_template_is_rendered_or_refused(template: bytes) -> None:
    rendered(TOML, template)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "/" * 5000, "\x1b[2J", "\udcff"])
def test_what_is_no_scenarios_name_is_refused(name: str) -> None:
    with refused_in_one_line():
        scenario_loader.load(name)


# --- VTest's log ----------------------------------------------------------------------------------

LOG = (SERVING + REFUSED + SEGV + EXIT_1 + RX_TIMEOUT + KILLED).encode()
CONTROLLED = b"""\
**** c_control EXPECT resp.http.was (UP 127.0.0.1:4) == "UP 127.0.0.1:4" match
---- c_after EXPECT resp.http.address (127.0.0.1:0) == "127.0.0.1:33419" failed
"""


@fuzz
@given(damaged(LOG, CONTROLLED), st.sampled_from([ANY, FLAP]), st.sampled_from([0, 1, 2, 77, None]))
@example(SEGV.replace("11", "1" * 5000).encode(), ANY, 1)
@example(b"---- \x1b[2J\xc2\x9b EXPECT (a) failed", ANY, 1)
def test_a_damaged_log_is_judged(log: bytes, oracle: VTestCase, status: int | None) -> None:
    judged(log.decode("utf-8", "replace"), oracle, status)


@pytest.mark.parametrize("oracle", [ANY, FLAP])
@pytest.mark.parametrize(
    "log",
    [
        "---- c1    " + "EXPECT " * (LONG // 7),
        "---- c1    " + "Got " * (LONG // 4),
        "---- c1    " + "Bad exit status: 0x0 exit 0x0 signal " * (LONG // 38),
        "***  h1    debug|[ALERT] " + "/tmp/" * (LONG // 5) + "\n---- h1    Bad exit status\n",
        "".join(
            f"***  h{n}    debug|[ALERT] x\n---- h{n}    PID file\n" for n in range(LONG // 50)
        ),
        "*" * LONG,
        ("*" + "\n" * 50) * (LONG // 50),
        "\n" * LONG,
        "---- " + "x" * LONG,
        "c_after EXPECT resp.http.address (" * (LONG // 34),
        "---- c_after EXPECT resp.http.address (" * (LONG // 39),
        "**** c_control EXPECT resp.http.was (UP " + ":1" * (LONG // 2),
        "**** c_control" + " " * LONG,
        CONTROLLED.decode() + "---- c_after EXPECT resp.http.address (:0)" * (LONG // 42),
    ],
)
def test_a_log_made_to_keep_us_busy_does_not(log: str, oracle: VTestCase) -> None:
    judged(log, oracle)


def test_haproxys_output_is_not_taken_for_what_vtest_says() -> None:
    printed = "".join(f"***  h1    debug|{line}\n" for line in CONTROLLED.decode().splitlines())
    assert judged(CONTROLLED.decode(), FLAP).verdict.value == "bad"
    assert judged(printed, FLAP).verdict.value == "untestable"


# --- what bisector wrote itself, and gcov ---------------------------------------------------------


def read_journal(text: bytes) -> int:
    with tempfile.TemporaryDirectory() as folder, in_time():
        path = Path(folder) / "journal"
        path.write_bytes(text)
        return journal.read(path)[1]


@fuzz
@given(st.data(), st.lists(EVENTS, min_size=1, max_size=4))
def test_a_damaged_journal_is_read(data: st.DataObject, events: list[Event]) -> None:
    good = b"".join(map(journal.encode, events))
    assert read_journal(good) == 0
    read_journal(data.draw(damaged(good)))


@fuzz
@given(st.data(), EVENTS)
def test_a_forged_event_is_an_event_or_none(data: st.DataObject, event: Event) -> None:
    text = journal.encode(event)[9:-1]
    forged = data.draw(damaged(text)).replace(b"\n", b" ")
    read_journal(b"%08x %s\n" % (zlib.crc32(forged), forged))


def test_a_journal_made_to_keep_us_busy_does_not() -> None:
    for text in (b"[" * LONG, b'{"kind":' * (LONG // 8), b'{"kind":"note","text":5}', b"[]"):
        assert read_journal(b"%08x %s\n" % (zlib.crc32(text), text)) == 1
    assert read_journal(b"x\n" * LONG) == LONG


GCOV = json.dumps(
    {"files": [{"file": C, "lines": [{"line_number": n, "count": n} for n in range(9)]}]}
).encode()


@fuzz
@given(damaged(GCOV))
@example(b"[" * 100_000)
@example(GCOV.replace(b'"count": 4', b'"count": 1e999'))
@example(b"[]")
def test_what_gcov_does_not_write_is_a_value_error(text: bytes) -> None:
    with in_time():
        try:
            coverage.read([text], {C: {}})
        except ValueError as error:
            assert str(error)


def test_a_torn_answer_of_gcov_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "x.gcov.json.gz"
    path.write_bytes(gzip.compress(GCOV)[:-9])
    with pytest.raises(ValueError):
        coverage.read(gcov.texts([path]), {C: {}})


# --- what commits say about backports -------------------------------------------------------------

MESSAGE = (
    b"BUG/MINOR: x: y\n\nThis should be backported as far as 2.6. No backport to 2.4 needed.\n"
)


@fuzz
@given(damaged(MESSAGE))
def test_a_damaged_message_is_read(message: bytes) -> None:
    with in_time():
        advice.read(message.decode("utf-8", "replace"))
        advice.origin(message.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "body",
    [
        "backport " * (LONG // 9),
        "no " + "'" * LONG + " backport",
        ("no " + "'x" * 50) * (LONG // 100) + " backport",
        "no backport" + " x" * (LONG // 2),
        ". A backport to 2.6" * (LONG // 19),
        "backport all " + "all stable " * (LONG // 11),
        '"' * LONG,
        "\n \n" * (LONG // 3),
        "backport to 1.1" + ".1" * (LONG // 2),
    ],
)
def test_a_message_made_to_keep_us_busy_does_not(body: str) -> None:
    with in_time():
        advice.read(f"BUG: x\n\n{body}\n")
        advice.origin(f"BUG: x\n\n{body}\n")


@pytest.mark.parametrize("text", ["9" * 5000 + ".1", "1." + "9" * 5000, "v" * LONG, "1" * LONG])
def test_what_is_no_version_is_none(text: str) -> None:
    with in_time():
        assert advice.version_of(text, text) is None
