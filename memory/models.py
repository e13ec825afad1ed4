"""The chat model that is meant: any LangChain chat model, or a name for ``ChatOpenAI``.

LangChain is imported when a model is made, not before: it costs a second.
"""

import sys
from typing import TYPE_CHECKING, Any

from coterie.errors import ConfigurationError, NoModelError
from coterie.settings import OPENAI_URL, model_server, settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_MODEL = "gpt-4.1-mini"
"""The name asked for when the environment configures a server but no model."""


def chat_model(model: "BaseChatModel | str | None" = None) -> "BaseChatModel | None":
    """Return the chat model that is meant.

    Args:
        model: a LangChain chat model, returned as it is, but for OpenAI's, of which a copy is returned that works in
            every ``asyncio.run``; a name, for ``ChatOpenAI``, which reads ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL``;
            None for what the environment configures.

    Returns:
        None if ``model`` is None and the environment configures nothing.

    Raises:
        NoModelError: a name, and neither a key nor a server.
        ConfigurationError: something that is neither a model nor a name.
    """
    found = settings()
    if model is None:
        return openai_model(found.model or DEFAULT_MODEL) if found.has_model else None
    if isinstance(model, str):
        if not model.strip():
            raise ConfigurationError(f"The model's name is {model!r}: give a name, or None for the environment's.")
        if not found.has_model:
            raise NoModelError(
                f"No server is known for the model {model!r}: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of"
                " your own, or give a LangChain chat model instead of a name."
            )
        return openai_model(model)
    from langchain_core.language_models import BaseChatModel

    if not isinstance(model, BaseChatModel):
        raise ConfigurationError(f"model={model!r} is neither a LangChain chat model nor the name of one.")
    if "langchain_openai" not in sys.modules:
        return model
    from coterie.memory.http import surviving

    return surviving(model)


def curating_model(model: "BaseChatModel | str | None" = None) -> "BaseChatModel | None":
    """Return the model as `chat_model` does, but None for the built-in offline model: it cannot judge what matters."""
    found = chat_model(model)
    if found is None or found._llm_type == "offline":
        return None
    # A small model judges one turn so and the next time otherwise. OpenAI's own reasoning models refuse a temperature.
    if getattr(found, "temperature", 0) is None and getattr(found, "openai_api_base", None) not in (
        None,
        "",
        OPENAI_URL,
    ):
        return found.model_copy(update={"temperature": 0.0})
    return found


def openai_model(
    name: str, *, base_url: str | None = None, api_key: str | None = None, **options: Any
) -> "BaseChatModel":
    """``ChatOpenAI`` on a server: the environment's, where none is given. ``options`` are its own.

    Raises:
        ConfigurationError: the server's URL is none of HTTP.
    """
    from langchain_openai import ChatOpenAI

    from coterie.memory.http import per_loop_client

    url = base_url or model_server()
    if url and not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"The model's server is {url!r}: its URL must begin with http:// or https://.")
    # A server of one's own often wants no key, but the client insists on one.
    key: Any = api_key or settings().api_key or (lambda: "none")
    return ChatOpenAI(
        model=name,
        base_url=url,
        api_key=key,
        stream_usage=True,
        http_async_client=per_loop_client(),
        **options,
    )
