"""``coterie memory optimize``."""

import json

import pytest

from tests.cli.conftest import Cli
from tests.support.openai_server import OpenAIServer

ANA = ("--user", "ana", "--db", "shop.db")


@pytest.fixture
def shop(cli: Cli) -> None:
    """Four memories, two of which say the same."""
    for text in ("Ana likes tea!", "Ana lives in Lisbon", "Ana has a dog called Rex", "Ana likes tea"):
        cli("memory", "add", text, *ANA)


def listed(cli: Cli) -> list[str]:
    return sorted(line.split("  ")[-1] for line in cli("memory", "list", *ANA).out.splitlines())


@pytest.mark.usefixtures("shop")
def test_it_shows_what_it_would_do_and_does_it(cli: Cli) -> None:
    before = listed(cli)
    shown = cli("memory", "optimize", *ANA, "--strategy", "deduplicate")
    diff = "- Ana likes tea!\n- Ana likes tea\n+ Ana likes tea\n\n4 memories of 19 tokens, then 3 of 15\n"
    assert shown.out == diff
    assert shown.err == "Nothing was changed: --apply does it. A model may word it otherwise then.\n"
    assert listed(cli) == before
    done = cli("memory", "optimize", *ANA, "--strategy", "deduplicate", "--apply")
    assert done.out == diff
    assert listed(cli) == ["Ana has a dog called Rex", "Ana likes tea", "Ana lives in Lisbon"]
    change_id = done.err.split("--change ")[1].split(",")[0]
    assert cli("memory", "undo", "--change", change_id, *ANA).code == 0
    assert listed(cli) == before


@pytest.mark.usefixtures("shop")
def test_a_model_summarises(cli: Cli, openai_environment: OpenAIServer) -> None:
    openai_environment.script({"statements": ["Ana lives in Lisbon with her dog Rex, likes tea"]})
    told = json.loads(cli("memory", "optimize", *ANA, "--json").out)
    assert [memory["memory"] for memory in told["added"]] == ["Ana lives in Lisbon with her dog Rex, likes tea"]
    assert (len(told["removed"]), told["kept"], told["change_id"]) == (4, [], None)
    openai_environment.script("I can't do that.")
    ended = cli("memory", "optimize", *ANA, "--apply")
    assert (ended.code, ended.out) == (1, "")
    assert "not the JSON it was asked for" in ended.err
    assert len(listed(cli)) == 4


@pytest.mark.usefixtures("shop")
def test_there_may_be_nothing_to_do(cli: Cli) -> None:
    assert cli("memory", "optimize", "--user", "ben", "--db", "shop.db").err == (
        "There is nothing to put into fewer words.\n"
    )
    assert cli("memory", "optimize", *ANA, "--strategy", "magic").code == 2
