"""Spans and lanes of a run, read from its records: of real runs, and of any that may come."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie import Agent, SqliteDb, Team
from coterie.graphs.modes import MODES
from coterie.graphs.spans import Span
from coterie.graphs.timeline import Timeline, Totals
from coterie.graphs.trace import Record, Records
from coterie.memory.values import StoredRun
from tests.support.teams import failing, member

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def started(seconds: float, step: int, path: str, node: str, parent: int | None = None) -> Record:
    source = path.rpartition("/")[2]
    where = {"path": path, "node": node, "source": source, "step": step}
    return {"kind": "step_started", "at": at(seconds), "parent": parent, **where}


def ended(seconds: float, step: int, *tokens: int, error: str | None = None) -> Record:
    calls = [
        {"model": "m", "started": at(0), "seconds": 1.0, "input_tokens": each, "output_tokens": None} for each in tokens
    ]
    return {"kind": "step_finished", "at": at(seconds), "step": step, "calls": calls, "error": error, "path": "desk"}


def end(seconds: float, status: str = "finished") -> Record:
    return {"kind": "run_finished", "at": at(seconds), "status": status}


def records_of(target: Agent | Team, said: str, **who: Any) -> list[Record]:
    made = Records(StoredRun("run", None, None, None, None, target.name, started_at=datetime.now(UTC)), contents=True)
    found = (made.of(event) for event in target.run(said, stream=True, **who))
    return [record for record in found if record is not None]


def placed(timeline: Timeline) -> Iterator[Span]:
    for lane in timeline.lanes():
        for row in lane.rows:
            yield from (*row.visits, *row.steps)


def check(timeline: Timeline) -> None:
    """What holds of every timeline."""
    assert sorted(placed(timeline), key=lambda span: span.step) == [*timeline.spans.values()]
    for lane in timeline.lanes():
        for row in lane.rows:
            for spans in (row.visits, row.steps):
                assert all(one.until() <= other.started for one, other in pairwise(spans))
    assert sum((lane.totals for lane in timeline.lanes()), Totals()) == timeline.totals
    calls = [call for span in timeline.spans.values() for call in span.calls]
    assert timeline.totals.model_calls == len(calls)
    assert timeline.totals.tokens == sum(call.input_tokens or 0 for call in calls)


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    """Steps of a team and its members, one in the other, that begin and end whenever they like; some never end."""
    records: list[Record] = [started(0, 1, "desk", "leader")]
    open_steps = {1: ("desk", "leader")}
    number = 1
    for seconds in range(1, draw(st.integers(0, 40))):
        if draw(st.booleans()) and open_steps:
            step = draw(st.sampled_from(sorted(open_steps)))
            del open_steps[step]
            records.append(ended(seconds / 2, step, *draw(st.lists(st.integers(0, 9), max_size=2))))
        else:
            parent = draw(st.sampled_from([None, *sorted(open_steps)]))
            path, node = open_steps[parent] if parent else ("", "")
            path = f"{path}/{node}" if path and node in "abc" else "desk"
            number += 1
            open_steps[number] = (path, draw(st.sampled_from(["recall", "model", "a", "b", "c"])))
            records.append(started(seconds / 2, number, *open_steps[number], parent))
    return [*records, end(99)] if draw(st.booleans()) else records


@given(runs())
def test_each_step_is_drawn_once_and_nothing_overlaps(records: list[Record]) -> None:
    check(Timeline.of(records))


@given(runs(), st.data())
def test_a_run_may_be_read_while_it_goes_on(records: list[Record], data: st.DataObject) -> None:
    check(Timeline.of(records[: data.draw(st.integers(0, len(records)))]))


@pytest.mark.parametrize("mode", MODES)
def test_a_lane_for_each_who_worked(mode: str) -> None:
    panel = Team("panel", [member("a"), member("b")], mode="broadcast", role="knows of refunds")
    orders = Agent("orders", role="knows where a parcel is")
    desk = Team("desk", [orders, panel], mode=mode, db=SqliteDb(), update_memory_on_run=True)
    records = records_of(desk, "I like tea. Where is my parcel, and what about the refund?", user_id="ana")
    timeline = Timeline.of(records)
    check(timeline)
    lanes = {lane.path: lane for lane in timeline.lanes()}
    who = {record["path"] for record in records if record["kind"] == "step_started"}
    assert set(lanes) == who
    assert next(iter(lanes)) == "desk"
    assert lanes["desk"].totals.writes == 1
    assert all(span.member is None for span in lanes["desk"].rows[0].steps)
    assert timeline.totals.steps + sum(span.member is not None for span in timeline.spans.values()) == len(
        timeline.spans
    )
    assert all(span.ended for span in timeline.spans.values())


def test_members_stand_below_their_team() -> None:
    steps = [("desk", "x"), ("desk/a", "model"), ("desk/b", "model"), ("desk/a/c", "model")]
    timeline = Timeline.of(started(number, number, *step) for number, step in enumerate(steps))
    assert [(lane.path, lane.depth) for lane in timeline.lanes()] == [
        ("desk", 0),
        ("desk/a", 1),
        ("desk/a/c", 2),
        ("desk/b", 1),
    ]


def test_one_that_is_asked_twice_at_once_has_two_rows() -> None:
    records = [started(0, 1, "desk", "scout"), started(0, 2, "desk", "scout")]
    records += [started(1, 3, "desk/scout", "model", 1), started(1, 4, "desk/scout", "model", 2)]
    records += [ended(2, 3), started(2, 5, "desk/scout", "tools", 1), ended(3, 4), ended(3, 5)]
    desk, scout = Timeline.of(records).lanes()
    assert desk.rows == ()
    assert [[span.step for span in row.visits] for row in scout.rows] == [[1], [2]]
    assert [[span.step for span in row.steps] for row in scout.rows] == [[3, 5], [4]]


def test_a_member_that_failed() -> None:
    team = Team("desk", [failing("scout"), member("clerk")], mode="broadcast")
    timeline = Timeline.of(records_of(team, "hello"))
    check(timeline)
    errors = {span.path: span.error for span in timeline.spans.values() if span.error}
    assert errors.keys() == {"desk/scout"}
    assert "no route to scout" in str(errors["desk/scout"])


def test_what_still_goes_on_ends_now_and_with_the_run() -> None:
    timeline = Timeline.of([started(0, 1, "desk", "leader")])
    now = START + timedelta(seconds=5)
    assert (timeline.spans[1].ended, timeline.spans[1].until(now)) == (None, now)
    timeline.add(end(7, "cancelled"))
    assert timeline.spans[1].until(now) == START + timedelta(seconds=7)


def test_the_time_in_which_it_waited_for_somebody_does_not_count() -> None:
    records = [started(0, 1, "desk", "model"), end(2, "waiting"), {"kind": "run_resumed", "at": at(1002)}]
    timeline = Timeline.of([*records, started(1003, 2, "desk", "model"), ended(1005, 2)])
    assert timeline.last == {}
    assert [timeline.seconds(START + timedelta(seconds=seconds)) for seconds in (1, 500, 1005)] == [1, 2, 5]


def test_what_it_does_not_know_is_passed_over() -> None:
    timeline = Timeline.of([{"kind": "aura", "at": at(0), "colour": "blue"}])
    assert (timeline.lanes(), timeline.totals, timeline.seconds(START)) == ([], Totals(), 0)
