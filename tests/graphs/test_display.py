"""What a notebook shows: our own drawing, and nothing goes out for it."""

import subprocess
import sys
from pathlib import Path

from coterie import Agent, SqliteDb, Team

SHOWING = """
import socket, sys
from coterie import Agent, McpServer, SqliteDb, Team

asked, out = [], ("connect", "getaddrinfo", "gethostbyname", "sendto", "sendmsg")
def note(event, arguments):
    if event in [f"socket.{call}" for call in out]:
        asked.append(event)
        raise OSError(f"{event}{arguments}: nothing is to go out")
sys.addaudithook(note)

server = McpServer(url="http://127.0.0.1:9/mcp")
db = SqliteDb("desk.db")
team = Team("desk", [Agent("scout", tools=[server]), Agent("writer")], db=db, update_memory_on_run=True)
agent = Agent("a", db=SqliteDb("a.db"))
for shown in (team, agent, agent.graph, team.members[1].graph):
    assert shown._repr_svg_().startswith("<svg "), shown
assert agent.graph._repr_mimebundle_(include=None, exclude=None)
for format in ("tree", "ascii", "svg", "png", "mermaid", "dot", "json", "html"):
    team.draw(format=format)
assert not asked, asked
try:
    socket.create_connection(("127.0.0.1", 9))
except OSError:
    pass
print(len(asked))
"""


def test_no_drawing_and_no_display_opens_a_connection(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SHOWING], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "the hook sees none: this test shows nothing"
    assert not list(tmp_path.iterdir())


def test_a_notebook_shows_the_svg() -> None:
    team = Team("desk", [Agent("scout")], db=SqliteDb("desk.db"))
    drawn = team.draw(format="svg")
    assert team._repr_svg_() == drawn
    shown = team.graph._repr_mimebundle_(include=None, exclude=None)
    assert shown == {"text/plain": repr(team.graph), "image/svg+xml": drawn}


def test_what_is_not_finished_can_be_looked_at_in_a_terminal() -> None:
    assert not hasattr(Team("desk"), "_repr_mimebundle_"), "IPython asks for it in a terminal as well"


def test_the_graph_that_langgraph_knows_is_still_there() -> None:
    team = Team("desk", [Agent("scout"), Agent("writer")])
    known = team.graph.get_graph()
    assert {"__start__", "leader", "scout", "writer", "__end__"} <= set(known.nodes)
    assert "leader" in known.draw_mermaid()
    assert team.graph.with_config({"tags": ["x"]}).draw() == team.draw()  # type: ignore[attr-defined]
