"""A team that a YAML file describes."""

import operator
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from langchain_openai import ChatOpenAI
from langgraph.types import RetryPolicy
from pydantic import BaseModel

import coterie
from coterie import Agent, McpServer, Team, Trace
from coterie.errors import FileError, InputError
from coterie.graphs.modes import MODES, Answer, Broadcast, Route, Swarm
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.teams.file_schema import parameters
from coterie.teams.file_yaml import LARGEST
from coterie.teams.files import json_schema
from coterie.teams.tracing import TraceSetting

TOOLS = '''
from pydantic import BaseModel
from langchain_core.tools import tool
from coterie.graphs.offline import OfflineModel

NUMBER = 3
MODEL = OfflineModel()


class Plan(BaseModel):
    days: int


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return "Sunny."


def find_order(text: str) -> str:
    """Look up where an order is."""
    return "It arrives on Monday."


def first(answers):
    return answers[0].content
'''


def read(folder: Path, text: str) -> Agent | Team:
    """What a file beside ``tools.py`` describes."""
    (folder / "tools.py").write_text(TOOLS)
    (folder / "team.yaml").write_text(text)
    return coterie.load(folder / "team.yaml")


@pytest.fixture(autouse=True)
def _path_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_team_runs_and_remembers(tmp_path: Path) -> None:
    team = read(
        tmp_path,
        """
        name: desk
        instructions: |
          Be brief.
          Be friendly.
        db: desk.db
        update_memory_on_run: true
        members:
          - name: orders
            role: finds an order
            tools: [./tools.py:find_order]
          - {name: billing, role: answers questions on invoice and refund}
        """,
    )
    assert isinstance(team, Team)
    assert team.instructions == "Be brief.\nBe friendly.\n"
    output = team.run("I like tea. Where is my order?", user_id="ana")
    assert "It arrives on Monday." in output.content
    assert [each.memory for each in team.memory.get_user_memories(user_id="ana")] == ["I like tea."]
    team.memory.db.close()
    assert (tmp_path / "desk.db").is_file()


def test_an_agent_has_all_its_settings(tmp_path: Path) -> None:
    agent = read(
        tmp_path,
        """
        name: ada
        tools: [./tools.py:find_order, "./tools.py:weather"]
        instructions: [Be brief., Be kind.]
        output_schema: ./tools.py:Plan
        session_state: {basket: [], since: 2026-01-02, paid: no}
        session_reducers: {basket: "operator:add"}
        retry_policy: {max_attempts: 2, retry_on: "builtins:TimeoutError"}
        timeout: 30
        model: {use: ./tools.py:MODEL}
        memory_manager: {curator: verbatim, limits: {max_edits: 2}, db: ada.db}
        """,
    )
    assert type(agent) is Agent
    assert [getattr(tool, "name", None) or getattr(tool, "__name__", None) for tool in agent.tools] == [
        "find_order",
        "weather",
    ]
    assert agent.instructions == ["Be brief.", "Be kind."]
    assert agent.output_schema is not None
    assert issubclass(agent.output_schema, BaseModel)
    assert agent.session_state == {"basket": [], "since": "2026-01-02", "paid": "no"}
    assert agent.session_reducers == {"basket": operator.add}
    assert agent.retry_policy == RetryPolicy(max_attempts=2, retry_on=TimeoutError)
    assert agent.timeout == 30
    assert agent.model is sys.modules[f"coterie:{tmp_path / 'tools.py'}"].MODEL
    assert isinstance(agent.db, SqliteDb)
    assert agent.spec().conduct.output_schema is agent.output_schema


