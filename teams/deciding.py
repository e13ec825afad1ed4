"""What somebody said to a run that waits, matched with what it waits for."""

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.errors import InputError
from coterie.graphs.pausing import Confirmation, Decision, Waiting


def decided(waiting: Sequence[Waiting], decisions: Any) -> dict[str, Any]:
    """What was said, by the ids of what waits: a `Decision` on each call, the answer to each question.

    What nothing was said to is left out.

    Args:
        waiting: what the run waits for.
        decisions: one for all, or several by ids: a mapping from `Confirmation.id`, `Confirmation.call_id` or
            `Question.id`.

    Raises:
        InputError: nothing that waits is meant, or something is no decision.
    """
    if not isinstance(decisions, Mapping):
        return {each.id: _said(each, decisions) for each in waiting}
    found = {}
    for key, said in decisions.items():
        meant = [each for each in waiting if key in _names(each)]
        if len(meant) != 1:
            there = ", ".join(repr(name) for each in waiting for name in _names(each))
            what = "names several calls: give their ids" if meant else "names nothing that waits"
            raise InputError(f"decisions: {key!r} {what}. There are {there}.")
        found[meant[0].id] = _said(meant[0], said)
    if not found:
        raise InputError("decisions is empty: say True or False, or decide some of what waits by its id.")
    return found


def _names(each: Waiting) -> tuple[str, ...]:
    return (each.call_id, each.id) if isinstance(each, Confirmation) else (each.id,)


def _said(each: Waiting, said: Any) -> Any:
    if not isinstance(each, Confirmation) or isinstance(said, Decision):
        return said
    if not isinstance(said, bool):
        raise InputError(f"{said!r} is no decision on a call of {each.tool}: give True, False or a Decision.")
    return Decision(said)
