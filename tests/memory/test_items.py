"""Items of a LangGraph store, as the store keeps them: memories that are found by a name."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory import items
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Delete, Imported, Merge, Ref, Update
from coterie.memory.inputs import MAX_DEPTH, MAX_PLACE_BYTES
from coterie.memory.items import Item, ItemName
from coterie.memory.postgres import PostgresDb
from coterie.memory.reach import NOTHING
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Filters, Scope, UserMemory
from tests.support.embedder import LetterEmbeddings
from tests.support.old_store import make_old_store
from tests.support.rows import rows_of

ANA, BEN, DESK = Scope("ana"), Scope("ben"), Scope(team_id="desk")
HOME = ("memories", "ana")
AGENT = Change("agent", run_id="run-1")


def item(key: str, text: str, *below: str, searched: bool = True, **value: Any) -> UserMemory:
    """A memory that is an item of Ana's, in her namespace or below."""
    kept = Item(namespace=[*HOME, *below], key=key, value={"text": text, **value}, searched=searched)
    return UserMemory(memory=text, item=kept)


def put(db: Db, *memories: UserMemory, scope: Scope = ANA, change: Change = AGENT) -> list[Applied]:
    return db.put_items(scope, {name_of(memory): memory for memory in memories}, change)


def name_of(memory: UserMemory) -> ItemName:
    assert memory.item is not None
    return ItemName(tuple(memory.item["namespace"]), memory.item["key"], of_any=True)


def read(db: Db, key: str, *below: str, scope: Scope = ANA) -> UserMemory | None:
    return db.items(scope, [ItemName((*HOME, *below), key, of_any=True)])[0]


def said(db: Db, key: str, *below: str) -> dict[str, Any]:
    memory = read(db, key, *below)
    assert memory is not None
    assert memory.item is not None
    return memory.item["value"]


# Putting


def test_what_is_put_takes_the_place_of_what_was_there(db: Db) -> None:
    put(db, item("tea", "Likes tea", n=1))
    put(db, item("tea", "Likes coffee", n=2))
    memory = read(db, "tea")
    assert memory is not None
    assert (memory.memory, memory.trust, said(db, "tea")) == ("Likes coffee", "agent", {"text": "Likes coffee", "n": 2})
    assert [one.memory for one in db.newest(ANA)] == ["Likes coffee"]
    told = [(one.op, one.change.actor, one.change.run_id) for one in db.history(ANA, str(memory.memory_id))]
    assert told == [("add", "agent", "run-1"), ("update", "agent", "run-1"), ("update", "agent", "run-1")]
    assert db.check() == []


def test_what_is_there_already_is_left_alone(db: Db) -> None:
    put(db, item("tea", "Likes tea"))
    before = read(db, "tea")
    assert put(db, item("tea", "Likes tea")) == []
    assert read(db, "tea") == before
    assert len(put(db, item("tea", "Likes tea", searched=False))) == 1


def test_another_value_that_says_the_same_is_kept(db: Db) -> None:
    put(db, item("tea", "Likes tea", n=1))
    put(db, item("tea", "Likes tea", n=2))
    assert said(db, "tea") == {"text": "Likes tea", "n": 2}


