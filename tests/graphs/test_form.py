"""An answer in the form of a schema: `output_schema`."""

import asyncio

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

from coterie import Agent, SqliteDb, Team
from coterie.errors import RunError
from tests.support.openai_server import OpenAIServer, ToolCalls
from tests.support.scripted import ScriptedModel, calls

LISBON = {"city": "Lisbon", "days": 2}


class Trip(BaseModel):
    """A trip."""

    city: str
    days: int = Field(ge=1)


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def openai(server: OpenAIServer) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=server.url, api_key=lambda: "none", max_retries=0)


def test_an_agent_without_tools_is_asked_once(openai_server: OpenAIServer) -> None:
    openai_server.script(LISBON)
    done = Agent("planner", model=openai(openai_server), output_schema=Trip).run("Two days in Lisbon, please.")
    assert done.parsed == Trip(city="Lisbon", days=2)
    assert done.content == '{"city":"Lisbon","days":2}'
    assert [type(message).__name__ for message in done.messages] == ["HumanMessage", "AIMessage"]
    (body,) = openai_server.bodies
    assert body["response_format"]["json_schema"]["schema"]["properties"].keys() == LISBON.keys()


def test_an_answer_that_does_not_fit_is_asked_for_again_once(openai_server: OpenAIServer) -> None:
    openai_server.script({"city": "Lisbon", "days": 0}, LISBON)
    agent = Agent("planner", model=openai(openai_server), output_schema=Trip)
    assert asyncio.run(agent.arun("Lisbon")).parsed == Trip(city="Lisbon", days=2)
    assert "(days: Input should be greater than or equal to 1)" in openai_server.bodies[1]["messages"][-1]["content"]
    openai_server.script("Gladly!", "Still gladly!")
    with pytest.raises(RunError, match=r"planner: no answer in the form of Trip: .*Still gladly!"):
        agent.run("Lisbon")
    assert len(openai_server.bodies) == 4


def test_tools_are_called_first_and_a_fitting_answer_costs_nothing_more(openai_server: OpenAIServer) -> None:
    agent = Agent("planner", model=openai(openai_server), tools=[weather], output_schema=Trip)
    openai_server.script(ToolCalls(("weather", {"city": "Lisbon"})), '```json\n{"city": "Lisbon", "days": 2}\n```')
    done = agent.run("Where is it sunny?")
    assert done.parsed == Trip(city="Lisbon", days=2)
    assert len(openai_server.bodies) == 2
    openai_server.script(ToolCalls(("weather", {"city": "Lisbon"})), "In Lisbon, for two days.", LISBON)
    assert agent.run("Where is it sunny?").parsed == Trip(city="Lisbon", days=2)
    asked = openai_server.bodies[-1]["messages"]
    assert [message["role"] for message in asked] == ["system", "user", "assistant", "tool", "assistant"]


def test_a_team_and_its_member_may_each_have_a_form() -> None:
    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        if not isinstance(messages[-1], ToolMessage):
            return calls(("ask_scout", {"task": "find a trip"}))
        return f"Found it: {messages[-1].text}"

    scout = Agent("scout", model=ScriptedModel(script=lambda _: '{"city": "Porto", "days": 3}'), output_schema=Trip)
    done = Team("desk", [scout], model=ScriptedModel(script=lead), output_schema=Trip).run("Where to?")
    assert done.parsed == Trip(city="Porto", days=3)
    assert done.members[0].content == '{"city":"Porto","days":3}'


def test_the_next_run_sees_the_form_and_what_is_stored_is_the_form() -> None:
    db = SqliteDb()
    model = ScriptedModel(script=lambda _: '{"city": "Porto", "days": 3}')
    agent = Agent("planner", model=model, db=db, output_schema=Trip)
    first = agent.run("Where to?", user_id="ana")
    agent.run("And then?", user_id="ana", session_id=first.session_id)
    assert '{"city":"Porto","days":3}' in [message.text for message in model.seen[-1]]
    assert [each.content for each in db.turns("ana", first.session_id)[0].messages] == ["Where to?", first.content]


def test_without_a_schema_nothing_is_parsed() -> None:
    assert Agent("plain").run("hello").parsed is None


def test_the_offline_model_fills_the_form() -> None:
    assert Agent("planner", output_schema=Trip).run("Lisbon").parsed is not None
