"""What a proposed edit must pass before it may reach the store. Pure functions: no model, no database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time

from coterie.memory.chatter import is_statement
from coterie.memory.compare import asks_to_forget, front, fronts, normalised, quoted, shared, telling
from coterie.memory.dates import dated, the_day
from coterie.memory.edits import Add, Delete, Edit, Merge, Ref, Update
from coterie.memory.evidence import CurationLimits, Evidence, Proposal, Refused
from coterie.memory.learning import learner
from coterie.memory.likeness import alike
from coterie.memory.plain import visible
from coterie.memory.requests import of_oneself
from coterie.memory.secrets import find_secret, masked
from coterie.memory.sentences import answers, sentences
from coterie.memory.values import UserMemory
from coterie.memory.wording import not_as_spoken, smuggled, wrong_words

_ECHOES_AT = 0.8
"""The share of a statement's telling words that makes it an echo of what has them."""


def check(proposals: Sequence[Proposal], evidence: Evidence) -> tuple[list[Edit], list[Refused]]:
    """Sort proposals into edits to apply and refusals. Each passes every check, or is refused by the first it fails."""
    passed, refused = sorted_out(proposals, evidence)
    return [edit for _, edit in passed], refused


def sorted_out(proposals: Sequence[Proposal], evidence: Evidence) -> tuple[list[tuple[Proposal, Edit]], list[Refused]]:
    """The same, with the proposal that each edit was made of."""
    edits: list[tuple[Proposal, Edit]] = []
    refused: list[Refused] = []
    taken: list[str] = []
    touched: set[int] = set()
    for proposal in proposals:
        proposal = aimed(tidied(proposal, evidence), evidence)
        reason = (
            too_many(len(edits), evidence.limits)
            or touched_twice(proposal, touched)
            or wrong(proposal, evidence, taken)
        )
        if reason:
            refused.append(Refused(concealed(proposal), reason))
            continue
        taken.append(proposal.memory)
        touched.update(proposal.targets)
        edits.append((proposal, as_edit(proposal, evidence)))
    return edits, refused


def wrong(proposal: Proposal, evidence: Evidence, taken: Sequence[str] = ()) -> str | None:
    """Say why one proposal is refused, given the statements taken from the turn already; None if it passes."""
    return (
        wrong_targets(proposal, evidence.known)
        or too_late(proposal, evidence)
        or (wrong_statement(proposal, evidence, taken) if proposal.op != "delete" else None)
        or (unsupported(proposal, evidence) if proposal.op != "add" else None)
    )


def tidied(proposal: Proposal, evidence: Evidence) -> Proposal:
    """Put a proposal in order: single spaces, a day for "yesterday", targets once, no secret in reason and topics."""
    limits, quote = evidence.limits, storable(proposal.quote).strip()[: evidence.limits.max_characters]
    topics = dict.fromkeys(topic for each in proposal.topics if (topic := normalised(storable(each))[:40]))
    return replace(
        proposal,
        memory=with_days(as_spoken(" ".join(storable(proposal.memory).split()), quote, evidence), evidence),
        targets=tuple(dict.fromkeys(proposal.targets)),
        topics=tuple(topic for topic in topics if not find_secret(topic))[: limits.max_topics],
        reason=masked(" ".join(storable(proposal.reason).split())[:300]),
        quote=quote,
    )


def as_spoken(text: str, quote: str, evidence: Evidence) -> str:
    """Return the statement; in the user's own words, as quoted, where a model put it into another language."""
    foreign = text and not_as_spoken(text, evidence.said)
    own = quoted(quote, evidence.stated_fronts) and is_statement(quote)
    return " ".join(quote.split()) if foreign and own else text


def with_days(text: str, evidence: Evidence) -> str:
    """Return the statement with the days that it names by their distance from the turn's, if there is room for them."""
    found = dated(text, evidence.turn.at.date())
    return found if len(found) <= evidence.limits.max_characters else text


def storable(text: str) -> str:
    """Return the text without what a database cannot keep (NUL, halves of surrogate pairs) and what nobody sees."""
    return visible(text.replace("\0", "").encode(errors="replace").decode())


def concealed(proposal: Proposal) -> Proposal:
    """Return the proposal fit to be shown: not long, its secrets masked."""
    return replace(proposal, memory=masked(proposal.memory)[:500], quote=masked(proposal.quote))


