"""The servers that the tests lean on are themselves what they claim to be."""

from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from tests.support.openai_server import OpenAIServer


class Weather(BaseModel):
    city: str


def chat_model(server: OpenAIServer, *, max_retries: int = 2, timeout: float | None = None) -> ChatOpenAI:
    return ChatOpenAI(
        model="small",
        base_url=server.url,
        api_key=SecretStr("sk-test"),
        stream_usage=True,
        max_retries=max_retries,
        timeout=timeout,
    )


def test_an_answer_comes_whole_or_as_a_stream(openai_server: OpenAIServer) -> None:
    openai_server.script("Hello there", "Hello  again")
    model = chat_model(openai_server)
    assert model.invoke("hi").text == "Hello there"
    parts = list(model.stream("hi"))
    assert [part.text for part in parts if part.text] == ["Hello ", " ", "again"]
    assert any(part.usage_metadata for part in parts)
    assert [body["messages"][0]["content"] for body in openai_server.bodies] == ["hi", "hi"]
    assert openai_server.requests[0].headers["authorization"] == "Bearer sk-test"
