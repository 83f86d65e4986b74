"""A history of real HAProxy with planted bugs of several kinds, each an edit of one place."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pygit2
from pygit2.enums import FileMode

AUTHOR = pygit2.Signature("Jo Doe", "jo@example.org", 1_700_000_000, 0)


class Edit(NamedTuple):
    """Text of a file that a bug replaces."""

    path: str
    old: str
    new: str


_FETCH = """\
static int smp_fetch_%s(const struct arg *args, struct sample *smp, const char *kw, void *private)
{
\tstruct channel *chn = SMP_REQ_CHN(smp);
"""


def _at_fetch(name: str, code: str) -> Edit:
    """*code* at the begin of the function that fetches *name* of a request."""
    head = _FETCH % name
    return Edit("src/http_fetch.c", head, head + code)


REFUSAL = Edit("src/http_fetch.c", '{ "query",  ', '{ "querx",  ')
CRASH = _at_fetch("path", "\t*(volatile int *)0 = 0;\n")
ANOTHER_CRASH = _at_fetch("query", "\t*(volatile int *)0 = 0;\n")
LEAK = _at_fetch("path", "\tmemset(malloc(5000), 1, 5000);\n")
SMALL_LEAK = _at_fetch("query", "\tmemset(malloc(1000), 1, 1000);\n")
ONE_TIME_MEMORY = _at_fetch(
    "path", "\tstatic char *kept;\n\tif (!kept) memset(kept = malloc(500000), 1, 500000);\n"
)
SPIN = Edit(
    "src/http_fetch.c",
    _FETCH % "path",
    "static struct task *for_ever(struct task *task, void *context, unsigned int state)\n{\n"
    "\ttask_wakeup(task, TASK_WOKEN_OTHER);\n\treturn task;\n}\n\n"
    + _FETCH
    % "path"
    + "\tstruct task *spinning = task_new_anywhere();\n"
    "\tspinning->process = for_ever;\n\ttask_wakeup(spinning, TASK_WOKEN_OTHER);\n",
)
NOT_FOUND = _at_fetch("path", "\tif (chn) return 0;\n")
# Reads of what was freed, to malloc and to a pool, and is still as it was.
USE_AFTER_FREE = _at_fetch(
    "query",
    '\tchar *old = strdup("more than a dozen characters");\n\tfree(old);\n'
    "\tif (((volatile char *)old)[20] == 1) return 0;\n",
)
POOL_USE_AFTER_FREE = _at_fetch(
    "path",
    "\tstruct buffer *old = alloc_trash_chunk();\n\tfree_trash_chunk(old);\n"
    "\tif (((volatile struct buffer *)old)->size == 1) return 0;\n",
)
NO_START = Edit(
    "src/haproxy.c", "\n\tint err, retry;\n", "\n\tint err, retry = *(volatile int *)0;\n"
)
NEEDS_THREADS = _at_fetch("path", "\tif (chn && global.nbthread > 1) return 0;\n")
FLAKY = _at_fetch("path", "\tif (chn && ha_random32() % 10 < 7) return 0;\n")
FLAKY_CRASH = _at_fetch("path", "\tif (ha_random32() % 10 < 7) *(volatile int *)0 = 0;\n")
HANG = _at_fetch("path", "\tfor (;;) sleep(1);\n")
# a child that holds the pipe from which VTest reads
ENDLESS_CHILD = Edit(
    "src/haproxy.c",
    "\n\tint err, retry;\n",
    "\n\tint err, retry;\n\tif (fork() == 0) for (;;) pause();\n",
)
_ANALYSE = "int http_wait_for_request(struct stream *s, struct channel *req, int an_bit)\n{\n"


def slower(rounds: int) -> Edit:
    """A bug that takes so many rounds of a loop with each request: about 6 instructions each."""
    loop = (
        "\t{\n\tstatic volatile unsigned int sink;\n\tunsigned int hash = 1, round;\n"
        f"\tfor (round = 0; round < {rounds}; round++)\n"
        "\t\thash = (hash ^ round) * 16777619U + (hash >> 7);\n\tsink = hash;\n\t}\n"
    )
    return Edit("src/http_ana.c", _ANALYSE, _ANALYSE + loop)


NO_BUILD = Edit("src/hash.c", "#include", "#error this does not compile\n#include")
NO_LINK = Edit(
    "src/base64.c", "#include", "extern int nowhere; int *planted_link = &nowhere;\n#include"
)


def plant(
    folder: Path, ground: Path, revision: str, bugs: Mapping[Edit, range], length: int
) -> list[str]:
    """A repository in *folder*: *length* commits after *revision* of the repository *ground*.

    Each of *bugs* is in the commits of a range, number 0 being *revision*. The full hashes.
    """
    command = ["git", "clone", "-q", "--bare", str(ground), str(folder)]
    subprocess.run(command, check=True)
    repo = pygit2.Repository(str(folder))
    base = repo.revparse_single(revision).peel(pygit2.Commit)
    commits = [str(base.id)]
    for number in range(1, length):
        edits = [bug for bug, where in bugs.items() if number in where]
        tree = _edited(repo, base.tree, edits, number)
        made = repo.create_commit(
            None, AUTHOR, AUTHOR, f"MINOR: x: change {number}\n", tree, commits[-1:]
        )
        commits.append(str(made))
    repo.references.create("refs/heads/master", commits[-1], force=True)
    return commits


def _edited(
    repo: pygit2.Repository, tree: pygit2.Tree, edits: Sequence[Edit], number: int
) -> pygit2.Oid:
    """*tree* with *edits*, and a function more in a file of its own, so that no two are alike."""
    unrelated = Edit("src/lru.c", "#include", f"int planted_{number};\n#include")
    return edited(repo, tree, (unrelated, *edits))


def edited(repo: pygit2.Repository, tree: pygit2.Tree, edits: Sequence[Edit]) -> pygit2.Oid:
    """*tree* with *edits*, one after the other."""
    index = pygit2.Index()
    index.read_tree(tree)
    texts: dict[str, str] = {}
    for path, old, new in edits:
        text = texts.get(path) or tree[path].peel(pygit2.Blob).data.decode()
        assert text.count(old) >= 1, f"{path} has no {old!r}"
        texts[path] = text.replace(old, new, 1)
    for path, text in texts.items():
        blob = repo.create_blob(text.encode())
        index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
    return index.write_tree(repo)


READY = Edit("src/hash.c", "#include", "int play_ready(void) { return 0; }\n#include")
READY_NOW = Edit(
    "src/hash.c", "play_ready(void) { return 0; }", "play_ready(void)\n{\n\treturn 1;\n}"
)
NEEDS_READY = Edit(
    "src/http_fetch.c",
    _FETCH % "path",
    "int play_ready(void);\n\n" + _FETCH % "path" + "\tif (!play_ready()) return 0;\n",
)
