"""A run that is watched: its lanes, how the memory changes, the answer; in a terminal and in a pipe."""

import asyncio
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from coterie import Agent, MemoryManager, SqliteDb, Team, UserMemory
from coterie.errors import InputError, RunError
from coterie.graphs.events import Event, Token
from coterie.graphs.modes import MODES
from coterie.teams.output import RunStarted
from coterie.teams.watching import Watcher
from tests.memory.test_proposals import edit, scripted
from tests.support.scripted import ScriptedModel
from tests.support.teams import failing, member
from tests.support.terminal import Screen

SAID = "Where is my parcel, and what about the refund?"


def terminal(width: int = 100, height: int = 40, **more: Any) -> Console:
    """A terminal that keeps what is written to it."""
    usual: dict[str, Any] = {"color_system": "truecolor", "legacy_windows": False}
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, **{**usual, **more})


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def frames(console: Console) -> Iterator[str]:
    """What stood there after each redraw."""
    for frame in re.split(r"\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)*", written(console)):
        yield str(Screen(frame))


def watched(target: Agent | Team, said: str = SAID, console: Console | None = None, **who: Any) -> str:
    """What stands in the terminal at the end."""
    console = console or terminal()
    target.print_response(said, console=console, watch=True, **who)
    return str(Screen(written(console)))


def piped(target: Agent | Team, said: str = SAID, **who: Any) -> str:
    console = Console(file=io.StringIO(), width=60)
    target.print_response(said, console=console, watch=True, **who)
    return written(console)


def desk(mode: str = "coordinate") -> Team:
    """A team with a team in it."""
    panel = Team("panel", [member("a"), member("b")], mode="broadcast", role="knows about a refund")
    orders = Agent("orders", role="knows where a parcel is")
    return Team("desk", [orders, panel], mode=mode, db=SqliteDb(), update_memory_on_run=True)


def remembering(*edits: dict[str, Any], **settings: Any) -> Agent:
    """An agent that knows where Ana lives, and whose curator makes these edits."""
    db = SqliteDb()
    MemoryManager(db).add_user_memory(UserMemory(memory="Ana lives in Lisbon", user_id="ana"))
    manager = MemoryManager(db, scripted(*edits), **settings)
    model = ScriptedModel(script=lambda messages: "I see.")
    return Agent("guide", model=model, db=db, update_memory_on_run=True, memory_manager=manager)


MOVED = edit("update", "Ana lives in Berlin", "I live in Berlin", 1)
DOG = edit("add", "Ana has a dog", "I have a dog")
NURSE = edit("add", "Petra is a nurse in Graz", "a nurse")
BERLIN = "I live in Berlin and I have a dog"


@pytest.mark.parametrize("mode", MODES)
def test_a_team_at_work(mode: str) -> None:
    shown = watched(desk(mode), f"I like green tea. {SAID}", user_id="ana", session_id="s")
    assert re.search(r"─ desk · \d+\.\d s ─", shown)
    assert "─ ana · session s ─" in shown
    assert re.search(r"^│ desk  .*[░█▓]", shown, re.MULTILINE)
    assert re.search(r"^│ memory .*\+", shown, re.MULTILINE)
    assert "╭─ memory +1 ─" in shown
    assert "│ + I like green tea." in shown


def test_lines_are_as_long_as_the_terminal_is_wide() -> None:
    panel = Team("評価委員会 of experts", [Agent("東京の専門家", role="refunds")], mode="broadcast", role="refund")
    team = Team("desk", [Agent("an agent with a very long name", role="parcel"), panel], db=SqliteDb())
    for width in (30, 60, 140):
        console = terminal(width)
        watched(team, SAID, console)
        for frame in frames(console):
            assert max(map(cell_len, frame.splitlines()), default=0) <= width


def test_what_it_draws_while_it_goes_on_fits_into_the_terminal() -> None:
    console = terminal(60, 16)
    watcher = Watcher("Tell me\nall", console, speakers=["desk"])
    with watcher:
        for event in desk("broadcast").run(SAID, stream=True):
            watcher.show(event)
            if isinstance(event, RunStarted):
                watcher.show(Token("desk", "\n".join(f"line {number}" for number in range(99))))
                console.print(watcher, end="")
    drawn = str(Screen(written(console)))
    assert "line 98" in drawn
    assert "line 50" not in drawn
    assert len(console.render_lines(watcher)) > 16  # the end is shown whole


