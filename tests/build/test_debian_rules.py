"""The options of a package: those that its rules give to HAProxy's Makefile."""

from __future__ import annotations

import pygit2
import pytest

from bisector.build import debian_rules
from bisector.build.reported import Reported
from tests.support.clone import Clone

# in the form of the rules of Debian's haproxy
RULES = """\
#!/usr/bin/make -f
include /usr/share/dpkg/architecture.mk
export DEB_BUILD_MAINT_OPTIONS = hardening=+all

MAKEARGS=V=1 \\
\t PREFIX=/usr \\
\t USE_PCRE2=1 \\
\t USE_OPENSSL=1 \\
\t USE_SLZ=1 \\
\t USE_OT=1 \\
\t LUA_INC=/usr/include/lua5.4 \\
\t EXTRA=admin/halog/halog

ifeq ($(DEB_HOST_ARCH_OS),linux)
        MAKEARGS+= TARGET=linux-glibc USE_SYSTEMD=1
else
\tMAKEARGS+= TARGET=generic
endif

ifneq ($(filter armel mips,$(DEB_HOST_ARCH)),)
\tMAKEARGS+= ADDLIB="-latomic"
endif

MAKEARGS += OPT_CFLAGS="$(CFLAGS) $(CPPFLAGS)"
MAKEARGS += VERSION="$(DEB_VERSION_UPSTREAM)"

%:
\tdh $@

override_dh_auto_build-arch:
\tmake $(MAKEARGS)
\tmake -C admin/systemd USE_QUIC=1
\t$(MAKE) -C doc/lua-api man

override_dh_auto_install-arch:
\tmake $(MAKEARGS) USE_DEVICEATLAS=1 install
"""


def test_the_variables_that_decide_the_binary_are_taken() -> None:
    assert debian_rules.options(RULES) == Reported(
        frozenset({"PCRE2", "OPENSSL", "SYSTEMD"}), {"USE_SLZ": "1"}, ("USE_OT", "OPT_CFLAGS")
    )


@pytest.mark.parametrize(
    "recipe",
    [
        "dh_auto_build -- USE_ZLIB=1",
        "+$(MAKE) -j4 USE_ZLIB=1 all",
        "cd . && make USE_ZLIB=1; echo USE_LUA=1",
        "@make USE_ZLIB='1'",
    ],
)
def test_the_ways_to_run_make_are_known(recipe: str) -> None:
    found = debian_rules.options(f"build:\n\t{recipe}\n")
    assert found == Reported(frozenset({"ZLIB"}), {}, ())


def test_an_option_that_only_a_run_could_tell_is_left_out() -> None:
    found = debian_rules.options('build:\n\tmake USE_QUIC=$(shell test) DEFINE="-DX -DY"\n')
    assert found == Reported(frozenset(), {"DEFINE": "-DX -DY"}, ("USE_QUIC",))


@pytest.mark.parametrize("rules", ["", "%:\n\tdh $@\n", "a:\n\tmake 'USE_X=1\n", "\0\n\t\n:\n"])
def test_rules_that_give_make_nothing_say_nothing(rules: str) -> None:
    assert debian_rules.options(rules) is None


def test_they_are_read_from_a_tree(clone: Clone) -> None:
    plain, packaged = clone.commit({}), clone.commit({"debian/rules": RULES})
    trees = [str(clone.git[commit].peel(pygit2.Tree).id) for commit in (plain, packaged)]
    assert debian_rules.of_tree(clone.git, trees[0]) is None
    assert debian_rules.of_tree(clone.git, trees[1]) == debian_rules.options(RULES)
