"""Server-sent events: a user's runs, and the records of one, as they come to be, in whichever process.

The store is asked again and again: it is what the processes share. A browser reads the stream by ``fetch``, for
``EventSource`` sends no token.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from coterie.errors import CoterieError
from coterie.memory.db import Db
from coterie.ui.answers import failed, said_of, text
from coterie.ui.asking import Following, OfRuns, asked

EVERY_SECONDS = 0.25
"""How often the store is asked for what is new."""
SIGN_SECONDS = 10.0
"""A stream says at least so often that it is there: a browser that has left is noticed by it, and so is a server."""
RECORDS = 500
"""How many records are read at a time."""
NOTHING_NEW = ""
"""Stands among the events for a look at the store that found nothing more."""


Events = AsyncIterator[str]


async def runs(request: Request) -> Response:
    """The runs of a user, the newest first: now, and again whenever one of them changes."""
    try:
        wanted = asked(request, OfRuns)
    except ValidationError as error:
        return await failed(request, error)
    return _stream(request, _runs(request.app.state.db, wanted))


async def records(request: Request) -> Response:
    """The records of a run after those that are known, until it ends. Each has its number as the event's id."""
    db: Db = request.app.state.db
    try:
        wanted = asked(request, Following)
        run = await db.arun(wanted.user_id, wanted.run_id)
    except (CoterieError, ValidationError) as error:
        return await failed(request, error)
    return _stream(request, _records(db, wanted.model_copy(update={"run_id": run.run_id})))


async def _runs(db: Db, wanted: OfRuns) -> Events:
    said = ""
    while True:
        now = event("runs", await db.aruns(wanted.user_id, limit=wanted.limit))
        if now != said:
            yield now
        said = now
        yield NOTHING_NEW


async def _records(db: Db, wanted: Following) -> Events:
    after = wanted.after
    while True:
        run = await db.arun(wanted.user_id, wanted.run_id)  # before its records: those of an ended run are complete
        found = await db.arecords(wanted.user_id, run.run_id, after=after, limit=RECORDS)
        for after, record in enumerate(found, after + 1):  # noqa: B020  # from where it stands
            yield event("record", record, after)
        if len(found) < RECORDS:
            if run.status != "running":
                yield event("ended", run)
                return
            yield NOTHING_NEW


def event(kind: str, value: Any, number: int | None = None) -> str:
    """An event: one line of JSON, which no text in it can break."""
    name = f"id: {number}\n" if number is not None else ""
    return f"{name}event: {kind}\ndata: {text(value)}\n\n"


def _stream(request: Request, events: Events) -> Response:
    return StreamingResponse(_paced(request, _told(request, events)), media_type="text/event-stream")


async def _told(request: Request, events: Events) -> Events:
    """The events; if the store fails, that as the last."""
    try:
        async for one in events:
            yield one
    except Exception as error:
        yield event("failed", {"error": said_of(request, error)[1]})


async def _paced(request: Request, events: Events) -> Events:
    """The events, with a pause where there is nothing new, until the server ends. Silence is broken by a comment."""
    silent = 0.0
    async for one in events:
        if one != NOTHING_NEW:
            silent = 0.0
            yield one
            continue
        if request.app.state.ending():
            return
        await asyncio.sleep(EVERY_SECONDS)
        silent += EVERY_SECONDS
        if silent >= SIGN_SECONDS:
            yield ":\n\n"
            silent = 0.0
