"""Wherever a command takes an id, its beginning is enough: if one begins so, of this user's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coterie.memory.edits import Add, Change, Curated
from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, StoredRun, Turn, UserMemory
from tests.cli.conftest import Cli
from tests.support.proposals import proposal

ANA, BEN = ("--user", "ana", "--db", "shop.db"), ("--user", "ben", "--db", "shop.db")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
COMMANDS = (
    ("memory", "show", "ID"),
    ("memory", "history", "ID"),
    ("memory", "update", "ID", "I like water."),
    ("memory", "narrow", "ID", "--to", "agent"),
    ("memory", "forget", "ID"),
    ("memory", "undo", "ID"),
    ("memory", "undo", "--change", "CHANGE"),
    ("memory", "undo", "--run", "ID"),
    ("memory", "undo", "--turn", "ID"),
    ("memory", "review", "--accept", "ID"),
    ("memory", "review", "--reject", "ID"),
    ("session", "show", "ID"),
    ("runs", "show", "ID"),
    ("runs", "list", "--session", "ID"),
    ("runs", "remove", "ID", "--yes"),
    ("replay", "ID", "-o", "run.html"),
    ("curate", "--retry", "ID"),
)


@pytest.fixture
def changes(cli: Cli) -> list[str]:
    """Two of everything of ana's, ``one-1`` and ``one-2``, and ``one-3`` of ben's. The ids of ana's changes."""
    found = []
    with SqliteDb("shop.db") as db:
        for user, one in (("ana", "one-1"), ("ana", "one-2"), ("ben", "one-3")):
            turn = Turn(one, one, one, (Message("user", "hi"),), NOW, user)
            db.record_turn(turn)
            kept = [replace(proposal(user, one, f"Perhaps {one}"), status="held", proposal_id=one)]
            change, curated = Change("curator", run_id=one, turn_id=one), Curated(one, kept=kept)
            memory = UserMemory(memory=f"Fact {one}", memory_id=one)
            (added,) = db.apply(Scope(user, "desk", "scout"), [Add(memory)], change, curated=curated)
            found.append(added.revisions[0].change_id)
            db.add_run(StoredRun(one, user, one, None, "scout", "scout", NOW))
            db.add_records(user, one, [{"kind": "run_started", "at": "2026-03-01T00:00:00+00:00", "run_id": one}])
        dead = Turn("late-1", "s", "r", (Message("user", "hi"),), NOW, "ana")
        for one_ in (dead, replace(dead, turn_id="late-2")):
            db.record_turn(one_)
            for _ in range(MAX_ATTEMPTS):
                db.fail_turn(one_, "no model")
    return found[:2]


def given(command: tuple[str, ...], number: str, changes: list[str]) -> list[str]:
    """The command with the beginning of an id; of the second of two, or of both."""
    part = f"late-{number}" if command[0] == "curate" else f"one-{number}"
    change = changes[1] if number else changes[1][: _same(changes)]
    return [{"ID": part, "CHANGE": change}.get(word, word) for word in command]


def _same(changes: list[str]) -> int:
    """How many characters two ids have in common."""
    return next(at for at, (one, other) in enumerate(zip(*changes, strict=True)) if one != other)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_beginning_is_enough_if_one_begins_so(cli: Cli, changes: list[str], command: tuple[str, ...]) -> None:
    several = cli(*given(command, "", changes), *ANA)
    assert (several.code, several.out, several.err.count("\n")) == (2, "", 1), several
    assert several.err.startswith("error: Several ")
    first, second = ("late-1", "late-2") if command[0] == "curate" else ("one-1", "one-2")
    named = changes if "CHANGE" in command else [first, second]
    assert all(one in several.err for one in named), several.err
    assert "one-3" not in several.err
    other = cli(*given(command, "3", ["x", "x" * 40]), *ANA)
    assert (other.code, other.out, other.err.count("\n")) == (4, "", 1), other
    assert cli(*given(command, "2", changes), *BEN).code == 4
    done = cli(*given(command, "2", changes), *ANA)
    assert done.code == 0, done


@pytest.mark.parametrize("command", [one for one in COMMANDS if "ID" in one and one[0] != "curate"], ids=" ".join)
def test_a_few_characters_are_not_enough(cli: Cli, changes: list[str], command: tuple[str, ...]) -> None:
    for part, code in (("one", 2), ("one-", 0)):
        ended = cli(*(part if word == "ID" else word for word in command), *BEN)
        assert ended.code == code, ended
        if code:
            assert (ended.out, ended.err) == (
                "",
                "error: 'one' is too little of an id: give 4 characters at least (one-3).\n",
            )


def test_of_one_that_begins_with_another_the_whole_id_means_it(cli: Cli, changes: list[str]) -> None:
    with SqliteDb("shop.db") as db:
        db.update_session_state("ana", "one", {})
    assert "session_id   one\n" in cli("session", "show", "one", *ANA).out
    assert "session_id   one-2\n" in cli("session", "show", "one-2", *ANA).out


def test_of_a_turn_without_its_user_the_whole_id_is_needed(cli: Cli, changes: list[str]) -> None:
    refused = cli("curate", "--retry", "late-", "--db", "shop.db")
    assert (refused.code, "Without --user the whole id is needed." in refused.err) == (4, True)
    assert cli("curate", "--retry", "late-1", "--db", "shop.db").err == "1 turn is due again.\n"
