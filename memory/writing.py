"""Edits to memories: checked, and put into a draft. What follows from an edit for other memories follows here too."""

from collections.abc import Iterable, Sequence
from typing import Any

from coterie.errors import ConflictError, InputError
from coterie.memory import inputs, items, refs, removing, rows
from coterie.memory.draft import Draft
from coterie.memory.edits import CEILING, Add, Applied, Clear, Delete, Edit, Merge, Narrow, Operation, Update
from coterie.memory.ids import new_id
from coterie.memory.revisions import seen
from coterie.memory.scope import audience, may_read, readers, shared_audience
from coterie.memory.values import Scope, Trust, UserMemory


def apply(draft: Draft, edits: Sequence[Edit]) -> list[Applied]:
    """Put the edits into the draft in their order, write it, and say what each did."""
    draft.load(inputs.key("memory_id", one) for one in {ref.memory_id for edit in edits for ref in refs.named(edit)})
    added = {place: _new(draft, edit.memory) for place, edit in enumerate(edits) if isinstance(edit, Add)}
    draft.find_words([memory for memory in added.values() if not memory.depends_on])
    done: list[removing.Done] = []
    for place, edit in enumerate(edits):
        first = len(draft)
        memory_id = _add(draft, edit, added[place]) if isinstance(edit, Add) else _edited(draft, edit)
        done.append((edit, memory_id, slice(first, len(draft))))
    return _applied(draft, done)


def clear(draft: Draft, memories: Sequence[UserMemory], reason: str) -> list[Applied]:
    """Remove memories that were just read, write the draft, and say what was done for each."""
    return _applied(draft, removing.remove_all(draft, memories, reason))


def _applied(draft: Draft, done: Iterable[removing.Done]) -> list[Applied]:
    revisions = draft.write()
    return [Applied(edit, memory_id, tuple(seen(draft.scope, revisions[part]))) for edit, memory_id, part in done]


def _edited(draft: Draft, edit: Update | Merge | Narrow | Delete | Clear) -> str:
    match edit:
        case Update():
            return _update(draft, edit)
        case Merge():
            return _merge(draft, edit)
        case Narrow():
            return _narrow(draft, edit)
        case Delete():
            return _delete(draft, edit)
        case Clear():
            removing.remove_everything(draft, edit.reason)
            return ""


def _new(draft: Draft, memory: UserMemory) -> UserMemory:
    """A new memory as it will be stored, but for what it has of its sources: owner, writer, id, times filled in."""
    scope, change = draft.scope, draft.change
    check_owner(scope, memory)
    return inputs.checked_memory(
        rows.copied(
            memory,
            memory_id=memory.memory_id or new_id(),
            topics=inputs.checked_topics(memory.topics),
            user_id=scope.user_id,
            team_id=memory.team_id or scope.team_id or change.team_id,
            agent_id=memory.agent_id or scope.agent_id or change.agent_id,
            source_turn_id=memory.source_turn_id or change.turn_id,
            created_at=memory.created_at or draft.at,
            updated_at=memory.updated_at or draft.at,
            trust=inputs.lowest([memory.trust, CEILING[change.actor]]),
            version=1,
        )
    )


def check_owner(scope: Scope, memory: UserMemory) -> None:
    """Refuse a memory about another user than the scope's."""
    if memory.user_id not in (None, scope.user_id):
        raise InputError(
            f"The memory is about user {memory.user_id!r}, the scope is of {scope.user_id!r}: "
            "write it with a scope of its own user."
        )


def _made_from(draft: Draft, memory: UserMemory) -> UserMemory:
    """A new memory with what it has of its sources: their readers, and no more trust than they have."""
    draft.load(memory.depends_on)
    sources = [refs.there(draft, source) for source in memory.depends_on]
    return rows.copied(memory, **_inherited([memory, *sources], sources))


