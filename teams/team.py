"""Team: a leader and its members, agents or teams, on one shared memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from coterie.errors import ConfigurationError
from coterie.graphs.modes import Mode, mode_of
from coterie.graphs.spec import Inherited, MemberContext, OnError, TeamSpec
from coterie.teams.agent import Agent
from coterie.teams.checks import listed
from coterie.teams.settings import NOTHING, Settings


@dataclass(kw_only=True, eq=False, repr=False)
class Team(Settings):
    """A team: a light object; its graph, with its members' graphs inside, is made when it first runs.

    One curator, at the end of the team's graph, goes through the turn: members at work keep and curate nothing of
    their own.

    Raises:
        ConfigurationError: an unknown mode; on first use also no members, or two that cannot be told apart.
    """

    name: str = field(default="team", kw_only=False)
    members: "Sequence[Agent | Team]" = field(default=(), kw_only=False)
    """Agents and teams, one at least, with names that differ."""
    mode: Mode | str = "coordinate"
    """How they work together: "coordinate", "route", "broadcast", "sequence", "swarm" or "tasks"; or, for one with
    settings, a value of `coterie.graphs.modes`."""
    share_notes: bool = True
    """Let members tell each other, while they work, what they found (`coterie.graphs.notes`). It needs a store."""
    notes_tokens: int = 1000
    """The most that such notes may take of a member's prompt, in estimated tokens; the newest that fit are shown."""
    member_context: MemberContext = "notes"
    """What a member is given: "task", its task alone; "notes", also what other members found in this run;
    "conversation", also who said what in this run so far, and in the session before."""
    on_member_error: OnError = "report"
    """What happens when a member fails. "report": the others go on, and the leader is told; "stop": the run fails."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mode = mode_of(self.mode)
        self.members = members_of(self.name, self.members)
        on = [each.update_memory_on_run for each in self.members if each.update_memory_on_run]
        if self.checkpointer is None:
            lent = (each.checkpointer for each in self.members if each.checkpointer is not None)
            self.checkpointer = next(lent, None)
        self.update_memory_on_run = self.update_memory_on_run or next(iter(on), False)

    def spec(self, inherited: Inherited = NOTHING) -> TeamSpec:
        """What its graph is built from. ``inherited`` is what a team that it is a member of lends it."""
        if inherited.memory is None:
            self.db = self.db or next((member.db for member in self.members if member.db), None)
        common = self.common(inherited)
        lent = replace(inherited, model=common["model"], memory=common["memory"])
        return TeamSpec(
            team_id=self.id or self.name,
            members=tuple(member.spec(lent) for member in self.members),
            mode=mode_of(self.mode),
            share_notes=self.share_notes,
            notes_tokens=self.notes_tokens,
            member_context=self.member_context,
            on_member_error=self.on_member_error,
            **common,
        )

    def __repr__(self) -> str:
        return f"Team({self.name!r}, members={[member.name for member in self.members]!r})"


def members_of(name: str, members: "Sequence[Agent | Team]") -> "tuple[Agent | Team, ...]":
    """The members, checked to be agents and teams."""
    found = listed(name, "members", members)
    wrong = [member for member in found if not isinstance(member, Agent | Team)]
    if wrong:
        raise ConfigurationError(f"{name}: {wrong[0]!r} is no member: give agents and teams.")
    return tuple(found)