def test_teams_in_teams_share_the_store_that_they_name(tmp_path: Path) -> None:
    text = "members: [{name: inner, db: x.db, members: [{name: a, db: x.db}]}]\nname: outer\ndb: x.db"
    team = read(tmp_path, text)
    assert isinstance(team, Team)
    (inner,) = team.members
    assert isinstance(inner, Team)
    assert team.db is not None
    assert team.db is inner.db is inner.members[0].db
    assert team.db is not None
    assert team.db.name == str(tmp_path / "x.db")


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        *((name, kind()) for name, kind in MODES.items()),
        ("{route: {fallback: b}}", Route("b")),
        ("{swarm: {first: a, handoffs: {a: [b]}, max_handoffs: 3}}", Swarm("a", {"a": ["b"]}, 3)),
        ("{broadcast: {}}", Broadcast()),
    ],
)
def test_a_mode_by_name_or_with_settings(tmp_path: Path, said: str, mode: object) -> None:
    team = read(tmp_path, f"mode: {said}\nmembers:\n  - name: a\n  - name: b")
    assert isinstance(team, Team)
    assert team.mode == mode


def test_a_mode_s_function_by_reference(tmp_path: Path) -> None:
    team = read(tmp_path, "mode: {broadcast: {join: ./tools.py:first}}\nmembers: [{name: a}]")
    assert isinstance(team, Team)
    assert isinstance(team.mode, Broadcast)
    assert team.mode.join is not None
    assert team.mode.join([Answer("a", "task", "said")]) == "said"


def test_a_model_with_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-mine")
    said = "model: {name: m, base_url: 'http://localhost:1/v1', api_key: '${MY_KEY}', temperature: 0}"
    model = read(tmp_path, said).model
    assert isinstance(model, ChatOpenAI)
    assert (model.model_name, model.openai_api_base, model.temperature) == ("m", "http://localhost:1/v1", 0)
    assert model.openai_api_key.get_secret_value() == "sk-mine"  # type: ignore[union-attr]  # it is a SecretStr


def test_a_store_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "db.example.com")
    found = read(tmp_path, "db: postgresql+psycopg://me:secret@${HOST}/team").db
    assert isinstance(found, PostgresDb)
    assert "db.example.com" in found.name


def test_an_mcp_server_is_a_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    said = "mcp: {command: uvx, args: [server], env: {TOKEN: '${TOKEN}'}, timeout: 5}"
    _, server = read(tmp_path, f"tools:\n  - ./tools.py:find_order\n  - {said}").tools
    assert isinstance(server, McpServer)
    assert (server.command, server.args, server.env, server.timeout) == ("uvx", ["server"], {"TOKEN": "secret"}, 5)


