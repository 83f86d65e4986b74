"""Sources that register keywords: by the tables in which they do."""

from __future__ import annotations

from bisector.git.history import History
from bisector.patch.keyword_sources import registering
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

TABLE = """\
static struct cfg_kw_list cfg_kws = {ILH, {
	{ CFG_LISTEN, "timeout client", proxy_parse_timeout },
	{ CFG_GLOBAL, "nbthread", cfg_parse_nbthread },
	{ 0, NULL, NULL },
}};
"""
FETCHES = """\
static struct sample_fetch_kw_list smp_kws = {ILH, {
	{ "req.len", smp_fetch_len, 0, NULL, SMP_T_SINT },
}};
static struct cli_kw_list cli_kws = {{ },{
	{ { "show", "info", NULL }, "show info : …", cli_parse_info },
}};
"""
USES = 'int f(void)\n{\n\treturn find("nbthread") ? 1 : parse("req.len");\n}\n'


def test_a_source_with_a_table_that_has_the_word_registers_it(
    clone: Clone, workspace: Workspace
) -> None:
    commit = clone.commit(
        {"src/cfg.c": TABLE, "src/fetch.c": FETCHES, "src/uses.c": USES, "src/x.h": TABLE}
    )
    history = History.open(clone.path, workspace)
    assert registering(history, commit, {"timeout client"}) == {"src/cfg.c"}
    assert registering(history, commit, {"nbthread", "req.len"}) == {"src/cfg.c", "src/fetch.c"}
    assert registering(history, commit, {"show"}) == {"src/fetch.c"}
    assert registering(history, commit, {"info", "len"}) == frozenset()