def too_many(done: int, limits: CurationLimits) -> str | None:
    """Refuse what goes beyond the number of edits one turn may make."""
    return f"more than {limits.max_edits} edits from one turn" if done >= limits.max_edits else None


def wrong_targets(proposal: Proposal, known: Sequence[UserMemory]) -> str | None:
    """Refuse an unknown operation, a memory that was not shown, too few or too many targets."""
    bounds = {"add": (0, 0), "update": (1, 1), "delete": (1, 1), "merge": (2, len(known))}
    if proposal.op not in bounds:
        return f"there is no operation {proposal.op!r}"
    unknown = [target for target in proposal.targets if not 1 <= target <= len(known)]
    if unknown:
        return f"no memory numbered {unknown[0]} was shown"
    needed = bounds[proposal.op]
    if not needed[0] <= len(proposal.targets) <= needed[1]:
        return f"{proposal.op} cannot be done to {len(proposal.targets)} memories"
    return None


def too_late(proposal: Proposal, evidence: Evidence) -> str | None:
    """Refuse to change what was learnt after the turn: a turn that is curated late knows less."""
    late = [target for target in proposal.targets if _id(evidence.known[target - 1]) in evidence.later]
    return f"memory {late[0]} was learnt after this turn" if late else None


def touched_twice(proposal: Proposal, touched: set[int]) -> str | None:
    """Refuse a second edit of one memory in the same turn."""
    again = [target for target in proposal.targets if target in touched]
    return f"memory {again[0]} is already changed by an edit before" if again else None


def wrong_statement(proposal: Proposal, evidence: Evidence, taken: Sequence[str]) -> str | None:
    """Refuse a statement for its words, or because the user did not say it, or because it is known already."""
    text = proposal.memory
    return (
        wrong_words(text, evidence.limits.max_characters)
        or smuggled(proposal.quote)
        or not_as_spoken(text, evidence.said)
        or invented(text, evidence)
        or echoed(text, evidence)
        or (idle(proposal.quote, evidence) if proposal.op == "add" else None)
        or duplicate(proposal, evidence, taken)
    )


def idle(quote: str, evidence: Evidence) -> str | None:
    """Refuse what is drawn from thanks, a greeting, or a request that says nothing about the user."""
    if not quote or (answers(quote) and evidence.answered):
        return None
    told = any(is_statement(sentence) or of_oneself(sentence) for sentence in sentences(quote))
    return None if told else "its quote says nothing about the user"


def invented(text: str, evidence: Evidence) -> str | None:
    """Refuse a statement that shares no word with what the user stated."""
    told = [word for word in telling(text) if word not in evidence.speakers]
    return None if shared(told, evidence.grounds) else "nothing of it was said in the turn"


def echoed(text: str, evidence: Evidence) -> str | None:
    """Refuse what repeats a memory, an answer or a tool with a word or two of the user's: it is no news."""
    told = [front(word) for word in telling(text) if word not in evidence.speakers]
    said = sum(word in evidence.grounds for word in told)
    if 2 * said >= len(told) or not any(_covers(one, told) for one in evidence.others_words):
        return None
    return "it repeats what was remembered or answered: the user did not say it"


def _covers(source: frozenset[str], told: Sequence[str]) -> bool:
    return sum(word in source for word in told) >= _ECHOES_AT * len(told)


def duplicate(proposal: Proposal, evidence: Evidence, taken: Sequence[str] = ()) -> str | None:
    """Refuse what is known already, and an update or merge that changes no word."""
    for number, memory in enumerate(evidence.known, 1):
        if number in proposal.targets and proposal.op == "update" and proposal.memory == memory.memory:
            return f"it changes nothing in memory {number}"
        if number not in proposal.targets and alike(proposal.memory, memory.memory, evidence.names):
            return f"known already: {masked(memory.memory)!r}"
    again = next((text for text in taken if alike(proposal.memory, text, evidence.names)), None)
    return f"proposed twice: {masked(again)!r}" if again is not None else None


def unsupported(proposal: Proposal, evidence: Evidence) -> str | None:
    """Refuse to change or remove a memory without words of the user that say so."""
    said = evidence.wished_fronts if proposal.op == "delete" else evidence.stated_fronts
    if not quoted(proposal.quote, said):
        return "its quote is not what the user said in the turn"
    if proposal.op == "delete" and not named(proposal.quote, evidence.known[proposal.targets[0] - 1].memory, evidence):
        return "the user did not name what is to be forgotten"
    return None


