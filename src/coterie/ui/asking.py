"""What may be asked, as Pydantic models: the words of an address or a body, checked."""

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from coterie.errors import InputError
from coterie.memory.db import Db
from coterie.memory.edits import ProposalStatus
from coterie.memory.values import Scope
from coterie.ui.answers import TooLongError, answer, failed

Limit = Annotated[int, Field(ge=1, le=1000)]
MAX_BODY_BYTES = 1_000_000
"""Far more than a memory of the greatest length has as JSON."""
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class Asked(BaseModel):
    """Every request names one user."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str

    @property
    def user_id(self) -> str | None:
        """As the store has it: an empty text means runs without a user."""
        return self.user or None

    @property
    def scope(self) -> Scope:
        """The user themself asks."""
        return Scope(self.user, as_owner=True)


class OfRuns(Asked):
    """The runs of a user."""

    limit: Limit = 50


class OfRun(Asked):
    """One run, by its id or the beginning of it."""

    run_id: str


class Following(OfRun):
    """The records of a run, as they come to be."""

    after: Annotated[int, Field(ge=0)] = 0
    """How many of its records are known already."""


class Listing(Asked):
    """Some of the memories of a user."""

    query: str = ""
    topics: Texts = ()
    agent: str | None = None
    team: str | None = None
    at: AwareDatetime | None = None
    """As they were believed then; None: now."""
    limit: Limit = 100


class OfMemory(Asked):
    """One memory."""

    memory_id: str


class Span(Asked):
    """From one time to another."""

    start: AwareDatetime
    end: AwareDatetime


class Queue(Asked):
    """Proposals of one status."""

    status: ProposalStatus = "held"
    limit: Limit = 100


class NewMemory(Asked):
    """A statement to remember."""

    memory: str
    topics: tuple[str, ...] = ()


class Replacement(OfMemory):
    """A statement to put in place of another, as it was read; without topics the old ones stay."""

    version: int
    memory: str
    topics: tuple[str, ...] | None = None


class Forgetting(OfMemory):
    """A statement to forget, as it was read."""

    version: int


class Undoing(Asked):
    """A change to take back: by exactly one of these, or by a memory and the number of its revision."""

    change_id: str | None = None
    run_id: str | None = None
    turn_id: str | None = None
    memory_id: str | None = None
    number: int | None = None


class Decision(Asked):
    """A proposal to decide on."""

    proposal_id: str


A = TypeVar("A", bound=Asked)


def reads(path: str, form: type[A], verb: Callable[[Db, A], object]) -> Route:
    """The route of what only reads: the words of its address go to a verb, whose value is the answer."""

    async def endpoint(request: Request) -> Response:
        return await _answered(request, form, _words(request), verb)

    return Route(path, endpoint, methods=["GET"])


def writes(path: str, form: type[A], verb: Callable[[Db, A], object]) -> Route:
    """The route of what changes something: it takes JSON, which no form of another site can send."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await _body(request)
        except InputError as error:
            return await failed(request, error)
        return await _answered(request, form, {**body, **request.path_params}, verb)

    return Route(path, endpoint, methods=["POST"])


async def _answered(
    request: Request, form: type[A], words: dict[str, object], verb: Callable[[Db, A], object]
) -> Response:
    try:
        return answer(await run_in_threadpool(verb, request.app.state.db, form.model_validate(words)))
    except Exception as error:
        return await failed(request, error)


def asked(request: Request, form: type[A]) -> A:
    """What the address of a request asks for.

    Raises:
        ValidationError: it cannot be used.
    """
    return form.model_validate(_words(request))


def _words(request: Request) -> dict[str, object]:
    query = request.query_params
    many = {name: query.getlist(name) for name in query}
    return {**{name: one if len(one) > 1 else one[0] for name, one in many.items()}, **request.path_params}


async def _body(request: Request) -> dict[str, object]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InputError(f"The body is {kind or 'of no type'}: send application/json.")
    sent = await _sent(request)
    try:
        body = json.loads(sent)
    except (ValueError, RecursionError):
        raise InputError("The body is no JSON that can be read: send an object.") from None
    if not isinstance(body, dict):
        raise InputError("The body is no JSON object: send one.")
    return body


async def _sent(request: Request) -> bytes:
    """What was sent. Of what is too long the rest is read, too, and not kept: one who still sends hears no answer."""
    kept, length = bytearray(), 0
    try:
        async for part in request.stream():
            length += len(part)
            kept += part if length <= MAX_BODY_BYTES else b""
    except ClientDisconnect:
        raise InputError("The request was broken off.") from None
    if length > MAX_BODY_BYTES:
        raise TooLongError(f"The body has {length:,} bytes: send at most {MAX_BODY_BYTES:,}.")
    return bytes(kept)
