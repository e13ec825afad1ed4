"""Traces of runs: what is in them, that it is all there however a run ends, and that they disturb nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from coterie import MemoryManager, Trace, UserMemory
from coterie.graphs.trace import Record
from coterie.memory.db import Db
from tests.support.scripted import calls
from tests.support.traced import CANARY, Place, agent, everything, place

DOCS = (Path(__file__).parents[2] / "docs" / "tracing.md").read_text(encoding="utf-8")


@pytest.fixture(params=["file", "folder", "store"])
def where(request: pytest.FixtureRequest, tmp_path: Path, db: Db) -> Place:
    return place(request.param, tmp_path, db)


# The form of the records


def documented(heading: str) -> dict[str, dict[str, bool]]:
    """What a table of the page says: by kind or value, the fields, and whether each is content."""
    rows = DOCS.partition(f"| {heading} | what it says |\n|---|---|\n")[2].partition("\n\n")[0]
    found: dict[str, dict[str, bool]] = {}
    for row in rows.splitlines():
        name, _, said = row.strip("| ").partition(" | ")
        outside = re.sub(r"\([^)]*\)", "", said)
        found[name.strip("`")] = {field: bool(mark) for field, mark in re.findall(r"`(\w+)`(\*?)", outside)}
    return found


WHERE = ("step", "path", "node", "source")
PARTS = {"calls": "call", "hits": "hit", "changes": "change", "before": "memory", "after": "memory"} | {
    "refused": "refused",
    "held": "held",
    "notes": "note",
    "task": "task",
}
"""Which field has which values in it."""


def parts(record: Record) -> Iterator[tuple[str, Record]]:
    """The values in a record, by what they are called."""
    for field, value in record.items():
        for each in value if isinstance(value, list) else [value]:
            if field in PARTS and isinstance(each, dict):
                yield PARTS[field], each
                yield from parts(each)


def common(record: Record) -> dict[str, bool]:
    names = ("kind", "at", *(() if record["kind"].startswith("run_") else WHERE))
    return dict.fromkeys(names, False)


@pytest.mark.parametrize("contents", [False, True])
def test_the_page_has_every_kind_and_field_and_no_other(db: Db, where: Place, contents: bool) -> None:
    kinds, values = documented("kind"), documented("value")
    found_kinds, found_values = set(), set()
    for record in everything(db, where, contents=contents):
        expected = {**common(record), **kinds[record["kind"]]}
        assert set(record) - {"run_id"} == {name for name, content in expected.items() if contents or not content} - {
            "run_id"
        }, record
        found_kinds.add(record["kind"])
        for name, value in parts(record):
            assert set(value) == {field for field, content in values[name].items() if contents or not content}, name
            found_values.add(name)
    assert found_kinds == set(kinds)
    assert found_values == set(values)


def test_without_contents_nothing_that_anybody_said_is_in_a_record(db: Db, where: Place) -> None:
    for record in everything(db, where, contents=False):
        assert CANARY not in repr(record).lower(), record


def test_with_contents_all_that_is_content_is_there(db: Db, where: Place) -> None:
    kinds, values = documented("kind"), documented("value")
    seen: set[tuple[str, str]] = set()
    for record in everything(db, where, contents=True):
        told = [(record["kind"], record), *parts(record)]
        seen |= {(name, field) for name, each in told for field, value in each.items() if CANARY in repr(value)}
    content = {(name, field) for table in (kinds, values) for name, row in table.items() for field in row if row[field]}
    assert content - {("held", "why")} <= seen  # that is a sentence of ours
    assert {(name, "error") for name in ("step_finished", "attempt_failed", "member_finished", "run_finished")} <= seen


def test_hits_have_the_scores_that_chose_them(db: Db, where: Place) -> None:
    manager = MemoryManager(db)
    for number in range(40):
        manager.add_user_memory(UserMemory(memory=f"Likes hobby number {number}, on weekends", user_id="ana"))
    manager.add_user_memory(UserMemory(memory="Lives in Oslo", user_id="ana"))

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        searched = isinstance(messages[-1], ToolMessage)
        return "Oslo" if searched else calls(("search_memories", {"query": "lives Oslo"}))

    ada = agent("ada", script, db=db, enable_agentic_memory=True, memory_tokens=60, trace=Trace(where.to, True))
    records = where.read("ana", ada.run("Who lives in Oslo?", user_id="ana").run_id)
    recalled, searched = [record for record in records if record["kind"] == "memory_recalled"]
    assert (recalled["node"], recalled["query"], recalled["complete"]) == ("recall", "Who lives in Oslo?", False)
    assert (searched["node"], searched["query"], searched["complete"]) == ("tools", "lives Oslo", False)
    for record in (recalled, searched):
        best = max(record["hits"], key=lambda hit: hit["score"] or 0)
        assert best["memory"] == "Lives in Oslo"
        assert sum(best["parts"].values()) == pytest.approx(best["score"])
