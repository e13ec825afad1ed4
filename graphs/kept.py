"""What a team keeps for itself in its session's state, from one run to the next.

It is under a key of its own for each team, by the team's path: ``coterie:active:desk/support`` is the member through
which the swarm support in the team desk talks, ``coterie:tasks:desk`` the list of the team desk. An application leaves
those keys alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.runtime import Runtime

from coterie.errors import NotFoundError
from coterie.graphs.session import PRIVATE
from coterie.graphs.state import RunContext, asking, here


def keeps(runtime: Runtime[RunContext]) -> bool:
    """Whether the running team can keep something: there is a store, and a session."""
    return here(runtime).spec.memory is not None and asking(runtime).session_id is not None


def kept(runtime: Runtime[RunContext], what: str) -> Any:
    """What the running team has kept. None: nothing, or there is no store, or no session."""
    context, memory = asking(runtime), here(runtime).spec.memory
    if memory is None or context.session_id is None:
        return None
    try:
        return memory.manager.db.session(context.user_id, context.session_id).state.get(_key(runtime, what))
    except NotFoundError:
        return None


def keep(runtime: Runtime[RunContext], what: str, change: Callable[[Any], Any]) -> bool:
    """Keep what ``change`` makes of what is kept, in one transaction. False: there is no store, or no session."""
    context, memory, key = asking(runtime), here(runtime).spec.memory, _key(runtime, what)
    if memory is None or context.session_id is None:
        return False

    def changed(state: Mapping[str, Any]) -> dict[str, Any]:
        return {key: change(state.get(key))}

    memory.manager.db.change_session_state(context.user_id, context.session_id, changed)
    return True


def _key(runtime: Runtime[RunContext], what: str) -> str:
    return f"{PRIVATE}{what}:{here(runtime).path}"
