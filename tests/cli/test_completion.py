"""What a shell completes, asked as bash asks it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = r"""
eval "$(coterie --show-completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_coterie_completion coterie
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A ``PATH`` on which ``coterie`` is this one."""
    program = tmp_path / "bin" / "coterie"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m coterie "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def bash(script: str, *words: str, path: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PATH": path, **environment}
    command = ["bash", "--norc", "-c", script, "bash", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (("coterie", "me"), ["memory"]),
        (("coterie", "memory", "e"), ["export", "erase"]),
        (("coterie", "memory", "optimize", "--strategy", ""), ["summarize", "deduplicate"]),
        (("coterie", "memory", "import", "--trust", "o"), ["outside"]),
        (("coterie", "graph", "desk.py", "--format", "s"), ["svg"]),
        (("coterie", "graph", "desk.py", "--no"), ["--no-memory"]),
        (("coterie", "run", "de"), [""]),  # then bash itself completes to files
    ],
)
def test_it_completes(path: str, words: tuple[str, ...], completed: list[str]) -> None:
    done = bash(ASK, *words, path=path)
    assert (done.stdout.rstrip("\n").split("\n"), done.stderr) == (completed, "")


def test_it_is_installed_for_the_shell_that_asks(path: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = bash("coterie --install-completion; exit $?", path=path, HOME=str(home))
    assert "bash completion installed in" in done.stdout
    again = bash('. "$HOME/.bashrc"; complete -p coterie', path=path, HOME=str(home))
    assert again.stdout == "complete -o default -F _coterie_completion coterie\n"
