"""bisector scenarios [NAME|FOLDER]"""

from __future__ import annotations

from bisector.cli.command import Command


class Scenarios(Command):
    """List the scenarios, or show one"""

    def main(self, name: str = "") -> int:
        from bisector import scenario_file
        from bisector.report import terminal

        if name:
            print(terminal.scenario(scenario_file.load(name)), end="")
            return 0
        for known in scenario_file.bundled():
            print(f"{known:<16}{scenario_file.load(known).title}")
        return 0