def _inherited(memories: Sequence[UserMemory], sources: Sequence[UserMemory]) -> dict[str, Any]:
    shared = shared_audience(memories)
    if shared is None:
        raise InputError(
            f"Memories of different readers cannot become one: {sorted({audience(one) for one in memories})} "
            f"of {len({one.user_id for one in memories})} owner(s)."
        )
    above = [source for one in sources for source in (str(one.memory_id), *one.depends_on)]
    return {
        **readers(shared),
        "trust": inputs.lowest(one.trust for one in memories),
        "depends_on": list(dict.fromkeys(above)),
    }


def _add(draft: Draft, edit: Add, memory: UserMemory) -> str:
    if memory.depends_on:
        memory = _made_from(draft, memory)
    if not may_read(draft.scope, memory):
        raise InputError(
            f"The memory {memory.memory[:40]!r} would be read by {audience(memory)!r}, and not by its writer: "
            "write it with a scope that has their id."
        )
    there = _with_words_of(draft, memory)
    if there is not None and there.item != memory.item:
        raise ConflictError(f"The memory {there.memory_id!r} is the item {memory.item!r} already: update it.")
    if there is not None:
        return str(there.memory_id)
    fresh = edit.memory.memory_id is None
    if not fresh:
        memory = rows.copied(memory, version=_next_version(draft, memory))
    draft.add("add", memory, edit.reason, fresh=fresh)
    return str(memory.memory_id)


def _next_version(draft: Draft, memory: UserMemory) -> int:
    """The first version of a memory whose id was given, and may be that of one that was removed.

    Whoever reads it reads that one's history too; so it has no other readers, unless that one had them all.
    """
    key, readers_now = rows.memory_key(memory), audience(memory)
    number, to = draft.last_revision(key) or (0, readers_now)
    if draft.held(key) is not None or to not in ("user", readers_now):
        raise ConflictError(f"The id {memory.memory_id!r} is used already: give another, or none.")
    return number + 1


def _with_words_of(draft: Draft, memory: UserMemory) -> UserMemory | None:
    """The memory that says the same. One that has expired makes room: it is closed."""
    there = draft.with_words_of(memory) if memory.valid_until is None else None
    if there is None or there.expires_at is None or there.expires_at > draft.at:
        return there
    draft.alter("expire", there, "expired", valid_until=there.expires_at)
    return None


def _update(draft: Draft, edit: Update) -> str:
    before = refs.current(draft, edit.target)
    topics = before.topics if edit.topics is None else inputs.checked_topics(edit.topics)
    says_the_same = inputs.checked_statement(edit.memory) == before.memory
    item = edit.item or items.restated(before.item, (before.memory, before.topics), (edit.memory, topics))
    if says_the_same and edit.item is None:
        if topics != before.topics or before.stale_since is not None:
            draft.alter("update", before, edit.reason, topics=topics, item=item, stale_since=None)
        return str(before.memory_id)
    ceiling: list[Trust] = [inputs.checked_trust(edit.trust), CEILING[draft.change.actor]]
    after = rows.copied(
        before,
        **_statement(draft, edit.memory, topics),
        item=item,
        event_at=edit.event_at,
        input=edit.input,
        source_turn_id=draft.change.turn_id,
        valid_until=None,
        expires_at=None,
        trust=inputs.lowest([*ceiling, before.trust] if before.depends_on else ceiling),
    )
    made = [] if says_the_same else draft.dependants(before, unmarked=True)
    _replace(draft, "update", [before], after, edit.reason)
    removing.mark_stale(draft, "update", made, edit.reason or "what it was made from was corrected")
    return str(after.memory_id)


def _statement(draft: Draft, text: str, topics: list[str]) -> dict[str, Any]:
    """What is new of a statement that takes another's place."""
    return {
        "memory_id": new_id(),
        "memory": text,
        "topics": topics,
        "created_at": draft.at,
        "updated_at": draft.at,
        "superseded_by": None,
        "stale_since": None,
        "version": 1,
    }


