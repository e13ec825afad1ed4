"""``coterie memory refused`` and ``review``."""

import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from coterie.memory.edits import Add, Change, Curated, Ref
from coterie.memory.incoming import turn_of
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory
from tests.cli.conftest import Cli
from tests.support.proposals import proposal

ANA = ("--user", "ana", "--db", "shop.db")


@pytest.fixture
def shop(cli: Cli) -> str:
    """A store with something refused."""
    with SqliteDb("shop.db") as db:
        db.record_turn(turn := turn_of("I like tea", None, "ana", None, None))
        kept = [
            proposal("ana", turn.turn_id, "Likes gin"),
            proposal("ana", turn.turn_id, "Likes\ntea", op="update", before=("Likes rum",), why="it was not said"),
        ]
        db.apply(Scope("ana"), [], Change("curator"), curated=Curated(turn.turn_id, kept=kept))
    return "shop.db"


def test_what_was_refused_is_listed_with_the_reason(cli: Cli, shop: str) -> None:
    assert cli("memory", "refused", *ANA).out.splitlines() == [
        "2024-05-16  update  Likes rum -> Likes tea  (refused: it was not said)",
        "2024-05-16  add     Likes gin  (refused: nothing of it was said in the turn)",
    ]
    (told,) = json.loads(cli("memory", "refused", *ANA, "--json", "--limit", "1").out)
    assert (told["memory"], told["why"], told["status"]) == ("Likes\ntea", "it was not said", "refused")
    ended = cli("memory", "refused", "--user", "ben", "--db", shop)
    assert (ended.out, ended.err) == ("", "Nothing.\n")


@pytest.fixture
def held(cli: Cli) -> dict[str, str]:
    """A store with three proposals that are held: their ids by what they would do."""
    with SqliteDb("shop.db") as db:
        (rum,) = db.apply(Scope("ana"), [Add(UserMemory(memory="Likes rum"))], Change())
        db.record_turn(turn := turn_of("I like tea", None, "ana", None, None))
        old = {"targets": (Ref(rum.memory_id, 1),), "before": ("Likes rum",), "quote": "I like\ntea"}
        held = {"status": "held", "why": "it changes what is known"}
        kept = [
            proposal("ana", turn.turn_id, "Likes tea", op="update", **old, **held),
            proposal("ana", turn.turn_id, "", op="delete", **old, **held),
            proposal("ana", turn.turn_id, "Likes gin", **held),
        ]
        db.apply(Scope("ana"), [], Change("curator"), curated=Curated(turn.turn_id, kept=kept))
    return dict(zip(("update", "delete", "add"), (one.proposal_id for one in kept), strict=True))


def listed(cli: Cli) -> list[str]:
    return sorted(line.split("  ")[-1] for line in cli("memory", "list", *ANA).out.splitlines())


def test_what_is_held_is_listed_with_its_ids(cli: Cli, held: dict[str, str]) -> None:
    ended = cli("memory", "review", *ANA)
    assert ended.out.splitlines() == [
        f"{held['update']}  2024-05-16  update  Likes rum -> Likes tea  "
        "(it changes what is known, because of: I like tea)",
        f"{held['delete']}  2024-05-16  delete  Likes rum  (it changes what is known, because of: I like tea)",
        f"{held['add']}  2024-05-16  add     Likes gin  (it changes what is known)",
    ]
    assert ended.err == "Decide with --accept ID or --reject ID.\n"
    told = json.loads(cli("memory", "review", *ANA, "--json").out)
    assert [one["proposal_id"] for one in told] == list(held.values())
    assert cli("memory", "review", "--user", "ben", "--db", "shop.db").err == "Nothing.\n"


def test_a_script_accepts_and_rejects(cli: Cli, held: dict[str, str]) -> None:
    ended = cli("memory", "review", *ANA, "--accept", held["update"], "--reject", held["delete"])
    assert ended.err == "1 accepted, 1 rejected.\n"
    assert "Likes tea" in ended.out
    assert listed(cli) == ["Likes tea"]
    told = json.loads(cli("memory", "review", *ANA, "--accept", held["add"], "--json").out)
    assert told["accepted"][0]["edit"]["memory"]["memory"] == "Likes gin"
    assert listed(cli) == ["Likes gin", "Likes tea"]
    assert cli("memory", "review", *ANA, "--accept", held["add"]).code == 1
    assert "accepted already" in cli("memory", "review", *ANA, "--reject", held["add"]).err


def test_nobody_decides_for_others(cli: Cli, held: dict[str, str]) -> None:
    for way in ("--accept", "--reject"):
        ended = cli("memory", "review", "--user", "ben", "--db", "shop.db", way, held["add"])
        assert (ended.code, ended.out) == (4, "")
        assert f"There is no proposal '{held['add']}' of user 'ben'" in ended.err


@pytest.mark.parametrize(
    ("said", "left", "kept"),
    [
        ("a\nr\nskip\n", ["Likes tea"], 1),
        ("what?\nA\na\na\n", ["Likes gin", "Likes tea"], 1),
        ("q\n", ["Likes rum"], 3),
        ("\n\n\n", ["Likes rum"], 3),
    ],
)
def test_each_is_asked_about_on_a_terminal(
    cli: Cli, held: dict[str, str], said: str, left: list[str], kept: int
) -> None:
    terminal, stdin = pty.openpty()
    command: Any = [sys.executable, "-m", "coterie", "memory", "review", *ANA]
    os.write(terminal, said.encode())
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
    os.close(stdin)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert (
        "2024-05-16  update  Likes rum -> Likes tea\n  it changes what is known, because of: I like tea\n"
        in done.stdout
    )
    assert listed(cli) == left
    assert len(json.loads(cli("memory", "review", *ANA, "--json").out)) == kept
    assert ("was not accepted" in done.stderr) == ("A" in said)
