"""What a proposed edit must pass before it may reach the store. Pure functions: no model, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from coterie.memory.compare import alike, asks_to_forget, fronts, normalised, quoted, shared, telling
from coterie.memory.edits import Add, Delete, Edit, Merge, ProposedOperation, Ref, Update
from coterie.memory.instructions import find_instruction
from coterie.memory.plain import visible
from coterie.memory.secrets import find_secret, masked
from coterie.memory.values import Turn, UserMemory
from coterie.memory.words import words


@dataclass(frozen=True)
class CurationLimits:
    """How much one turn may do, and how much of it the curator is shown. Lengths are in characters."""

    max_edits: int = 10
    """Edits made from one turn; what is proposed beyond is refused. A model that loops cannot flood the store."""
    max_characters: int = 400
    """The longest statement that is kept."""
    max_topics: int = 3
    """Topics of a statement; more are left out."""
    max_turn_characters: int = 6_000
    """How much of a turn the curator sees; of a longer message, its head and its tail. The store keeps all of it."""
    turns_before: int = 2
    """How many turns before it in the session are shown, for understanding only. 0: none."""
    max_before_characters: int = 1_000
    """How much of each of those."""
    max_refused: int = 10
    """How many refused proposals of a turn the store keeps, with their reasons. The report has all."""
    max_known: int = 10
    """How many stored memories are shown: the ones most like the turn, then the newest. 0: none."""


DEFAULT_LIMITS = CurationLimits()


@dataclass(frozen=True)
class Proposal:
    """An edit that a curator would make. ``targets`` are positions in the list of memories it was shown, from 1."""

    op: ProposedOperation
    memory: str = ""
    targets: tuple[int, ...] = ()
    topics: tuple[str, ...] = ()
    reason: str = ""
    quote: str = ""
    """The words of the turn that support it."""


@dataclass(frozen=True)
class Refused:
    """A proposal that was not carried out, and why. A secret in it is masked."""

    proposal: Proposal
    reason: str


_CONFIRMATION_WORDS = 4
"""A turn with no more telling words than these may be an answer that says nothing by itself."""


@dataclass(frozen=True)
class Evidence:
    """What a proposal is judged by.

    ``known`` are the memories the curator was shown, in that order; ``before`` the turns before this one.
    """

    turn: Turn
    before: Sequence[Turn] = ()
    known: Sequence[UserMemory] = ()
    limits: CurationLimits = DEFAULT_LIMITS

    @cached_property
    def said(self) -> str:
        """What the user said in the turn."""
        return visible("\n".join(message.content for message in self.turn.messages if message.role == "user"))

    @cached_property
    def said_fronts(self) -> frozenset[str]:
        """The fronts of all words of the user's: what a quote must be made of."""
        return fronts(words(self.said))

    @cached_property
    def grounds(self) -> frozenset[str]:
        """The fronts of the telling words that a statement may draw on.

        After a bare "Yes, exactly!" the words may come from what it answers.
        """
        said = telling(self.said)
        return self.around if len(said) <= _CONFIRMATION_WORDS else fronts(said)

    @cached_property
    def around(self) -> frozenset[str]:
        """The fronts of the telling words of the turns before and of this one up to its reply, whoever says them."""
        around = [*(one for turn in self.before for one in turn.messages), *self.turn.up_to_reply]
        return fronts(telling(visible("\n".join(one.content for one in around if one.role in ("user", "assistant")))))

    @cached_property
    def speakers(self) -> frozenset[str]:
        """The words in the names of those who speak."""
        names = (message.name for message in self.turn.messages if message.name and message.role == "user")
        return frozenset(words(" ".join(names)))


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
        proposal = tidied(proposal, evidence.limits)
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
        or (wrong_statement(proposal, evidence, taken) if proposal.op != "delete" else None)
        or (unsupported(proposal, evidence) if proposal.op != "add" else None)
    )


def tidied(proposal: Proposal, limits: CurationLimits) -> Proposal:
    """Put a proposal in order: single spaces, each target and topic once, no secret in its reason and topics."""
    topics = dict.fromkeys(topic for each in proposal.topics if (topic := normalised(storable(each))[:40]))
    return replace(
        proposal,
        memory=" ".join(storable(proposal.memory).split()),
        targets=tuple(dict.fromkeys(proposal.targets)),
        topics=tuple(topic for topic in topics if not find_secret(topic))[: limits.max_topics],
        reason=masked(" ".join(storable(proposal.reason).split())[:300]),
        quote=storable(proposal.quote).strip()[: limits.max_characters],
    )


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