def test_the_memory_is_shown_word_by_word() -> None:
    console = terminal()
    shown = watched(remembering(MOVED, DOG, NURSE), BERLIN, console, user_id="ana")
    assert "╭─ memory +1 ~1 !1 ─" in shown
    assert "│ ~ Ana lives in LisbonBerlin (said)" in shown
    assert "\x1b[9;31mLisbon" in written(console)  # struck through
    assert "\x1b[4;32mBerlin" in written(console)  # underlined
    assert "│ + Ana has a dog (said)" in shown
    assert re.search(r"│ ! Petra is a nurse in Graz \(.+\)", shown)


def test_without_colours_what_went_and_came_stands_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = terminal()
    assert "│ ~ Ana lives in [-Lisbon-]{+Berlin+} (said)" in watched(remembering(MOVED), BERLIN, console, user_id="ana")
    assert not re.search(r"\x1b\[[\d;]*3\d[;m]", written(console))


def test_what_is_held_and_what_is_forgotten() -> None:
    agent = remembering(MOVED, approval="ask")
    held = "│ ? Ana lives in [-Lisbon-]{+Berlin+} (it changes what is known)"
    assert held in watched(agent, BERLIN, terminal(no_color=True), user_id="ana")
    gone = remembering(edit("delete", "", "Forget that I live in Lisbon", 1))
    assert "│ - Ana lives in Lisbon (said)" in watched(gone, "Forget that I live in Lisbon.", user_id="ana")


def test_a_pipe_gets_the_lines_of_a_printed_run_with_the_diff() -> None:
    assert piped(remembering(MOVED, DOG), BERLIN, user_id="ana").splitlines() == [
        f"> {BERLIN}",
        "I see.",
        "  memory ~ Ana lives in [-Lisbon-]{+Berlin+} (said)",
        "  memory + Ana has a dog (said)",
    ]


def test_a_member_that_fails_is_shown() -> None:
    team = Team("desk", [failing("scout"), member("clerk")], mode="broadcast")
    shown = watched(team)
    assert re.search(r"^│   scout .*✗", shown, re.MULTILINE)
    assert "  scout failed: desk/scout: its model failed" in shown
    assert "✗ failed" in shown


def test_a_run_that_fails_leaves_the_terminal_clean() -> None:
    console = terminal()
    with pytest.raises(RunError):
        failing("scout").print_response(SAID, console=console, watch=True)
    screen = Screen(written(console))
    assert screen.cursor
    assert re.search(r"─ scout · failed · \d", str(screen))
    assert "✗" in str(screen)


def test_one_that_did_not_begin_shows_nothing() -> None:
    console = terminal()
    with pytest.raises(InputError):
        member("scout").print_response("", console=console, watch=True)
    assert (str(Screen(written(console))), Screen(written(console)).cursor) == ("", True)


def test_one_that_is_interrupted_says_so() -> None:
    def interrupt(messages: list[Any]) -> str:
        raise KeyboardInterrupt

    console = terminal()
    with pytest.raises(KeyboardInterrupt):
        watched(Agent("scout", model=ScriptedModel(script=interrupt)), SAID, console)
    screen = Screen(written(console))
    assert screen.cursor
    assert re.search(r"─ scout · interrupted · \d", str(screen))


@pytest.mark.parametrize("console", [terminal(), Console(file=io.StringIO(), width=100)], ids=["terminal", "pipe"])
def test_nothing_that_is_said_can_steer_the_terminal(console: Console) -> None:
    evil = "wiped \x1b[2J\x1b]0;title\x07 [bold red]out[/bold red] [/]"
    agent = Agent(
        "a\x1b[2J[/]", model=ScriptedModel(script=lambda messages: evil), db=SqliteDb(), update_memory_on_run=True
    )
    agent.print_response(f"I like {evil}.", console=console, watch=True, user_id="ana\x1b[2J")
    assert "\x1b[2J" not in written(console)
    assert "\x1b]0" not in written(console)
    assert written(console).count("[bold red]out[/bold red] [/]") >= 2


def test_a_dumb_terminal_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    console = terminal(color_system=None)
    member("scout").print_response("hello", console=console, watch=True)
    assert written(console) == "> hello\nscout: hello\n"


def test_the_same_from_async_code() -> None:
    console = terminal(200)
    output = asyncio.run(desk().aprint_response(SAID, console=console, watch=True))
    assert output.content.splitlines()[0] in str(Screen(written(console)))


def test_it_draws_no_more_often_than_it_must() -> None:
    console = terminal()
    events: list[Event] = [RunStarted("scout", "r", "s", None), *(Token("scout", "word ") for _ in range(2000))]
    with Watcher("hello", console, speakers=["scout"]) as watcher:
        for event in events:
            watcher.show(event)
    assert len(list(frames(console))) < 200
