"""Whatever waits, waits both ways: each public verb has an async twin that takes the same arguments."""

from collections.abc import Iterator
from inspect import getattr_static, iscoroutinefunction, isfunction, isgeneratorfunction, signature

import pytest

from coterie import Agent, MemoryManager, PostgresDb, SqliteDb, Team, Worker

WAITS_FOR_NOTHING = {
    "common",
    "completed",
    "curate_in_background",
    "draw",
    "picture",
    "printer",
    "reset",
    "spec",
    "stop",
    "summarize_in_background",
}
"""Public methods that neither ask a model nor a database."""
FOR_A_PERSON = {"chat"}
"""Public methods that somebody at a keyboard holds up."""


def verbs(owner: type) -> Iterator[str]:
    """The public synchronous methods. A flow (a generator) is driven either way and needs no twin."""
    public = [name for name in dir(owner) if not name.startswith("_")]
    twins = {f"a{name}" for name in public}
    for name in public:
        method = getattr_static(owner, name)
        if isfunction(method) and not (iscoroutinefunction(method) or isgeneratorfunction(method) or name in twins):
            yield name


def test_the_verbs_are_found() -> None:
    assert {"apply", "get", "search", "close"} <= set(verbs(SqliteDb))
    assert {"add_user_memory", "create_user_memories"} <= set(verbs(MemoryManager))
    assert "curating" not in verbs(MemoryManager)
    assert {"run", "print_response"} <= set(verbs(Team))


@pytest.mark.parametrize("owner", [SqliteDb, PostgresDb, MemoryManager, Agent, Team, Worker])
def test_each_verb_has_an_async_twin(owner: type) -> None:
    waiting = set(verbs(owner)) - WAITS_FOR_NOTHING - FOR_A_PERSON
    assert [name for name in sorted(waiting) if not hasattr(owner, f"a{name}")] == []
    for name in waiting:
        one, other = (signature(getattr(owner, verb)).parameters for verb in (name, f"a{name}"))
        assert list(one.values()) == list(other.values()), name
