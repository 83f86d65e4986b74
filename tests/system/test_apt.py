"""Which mirrors apt knows, and what to do without apt."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import MissingProgram
from bisector.system import apt
from bisector.system.apt import Site
from bisector.system.workspace import Workspace

BOOKWORM = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}


class TestMirrors:
    def test_they_are_those_that_serve_the_running_release(self) -> None:
        listing = (
            "http://mirror/debian|bookworm|main|/key\nhttp://mirror/debian|bookworm|main|/key\n"
            "http://mirror/debian|bookworm|contrib|/key\n"
            "http://mirror/debian|bookworm-updates|main|/key\n"
            "http://vendor/node|nodistro|main|/vendor\ncdrom:[12]|bookworm|main|\n"
        )
        assert apt._parse_sites(listing, BOOKWORM) == (
            Site("http://mirror/debian", "bookworm", ("main", "contrib"), "/key"),
        )

    def test_the_releases_own_name_goes_before_one_that_changes_its_meaning(self) -> None:
        listing = "http://vendor|stable|main|/key\nhttp://mirror|bookworm|main|/key\n"
        found = apt._parse_sites(listing, BOOKWORM)
        assert [site.address for site in found] == ["http://mirror", "http://vendor"]

    def test_security_updates_have_mirrors_of_their_own(self) -> None:
        listing = "http://m|bookworm|main|k\nhttp://s|bookworm-security|main|k\n"
        found = apt._parse_sites(listing, BOOKWORM, "-security")
        assert [site.address for site in found] == ["http://s"]

    def test_an_apt_that_does_not_tell_the_key_gets_the_vendors(self) -> None:
        ring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
        expected = str(ring) if ring.is_file() else ""
        found = apt._parse_sites("http://m|bookworm|main|$(SIGNED_BY)\n", BOOKWORM)
        assert found[0].keyring.replace(".pgp", ".gpg") == expected

    def test_no_apt_names_the_ways_without_it(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(MissingProgram, match=r"no apt-get .*bisector doctor.*--repo"):
            apt.sites(workspace)
