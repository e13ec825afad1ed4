"""The application: which address answers what."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from coterie.graphs.page import page
from coterie.memory.db import Db
from coterie.ui import changes, following, memories, runs
from coterie.ui.answers import failed
from coterie.ui.asking import (
    Decision,
    Forgetting,
    Listing,
    NewMemory,
    OfMemory,
    OfRun,
    OfRuns,
    Queue,
    Replacement,
    Span,
    Undoing,
    reads,
    writes,
)
from coterie.ui.guard import Guard

ROUTES = [
    reads("/api/runs", OfRuns, runs.listed),
    Route("/api/runs/follow", following.runs, methods=["GET"]),
    reads("/api/runs/{run_id}", OfRun, runs.one),
    Route("/api/runs/{run_id}/follow", following.records, methods=["GET"]),
    reads("/api/memories", Listing, memories.listed),
    reads("/api/memories/diff", Span, memories.difference),
    reads("/api/memories/{memory_id}/history", OfMemory, memories.history),
    reads("/api/proposals", Queue, memories.proposals),
    writes("/api/memories", NewMemory, changes.added),
    writes("/api/memories/{memory_id}/replace", Replacement, changes.replaced),
    writes("/api/memories/{memory_id}/forget", Forgetting, changes.forgotten),
    writes("/api/undo", Undoing, changes.undone),
    writes("/api/proposals/{proposal_id}/accept", Decision, changes.accepted),
    writes("/api/proposals/{proposal_id}/reject", Decision, changes.rejected),
]


def application(db: Db, *, token: str, port: int) -> Starlette:
    """The page, and what it asks for, over one store.

    Args:
        db: The store. It stays open when the server ends.
        token: What every request under ``/api/`` must have.
        port: Where it is served, on this machine alone.
    """
    html = page({"mode": "live", "title": "coterie", "svg": "", "picture": None, "records": [], "memories": None})

    async def home(request: Request) -> Response:
        return HTMLResponse(html, headers={"content-security-policy": "frame-ancestors 'none'"})  # and the page's own

    made = Starlette(
        routes=[Route("/", home, methods=["GET"]), *ROUTES],
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={HTTPException: failed},
    )
    made.state.db = db
    made.state.ending = lambda: False
    return made
