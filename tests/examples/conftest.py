"""What the tests of the examples may ask for."""

from collections.abc import Callable, Iterator
from importlib import import_module, reload
from pathlib import Path

import pytest

from coterie import Agent, Team

Shown = Callable[..., str]


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shown]:
    """Run an example in an empty folder, as if for the first time: ``shown("triage", "--db", "x.db")`` printed this."""
    monkeypatch.chdir(tmp_path)
    modules = []

    def run(name: str, *arguments: str) -> str:
        module = reload(import_module(f"coterie.examples.{name}"))
        modules.append(module)
        module.main(arguments)
        return capsys.readouterr().out

    yield run
    for value in [value for module in modules for value in vars(module).values()]:
        if isinstance(value, Agent | Team) and value.db is not None:
            value.db.close()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What an example is given as ``--db``: an empty store, on each of the databases."""
    if request.param == "sqlite":
        return str(tmp_path / "example.db")
    return str(request.getfixturevalue("postgres_url"))
