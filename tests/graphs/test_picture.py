"""Drawings: what they hold, and that any name can be drawn."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coterie import Agent, SqliteDb, Team
from coterie.errors import ConfigurationError
from coterie.graphs.mermaid import mermaid
from coterie.graphs.modes import MODES
from coterie.graphs.picture import Edge, Picture
from coterie.graphs.picturing import picture
from coterie.graphs.spec import slug
from coterie.graphs.terminal import drawing


def search(text: str) -> str:
    """Search."""
    return text


def desk() -> Team:
    members = [Agent("scout", role="finds facts", tools=[search]), Agent("writer", role="writes")]
    return Team("desk", members, db=SqliteDb("data/desk.db"), update_memory_on_run=True)


def nested() -> Team:
    """Two teams with a member of the same name."""
    research = Team("research", [Agent("writer"), Agent("scout", tools=[search])], role="finds out")
    press = Team("press", [Agent("writer")], tools=[search])
    return Team("company", [research, press], db=SqliteDb("company.db"), update_memory_on_run=True)


def edges(shown: Picture, kind: str) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in shown.edges if edge.kind == kind}


def test_an_agent_by_itself() -> None:
    shown = picture(Agent("a").spec())
    assert [node.id for node in shown.nodes()] == ["/start", "a/model", "/end"]
    assert edges(shown, "always") == {("/start", "a/model"), ("a/model", "/end")}


def test_the_steps_of_an_agent_with_tools_and_memory() -> None:
    agent = Agent("a", tools=[search], db=SqliteDb("a.db"), update_memory_on_run=True)
    shown = picture(agent.spec())
    assert [node.kind for node in shown.root.nodes] == ["recall", "model", "tools", "curator"]
    assert edges(shown, "choice") == {("a/model", "a/tools"), ("a/model", "a/curate")}
    assert ("a/tools", "a/model") in edges(shown, "always")
    assert edges(shown, "read") == {("/memory", "a/recall"), ("/memory", "a/curate")}
    assert edges(shown, "write") == {("a/curate", "/memory")}


def test_a_curator_that_only_keeps_the_turn_reads_nothing() -> None:
    shown = picture(Agent("a", db=SqliteDb("a.db")).spec())
    assert edges(shown, "read") == {("/memory", "a/recall")}
    assert edges(shown, "write") == {("a/curate", "/memory")}


def test_members_read_the_memory_and_the_team_alone_curates() -> None:
    shown = picture(desk().spec())
    assert [cluster.id for cluster in shown.clusters()] == ["desk", "desk/scout", "desk/writer"]
    assert edges(shown, "write") == {("desk/curate", "/memory")}
    assert ("/memory", "desk/scout/recall") in edges(shown, "read")
    assert ("desk/leader", "desk/scout") in edges(shown, "choice")
    assert ("desk/scout", "desk/leader") in edges(shown, "always")


def test_what_is_drawn_of_a_run_is_in_the_compiled_graph() -> None:
    team = desk()
    compiled = set(team.graph.get_graph().nodes)
    steps = {node.id.removeprefix("desk/") for node in picture(team.spec()).root.nodes}
    assert steps | {"scout", "writer"} <= compiled


def test_equal_names_in_two_teams_are_two_nodes() -> None:
    shown = picture(nested().spec())
    ids = [node.id for node in shown.nodes()] + [cluster.id for cluster in shown.clusters()]
    assert len(set(ids)) == len(ids)
    assert {"company/research/writer", "company/press/writer"} <= set(ids)


def test_a_graph_that_cannot_be_compiled_is_not_drawn() -> None:
    with pytest.raises(ConfigurationError, match="cannot be told apart"):
        Team("t", [Agent("a"), Agent("a")]).draw()


DESK = """\
team desk                                               ║
│                                                       ║
├─ recall · 5 earlier turns · memories ◀────────────────╢
│                                                       ║
├─ leader · offline                                     ║
│  │                                                    ║
│  ├┄▷ scout · finds facts                              ║
│  │   ├─ recall · memories · notes ◀───────────────────╢
│  │   ├─ model · offline                               ║
│  │   ╰─ tools · search, share_note                    ║
│  │                                                    ║
│  ╰┄▷ writer · writes                                  ║
│      ├─ recall · memories · notes ◀───────────────────╢
│      ╰─ model · offline                               ║
│                                                       ║
╰─ ◆ curator · keeps the turn · curates the memory ◀───▶╢
                               shared memory · desk.db ═╝
