"""A stand-in for VTest's source: its `make vtest` makes a program that runs an empty test."""

from __future__ import annotations

from pathlib import Path

MAKEFILE = "vtest:\tsrc/vtest.c\n\t$(CC) $(CFLAGS) -o vtest src/vtest.c\n"
PROGRAM = """\
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char line[80] = "";
	FILE *test = fopen(argv[argc - 1], "r");

	return !(test && fgets(line, sizeof(line), test) && !strncmp(line, "vtest ", 6));
}
"""
SOURCE = {"Makefile": MAKEFILE, "src/vtest.c": PROGRAM}
NEWER = {**SOURCE, "src/vtest.c": f"static const int newer = 1;\n{PROGRAM.replace('80', '81')}"}

# as HAProxy's own: it downloads the source and builds it in $TMPDIR, and copies the program
SCRIPT = """\
#!/bin/sh
set -e
git clone --quiet "file://{source}" "$TMPDIR/vtest"
cd "$TMPDIR/vtest"
git --git-dir .git checkout --quiet HEAD -- .
make vtest
cp vtest "$DESTDIR"
"""
# the same without a source elsewhere
WHOLE_SCRIPT = f"""\
set -e
cat >"$TMPDIR/vtest.c" <<'END'
{PROGRAM}END
cc -o "$DESTDIR/vtest" "$TMPDIR/vtest.c"
"""


def written(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The *folder*, with the stand-in's *files* in it."""
    for name, text in (files or SOURCE).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
