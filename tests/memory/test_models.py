import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from coterie import OfflineModel
from coterie.errors import ConfigurationError, CurationError
from coterie.memory.asking import Ask, asking, shortened, text_of
from coterie.memory.flow import Flow, adrive, drive
from coterie.memory.models import chat_model, curating_model
from tests.support.openai_server import BUSY, CutStream, Failure, Garbage, Hang, OpenAIServer, ToolCalls
from tests.support.scripted import ScriptedModel, calls


class Town(BaseModel):
    name: str
    people: int = 0


PROMPT = [("system", "Be brief."), ("human", "Where?")]
LISBON = {"name": "Lisbon", "people": 545_000}
Driver = Callable[[Flow[Any]], Any]


@pytest.fixture(params=["sync", "async"])
def driver(request: pytest.FixtureRequest) -> Driver:
    return drive if request.param == "sync" else lambda flow: asyncio.run(adrive(flow))


def openai(server: OpenAIServer, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="small", base_url=server.url, api_key=lambda: "none", max_retries=1, **options)


def test_nothing_configured_is_no_model() -> None:
    assert chat_model(None) is None


def test_a_chat_model_is_taken_as_it_is() -> None:
    model = ScriptedModel(script=lambda _: "hello")
    assert chat_model(model) is model


def test_the_environment_configures_a_model(openai_environment: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTERIE_MODEL", "tiny")
    openai_environment.script("Hello!")
    model = chat_model(None)
    assert model is not None
    assert model.invoke("hi").text == "Hello!"
    assert openai_environment.bodies[0]["model"] == "tiny"
    assert openai_environment.requests[0].headers["authorization"] == "Bearer sk-test"


def test_a_name_means_chat_openai_and_a_server_of_ones_own_needs_no_key(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.url)
    openai_server.script("Hello!")
    model = chat_model("tiny")
    assert isinstance(model, ChatOpenAI)
    assert model.invoke("hi").text == "Hello!"
    assert openai_server.bodies[0]["model"] == "tiny"


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "", " ", 7])
def test_a_model_that_cannot_be(model: Any) -> None:
    with pytest.raises(ConfigurationError):
        chat_model(model)


def test_the_offline_model_is_no_model_for_curating() -> None:
    assert curating_model(OfflineModel()) is None
    scripted = ScriptedModel(script=lambda _: "hello")
    assert curating_model(scripted) is scripted


def test_asking_without_a_schema_gives_the_message(openai_server: OpenAIServer, driver: Driver) -> None:
    def flow() -> Flow[str]:
        return text_of((yield Ask(openai(openai_server), PROMPT)))

    openai_server.script("In Lisbon.")
    assert driver(flow()) == "In Lisbon."


def test_the_schema_goes_to_the_server_and_is_not_strict(openai_server: OpenAIServer, driver: Driver) -> None:
    openai_server.script(LISBON)
    form = Town.model_json_schema() | {"properties": {"name": {"type": "string", "maxLength": 20}}}
    assert driver(asking(openai(openai_server), PROMPT, Town, form)) == Town(name="Lisbon", people=545_000)
    sent = openai_server.bodies[0]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["strict"] is False
    assert sent["json_schema"]["schema"]["properties"]["name"]["maxLength"] == 20


def test_ask_with_a_schema_gives_an_instance(openai_server: OpenAIServer, driver: Driver) -> None:
    def flow() -> Flow[Town]:
        town: Town = yield Ask(openai(openai_server), PROMPT, Town)
        return town

    openai_server.script(LISBON)
    assert driver(flow()) == Town(name="Lisbon", people=545_000)


@pytest.mark.parametrize(
    "answer",
    [
        'Sure! Here it is:\n```json\n{"name": "Lisbon"}\n```\nAnything else?',
        'The town {I think} is {"name": "Lisbon"}.',
        '<think>maybe {"name": "Porto"}?</think>{"name": "Lisbon"}',
        '{"wrong": 1} {"name": "Lisbon"}',
    ],
)
def test_json_is_found_in_prose(openai_server: OpenAIServer, answer: str) -> None:
    openai_server.script(answer)
    assert drive(asking(openai(openai_server), PROMPT, Town)) == Town(name="Lisbon")
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_schemas_is_asked_once_more_in_words(
    openai_server: OpenAIServer, driver: Driver, status: int
) -> None:
    openai_server.script(Failure(status, "response_format: unknown field"), 'Well: {"name": "Lisbon"}')
    assert driver(asking(openai(openai_server), PROMPT, Town)) == Town(name="Lisbon")
    first, second = openai_server.bodies
    assert "response_format" in first
    assert "response_format" not in second
    assert '"title": "Town"' in second["messages"][-1]["content"]


