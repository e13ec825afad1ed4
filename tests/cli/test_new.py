"""``coterie new``: a project that works as it is."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph.graph.state import CompiledStateGraph

from tests.cli.conftest import Cli

SOURCE = str(Path(__file__).parents[2] / "src")
QUESTION = "I pay by card. When do I get my refund?"
KINDS = pytest.mark.parametrize(
    ("options", "team"), [((), "my_desk/team.py"), (("--yaml",), "team.yaml")], ids=["python", "yaml"]
)


@pytest.fixture
def project(cli: Cli, tmp_path: Path, options: tuple[str, ...]) -> Path:
    made = cli("new", "my-desk", *options)
    assert made.code == 0
    folder = tmp_path / "my-desk"
    files = {str(file.relative_to(tmp_path)) for file in folder.rglob("*") if file.is_file()}
    assert set(made.out.splitlines()) == files
    return folder


def python(folder: Path, *arguments: str) -> str:
    """Run Python in a folder, with this coterie; give back what it printed."""
    command = [sys.executable, "-m", *arguments]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@KINDS
def test_its_test_passes(project: Path, team: str) -> None:
    assert "1 passed" in python(project, "pytest", "-W", "error")
    assert not list(project.rglob("*.db"))


@KINDS
def test_the_commands_of_its_readme_work(project: Path, team: str) -> None:
    readme = (project / "README.md").read_text()
    assert f"coterie run {team} " in readme
    assert "5 working days" in python(project, "coterie", "run", team, QUESTION, "--user", "ana")
    assert "I pay by card" in python(project, "coterie", "memory", "list", "--user", "ana", "--db", "team.db")
    assert "tools · search_notes" in python(project, "coterie", "graph", team)


@KINDS
def test_it_is_clean(project: Path, team: str) -> None:
    python(project, "ruff", "check", "--extend-select", "B,I,RUF,UP", ".")
    python(project, "ruff", "format", "--check", ".")
    python(project, "mypy", "--strict", "--follow-imports", "silent", ".")


@KINDS
def test_langgraph_finds_a_graph_without_a_store_of_its_own(
    project: Path, team: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (where,) = json.loads(Path("langgraph.json").read_text())["graphs"].values()
    path, name = where.split(":")
    spec = importlib.util.spec_from_file_location("made_by_new", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    named = getattr(module, name)
    graph = named if isinstance(named, CompiledStateGraph) else named()
    assert isinstance(graph, CompiledStateGraph)
    assert graph.checkpointer is None
    assert graph.store is None
    assert graph.name == "my-desk"


@pytest.mark.parametrize(
    "name", ["", "1desk", "my desk", "../desk", "desk-", "class", "json", "tests", "coterie", "dé", "a/b"]
)
def test_a_name_that_python_cannot_import_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    ended = cli("new", name)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {name!r} ")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    assert cli("new", "desk").code == 0
    (tmp_path / "other").write_text("mine")
    for name in ("desk", "other"):
        assert "is there already" in cli("new", name).err
    assert (tmp_path / "other").read_text() == "mine"
