"""Patches: loaded from files or commits, applied to trees without a work tree.

A patch is applied exactly; or it is in the tree already; or it is merged, three-way, with the
file that it was made from. Otherwise it is a conflict, which is a result to show, not to resolve.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pygit2

from bisector import hunks
from bisector.errors import PatchProblem
from bisector.hunks import FileDiff, Hunk
from bisector.workspace import digest

_NUMBERED = re.compile(r"(\d{4})-.*\.patch")
_MBOX_FROM = re.compile(rb"^From \S.*\d\d:\d\d.* \d{4}\r?$", re.MULTILINE)
_MAIL_START = re.compile(rb"(?i)^(from |(from|subject|date|message-id|mime-version|received):)")
_TAG = re.compile(r"(?i)\[[^\]]*\bpatch\b[^\]]*?(?:\b(\d+)/\d+)?\s*\]\s*")
_DIFF = re.compile(rb"^(---\r?\n|(?=diff --|--- .*\n\+\+\+ ))", re.MULTILINE)

Fit = Callable[[pygit2.Repository, FileDiff, bytes], "bytes | tuple[ConflictPlace, ...]"]


@dataclass(frozen=True)
class Patch:
    """A change to apply, with its forms for older code.

    ``variant`` is the label of a form that is one of another patch's ``variants``.
    """

    name: str
    subject: str
    message: str
    files: tuple[FileDiff, ...]
    variant: str | None = None
    variants: tuple[Patch, ...] = ()

    @property
    def forms(self) -> tuple[Patch, ...]:
        """The patch itself, then its variants: the order in which they are tried."""
        return (self, *self.variants)

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """All its hunks; what only_hunks and without_hunk count."""
        return tuple(hunk for file in self.files for hunk in file.hunks)

    @property
    def touched(self) -> frozenset[str]:
        """The paths that it changes, in any of its forms."""
        files = (file for form in self.forms for file in form.files)
        return frozenset(path for file in files for path in (file.old_path, file.new_path) if path)

    @property
    def functions(self) -> frozenset[str]:
        """The functions that the headers of its hunks mention."""
        return frozenset(hunk.function for hunk in self.hunks if hunk.function)

    @property
    def digest(self) -> str:
        """A name for what the patch does, whatever it is called and says."""
        return digest(*(digest(*(file.text for file in form.files)) for form in self.forms))


@dataclass(frozen=True)
class Series:
    """Patches that are applied one after the other."""

    patches: tuple[Patch, ...]

    @property
    def digest(self) -> str:
        """A name for what the series does, for the keys of a cache."""
        return digest(*(patch.digest for patch in self.patches))

    @property
    def touched(self) -> frozenset[str]:
        """The paths that it changes."""
        return frozenset[str]().union(*(patch.touched for patch in self.patches))

    @property
    def functions(self) -> frozenset[str]:
        """The functions that the headers of its hunks mention."""
        return frozenset[str]().union(*(patch.functions for patch in self.patches))

    @property
    def reversed(self) -> Series:
        """The series that undoes this one."""
        return Series(tuple(reverse(patch) for patch in self.patches[::-1]))


@dataclass(frozen=True)
class Applied:
    """A patch is in the tree with this id now.

    ``how`` is ``exact``, ``three-way``, or ``already`` when nothing had to be done; ``variant``
    is the label of the variant that fitted.
    """

    tree: pygit2.Oid
    how: str
    variant: str | None = None


@dataclass(frozen=True)
class AppliedSeries:
    """All patches of a series are in the tree with this id now; ``steps`` says how each."""

    tree: pygit2.Oid
    steps: tuple[Applied, ...]


@dataclass(frozen=True)
class ConflictPlace:
    """Where a patch does not apply: the file, the hunk's header if it is about one, and why."""

    path: str
    hunk: str
    why: str


@dataclass(frozen=True)
class Conflict:
    """The patch of this name applies neither exactly nor three-way."""

    patch: str
    where: tuple[ConflictPlace, ...]


