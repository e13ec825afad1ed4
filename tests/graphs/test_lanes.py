"""The lanes of a run as text."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coterie.graphs.lanes import lanes_lines, lanes_text
from coterie.graphs.timeline import Timeline
from coterie.graphs.trace import Record
from tests.graphs.test_timeline import START, at, end, ended, runs, started

HIT: dict[str, Any] = {"memory_id": "m"}
RUN: list[Record] = [
    started(0, 1, "desk", "recall"),
    {"kind": "memory_recalled", "at": at(0.01), "path": "desk", "source": "desk", "hits": [HIT, HIT]},
    ended(0.01, 1),
    started(0.01, 2, "desk", "leader"),
    ended(4, 2, 1200),
    started(4, 3, "desk", "scout"),
    started(4, 4, "desk/scout", "model", 3),
    started(4, 5, "desk", "clerk"),
    started(4, 6, "desk/clerk", "model", 5),
    ended(6, 4, 30),
    started(6, 7, "desk/scout", "tools", 3),
    ended(8, 6, error="RunError"),
    ended(8, 5, error="RunError"),
    ended(9, 7),
    ended(10, 3),
    started(10, 8, "desk", "curate"),
    {
        "kind": "memory_curated",
        "at": at(11.9),
        "path": "desk",
        "source": "desk",
        "changes": [{"op": "add", "memory_id": "n", "before": None, "after": {"superseded_by": None}}],
    },
    ended(12, 8),
    end(12),
]


def test_the_lanes_of_a_team() -> None:
    assert lanes_text(RUN, 84).splitlines() == [
        "        0 s                               12.0 s  steps  calls    tokens  memory r/w",
        "desk    ░█████████████                   ▓▓▓▓▓▓▓      3      1     1,200         2/1",
        "  scout              ███████▒▒▒▒▒▒▒▒▒▒────            2      1        30         0/0",
        "  clerk              █████████████✗                   1      0         -         0/0",
        "memory  ◂                                      +",
        "░ recall  ▒ tools  ▓ curate  █ model  ─ at work  ✗ failed  ◂ memory read  + added",
    ]


def test_without_anything_but_ascii() -> None:
    text = lanes_text(RUN, 84, ascii=True)
    assert text.isascii()
    assert "  scout              #######%%%%%%%%%%----" in text


def test_in_little_room_there_are_fewer_numbers() -> None:
    assert lanes_text(RUN, 60).splitlines()[0].split() == ["0", "s", "12.0", "s", "tokens", "r/w"]
    assert lanes_text(RUN, 30).splitlines()[0].split() == ["0", "s", "12.0", "s"]


@given(runs(), st.integers(24, 160), st.booleans())
def test_no_line_is_too_long(records: list[Record], width: int, ascii: bool) -> None:
    assert all(cell_len(line) <= width for line in lanes_text(records, width, ascii=ascii).splitlines())


@pytest.mark.parametrize("name", ["東京の専門家が答えます", "an agent with a very long name indeed", "a\x1b[2J[bold]b"])
def test_any_name_leaves_the_bars_in_their_place(name: str) -> None:
    records = [{**started(0, 1, "a", "model"), "source": name}, ended(1, 1), started(1, 2, "b", "model"), ended(2, 2)]
    lines = lanes_text([*records, end(2)], 60).splitlines()
    first, second = (cell_len(line[: line.index("█")]) for line in lines[1:3])
    assert first == lines[0].index("0 s")
    assert second - cell_len(lines[1][: lines[1].rindex("█")]) in (0, 1)  # they may share the cell in the middle
    assert "\x1b" not in "".join(lines)


def test_a_bar_grows_while_the_run_goes_on() -> None:
    timeline = Timeline.of([started(0, 1, "desk", "leader")])
    bars = []
    for seconds in (1, 2.5, 4.9):
        lines = lanes_lines(timeline, 80, datetime_at(seconds))
        bars.append(sum(text.count("█") for text, _ in lines[1]))
        assert "bold" in lines[1][0][1]  # who is at work
    assert bars[0] < bars[2]
    assert bars[1] < bars[2]


def test_those_that_work_are_shown_first_where_there_is_no_room() -> None:
    records = [started(place, place, f"agent {place}", "model") for place in range(1, 9)]
    timeline = Timeline.of([*records, ended(9, 2), *(ended(10 + place, place) for place in range(5, 9))])
    lines = ["".join(text for text, _ in line) for line in lanes_lines(timeline, 80, datetime_at(20), most=3)]
    assert [line[:7] for line in lines[1:4]] == ["agent 1", "agent 3", "agent 4"]
    assert "… and 5 rows more" in lines


def datetime_at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)
