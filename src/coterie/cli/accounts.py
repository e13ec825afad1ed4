"""A recorded run as text: who and when; a lane for each agent; its steps, each below the one that it ran inside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coterie.cli.jsons import as_text
from coterie.cli.times import ago
from coterie.graphs.lanes import lanes_text
from coterie.graphs.memory_diff import MemoryEdit, edits_of
from coterie.graphs.trace import Record
from coterie.text import bracketed, one_line, several, showable

MOST = 200
"""Characters of a text that are shown."""


@dataclass
class Step:
    """A step, and what happened in it, in order."""

    begun: Record
    ended: Record | None = None
    inside: "list[Step | Record]" = field(default_factory=list)


def account(records: Sequence[Record], now: datetime, width: int = 100, *, ascii: bool = False) -> Iterator[str]:
    """The lines of a run. The lanes take ``width`` columns; what is told is as long as it is.

    With ``ascii`` the lanes are drawn with ASCII characters.
    """
    yield from _head(records, now)
    yield ""
    yield from lanes_text(records, width, ascii=ascii).splitlines()
    yield ""
    began = datetime.fromisoformat(records[0]["at"])
    for each in _tree(records):
        yield from (showable(line).replace("\n", " ") for line in _lines(each, began, ""))  # a file may hold anything


def _head(records: Sequence[Record], now: datetime) -> Iterator[str]:
    first, ends = records[0], [record for record in records if record["kind"] == "run_finished"]
    whose = "team" if first.get("team_id") is not None else "agent"
    yield from _row("run", first.get("run_id"))
    yield from _row(whose, first.get("name"))
    yield from _row("user", first.get("user_id"))
    yield from _row("session", first.get("session_id"))
    yield from _row("started", as_text(datetime.fromisoformat(first["at"])))
    over = bool(ends) and records[-1]["kind"] == "run_finished"
    yield from _row("status", ends[-1]["status"] if over else _still(records, now))
    if ends:
        yield from _row("took", _seconds(sum(end["seconds"] for end in ends)))
        yield from _row("models", _cost(ends))
        yield from _row("error", ends[-1]["error"] if over else None)
    yield from _row("said", first.get("message"))
    yield from _row("answer", ends[-1].get("content") if over else None)
    for notice in ends[-1]["notices"] if ends else ():
        yield from _row("notice", notice)


def _still(records: Sequence[Record], now: datetime) -> str:
    """What is known of a run that has no end."""
    heard = max(datetime.fromisoformat(record["at"]) for record in records)
    return f"running, last heard of {ago(heard, now)}: it is at work, or its process was killed"


def _row(name: str, value: str | None) -> Iterator[str]:
    if value:
        yield f"{name:<8} {one_line(value, MOST)}"


def _cost(ends: Sequence[Record]) -> str:
    calls = several(sum(end["model_calls"] for end in ends), "call")
    return calls + _tokens([end["input_tokens"] for end in ends], [end["output_tokens"] for end in ends])


def _tokens(asked: Sequence[int | None], answered: Sequence[int | None]) -> str:
    """Tokens of prompts and answers. Nothing where a model does not say, or none was asked."""
    known = [each for each in (*asked, *answered) if each is not None]
    if len(known) < len(asked) + len(answered) or not sum(known):
        return ""
    return f", {sum(filter(None, asked)):,} + {sum(filter(None, answered)):,} tokens"


def _tree(records: Sequence[Record]) -> "list[Step | Record]":
    """The steps, and what happened outside of them. The end of a tool call stands with its beginning."""
    roots, steps = list[Step | Record](), dict[int, Step]()
    tools: dict[tuple[Any, Any], Record] = {}
    for record in records:
        around = steps.get(record.get("parent" if record["kind"] == "step_started" else "step") or 0)
        place = roots if around is None else around.inside
        match record["kind"]:
            case "step_started":
                steps[record["step"]] = Step(record)
                place.append(steps[record["step"]])
            case "step_finished" if around is not None:
                around.ended = record
            case "tool_started":
                tools[record["step"], record["call_id"]] = begun = dict(record)
                place.append(begun)
            case "tool_finished" if (record["step"], record["call_id"]) in tools:
                tools.pop((record["step"], record["call_id"]))["ended"] = record
            case "run_started" | "run_finished":
                pass
            case _:
                place.append(record)
    return roots


def _lines(each: Step | Record, began: datetime, indent: str) -> Iterator[str]:
    if isinstance(each, Step):
        yield from _step(each, began, indent)
        return
    for line in _told(each):
        yield f"{'':>9}{indent}{line}"


def _step(step: Step, began: datetime, indent: str) -> Iterator[str]:
    begun, ended = step.begun, step.ended
    at = (datetime.fromisoformat(begun["at"]) - began).total_seconds()
    took = f"  {_seconds(ended['seconds'])}" if ended is not None else "  did not end"
    asked = _asked(ended["calls"]) if ended is not None else ""
    yield f"{at:>8.3f} {indent}{begun['path']}/{begun['node']}{took}{asked}"
    for each in step.inside:
        yield from _lines(each, began, f"{indent}  ")
    if ended is not None and ended["error"]:
        yield f"{'':>9}{indent}  failed: {one_line(ended['error'], MOST)}"


def _asked(calls: Sequence[Record]) -> str:
    """What models were asked in a step."""
    if not calls:
        return ""
    models = ", ".join(dict.fromkeys(one_line(call["model"]) for call in calls if call["model"]))
    said = several(len(calls), "model call") + (f" of {models}" if models else "")
    return f"  {said}{_tokens([c['input_tokens'] for c in calls], [c['output_tokens'] for c in calls])}"


def _told(record: Record) -> Iterator[str]:
    """What happened, in a line or some."""
    match record["kind"]:
        case "tool_started" | "tool_finished":
            yield _tool(record)
        case "memory_recalled":
            yield from _recalled(record)
        case "memory_curated" | "memory_changed":
            yield from _edits(record)
        case "member_started":
            yield f"{record['source']} asks {record['member']}" + _said(record, "task")
        case "member_finished":
            failed = f" failed: {one_line(record['error'], MOST)}" if record["error"] else ""
            yield record["member"] + (failed or f" answered{_said(record, 'content')}")
        case "note_shared":
            yield f"{record['member']} tells the others" + _said(record, "text")
        case "notes_read":
            for note in record["notes"]:
                yield f"reads a note of {note['member']}" + _said(note, "text")
        case "task_changed":
            task = record["task"]
            yield f"task {task['id']} of {task['owner']} is {task['status']}" + _said(task, "task")
        case "handed_over":
            yield f"{record['member']} hands over to {record['to']}"
        case "attempt_failed":
            yield f"attempt {record['attempt']} failed: {one_line(record['error'], MOST)}"
        case "run_resumed":
            yield f"resumed at {as_text(datetime.fromisoformat(record['at']))}"


def _said(record: Record, field: str) -> str:
    return f": {one_line(record[field], MOST)}" if record.get(field) else ""


def _tool(record: Record) -> str:
    """A tool call: what it was called with, how long it took, what it answered."""
    ended = record if record["kind"] == "tool_finished" else record.get("ended")
    line = f"tool {one_line(record['tool'])}"
    if "arguments" in record:
        given = ", ".join(f"{name}={value!r}" for name, value in record["arguments"].items())
        line += f"({one_line(given, MOST)})"
    if ended is None:
        return f"{line}  did not end"
    took = datetime.fromisoformat(ended["at"]) - datetime.fromisoformat(record["at"])
    failed = "  failed" if ended["failed"] else ""
    return f"{line}  {_seconds(took.total_seconds())}{failed}{_said(ended, 'content')}"


def _recalled(record: Record) -> Iterator[str]:
    hits = record["hits"]
    if not hits:
        yield "recalls nothing"
        return
    scores = [hit["score"] for hit in hits if hit["score"] is not None]
    best = f", best score {max(scores):.2f}" if scores else ""
    most = ", all there is" if record["complete"] else ""
    yield f"recalls {several(len(hits), 'memory', 'memories')}{best}, {record['tokens']} tokens{most}"
    for hit in hits:
        score = f"{hit['score']:.2f}  " if hit["score"] is not None else ""
        if "memory" in hit:
            yield f"  {score}{one_line(hit['memory'], MOST)}"


def _edits(record: Record) -> Iterator[str]:
    for edit in edits_of(record):
        yield _edit(edit)
    if record.get("error"):
        yield f"not curated: {one_line(record['error'], MOST)}"


def _edit(edit: MemoryEdit) -> str:
    text = "".join(map(bracketed, edit.pieces)) if edit.sign == "~" else ""
    said = text or one_line(edit.after or edit.before) or edit.memory_id
    verb = {"!": "refused", "?": "held"}.get(edit.sign, edit.sign)
    why = f"  ({one_line(edit.why, MOST)})" if edit.why else ""
    return f"memory {verb} {said}{why}".rstrip()


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"