def load(source: Path) -> Series:
    """The patches in a file, or in a folder with their variants.

    A file is a diff, a mail or a mailbox. In a folder, ``0001-*.patch``, ``0002-*.patch`` … are
    the series; ``variants/LABEL/0001-*.patch`` is another form of the patch with that number.
    Raises PatchProblem.
    """
    if not source.is_dir():
        return Series(_read(source))
    numbered = _numbered(source)
    if not numbered:
        raise PatchProblem(f"no patch in the folder {source}", "name them 0001-….patch and so on")
    variants: dict[str, tuple[Patch, ...]] = {}
    for folder in sorted(path for path in source.glob("variants/*") if path.is_dir()):
        for number, patch in _numbered(folder).items():
            if number not in numbered:
                raise PatchProblem(
                    f"{folder}: {patch.name} is the variant of no patch",
                    f"give it the number of a patch in {source}",
                )
            patch = replace(patch, variant=folder.name)
            variants[number] = (*variants.get(number, ()), patch)
    return Series(
        tuple(replace(p, variants=variants.get(number, ())) for number, p in numbered.items())
    )


def from_commit(repo: pygit2.Repository, commit: pygit2.Commit) -> Patch:
    """What *commit* changes against its parent. Raises PatchProblem."""
    name = str(commit.id)[:12]
    if len(commit.parents) > 1:
        raise PatchProblem(f"{name} is a merge", "name the commit that it brought in")
    if commit.parents:
        diff = repo.diff(commit.parents[0], commit)
    else:
        diff = commit.tree.diff_to_tree(swap=True)
    diff.find_similar()
    files: list[FileDiff] = []
    for entry in filter(None, diff):
        parsed = hunks.parse(entry.data, name)
        old, new = str(entry.delta.old_file.id), str(entry.delta.new_file.id)
        files += (replace(file, old_id=old, new_id=new) for file in parsed)
    if not files:
        raise PatchProblem(f"{name} changes nothing", "name a commit that changes files")
    message = commit.raw_message.decode("utf-8", "replace").strip()
    return Patch(name, message.partition("\n")[0], message, tuple(files))


def reverse(patch: Patch) -> Patch:
    """The patch that undoes *patch*, and its variants theirs."""
    return replace(
        patch,
        subject=f"Revert: {patch.subject}",
        files=tuple(file.reversed for file in patch.files[::-1]),
        variants=tuple(reverse(variant) for variant in patch.variants),
    )


def only_hunks(patch: Patch, indices: Iterable[int]) -> Patch:
    """*patch* with only the hunks at these indices of ``patch.hunks``.

    What is not in hunks, a mode or a new name, stays with its file; a file without any hunk left
    is left out. Variants stay if they have as many hunks. Raises PatchProblem.
    """
    kept = set(indices)
    total = len(patch.hunks)
    if not kept or not kept <= set(range(total)):
        raise PatchProblem(f"{patch.name} has {total} hunks", "choose at least one of them")
    files = []
    first = 0
    for file in patch.files:
        chosen = [hunk for at, hunk in enumerate(file.hunks, first) if at in kept]
        first += len(file.hunks)
        if len(chosen) == len(file.hunks) > 0:
            files.append(file)
        elif chosen:  # the blob that results is another one, which nobody knows
            files.append(replace(file, hunks=hunks.renumbered(chosen), new_id=""))
    variants = (form for form in patch.variants if len(form.hunks) == total)
    return replace(
        patch, files=tuple(files), variants=tuple(only_hunks(form, kept) for form in variants)
    )


def without_hunk(patch: Patch, index: int) -> Patch:
    """*patch* without the hunk at this index of ``patch.hunks``; see only_hunks."""
    everything = range(len(patch.hunks))
    if index not in everything:
        raise PatchProblem(f"{patch.name} has {len(everything)} hunks", "drop one of them")
    return only_hunks(patch, set(everything) - {index})


def apply(
    store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, patch: Patch
) -> Applied | Conflict:
    """Apply *patch* to *tree*, in its first form that applies; new objects go to *store*.

    Exactly, each form in turn; else it may be there already: one form's reverse applies exactly;
    else three-way. Raises PatchProblem.
    """
    done = apply_series(store, tree, Series((patch,)))
    return done.steps[0] if isinstance(done, AppliedSeries) else done


