"""`bisector scenarios [NAME]`"""

from __future__ import annotations

from bisector.cli.command import Command


class Scenarios(Command):
    """List the bundled scenarios, or show one"""

    DESCRIPTION_MORE = "NAME is a bundled scenario or the folder of your own."

    def main(self, name: str = "") -> int:
        from bisector.report import terminal
        from bisector.testing import scenario_loader

        if name:
            print(terminal.scenario(scenario_loader.load(name)), end="")
            return 0
        for known in scenario_loader.bundled():
            print(f"{known:<16}{scenario_loader.load(known).title}")
        return 0
