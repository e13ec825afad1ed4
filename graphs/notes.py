"""Notes: what the members of a team tell each other while a run works, through the store.

A member's answer becomes a note when it has finished, if there is anybody left to read it. A member with tools of its
own, which works in several steps, can also share a finding meanwhile, by the tool ``share_note``. Whoever begins to
work is shown the notes there are: of its team, and of the teams around that one. A member's notes go to its own team,
or, where it is the only member, to the next team around that has others. Teams with ``share_notes=False``, and those
whose members are given their task alone, have none, nor have the teams within them.

They last as long as the run: its turn keeps what was shared by the tool, and the curator decides what comes of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import AnyMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.prebuilt import ToolRuntime

from coterie.errors import ConfigurationError
from coterie.graphs.events import NoteShared, NotesRead
from coterie.graphs.modes import Broadcast, Route
from coterie.graphs.prompts import cut, note_block, storable
from coterie.graphs.spec import AgentSpec, Built, Spec, TeamSpec
from coterie.graphs.state import GraphState, RunContext, Running, here, tell
from coterie.memory.db import Db
from coterie.memory.inputs import MAX_NOTE_CHARACTERS
from coterie.memory.plain import escaped
from coterie.memory.prompt import excerpt
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Message, Note, Turn

SHARE = "share_note"
"""The name of the tool."""
MOST = 50
"""How many notes of a team are looked at, the newest."""
_LARGEST = 4
"""One note takes no more than this part of the budget: the others are to have room, too."""

Runtime = ToolRuntime[RunContext, GraphState]


def teams_around_members(team: TeamSpec, around: tuple[TeamSpec, ...]) -> tuple[TeamSpec, ...]:
    """The teams whose notes a team's members read, the outermost first. ``around`` are those whose notes it reads."""
    if not team.share_notes or team.member_context == "task" or team.memory is None:
        return ()
    return (*around, team) if len(team.members) > 1 else around


def someone_reads(team: TeamSpec, members: Sequence[Built]) -> bool:
    """Whether a member may begin or go on after another has answered: else its answer makes no note.

    In mode route one answers. In a broadcast all begin at once, and one without tools or members is done in one step.
    """
    if isinstance(team.mode, Broadcast):
        return any(member.tools or member.members for member in members)
    return not isinstance(team.mode, Route)


def note_tools(spec: Spec, around: tuple[TeamSpec, ...], tools: Sequence[BaseTool]) -> list[BaseTool]:
    """The tool by which a member shares notes; none if there is nobody to tell, or if it answers in one step anyway.

    Args:
        spec: the member.
        around: the teams whose notes it reads.
        tools: the tools that it has.

    Raises:
        ConfigurationError: it has a tool of this name already.
    """
    if not shares_by_tool(spec, around, bool(tools)):
        return []
    if any(tool.name == SHARE for tool in tools):
        raise ConfigurationError(
            f"{spec.name} has a tool named {SHARE!r}, as the one is by which members of {around[-1].name} share notes:"
            " rename it, or give the team share_notes=False."
        )
    return [StructuredTool.from_function(share_note)]


def shares_by_tool(spec: Spec, around: tuple[TeamSpec, ...], tools: bool) -> bool:
    """Whether there is somebody to tell, and something that an agent with ``tools`` may find before it answers."""
    return isinstance(spec, AgentSpec) and tools and bool(around)


def share_note(text: str, runtime: Runtime) -> str:
    """Tell the other members of your team at once, in a short statement, what you found. You are told what they did."""
    built = here(runtime)
    assert isinstance(built.spec, AgentSpec)
    if not text.strip():
        raise ToolException(f"The note is {text!r}: say what you found.")
    publish(built.around, Note(text, "", member=built.spec.name, agent_id=built.spec.agent_id), runtime)
    state = runtime.state
    shown = [state.get("notes", ""), *(message.text for message in state["messages"])]
    found = note_block(within_budget(unread(runtime, "\n".join(shown)), built.around[-1].notes_tokens))
    return f"Shared. The others found:\n{found}" if found else "Shared."


def publish(around: tuple[TeamSpec, ...], note: Note, runtime: Running) -> None:
    """Tell the last of these teams a note. It needs no run, user and team; what is too long is cut."""
    if not around or not note.text.strip():
        return
    team, context = around[-1], runtime.context
    note = replace(
        note,
        text=excerpt(storable(note.text), MAX_NOTE_CHARACTERS - len(" […] ")),
        task=None if note.task is None else excerpt(storable(note.task), MAX_NOTE_CHARACTERS),
        run_id=context.run_id or "",
        user_id=context.user_id,
        team_id=team.team_id,
    )
    store_of(team).add_note(note)
    if context.noted is not None:
        context.noted.add(team.team_id)
    tell(runtime, NoteShared(team.name, note.member or "", note.text))


def notes_read(messages: Sequence[AnyMessage], runtime: Running) -> str:
    """The notes that a member is shown when it begins, ready for its prompt.

    ``messages`` is what it is told otherwise: that is left out.
    """
    built = here(runtime)
    if not built.around:
        return ""
    found = unread(runtime, "\n".join(message.text for message in messages))
    shown = within_budget(found, built.around[-1].notes_tokens)
    if shown:
        tell(runtime, NotesRead(built.spec.name, tuple(shown)))
    return note_block(shown)


def unread(runtime: Running, told: str) -> list[Note]:
    """The notes for the one who is running, oldest first: not its own, and not what it is told already."""
    context, built = runtime.context, here(runtime)
    found: list[Note] = []
    for team in built.around:
        if context.noted is None or team.team_id in context.noted:
            db = store_of(team)
            found += db.notes(context.user_id, context.run_id or "", team_id=team.team_id, limit=MOST)
    own, told = (built.around[-1].team_id, built.spec.name), escaped(told) if found else ""
    others = [note for note in found if (note.team_id, note.member) != own and escaped(note.text) not in told]
    once = {
        (note.team_id, note.member, note.text): note for note in others
    }  # a resumed step shares again what it shared
    return sorted(once.values(), key=lambda note: note.note_id)


def within_budget(notes: Sequence[Note], tokens: int) -> list[Note]:
    """The newest notes that fit into so many tokens, oldest first. Of a long one, a part."""
    kept: list[Note] = []
    for note in reversed(notes):
        short = replace(note, text=cut(note.text, tokens // _LARGEST))
        tokens_left = tokens - sum(estimate_tokens(one.text) for one in [*kept, short])
        if tokens_left < 0:
            break
        kept.append(short)
    return kept[::-1]


def with_notes(db: Db, turn: Turn) -> Turn:
    """The turn of a run with what members shared by the tool: before the answer, if there is one."""
    shared = [note for note in db.notes(turn.user_id, turn.run_id, limit=None) if note.task is None]
    told = dict.fromkeys(Message("tool", note.text, note.member, agent_id=note.agent_id) for note in shared)
    answered = bool(turn.messages) and turn.messages[-1].role == "assistant"
    place = len(turn.messages) - answered
    return replace(turn, messages=(*turn.messages[:place], *told, *turn.messages[place:]))


def store_of(team: TeamSpec) -> Db:
    """Where a team's notes are."""
    assert team.memory is not None, "a team without a store shares none"
    return team.memory.manager.db
