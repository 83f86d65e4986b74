"""A source package is what its .dsc file says, to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bisector.errors import SourceProblem
from bisector.system import dsc
from tests.support.packages import SOURCE, archive, describe, package

SIGNED = """\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

{text}
-----BEGIN PGP SIGNATURE-----

iQJG
-----END PGP SIGNATURE-----
"""


@pytest.mark.parametrize("form", ["{text}", SIGNED])
def test_the_archives_of_a_package_are_found_whether_it_is_signed_or_not(
    tmp_path: Path, form: str
) -> None:
    path = package(tmp_path, {"rules": ""})
    path.write_text(form.format(text=path.read_text()))
    found = dsc.read(path)
    assert (found.name, found.version) == ("haproxy", "3.0.1-1")
    assert found.upstream == tmp_path / "haproxy_3.0.1.orig.tar.gz"
    assert found.packaging == tmp_path / "haproxy_3.0.1-1.debian.tar.xz"


def test_a_package_may_have_components_or_be_native(tmp_path: Path) -> None:
    package(tmp_path, {"rules": ""})
    more = archive(tmp_path / "haproxy_3.0.1.orig-docs.tar.gz", {"a": ""})
    found = dsc.read(describe(tmp_path, *sorted(tmp_path.glob("*.tar.*"))))
    assert found.components == {"docs": more}

    native = archive(tmp_path / "haproxy_3.0.1.tar.gz", SOURCE)
    found = dsc.read(describe(tmp_path, native, form="3.0 (native)"))
    assert (found.upstream, found.packaging) == (native, None)


def test_an_archive_that_is_another_or_missing_is_said(tmp_path: Path) -> None:
    path = package(tmp_path, {"rules": ""})
    (tmp_path / "haproxy_3.0.1.orig.tar.gz").write_bytes(b"another")
    with pytest.raises(SourceProblem, match=r"orig.tar.gz is another file than listed there"):
        dsc.read(path)
    (tmp_path / "haproxy_3.0.1.orig.tar.gz").unlink()
    with pytest.raises(SourceProblem, match=r"cannot read .*orig.tar.gz: No such file"):
        dsc.read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "describes no source package"),
        ("\xff\x00 something\n", "describes no source package"),
        ("Format: 1.0\nSource: haproxy\n", "is of the format 1.0"),
        ("Format: 3.0 (quilt)\nSource: haproxy\n", "has no SHA-256 checksums"),
        ("Format: 3.0 (quilt)\nChecksums-Sha256:\n abc\n", "a file that cannot be: ''"),
        (
            f"Format: 3.0 (quilt)\nChecksums-Sha256:\n {'0' * 64} 1 ../x.orig.tar.gz\n",
            "a file that cannot be: '../x.orig.tar.gz'",
        ),
    ],
)
def test_a_file_that_describes_no_such_package_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "x.dsc"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SourceProblem) as problem:
        dsc.read(path)
    assert said in str(problem.value)


def test_a_package_lacks_none_of_its_archives(tmp_path: Path) -> None:
    package(tmp_path, {"rules": ""})
    with pytest.raises(SourceProblem, match="lacks an archive"):
        dsc.read(describe(tmp_path, tmp_path / "haproxy_3.0.1.orig.tar.gz"))


def test_no_file_is_no_package(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    with pytest.raises(SourceProblem, match=r"cannot read .*x.dsc"):
        dsc.read(tmp_path / "x.dsc")
