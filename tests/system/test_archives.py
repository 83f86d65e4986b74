"""Archives by strangers: all forms are unpacked, and nothing gets out of the folder."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from bisector.system import archives
from bisector.system.archives import ArchiveProblem, Member, pack, unpack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder to unpack into, deep enough to be left."""
    path = tmp_path / "a" / "b" / "folder"
    path.mkdir(parents=True)
    return path


def tar(path: Path, *members: tarfile.TarInfo | tuple[str, str], mode: str = "w") -> Path:
    """A tar file of (name, text) and of other members."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1].encode())
            archive.addfile(info, io.BytesIO(member[1].encode()))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return path


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_file_is_unpacked_however_it_is_compressed(
    tmp_path: Path, folder: Path, mode: str
) -> None:
    unpack(tar(tmp_path / "x", ("./a/b.c", "b"), ("Makefile", "m"), mode=mode), folder)
    assert files(folder) == {"a/b.c": "b", "Makefile": "m"}


def test_a_zip_file_is_unpacked_with_what_may_be_executed(tmp_path: Path, folder: Path) -> None:
    script = zipfile.ZipInfo("tools/run")
    script.external_attr = (stat.S_IFREG | 0o755) << 16
    unpack(zipped(tmp_path / "x", ("a/b.c", "b"), (script, "run"), ("empty/", "")), folder)
    assert files(folder) == {"a/b.c": "b", "tools/run": "run"}
    assert os.access(folder / "tools/run", os.X_OK)
    assert not os.access(folder / "a/b.c", os.X_OK)


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/evil", "a/../../../b/evil"])
def test_no_file_is_written_outside(tmp_path: Path, folder: Path, name: str) -> None:
    for archive in (tar(tmp_path / "t", (name, "x")), zipped(tmp_path / "z", (name, "x"))):
        with pytest.raises(ArchiveProblem, match="evil leads out of it"):
            unpack(archive, folder)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_to_a_file_of_the_archive_becomes_a_copy(
    tmp_path: Path, folder: Path, kind: bytes
) -> None:
    target = "../a/b" if kind == tarfile.SYMTYPE else "a/b"
    unpack(tar(tmp_path / "x", special("c/link", kind, target), ("a/b", "text")), folder)
    assert files(folder) == {"a/b": "text", "c/link": "text"}
    assert not (folder / "c/link").is_symlink()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../../etc/passwd", "gone", "."])
def test_any_other_link_is_refused(tmp_path: Path, folder: Path, kind: bytes, target: str) -> None:
    with pytest.raises(ArchiveProblem, match=r"link links to .*, which is no file in it"):
        unpack(tar(tmp_path / "x", special("link", kind, target)), folder)
    assert list(folder.iterdir()) == []


def test_nothing_is_written_through_a_link(tmp_path: Path, folder: Path) -> None:
    through = tar(tmp_path / "x", special("d", tarfile.SYMTYPE, str(tmp_path)), ("d/evil", "x"))
    with pytest.raises(ArchiveProblem):
        unpack(through, folder)
    assert not (tmp_path / "evil").exists()


def test_links_in_a_zip_file_are_no_different(tmp_path: Path, folder: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ArchiveProblem, match="is no file in it"):
        unpack(zipped(tmp_path / "x", (link, "../../evil")), folder)
    unpack(zipped(tmp_path / "y", (link, "a"), ("a", "text")), folder)
    assert files(folder) == {"a": "text", "link": "text"}


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_devices_are_refused(tmp_path: Path, folder: Path, kind: bytes) -> None:
    with pytest.raises(ArchiveProblem, match="neither a file nor a folder"):
        unpack(tar(tmp_path / "x", special("device", kind)), folder)


def test_a_problem_names_the_archive_as_the_user_does(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ArchiveProblem, match=r"^\.\./x cannot be used: \.\./y leads out of it"):
        unpack(tar(tmp_path / "x", ("../y", "")), folder, "../x")


def test_what_is_no_archive_or_is_damaged_is_told_as_such(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_text("text")
    with pytest.raises(
        ArchiveProblem, match=r"x\.tar\.gz cannot be used: neither a tar file .* nor a zip"
    ):
        unpack(path, folder)
    tar(path, ("a", os.urandom(50_000).hex()), mode="w:gz")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ArchiveProblem, match="damaged"):
        unpack(path, folder)
    with pytest.raises(ArchiveProblem, match=r"cannot read .*gone: No such file"):
        unpack(tmp_path / "gone", folder)


def test_a_bomb_is_stopped(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1 << 20)
    bomb = tar(tmp_path / "x", ("a", "x" * (3 << 20)), mode="w:gz")
    with pytest.raises(ArchiveProblem, match="more than 1 MiB"):
        unpack(bomb, folder)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 2)
    with pytest.raises(ArchiveProblem, match="more than 2 entries"):
        unpack(tar(tmp_path / "y", ("a", ""), ("b", ""), ("c", "")), folder)


def test_a_folder_is_packed_without_what_is_not_wanted(tmp_path: Path, folder: Path) -> None:
    source = tmp_path / "source"
    (source / "src").mkdir(parents=True)
    (source / "src/x.c").write_text("c")
    (source / "src/x.o").write_text("o")
    pack(source, tmp_path / "x.tar", lambda path: path.suffix != ".o")
    unpack(tmp_path / "x.tar", folder)
    assert files(folder) == {"src/x.c": "c"}


def test_an_archive_is_read_without_unpacking_it(tmp_path: Path) -> None:
    program = tarfile.TarInfo("a/run")
    program.mode = 0o755
    source = tar(
        tmp_path / "x.tar",
        ("a/file", "text"),
        program,
        special("a/link", tarfile.SYMTYPE, "../b/"),
        special("a/same", tarfile.LNKTYPE, "a/file"),
    )
    assert archives.read(source) == {
        "a/file": Member(b"text"),
        "a/run": Member(b"", executable=True),
        "a/link": Member(b"../b/", is_link=True),
        "a/same": Member(b"text"),
    }


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (("a/../../x", ""), "a/../../x leads out of it"),
        (("/etc/x", ""), "/etc/x leads out of it"),
        (special("a", tarfile.SYMTYPE, "../x"), "../x leads out of it"),
        (special("a", tarfile.SYMTYPE, "/etc/passwd"), "/etc/passwd leads out of it"),
        (special("a", tarfile.LNKTYPE, "/etc/passwd"), "/etc/passwd leads out of it"),
        (special("a", tarfile.LNKTYPE, "b"), "a links to b, which is no file in it"),
        (special("a", tarfile.CHRTYPE), "a is neither a file nor a folder"),
    ],
)
def test_what_is_not_to_be_unpacked_is_not_read_either(
    tmp_path: Path, member: tarfile.TarInfo | tuple[str, str], said: str
) -> None:
    source = tar(tmp_path / "x.tar", member)
    with pytest.raises(ArchiveProblem) as problem:
        archives.read(source, "x.tar")
    assert str(problem.value) == f"x.tar cannot be used: {said}: name another source"


def test_a_large_archive_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tar(tmp_path / "x.tar", ("a", "12345"), ("b", "12345"))
    monkeypatch.setattr(archives, "MAX_BYTES", 9)
    with pytest.raises(ArchiveProblem, match="it has more than 0 MiB"):
        archives.read(source)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 1)
    with pytest.raises(ArchiveProblem, match="more than 1 entries"):
        archives.read(source)
