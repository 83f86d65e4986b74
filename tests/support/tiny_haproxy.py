"""A HAProxy of two source files, built by this machine's make and gcc."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bisector.build.binaries import Build, build, built
from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.dev import Dev
from bisector.git.object_store import private_store
from bisector.system import tools
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")

MAKEFILE = """\
LD = $(CC)
haproxy: src/haproxy.o src/a.o
\t@$(LD) -o $@ $^
%.o: %.c
\t$(CC) $(OPT_CFLAGS) $(SILENT_DEFINE) -Iinclude -c -o $@ $<
"""
SOURCES: Mapping[str, str | None] = {
    "Makefile": MAKEFILE,
    "include/haproxy/x.h": "#define X 7\n",
    "src/haproxy.c": '#include "haproxy/x.h"\nint a(void);\nint main(void) { return X + a(); }\n',
    "src/a.c": "int a(void) { return 0; }\n",
}


class TinyHAProxy:
    """Its source, and builds of it with changes."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        gcc, make = tools.find_compiler(), tools.find_make()
        if not gcc or not make:
            pytest.skip("no gcc and make on this machine")
        self.clone, self.workspace = clone, workspace
        self.first = clone.commit(SOURCES)
        self.store = private_store(clone.git, workspace)
        self.tools = Tool(make.path, "make", "make-id"), Tool(gcc.path, "gcc", "gcc-id")
        self.toolchain: Toolchain = Dev.of(*self.tools, LUA, {})

    def build(self, change: Mapping[str, str | None] | None = None) -> Build:
        tree = self.clone.tree(change or {}, self.first)
        return build(self.workspace, self.store, tree, self.toolchain)

    def built(self, status: int) -> AbstractContextManager[Build]:
        """The binary that ends with *status*."""
        change: Mapping[str, str | None] = {
            "src/haproxy.c": f"int main(void) {{ return {status}; }}\n"
        }
        tree = self.clone.tree(change, self.first)
        return built(self.workspace, self.store, tree, self.toolchain)
