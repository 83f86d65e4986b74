"""The commits that brought a name to a line of history: a function, macro, type, field or header.

The name's definitions are looked up in the tree of the commit that uses the name, and from there
followed back through the commits that change their files, also to the files they came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from bisector.git.history import History
from bisector.patch import c_locals, c_names
from bisector.patch.c_names import Definition, Kind
from bisector.patch.path_log import PathLog
from bisector.patch.relevance import definitions
from bisector.patch.sources import Sources
from bisector.record.missing_name import MissingName, NameKind

_NOT_FIELDS = frozenset(Kind) - {Kind.FIELD}
# What a missing name may be; tcc takes a type for an identifier.
_KINDS = {
    NameKind.IDENTIFIER: _NOT_FIELDS,
    NameKind.FIELD: frozenset({Kind.FIELD}),
    NameKind.TYPE: frozenset({Kind.TYPE, Kind.MACRO}),
    NameKind.FUNCTION: _NOT_FIELDS,
    NameKind.LABEL: frozenset(),
    NameKind.SIGNATURE: frozenset({Kind.FUNCTION, Kind.PROTOTYPE, Kind.MACRO, Kind.FIELD}),
}

Place = tuple[str, Definition]
"""The path of a file, and a definition in it."""


class NameOrigins:
    """Finds the commits that brought a name, among *commits*: full hashes, parents first.

    The commits are those of one line. What is there before the first of them is not looked for.
    Keeps what it reads of the sources; *paths* may be shared with others.
    """

    def __init__(
        self, history: History, commits: Sequence[str], paths: PathLog | None = None
    ) -> None:
        self._commits = commits
        self._index = {commit: number for number, commit in enumerate(commits)}
        self._sources = Sources(history, commits, paths)
        self._read: dict[tuple[str, tuple[bytes, ...]], frozenset[Definition]] = {}
        self._definitions = cache(self._find_definitions)

    def brought_by(self, name: MissingName | str, at: str) -> tuple[str, ...]:
        """The commits up to *at* that brought *name* as *at* has it, the likeliest first.

        A definition that was moved has the commit that moved it, then the one that brought it. For
        a name that was there before all commits these are the commits that changed its parameters,
        newest first, if it is a SIGNATURE; else those that included its header where it is missing.
        A SIGNATURE without a name may be that of any function which new lines of *at* call. A text
        ends in `.h` if it is a header. Raises KeyError if *at* is not one of the commits,
        ShallowClone.
        """
        if isinstance(name, str):
            kind = NameKind.HEADER if name.endswith(".h") else NameKind.IDENTIFIER
            name = MissingName(kind, name)
        self._index[at]
        if name.kind is NameKind.HEADER:
            found = self._of_header(name, at)
        else:
            found = self._of(name, at) if name.name else self._of_calls(name.path, at)
        return tuple(dict.fromkeys(found))

    # -- headers -------------------------------------------------------------------------------

    def _of_header(self, name: MissingName, at: str) -> Iterator[str]:
        for path in self._sources.paths(at):
            if path.endswith(f"/{name.name}"):
                yield from self._file_origins(path, at)

    def _file_origins(self, path: str, at: str) -> Iterator[str]:
        """The commit that brought the file at *path*, and if it renamed it, what brought that."""
        commit = self._since(path, at, lambda revision: bool(self._sources.blob(revision, path)))
        if commit:
            yield commit
            if old := self._sources.renamed_from(commit, path):
                yield from self._file_origins(old, self._sources.parent(commit))

    # -- names in sources ----------------------------------------------------------------------

    def _of(self, name: MissingName, at: str) -> Iterator[str]:
        if name.kind in (NameKind.IDENTIFIER, NameKind.LABEL):
            found = list(self._of_locals(name, at))
            yield from found
            if found or name.kind is NameKind.LABEL:
                return
        places = self._places(name, at)
        origins = [commit for place in places for commit in self._origins(name, place, at)]
        if name.kind is NameKind.SIGNATURE:
            yield from self._changing(name, places, at)
        if name.kind is NameKind.FIELD and name.path:  # of several structures, that of this file
            origins.sort(key=lambda commit: name.path not in self._sources.changed(commit))
        yield from origins
        if not origins and name.kind is not NameKind.SIGNATURE and name.path:
            headers = {path for path, _ in places if path.endswith(".h")}
            yield from self._including(name.path, headers, at)
            yield from self._of_macros(name, at)

    def _places(self, name: MissingName, at: str) -> list[Place]:
        """Where *name* is defined after the commit *at*; only the files that it can come from."""
        found = [
            (path, definition)
            for path in self._sources.with_word(name.name, at)
            for definition in self._defined(name, path, at)
            if path.endswith(".h") or path == name.path or not definition.is_local
        ]
        for fits in (_owned, _reachable):
            found = [place for place in found if fits(name, *place)] or found
        return found

    def _origins(self, name: MissingName, place: Place, at: str) -> Iterator[str]:
        """The commit that brought a definition to its file, and what brought it where it was."""
        path, definition = place

        def is_there(revision: str) -> bool:
            return any(_alike(definition, one) for one in self._defined(name, path, revision))

        commit = self._since(path, at, is_there)
        if commit is None:
            return
        yield commit
        before = self._sources.parent(commit)
        for old in self._sources.changed(commit):
            after = self._defined(name, old, commit) if old != path else frozenset()
            for one in self._defined(name, old, before) - after if old != path else ():
                if _alike(definition, one):
                    yield from self._origins(name, (old, one), before)

    def _of_calls(self, path: str, at: str) -> Iterator[str]:
        """The commits that brought the present parameters of what new lines of *at* call."""
        new, old = (
            self._sources.content(self._sources.blob(commit, path)).splitlines()
            for commit in (at, self._sources.parent(at))
        )
        known = frozenset(old)
        for function in c_names.called(b"\n".join(line for line in new if line not in known)):
            name = MissingName(NameKind.SIGNATURE, function, path)
            yield from self._changing(name, self._places(name, at), at)

    def _of_locals(self, name: MissingName, at: str) -> Iterator[str]:
        """The commits that declared *name* in a function that *at* changes."""
        path, parent = name.path, self._sources.parent
        now, before, first = (
            self._sources.content(self._sources.blob(commit, path))
            for commit in (at, parent(at), parent(self._commits[0]))
        )
        functions = c_locals.declaring(now, name.name) - c_locals.declaring(first, name.name)
        for function in sorted(functions):
            if definitions(now, function) == definitions(before, function):
                continue

            def is_there(revision: str, function: str = function) -> bool:
                source = self._sources.content(self._sources.blob(revision, path))
                return bool(c_locals.declaring(source, name.name, function))

            if commit := self._since(path, at, is_there):
                yield commit

    def _of_macros(self, name: MissingName, at: str) -> Iterator[str]:
        """The commits that brought the macros to which *name* is an argument.

        Where a macro that takes a member's name is missing, the compiler misses that name.
        """
        source = self._sources.content(self._sources.blob(at, name.path))
        for function in c_names.called_with(source, name.name):
            called = MissingName(NameKind.FUNCTION, function, name.path, name.line)
            for place in self._places(called, at):
                if place[1].kind is Kind.MACRO:
                    yield from self._origins(called, place, at)

    def _changing(self, name: MissingName, places: Sequence[Place], at: str) -> list[str]:
        """The commits up to *at* that changed the parameters of *name*, newest first."""
        changing = {
            commit
            for path in {path for path, _ in places}
            for commit in self._up_to(path, at)
            if (before := self._defined(name, path, self._sources.parent(commit)))
            and before != self._defined(name, path, commit)
        }
        return sorted(changing, key=self._index.__getitem__, reverse=True)

    def _including(self, path: str, headers: set[str], at: str) -> Iterator[str]:
        """The commits that made the file at *path* include one of *headers*, through others."""
        for file, header in self._sources.inclusion(path, headers, at):

            def is_there(revision: str, file: str = file, header: str = header) -> bool:
                return header in self._sources.included(file, revision)

            if commit := self._since(file, at, is_there):
                yield commit

    def _since(self, path: str, at: str, is_so: Callable[[str], bool]) -> str | None:
        """The last commit up to *at* before which the file at *path* was not so; None without."""
        return next((c for c in self._up_to(path, at) if not is_so(self._sources.parent(c))), None)

    def _up_to(self, path: str, at: str) -> Iterator[str]:
        """The commits up to *at* that change the file at *path*, newest first."""
        last = self._index.get(at, -1)
        for commit in reversed(self._sources.touching(path)):
            if self._index[commit] <= last:
                yield commit

    def _defined(self, name: MissingName, path: str, revision: str) -> frozenset[Definition]:
        """The definitions that *name* may be, in the file at *path* after the commit."""
        found = self._definitions(self._sources.blob(revision, path), name.name)
        return frozenset(one for one in found if one.kind in _KINDS[name.kind])

    def _find_definitions(self, blob: str, name: str) -> frozenset[Definition]:
        """The definitions of *name* in a content; only one of those alike around it is read."""
        source = self._sources.outline(blob)
        context = c_names.context(source, name)
        if not context:
            return frozenset()
        key = (name, context)
        if key not in self._read:
            self._read[key] = c_names.definitions(source, name)
        return self._read[key]


def _owned(name: MissingName, path: str, definition: Definition) -> bool:
    """Whether a field is one of the structure that lacks it."""
    return not name.owner or definition.owner == name.owner


def _reachable(name: MissingName, path: str, definition: Definition) -> bool:
    """Whether the definition may be the one that the compiler or the linker looks for."""
    if name.path:
        return path.endswith(".h") or path == name.path
    if name.kind is NameKind.FUNCTION:
        return definition.kind in (Kind.FUNCTION, Kind.VARIABLE) and not definition.is_local
    return path.endswith(".h")


def _alike(one: Definition, other: Definition) -> bool:
    """Whether both define the same name; a field is one of a structure."""
    if Kind.FIELD in (one.kind, other.kind):
        return (one.kind, one.owner) == (other.kind, other.owner)
    return True
