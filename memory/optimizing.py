"""What is remembered about a user, put into fewer words by a strategy."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coterie.errors import CurationError, InputError
from coterie.memory import rows
from coterie.memory.compare import fronts, shared, telling
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Delete, Edit, Merge, Ref
from coterie.memory.flow import Flow
from coterie.memory.inputs import MAX_MEMORY_CHARACTERS, checked_statement, lowest
from coterie.memory.likeness import alike
from coterie.memory.sameness import plain
from coterie.memory.scope import audience
from coterie.memory.strategies import Strategy
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Scope, UserMemory
from coterie.text import one_line

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True)
class Swap:
    """Memories, and what takes their place: None if they are left out."""

    old: tuple[UserMemory, ...]
    new: UserMemory | None


class Optimized(list[UserMemory]):
    """The memories after optimising (or as they would be), with what became of which. Token counts are estimates.

    As a text, a diff: lines that begin with - go, those with + come, and a paragraph belongs together.
    """

    def __init__(
        self,
        kept: Sequence[UserMemory],
        swaps: Sequence[Swap],
        change_id: str | None = None,
        applied: Sequence[Applied] = (),
    ) -> None:
        self.kept = tuple(kept)
        """Left as they are."""
        self.swaps = tuple(swaps)
        """What takes the place of what."""
        self.applied = tuple(applied)
        """The edits that did it, with what is recorded of them. Empty: nothing was changed."""
        self.change_id = change_id
        """What `Db.undo` takes all of it back by. None: nothing was changed."""
        super().__init__([*kept, *self.added])
        self.tokens_before = _tokens(memory.memory for memory in (*kept, *self.removed))
        self.tokens_after = _tokens(memory.memory for memory in self)

    @property
    def removed(self) -> tuple[UserMemory, ...]:
        """What goes."""
        return tuple(memory for swap in self.swaps for memory in swap.old)

    @property
    def added(self) -> tuple[UserMemory, ...]:
        """What comes."""
        return tuple(swap.new for swap in self.swaps if swap.new is not None)

    @property
    def summary(self) -> str:
        """How much that saves, in a line."""
        before = len(self.kept) + len(self.removed)
        return f"{before} memories of {self.tokens_before} tokens, then {len(self)} of {self.tokens_after}"

    def __str__(self) -> str:
        paragraphs = []
        for swap in self.swaps:
            lines = [f"- {one_line(memory.memory)}" for memory in swap.old]
            paragraphs.append("\n".join([*lines, *([f"+ {one_line(swap.new.memory)}"] if swap.new else [])]))
        return "\n\n".join([*paragraphs, self.summary])


def optimize(db: Db, user_id: str, strategy: Strategy, model: "BaseChatModel | None", apply: bool) -> Flow[Optimized]:
    """Rewrite a user's current memories, each audience's by itself: nobody gets to read more than before.

    Left as they are: those that expire; items of a LangGraph store, which a program knows by their keys; and those of
    an audience for which the strategy finds no fewer tokens, or a statement too long to keep. What is applied goes in
    one transaction, against the versions that were read: a memory added meanwhile survives.

    Raises:
        CurationError: the strategy gave nothing usable. Nothing is changed.
        ConflictError: a memory was changed or removed meanwhile. Nothing is changed.
    """
    scope = Scope(user_id, as_owner=True)
    current = db.newest(scope, None, oldest_first=True)
    expiring = [memory for memory in current if memory.expires_at is not None]
    untouched, edits = [memory for memory in current if memory.expires_at or memory.item], list[Edit]()
    for group in _audiences(memory for memory in current if not memory.expires_at and not memory.item):
        rewritten = [] if len(group) < 2 else _usable((yield from strategy.rewrite(group, model)))
        if not _worthwhile(group, rewritten, expiring):
            untouched += group
            continue
        texts = {plain(text) for text in rewritten}
        same = [memory for memory in group if plain(memory.memory) in texts]
        swap = list(_swap(group, same, rewritten))
        replaced = {ref.memory_id for edit in swap if isinstance(edit, Merge) for ref in edit.targets}
        untouched += [memory for memory in same if memory.memory_id not in replaced]
        edits += swap
    if not edits:
        return Optimized(untouched, [])
    if not apply:
        return Optimized(untouched, [Swap(_old(edit, current), _proposed(edit, current)) for edit in edits])
    applied = db.apply(scope, edits, Change("curator"))
    change_id = next(revision.change_id for done in applied for revision in done.revisions)
    swaps = [Swap(_old(done.edit, current), _after(done)) for done in applied]
    return Optimized(untouched, swaps, change_id, applied)


def _audiences(memories: Iterable[UserMemory]) -> list[list[UserMemory]]:
    """The memories by who may read them."""
    groups: dict[str, list[UserMemory]] = {}
    for memory in memories:
        groups.setdefault(audience(memory), []).append(memory)
    return list(groups.values())


def _usable(texts: Sequence[str]) -> list[str]:
    """The statements that a strategy returned, each once."""
    try:
        found = list({plain(text): text for text in texts if _keepable(text)}.values())
    except InputError as error:
        raise CurationError(f"The strategy returned what is no memory. {error} Nothing was changed.") from error
    if not found:
        raise CurationError("The strategy returned nothing in place of memories. Nothing was changed.")
    return found


def _keepable(text: str) -> bool:
    """Whether the store would take the statement: too long is no error, only not of use.

    Raises:
        InputError: it is not a statement.
    """
    checked_statement(text[:MAX_MEMORY_CHARACTERS] if isinstance(text, str) else text)
    return True


def _worthwhile(group: Sequence[UserMemory], texts: Sequence[str], expiring: Sequence[UserMemory]) -> bool:
    """Whether the statements can take the place of the group, and are fewer tokens.

    They are counted joined too: each is rounded up, so that joining them would seem to save some.
    """
    before = [memory.memory for memory in group]
    taken = {plain(memory.memory) for memory in expiring if audience(memory) == audience(group[0])}
    return (
        bool(texts)
        and all(len(text) <= MAX_MEMORY_CHARACTERS and plain(text) not in taken for text in texts)
        and _tokens(texts) < _tokens(before)
        and estimate_tokens(" ".join(texts)) < estimate_tokens(" ".join(before))
    )


def _swap(group: Sequence[UserMemory], same: Sequence[UserMemory], texts: Sequence[str]) -> Iterator[Edit]:
    """What makes the texts of the group: those that stay the same, and the others.

    Each of the others is merged into the statement that stands for it. A merge shows where they went.
    """
    known = {plain(memory.memory) for memory in same}
    gone, new = [memory for memory in group if memory not in same], [text for text in texts if plain(text) not in known]
    places = {text: list[UserMemory]() for text in [*new, *(memory.memory for memory in same)]}
    for memory in gone:
        place = _place(memory.memory, new, [one.memory for one in same])
        if place is not None:
            places[place].append(memory)
        else:
            reason = "left out when the memories were put into fewer words"
            yield Delete(Ref(str(memory.memory_id), memory.version), reason)
    for memory in same:
        if twins := places.pop(memory.memory):
            yield Merge(_refs([memory, *twins]), memory.memory, _topics([memory, *twins]), "they say the same")
    for text, old in places.items():
        if old:
            reason = f"{len(old)} memories of {_tokens(one.memory for one in old)} tokens became 1 of {_tokens([text])}"
            yield Merge(_refs(old), text, _topics(old), reason)
        else:
            yield Add(_like(gone or group, text), "made of other memories when they were put into fewer words")


def _place(text: str, new: Sequence[str], same: Sequence[str]) -> str | None:
    """The statement that stands for one that goes: the one that has most of its words.

    One that was there before stands for it only if it has half of them at least. None: it is left out.
    """
    for one in same:
        if alike(one, text):
            return one
    told = telling(text)
    common = {one: len(shared(told, fronts(telling(one)))) for one in [*new, *same]}
    fit = [one for one in common if one in new or 2 * common[one] >= len(told)]
    return max(fit, key=lambda one: common[one], default=None)


def _refs(memories: Sequence[UserMemory]) -> list[Ref]:
    return [Ref(str(memory.memory_id), memory.version) for memory in memories]


def _like(group: Sequence[UserMemory], text: str) -> UserMemory:
    """A new memory with the readers and the writer of a group."""
    first = group[0]
    return UserMemory(
        memory=text,
        topics=_topics(group),
        user_id=first.user_id,
        team_id=first.team_id,
        agent_id=first.agent_id,
        visibility=first.visibility,
        trust=lowest(memory.trust for memory in group),
    )


def _topics(group: Sequence[UserMemory]) -> list[str]:
    return list(dict.fromkeys(topic for memory in group for topic in memory.topics))


def _after(done: Applied) -> UserMemory | None:
    """What an applied edit left."""
    if isinstance(done.edit, Add) and not done.revisions:  # somebody said the same meanwhile
        return rows.copied(done.edit.memory, memory_id=done.memory_id)
    return done.revisions[-1].after


def _old(edit: Edit, current: Sequence[UserMemory]) -> tuple[UserMemory, ...]:
    """The memories that an edit takes away."""
    refs = edit.targets if isinstance(edit, Merge) else [edit.target] if isinstance(edit, Delete) else []
    ids = {ref.memory_id for ref in refs}
    return tuple(memory for memory in current if memory.memory_id in ids)


def _proposed(edit: Edit, current: Sequence[UserMemory]) -> UserMemory | None:
    """What an edit would leave."""
    if isinstance(edit, Merge):
        return _like(_old(edit, current), edit.memory)
    return edit.memory if isinstance(edit, Add) else None


def _tokens(texts: Iterable[str]) -> int:
    return sum(map(estimate_tokens, texts))
