"""``coterie memory refused``."""

import json

import pytest

from coterie.memory.edits import Change, Curated
from coterie.memory.incoming import turn_of
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope
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
