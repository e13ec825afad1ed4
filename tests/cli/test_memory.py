"""``coterie memory``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coterie.memory.edits import Add, Change
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, Turn, UserMemory
from tests.cli.conftest import Cli

ANA = ("--user", "ana", "--db", "shop.db")


@pytest.fixture
def ids(cli: Cli) -> list[str]:
    """Three memories, the ids of which begin alike."""
    return [cli("memory", "add", text, *ANA).out.strip() for text in ("I like tea.", "I ski.", "I live in Oslo.")]


def test_list_is_newest_first_with_short_ids(cli: Cli, ids: list[str]) -> None:
    lines = [line.split("  ") for line in cli("memory", "list", *ANA).out.splitlines()]
    assert [line[-1] for line in lines] == ["I live in Oslo.", "I ski.", "I like tea."]
    for short, whole in zip([line[0] for line in lines], reversed(ids), strict=True):
        assert [one for one in ids if one.startswith(short)] == [whole]


def test_short_ids_are_unique_among_what_is_not_shown(cli: Cli) -> None:
    with SqliteDb("shop.db") as db:
        edits = [Add(UserMemory(memory=f"Fact {number}.")) for number in range(50)]
        db.apply(Scope("ana"), edits, Change())
    (line,) = cli("memory", "list", *ANA, "--limit", "1").out.splitlines()
    assert "Fact 49." in cli("memory", "show", line.split()[0], *ANA).out


def test_search_finds_the_best(cli: Cli, ids: list[str]) -> None:
    assert "I like tea." in cli("memory", "search", "tea", *ANA).out
    (hit,) = json.loads(cli("memory", "search", "tea", *ANA, "--json").out)
    assert hit["memory"]["memory_id"] == ids[0]
    assert hit["score"] > 0


def test_show_tells_everything(cli: Cli) -> None:
    memory_id = cli("memory", "add", "I like tea.", "-t", "drinks", "-t", "likes", *ANA).out.strip()
    shown = cli("memory", "show", memory_id, *ANA).out
    assert "topics          drinks, likes" in shown
    assert json.loads(cli("memory", "show", memory_id, *ANA, "--json").out)["topics"] == ["drinks", "likes"]


def test_adding_twice_keeps_one(cli: Cli) -> None:
    first = cli("memory", "add", "I like tea.", *ANA)
    second = cli("memory", "add", "I like tea.", *ANA)
    assert first.out == second.out
    assert second.err == "This was remembered already.\n"


def test_adding_prints_the_stored_memory_as_json(cli: Cli) -> None:
    told = [json.loads(cli("memory", "add", text, *ANA, "--json").out) for text in ("I like tea.", "I like TEA")]
    assert told[0] == told[1]
    assert (told[0]["memory"], told[0]["user_id"]) == ("I like tea.", "ana")


def test_every_time_is_printed_alike(cli: Cli, ids: list[str]) -> None:
    (told,) = json.loads(cli("memory", "history", ids[0], *ANA, "--json").out)
    shown = json.loads(cli("memory", "show", ids[0], *ANA, "--json").out)
    assert {told["at"], told["after"]["created_at"]} == {shown["created_at"]}
    assert shown["created_at"].endswith("Z")
    assert f"created_at      {shown['created_at']}\n" in cli("memory", "show", ids[0], *ANA).out


def test_what_is_forgotten_has_a_history(cli: Cli, ids: list[str]) -> None:
    ended = cli("memory", "forget", ids[0], *ANA)
    assert ended.out == "Forgotten: I like tea.\n"
    assert f"coterie memory undo {ids[0]}" in ended.err
    assert "tea" not in cli("memory", "list", *ANA).out
    lines = cli("memory", "history", ids[0], *ANA).out.splitlines()
    assert ["add" in lines[0], "delete" in lines[1]] == [True, True]
    told = json.loads(cli("memory", "history", ids[0], *ANA, "--json").out)
    assert [(revision["op"], revision["change"]["actor"]) for revision in told] == [
        ("add", "person"),
        ("delete", "person"),
    ]


def test_history_takes_the_beginning_of_an_id(cli: Cli, ids: list[str]) -> None:
    short = cli("memory", "list", *ANA).out.split()[0]
    assert "I live in Oslo." in cli("memory", "history", short, *ANA).out
    cli("memory", "forget", short, *ANA)
    assert "delete" in cli("memory", "history", short, *ANA).out


@pytest.mark.parametrize("command", ["show", "forget", "history"])
def test_an_unknown_id(cli: Cli, ids: list[str], command: str) -> None:
    ended = cli("memory", command, "nope", *ANA)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("error: There is no memory 'nope' of user 'ana': `coterie memory list`")


def test_an_ambiguous_id(cli: Cli, ids: list[str]) -> None:
    ended = cli("memory", "forget", ids[0][:2], *ANA)
    assert ended.code == 2
    assert "Several memories begin with" in ended.err


def test_nobody_elses_memories(cli: Cli, ids: list[str]) -> None:
    assert cli("memory", "list", "--user", "ben", "--db", "shop.db").out == ""
    assert cli("memory", "show", ids[0], "--user", "ben", "--db", "shop.db").code == 4


def test_the_user_must_be_named(cli: Cli) -> None:
    ended = cli("memory", "list", "--db", "shop.db")
    assert ended.code == 2
    assert "--user" in ended.err


@pytest.mark.parametrize("command", [["list"], ["search", "tea"], ["show", "1"], ["forget", "1"], ["history", "1"]])
def test_reading_makes_no_database(cli: Cli, command: list[str]) -> None:
    ended = cli("memory", *command, *ANA)
    assert ended.code == 4
    assert ended.err.startswith("error: There is no database 'shop.db': say where it is with --db or COTERIE_DB.")
    assert not Path("shop.db").exists()


def test_control_characters_do_not_reach_the_terminal(cli: Cli) -> None:
    cli("memory", "add", "red \x1b[31m and\nmore", *ANA)
    assert "red �[31m and more" in cli("memory", "list", *ANA).out


def test_another_kind_of_database(cli: Cli) -> None:
    ended = cli("memory", "list", "--user", "ana", "--db", "mysql://ana:p@ss@host/db")
    assert ended.code == 2
    assert "--db is 'mysql://***@host/db'" in ended.err
    assert "give the path of a SQLite file, or postgresql://" in ended.err


def test_postgres(cli: Cli, postgres_url: str) -> None:
    cli("memory", "add", "I like tea.", "--user", "ana", "--db", postgres_url)
    assert "I like tea." in cli("memory", "list", "--user", "ana", "--db", postgres_url).out


def owed_turn() -> Turn:
    said = (Message("user", "I like tea."),)
    return Turn("turn-1", "session", "run-1", said, datetime.now(UTC), user_id="ana")


def test_curate_goes_through_what_is_owed(cli: Cli) -> None:
    with SqliteDb("shop.db") as db:
        db.record_turn(owed_turn())
    refused = cli("curate", "--db", "shop.db")
    assert (refused.code, refused.out) == (5, "")
    assert refused.err.startswith("error: No model is configured to curate with: set OPENAI_API_KEY")
    assert refused.err.endswith("with --verbatim.\n")
    ended = cli("curate", "--db", "shop.db", "--verbatim")
    assert ended.code == 0
    assert "memory + I like tea" in ended.out
    assert ended.err == "1 of 1 turns curated.\n"
    assert json.loads(cli("curate", "--db", "shop.db", "--verbatim", "--json").out) == []
    assert "I like tea" in cli("memory", "list", *ANA).out


def test_curate_takes_one_curator(cli: Cli) -> None:
    ended = cli("curate", "--verbatim", "--model", "gpt-x")
    assert ended.code == 2
    assert ended.err == "error: --verbatim needs no model: leave out either --verbatim or --model gpt-x.\n"


def test_what_was_said_is_searched_with_turns(cli: Cli) -> None:
    said = (Message("user", "Where is Sintra?", "Ana"), Message("assistant", "Near Lisbon."))
    with SqliteDb("shop.db") as db:
        db.record_turn(Turn("t1", "s", "r", said, datetime(2026, 11, 1, tzinfo=UTC), "ana"))
    found = cli("memory", "search", "sintra", "--turns", *ANA)
    assert found.out == "2026-11-01  Ana: Where is Sintra?\n2026-11-01  assistant: Near Lisbon.\n"
    (hit,) = json.loads(cli("memory", "search", "sintra", "--turns", "--json", *ANA).out)
    assert (hit["turn"]["turn_id"], hit["parts"]["words"]) == ("t1", 1.0)
    assert cli("memory", "search", "porto", "--turns", *ANA).err == "Nothing.\n"
