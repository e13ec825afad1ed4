"""An agent or a team that a YAML file describes, for those who configure rather than program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coterie.errors import FileError
from coterie.memory.secrets import masked
from coterie.text import one_line

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails, ValidationError

    from coterie.teams.agent import Agent
    from coterie.teams.file_values import Loading
    from coterie.teams.file_yaml import Document, Spot
    from coterie.teams.team import Team

EXPECTED = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "none_required": "null",
    "no_reference": "a reference such as ./tools.py:name or package.module:name",
}
"""What a value should be, by the type of pydantic's error; else as pydantic says it."""
SHOULD_BE = "Input should be "


def load(path: str | Path) -> Agent | Team:
    """Make the agent or the team that a YAML file describes.

    Its keys are the settings of `Agent` and `Team`; what has ``members`` is a team. Functions and classes are named as
    ``package.module:name`` or ``./tools.py:name``, which runs that module: load files that you trust. Paths begin at
    the file's folder, which is added to the end of ``sys.path``.

    Raises:
        InputError: the file cannot be read.
        FileError: a line for each thing that is wrong in it, with its line and column.
    """
    from pydantic import ValidationError

    from coterie.teams.file_schema import adapter
    from coterie.teams.file_values import Loading
    from coterie.teams.file_yaml import read

    document, loading = read(Path(path)), Loading(Path(path).parent)
    try:
        return adapter().validate_python(document.value, context=loading)
    except ValidationError as error:  # it quotes the file, passwords too: so it is no part of what is told
        raise FileError([f"{path}:{line}" for line in _lines(error, document, loading)]) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of such files, by which editors complete and check them."""
    from coterie.teams.file_schema import adapter

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter().json_schema()}


class _Complaint(NamedTuple):
    spot: Spot
    text: str
    expected: str | None = None
    """What should be there in place of the value. The text is empty then."""


def _lines(error: ValidationError, document: Document, loading: Loading) -> Iterator[str]:
    """What is wrong, in the order of the file.

    A value may be of several types, and pydantic tells why it is none: where it is nearly one, only that is said.
    """
    found = [_complaint(each, document, loading) for each in error.errors(include_url=False)]
    nearly = {each.spot for each in found if each.expected is None}
    paths = {each.spot.path for each in found}
    said: dict[Spot, list[str]] = {}
    for spot, text, expected in sorted(found, key=lambda complaint: (complaint.spot.line, complaint.spot.column)):
        if expected is None:
            said.setdefault(spot, []).append(text)
        elif spot not in nearly and not any(path[: len(spot.path)] == spot.path != path for path in paths):
            wanted = [each.expected for each in found if each.spot == spot and each.expected]
            value = one_line(masked(repr(document.at(spot.path))), 60)
            said.setdefault(spot, []).append(f"{_name(spot)} is {value}: it should be {' or '.join(wanted)}.")
    for spot, texts in said.items():
        yield from (f"{spot.line}:{spot.column}: {text}" for text in dict.fromkeys(texts))


def _complaint(error: ErrorDetails, document: Document, loading: Loading) -> _Complaint:
    from coterie.teams.file_references import did_you_mean
    from coterie.teams.file_values import WRONG

    spot = document.spot(error["loc"])
    match error["type"]:
        case "extra_forbidden":
            known = loading.keys[id(document.at(spot.path[:-1]))]
            text = f"{_name(spot)} is not known{did_you_mean(str(spot.path[-1]), known)}"
            return _Complaint(document.spot(error["loc"], key=True), text)
        case "missing":
            return _Complaint(spot, f"{_name(spot)} has no {error['loc'][-1]}: give one.")
        case kind if kind == WRONG:
            return _Complaint(spot, f"{_name(spot)}: {error['msg']}")
        case kind:
            return _Complaint(spot, "", EXPECTED.get(kind, error["msg"].removeprefix(SHOULD_BE)))


def _name(spot: Spot) -> str:
    return ".".join(map(str, spot.path)) or "the file"
