"""The offline model: an ordinary chat model, deterministic, that only quotes."""

import logging
from enum import StrEnum
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel

from coterie import Agent, OfflineModel, SqliteDb, Team
from coterie.graphs.offline import NOTICE
from coterie.graphs.session import PRIVATE
from coterie.graphs.task_list import Task, rows_of
from coterie.teams.run import log_once

MEMORIES = SystemMessage(
    "You are a.\n<memories>\n- [2026-01-02] I like hiking\n- [2026-01-03] I have a dog\n</memories>"
)


def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def plan(days: int, city: str) -> str:
    """Plan the weather of a trip."""
    return "no"


def ask(question: str, *more: Any, tools: Any = ()) -> AIMessage:
    return OfflineModel().bind_tools(list(tools)).invoke([MEMORIES, HumanMessage(question), *more])


def test_it_quotes_what_fits_the_question() -> None:
    assert ask("Who walks the dog?").text == "I remember: [2026-01-03] I have a dog"
    assert ask("Do I hike?").text == "I remember: [2026-01-02] I like hiking"
    assert ask("Anything else?").text.count("I remember:") == 2


def test_it_says_so_when_there_is_nothing() -> None:
    answer = OfflineModel().invoke([HumanMessage("Where am I?")])
    assert answer.text == "I remember nothing about that. You said: Where am I?"


def test_it_calls_tools_that_fit_once_and_quotes_their_answers() -> None:
    asked = ask("How is the weather in Oslo?", tools=[weather, plan])
    assert [(call["name"], call["args"]) for call in asked.tool_calls] == [
        ("weather", {"city": "How is the weather in Oslo?"})
    ]
    result = ToolMessage("sunny", tool_call_id=asked.tool_calls[0]["id"] or "", name="weather")
    answer = ask("How is the weather in Oslo?", asked, result, tools=[weather, plan])
    assert not answer.tool_calls
    assert answer.text.startswith("weather says: sunny")
    assert not ask("Who walks the dog?", tools=[weather]).tool_calls


def test_streamed_it_says_the_same() -> None:
    model = OfflineModel().bind_tools([weather])
    messages = [MEMORIES, HumanMessage("How is the weather in Oslo?")]
    for prompt in (messages, [MEMORIES, HumanMessage("Do I hike?")]):
        whole = None
        for chunk in model.stream(prompt):
            assert isinstance(chunk, AIMessageChunk)
            whole = chunk if whole is None else whole + chunk
        once = model.invoke(prompt)
        assert isinstance(whole, AIMessageChunk)
        assert (whole.text, whole.tool_calls) == (once.text, once.tool_calls)


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Inner(BaseModel):
    note: str
    size: int


class Report(BaseModel):
    """Say how it is."""

    title: str
    mood: Mood
    inner: Inner
    sure: bool
    tags: list[str]
    remark: str | None
    source: str = "nobody"


def test_it_gives_structured_output() -> None:
    report = OfflineModel().with_structured_output(Report).invoke("How is it?")
    assert report == Report(
        title="How is it?", mood=Mood.GOOD, inner=Inner(note="How is it?", size=0), sure=False, tags=[], remark=None
    )


def test_as_a_leader_it_picks_members_by_their_roles() -> None:
    members = [Agent("cook", role="knows recipes and food"), Agent("guide", role="knows hiking trails and mountains")]
    team = Team("desk", members)
    assert [m.member for m in team.run("Which trails are easy?").members] == ["guide"]
    assert {m.member for m in team.run("Food for the trails?").members} == {"cook", "guide"}
    assert team.run("Hm?").members == ()


def test_each_run_says_that_no_model_is_configured_and_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    team = Team("desk", [Agent("a", role="food"), Agent("b", role="food")], db=SqliteDb())
    log_once.cache_clear()
    with caplog.at_level(logging.WARNING, logger="coterie"):
        list(team.run("food", stream=True))
        assert team.run("food").notices == (NOTICE,)
        assert Agent("c").run("food").notices == (NOTICE,)
    assert [record.message for record in caplog.records] == [NOTICE]
    assert "OPENAI_API_KEY" in NOTICE
    assert "OPENAI_BASE_URL" in NOTICE
    team.db.close()  # type: ignore[union-attr]


def test_an_offline_leader_goes_on_with_tasks_that_are_left_open() -> None:
    cook = Agent("cook", role="tells the weather", tools=[weather])
    with SqliteDb() as db:
        rows = rows_of([Task("1", "weather today", "cook"), Task("2", "weather then", "cook", ("1",))])
        db.update_session_state(None, "s", {f"{PRIVATE}tasks:kitchen": rows})
        output = Team("kitchen", [cook], mode="tasks", db=db).run("Go on.", session_id="s")
    assert [task.status for task in output.tasks] == ["done", "done"]
    assert output.content.count("cook says: ") == 2


def test_offline_teams_plan_tasks_and_hand_over_by_the_words_of_roles() -> None:
    def hours() -> str:
        """Opening hours of museums."""
        return "9 to 5"

    def desk(mode: str) -> Team:
        members = [Agent("cook", role="recipes and dinner"), Agent("guide", role="museums", tools=[hours])]
        return Team("desk", members, mode=mode)

    output = desk("tasks").run("dinner after the museums")
    assert [(task.owner, task.status) for task in output.tasks] == [("cook", "done"), ("guide", "done")]
    assert "cook says: I remember nothing" in output.content
    assert "guide says: hours says: 9 to 5" in output.content
    assert desk("tasks").run("hello").tasks == ()
    output = desk("swarm").run("which museums?")
    assert output.content == "hours says: 9 to 5"
    assert [each.member for each in output.members] == ["cook", "guide"]


def share_note(text: str) -> str:
    """Tell the others about the weather."""
    return "Shared."


def test_it_shares_no_notes() -> None:
    asked = ask("How is the weather in Oslo?", tools=[share_note, weather])
    assert [call["name"] for call in asked.tool_calls] == ["weather"]
