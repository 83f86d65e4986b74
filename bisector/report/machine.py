"""The machine and the workspace as text. Imports nothing that the doctor may find missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bisector.record.requirement import Requirement
from bisector.report.layout import row
from bisector.system import sizes

if TYPE_CHECKING:
    from bisector.system.cache import Freed, Share
    from bisector.system.workspace import Workspace


def findings(found: Sequence[Requirement]) -> str:
    """The doctor's table: each requirement, whether it is met, else how to meet it."""
    lines = []
    for one in found:
        mark = "ok" if one.found else ("MISSING" if one.required else "absent")
        lines.append(f"{mark:<8} {one.name:<12} {one.found or one.how_to_get}")
        if not one.found:
            lines.append(f"{'':<21} needed for {one.needed_for}")
    return "\n".join(lines) + "\n"


def freed(what: Freed) -> str:
    """What a trim of the workspace freed and what it kept."""
    lines = row("freed", sizes.show(what.size))
    for entry in what.kept:
        lines += row("kept", f"{entry.paths[-1]} (in use)")
    return "\n".join([*lines, ""]) + "\n"


def shares(workspace: Workspace, found: Sequence[Share]) -> str:
    """The workspace's table: kind, number, size and place of the entries; and the limit."""
    limited = [share for share in found if share.limited]
    rows = [("what", "entries", "size", f"below {workspace.root}"), *map(_share, limited)]
    used = sizes.show(sum(share.size for share in limited))
    rows.append(("limited", "", used, f"of {sizes.show(workspace.limit)}"))
    rows += [_share(share) for share in found if not share.limited]
    return "".join(f"{what:<20}{n:>8}{size:>11}  {where}\n" for what, n, size, where in rows)


def _share(share: Share) -> tuple[str, str, str, str]:
    return share.what, str(share.count), sizes.show(share.size), ", ".join(share.folders)