def named(quote: str, target: str, evidence: Evidence) -> bool:
    """Whether a quote means a memory: it names it, or is a "forget that" that names none, and what went before does."""
    if _names(quote, target, evidence):
        return True
    forget_that = asks_to_forget(quote) and not any(_names(quote, one.memory, evidence) for one in evidence.known)
    return forget_that and bool(shared(_told(target, evidence), evidence.around))


def aimed(proposal: Proposal, evidence: Evidence) -> Proposal:
    """Aim a removal at the one memory that the user names as to be forgotten: small models confuse the numbers."""
    if proposal.op != "delete" or not asks_to_forget(proposal.quote):
        return proposal
    meant = [n for n, one in enumerate(evidence.known, 1) if _names(proposal.quote, one.memory, evidence)]
    return replace(proposal, targets=tuple(meant)) if len(meant) == 1 else proposal


def placed(proposal: Proposal, evidence: Evidence) -> Proposal:
    """Aim an update that names no memory, or one that it shares no word with, at the one memory that it takes up.

    Where there is none, the update that names no memory is something new.
    """
    known, said = evidence.known, fronts(telling(f"{proposal.quote} {proposal.memory}"))
    named = [known[target - 1].memory for target in proposal.targets if 1 <= target <= len(known)]
    if proposal.op != "update" or any(shared(_told(text, evidence), said) for text in named):
        return proposal
    meant = [number for number, one in enumerate(known, 1) if _takes_up(said, one.memory, evidence)]
    if len(meant) == 1:
        return replace(proposal, targets=tuple(meant))
    return proposal if proposal.targets else replace(proposal, op="add")


def _takes_up(said: frozenset[str], target: str, evidence: Evidence) -> bool:
    told = _told(target, evidence)
    return bool(told) and 2 * len(shared(told, said)) >= len(told)


def _names(quote: str, target: str, evidence: Evidence) -> bool:
    return bool(shared(_told(target, evidence), fronts(telling(quote))))


def _told(target: str, evidence: Evidence) -> list[str]:
    return [word for word in telling(target) if word not in evidence.names]


def as_edit(proposal: Proposal, evidence: Evidence) -> Edit:
    """Make the edit of a proposal that passed: its rows with their versions, its turn's tags."""
    rows = [evidence.known[target - 1] for target in proposal.targets]
    refs = [Ref(_id(row), row.version) for row in rows]
    topics = proposal.topics or None
    if proposal.op == "delete":
        return Delete(refs[0], proposal.reason, dependants=True)
    if proposal.op == "update":
        return Update(
            refs[0],
            proposal.memory,
            topics,
            proposal.reason,
            happened(proposal.memory, evidence.turn.at),
            _words_of(proposal, evidence),
        )
    if proposal.op == "merge":
        return Merge(refs, proposal.memory, topics, proposal.reason)
    return Add(_new(proposal, evidence), proposal.reason)


def _new(proposal: Proposal, evidence: Evidence) -> UserMemory:
    turn = evidence.turn
    return UserMemory(
        memory=proposal.memory,
        topics=list(proposal.topics),
        user_id=turn.user_id,
        team_id=turn.team_id,
        agent_id=turn.agent_id or learner(proposal.quote, turn.messages),
        visibility="user",
        input=_words_of(proposal, evidence),
        trust="user" if quoted(proposal.quote, evidence.stated_fronts) else "agent",
        source_turn_id=turn.turn_id,
        event_at=happened(proposal.memory, evidence.turn.at),
    )


def happened(statement: str, at: datetime) -> datetime:
    """When it happened, said at a time: on the one day that the statement is about, else then."""
    day = the_day(statement, at.date())
    return at if day is None or day == at.date() else datetime.combine(day, time(tzinfo=at.tzinfo))


def _words_of(proposal: Proposal, evidence: Evidence) -> str | None:
    """The user's words that support a proposal."""
    return masked(proposal.quote) if quoted(proposal.quote, evidence.stated_fronts) else None


def _id(row: UserMemory) -> str:
    assert row.memory_id is not None, "a memory read from the store has its id"
    return row.memory_id