def apply_series(
    store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, series: Series
) -> AppliedSeries | Conflict:
    """Apply all patches of *series* to *tree*, one after the other, as :func:`apply` does.

    Patches that are there already are recognised together: the lines of the first may be there
    only as the second has left them.
    """
    _remember(store, series)
    draft = _Draft(store, tree)
    steps: list[Applied] = []
    while rest := series.patches[len(steps) :]:
        outcome = _next_step(draft, rest)
        if isinstance(outcome, Conflict):
            return outcome
        steps += outcome
        draft = _Draft(store, steps[-1].tree)
    return AppliedSeries(draft.write(), tuple(steps))


def _next_step(draft: _Draft, patches: Sequence[Patch]) -> list[Applied] | Conflict:
    """Apply the first of *patches*; or find it, and perhaps more of them, there already."""
    first = patches[0]
    if done := _first_form(draft, first, _exact):
        result, variant = done
        return [Applied(result.write(), "exact", variant)]
    for count in range(len(patches), 0, -1):
        if variants := _undone(draft, patches[:count]):
            return [Applied(draft.write(), "already", variant) for variant in variants]
    if done := _first_form(draft, first, _three_way):
        result, variant = done
        tree = result.write()
        # merging a change into files that have it leaves them as they are
        return [Applied(tree, "already" if tree == draft.write() else "three-way", variant)]
    places = _changed(draft, first, _three_way)
    assert isinstance(places, tuple)
    return Conflict(first.name, places)


def _first_form(draft: _Draft, patch: Patch, fit: Fit) -> tuple[_Draft, str | None] | None:
    """The result of the first form of *patch* that fits, and that form's label."""
    for form in patch.forms:
        result = _changed(draft, form, fit)
        if isinstance(result, _Draft):
            return result, form.variant
    return None


def _undone(draft: _Draft, patches: Sequence[Patch]) -> list[str | None]:
    """The labels of the forms in which *draft* has all of *patches*; empty if it does not."""
    labels: list[str | None] = []
    for patch in reversed(patches):
        done = _first_form(draft, reverse(patch), _exact)
        if done is None:
            return []
        draft, label = done
        labels.insert(0, label)
    return labels


def _changed(draft: _Draft, patch: Patch, fit: Fit) -> _Draft | tuple[ConflictPlace, ...]:
    """*draft* with *patch*, its hunks placed by *fit*; or where they have no place."""
    draft = draft.copy()
    places: list[ConflictPlace] = []
    for file in patch.files:
        places += _change_file(draft, file, fit)
    return tuple(places) or draft


def _change_file(draft: _Draft, file: FileDiff, fit: Fit) -> tuple[ConflictPlace, ...]:
    """Make one file's change in *draft*; say where that is not possible."""
    content, mode = b"", hunks.REGULAR_MODES[0]
    if file.old_path is not None:
        found = draft.get(file.old_path)
        if found is None:
            return (ConflictPlace(file.old_path, "", "there is no such file"),)
        content, mode = found
        if file.new_mode and file.old_mode and mode != file.old_mode:
            return (ConflictPlace(file.old_path, "", f"its mode is {mode:o}"),)
    if file.new_path not in (None, file.old_path) and draft.occupied(file.new_path):
        return (ConflictPlace(file.new_path, "", "it is there already"),)
    result = fit(draft.store, file, content)
    if isinstance(result, tuple):
        return result
    if file.old_path is not None:
        draft.remove(file.old_path)
    if file.new_path is not None:
        draft.put(file.new_path, result, file.new_mode or mode)
    elif result:
        return (ConflictPlace(file.path, "", "it has lines that the patch does not remove"),)
    return ()


def _exact(
    store: pygit2.Repository, file: FileDiff, content: bytes
) -> bytes | tuple[ConflictPlace, ...]:
    """*content* with the hunks where all their lines stand, and are not their own work."""
    original = bool(file.old_id) and str(pygit2.hash(content)).startswith(file.old_id)
    result = hunks.fit(content, file.hunks, again=original)
    if isinstance(result, bytes):
        return result
    return tuple(ConflictPlace(file.path, misfit.hunk.header, misfit.why) for misfit in result)