WRONG = [
    ("tools:\n  - mcp: {comand: uvx}", "2:11: tools.0.mcp.comand is not known: did you mean 'command'?"),
    ("tools:\n  - mcp: {timeout: 3}", "2:10: tools.0.mcp: "),
    ("name: a\ntoolz: []", "2:1: toolz is not known: did you mean 'tools'?"),
    ("memebers: []", "1:1: memebers is not known: did you mean 'members'?"),
    ("db: [postgresql://me:secret@host/x]", "1:5: db is ['[password in an address]host/x']: it should be a text."),
    ("members:\n  - name: a\n    xyz: 1", "3:5: members.0.xyz is not known."),
    ("mode: route", "1:1: the file has no members: give one."),
    ("members: [{name: a, notes_tokens: 9}]", "1:11: members.0 has no members: give one."),
    ("mode: rout\nmembers: []", "1:7: mode is 'rout': it should be 'coordinate', 'route', "),
    ("mode: {route: {fallbak: b}}\nmembers: []", "1:16: mode.route.fallbak is not known: did you mean 'fallback'?"),
    ("mode: {route: {}, tasks: {}}\nmembers: []", "1:7: mode: give one mode and its settings, not 2."),
    ("name: 3", "1:7: name is 3: it should be a text."),
    ("name: '...'", "1:1: the file: The name is '...': give a text with letters or digits."),
    ("name: a\ntimeout: '3'", "2:10: timeout is '3': it should be a number."),
    ("num_history_runs: 1.5", "1:19: num_history_runs is 1.5: it should be a whole number."),
    (
        "update_memory_on_run: yes",
        "1:23: update_memory_on_run is 'yes': it should be true or false or 'background' or 'later'.",
    ),
    ("members: a", "1:10: members is 'a': it should be a list."),
    ("members: [3]", "1:11: members.0 is 3: it should be a mapping."),
    ("- a", "1:1: the file is ['a']: it should be a mapping."),
    ("tools: ./tools.py:find_order", "1:8: tools is './tools.py:find_order': it should be a list."),
    ("tools: [./tools.py:find_ordr]", "1:9: tools.0: ./tools.py has no 'find_ordr': did you mean 'find_order'?"),
    ("tools: [./tools.py:NUMBER]", "1:9: tools.0: './tools.py:NUMBER' is 3, not a function."),
    ("tools: [./nope.py:x]", "1:9: tools.0: there is no file '"),
    ("tools: [nope.at.all:x]", "1:9: tools.0: there is no module 'nope'."),
    (
        "tools: [find_order]",
        "1:9: tools.0 is 'find_order': it should be a reference such as ./tools.py:name or ",
    ),
    ("output_schema: ./tools.py:find_order", "1:16: output_schema: './tools.py:find_order' is <function"),
    ("db: ${NOT_SET}/x.db", "1:5: db: the environment has no NOT_SET: set it."),
    ("db: mysql://me:secret@host/x", "1:5: db: it is 'mysql://***@host/x': give the path of a SQLite file, or"),
    ("model: {temperature: 1}", "1:8: model: give a model by its name, with settings, or by use alone."),
    ("model: {nam: x}", "1:9: model.nam is not known: did you mean 'name'?"),
    ("memory_manager:\n  curator: verbatm", "2:12: memory_manager.curator is 'verbatm': it should be a reference "),
    ("name: a\nrole: b\nname: c", "3:1: 'name' is there twice: line 1 has it too."),
    ("name: a\n  role: b", "2:7: it is not YAML: mapping values are not allowed here."),
    ("name: !!python/object:os.system x", "1:7: it is not YAML: could not determine a constructor for the tag "),
    ("a: &a [*a]", "1:1: more than 50,000 values, or nested more than 50 deep, anchors counted."),
    ("{[1]: 2}", "1:2: a key must be a text."),
]


