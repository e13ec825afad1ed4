"""Tools of a real MCP server: a process that is started, and one that speaks HTTP on loopback."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from coterie import Agent, McpServer, RunOutput, Team
from coterie.errors import ConfigurationError
from tests.support.scripted import ScriptedModel, calls

pytest.importorskip("langchain_mcp_adapters", reason="pip install 'coterie[mcp]'")

SCRIPT = str(Path(__file__).parents[1] / "support/mcp_server.py")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with subprocess.Popen([sys.executable, SCRIPT, "--http"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/mcp"
        process.kill()  # a call hangs in it


@pytest.fixture(params=["stdio", "http"])
def where(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "http":
        return {"url": request.getfixturevalue("url")}
    return {"command": sys.executable, "args": [SCRIPT]}


def program(**options: Any) -> McpServer:
    return McpServer(command=sys.executable, args=[SCRIPT], **options)


def agent(*servers: McpServer, asks: list[tuple[str, dict[str, Any]]]) -> Agent:
    """Calls the tools, and answers with what they said."""

    def script(messages: list[Any]) -> Any:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " ".join(answers) if answers else calls(*asks)

    return Agent("a", model=ScriptedModel(script=script), tools=servers)


def answers(output: RunOutput) -> list[ToolMessage]:
    return [message for message in output.messages if isinstance(message, ToolMessage)]


def test_its_tools_work_in_every_run(where: dict[str, Any]) -> None:
    asked = agent(McpServer(**where), asks=[("add", {"a": 2, "b": 3}), ("text_upper", {"text": "hi"})])
    assert asked.run("go").content == "5 HI"
    assert asyncio.run(asked.arun("go")).content == "5 HI"

    async def within_a_loop() -> RunOutput:
        return agent(McpServer(**where), asks=[("add", {"a": 1, "b": 1})]).run("go")

    output = asyncio.run(within_a_loop())
    assert output.content == "2"
    assert answers(output)[0].artifact == {"structured_content": {"result": 2}}


def test_what_a_tool_refuses_is_told_to_the_model(where: dict[str, Any]) -> None:
    asked = agent(McpServer(**where), asks=[("fail", {"why": "too cold"}), ("add", {"a": "x"})])
    for output in (asked.run("go"), asyncio.run(asked.arun("go"))):
        assert "too cold" in output.content
        assert [answer.status for answer in answers(output)] == ["error", "error"]


def test_the_tools_are_described_as_the_server_does(where: dict[str, Any]) -> None:
    (tool,) = McpServer(**where, include=["add"]).tools
    assert (tool.name, tool.description) == ("add", "Add two numbers.")
    assert set(tool.args) == {"a", "b"}


def test_some_tools_under_names_of_ones_own() -> None:
    server = program(include=["text.upper", "add"], prefix="small.")
    assert [tool.name for tool in server.tools] == ["small_text_upper", "small_add"]
    assert agent(server, asks=[("small_text_upper", {"text": "hi"})]).run("go").content == "HI"


def test_two_servers_in_one_agent(url: str) -> None:
    both = agent(
        program(include=["add"], prefix="one_"),
        McpServer(url=url, include=["add"], prefix="two_"),
        asks=[("one_add", {"a": 1, "b": 2}), ("two_add", {"a": 3, "b": 4})],
    )
    assert both.run("go").content == "3 7"


def test_a_server_is_asked_for_its_tools_once() -> None:
    server = program(include=["add"])
    members = [Agent("one", tools=[server]), Agent("two", tools=[server])]
    assert Team("t", members, model=ScriptedModel(script=lambda messages: "ok"), tools=[server]).run("go").content
    assert server.tools is server.tools


def test_it_gets_its_variables_and_headers(url: str) -> None:
    assert agent(program(env={"TOKEN": "t0ken"}), asks=[("token", {})]).run("go").content == "t0ken"
    assert agent(McpServer(url=url, headers={"X-Token": "h"}), asks=[("header", {})]).run("go").content == "h"


def test_nothing_of_this_process_is_handed_on_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "ours")
    assert agent(program(), asks=[("token", {})]).run("go").content == "none"
    assert agent(program(env={"TOKEN": "${TOKEN}"}), asks=[("token", {})]).run("go").content == "ours"


def test_a_server_that_dies_in_a_call_is_told_to_the_model() -> None:
    mortal = program(include=["die"])
    output = agent(mortal, asks=[("die", {})]).run("go")
    assert output.content == f"ToolException: {mortal!r} did not answer: McpError: Connection closed."
    assert [answer.status for answer in answers(output)] == ["error"]


def test_a_server_that_hangs_is_told_to_the_model(url: str) -> None:
    assert McpServer(url=url).tools  # the program has started
    output = agent(McpServer(url=url, include=["hang"], timeout=10), asks=[("hang", {})]).run("go")
    assert output.content == f"ToolException: McpServer('{url}') did not answer: it took longer than 10 seconds."
    assert [answer.status for answer in answers(output)] == ["error"]


def test_a_server_that_went_away_is_told_to_the_model() -> None:
    with subprocess.Popen([sys.executable, SCRIPT, "--http"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        gone = agent(McpServer(url=f"http://127.0.0.1:{port}/mcp"), asks=[("add", {"a": 1, "b": 1})])
        assert gone.run("go").content == "2"
        process.terminate()
    with socket.socket() as nobody:  # has the port, so that no other server gets it, and does not listen
        nobody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        nobody.bind(("127.0.0.1", port))
        for output in (gone.run("go"), asyncio.run(gone.arun("go"))):
            assert "/mcp') did not answer: ConnectError: " in output.content
            assert [answer.status for answer in answers(output)] == ["error"]


def test_making_an_agent_starts_nothing() -> None:
    Agent("a", tools=[McpServer(command="no-such-program")])


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (
            McpServer(command="no-such-program", args=["--fast"]),
            r"no-such-program --fast.*FileNotFoundError: .*terminal",
        ),
        (McpServer(command=sys.executable, args=["-c", "raise SystemExit(1)"]), r"-c.*Connection closed.*terminal"),
        (McpServer(url="http://127.0.0.1:9/mcp"), r"127.0.0.1:9/mcp.*ConnectError: .*Is it running"),
        (McpServer(command="sleep", args=["60"], timeout=0.5), "it took longer than 0.5 seconds"),
        (program(include=["add", "divide"]), "has no tool 'divide': it has add, text.upper, fail"),
    ],
)
def test_a_server_that_cannot_be_had_is_an_error_of_the_configuration(server: McpServer, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        Agent("a", tools=[server]).run("hi")


def test_a_server_that_was_down_is_asked_again(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    late = agent(McpServer(command=sys.executable, args=[str(script)]), asks=[("add", {"a": 1, "b": 1})])
    with pytest.raises(ConfigurationError, match=r"server\.py"):
        asyncio.run(late.arun("go"))
    script.write_text(Path(SCRIPT).read_text())
    assert late.run("go").content == "2"


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_mcp_adapters.tools", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'coterie\[mcp\]'"):
        Agent("a", tools=[program()]).run("hi")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "either command=... or url=..., not both"),
        ({"command": "uvx", "url": "http://x/mcp"}, "either command=... or url=..., not both"),
        ({"url": "http://x/mcp", "args": ["a"]}, "has args"),
        ({"url": "http://x/mcp", "env": {"TOKEN": "secret"}}, "has env"),
        ({"command": "uvx", "headers": {"Authorization": "secret"}}, "has headers"),
        ({"command": "uvx", "args": "mcp-server-fetch"}, r"write args=\[...\]"),
        ({"command": "uvx", "include": "fetch"}, r"write include=\[...\]"),
    ],
)
def test_settings_that_cannot_be(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as raised:
        McpServer(**options)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("server", "shown"),
    [
        (McpServer(command="uvx", args=["a b"], env={"TOKEN": "secret"}), """McpServer("uvx 'a b'")"""),
        (McpServer(command="uvx", args=["--api-key=secret123"]), "McpServer('uvx --[password]')"),
        (
            McpServer(url="https://ana:secret@x.org/mcp?key=secret", headers={"Authorization": "secret"}),
            "McpServer('https://***@x.org/mcp')",
        ),
    ],
)
def test_its_repr_shows_no_secret(server: McpServer, shown: str) -> None:
    assert repr(server) == shown


def tools_drawn(*servers: McpServer, **options: Any) -> tuple[str, ...]:
    drawn = Agent("a", tools=servers, **options).picture().root.node("tools")
    assert drawn
    return drawn.details


def test_a_drawing_asks_no_server_and_names_it() -> None:
    absent = McpServer(command="no-such-program", args=["--api-key=secret123"])
    far = McpServer(url="https://ana:secret@x.invalid/mcp?key=secret")
    assert tools_drawn(absent, far) == ("MCP: no-such-program --[password]", "MCP: https://***@x.invalid/mcp")
    assert tools_drawn(McpServer(command="absent", include=["text.upper"], prefix="my_")) == ("my_text_upper",)
    team = Team("t", [Agent("a", tools=[absent], confirm_tools=["one of its"])], tools=[far])
    assert "MCP: no-such-program" in team.draw()


def test_a_drawing_has_the_tools_that_a_server_told() -> None:
    server = program(include=["add", "fail"])
    assert [tool.name for tool in server.tools] == ["add", "fail"]
    assert tools_drawn(server) == ("add", "fail")
    asked = agent(program(include=None), asks=[("add", {"a": 1, "b": 1})])
    assert "MCP: " in asked.draw()
    asked.run("go")
    assert "add, text_upper, fail" in asked.draw()


def test_a_tool_to_confirm_is_looked_for_when_all_tools_are_known() -> None:
    with pytest.raises(ConfigurationError, match="confirm_tools has 'divide'"):
        Agent("a", tools=[program(include=["add"])], confirm_tools=["divide"]).run("go")
