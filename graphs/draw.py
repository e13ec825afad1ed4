"""Writing a picture down: which formats there are, how a file's ending says which, and what each one makes."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Literal

from coterie.errors import InputError
from coterie.graphs.dot import dot
from coterie.graphs.mermaid import mermaid
from coterie.graphs.picture import Picture, as_json
from coterie.graphs.svg import svg
from coterie.graphs.terminal import drawing

TextFormat = Literal["tree", "ascii", "svg", "mermaid", "dot", "json", "html"]
Format = TextFormat | Literal["png"]


def _png(picture: Picture) -> bytes:
    from coterie.graphs.png import png

    return png(picture)


def _json(picture: Picture) -> str:
    return json.dumps(as_json(picture), ensure_ascii=False, indent=2) + "\n"


def _html(picture: Picture) -> str:
    from coterie.graphs.page import page

    title = picture.root.name
    shown = {"svg": svg(picture, title=title), "picture": as_json(picture)}
    return page({"mode": "graph", "title": title, **shown, "records": [], "memories": None})


FORMATS: dict[str, Callable[[Picture], str | bytes]] = {
    "tree": drawing,
    "ascii": partial(drawing, ascii=True),
    "svg": svg,
    "png": _png,
    "mermaid": mermaid,
    "dot": dot,
    "json": _json,
    "html": _html,
}
"""What makes each: bytes for PNG, else text. PNG raises a ConfigurationError where ``coterie[png]`` is missing."""
ENDINGS: dict[str, Format] = {
    ".txt": "tree",
    ".svg": "svg",
    ".png": "png",
    ".mmd": "mermaid",
    ".dot": "dot",
    ".json": "json",
    ".html": "html",
}


def format_of(path: str | Path | None, format: str | None = None) -> str:
    """The format that is meant: the one that is named, else that of the file's ending; for no file, the tree.

    Raises:
        InputError: there is no such format, or no such ending.
    """
    if format is not None:
        if format not in FORMATS:
            raise InputError(f"{format!r} is no format of drawings: give {_or(FORMATS)}.")
        return format
    if path is None:
        return "tree"
    found = ENDINGS.get(Path(path).suffix.lower())
    if found is None:
        raise InputError(
            f"Nothing can be drawn to {str(path)!r}: give a name that ends in {_or(ENDINGS)}, or say the format."
        )
    return found


def as_bytes(drawing: str | bytes) -> bytes:
    """A drawing as it is in a file: text in UTF-8; half of a surrogate pair, which that has not, by its code."""
    return drawing if isinstance(drawing, bytes) else drawing.encode("utf-8", "backslashreplace")


def write(drawing: str | bytes, path: str | Path) -> None:
    """Write a drawing to a file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        Path(path).write_bytes(as_bytes(drawing))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"Nothing can be drawn to {str(path)!r} ({why}): give a file in a folder that exists and is writable."
        ) from error


def _or(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"
