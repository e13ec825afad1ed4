"""What a run looks like on a terminal and in a pipe."""

import io
from dataclasses import replace

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from rich.console import Console

from coterie import Agent, SqliteDb
from coterie.errors import RunError
from coterie.graphs.events import Event
from coterie.memory.evidence import Proposal, Refused
from coterie.memory.report import CurationReport
from coterie.teams.output import RunFinished, RunStarted
from coterie.teams.printing import Printer, curation_lines
from tests.support.scripted import ScriptedModel, calls

ANSWER = "Two ways:\n1) by <b>train</b>\n2) by bus\n\n    $ *cheap* #1"


def answered(text: str) -> list[Event]:
    output = replace(Agent("guide").run("hello"), content=text)
    return [RunStarted("guide", output.run_id, output.session_id, None), RunFinished("guide", output)]


def printed(text: str, *, terminal: bool, repeat: bool = True) -> list[str]:
    """The lines of a run, without the frame around the answer."""
    console = Console(force_terminal=terminal, file=io.StringIO(), width=60, color_system=None, legacy_windows=False)
    with Printer("How do I get there?", console, repeat=repeat) as printer:
        for event in answered(text):
            printer.show(event)
    assert isinstance(console.file, io.StringIO)
    last = console.file.getvalue().rpartition("\x1b[2K")[2]  # a live display erases its lines before it draws again
    return [line.strip("│╭╰").rstrip(" │╮╯─")[1 if terminal else 0 :] for line in last.splitlines()]


@pytest.mark.parametrize("terminal", [True, False])
def test_an_answer_is_printed_as_it_was_given(terminal: bool) -> None:
    lines = printed(ANSWER, terminal=terminal)
    start = lines.index("Two ways:")
    assert lines[start : start + 5] == ANSWER.splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_the_message_may_be_left_out(terminal: bool) -> None:
    assert any("How do I get there?" in line for line in printed("By bus.", terminal=terminal))
    lines = printed("By bus.", terminal=terminal, repeat=False)
    assert not any("How do I get there?" in line or "You" in line for line in lines)
    assert "By bus." in lines


def test_a_run_that_has_not_finished_has_no_output() -> None:
    with pytest.raises(RunError, match="has not finished"):
        _ = Printer("hello").output


def test_what_is_known_already_does_not_read_like_a_failure() -> None:
    agent = Agent("a", db=SqliteDb(), update_memory_on_run=True)
    first, second = (agent.run("I like green tea.", user_id="ana").curations[0] for _ in range(2))
    assert curation_lines(first)[0].startswith("memory + I like green tea")
    assert curation_lines(second)[0].startswith("memory = known already: 'I like green tea")
    refused = CurationReport("turn", refused=(Refused(Proposal("add", "x"), "the statement holds a secret (key)"),))
    assert curation_lines(refused) == ["memory refused: the statement holds a secret (key)"]


@pytest.mark.parametrize("terminal", [False, True])
def test_an_answer_cannot_steer_the_terminal(terminal: bool) -> None:
    out = io.StringIO()
    model = ScriptedModel(script=lambda messages: "wiped \x1b[2J\x1b]0;title\x07 out\nnext line")
    Agent("a", model=model).print_response("hi", console=Console(file=out, force_terminal=terminal, width=100))
    assert "\x1b[2J" not in out.getvalue().replace("\x1b[2K", "")
    assert "\x1b]0" not in out.getvalue()
    assert "next line" in out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_what_waits_is_printed_with_how_to_go_on(terminal: bool) -> None:
    def delete(path: str) -> str:
        """Delete a file."""
        return "deleted"

    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None, legacy_windows=False)
    model = ScriptedModel(script=lambda messages: calls(("delete", {"path": "\x1b[2Ja"})))
    agent = Agent("a", model=model, tools=[delete], confirm_tools=[delete], checkpointer=InMemorySaver())
    output = agent.print_response("hi", console=console, user_id="ana")
    lines = [line.strip() for line in out.getvalue().rpartition("\x1b[2K")[2].splitlines()]
    assert lines[-2 - terminal :][:2] == [  # a terminal is given its cursor back at the end
        r"waits: a wants to call delete(path='\x1b[2Ja')",
        f"to go on: resume({output.run_id!r}, True, user_id='ana'), or False",
    ]
