"""Answers: values as JSON, and errors as one sentence with the status that fits."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from coterie.errors import ConflictError, CoterieError, InputError, NotFoundError
from coterie.jsons import plain
from coterie.text import one_line

_log = logging.getLogger(__name__)


class TooLongError(InputError):
    """The body of a request is longer than anything that can be asked."""


_STATUS: Mapping[type[CoterieError], int] = {TooLongError: 413, InputError: 400, NotFoundError: 404, ConflictError: 409}
"""The first that fits counts."""


def text(value: Any) -> str:
    """A value as JSON on one line, in ASCII: no reader takes a character in it for the end of the line."""
    return json.dumps(value, default=plain, separators=(",", ":"))


def answer(value: Any, status: int = 200) -> Response:
    """A value as an answer."""
    return Response(text(value), status, media_type="application/json")


def refusal(status: int, sentence: str) -> Response:
    """An error as an answer."""
    return answer({"error": sentence}, status)


async def failed(request: Request, error: Exception) -> Response:
    """The answer to a request that failed."""
    return refusal(*said_of(request, error))


def said_of(request: Request, error: Exception) -> tuple[int, str]:
    """The status and the sentence that fit an error. What was not expected is told to the log, by its type alone."""
    match error:
        case CoterieError():
            status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
            return status, one_line(str(error))
        case ValidationError():
            return 400, _first(error)
        case HTTPException():
            return error.status_code, f"There is no {request.method} of {request.url.path!r} here."
    _log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return 500, f"The server failed ({type(error).__name__}): please report it, with what you did."


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "The body"
    return f"{place} cannot be used: {first['msg']}."
