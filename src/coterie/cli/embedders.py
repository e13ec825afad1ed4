"""Finding the embedding model that is meant."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.cli.targets import module_of
from coterie.errors import InputError, NoModelError
from coterie.settings import settings

if TYPE_CHECKING:
    from coterie.memory.embedding import Embedder


def embedder(target: str) -> "Embedder":
    """The embedding model that ``FILE:NAME`` means, or the one of that name on the configured server.

    Raises:
        InputError: no such file; or it has nothing of that name.
        NoModelError: a name, and no server is configured.
        ConfigurationError: the file raised an error.
    """
    file, colon, name = target.rpartition(":")
    if colon and file.endswith(".py"):
        if not Path(file).is_file():
            raise InputError(f"{file!r} does not exist: give a Python file that defines an embedding model.")
        found: Any = getattr(module_of(Path(file)), name, None)
        if found is None:
            raise InputError(f"{file} has no {name!r}: give the name of an embedding model that it defines.")
        return found  # type: ignore[no-any-return]  # the store refuses what is none
    if not settings().has_model:
        raise NoModelError(
            f"No server is known for the embedding model {target!r}: set OPENAI_API_KEY, or OPENAI_BASE_URL for one of"
            " your own, or give FILE.py:NAME of a LangChain embedding model."
        )
    from langchain_openai import OpenAIEmbeddings

    key: Any = settings().api_key or "none"  # a server of one's own often wants none, but the client insists on one
    # Whole texts are sent, not tokens: only OpenAI's own server takes those, and counting them needs a download.
    return OpenAIEmbeddings(model=target, api_key=key, check_embedding_ctx_length=False)