def test_the_same_words_may_stand_in_several_places_and_outside(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    put(db, item("a", "Likes tea"), item("b", "Likes tea"), item("a", "Likes tea", "notes"))
    assert db.count(ANA) == 4
    put(db, item("b", "Likes tea."))
    assert said(db, "a") == {"text": "Likes tea"}


def test_topics_stay_unless_they_are_given(db: Db) -> None:
    put(db, item("tea", "Likes tea").model_copy(update={"topics": ["drinks"]}))
    db.put_items(ANA, {ItemName(HOME, "tea"): UserMemory(memory="Likes coffee", item=item("tea", "x").item)}, AGENT)
    memory = read(db, "tea")
    assert memory is not None
    assert memory.topics == ["drinks"]


def test_an_item_that_is_removed_is_gone_and_comes_back_when_that_is_undone(db: Db) -> None:
    put(db, item("tea", "Likes tea"))
    (done,) = db.put_items(ANA, {ItemName(HOME, "tea"): None, ItemName(HOME, "none"): None}, AGENT)
    assert read(db, "tea") is None
    db.undo(ANA, Change(), change_id=done.revisions[0].change_id)
    assert said(db, "tea") == {"text": "Likes tea"}


def test_a_put_is_undone(db: Db) -> None:
    put(db, item("tea", "Likes tea"))
    (done,) = put(db, item("tea", "Likes coffee"))
    db.undo(ANA, Change(), change_id=done.revisions[0].change_id)
    assert said(db, "tea") == {"text": "Likes tea"}
    assert db.check() == []


def test_all_of_one_call_is_one_change(db: Db) -> None:
    done = put(db, item("a", "One"), item("b", "Two"))
    assert len({revision.change_id for one in done for revision in one.revisions}) == 1
    with pytest.raises(InputError, match=r"cannot be kept as JSON"):
        put(db, item("c", "Three"), item("d", "Four", n=float("nan")))
    assert read(db, "c") is None


def test_what_expired_holds_its_place_for_the_next(db: Db) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    for again in ("Likes tea", "Likes coffee"):
        db.apply(ANA, [Add(item(again, "Likes tea").model_copy(update={"expires_at": past}))], Change())
        assert read(db, again) is None
        put(db, item(again, again))
        assert said(db, again) == {"text": again}
    assert db.check() == []


def test_an_item_is_not_added_where_another_is(db: Db) -> None:
    put(db, item("tea", "Likes tea"))
    with pytest.raises(ConflictError, match="update it"):
        db.apply(ANA, [Add(item("tea", "Likes coffee"))], Change())
    assert db.apply(ANA, [Add(item("tea", "Likes tea"))], Change())[0].revisions == ()


def nested(depth: int) -> dict[str, Any]:
    """So many objects within one."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    ("namespace", "key", "value", "wrong"),
    [
        (["a.b"], "k", {}, "a.b"),
        (["a", ""], "k", {}, "''"),
        ([], "k", {}, "in no namespace"),
        (["a"], "k" * MAX_PLACE_BYTES, {}, "bytes"),
        (["a"], "k\0", {}, "NUL"),
        (["a"], "k", {"x": object()}, "JSON"),
        (["a"], "k", {"x": float("inf")}, "JSON"),
        (["a"], "k", nested(MAX_DEPTH), "nested"),
        (["a"], "k", nested(5_000), "JSON"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    db: Db, namespace: list[str], key: str, value: dict[str, Any], wrong: str
) -> None:
    bad = UserMemory(memory="x", item=Item(namespace=namespace, key=key, value=value, searched=True))
    with pytest.raises(InputError, match=wrong):
        db.apply(ANA, [Add(bad)], Change())
    assert db.count(ANA) == 0


@pytest.mark.parametrize("of_any", [True, False])
@pytest.mark.parametrize("key", ["", " ", "k" * 300, "note-1"])
def test_any_key_has_a_place(db: Db, key: str, of_any: bool) -> None:
    name, kept = ItemName(HOME, key, of_any=of_any), Item(namespace=[*HOME], key=key, value={"n": 1}, searched=True)
    assert db.items(ANA, [name]) == [None]
    db.put_items(ANA, {name: UserMemory(memory="one", item=kept)}, Change())
    (found,) = db.items(ANA, [name])
    assert found is not None
    assert found.item == kept
    db.put_items(ANA, {name: None}, Change())
    assert db.items(ANA, [name]) == [None]


@pytest.mark.parametrize("key", ["k\0", "\ud800", "k" * MAX_PLACE_BYTES])
def test_a_key_that_none_can_have_is_refused_by_reads_too(db: Db, key: str) -> None:
    for of_any in (True, False):
        with pytest.raises(InputError, match="key"):
            db.items(ANA, [ItemName(HOME, key, of_any=of_any)])
        with pytest.raises(InputError, match="key"):
            db.put_items(ANA, {ItemName(HOME, key, of_any=of_any): None}, Change())


def test_a_value_that_is_as_deep_as_it_may_be_can_be_corrected(db: Db) -> None:
    value = {"in": nested(MAX_DEPTH - 2), "text": "Likes tea"}
    memory = UserMemory(memory="Likes tea", item=Item(namespace=[*HOME], key="k", value=value, searched=True))
    (added,) = db.put_items(ANA, {ItemName(HOME, "k"): memory}, Change())
    db.apply(ANA, [Update(Ref(added.memory_id), "Likes coffee")], Change())
    (found,) = db.items(ANA, [ItemName(HOME, "k")])
    assert found is not None
    assert items.value_of(found) == {**value, "text": "Likes coffee"}


def test_any_json_comes_back_as_it_was(db: Db) -> None:
    value = {"b": [1, 2.5, None, True, {"x": "\0 \ud800 東京"}], "a": {}, "": ""}
    kept = Item(namespace=[*HOME], key="..k..", value=value, searched=True)
    put(db, UserMemory(memory="x", item=kept))
    memory = read(db, "..k..")
    assert memory is not None
    assert memory.item == kept
    assert list(memory.item["value"]) == list(value)


def test_threads_that_put_one_key_leave_one_item(db: Db) -> None:
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait()
        for turn in range(3):
            put(db, item("tea", f"Says {number} {turn}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (memory,) = db.newest(ANA)
    assert said(db, "tea") == {"text": memory.memory}
    assert len([one for one in db.history(ANA, str(memory.memory_id)) if one.before is None]) == 18
    assert db.check() == []


# Memories that change


def test_a_statement_that_is_corrected_is_corrected_in_the_value(db: Db) -> None:
    put(db, item("tea", "Likes tea", n=1), item("json", '{"a":1}').model_copy(update={"memory": "a is 1"}))
    for key, text in (("tea", "Likes coffee"), ("json", "a is 2")):
        memory = read(db, key)
        assert memory is not None
        db.apply(ANA, [Update(Ref(str(memory.memory_id)), text)], Change("curator"))
    assert said(db, "tea") == {"text": "Likes coffee", "n": 1}
    assert said(db, "json") == {"memory": "a is 2"}


def test_topics_that_are_corrected_are_corrected_in_the_value(db: Db) -> None:
    put(db, item("tea", "Likes tea", topics=["drinks"]).model_copy(update={"topics": ["drinks"]}))
    memory = read(db, "tea")
    assert memory is not None
    db.apply(ANA, [Update(Ref(str(memory.memory_id)), "Likes tea", ["tea"])], Change())
    assert said(db, "tea") == {"text": "Likes tea", "topics": ["tea"]}


def test_what_is_merged_stands_where_the_first_item_stood(db: Db) -> None:
    (plain,) = db.apply(ANA, [Add(UserMemory(memory="Has a dog"))], Change())
    one, other = put(db, item("a", "The dog is Rex"), item("b", "Rex is brown"))
    refs = [Ref(plain.memory_id), Ref(one.memory_id), Ref(other.memory_id)]
    db.apply(ANA, [Merge(refs, "Has a brown dog, Rex")], Change("curator"))
    assert said(db, "a") == {"text": "Has a brown dog, Rex"}
    assert read(db, "b") is None


def test_a_memory_is_found_by_its_id_and_by_older_ones(db: Db) -> None:
    (old,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    (new,) = db.apply(ANA, [Update(Ref(old.memory_id), "Likes coffee")], Change())
    for memory_id in (old.memory_id, new.memory_id):
        assert read(db, memory_id) == db.get(ANA, new.memory_id)
        assert db.items(ANA, [ItemName(HOME, memory_id)]) == [None]
    put(db, item(old.memory_id, "Likes water"))
    assert [one.memory for one in db.newest(ANA)] == ["Likes water"]
    db.put_items(ANA, {ItemName(HOME, new.memory_id, of_any=True): None}, AGENT)
    assert db.count(ANA) == 0


def test_what_a_memory_says_already_is_no_change(db: Db) -> None:
    (old,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea", topics=["drinks"]))], Change())
    value = {"memory": "Likes tea", "topics": ["drinks"]}
    same = UserMemory(memory="Likes tea", item=Item(namespace=[*HOME], key=old.memory_id, value=value, searched=True))
    assert put(db, same) == []


# Finding


def test_names_come_in_their_order(db: Db) -> None:
    put(db, item("a", "One"), item("b", "Two", "notes"))
    found = db.items(ANA, [ItemName((*HOME, "notes"), "b"), ItemName(HOME, "b"), ItemName(HOME, "a")])
    assert [one and one.memory for one in found] == ["Two", None, "One"]


def test_namespaces_begin_with_whole_labels(db: Db) -> None:
    for label in ("acme", "acme-corp", "acme2", "acme%", "ACME", "acm"):
        put(db, item("k", f"Of {label}", label), item("k", f"Below {label}", label, "-x"))
    for label in ("acme", "acme%", "ACME"):
        filters = Filters(namespace=[*HOME, label])
        assert {one.memory for one in db.newest(ANA, filters=filters)} == {f"Of {label}", f"Below {label}"}
        assert {hit.memory.memory for hit in db.search(ANA, "of below", filters=filters)} == {f"Below {label}"}
    assert db.namespaces(ANA, [*HOME, "acme"]) == [(*HOME, "acme"), (*HOME, "acme", "-x")]
    assert len(db.namespaces(ANA)) == 12
    assert len(db.namespaces(ANA, depth=3)) == 6
    assert db.namespaces(ANA, HOME, depth=2) == [HOME]
    assert db.namespaces(ANA, fits=lambda labels: labels[-1] == "-x", depth=3, limit=2) == [
        (*HOME, "ACME"),
        (*HOME, "acm"),
    ]
    with pytest.raises(InputError, match=r"a\.b"):
        db.newest(ANA, filters=Filters(namespace=["a.b"]))


@pytest.mark.parametrize("number", [1, 40])
def test_the_newest_come_first_of_few_namespaces_and_of_many(db: Db, number: int) -> None:
    put(db, *(item(f"k{place}", f"Fact {place}", "notes", f"n{place % number}") for place in range(90)))
    db.apply(ANA, [Add(UserMemory(memory="Fact of none"))], Change())
    put(db, item("k3", "Newer", "notes", f"n{3 % number}"))
    db.put_items(ANA, {ItemName((*HOME, "notes", f"n{4 % number}"), "k4"): None}, AGENT)
    filters = Filters(namespace=[*HOME, "notes"])
    every = [one.memory for one in db.newest(ANA, None, filters)]
    assert every[:2] == ["Newer", "Fact 89"]
    assert sorted(every) == sorted(["Newer", *(f"Fact {place}" for place in range(90) if place not in (3, 4))])
    assert [one.memory for one in db.newest(ANA, 3, filters)] == every[:3]
    assert [one.memory for one in db.oldest(ANA, None, filters)] == every[::-1]
    assert db.newest(ANA, None, Filters(namespace=())) == db.newest(ANA, None, filters)


def test_what_was_there_at_another_time(db: Db) -> None:
    put(db, item("tea", "Likes tea", "notes"))
    then = datetime.now(UTC)
    put(db, item("tea", "Likes coffee", "notes"))
    past = Filters(namespace=[*HOME, "notes"], true_at=then)
    assert [one.memory for one in db.newest(ANA, filters=past)] == ["Likes tea"]
    assert [one.memory for one in db.as_of(ANA, then)] == ["Likes tea"]
    ((before, after),) = db.diff(ANA, then, datetime.now(UTC)).changed
    assert [one.item and one.item["value"] for one in (before, after)] == [
        {"text": "Likes tea"},
        {"text": "Likes coffee"},
    ]


def test_what_is_not_to_be_searched_is_not_found(opened: Callable[..., Db]) -> None:
    embedder = LetterEmbeddings()
    db = opened(embedder)
    put(db, item("a", "Likes tea"), item("b", "Loves tea", searched=False))
    assert [hit.memory.memory for hit in db.search(ANA, "loves a beverage")] == ["Likes tea"]
    assert embedder.batches == [["Likes tea"]]
    assert [one.memory for one in db.newest(ANA)] == ["Loves tea", "Likes tea"]
    assert db.reembed() == 0
    assert db.check() == []
    put(db, item("b", "Loves tea"))
    assert len(db.search(ANA, "loves a beverage")) == 2


def test_meaning_is_searched_within_a_namespace(opened: Callable[..., Db]) -> None:
    db = opened(LetterEmbeddings())
    put(db, item("a", "Has a kitten"), item("b", "Has a kitten too", "notes"))
    found = db.search(ANA, "feline", filters=Filters(namespace=[*HOME, "notes"]))
    assert [hit.memory.memory for hit in found] == ["Has a kitten too"]


# Whose


def test_one_user_s_items_are_nobody_else_s(db: Db) -> None:
    put(db, item("tea", "Likes tea"))
    for other in (BEN, DESK, Scope("ben", "desk", "scout")):
        assert read(db, "tea", scope=other) is None
        assert db.namespaces(other) == []
        assert db.newest(other, filters=Filters(namespace=())) == []
        db.put_items(other, {ItemName(HOME, "tea", of_any=True): None}, AGENT)
    bens = item("tea", "Hates tea").model_copy(update={"user_id": "ben"})
    put(db, bens, scope=BEN)
    assert said(db, "tea") == {"text": "Likes tea"}
    with pytest.raises(InputError, match="is about user 'ben'"):
        put(db, bens)
    assert db.erase("ben").memories == 1
    assert said(db, "tea") == {"text": "Likes tea"}


def test_postgres_itself_lets_nobody_see_the_items_of_others(postgres_url: str) -> None:
    with PostgresDb(postgres_url) as db:
        put(db, item("tea", "Likes tea"))
        for table in ("memory", "memory_search"):
            with db._reading(NOTHING) as connection:
                assert connection.execute(sa.text(f"SELECT item, namespace FROM {table}")).all() == []


def test_everything_of_a_person_who_is_erased_is_gone(db: Db) -> None:
    put(db, item("tea", "Likes tea"), item("tea", "Likes coffee", "notes"))
    put(db, item("tea", "Likes water"))
    db.erase("ana")
    assert rows_of(db, "ana") == {name: [] for name in rows_of(db, "ana")}


# Taken along


def test_items_are_exported_and_imported(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="Has a dog"))], Change())
    put(db, item("tea", "Likes tea", n=1))
    put(db, item("tea", "Likes coffee", n=2))
    lines = list(db.export_memories("ana"))
    assert sum('"item":' in line for line in lines) == 2
    with SqliteDb() as other:
        assert other.import_memories(lines) == Imported(3, 0)
        assert other.import_memories(lines) == Imported(0, 3)
        assert list(other.export_memories("ana"))[1:] == lines[1:]
        assert said(other, "tea") == {"text": "Likes coffee", "n": 2}
        assert other.check() == []


def test_an_import_leaves_the_item_that_is_there(db: Db) -> None:
    put(db, item("tea", "Likes tea"))
    with SqliteDb() as other:
        put(other, item("tea", "Likes coffee"))
        imported = db.import_memories(list(other.export_memories("ana")), skip=True)
    assert imported.imported == 0
    assert "is the item that" in imported.refused[0].reason
    assert said(db, "tea") == {"text": "Likes tea"}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_older_store_takes_items_after_the_upgrade(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    make_old_store(url, "0005")
    with SqliteDb(tmp_path / "old.db") if kind == "sqlite" else PostgresDb(url) as db:
        before = db.newest(ANA)
        assert [one.item for one in before] == [None] * len(before)
        assert len(before) > 1
        put(db, item("tea", "Likes green tea"))
        assert said(db, "tea") == {"text": "Likes green tea"}
        assert [hit.memory.memory for hit in db.search(ANA, "green")] == ["Likes green tea"]
        assert db.check() == []


def test_plain_memories_say_nothing_of_items(db: Db) -> None:
    (plain,) = db.apply(ANA, [Add(UserMemory(memory="Has a dog"))], Change())
    assert "item" not in db.get(ANA, plain.memory_id).model_dump()
    (done,) = put(db, item("tea", "Likes tea"))
    assert db.get(ANA, done.memory_id).model_dump()["item"]["key"] == "tea"
    db.apply(ANA, [Delete(Ref(done.memory_id))], Change())
    with pytest.raises(NotFoundError):
        db.get(ANA, done.memory_id)