def touched_twice(proposal: Proposal, touched: set[int]) -> str | None:
    """Refuse a second edit of one memory in the same turn."""
    again = [target for target in proposal.targets if target in touched]
    return f"memory {again[0]} is already changed by an edit before" if again else None


def wrong_statement(proposal: Proposal, evidence: Evidence, taken: Sequence[str]) -> str | None:
    """Refuse the words of a statement: none, too many, a secret, an instruction, invented, or known already."""
    text = proposal.memory
    return (
        empty(text)
        or too_long(text, evidence.limits)
        or secret(text)
        or smuggled(text)
        or smuggled(proposal.quote)
        or invented(text, evidence)
        or duplicate(proposal, evidence.known, taken)
    )


def empty(text: str) -> str | None:
    """Refuse a statement without a word."""
    return None if words(text) else "the statement is empty"


def too_long(text: str, limits: CurationLimits) -> str | None:
    """Refuse a statement beyond the limit."""
    if len(text) <= limits.max_characters:
        return None
    return f"the statement has {len(text)} characters, more than {limits.max_characters}"


def secret(text: str) -> str | None:
    """Refuse a key, a password, a card number."""
    kind = find_secret(text)
    return f"the statement holds a secret ({kind})" if kind else None


def smuggled(text: str) -> str | None:
    """Refuse an instruction to the agent dressed as a fact. What a person prefers is no instruction."""
    words_found = find_instruction(text)
    return f"the statement is an instruction ({words_found!r})" if words_found else None


def invented(text: str, evidence: Evidence) -> str | None:
    """Refuse a statement that shares no word with what was said."""
    told = [word for word in telling(text) if word not in evidence.speakers]
    return None if shared(told, evidence.grounds) else "nothing of it was said in the turn"


def duplicate(proposal: Proposal, known: Sequence[UserMemory], taken: Sequence[str] = ()) -> str | None:
    """Refuse what is known already, and an update or merge that changes no word."""
    for number, memory in enumerate(known, 1):
        if number in proposal.targets and proposal.op == "update" and proposal.memory == memory.memory:
            return f"it changes nothing in memory {number}"
        if number not in proposal.targets and alike(proposal.memory, memory.memory):
            return f"known already: {masked(memory.memory)!r}"
    again = next((text for text in taken if alike(proposal.memory, text)), None)
    return f"proposed twice: {masked(again)!r}" if again is not None else None


def unsupported(proposal: Proposal, evidence: Evidence) -> str | None:
    """Refuse to change or remove a memory without words of the user that say so."""
    if not quoted(proposal.quote, evidence.said_fronts):
        return "its quote is not what the user said in the turn"
    if proposal.op == "delete" and not named(proposal.quote, evidence.known[proposal.targets[0] - 1].memory, evidence):
        return "the user did not name what is to be forgotten"
    return None


def named(quote: str, target: str, evidence: Evidence) -> bool:
    """Whether a quote means a memory: it shares a word, or is a "forget that", and what went before shares one."""
    meant = [word for word in telling(target) if word not in evidence.speakers]
    return bool(shared(meant, fronts(telling(quote))) or (asks_to_forget(quote) and shared(meant, evidence.around)))


def as_edit(proposal: Proposal, evidence: Evidence) -> Edit:
    """Make the edit of a proposal that passed: its rows with their versions, its turn's tags."""
    rows = [evidence.known[target - 1] for target in proposal.targets]
    refs = [Ref(_id(row), row.version) for row in rows]
    topics = proposal.topics or None
    if proposal.op == "delete":
        return Delete(refs[0], proposal.reason)
    if proposal.op == "update":
        return Update(
            refs[0], proposal.memory, topics, proposal.reason, evidence.turn.at, _words_of(proposal, evidence)
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
        agent_id=turn.agent_id,
        visibility="user",
        input=_words_of(proposal, evidence),
        trust="user" if quoted(proposal.quote, evidence.said_fronts) else "agent",
        source_turn_id=turn.turn_id,
        event_at=turn.at,
    )


def _words_of(proposal: Proposal, evidence: Evidence) -> str | None:
    """The user's words that support a proposal."""
    return masked(proposal.quote) if quoted(proposal.quote, evidence.said_fronts) else None


def _id(row: UserMemory) -> str:
    assert row.memory_id is not None, "a memory read from the store has its id"
    return row.memory_id