def _three_way(
    store: pygit2.Repository, file: FileDiff, content: bytes
) -> bytes | tuple[ConflictPlace, ...]:
    """*content* merged with what the hunks make of the file that they were made from."""
    exact = _exact(store, file, content)
    if isinstance(exact, bytes):
        return exact
    base = _before(store, file)
    if base is None:
        made_from = file.old_id[:12] or "nobody says which"
        why = f"the file that the patch was made from ({made_from}) is not in the repository"
        return tuple(replace(place, why=f"{place.why}; {why}") for place in exact)
    theirs = hunks.fit(base, file.hunks)
    assert isinstance(theirs, bytes)
    merged = _merge(store, base, content, theirs)
    if merged is not None:
        return merged
    alone = ((hunk, hunks.fit(base, [hunk])) for hunk in file.hunks)
    colliding = [
        hunk
        for hunk, changed in alone
        if isinstance(changed, bytes) and _merge(store, base, content, changed) is None
    ]
    why = "the same lines were changed in another way"
    return tuple(ConflictPlace(file.path, hunk.header, why) for hunk in colliding or file.hunks)


def _before(store: pygit2.Repository, file: FileDiff) -> bytes | None:
    """The content that *file* was made from, if the repository has it before or after."""
    before = _blob(store, file.old_id)
    if before is None:
        after = _blob(store, file.new_id)
        undone = None if after is None else hunks.fit(after, file.reversed.hunks)
        before = undone if isinstance(undone, bytes) else None
    # an index line that belongs to another diff is no help
    usable = before is not None and isinstance(hunks.fit(before, file.hunks), bytes)
    return before if usable else None


def _blob(store: pygit2.Repository, name: str) -> bytes | None:
    """The content of the blob with this id, perhaps abbreviated."""
    try:
        found = store.get(name) if name else None
    except ValueError:  # several have it
        return None
    return found.data if isinstance(found, pygit2.Blob) else None


def _merge(store: pygit2.Repository, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """The three-way merge of a file's content, or None where it conflicts."""
    # merge_file_from_index would decode the result, and sources need not be UTF-8
    ancestor, mine, other = (_tree_of_one(store, side) for side in (base, ours, theirs))
    merged = store.merge_trees(ancestor, mine, other)
    return None if merged.conflicts else _blob(store, str(merged["file"].id))


def _tree_of_one(store: pygit2.Repository, content: bytes) -> pygit2.Oid:
    builder = store.TreeBuilder()
    builder.insert("file", store.create_blob(content), pygit2.enums.FileMode.BLOB)
    return builder.write()


def _remember(store: pygit2.Repository, series: Series) -> None:
    """Write what each patch makes of its files: what the next one in a series was made from."""
    for form in (form for patch in series.patches for form in patch.forms):
        for file in form.files:
            base = _before(store, file)
            made = None if base is None else hunks.fit(base, file.hunks)
            if file.new_id and isinstance(made, bytes) and _blob(store, file.new_id) is None:
                store.create_blob(made)


class _Draft:
    """A tree with changes, in memory until written."""

    def __init__(self, store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree) -> None:
        self.store = store
        found = store[tree] if isinstance(tree, pygit2.Oid) else tree
        assert isinstance(found, pygit2.Tree)
        self.tree = found
        self.changes: dict[str, tuple[bytes, int] | None] = {}

    def copy(self) -> _Draft:
        """Another draft that starts from this one."""
        other = _Draft(self.store, self.tree)
        other.changes = dict(self.changes)
        return other

    def get(self, path: str) -> tuple[bytes, int] | None:
        """The content and mode of the regular file *path*, or None."""
        if path in self.changes:
            return self.changes[path]
        found = self._entry(path)
        if not isinstance(found, pygit2.Blob) or found.filemode not in hunks.REGULAR_MODES:
            return None
        return found.data, found.filemode

    def occupied(self, path: str) -> bool:
        """Is there something where the file *path* would be, or a file in place of a folder?"""
        if path in self.changes:
            return self.changes[path] is not None
        folders = [path[:at] for at, char in enumerate(path) if char == "/"]
        return self._entry(path) is not None or any(
            not isinstance(self._entry(folder) or self.tree, pygit2.Tree) for folder in folders
        )

    def put(self, path: str, content: bytes, mode: int) -> None:
        """Make *path* a file."""
        self.changes[path] = (content, mode)

    def remove(self, path: str) -> None:
        """Take the file *path* away."""
        self.changes[path] = None

    def write(self) -> pygit2.Oid:
        """The id of the changed tree, which is in the store then."""
        if not self.changes:
            return self.tree.id
        index = pygit2.Index()
        index.read_tree(self.tree)
        for path, change in self.changes.items():
            if change is None:
                if path in index:
                    index.remove(path)
            else:
                blob = self.store.create_blob(change[0])
                index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode(change[1])))
        return index.write_tree(self.store)

    def _entry(self, path: str) -> pygit2.Object | None:
        try:
            return self.tree[path]
        except KeyError:
            return None


