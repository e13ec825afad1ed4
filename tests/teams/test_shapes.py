"""Traces that somebody else wrote: what no reader could take is said with its line, and the rest may be anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from coterie.errors import InputError
from coterie.graphs.trace import KINDS
from coterie.memory.db import Db
from coterie.teams.shapes import _SHAPES, wrong_with
from coterie.teams.tracing import read_trace
from tests.support.traced import everything, place

FIRST = {"kind": "run_started", "at": "2026-11-26T04:10:00+00:00", "run_id": "run", "schema": 1, "name": "desk"}
WHERE = {"at": "2026-11-26T04:10:01Z", "step": 1, "path": "desk", "node": "model", "source": "desk"}
CALL = {"model": "m", "started": WHERE["at"], "seconds": 1.0, "input_tokens": None, "output_tokens": 3}


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("\n\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**FIRST, "name": 3}, "1: name of the record run_started: input should be a valid string"),
        ({**FIRST, "at": "today"}, "1: at of the record run_started: no time with a zone in ISO 8601"),
        ({**FIRST, "at": "2026-11-26T04:10:00"}, "1: at of the record run_started: no time with a zone"),
        ({**FIRST, "graph": [1]}, "1: graph of the record run_started: input should be a valid dictionary"),
        ({**WHERE, "kind": "step_started"}, "3: parent of the record step_started: field required"),
        ({**WHERE, "kind": "step_started", "parent": "2"}, "3: parent of the record step_started: input should be"),
        (
            {**WHERE, "kind": "step_finished", "seconds": 1, "calls": [CALL, {**CALL, "seconds": "1"}], "error": None},
            "3: calls.1.seconds of the record step_finished: input should be a valid number",
        ),
        ({**WHERE, "kind": "handed_over", "member": "a", "to": None}, "3: to of the record handed_over: input should"),
        ({"kind": "unheard of", "at": "then"}, "3: at of the record unheard of: no time"),
    ],
)
def test_a_field_of_a_wrong_type_is_said_with_its_line(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "run.jsonl", *([] if wrong["kind"] == "run_started" else [FIRST]), wrong)
    with pytest.raises(InputError) as raised:
        read_trace(path)
    assert str(raised.value).startswith(f"{path}:{said}")
    assert str(raised.value).endswith("That is no record of coterie: take the line out.")


def test_what_is_not_known_may_be_whatever_it_is(tmp_path: Path) -> None:
    records = [FIRST | {"more": [1]}, {"kind": "unheard of", "at": WHERE["at"], "step": "x", "calls": 3}]
    assert [record["kind"] for record in read_trace(write(tmp_path / "run.jsonl", *records))] == [
        "run_started",
        "unheard of",
    ]


@pytest.mark.parametrize("contents", [False, True])
def test_all_that_coterie_writes_is_taken(db: Db, tmp_path: Path, contents: bool) -> None:
    records = everything(db, place("store", tmp_path, db), contents=contents)
    assert [wrong for record in records if (wrong := wrong_with(record)) is not None] == []
    assert {record["kind"] for record in records} == set(_SHAPES)
    assert set(_SHAPES) == {kind for kind, _ in KINDS.values()} | {"run_started", "run_resumed", "run_finished"}
