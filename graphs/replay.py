"""A recorded run as one HTML page: the graph lights up, lanes per agent over time, and the memory as of each moment."""

from collections.abc import Iterator, Sequence
from typing import Any

from coterie.errors import InputError
from coterie.graphs.page import page
from coterie.graphs.picture import from_json
from coterie.graphs.svg import svg
from coterie.graphs.trace import SCHEMA, Record
from coterie.graphs.traced import Contents
from coterie.memory.values import UserMemory

NEWEST = 300
"""Of the memories that a run neither read nor changed, how many a page has."""


def replay(records: Sequence[Record], memories: Sequence[UserMemory] | None = None) -> str:
    """The page of a run, a whole HTML document that needs nothing else.

    Args:
        records: the run's, in order: what `coterie.read_trace` and `Db.records` return.
        memories: what the store held when the run began, newest first. None: not known; the page then shows those that
            were read or changed. Of very many, it holds those and the newest others.

    Raises:
        InputError: these are no records of a run, or a newer coterie wrote them.
    """
    return page({"mode": "replay", **run_data(records, memories)})


def run_data(records: Sequence[Record], memories: Sequence[UserMemory] | None = None) -> dict[str, Any]:
    """The same run as the data of a page: everything but its mode.

    Raises:
        InputError: these are no records of a run, or a newer coterie wrote them.
    """
    first = _first(records)
    graph, name = first.get("graph"), str(first.get("name") or "run")
    return {
        "title": name,
        "svg": svg(from_json(graph), title=name) if graph else "",
        "picture": graph,
        "records": [_without_graph(record) for record in records],
        **_held(records, memories),
    }


def _held(records: Sequence[Record], memories: Sequence[UserMemory] | None) -> dict[str, Any]:
    """What the store held, the oldest first, without what the run had nothing to do with and is not among the newest.

    ``older`` is how many were left out: a page with all of fifty thousand memories would have 13 MB.
    """
    if memories is None:
        return {"memories": None}
    touched = set(_touched(records))
    kept = [memory for place, memory in enumerate(memories) if place < NEWEST or memory.memory_id in touched]
    values = [Contents(True).value(memory) for memory in reversed(kept)]
    return {"memories": values, "older": len(memories) - len(kept)}


def _touched(records: Sequence[Record]) -> Iterator[str]:
    """The ids of what a run read or changed."""
    for record in records:
        yield from (each["memory_id"] for each in (*record.get("hits", ()), *record.get("changes", ())))


def _first(records: Sequence[Record]) -> Record:
    """The record with which the run began."""
    if not records or records[0].get("kind") != "run_started":
        kind = repr(records[0].get("kind")) if records else "nothing"
        raise InputError(f"These are no records of a run: they begin with {kind}, not with 'run_started'.")
    first = records[0]
    if first.get("schema", 0) > SCHEMA:
        raise InputError(
            f"coterie {first.get('coterie')} wrote this run in schema {first['schema']}, and this one reads {SCHEMA}:"
            " update coterie."
        )
    return first


def _without_graph(record: Record) -> Record:
    """The page has the picture already."""
    return {name: value for name, value in record.items() if name != "graph"}
