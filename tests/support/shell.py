"""The terminal of a page: ``$`` lines run in a real shell, and print what the page shows under them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.commands import commands
from tests.support.printed import ID, same

_PROGRAMS = ("coterie", "python", "cat", "ls")
"""What a page may run: nothing that changes more than the page's folder."""


class Shell:
    """Runs the commands of ```console blocks in the current folder. An id that is shown stands for the one made."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def differs(self, block: str) -> str | None:
        """What a block's commands print otherwise than it says, or None."""
        outputs = re.split(r"^\$ .*\n(?:(?<=\\\n).*\n)*", block, flags=re.M)[1:]
        for command, said in zip(commands(block), outputs, strict=True):
            if wrong := self._differs(command, said):
                return wrong
        return None

    def _differs(self, command: str, said: str) -> str | None:
        if command.split()[0] not in _PROGRAMS:
            return f"{command.split()[0]} is not run here: skip the block, and say why"
        meant = ID.sub(lambda shown: self._ids.get(shown[0], shown[0]), command)
        ended = subprocess.run(
            meant, shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=_environment()
        )
        out, err = ended.stdout, ended.stderr
        seen = [err + out, out + err] if ended.returncode else [out, err + out, out + err]
        shown = next((text for text in seen if same(said, text)), None)
        if shown is None:
            return f"$ {meant}\n{out}{err}(exit code {ended.returncode})"
        self._ids |= dict(zip(ID.findall(said), ID.findall(shown), strict=False))
        return None


def _environment() -> dict[str, str]:
    """Ours, with the programs beside this Python first, and a terminal 120 columns wide."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": programs, "COLUMNS": "120", "NO_COLOR": "1"}
