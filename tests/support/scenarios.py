"""A small scenario, made in a folder."""

from __future__ import annotations

from pathlib import Path

from bisector.testing.scenario import Known, Scenario

EXCLUDE = ({"record": "SRV", "declare": "line"},)


def scenario(folder: Path, **templates: str) -> Scenario:
    """A scenario in *folder*; the templates are x.vtc.j2 and others by their names."""
    texts = {"vtc": "{{ record }}\n", **templates}
    for name, text in texts.items():
        (folder / f"x.{name}.j2").write_text(text)
    return Scenario(
        name="made",
        title="A title",
        story="A story",
        subsystem="server",
        tags=(),
        folder=folder,
        files={f"x.{name}": f"x.{name}.j2" for name in texts},
        parameters={"record": ("A", "SRV"), "declare": ("template", "line"), "servers": (1, 3)},
        exclude=EXCLUDE,
        control="control",
        bad="bad",
        known=Known(),
        make={},
    )
