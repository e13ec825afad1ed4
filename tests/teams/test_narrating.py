"""What people see of teams at work: who is asked, hands over, shares and plans, and the words of whoever answers."""

import io

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.types import RetryPolicy
from rich.console import Console

from coterie import Agent, SqliteDb, Team
from coterie.graphs.events import AttemptFailed, Event, TaskChanged, Token
from coterie.graphs.modes import MODES, Broadcast
from coterie.graphs.task_list import Task
from coterie.teams.narrating import line_of
from coterie.teams.output import RunFinished
from tests.support.scripted import ScriptedModel, calls

SAID = "Where is my parcel, and what about the refund?"


def find_order(text: str) -> str:
    """Look up where a parcel is."""
    return "It arrives on Monday."


def search_articles(text: str) -> str:
    """Search the articles on a refund."""
    return "Within 5 days."


def desk(mode: str) -> Team:
    """A team that its clerk begins in a swarm, and ends in a sequence."""
    orders = Agent("orders", role="knows where a parcel is", tools=[find_order])
    billing = Agent("billing", role="knows about a refund", tools=[search_articles])
    members = [Agent("clerk", role="takes everything down"), orders, billing]
    return Team("desk", members[:: 1 if mode == "swarm" else -1], mode=mode)


def printed(team: Agent | Team, said: str = SAID) -> list[str]:
    """What a pipe gets."""
    out = io.StringIO()
    team.print_response(said, console=Console(file=out, width=200))
    return out.getvalue().splitlines()


def live(team: Team, said: str = SAID) -> tuple[str, str]:
    """The words that stand there right before the run is over, and the answer."""
    printer = team.printer(said, Console(file=io.StringIO()))
    shown = ""
    for event in team.run(said, stream=True):
        shown = printer.answer if isinstance(event, RunFinished) else shown
        printer.show(event)
    return shown, printer.output.content


@pytest.mark.parametrize("mode", MODES)
def test_the_answer_is_shown_as_it_is_written(mode: str) -> None:
    shown, answer = live(desk(mode))
    assert shown == answer != ""


def test_that_of_a_team_in_a_team_too_and_no_other_words() -> None:
    panel = Team("panel", desk("route").members[:2], mode=Broadcast(), role="knows of parcels and refunds")
    shown, answer = live(Team("front", [panel, Agent("clerk", role="takes notes")], mode="route"))
    assert shown == answer != ""
    quiet = Team("panel", [Agent("a"), Agent("b")], mode=Broadcast(join=lambda answers: "joined"))
    assert live(quiet) == ("", "joined")


def test_who_hands_over_has_not_answered() -> None:
    assert printed(desk("swarm")) == [
        f"> {SAID}",
        "  desk asks clerk",
        "  clerk hands over to orders",
        "  desk asks orders",
        "  orders used find_order",
        "  orders answered",
        "find_order says: It arrives on Monday.",
    ]


def test_tasks_are_shown_when_they_are_added_and_done() -> None:
    lines = printed(desk("tasks"))
    assert lines[1:3] == ["  task 1 for billing", "  task 2 for orders"]
    assert {"  task 1 done", "  task 2 done", "  desk asks orders"} <= set(lines)
    after = TaskChanged("desk", Task("3", "Write\nto her", "clerk", ("1", "2")))
    assert line_of(after, SAID) == "task 3 for clerk, after 1, 2: Write to her"


def test_what_others_answered_is_not_shown_as_a_task() -> None:
    lines = printed(desk("sequence"))
    assert [line for line in lines if "asks" in line] == [
        "  desk asks billing",
        "  desk asks orders",
        "  desk asks clerk",
    ]


def test_notes_are_shown() -> None:
    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(("share_note", {"text": "Closed\non Monday"}))

    scout = Agent("scout", tools=[find_order], model=ScriptedModel(script=script))
    team = Team("desk", [scout, Agent("clerk")], mode="broadcast", db=SqliteDb())
    lines = printed(team)
    assert "  scout tells the others: Closed on Monday" in lines
    assert not any("share_note" in line for line in lines[:-2])


def test_an_attempt_that_failed_is_shown_and_its_words_are_not() -> None:
    asked = list[int]()

    def script(messages: list[BaseMessage]) -> str:
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionError("the line\nbroke")
        return "It works."

    retry = RetryPolicy(max_attempts=2, initial_interval=0.01, jitter=False)
    lines = printed(Agent("guide", model=ScriptedModel(script=script), retry_policy=retry))
    assert lines[1:] == ["  guide: attempt 1 failed: ConnectionError: the line broke", "It works."]


def test_a_broken_attempt_of_who_answers_leaves_no_words() -> None:
    printer = desk("route").printer(SAID, Console(file=io.StringIO()))
    events: list[Event] = [
        Token("orders", "It arr"),
        AttemptFailed("orders", 1, "down", node="model"),
        Token("orders", "Mon"),
    ]
    for event in events:
        printer.show(event)
    assert printer.answer == "Mon"
