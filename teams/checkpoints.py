"""The checkpoints of one run, in LangGraph's checkpointer: where it waits for somebody."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from coterie.errors import ConflictError
from coterie.graphs.spec import Graph
from coterie.memory.flow import Flow
from coterie.memory.ids import new_id
from coterie.teams.savers import Ask, Saver

LEASE = timedelta(minutes=15)
"""How long a run counts as being resumed when the process that does it says nothing more: it was killed, perhaps."""

_CLAIMED, _RELEASED = "coterie_claimed", "coterie_released"


def thread_name(user_id: str | None, run_id: str) -> str:
    """The name of a run's thread. The user is part of it, so that nobody goes on with somebody else's run."""
    return json.dumps([user_id, run_id])


@dataclass(frozen=True)
class Thread:
    """The checkpoints of one run."""

    graph: Graph
    saver: Saver
    name: str

    @property
    def config(self) -> RunnableConfig:
        """How LangGraph is told of it."""
        return {"configurable": {"thread_id": self.name}}

    def state(self) -> Flow[StateSnapshot]:
        """Where the run stands."""
        found: StateSnapshot = yield Ask(self.graph, "get_state", (self.config,))
        return found

    def claim(self, state: StateSnapshot) -> Flow["Claim"]:
        """Make sure that nobody else resumes the run meanwhile.

        Checkpointers keep the first of two writes of one name, so of two who claim at once one finds the other's.

        Raises:
            ConflictError: somebody resumes it, or did since ``state`` was read.
        """
        before = yield Ask(self.saver, "get_tuple", (state.config,))
        writes = before.pending_writes or [] if before else []
        claims = [value for _, channel, value in writes if channel == _CLAIMED]
        over = {value for _, channel, value in writes if channel == _RELEASED}
        fresh = (datetime.now(UTC) - LEASE).isoformat()
        if any(since > fresh for token, since in claims if token not in over):
            raise being_resumed()
        token = new_id()
        write = (_CLAIMED, [token, datetime.now(UTC).isoformat()])
        yield Ask(self.saver, "put_writes", (state.config, [write], f"claim-{len(claims)}"))
        now = yield Ask(self.saver, "get_tuple", (self.config,))
        if now is None:
            yield from self.delete()  # the run ended meanwhile: what was just written is of nothing
        mine = (
            any(value[0] == token for _, channel, value in now.pending_writes if channel == _CLAIMED) if now else False
        )
        if not mine or now.config["configurable"]["checkpoint_id"] != state.config["configurable"]["checkpoint_id"]:
            raise being_resumed()
        return Claim(self, state.config, token)

    def delete(self) -> Flow[None]:
        """Remove everything of it, if the checkpointer can."""
        try:
            yield Ask(self.saver, "delete_thread", (self.name,))
        except NotImplementedError:
            return


@dataclass(frozen=True)
class Claim:
    """The right to resume a run."""

    thread: Thread
    config: RunnableConfig
    token: str

    def release(self) -> Flow[None]:
        """Let others resume it: it waits again."""
        write = (_RELEASED, self.token)
        yield Ask(self.thread.saver, "put_writes", (self.config, [write], f"release-{self.token}"))


def being_resumed() -> ConflictError:
    """The error of those who come second."""
    return ConflictError("The run is being resumed by somebody else: see what came of it before you resume it again.")
