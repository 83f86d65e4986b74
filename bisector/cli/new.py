"""`bisector new NAME`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bisector.cli.command import FAILURES, Command
from bisector.cli.help import Group, option
from bisector.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT_KIND = "http"


def _kinds() -> str:
    """The description of --kind."""
    from bisector.testing.new import folder

    return f"what it is about: {', '.join(folder.kinds())} (default: {_DEFAULT_KIND})"


class New(Command):
    """Make a scenario's folder that works as it stands, to be filled in"""

    DESCRIPTION_MORE = """
NAME is a word, and the name of the new folder. With --from it has the configuration and asks it as
told by --request; what cannot be taken is listed. 'bisector probe --scenario ./NAME' says what is
still missing."""
    EXIT_STATUS: ClassVar = {0: "made", **FAILURES}

    kind = option("--kind", "KIND", _kinds, Group.TEST)
    configuration = option(
        "--from", "FILE", "a configuration of HAProxy that shows the bug", Group.TEST
    )
    requests = option(
        "--request",
        "REQUEST",
        "with --from: what a client asks, 'GET /a' or a command with curl",
        Group.TEST,
        repeatable=True,
    )
    expects = option(
        "--expect",
        "EXPECTATION",
        "what the reply should be: 'status == 200', 'http.location == /a', 'body ~ part'; of "
        "several requests, the first one is for the first",
        Group.TEST,
        repeatable=True,
    )

    def main(self, name: str) -> int:
        from bisector.testing.new import folder

        files, remarks = self._files(name)
        folder.write(Path(name), files)
        for file in files:
            print(Path(name, file))
        if remarks:
            print("\nNot taken as it is (the list is in scenario.toml, too):")
        for remark in remarks:
            print(f"- {remark}")
        print(f"\nWrite what is marked '{folder.MARK}'. What is missing is said by")
        print(f"bisector probe --scenario ./{name} REVISION")
        return 0

    def _files(self, name: str) -> tuple[dict[str, str], Sequence[str]]:
        """The files by name, and what was not taken of a configuration. Raises UsageProblem."""
        from bisector.testing.new import client_request, folder, from_config

        if self.configuration is None:
            if self.requests or self.expects:
                raise UsageProblem("--request and --expect", "they go with --from")
            return folder.of_kind(self.kind or _DEFAULT_KIND, name), ()
        if self.kind is not None:
            raise UsageProblem("--kind and --from", "the configuration says what kind it is")
        requests = client_request.paired(self.requests, self.expects)
        return from_config.made(Path(self.configuration), name, requests)
