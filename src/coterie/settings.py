"""What the environment says, read in one place."""

import os
import sys
from dataclasses import dataclass

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Variable:
    """A variable of the environment that changes what coterie does."""

    name: str
    does: str
    """In a sentence, for people."""
    reader: str = "coterie"
    """Who reads it: coterie, or something that it builds on."""
    secret: bool = False
    """Whether its value is never shown."""


VARIABLES = (
    Variable("OPENAI_API_KEY", "The key for the model's server. With it, or with a URL, a model answers.", secret=True),
    Variable("OPENAI_BASE_URL", "The model's server: any that speaks the OpenAI API, its URL usually ending in /v1."),
    Variable("COTERIE_MODEL", "The model's name, where neither the code nor --model gives one."),
    Variable("COTERIE_DB", "The database of commands without --db: a SQLite file or a postgresql:// URL."),
    Variable("DISPLAY", "With a screen, on Linux, `coterie ui` opens the browser. So does WAYLAND_DISPLAY."),
    Variable("WAYLAND_DISPLAY", "The same on Wayland."),
    Variable("OPENAI_API_BASE", "The model's server where OPENAI_BASE_URL is not set.", "langchain-openai"),
    Variable("HTTPS_PROXY", "The proxy to a model's server. HTTP_PROXY, ALL_PROXY and NO_PROXY count, too.", "openai"),
    Variable("LANGSMITH_TRACING", "If true, LangChain sends what is said and answered to LangSmith.", "langchain"),
    Variable("PGPASSWORD", "The database's password where its URL has none. Or ~/.pgpass.", "psycopg", secret=True),
    Variable("NO_COLOR", "If set, nothing is printed in colour.", "rich"),
    Variable("FORCE_COLOR", "If set, colours are printed also where there is no terminal.", "rich"),
    Variable("COLUMNS", "How wide to print where the terminal does not say.", "rich"),
    Variable("BROWSER", "The browser that `coterie ui` opens.", "Python"),
)
"""All of them, coterie's own first. `coterie config` prints them."""


@dataclass(frozen=True)
class Settings:
    """The environment variables by which a model and a store are found."""

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
    return Settings(
        api_key=variable("OPENAI_API_KEY") or None,
        base_url=variable("OPENAI_BASE_URL") or None,
        model=variable("COTERIE_MODEL") or None,
        db=variable("COTERIE_DB") or None,
    )


def model_server() -> str | None:
    """The address to give to a client of the OpenAI API. None: the client finds it by itself.

    It would take an empty variable for an address.
    """
    return settings().base_url or (OPENAI_URL if variable("OPENAI_BASE_URL") == "" else None)


def variable(name: str) -> str | None:
    """A variable of the environment, such as a team's file may name in ``${NAME}``. None: it is not set."""
    return os.environ.get(name)


def has_screen() -> bool:
    """Whether a browser would have a window: one in the terminal would take that from a server."""
    return sys.platform in ("darwin", "win32") or bool(variable("DISPLAY") or variable("WAYLAND_DISPLAY"))
