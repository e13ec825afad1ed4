"""What is remembered about a user, put into fewer words by a strategy."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from coterie.errors import CurationError
from coterie.memory.db import Db
from coterie.memory.flow import Flow
from coterie.memory.scope import audience
from coterie.memory.strategies import Strategy
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Add, Applied, Change, Edit, Merge, Ref, Scope, UserMemory

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Optimized(list[UserMemory]):
    """The memories after optimising (or as they would be). Token counts are estimates."""

    def __init__(self, memories: Iterable[UserMemory], before: Sequence[UserMemory]) -> None:
        super().__init__(memories)
        self.tokens_before = _tokens(before)
        self.tokens_after = _tokens(self)


def optimize(db: Db, user_id: str, strategy: Strategy, model: "BaseChatModel | None", apply: bool) -> Flow[Optimized]:
    """Rewrite a user's current memories, each audience's by itself: nobody gets to read more than before.

    Those that expire are left alone. What is applied goes in one transaction, against the versions that were read: a
    memory added meanwhile survives.

    Raises:
        CurationError: the strategy gave nothing usable. Nothing is changed.
        ConflictError: a memory was changed or removed meanwhile. Nothing is changed.
    """
    scope = Scope(user_id, as_owner=True)
    current = db.newest(scope, None, oldest_first=True)
    untouched = [memory for memory in current if memory.expires_at is not None]
    proposed: list[UserMemory] = []
    edits: list[Edit] = []
    for group in _audiences(memory for memory in current if memory.expires_at is None):
        texts = [memory.memory for memory in group]
        rewritten = texts if len(group) < 2 else _usable((yield from strategy.rewrite(group, model)))
        if rewritten == texts:
            untouched += group
            continue
        swap = _swap(group, rewritten)
        proposed += [_like(group, edit.memory) if isinstance(edit, Merge) else edit.memory for edit in swap]
        edits += swap
    if apply and edits:
        proposed = [_after(done) for done in db.apply(scope, edits, Change("curator"))]
    return Optimized([*untouched, *proposed], current)


def _audiences(memories: Iterable[UserMemory]) -> list[list[UserMemory]]:
    """The memories by who may read them."""
    groups: dict[str, list[UserMemory]] = {}
    for memory in memories:
        groups.setdefault(audience(memory), []).append(memory)
    return list(groups.values())


def _usable(texts: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(texts))
    if not found or not all(isinstance(text, str) and text.strip() for text in found):
        raise CurationError(f"The strategy returned {texts!r} in place of memories. Nothing was changed.")
    return found


def _swap(group: Sequence[UserMemory], texts: Sequence[str]) -> list[Merge | Add]:
    """Everything merged into the first statement; the others are added to it."""
    reason = f"{len(group)} memories in fewer words"
    refs = [Ref(str(memory.memory_id), memory.version) for memory in group]
    merged = Merge(refs, texts[0], _topics(group), reason)
    return [merged, *(Add(_like(group, text), reason) for text in texts[1:])]


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
    )


def _topics(group: Sequence[UserMemory]) -> list[str]:
    return list(dict.fromkeys(topic for memory in group for topic in memory.topics))


def _after(done: Applied) -> UserMemory:
    memory = done.revisions[-1].after if done.revisions else None
    assert memory is not None, "the words are new to their readers"
    return memory


def _tokens(memories: Sequence[UserMemory]) -> int:
    return sum(estimate_tokens(memory.memory) for memory in memories)