def test_a_server_that_is_busy_is_asked_again(openai_server: OpenAIServer, driver: Driver) -> None:
    openai_server.script(BUSY, LISBON)
    assert driver(asking(openai(openai_server), PROMPT, Town)).name == "Lisbon"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("I'm sorry, I can't help with that.", "I'm sorry, I can't help with that."),
        ("", "''"),
        ('{"name": "Lis', "Lis"),
        ('{"people": 3}', "people"),
        ("[" * 50_000, "[[[["),
        ('{"a":' * 50_000, "a"),
        ("x" * 1_000_000, "xxx…"),
    ],
)
def test_an_answer_that_cannot_be_used_says_what_came_back(
    openai_server: OpenAIServer, driver: Driver, answer: str, told: str
) -> None:
    openai_server.script(answer)
    with pytest.raises(CurationError, match="not the JSON it was asked for") as raised:
        driver(asking(openai(openai_server), PROMPT, Town))
    assert told in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("failure", [Failure(500), Garbage(), CutStream(), Failure(401, "wrong key"), Failure(400)])
def test_a_server_that_fails_is_told_as_a_curation_error(
    openai_server: OpenAIServer, driver: Driver, failure: Any
) -> None:
    openai_server.otherwise = failure
    with pytest.raises(CurationError):
        driver(asking(openai(openai_server), PROMPT, Town))


def test_a_hung_server_ends_with_the_models_own_timeout(openai_server: OpenAIServer) -> None:
    openai_server.otherwise = Hang()
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0, timeout=0.2)
    with pytest.raises(CurationError, match="Timeout"):
        drive(asking(model, PROMPT, Town))


def test_a_server_that_is_not_there() -> None:
    model = ChatOpenAI(model="m", base_url="http://127.0.0.1:9/v1", api_key=lambda: "none", max_retries=0)
    said = (
        r"^The model 'm' at http://127\.0\.0\.1:9/v1/ could not be asked: \w+: Connection error\. Is its server running"
    )
    with pytest.raises(CurationError, match=said):
        drive(asking(model, PROMPT, Town))


def test_an_answer_given_as_a_tool_call_is_read(openai_server: OpenAIServer) -> None:
    model = ScriptedModel(script=lambda _: calls(("Town", LISBON)))
    assert drive(asking(model, PROMPT, Town)).name == "Lisbon"
    openai_server.script(ToolCalls(("Town", LISBON)))
    with pytest.warns(UserWarning, match="function_calling"):  # langchain's, about models too old for schemas
        old = drive(asking(openai(openai_server).model_copy(update={"model_name": "gpt-4"}), PROMPT, Town))
    assert old.name == "Lisbon"


class Plain(ScriptedModel):
    """A model that knows nothing of structure."""

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        raise NotImplementedError


class Early(ScriptedModel):
    """A model whose with_structured_output knows no method."""

    def with_structured_output(  # type: ignore[override]
        self, schema: Any, *, include_raw: bool = False
    ) -> Runnable[LanguageModelInput, Any]:
        return super().with_structured_output(schema, include_raw=include_raw)


@pytest.mark.parametrize("kind", [Plain, Early, ScriptedModel])
def test_any_langchain_model_will_do(kind: type[ScriptedModel], driver: Driver) -> None:
    model: BaseChatModel = kind(script=lambda _: json.dumps(LISBON))
    assert driver(asking(model, PROMPT, Town)).name == "Lisbon"


def test_a_model_that_raises_is_told_as_a_curation_error(driver: Driver) -> None:
    def fail(_: Sequence[Any]) -> str:
        raise RuntimeError("out of memory, key sk-abcdefghijklmnop123456")

    with pytest.raises(CurationError, match="RuntimeError: out of memory") as raised:
        driver(asking(ScriptedModel(script=fail), PROMPT, Town))
    assert "sk-abc" not in str(raised.value)


def test_text_of_a_message_in_blocks() -> None:
    blocks: list[str | dict[str, Any]] = [{"type": "text", "text": "Lis"}, {"type": "image"}, "bon"]
    assert text_of(AIMessage(content=blocks)) == "Lisbon"


def test_shortened_is_one_line_without_secrets() -> None:
    assert shortened("a\n b") == "a b"
    assert shortened("my password is hunter2!") == "my [password]"
    assert len(shortened("word " * 1000)) == 200


def test_a_server_of_ones_own_is_asked_to_judge_without_chance(openai_environment: OpenAIServer) -> None:
    openai_environment.otherwise = "ok"
    judge, writer = curating_model("m"), chat_model("m")
    assert judge is not None
    assert writer is not None
    judge.invoke("x")
    writer.invoke("x")
    assert [body.get("temperature") for body in openai_environment.bodies] == [0.0, None]
    own = ChatOpenAI(model="m", base_url=openai_environment.url, api_key=lambda: "x", temperature=0.5)
    same = curating_model(own)
    assert isinstance(same, ChatOpenAI)
    assert same.temperature == 0.5


def test_an_empty_address_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    made = curating_model()
    assert isinstance(made, ChatOpenAI)
    assert str(made.root_client.base_url) == "https://api.openai.com/v1/"
    assert made.temperature is None  # their reasoning models refuse one


def test_an_address_without_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:11434/v1")
    with pytest.raises(
        ConfigurationError, match=r"'localhost:11434/v1': its URL must begin with http:// or https://\."
    ):
        chat_model()
