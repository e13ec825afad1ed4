"""Graphviz text."""

import pytest
from hypothesis import given

from coterie import Agent, SqliteDb, Team
from coterie.graphs.dot import MAX_LABEL, dot
from coterie.graphs.folding import folded
from coterie.graphs.picturing import picture
from coterie.text import one_line
from tests.graphs.test_picture import TEAMS, desk
from tests.support.dot import read, shown

ODD = ['a "b" <c> {d|e}', "back\\", "\\N \\G", "&lt; &amp;", "digraph", "a\nb", "a\x00b", "調査", "-> x", "a;b # c //"]


@pytest.mark.parametrize("name", ODD)
def test_any_name_is_shown_as_it_is(name: str) -> None:
    graph = read(dot(picture(Team(name, [Agent(name, role=name)], db=SqliteDb("a.db")).spec())))
    labels = [shown(attributes["label"]) for attributes in graph.clusters.values()]
    line = one_line(name, MAX_LABEL)
    assert labels == [[line, ""], [line, line, ""]]


@given(TEAMS)
def test_any_team_is_sound_dot(team: Agent | Team) -> None:
    whole = picture(team.spec())
    for drawn in (whole, folded(whole, 1), folded(whole, 2, memory=False)):
        graph = read(dot(drawn))
        boxes = [cluster for cluster in drawn.clusters() if cluster.folded]
        assert len(graph.nodes) == len(list(drawn.nodes())) + len(boxes)
        assert len(graph.clusters) == len(list(drawn.clusters())) - len(boxes)
        below = 1 if drawn.store else 0
        assert len(graph.edges) == len(drawn.steps) + len(drawn.uses) + below


def test_edges_end_at_the_border_of_members_and_tell_what_they_are() -> None:
    graph = read(dot(picture(desk().spec())))
    drawn = {(source, target): attributes for source, target, attributes in graph.edges}
    to_scout = drawn["desk/leader", "desk/scout/recall"]
    assert to_scout == {"lhead": "cluster:desk/scout", "label": "task", "style": "dashed"}
    assert drawn["desk/scout/recall", "desk/leader"] == {"ltail": "cluster:desk/scout"}
    assert drawn["/memory", "desk/recall"] == {"color": "#23897c", "constraint": "false"}
    assert drawn["desk/curate", "/memory"]["dir"] == "both"