@pytest.mark.parametrize(("text", "line"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(FileError) as told:
        read(tmp_path, text)
    assert len(told.value.lines) == 1
    assert told.value.lines[0].startswith(f"{tmp_path / 'team.yaml'}:{line}")


def test_everything_that_is_wrong_is_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "nam: a\nmembers:\n  - {name: 3, members: [{tols: []}]}\n  - tools: [./tools.py:x, ./tools.py:y]\ndb: ''"
    with pytest.raises(FileError) as told:
        read(tmp_path, text)
    places = [line.removeprefix(f"{tmp_path / 'team.yaml'}:").split(": ")[:2] for line in told.value.lines]
    assert places == [
        ["1:1", "nam is not known"],
        ["3:12", "members.0.name is 3"],
        ["3:26", "members.0.members.0.tols is not known"],
        ["4:13", "members.1.tools.0"],
        ["4:27", "members.1.tools.1"],
        ["5:5", "db"],
    ]
    assert str(told.value).splitlines() == list(told.value.lines)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
@pytest.mark.parametrize("reference", ["./broken.py:x", "broken:x"])
def test_a_module_that_fails_is_named(tmp_path: Path, module: str, message: str, reference: str) -> None:
    (tmp_path / "broken.py").write_text(module)
    with pytest.raises(FileError, match=rf"1:9: tools.0: .*broken(\.py)? cannot be loaded: {message}"):
        read(tmp_path, f"tools: ['{reference}']")
    assert "broken" not in sys.modules


def test_a_module_runs_once_and_finds_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour_of_functions.py").write_text("def f(): 'Do.'\n")
    (tmp_path / "functions.py").write_text("from neighbour_of_functions import f\ndef g(): 'Do.'\n")
    agent = read(tmp_path, "tools: [./functions.py:g, ./functions.py:f, ./functions.py:g]")
    sys.modules.pop("neighbour_of_functions")
    assert agent.tools[0] is agent.tools[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"name: \xff", "is not UTF-8"), (b" " * (LARGEST + 1), "more than 1,000,000 bytes"), (None, "cannot be read")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "team.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        coterie.load(path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "name: \x07", "[" * 2000, "a: b\n---\na: c"])
def test_what_is_no_team_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match=r"team\.yaml.*: it is "):
        read(tmp_path, text)


def test_anchors_stand_for_what_they_name_but_not_for_billions(tmp_path: Path) -> None:
    team = read(tmp_path, "members:\n  - &a {name: a, role: r, timeout: 3}\n  - {<<: *a, name: b}")
    assert isinstance(team, Team)
    assert [(each.name, each.role) for each in team.members] == [("a", "r"), ("b", "r")]
    with pytest.raises(FileError, match=r"team.yaml:3:20: members.1.name is 3"):
        read(tmp_path, "members:\n  - &a {name: a}\n  - {<<: *a, name: 3}")
    laughs = "\n".join(f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))
    with pytest.raises(FileError, match="more than 50,000 values"):
        read(tmp_path, f"k0: &a0 lol\n{laughs}")


def test_the_file_of_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/files.md").read_text()
    blocks = dict(re.findall(r"^```(yaml|python|text)[^\n]*\n(.*?)^```", page, flags=re.M | re.S)[:3])
    (tmp_path / "tools.py").write_text(blocks["python"])
    path = tmp_path / "team.yaml"
    path.write_text(blocks["yaml"])
    team = coterie.load(path)
    assert "It arrives on Monday." in team.run("Where is my order?").content
    team.memory.db.close()
    path.write_text(blocks["yaml"] + "    toolz: []\n    timeout: soon\n")
    with pytest.raises(FileError) as told:
        coterie.load(path)
    assert [line.removeprefix(f"{tmp_path}/") for line in told.value.lines] == blocks["text"].splitlines()


TEXT = st.text("abc:#'\"- {}[]\n%é", max_size=12)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["ada", "null", "no", "12", "1e3", "2026-01-02", "b: c"]),
    "role": TEXT,
    "instructions": TEXT | st.lists(TEXT),
    "update_memory_on_run": st.booleans() | st.sampled_from(["background", "later"]),
    "add_memories_to_context": st.none() | st.booleans(),
    "num_history_runs": st.integers(0, 10**6),
    "timeout": st.none() | st.floats(0.01, 1e6) | st.integers(1, 10),
    "confirm_tools": st.lists(TEXT),
    "session_state": st.none() | st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT),
}


@given(st.fixed_dictionaries({}, optional=PLAIN))
def test_settings_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "dumped.yaml"
    path.write_text(yaml.safe_dump(settings, allow_unicode=True) if settings else "{}", encoding="utf-8")
    found, meant = coterie.load(path), Agent(**settings)
    assert {each.name: getattr(found, each.name) for each in fields(found)} == {
        each.name: getattr(meant, each.name) for each in fields(meant)
    }


def test_every_setting_can_be_said_and_is_explained() -> None:
    schema = json_schema()["$defs"]
    for kind in (Agent, Team):
        properties = schema[kind.__name__]["properties"]
        assert properties.keys() == parameters(kind).keys() == {each.name for each in fields(kind)}
        assert all(properties[name].get("description") for name in properties if name != "name")


@pytest.mark.parametrize(
    ("said", "trace"),
    [
        ("true", True),
        ("runs/", "{folder}/runs/"),
        ("{to: runs.jsonl, contents: true}", Trace("{folder}/runs.jsonl", contents=True)),
        ("{contents: true}", Trace(contents=True)),
    ],
)
def test_a_trace_goes_where_the_file_is(tmp_path: Path, said: str, trace: TraceSetting) -> None:
    (tmp_path / "a.yaml").write_text(f"name: a\ntrace: {said}\n")
    loaded = coterie.load(tmp_path / "a.yaml").trace
    assert repr(loaded).replace(str(tmp_path), "{folder}") == repr(trace)
