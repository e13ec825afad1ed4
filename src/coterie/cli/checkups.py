"""What `coterie doctor` looks at, but for the database: what is installed, the model's server, the terminal."""

import json
import platform
import sys
import webbrowser
from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import Any

from coterie.cli.findings import Finding
from coterie.settings import has_screen, model_server, settings, variable
from coterie.text import one_line

SECONDS = 3.0
"""How long the model's server is waited for."""
BUILDS_ON = (
    "langgraph",
    "langchain-openai",
    "sqlmodel",
    "psycopg",
    "pydantic",
    "alembic",
    "numpy",
    "pyyaml",
    "snowballstemmer",
    "typer",
    "rich",
)
"""What coterie always needs. A test holds it, and the extras, to pyproject.toml."""
EXTRAS = {
    "checkpoint": (
        "Keeps runs that wait for a person on disk",
        ("langgraph-checkpoint-sqlite", "langgraph-checkpoint-postgres"),
    ),
    "langchain": ("Gives agents of `create_agent` the memory", ("langchain",)),
    "mcp": ("Gives agents the tools of MCP servers", ("langchain-mcp-adapters",)),
    "png": ("Draws PNG files", ("resvg-py",)),
    "server": ("Serves the live view, `coterie ui`", ("starlette", "uvicorn")),
}
"""What each extra does, and the packages that it brings."""


def installed() -> Iterator[Finding]:
    """Python, coterie, what it builds on, and its extras."""
    yield Finding("ok", "python", f"{platform.python_version()} at {sys.executable}.")
    version = _version("coterie")
    if version is None:
        yield Finding("broken", "coterie", "It is not installed, and runs from its source.", "pip install -e .")
    else:
        yield Finding("ok", "coterie", f"{version}.")
    have, absent = _looked_up(BUILDS_ON)
    if absent:
        yield Finding("broken", "packages", f"Not installed: {absent}.", f"pip install {absent.replace(',', '')}")
    else:
        yield Finding("ok", "packages", f"{have}.")
    for extra, (does, packages) in EXTRAS.items():
        have, absent = _looked_up(packages)
        if absent:
            yield Finding("missing", extra, f"{does}. Not installed: {absent}.", f'pip install "coterie[{extra}]"')
        else:
            yield Finding("ok", extra, f"{does}: {have}.")


def _looked_up(packages: Iterable[str]) -> tuple[str, str]:
    """Those that are installed, with their versions, and those that are not."""
    versions = {package: _version(package) for package in packages}
    have = ", ".join(f"{package} {version}" for package, version in versions.items() if version is not None)
    return have, ", ".join(package for package, version in versions.items() if version is None)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def model() -> Finding:
    """Whether a model is configured, and whether its server answers: it is asked which models it has, and no more."""
    if not settings().has_model:
        return Finding(
            "note",
            "model",
            "None is configured: the built-in offline model answers, which only quotes.",
            "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
        )
    from openai import APIConnectionError, APIStatusError, OpenAI

    from coterie.memory.models import DEFAULT_MODEL
    from coterie.memory.secrets import without_login

    base_url, key = model_server() or variable("OPENAI_API_BASE"), settings().api_key or "none"
    with OpenAI(base_url=base_url, api_key=key, timeout=SECONDS, max_retries=0) as client:
        place = without_login(str(client.base_url)).rstrip("/")
        try:
            answer = client.models.with_raw_response.list().http_response.text
        except APIConnectionError:
            return Finding("broken", "model", f"{place} does not answer.", "Is it running, and OPENAI_BASE_URL right?")
        except APIStatusError as error:
            return _refused(place, error.status_code)
    return _answered(place, settings().model or DEFAULT_MODEL, answer)


def _refused(place: str, status: int) -> Finding:
    if status in (401, 403):
        return Finding("broken", "model", f"{place} refuses the key (HTTP {status}).", "Correct OPENAI_API_KEY.")
    if status in (404, 405, 501):
        return Finding("note", "model", f"{place} answers, and does not say which models it has (HTTP {status}).")
    return Finding("broken", "model", f"{place} answers with an error (HTTP {status}).", "Try again later.")


def _answered(place: str, name: str, answer: str) -> Finding:
    """What the list of a server's models says of the one that is configured."""
    try:
        listed: Any = json.loads(answer)
        names = [str(each["id"]) for each in listed["data"]]
    except (ValueError, TypeError, KeyError):
        return Finding(
            "broken", "model", f"{place} does not speak OpenAI's API.", "Its URL usually ends in /v1 (OPENAI_BASE_URL)."
        )
    if name in names:
        return Finding("ok", "model", f"{place} answers, and has {name}.")
    some = one_line(", ".join(sorted(names)[:5]) + (", and more" if len(names) > 5 else ""), 300) or "none"
    return Finding("broken", "model", f"{place} has no model {name!r}. It has: {some}.", "Choose with COTERIE_MODEL.")


def surroundings() -> Iterator[Finding]:
    """The terminal, and the browser for ``coterie ui``."""
    encoding = sys.stdout.encoding or "ascii"
    if encoding.lower().replace("-", "").startswith("utf"):
        yield Finding("ok", "terminal", f"{encoding}.")
    else:
        said = f"{encoding}: drawings are plain, and other letters are shown as ?."
        yield Finding("note", "terminal", said, "Set LC_ALL=C.UTF-8 or PYTHONIOENCODING=utf-8.")
    try:
        webbrowser.get()
    except webbrowser.Error:
        yield Finding("note", "browser", "None can be opened from here: `coterie ui` prints the address.")
        return
    if has_screen():
        yield Finding("ok", "browser", "`coterie ui` opens it.")
    else:
        yield Finding("note", "browser", "There is no screen here: `coterie ui` prints the address to open.")
