"""What a run did to the memory, read from its trace: what was added, changed, removed, refused and held."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from coterie.graphs.trace import Record
from coterie.text import Piece, one_line, word_diff

Sign = Literal["+", "~", "-", "!", "?", "="]
"""Added, changed, removed, refused, held for somebody to decide, known already."""

KNOWN = "known already: "
"""How the reason begins where a proposal was refused since it is remembered."""


@dataclass(frozen=True)
class MemoryEdit:
    """One thing that became of the memory. The texts are empty in a trace without contents."""

    sign: Sign
    memory_id: str
    """The memory that it is about, or the proposal. Empty: what was refused has no id."""
    by: str
    """Who did it: the name of an agent or a team, or ``curator``."""
    before: str = ""
    after: str = ""
    why: str = ""

    @property
    def pieces(self) -> list[Piece]:
        """What it did, word by word."""
        return word_diff(one_line(self.before), one_line(self.after))

    @property
    def written(self) -> bool:
        """Whether the memory is another one now."""
        return self.sign in "+~-"


def edits_of(record: Record) -> Iterator[MemoryEdit]:
    """What a record says of the memory. Nothing, if it is of a kind that tells of something else."""
    if record["kind"] not in ("memory_curated", "memory_changed"):
        return
    by = "curator" if record["kind"] == "memory_curated" else str(record.get("source") or "")
    yield from _changed(record.get("changes", ()), by)
    for held in record.get("held", ()):
        before = "; ".join(held.get("before", ()))
        yield MemoryEdit("?", held.get("proposal_id", ""), by, before, held.get("memory", ""), held.get("why", ""))
    for refused in record.get("refused", ()):
        why = refused.get("reason", "")
        yield MemoryEdit("=" if why.startswith(KNOWN) else "!", "", by, after=refused.get("memory", ""), why=why)


def _changed(changes: Sequence[Record], by: str) -> Iterator[MemoryEdit]:
    """The changes, where one statement took another's place as one. Of several that were merged, the others went."""
    came = {change["memory_id"]: change for change in changes if change["before"] is None}
    heirs, told = {_heir(change) for change in changes}, set[str]()
    for change in changes:
        before, after = change["before"], change["after"]
        memory_id, why = change["memory_id"], change.get("reason", "")
        heir = came.get(_heir(change))
        if before is None:
            if memory_id not in heirs:
                yield MemoryEdit("+", memory_id, by, after=_text(after), why=why)
        elif heir is not None and heir["memory_id"] not in told:
            told.add(heir["memory_id"])
            yield MemoryEdit("~", heir["memory_id"], by, _text(before), _text(heir["after"]), why)
        elif after is None or not _holds(after):
            if _holds(before):
                yield MemoryEdit("-", memory_id, by, before=_text(before), why=why)
        else:
            yield MemoryEdit("~", memory_id, by, _text(before), _text(after), why or _marks(before, after))


def _heir(change: Record) -> str:
    """The id of the memory that took the place of the changed one. Empty: none did."""
    return (change["after"] or {}).get("superseded_by") or ""


def _holds(value: Record) -> bool:
    return value.get("valid_until") is None


def _text(value: Record | None) -> str:
    return str((value or {}).get("memory", ""))


def _marks(before: Record, after: Record) -> str:
    """What is another thing about a memory, where its words are the same: ``topics: drinks``."""
    names = ("topics", "visibility", "valid_until")
    return "; ".join(f"{name}: {_shown(after[name])}" for name in names if before.get(name) != after.get(name))


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
