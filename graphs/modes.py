"""How the members of a team work together: one small value for each way, with its settings.

``Team(mode="route")`` is ``Team(mode=Route())``.
"""

from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from coterie.errors import ConfigurationError


@dataclass(frozen=True)
class Answer:
    """What a member of a team came back with."""

    member: str
    """Its name."""
    task: str
    content: str
    """What it answered; empty if it failed."""
    error: str | None = None
    agent_id: str | None = None
    """None: a team did it."""

    @property
    def said(self) -> str:
        """What the others are told: the answer, or that it failed and why."""
        return f"{self.member} failed. {self.error}" if self.error else self.content


@dataclass(frozen=True)
class Coordinate:
    """A leader delegates tasks, several at once where they are independent, and answers from what members found."""


@dataclass(frozen=True)
class Route:
    """The leader picks one member, whose answer reaches the user unchanged."""

    fallback: str | None = None
    """The name of the member that answers where the leader picks none, or where the one it picked fails."""


@dataclass(frozen=True)
class Broadcast:
    """All members answer in parallel; then the answers become one."""

    join: Callable[[abc.Sequence[Answer]], str] | None = None
    """Makes one answer of the members', given in the members' order, those of members that failed among them. None:
    the leader's model does. It may be an async function."""

    def __post_init__(self) -> None:
        _check_function("Broadcast", "join", self.join)


@dataclass(frozen=True)
class Sequence:
    """The members work one after the other, each from what the one before it answered."""

    stop_when: Callable[[Answer], bool] | None = None
    """Called after each member but the last: True ends the sequence, with this member's answer. It may be an async
    function."""

    def __post_init__(self) -> None:
        _check_function("Sequence", "stop_when", self.stop_when)


@dataclass(frozen=True)
class Swarm:
    """Members hand the conversation over to each other; the one who had it last goes on with it in the next run."""

    first: str | None = None
    """The name of the member that begins. None: the first one."""
    handoffs: Mapping[str, abc.Sequence[str]] = field(default_factory=dict)
    """To whom each member may hand over, by names. A member that is not in it: to everybody."""
    max_handoffs: int = 10
    """How often the conversation may be handed over in one run."""


@dataclass(frozen=True)
class Tasks:
    """The leader keeps a list of tasks until all are done: each has an owner, and those it depends on."""

    max_rounds: int = 10
    """How often the leader may look at the list in one run."""


def leads(mode: "Mode", members: int) -> bool:
    """Whether a team of so many members asks a model of its own, its leader's."""
    match mode:
        case Sequence() | Swarm():
            return False
        case Broadcast():
            return mode.join is None
        case Route():
            return members > 1
    return True


Mode = Coordinate | Route | Broadcast | Sequence | Swarm | Tasks

MODES: Mapping[str, type[Mode]] = {
    "coordinate": Coordinate,
    "route": Route,
    "broadcast": Broadcast,
    "sequence": Sequence,
    "swarm": Swarm,
    "tasks": Tasks,
}
"""The modes by name."""


def _check_function(mode: str, setting: str, value: object) -> None:
    """Refuse what cannot be called.

    Raises:
        ConfigurationError: with the value.
    """
    if value is not None and not callable(value):
        raise ConfigurationError(f"{mode}({setting}={value!r}) is no function: give one, or leave it out.")


def mode_of(mode: Mode | str) -> Mode:
    """The mode that is meant.

    Raises:
        ConfigurationError: there is none of this name.
    """
    if isinstance(mode, Mode):
        return mode
    if mode not in MODES:
        raise ConfigurationError(f"mode={mode!r} is not known: give one of {', '.join(map(repr, MODES))}.")
    return MODES[mode]()


def mode_name(mode: Mode) -> str:
    """What a mode is called."""
    return next(name for name, kind in MODES.items() if isinstance(mode, kind))
