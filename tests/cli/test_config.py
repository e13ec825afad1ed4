"""``coterie config``, and that the environment is read in one place."""

import json
import re
from pathlib import Path

import pytest

from coterie.settings import VARIABLES
from tests.cli.conftest import Cli

ROOT = Path(__file__).parent.parent.parent


def values(cli: Cli) -> dict[str, tuple[str | None, str]]:
    """Each setting's value, and where it comes from."""
    return {each["name"]: (each["value"], each["source"]) for each in json.loads(cli("config", "--json").out)}


def test_what_nobody_has_set(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in VARIABLES:
        monkeypatch.delenv(each.name, raising=False)
    found = values(cli)
    assert found.pop("COTERIE_DB") == ("coterie.db", "default")
    assert found.pop("COTERIE_MODEL") == ("the built-in offline model", "default")
    assert set(found.values()) == {(None, "default")}


def test_what_the_environment_sets_without_its_secrets(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-geheim")
    monkeypatch.setenv("COTERIE_DB", "postgresql://ana:geheim@host/team")
    monkeypatch.setenv("PGPASSWORD", "geheim")
    found = values(cli)
    assert found["OPENAI_API_KEY"] == found["PGPASSWORD"] == ("***", "environment")
    assert found["COTERIE_DB"] == ("postgresql://***@host/team", "environment")
    assert found["OPENAI_BASE_URL"] == ("https://api.openai.com/v1", "default")
    assert found["COTERIE_MODEL"] == ("gpt-4.1-mini", "default")
    told = cli("config").out
    assert "geheim" not in told
    assert "COTERIE_DB          postgresql://***@host/team  (environment)\n" in told
    assert all(each.name in told for each in VARIABLES)
    monkeypatch.setenv("OPENAI_API_KEY", "")  # as if it were not set
    assert values(cli)["OPENAI_API_KEY"] == (None, "default")


def test_the_environment_is_read_in_one_place() -> None:
    rooms = [ROOT / room for room in ("memory", "graphs", "teams", "src/coterie/cli", "src/coterie/ui")]
    files = [*(ROOT / "src/coterie").glob("*.py"), *(file for room in rooms for file in room.rglob("*.py"))]
    reading = [file for file in files if re.search(r"\benviron\b(?!ment)|\bgetenv\b", file.read_text(encoding="utf-8"))]
    assert [file.name for file in reading] == ["settings.py"]


def test_what_coterie_reads_is_listed() -> None:
    source = (ROOT / "src/coterie/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'variable\("(\w+)"\)', source))
    assert read == {each.name for each in VARIABLES if each.reader == "coterie"}
