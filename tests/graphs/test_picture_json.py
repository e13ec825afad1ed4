"""A picture as JSON: the way there and back, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given

from coterie import Agent, Team
from coterie.errors import InputError
from coterie.graphs.picture import as_json, from_json
from coterie.graphs.picturing import picture
from tests.graphs.test_picture import TEAMS, desk


@given(TEAMS)
def test_the_way_there_and_back(team: Agent | Team) -> None:
    shown = picture(team.spec())
    assert from_json(json.loads(json.dumps(as_json(shown)))) == shown


def test_its_form() -> None:
    shown = as_json(picture(desk().spec()))
    assert list(shown) == ["root", "start", "end", "store", "edges"]
    assert shown["root"]["members"][0]["nodes"][0] == {
        "id": "desk/scout/recall",
        "kind": "recall",
        "label": "recall",
        "details": ["memories", "notes"],
    }
    assert shown["edges"][0] == {"source": "/start", "target": "desk/recall", "kind": "always", "label": ""}


def test_fields_of_a_later_version_are_ignored() -> None:
    shown = picture(desk().spec())
    assert from_json({**as_json(shown), "colours": "new"}) == shown


def changed(**fields: Any) -> dict[str, Any]:
    return {**as_json(picture(desk().spec())), **fields}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "all of it: "),
        ([], "all of it: "),
        ({"root": {}}, r"root\.id: Field required"),
        (changed(start={"id": "/start", "kind": "begin", "label": ""}), r"start\.kind: Input should be 'start'"),
        (changed(end=changed()["start"]), "the ids: '/start' is there 2 times"),
        (changed(edges=[{"source": "/start", "target": "x", "kind": "read"}]), "edges: one goes from '/start' to 'x'"),
    ],
)
def test_what_is_no_picture(data: Any, why: str) -> None:
    with pytest.raises(InputError, match=rf"^This is no picture of a graph \({why}"):
        from_json(data)