def _replace(draft: Draft, op: Operation, old: Sequence[UserMemory], after: UserMemory, reason: str) -> None:
    """Close memories, and put a new one in their place."""
    inputs.checked_memory(after)
    for memory in old:
        draft.alter(op, memory, reason, valid_until=draft.at, superseded_by=after.memory_id)
    there = _with_words_of(draft, after)
    if there is not None:
        raise ConflictError(
            f"The memory {there.memory_id!r} says {after.memory[:40]!r} already: merge the two instead."
        )
    draft.add(op, after, reason, fresh=True)


def _merge(draft: Draft, edit: Merge) -> str:
    ids = [ref.memory_id for ref in edit.targets]
    if not ids or len(set(ids)) < len(ids):
        raise InputError(f"A merge names the memories {ids!r}: give at least one, each once.")
    sources = [refs.current(draft, ref) for ref in edit.targets]
    if len({one.memory_id for one in sources}) < len(sources):
        raise ConflictError(f"Of the memories {ids!r} one took another's place meanwhile: read them again.")
    first, inherited = sources[0], _inherited(sources, sources)
    topics = first.topics if edit.topics is None else inputs.checked_topics(edit.topics)
    inherited["trust"] = inputs.lowest([inherited["trust"], CEILING[draft.change.actor]])
    statement = inputs.checked_statement(edit.memory)
    of_item = next((one for one in sources if one.item is not None), first)
    after = rows.copied(
        first,
        **_statement(draft, statement, topics),
        item=items.restated(of_item.item, (of_item.memory, of_item.topics), (statement, topics)),
        **_origin(sources, edit.memory),
        valid_until=None,
        expires_at=None,
    )
    _replace(draft, "merge", sources, rows.copied(after, **inherited), edit.reason)
    return str(after.memory_id)


def _narrow(draft: Draft, edit: Narrow) -> str:
    memory = refs.current(draft, edit.target, closed=True)
    to = getattr(memory, f"{edit.visibility}_id", None)
    if edit.visibility not in ("team", "agent") or to is None:
        raise InputError(
            f"The memory {memory.memory_id!r} cannot be narrowed to {edit.visibility!r}: give 'team' or 'agent', "
            "whichever it has the id of."
        )
    limit = rows.copied(memory, **readers(f"{edit.visibility}:{to}"))
    if shared_audience([memory, limit]) != audience(limit):
        raise InputError(
            f"The memory {memory.memory_id!r} is read by {audience(memory)!r}, of which {audience(limit)!r} is no part."
        )
    for key in map(rows.memory_key, [*draft.line(memory), *draft.dependants(memory)]):
        one = draft.held(key)
        assert one is not None  # each is narrowed once
        _limit(draft, one, limit, edit.reason)
    return str(memory.memory_id)


def _limit(draft: Draft, memory: UserMemory, limit: UserMemory, reason: str) -> None:
    """Let no more read a memory than may read another; remove it if that leaves nobody.

    If those who remain have the same words already, it is closed in favour of that statement.
    """
    shared = shared_audience([memory, limit])
    if shared is None:
        draft.put("narrow", memory, None, reason)
    elif shared != audience(memory):
        there = _with_words_of(draft, rows.copied(memory, **readers(shared)))
        closed = {} if there is None else {"valid_until": draft.at, "superseded_by": there.memory_id}
        draft.alter("narrow", memory, reason, **readers(shared), **closed)


def _delete(draft: Draft, edit: Delete) -> str:
    memory = refs.current(draft, edit.target, closed=True)
    removed = removing.remove_with_dependants if edit.dependants else removing.remove
    return removed(draft, memory, edit.reason)


def _origin(memories: Sequence[UserMemory], text: str) -> dict[str, str | None]:
    """Where the words of a merged memory come from: None when they come from several sources."""
    origins = [memory for memory in memories if memory.memory == text] or memories
    found = {name: {getattr(memory, name) for memory in origins} for name in ("input", "source_turn_id")}
    return {name: values.pop() if len(values) == 1 else None for name, values in found.items()}
