"""The command line in this process, and a file to use it on."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coterie.cli import main

DESK = '''
from coterie import Agent, SqliteDb, Team

def find_order(text: str) -> str:
    """Look up where an order is."""
    return "It arrives on Monday."

orders = Agent("orders", role="finds an order", tools=[find_order])
billing = Agent("billing", role="answers questions on invoice and refund")
desk = Team("desk", members=[orders, billing], db=SqliteDb("desk.db"), update_memory_on_run=True)

if __name__ == "__main__":
    raise SystemExit("run as a program")
'''


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``desk.py`` in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "desk.py"
    path.write_text(DESK)
    return path


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], _as_it_was: None) -> Cli:
    """Run a command in this process: ``cli("chat", "desk.py", said="what stdin has")``, a text or bytes."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, said: str | bytes = "") -> Ended:
        sent = said if isinstance(said, bytes) else said.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent), encoding="ascii"))
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin, and end, as a process of its own would."""
    log = logging.getLogger("coterie")
    handlers, propagate, level = log.handlers, log.propagate, log.level
    monkeypatch.setattr(sys, "path", list(sys.path))
    if (used := sys.modules.get("coterie.teams.run")) is not None:
        used.log_once.cache_clear()
    yield
    log.handlers, log.propagate, log.level = handlers, propagate, level
    sys.modules.pop("__coterie__", None)
