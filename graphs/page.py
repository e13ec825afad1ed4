"""One HTML page that shows a graph, a recorded run, or runs as they happen. It holds everything that it needs."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from coterie.errors import InputError

STYLES = ("theme.css", "page.css", "graph.css", "lanes.css", "panes.css")
SCRIPTS = (
    "base.js",
    "elements.js",
    "memories.js",
    "steps.js",
    "scale.js",
    "diff.js",
    "store.js",
    "theme.js",
    "header.js",
    "zoom.js",
    "graph.js",
    "rows.js",
    "bars.js",
    "lanes.js",
    "scrub.js",
    "split.js",
    "panes.js",
    "told.js",
    "pane_run.js",
    "step_parts.js",
    "pane_node.js",
    "pane_step.js",
    "pane_memory.js",
    "pane_log.js",
    "pane_agents.js",
    "keys.js",
)
LIVE_STYLES = ("live.css", "memory.css")
LIVE_SCRIPTS = ("server.js", "live.js", "changes.js", "memory.js", "history.js", "review.js")
"""What the live view has beside these."""

_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def page(data: Mapping[str, Any]) -> str:
    """The page, a whole HTML document. It loads nothing, and its security policy lets it load nothing.

    Args:
        data: ``mode`` ("graph", "replay" or "live"), ``title``, ``svg`` (`coterie.graphs.svg`), ``picture`` (as JSON),
            ``records`` (of a trace, in order) and ``memories`` (values as of the start of the run; None: unknown).

    Raises:
        InputError: the data hold a number that JSON does not have.
    """
    live = data["mode"] == "live"
    style = _joined(STYLES + (LIVE_STYLES if live else ()))
    script = _joined(SCRIPTS + (LIVE_SCRIPTS if live else ()) + ("start.js",))
    return Template(_text("page.html")).substitute(
        policy=_policy(style, script, live),
        title=html.escape(str(data["title"])),
        mode=html.escape(str(data["mode"])),
        style=style,
        data=as_data(data),
        script=script,
    )


def as_data(data: Any) -> str:
    """JSON that may stand inside a script element: nothing in it ends the element, or begins a comment."""
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise InputError(
            f"The run cannot be shown, its records hold a number that JSON does not have: {error}."
        ) from error
    # A half of a surrogate pair is no UTF-8; with a backslash it is JSON.
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode("utf-8")


def _policy(style: str, script: str, live: bool) -> str:
    """Only this style and this script, by their hashes; only the live view may ask, its own server and no other."""
    rules = {
        "default-src": "'none'",
        "style-src": f"'sha256-{_hash(style)}'",
        "script-src": f"'sha256-{_hash(script)}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if live:
        rules["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _joined(names: tuple[str, ...]) -> str:
    return "\n".join(_lean(_text(name)) for name in names)


def _lean(code: str) -> str:
    """The code without indents, empty lines and lines that are only a comment: no string of ours goes over lines."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//|/\*.*\*/$", line))


@cache
def _text(name: str) -> str:
    return files("coterie.graphs").joinpath("web", name).read_text(encoding="utf-8")
