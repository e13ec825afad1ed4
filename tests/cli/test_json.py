"""What prints data prints it as JSON, too: one document on stdout, and nothing else there."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from coterie.cli.app import app
from coterie.memory.schema import HEAD
from tests.cli.conftest import Cli
from tests.cli.test_database import EMBEDDER
from tests.support.terminal import shown_in

NONE = {
    "chat": "a conversation: `coterie run --json` has each answer",
    "examples run": "what it prints is the example's own",
    "examples show": "it prints a program",
    "memory export": "its lines are JSON already",
    "replay": "it writes a page: `coterie runs show --json` has the records",
    "schema": "it is JSON already",
    "ui": "it prints an address, and serves until it is stopped",
}
"""The commands without --json, and why."""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The commands by name, those of groups too. They are of click's classes, or of typer's copy of these."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def everything() -> dict[str, Any]:
    return dict(commands(typer.main.get_command(app)))


def test_every_command_that_prints_data_has_it() -> None:
    found = everything()
    assert {"run", "runs show", "memory list", "db check", "session show"} <= set(found)
    without = {name for name, command in found.items() if not any("--json" in one.opts for one in command.params)}
    assert without <= set(NONE)
    assert not set(NONE) & set(found) - without


@pytest.mark.parametrize("option", ["--dry-run", "--yes"])
def test_what_changes_much_can_be_tried_and_what_is_for_good_is_asked_about(option: str) -> None:
    having = {name for name, command in everything().items() if any(option in one.opts for one in command.params)}
    for_good = {"memory erase", "runs remove"}
    taken_back = {"memory forget", "memory undo", "memory optimize", "memory import", "curate", "db upgrade"}
    assert having == (for_good if option == "--yes" else for_good | taken_back)


DB = ("--db", "shop.db")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("db", "current", *DB), {"version": HEAD, "newest": HEAD}),
        (("db", "upgrade", *DB), {"before": HEAD, "after": HEAD}),
        (("db", "upgrade", "--db", "new.db"), {"before": None, "after": HEAD}),
        (("db", "reembed", "embedding.py:embedder", *DB), {"embedded": 1}),
        (("db", "check", *DB), []),
        (("curate", "--retry", *DB), {"turns": 0}),
        (("curate", "--verbatim", *DB), []),
    ],
)
def test_one_document_is_all_that_stdout_has(cli: Cli, command: tuple[str, ...], told: object) -> None:
    cli("memory", "add", "I like tea.", "--user", "ana", *DB)
    Path("embedding.py").write_text(EMBEDDER)
    assert json.loads(cli(*command, "--json").out) == told


def test_of_a_graph_and_of_a_new_project(cli: Cli, desk: Path) -> None:
    drawn = cli("graph", "desk.py", "--json")
    assert drawn.out == cli("graph", "desk.py", "--format", "json").out
    assert json.loads(drawn.out)
    assert cli("graph", "desk.py", "--json", "--format", "svg").code == 2
    files = json.loads(cli("new", "shop", "--json").out)["files"]
    assert files
    assert all(Path(file).is_file() for file in files)


def test_progress_is_for_a_terminal_alone_and_never_on_stdout(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("memory", "add", "I like tea.", "--user", "ana", *DB)
    for command in (["db", "check", *DB], ["memory", "optimize", "--user", "ana", *DB]):
        terminal, other = pty.openpty()
        full = [sys.executable, "-m", "coterie", *command, "--json"]
        done = subprocess.run(
            full, env={**os.environ, "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=other, check=True
        )
        os.close(other)
        shown = shown_in(terminal)
        json.loads(done.stdout)
        assert "\x1b[" in shown  # the spinner, drawn and taken away
        assert "\x1b[" not in cli(*command, "--json").err
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert "\x1b[" not in cli(*command, "--json").err
        monkeypatch.delenv("FORCE_COLOR")
