"""The pages about migrating: what they bring over is what was there, on each database, once."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coterie.errors import ConflictError
from coterie.memory.edits import Change, Ref, Update
from coterie.memory.values import Scope
from tests.support.peers import MEM0_RESULTS, agno_database, langmem_store

if TYPE_CHECKING:
    from coterie.memory.db import Db

DOCS = Path(__file__).parents[2] / "docs"
ANA = Scope("ana@example.com")


def functions(peer: str) -> dict[str, Any]:
    """What the page's block about stored memories defines, without what it then does."""
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / f"migrating-from-{peer}.md").read_text("utf-8"), re.M | re.S)
    (code,) = [block for block in blocks if f"def bring_from_{peer}" in block]
    names: dict[str, Any] = {"__name__": peer}
    exec(compile(code.partition("\n\n\ndb = ")[0], peer, "exec"), names)
    return names


def test_agno_s_sqlite_file(db: "Db", tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'agno.db'}"
    agno_database(url)
    functions("agno")["bring_from_agno"](url, db)
    check_agno(db)


def test_agno_s_postgresql_schema(db: "Db", postgres_url: str) -> None:
    agno_database(postgres_url, "ai")
    functions("agno")["bring_from_agno"](postgres_url, db, schema="ai")
    check_agno(db)


def check_agno(db: "Db") -> None:
    porto, vegetarian = db.newest(ANA)
    assert (porto.memory, porto.topics) == ("Lives in Porto", [])
    assert (vegetarian.memory, vegetarian.topics, vegetarian.input) == (
        "Ana is vegetarian",
        ["food"],
        "I'm Ana, vegetarian.",
    )
    assert (vegetarian.memory_id, vegetarian.agent_id, vegetarian.team_id) == (
        "3c254114-ab3b-4ed2-8362-76f0c3fe0b3a",
        "scout",
        "desk",
    )
    assert str(vegetarian.created_at) == "2025-02-01 12:00:00+00:00"
    assert str(vegetarian.updated_at) == "2025-02-01 13:00:00+00:00"
    assert db.newest(Scope("default")) == []


def test_agno_twice_changes_nothing_and_brings_nothing_old_back(db: "Db", tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'agno.db'}"
    agno_database(url)
    bring = functions("agno")["bring_from_agno"]
    bring(url, db)
    before = db.newest(ANA)
    bring(url, db)
    assert db.newest(ANA) == before
    assert [revision.op for revision in db.history(ANA, str(before[0].memory_id))] == ["add"]

    db.apply(ANA, [Update(Ref(str(before[0].memory_id)), "Lives in Lisbon")], Change())
    with pytest.raises(ConflictError):
        bring(url, db)
    assert [memory.memory for memory in db.newest(ANA)] == ["Lives in Lisbon", "Ana is vegetarian"]


def test_a_copy_is_taken_back(db: "Db") -> None:
    functions("langmem")["bring_from_langmem"](langmem_store(), db)
    assert db.count(Scope("ana")) == 2
    db.undo(Scope("ana"), Change(), run_id="from-langmem")
    assert (db.count(Scope("ana")), db.count(Scope("bob"))) == (0, 1)


def test_what_mem0_s_get_all_gives(db: "Db") -> None:
    left_out = functions("mem0")["bring_from_mem0"](MEM0_RESULTS, db)
    assert [item["memory"] for item in left_out] == ["The train leaves at nine"]
    porto, buffet = db.newest(ANA)
    assert (porto.memory, porto.topics, porto.agent_id, porto.trust) == ("Lives in Porto", ["home"], "guide", "user")
    assert (porto.memory_id, str(porto.created_at)) == (MEM0_RESULTS[0]["id"], "2025-04-01 12:00:00.695181+00:00")
    assert str(porto.updated_at) == "2025-04-02 12:00:00.792362+00:00"
    assert str(porto.expires_at) == "2099-02-01 00:00:00+00:00"
    assert (buffet.memory, buffet.trust) == ("Was advised to try the vegetarian buffet", "agent")
    (office,) = db.newest(Scope(agent_id="guide"))
    assert (office.memory, office.user_id, office.visibility) == ("The office closes at six", None, "agent")
    assert db.newest(Scope("ana@example.com", agent_id="guide"))[-1].memory == "The office closes at six"


def test_what_langmem_puts_into_a_store(db: "Db") -> None:
    store = langmem_store()
    functions("langmem")["bring_from_langmem"](store, db)
    brought = {memory.memory: memory for memory in db.newest(Scope("ana"))}
    assert set(brought) == {"Ana is vegetarian", "Lives in Porto"}
    item = store.get(("memories", "ana"), "1d32ca01-2cba-494d-bf9a-b865f1c16ae5")
    assert item is not None
    assert (brought["Lives in Porto"].memory_id, brought["Lives in Porto"].created_at) == (item.key, item.created_at)
    (of_bob,) = db.newest(Scope("bob"))
    assert (of_bob.kind, of_bob.memory_id) == ("triple", "default")


def test_langmem_in_more_than_one_page(db: "Db") -> None:
    store = langmem_store()
    for number in range(250):
        store.put(("memories", "eve_example_com"), str(number), {"content": f"Number {number}"})
    user_of = {"eve_example_com": "eve@example.com"}
    functions("langmem")["bring_from_langmem"](store, db, user_of=lambda labels: user_of.get(labels[-1], labels[-1]))
    assert db.count(Scope("eve@example.com")) == 250
