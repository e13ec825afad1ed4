"""A user's own OpenAI model works in every ``asyncio.run``, with all that it was set to."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from openai import APIConnectionError, APITimeoutError, DefaultAsyncHttpxClient

from coterie.memory.http import PerLoopClient
from coterie.memory.models import chat_model
from tests.support.openai_server import BUSY, Hang, OpenAIServer


class Mine(ChatOpenAI):
    """A user's own kind of model."""


Kind = Callable[..., ChatOpenAI | AzureChatOpenAI]


def openai(server: OpenAIServer, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(**{"model": "m", "base_url": server.url, "api_key": "sk-mine", "max_retries": 0, **options})


def subclass(server: OpenAIServer, **options: Any) -> ChatOpenAI:
    return Mine(**{"model": "m", "base_url": server.url, "api_key": "sk-mine", "max_retries": 0, **options})


def azure(server: OpenAIServer, **options: Any) -> AzureChatOpenAI:
    given = {"azure_endpoint": server.url, "azure_deployment": "d", "api_version": "2024-10-21", "api_key": "sk-mine"}
    return AzureChatOpenAI(**{**given, "max_retries": 0, **options})


@pytest.fixture(params=[openai, subclass, azure])
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


def usable(model: BaseChatModel) -> Any:
    found = chat_model(model)
    assert found is not None
    return found


def answer(model: BaseChatModel) -> str:
    return asyncio.run(model.ainvoke("hi")).text


async def streamed(model: BaseChatModel) -> str:
    return "".join([chunk.text async for chunk in model.astream("hi")])


def test_it_works_in_every_run(openai_server: OpenAIServer, kind: Kind) -> None:
    openai_server.keep_alive = True
    openai_server.otherwise = "good morning"
    model = usable(kind(openai_server))
    assert [answer(model) for _ in range(3)] == ["good morning"] * 3
    assert [asyncio.run(streamed(model)) for _ in range(2)] == ["good morning"] * 2


def test_what_the_user_gave_stays_as_it_is(openai_server: OpenAIServer, kind: Kind) -> None:
    model = kind(openai_server)
    before = dict(vars(model))
    copy = usable(model)
    assert vars(model) == before
    assert type(copy) is type(model)
    assert copy is not model
    assert usable(copy) is copy


def test_its_settings_are_kept(openai_server: OpenAIServer, kind: Kind) -> None:
    openai_server.otherwise = "hi"
    settings = {"default_headers": {"X-Mine": "yes"}, "default_query": {"tenant": "7"}, "organization": "org"}
    model = usable(kind(openai_server, **settings, temperature=0.3))
    answer(model)
    model.invoke("hi")
    awaited, called = openai_server.requests
    assert (awaited.path, awaited.body) == (called.path, called.body)
    assert awaited.body["temperature"] == 0.3
    assert "tenant=7" in awaited.path
    mine = {"x-mine": "yes", "openai-organization": "org", "host": openai_server.url.split("/")[2]}
    assert mine.items() <= awaited.headers.items()
    for name in ("authorization", "api-key", "user-agent"):
        sent = awaited.headers.get(name, "").replace("Async", "")
        assert sent == called.headers.get(name, ""), name
    assert "sk-mine" in awaited.headers.get("api-key", awaited.headers.get("authorization", ""))


@pytest.mark.parametrize("in_loop", [False, True])
def test_a_key_that_is_asked_for_each_time(openai_server: OpenAIServer, in_loop: bool) -> None:
    async def akey() -> str:
        return "sk-asked"

    openai_server.otherwise = "hi"
    model = usable(openai(openai_server, api_key=akey if in_loop else lambda: "sk-asked"))
    answer(model)
    answer(model)
    assert {request.headers["authorization"] for request in openai_server.requests} == {"Bearer sk-asked"}


def test_its_retries_are_kept(openai_server: OpenAIServer, kind: Kind) -> None:
    openai_server.script(BUSY, BUSY, "at last")
    assert answer(usable(kind(openai_server, max_retries=2))) == "at last"


def test_its_timeout_is_kept(openai_server: OpenAIServer, kind: Kind) -> None:
    openai_server.otherwise = Hang()
    with pytest.raises(APITimeoutError):
        answer(usable(kind(openai_server, timeout=0.2)))


@pytest.mark.parametrize("options", [{}, {"http_socket_options": [(6, 1, 1)]}])
def test_its_proxy_is_kept(openai_server: OpenAIServer, options: dict[str, Any]) -> None:
    openai_server.keep_alive = True
    openai_server.otherwise = "by proxy"
    proxy = openai_server.url.removesuffix("/v1")
    model = usable(openai(openai_server, base_url="http://models.invalid/v1", openai_proxy=proxy, **options))
    assert [answer(model) for _ in range(2)] == ["by proxy"] * 2
    assert openai_server.requests[0].path == "http://models.invalid/v1/chat/completions"
    assert usable(model) is model


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # httpcore keeps the socket that it could not set
def test_its_socket_options_are_kept(openai_server: OpenAIServer) -> None:
    openai_server.otherwise = "hi"
    assert answer(usable(openai(openai_server, http_socket_options=[(6, 1, 1)]))) == "hi"
    with pytest.raises(APIConnectionError):
        answer(usable(openai(openai_server, http_socket_options=[(999, 999, 1)])))
    gc.collect()


def test_a_client_of_the_users_own_is_used(openai_server: OpenAIServer, kind: Kind) -> None:
    openai_server.otherwise = "hi"
    client = DefaultAsyncHttpxClient(headers={"X-Client": "mine"})
    model = kind(openai_server, http_async_client=client)
    assert usable(model) is model

    async def ask() -> None:
        async with client:
            await model.ainvoke("hi")

    asyncio.run(ask())
    assert openai_server.requests[0].headers["x-client"] == "mine"


def test_models_share_their_connections(openai_server: OpenAIServer) -> None:
    one, two = (usable(openai(openai_server, model=name)) for name in "ab")
    assert isinstance(one.http_async_client, PerLoopClient)
    assert one.http_async_client is two.http_async_client


def test_a_model_of_another_kind_loads_nothing() -> None:
    program = (
        "import sys; from coterie import OfflineModel; from coterie.memory.models import chat_model;"
        " m = OfflineModel(); assert chat_model(m) is m; assert not {'langchain_openai', 'openai'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
