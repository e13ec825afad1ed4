"""Which agent or team of a file is meant."""

import sys
from pathlib import Path

import pytest

from coterie import Team
from coterie.cli.targets import load
from coterie.errors import ConfigurationError, InputError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__coterie__", sys)  # put back when the test is over


def written(text: str) -> str:
    Path("file.py").write_text("from coterie import Agent, MemoryManager, SqliteDb, Team\n" + text)
    return "file.py"


def test_the_one_team_comes_before_agents() -> None:
    assert load(written("a = Agent('a')\nteam = Team('t', [a])\nother = Agent('b')")).name == "t"


def test_a_team_that_leads_another_is_the_one() -> None:
    text = "inner = Team('inner', [Agent('a')])\nouter = Team('outer', [inner])\nsame = outer"
    assert load(written(text)).name == "outer"


def test_the_one_agent_without_a_team() -> None:
    assert load(written("a = Agent('a')")).name == "a"


def test_by_name() -> None:
    target = written("a = Agent('first')\nb = Agent('second')")
    assert load(f"{target}:b").name == "second"


@pytest.mark.parametrize(
    ("text", "suffix", "message"),
    [
        ("x = 1", "", "defines no Agent and no Team"),
        ("a = Agent('a')", ":b", r"no Agent or Team called 'b'. It has a \(Agent\)"),
        ("a = Agent('a')\nb = Agent('b')", "", r"several agents or teams: a \(Agent\), b \(Agent\).*file.py:a"),
    ],
)
def test_what_cannot_be_chosen_is_listed(text: str, suffix: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(written(text) + suffix)


@pytest.mark.parametrize("text", ["x = 1 / 0", "def", "import sys; sys.exit(0)", "import no_such_module"])
def test_a_file_that_fails_names_the_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"file.py cannot be loaded: \w+.*`python file.py`"):
        load(written(text))


def test_a_folder_is_no_file() -> None:
    with pytest.raises(InputError, match="is a folder"):
        load(".")


def test_the_file_finds_its_neighbours_and_prints_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Path("neighbour.py").write_text("name = 'from the neighbour'")
    found = load(written("from neighbour import name\na = Agent(name)\nprint('loaded', __name__)"))
    sys.modules.pop("neighbour")
    assert found.name == "from the neighbour"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "loaded __coterie__\n")


def test_another_store_replaces_every_one_of_the_file() -> None:
    text = "own = Agent('own', db=SqliteDb('own.db'))\nteam = Team('t', [own, Agent('none')], db=SqliteDb('team.db'))"
    team = load(written(text), db="other.db")
    assert isinstance(team, Team)
    assert [each.db and each.db.name for each in (team, *team.members)] == ["other.db", "other.db", None]


def test_a_graph_that_was_compiled_already_uses_the_other_store() -> None:
    agent = load(written("a = Agent('a', db=SqliteDb('own.db'))\na.graph"), db="other.db")
    assert agent.memory.db.name == "other.db"


def test_a_memory_manager_without_a_store_curates_for_the_one_that_is_given() -> None:
    agent = load(written("a = Agent('a', db=SqliteDb(), memory_manager=MemoryManager(curator='verbatim'))"), db="x.db")
    assert agent.memory.db.name == "x.db"
    assert "verbatim" in repr(agent.memory)


def test_a_memory_manager_keeps_its_store() -> None:
    target = written("a = Agent('a', memory_manager=MemoryManager(db=SqliteDb('own.db')))")
    with pytest.raises(ConfigurationError, match=r"'a' in file\.py has a memory_manager"):
        load(target, db="other.db")


def test_another_model_replaces_those_of_the_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    team = load(written("team = Team('t', [Agent('a', model='small'), Agent('b')], model='big')"), model="new")
    assert isinstance(team, Team)
    assert [each.model for each in (team, *team.members)] == ["new", "new", None]


def described(text: str) -> str:
    Path("tools.py").write_text("print('loaded')\ndef find(text: str) -> str:\n    'Find.'\n    return text\n")
    Path("team.yaml").write_text(text)
    return "team.yaml"


DESK = "name: desk\ndb: desk.db\nmembers:\n  - {name: finder, tools: ['./tools.py:find']}\n  - {name: writer}\n"


def test_a_yaml_file_describes_one_team(capsys: pytest.CaptureFixture[str]) -> None:
    team = load(described(DESK), db="other.db")
    assert isinstance(team, Team)
    assert [each.db and each.db.name for each in (team, *team.members)] == ["other.db", None, None]
    assert capsys.readouterr() == ("", "loaded\n")


def test_a_member_of_a_yaml_file_by_name() -> None:
    assert load(described(DESK) + ":writer").name == "writer"
    with pytest.raises(InputError, match=r"no agent or team called 'nobody'\. It has desk, finder, writer\."):
        load("team.yaml:nobody")


def test_what_is_wrong_in_a_yaml_file_has_its_place() -> None:
    with pytest.raises(ConfigurationError, match=r"^team\.yaml:1:1: nam is not known: did you mean 'name'\?$"):
        load(described("nam: x"))
