"""From features to make variables, as far as a revision knows them and a library is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bisector.build.features import known, libraries, variables
from bisector.system.libraries import Library

OPENSSL_3_0 = Library("openssl", "3.0.19", "a")
OPENSSL_3_5 = Library("openssl", "3.5.0", "b")
ZLIB = Library("zlib", "1.2", "c")
NATIVE = "#define HAVE_OPENSSL_QUIC"


def revision(*options: str, compat: str = "") -> Callable[[str], str]:
    """Sources whose Makefile has these *options*."""
    files = {
        "Makefile": " ".join(f"USE_{option}" for option in options),
        "include/haproxy/openssl-compat.h": compat,
    }
    return lambda path: files.get(path, "")


def test_a_feature_brings_what_it_needs() -> None:
    assert known({"QUIC"}) == ("OPENSSL", "QUIC")
    assert libraries(known({"QUIC", "ZLIB", "PROMEX"})) == ("openssl", "zlib")


def test_what_is_not_built_by_an_option_of_its_own_is_left_out() -> None:
    assert known({"LUA", "THREAD", "LINUX_SPLICE", "!QUIC_OPENSSL_COMPAT"}) == ()


def test_a_revision_gets_the_options_that_its_makefile_knows() -> None:
    names = known({"OPENSSL", "PROMEX"})
    assert variables(names, [OPENSSL_3_0], revision("OPENSSL", "PROMEX")) == {
        "USE_OPENSSL": "1",
        "USE_PROMEX": "1",
    }
    assert variables(names, [OPENSSL_3_0], revision("OPENSSL")) == {"USE_OPENSSL": "1"}
    assert variables(names, [OPENSSL_3_0], revision("OPENSSL_WOLFSSL")) == {}


def test_a_feature_without_its_library_is_left_out_and_what_needs_it() -> None:
    names = known({"QUIC", "ZLIB"})
    assert variables(names, [ZLIB], revision("OPENSSL", "QUIC", "ZLIB")) == {"USE_ZLIB": "1"}


WITH_COMPAT = {"USE_OPENSSL": "1", "USE_QUIC": "1", "USE_QUIC_OPENSSL_COMPAT": "1"}
WITHOUT_QUIC = {"USE_OPENSSL": "1"}
WITH_NATIVE = {"USE_OPENSSL": "1", "USE_QUIC": "1"}


@pytest.mark.parametrize(
    ("openssl", "options", "compat", "expected"),
    [
        (OPENSSL_3_0, ("QUIC", "QUIC_OPENSSL_COMPAT"), NATIVE, WITH_COMPAT),
        (OPENSSL_3_0, ("QUIC",), "", WITHOUT_QUIC),  # it wants another TLS library
        (OPENSSL_3_5, ("QUIC", "QUIC_OPENSSL_COMPAT"), "", WITH_COMPAT),
        (OPENSSL_3_5, ("QUIC", "QUIC_OPENSSL_COMPAT"), NATIVE, WITH_NATIVE),
    ],
)
def test_quic_is_built_as_the_openssl_allows(
    openssl: Library, options: tuple[str, ...], compat: str, expected: dict[str, str]
) -> None:
    source = revision("OPENSSL", *options, compat=compat)
    assert variables(known({"QUIC"}), [openssl], source) == expected


def test_a_test_that_wants_quic_without_the_module_gets_no_other() -> None:
    names = known({"QUIC", "!QUIC_OPENSSL_COMPAT"})
    source = revision("OPENSSL", "QUIC", "QUIC_OPENSSL_COMPAT", compat=NATIVE)
    assert variables(names, [OPENSSL_3_0], source) == WITHOUT_QUIC
    assert variables(names, [OPENSSL_3_5], source) == WITH_NATIVE