def _numbered(folder: Path) -> dict[str, Patch]:
    """The patches in *folder* by the numbers that begin their names, in order."""
    found: dict[str, Patch] = {}
    for path in sorted(folder.glob("*.patch")):
        number = _NUMBERED.fullmatch(path.name)
        if not number:
            raise PatchProblem(f"{path} has no number", "name it 0001-….patch, in order")
        if number[1] in found:
            raise PatchProblem(f"{path}: {number[1]} is there twice", "number them anew")
        patches = _read(path)
        if len(patches) > 1:
            raise PatchProblem(f"{path} holds {len(patches)} patches", "make it a file for each")
        found[number[1]] = patches[0]
    return found


def _read(path: Path) -> tuple[Patch, ...]:
    """The patches in one file: of each mail that has one, or of the one diff."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PatchProblem(f"cannot read the patch {path}: {error.strerror}") from error
    if _MAIL_START.match(raw):
        starts = [found.start() for found in _MBOX_FROM.finditer(raw)]
        mails = [raw[a:b] for a, b in zip([0, *starts[1:]], [*starts[1:], len(raw)], strict=True)]
        names = [
            path.stem if len(mails) == 1 else f"{path.stem}#{n + 1}" for n in range(len(mails))
        ]
        patches = [_from_mail(mail, name) for mail, name in zip(mails, names, strict=True)]
        found = tuple(patch for patch in patches if patch)
    else:
        head, diff = _parted(raw)
        # 'git show' indents the message
        message = "\n".join(re.findall(r"^    (.*)$", head, re.MULTILINE)) or head
        found = tuple(filter(None, [_patch(path.stem, message.strip(), diff)]))
    if not found:
        raise PatchProblem(
            f"{path} holds no patch", "give what 'git format-patch' or 'git diff' has written"
        )
    return found


def _from_mail(raw: bytes, name: str) -> Patch | None:
    """The patch in a mail; None if it is a cover letter, or part of a discussion."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    body = b""
    for part in mail.walk():
        attached = (part.get_filename() or "").endswith((".patch", ".diff"))
        if attached or part.get_content_type() in ("text/plain", "text/x-patch", "text/x-diff"):
            body += bytes(part.get_payload(decode=True) or b"")
    message, diff = _parted(body)
    subject = str(mail["subject"] or name)
    tag = _TAG.match(subject)
    subject = subject[tag.end() :] if tag else subject
    patch = _patch(name, f"{subject}\n\n{message}".strip(), diff)
    if not patch and tag and int(tag[1] or 1):
        raise PatchProblem(f"{name}: the mail {subject!r} has no diff", "get the whole mail")
    return patch


def _patch(name: str, message: str, diff: bytes) -> Patch | None:
    files = hunks.parse(diff, name)
    subject = message.partition("\n")[0].strip() or name
    return Patch(name, subject, message, files) if files else None


def _parted(body: bytes) -> tuple[str, bytes]:
    """The message, and from where its diff begins."""
    found = _DIFF.search(body)
    if not found:
        return "", body
    message = body[: found.start()].decode("utf-8", "replace").replace("\r\n", "\n")
    return message.strip("\n"), body[found.end() :]
