"""The servers that the tests lean on are themselves what they claim to be."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessageChunk
from langchain_openai import ChatOpenAI
from openai import APIConnectionError, APITimeoutError, BadRequestError, InternalServerError
from pydantic import BaseModel, SecretStr

from tests.support.openai_server import BUSY, Body, CutStream, Failure, Garbage, Hang, OpenAIServer, Reply, ToolCalls
from tests.support.postgres_server import PostgresServer


class Weather(BaseModel):
    """The weather somewhere."""

    city: str


def chat_model(server: OpenAIServer, *, max_retries: int = 0, timeout: float | None = None) -> ChatOpenAI:
    key = SecretStr("sk-test")
    return ChatOpenAI(
        model="small", base_url=server.url, api_key=key, stream_usage=True, max_retries=max_retries, timeout=timeout
    )


def test_an_answer_comes_whole_or_as_a_stream(openai_server: OpenAIServer) -> None:
    openai_server.script("Hello there", "Hello  again")
    model = chat_model(openai_server)
    assert model.invoke("hi").text == "Hello there"
    parts = list(model.stream("hi"))
    assert [part.text for part in parts if part.text] == ["Hello ", " ", "again"]
    assert [part.usage_metadata["total_tokens"] for part in parts if part.usage_metadata] == [5]
    assert [body["messages"][0]["content"] for body in openai_server.bodies] == ["hi", "hi"]
    assert openai_server.requests[0].headers["authorization"] == "Bearer sk-test"


async def streamed(model: ChatOpenAI) -> str:
    return "".join([part.text async for part in model.astream("hi")])


def test_a_client_may_be_asynchronous(openai_server: OpenAIServer) -> None:
    openai_server.script("Hello there", "Hello again")
    model = chat_model(openai_server)
    assert asyncio.run(model.ainvoke("hi")).text == "Hello there"
    assert asyncio.run(streamed(model)) == "Hello again"


def test_tool_calls_come_whole_or_in_pieces(openai_server: OpenAIServer) -> None:
    calls = ToolCalls(("weather", {"city": "Reykjavík"}), ("clock", {}), text="Let me look.")
    openai_server.script(calls, calls)
    model = chat_model(openai_server).bind_tools([Weather])
    whole = model.invoke("hi")
    summed: BaseMessageChunk = AIMessageChunk(content="")
    for part in model.stream("hi"):
        summed += part
    for message in (whole, summed):
        assert isinstance(message, AIMessage)
        assert message.text == "Let me look."
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [
            ("weather", {"city": "Reykjavík"}),
            ("clock", {}),
        ]
    assert openai_server.bodies[0]["tools"][0]["function"]["name"] == "Weather"


def test_structured_output(openai_server: OpenAIServer) -> None:
    openai_server.script({"city": "Oslo"})
    answer = chat_model(openai_server).with_structured_output(Weather, method="json_schema").invoke("hi")
    assert answer == Weather(city="Oslo")
    assert openai_server.bodies[0]["response_format"]["type"] == "json_schema"


def test_answers_may_depend_on_the_request(openai_server: OpenAIServer) -> None:
    def answer(body: Body) -> Reply:
        return Failure(400, "no such parameter") if "response_format" in body else body["messages"][0]["content"]

    openai_server.otherwise = answer
    model = chat_model(openai_server)
    assert model.invoke("echo").text == "echo"
    with pytest.raises(BadRequestError, match="no such parameter"):
        model.with_structured_output(Weather, method="json_schema").invoke("hi")


def test_the_client_tries_again_after_429(openai_server: OpenAIServer) -> None:
    openai_server.script(BUSY, "at last")
    assert chat_model(openai_server, max_retries=1).invoke("hi").text == "at last"
    assert len(openai_server.requests) == 2


def test_failures_reach_the_client(openai_server: OpenAIServer) -> None:
    openai_server.script(Failure(500, "broken"), Garbage(), CutStream(), CutStream())
    model = chat_model(openai_server)
    with pytest.raises(InternalServerError, match="broken"):
        model.invoke("hi")
    with pytest.raises(ValueError, match="Expecting value"):
        model.invoke("hi")
    with pytest.raises(APIConnectionError):
        model.invoke("hi")
    with pytest.raises(APIConnectionError):
        list(model.stream("hi"))
    with pytest.raises(BadRequestError, match="no further answer"):
        model.invoke("hi")


def test_a_hung_connection_is_released_when_the_server_closes() -> None:
    server = OpenAIServer()
    server.script(Hang())
    with pytest.raises(APITimeoutError):
        chat_model(server, timeout=0.1).invoke("hi")
    server.close()
    with pytest.raises(APIConnectionError):
        chat_model(server).invoke("hi")


def test_what_a_scripted_function_raises_is_kept(openai_server: OpenAIServer) -> None:
    openai_server.script(lambda body: body["no such key"])
    with pytest.raises(BadRequestError, match="no such key"):
        chat_model(openai_server).invoke("hi")
    assert [type(error) for error in openai_server.errors] == [KeyError]
    openai_server.errors.clear()


def test_the_environment_is_set_only_when_asked(openai_environment: OpenAIServer) -> None:
    openai_environment.script("from the environment")
    assert ChatOpenAI(model="small").invoke("hi").text == "from the environment"


def test_settings_of_this_machine_do_not_reach_a_test() -> None:
    assert not [name for name in os.environ if name.startswith(("OPENAI_", "COTERIE_", "LANGSMITH_"))]


def test_each_postgres_database_is_empty_and_fresh(postgres_url: str, postgres_server: PostgresServer) -> None:
    other = postgres_server.create()
    for url in (postgres_url, postgres_server.url(other)):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE same_name (number int)")
    postgres_server.drop(other)


@pytest.mark.usefixtures("postgres_server")  # where there is none to be had it is skipped
def test_a_killed_run_leaves_no_server_behind() -> None:
    script = (
        "import time\n"
        "from tests.support.postgres_server import PostgresServer, find_programs\n"
        "print(PostgresServer(find_programs()).folder, flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        data = Path(run.stdout.readline().strip())
        assert (data / "postmaster.pid").exists()
        run.send_signal(signal.SIGKILL)
    while data.parent.exists():
        time.sleep(0.01)
