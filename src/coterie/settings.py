"""What the environment says, read in one place."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The environment variables that coterie looks at."""

    api_key: str | None
    """``OPENAI_API_KEY``; with it, or with a base URL, a model can be reached."""
    base_url: str | None
    """``OPENAI_BASE_URL``: any server that speaks the OpenAI API."""
    model: str | None
    """``COTERIE_MODEL``: the model's name where none is given in code."""
    db: str | None
    """``COTERIE_DB``: a path or a URL, for the command line."""

    @property
    def has_model(self) -> bool:
        """Whether a chat model can be made from the environment alone."""
        return bool(self.api_key or self.base_url)


def settings() -> Settings:
    """Read the environment now. An empty variable counts as unset."""

    def read(name: str) -> str | None:
        return os.environ.get(name) or None

    return Settings(
        api_key=read("OPENAI_API_KEY"),
        base_url=read("OPENAI_BASE_URL"),
        model=read("COTERIE_MODEL"),
        db=read("COTERIE_DB"),
    )