"""


def test_the_terminal_drawing() -> None:
    assert desk().draw() == DESK


def boxes(team: Agent | Team) -> dict[str, tuple[str, ...]]:
    """What each step has below its name, by its id."""
    return {node.id: node.details for node in picture(team.spec()).nodes()}


def test_notes_are_named_where_members_read_and_share_them() -> None:
    store = SqliteDb("desk.db")
    shown = boxes(Team("t", [Agent("a", tools=[search]), Team("b", [Agent("c")])], db=store))
    assert shown["t/a/recall"] == shown["t/b/c/recall"] == ("memories", "notes")
    assert "notes" not in shown["t/recall"]
    assert shown["t/a/tools"] == ("search", "share_note")
    swarm = boxes(Team("s", [Agent("a"), Agent("b")], mode="swarm", db=store))
    assert swarm["s/a/tools"] == ("share_note",)


@pytest.mark.parametrize("settings", [{"db": None}, {"share_notes": False}, {"member_context": "task"}])
def test_where_no_notes_are_shared_none_are_named(settings: dict[str, Any]) -> None:
    team = Team("t", [Agent("a", tools=[search]), Agent("b")], **{"db": SqliteDb("t.db"), **settings})
    assert not {"notes", "share_note"} & {detail for details in boxes(team).values() for detail in details}


def test_ascii_has_nothing_else() -> None:
    text = drawing(picture(nested().spec()), ascii=True)
    assert text.isascii()
    assert cell_len(text.splitlines()[0]) == cell_len(nested().draw().splitlines()[0])


MERMAID = """\
flowchart TB
  run_starts(["start"])
  subgraph agent_a["a"]
    recall_a["recall<br/>5 earlier turns<br/>memories"]
    model_a["model<br/>finds facts<br/>offline"]
    curator_a{{"curator<br/>keeps the turn<br/>curates the memory"}}
  end
  run_ends(["end"])
  shared_memory[("shared memory<br/>a.db")]
  run_starts --> recall_a
  recall_a --> model_a
  model_a --> curator_a
  curator_a --> run_ends
  shared_memory -.-> recall_a
  curator_a <-.-> shared_memory
  linkStyle default stroke:#57626f
  linkStyle 4 stroke:#23897c
  linkStyle 5 stroke:#d2552f
  classDef agent fill:#ffffff,stroke:#c2ccd6,color:#23405c
  class agent_a agent
  classDef start fill:#e6eaef,stroke:#c2ccd6,color:#1f2933
  class run_starts,run_ends start
  classDef asks fill:#eceefd,stroke:#767ddb,color:#23265a
  class model_a asks
  classDef recall fill:#dcf4ee,stroke:#2a9d8f,color:#0f3a34
  class recall_a recall
  classDef curator fill:#fde6dd,stroke:#dd6340,color:#4a1a0b
  class curator_a curator
  classDef memory fill:#fff2cc,stroke:#c4941a,color:#443204
  class shared_memory memory
"""


def test_mermaid(tmp_path: Path) -> None:
    agent = Agent("a", role="finds facts", db=SqliteDb("a.db"), update_memory_on_run=True)
    assert agent.draw(tmp_path / "a.mmd") == MERMAID
    assert (tmp_path / "a.mmd").read_text(encoding="utf-8") == MERMAID


def test_mermaid_escapes_what_it_would_read_as_its_own() -> None:
    text = mermaid(picture(Agent('a "b" [c] (d)', role="1. <b>#1</b> `x` $y$ & style: #f00;").spec()))
    assert '["a #34;b#34; [c] (d)"]' in text
    assert "1#46; #60;b#62;#35;1#60;/b#62; #96;x#96; #36;y#36; #38; style#58; #35;f00#59;" in text


def test_mermaid_sees_no_directive_no_formula_and_no_icon_in_a_label() -> None:
    text = mermaid(picture(Agent("%%{init: {}}%%", role="$$x$$ fa:fa-car").spec()))
    assert '["#37;#37;{init#58; {}}#37;#37;"]' in text
    assert "#36;\u200b#36;x#36;\u200b#36; fa#58;\u200bfa-car<br/>" in text


@pytest.mark.parametrize("name", ["end", "graph", "subgraph", "class", "調査", "x", "!!"])
def test_no_name_is_a_word_of_mermaid(name: str) -> None:
    names = re.findall(r"^ +(?:subgraph )?(\w+)[\[({]", mermaid(picture(Agent(name).spec())), flags=re.M)
    assert len(names) == 4
    assert all(re.match(r"(agent|model|run)_|agent$|model$", each) for each in names)


STORE = SqliteDb("a.db")
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80).filter(lambda name: slug(name))


def trees(children: st.SearchStrategy[Agent | Team]) -> st.SearchStrategy[Team]:
    members = st.lists(children, min_size=1, max_size=4, unique_by=lambda each: slug(each.name))
    return st.builds(
        Team, NAMES, members, role=NAMES, mode=st.sampled_from(list(MODES)), db=st.sampled_from([None, STORE])
    )


AGENTS = st.builds(Agent, NAMES, role=NAMES, db=st.sampled_from([None, STORE]))
TEAMS: st.SearchStrategy[Agent | Team] = st.recursive(AGENTS, trees, max_leaves=12)


@given(TEAMS)
def test_any_team_can_be_drawn(team: Agent | Team) -> None:
    shown = picture(team.spec())
    ids = [node.id for node in shown.nodes()] + [cluster.id for cluster in shown.clusters()]
    assert len(set(ids)) == len(ids)
    assert all(_joins(edge, set(ids)) for edge in shown.edges)
    _check_mermaid(mermaid(shown), len(ids))
    _check_terminal(drawing(shown, 90), shown)


def _joins(edge: Edge, ids: set[str]) -> bool:
    return edge.source in ids and edge.target in ids


def _check_mermaid(text: str, things: int) -> None:
    lines = text.splitlines()
    boxes = [line for line in lines if '"' in line and "|" not in line]
    names = [re.sub(r"^subgraph ", "", line.strip()).partition("[")[0].partition("(")[0] for line in boxes]
    assert len(boxes) == len({name.partition("{")[0] for name in names}) == things
    assert all(line.count('"') == 2 for line in boxes)
    assert sum(line.strip().startswith("subgraph ") for line in lines) == sum(line.strip() == "end" for line in lines)


def _check_terminal(text: str, shown: Picture) -> None:
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= 90
    assert len(lines) >= len(list(shown.clusters()))
    if shown.store:
        assert len({cell_len(line) for line in lines[:-1]}) == 1
