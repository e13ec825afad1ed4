"""What is remembered about a user, put into fewer words by a strategy."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from coterie.errors import CurationError, InputError
from coterie.memory import rows
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Delete, Edit, Merge, Ref
from coterie.memory.flow import Flow
from coterie.memory.inputs import MAX_MEMORY_CHARACTERS, checked_statement, plain
from coterie.memory.likeness import alike
from coterie.memory.scope import audience
from coterie.memory.strategies import Strategy
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Scope, UserMemory

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Optimized(list[UserMemory]):
    """The memories after optimising (or as they would be). Token counts are estimates."""

    def __init__(self, memories: Iterable[UserMemory], before: Sequence[UserMemory]) -> None:
        super().__init__(memories)
        self.tokens_before = _tokens(memory.memory for memory in before)
        self.tokens_after = _tokens(memory.memory for memory in self)


def optimize(db: Db, user_id: str, strategy: Strategy, model: "BaseChatModel | None", apply: bool) -> Flow[Optimized]:
    """Rewrite a user's current memories, each audience's by itself: nobody gets to read more than before.

    Left as they are: those that expire, and those of an audience for which the strategy finds no fewer tokens, or a
    statement too long to keep. What is applied goes in one transaction, against the versions that were read: a memory
    added meanwhile survives.

    Raises:
        CurationError: the strategy gave nothing usable. Nothing is changed.
        ConflictError: a memory was changed or removed meanwhile. Nothing is changed.
    """
    scope = Scope(user_id, as_owner=True)
    current = db.newest(scope, None, oldest_first=True)
    expiring = [memory for memory in current if memory.expires_at is not None]
    untouched, edits = list(expiring), list[Edit]()
    for group in _audiences(memory for memory in current if memory.expires_at is None):
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
    if apply and edits:
        proposed = [_after(done) for done in db.apply(scope, edits, Change("curator"))]
    else:
        proposed = [_proposed(edit, current) for edit in edits]
    return Optimized([*untouched, *(memory for memory in proposed if memory is not None)], current)


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

    The others are merged into the first new statement, or with those that say the same. A merge shows where they went.
    """
    known = {plain(memory.memory) for memory in same}
    gone, new = [memory for memory in group if memory not in same], [text for text in texts if plain(text) not in known]
    if gone and new:
        before = _tokens(memory.memory for memory in gone)
        reason = f"{len(gone)} memories of {before} tokens became {len(new)} of {_tokens(new)}"
        yield Merge(_refs(gone), new[0], _topics(gone), reason)
        yield from (Add(_like(gone, text), reason) for text in new[1:])
        return
    for memory in same:
        twins = [one for one in gone if alike(one.memory, memory.memory)]
        gone = [one for one in gone if one not in twins]
        if twins:
            yield Merge(_refs([memory, *twins]), memory.memory, _topics([memory, *twins]), "they say the same")
    for memory in gone:
        yield Delete(Ref(str(memory.memory_id), memory.version), "left out when the memories were put into fewer words")


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
    )


def _topics(group: Sequence[UserMemory]) -> list[str]:
    return list(dict.fromkeys(topic for memory in group for topic in memory.topics))


def _after(done: Applied) -> UserMemory | None:
    """What an applied edit left."""
    if isinstance(done.edit, Add) and not done.revisions:  # somebody said the same meanwhile
        return rows.copied(done.edit.memory, memory_id=done.memory_id)
    return done.revisions[-1].after


def _proposed(edit: Edit, current: Sequence[UserMemory]) -> UserMemory | None:
    """What an edit would leave."""
    if isinstance(edit, Merge):
        ids = {ref.memory_id for ref in edit.targets}
        return _like([memory for memory in current if memory.memory_id in ids], edit.memory)
    return edit.memory if isinstance(edit, Add) else None


def _tokens(texts: Iterable[str]) -> int:
    return sum(map(estimate_tokens, texts))
