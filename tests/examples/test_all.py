"""What holds for every example: it runs anywhere, needs nothing, leaves nothing, and can be drawn."""

import ast
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from coterie import SqliteDb

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))
WITHOUT_TEAM = {"own_graph"}
"""Examples without an agent or a team that a command finds: a graph of LangGraph's alone."""

every_example = pytest.mark.parametrize("name", EXAMPLES)


def docstring(name: str) -> str:
    """What an example says of itself."""
    found = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")))
    assert found is not None
    return found


def python(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a module in an empty folder, offline."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "COTERIE_"))}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@every_example
def test_it_runs_without_a_key_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    done = python(tmp_path, f"coterie.examples.{name}")
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not list(tmp_path.iterdir())


@every_example
def test_its_first_line_says_what_it_shows(name: str) -> None:
    first, blank = docstring(name).splitlines()[:2]
    assert first.endswith(".")
    assert len(first) <= 100
    assert not blank


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in WITHOUT_TEAM])
def test_it_can_be_drawn(name: str, tmp_path: Path) -> None:
    done = python(tmp_path, "coterie", "graph", str(FOLDER / f"{name}.py"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "╰─" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name in EXAMPLES if f"coterie examples show {name} > " in docstring(name)])
def test_a_copy_can_be_run_as_the_docstring_says(name: str, tmp_path: Path) -> None:
    commands = [shlex.split(line)[1:] for line in docstring(name).splitlines() if line.startswith("    coterie ")]
    _, (*show, _, copy), run = commands
    (tmp_path / copy).write_text(python(tmp_path, "coterie", *show).stdout, encoding="utf-8")
    done = python(tmp_path, "coterie", *run)
    assert done.returncode == 0, done.stderr
    with SqliteDb(tmp_path / run[run.index("--db") + 1]) as db:
        assert len(db.sessions(run[run.index("--user") + 1])) == 1
