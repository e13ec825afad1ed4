"""`CoterieStore`: what a LangGraph program puts is what coterie's agents recall, and the other way round."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage
from langgraph.config import get_store
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    SearchItem,
    SearchOp,
)

from coterie import Agent, CoterieStore, MemoryManager, Scope, UserMemory
from coterie.errors import ConfigurationError, InputError
from coterie.graphs.memory_nodes import recall_node
from coterie.graphs.spec import MemoryUse
from coterie.graphs.state import GraphState, RunContext
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Update
from coterie.memory.edits import Ref as MemoryRef
from coterie.memory.sqlite import SqliteDb
from tests.support.embedder import LetterEmbeddings
from tests.support.scripted import ScriptedModel

ANA, BEN = ("memories", "ana"), ("memories", "ben")
USERS = ("memories", "{user_id}")


@pytest.fixture
def store(db: Db) -> CoterieStore:
    return CoterieStore(db, USERS, team_id="house")


def got(item: Item | None) -> Item:
    assert item is not None
    return item


def remember(db: Db, user_id: str, text: str, **fields: Any) -> str:
    return db.apply(Scope(user_id), [Add(UserMemory(memory=text, **fields))], Change())[0].memory_id


def keys(found: Sequence[SearchItem]) -> list[str]:
    return [item.key for item in found]


# One memory


def test_what_is_put_is_a_memory(db: Db, store: CoterieStore) -> None:
    store.put(ANA, "tea", {"content": "Likes tea", "topics": ["drinks"], "n": 1})
    store.put(ANA, "tea", {"content": "Likes coffee", "n": 2})
    (memory,) = db.newest(Scope("ana"))
    assert (memory.memory, memory.topics, memory.user_id, memory.trust) == ("Likes coffee", ["drinks"], "ana", "agent")
    item = got(store.get(ANA, "tea"))
    assert (item.namespace, item.key, item.value) == (ANA, "tea", {"content": "Likes coffee", "n": 2})
    assert (item.created_at, item.updated_at) == (memory.created_at, memory.updated_at)
    history = db.history(Scope("ana"), str(memory.memory_id))
    assert [one.change.actor for one in history] == ["agent"] * 3
    db.undo(Scope("ana"), Change(), change_id=history[-1].change_id)
    assert got(store.get(ANA, "tea")).value["content"] == "Likes tea"
    assert db.check() == []


def test_what_is_remembered_is_in_the_user_s_own_namespace(db: Db, store: CoterieStore) -> None:
    memory_id = remember(db, "ana", "Likes tea", topics=["drinks"])
    (item,) = store.search(ANA)
    assert (item.key, item.namespace) == (memory_id, ANA)
    assert item.value == {"memory": "Likes tea", "topics": ["drinks"]}
    assert got(store.get(ANA, memory_id)).dict() == {name: one for name, one in item.dict().items() if name != "score"}
    assert store.get((*ANA, "notes"), memory_id) is None
    assert store.search((*ANA, "notes")) == []


def test_what_is_remembered_is_changed_and_removed_through_the_store(db: Db, store: CoterieStore) -> None:
    memory_id = remember(db, "ana", "Likes tea", topics=["drinks"])
    (new,) = db.apply(Scope("ana"), [Update(MemoryRef(memory_id), "Likes green tea")], Change("curator"))
    assert got(store.get(ANA, memory_id)).value["memory"] == "Likes green tea"
    store.put(ANA, memory_id, {"memory": "Likes coffee", "topics": ["mornings"]})
    (memory,) = db.newest(Scope("ana"))
    assert (memory.memory, memory.topics) == ("Likes coffee", ["mornings"])
    assert keys(store.search(ANA)) == [memory_id]
    assert len(db.history(Scope("ana"), str(memory.memory_id))) == 5
    store.delete(ANA, new.memory_id)
    assert db.count(Scope("ana")) == 0


def test_a_correction_is_read_as_the_item_s_value(db: Db, store: CoterieStore) -> None:
    store.put(ANA, "tea", {"kind": "Memory", "content": {"content": "Likes tea"}})
    store.put(ANA, "profile", {"name": "Ana", "age": 40})
    corrected = {"Likes tea": "Likes coffee", '{"name":"Ana","age":40}': "Ana is 41"}
    for memory in db.newest(Scope("ana")):
        db.apply(Scope("ana"), [Update(MemoryRef(str(memory.memory_id)), corrected[memory.memory])], Change("curator"))
    assert got(store.get(ANA, "tea")).value == {"kind": "Memory", "content": {"content": "Likes coffee"}}
    assert got(store.get(ANA, "profile")).value == {"memory": "Ana is 41"}


@pytest.mark.parametrize(
    ("value", "index", "statement"),
    [
        ({"memory": "Likes tea"}, None, "Likes tea"),
        ({"content": "Likes tea"}, None, "Likes tea"),
        ({"text": "Likes tea", "n": 1}, None, "Likes tea"),
        ({"kind": "Memory", "content": {"content": "Likes tea"}}, None, "Likes tea"),
        ({"content": {"a": 1}}, None, '{"content":{"a":1}}'),
        ({"text": " "}, None, '{"text":" "}'),
        ({}, None, "{}"),
        ({"text": "Likes tea", "title": "Tea", "by": ["Ana", "Ben"]}, ["title", "by[*]"], "Tea\nAna\nBen"),
        ({"text": "Likes tea"}, ["title"], "Likes tea"),
        ({"text": "a\0b \ud800"}, None, "a�b ?"),
        ({"long": "x" * 20_000}, None, '{"long":"' + "x" * 9_991),
    ],
)
def test_what_a_value_says(
    db: Db, store: CoterieStore, value: dict[str, Any], index: list[str] | None, statement: str
) -> None:
    store.put(ANA, "k", value, index)
    assert [memory.memory for memory in db.newest(Scope("ana"))] == [statement]
    assert got(store.get(ANA, "k")).value == value


def test_what_cannot_be_kept_is_refused(db: Db, store: CoterieStore) -> None:
    for bad in ({"x": object()}, {"x": float("nan")}):
        with pytest.raises(InputError, match="cannot be kept as JSON"):
            store.put(ANA, "k", bad)
    with pytest.raises(InputError, match="bytes"):
        store.put(ANA, "k" * 2_000, {})
    with pytest.raises(NotImplementedError, match="TTL"):
        store.put(ANA, "k", {}, ttl=5)
    assert db.count(Scope("ana")) == 0


# Whose


def test_users_are_kept_apart(db: Db, store: CoterieStore) -> None:
    store.put(ANA, "k", {"text": "Ana likes tea"})
    store.put(BEN, "k", {"text": "Ben likes tea"})
    store.put((*BEN, "notes"), "k", {"text": "Ben likes tea with milk"})
    store.put(("docs",), "k", {"text": "Tea is a plant"})
    assert got(store.get(ANA, "k")).value == {"text": "Ana likes tea"}
    for query in (None, "tea"):
        assert {item.namespace for item in store.search(ANA, query=query)} == {ANA}
        assert {item.namespace for item in store.search(BEN, query=query)} == {BEN, (*BEN, "notes")}
        assert {item.namespace for item in store.search((), query=query)} == {("docs",)}
        assert store.search(("memories-of", "ana"), query=query) == []
    assert store.list_namespaces() == [("docs",)]
    assert store.list_namespaces(suffix=("notes",)) == []
    assert store.list_namespaces(prefix=("*", "ben")) == []
    assert store.list_namespaces(prefix=BEN) == [BEN, (*BEN, "notes")]
    db.erase("ben")
    assert store.search(BEN) == []
    assert keys(store.search(ANA)) == ["k"]


def test_what_names_no_user_is_refused(store: CoterieStore) -> None:
    refused: list[Callable[[], object]] = [
        lambda: store.search(("memories",)),
        lambda: store.search(("memories",), query="tea"),
        lambda: store.get(("memories",), "k"),
        lambda: store.put(("memories",), "k", {}),
        lambda: store.delete(("memories",), "k"),
        lambda: store.list_namespaces(prefix=("memories",)),
        lambda: store.list_namespaces(prefix=("memories", "*")),
    ]
    for call in refused:
        with pytest.raises(InputError, match="name"):
            call()


def test_what_is_nobody_s_is_the_team_s(db: Db) -> None:
    store = CoterieStore(db, USERS, team_id="desk")
    store.put(("docs", "shipping"), "days", {"text": "Orders are shipped on Monday"})
    (memory,) = db.newest(Scope("ana", "desk"))
    assert (memory.user_id, memory.team_id, memory.visibility) == (None, "desk", "team")
    assert db.newest(Scope("ana", "kitchen")) == []
    assert CoterieStore(db, USERS, team_id="kitchen").search(()) == []
    db.apply(Scope(team_id="desk"), [Add(UserMemory(memory="Closed on Sunday", visibility="team"))], Change())
    assert keys(store.search(())) == ["days"]
    store.put(("docs", "shipping"), "days", {"text": "Orders are shipped on Friday"})
    assert [one.value["text"] for one in store.search(("docs",), query="shipped")] == ["Orders are shipped on Friday"]


def test_without_a_team_what_is_no_user_s_is_refused(db: Db) -> None:
    store = CoterieStore(db, USERS)
    refused: list[Callable[[], object]] = [
        lambda: store.put(("ana", "memories"), "k", {"text": "My PIN is 4711"}),  # labels in the other order
        lambda: store.get(("docs",), "k"),
        lambda: store.search(()),
        lambda: store.list_namespaces(),
    ]
    for call in refused:
        with pytest.raises(InputError, match=r"is no user's: theirs are \('memories', '\{user_id\}'\)"):
            call()
    assert db.newest(Scope("ana")) == []


def test_what_is_no_store_or_no_value_is_refused(store: CoterieStore) -> None:
    for wrong in (None, "x.db", store):
        with pytest.raises(ConfigurationError, match="is no store: give SqliteDb"):
            CoterieStore(wrong, USERS)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="The value of 'k' is 'tea': give a dict"):
        store.put(ANA, "k", "tea")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("users", "own"),
    [
        (("{user_id}",), ("ana@example%2Ecom",)),
        (("{langgraph_user_id}", "memories"), ("ana@example%2Ecom", "memories")),
        (("app", "{user_id}", "memories"), ("app", "ana@example%2Ecom", "memories")),
    ],
)
def test_the_user_may_stand_anywhere(db: Db, users: tuple[str, ...], own: tuple[str, ...]) -> None:
    store = CoterieStore(db, users)
    label = CoterieStore.label("ana@example.com")
    assert own == tuple(label if part.startswith("{") else part for part in users)
    remember(db, "ana@example.com", "Likes tea")
    store.put((*own, "notes"), "k", {"text": "Has a dog"})
    assert {memory.memory for memory in db.newest(Scope("ana@example.com"))} == {"Likes tea", "Has a dog"}
    assert [item.namespace for item in store.search(own)] == [(*own, "notes"), own]
    assert store.list_namespaces(prefix=own) == [own, (*own, "notes")]


@pytest.mark.parametrize("user_id", ["a.b", "50%", "%2E", "a%25.b", "ana", "東京 *"])
def test_any_user_id_has_a_label_of_its_own(db: Db, store: CoterieStore, user_id: str) -> None:
    store.put(("memories", store.label(user_id)), "k", {"text": "Likes tea"})
    assert [memory.user_id for memory in db.newest(Scope(user_id))] == [user_id]


def test_a_template_names_one_user(db: Db) -> None:
    for users in (("memories",), ("{a}", "{b}"), ()):
        with pytest.raises(ConfigurationError, match="one label in braces"):
            CoterieStore(db, users)
    with pytest.raises(InputError, match=r"a\.b"):
        CoterieStore(db, ("a.b", "{user_id}"))


# Finding


def test_the_newest_come_first_and_in_pages(store: CoterieStore) -> None:
    for number in range(7):
        store.put(ANA, f"k{number}", {"text": f"Fact {number}"})
    store.put(ANA, "k2", {"text": "Fact two"})
    assert keys(store.search(ANA)) == ["k2", "k6", "k5", "k4", "k3", "k1", "k0"]
    assert keys(store.search(ANA, limit=2, offset=1)) == ["k6", "k5"]
    assert keys(store.search(ANA, limit=0)) == keys(store.search(ANA, offset=7)) == []
    for wrong in ({"limit": -1}, {"offset": -1}):
        with pytest.raises(InputError, match="-1"):
            store.search(ANA, **wrong)  # type: ignore[arg-type]  # either is a number


def test_a_query_finds_by_words_and_by_meaning(tmp_path: Any) -> None:
    with SqliteDb(tmp_path / "coterie.db", embedder=LetterEmbeddings()) as db:
        store = CoterieStore(db, USERS)
        store.put(ANA, "cat", {"text": "Has a kitten"})
        store.put((*ANA, "notes"), "car", {"text": "Drives an automobile"})
        store.put(ANA, "hidden", {"text": "Has a feline"}, index=False)
        best = store.search(ANA, query="feline")
        assert best[0].key == "cat"
        assert best[0].score is not None
        assert "hidden" not in keys(best)
        assert keys(store.search((*ANA, "notes"), query="car")) == ["car"]
        assert len(store.search(ANA)) == 3


def test_filters(store: CoterieStore) -> None:
    values: dict[str, dict[str, Any]] = {
        "a": {"n": 1, "tag": "x", "by": {"name": "Ana"}, "all": ["x"], "on": "2026-01-01"},
        "b": {"n": 2.5, "tag": "y", "by": {"name": "Ben"}, "all": ["x", "y"], "on": "2026-02-01"},
        "c": {"tag": None, "a.b": 1},
    }
    for key, value in values.items():
        store.put(ANA, key, {"text": f"Fact {key}", **value})
    cases: list[tuple[dict[str, Any], str]] = [
        ({"tag": "x"}, "a"),
        ({"tag": {"$eq": "y"}}, "b"),
        ({"tag": {"$ne": "x"}}, "bc"),
        ({"n": {"$gt": 1}}, "b"),
        ({"n": {"$gte": 1, "$lt": 2}}, "a"),
        ({"n": {"$lte": 10**100}}, "ab"),
        ({"n": {"$gt": "1"}}, ""),
        ({"on": {"$gt": "2026-01-15"}}, "b"),
        ({"by": {"name": "Ana"}}, "a"),
        ({"by.name": "Ben"}, "b"),
        ({"a.b": 1}, "c"),
        ({"all": ["x"]}, "a"),
        ({"all": ("x", "y")}, "b"),
        ({"tag": None}, "c"),
        ({"missing": {"$lt": 1}}, ""),
        ({"n": float("nan")}, ""),
        ({"tag": "x", "n": 2.5}, ""),
        ({}, "abc"),
    ]
    for wanted, found in cases:
        for query in (None, "fact"):
            assert sorted(keys(store.search(ANA, filter=wanted, query=query))) == [*found], (wanted, query)
    with pytest.raises(InputError, match=r"\$regex"):
        store.search(ANA, filter={"n": {"$regex": "x"}})


def test_a_filter_is_looked_for_as_far_as_needed(store: CoterieStore) -> None:
    puts = [PutOp((*ANA, "notes"), f"k{number}", {"text": f"Fact {number}", "n": number}) for number in range(200)]
    store.batch(cast(list[Op], puts))
    for query in (None, "fact"):
        rare = store.search((*ANA, "notes"), filter={"n": {"$lt": 3}}, limit=2, offset=1, query=query)
        assert len(rare) == 2
        assert len(store.search(ANA, filter={"n": {"$lt": 3}}, query=query)) == 3


def test_namespaces_are_listed(store: CoterieStore) -> None:
    for namespace in [("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "f"), ("a", "c", "f"), ("ab", "f"), ("b",)]:
        store.put(namespace, "k1", {"n": 1})
        store.put(namespace, "k2", {"n": 1})
    assert store.list_namespaces(prefix=("a", "b")) == [("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "f")]
    assert store.list_namespaces(suffix=("f",)) == [("a", "b", "f"), ("a", "c", "f"), ("ab", "f")]
    assert store.list_namespaces(prefix=("a", "*", "f")) == [("a", "b", "f"), ("a", "c", "f")]
    assert store.list_namespaces(prefix=("a",), suffix=("*", "f"), max_depth=2) == [("a", "b"), ("a", "c")]
    assert store.list_namespaces(max_depth=1) == [("a",), ("ab",), ("b",)]
    assert store.list_namespaces(limit=2, offset=1) == [("a", "b", "d", "e"), ("a", "b", "f")]
    assert store.list_namespaces(prefix=("a", "b", "c", "d")) == []


# Operations together


def test_reads_of_a_batch_see_what_was_before_its_writes(store: CoterieStore) -> None:
    store.put(ANA, "k", {"n": 1})
    ops: list[Op] = [
        PutOp(ANA, "k", {"n": 2}),
        GetOp(ANA, "k"),
        PutOp(ANA, "k", {"n": 3}),
        SearchOp(ANA),
        PutOp(BEN, "k", {"n": 4}),
        ListNamespacesOp(),
        PutOp(ANA, "new", {"n": 5}),
    ]
    none, item, none_too, found, *rest = store.batch(ops)
    assert (none, none_too, rest) == (None, None, [None, [], None])
    assert (cast(Item, item).value, [one.value for one in cast(list[SearchItem], found)]) == ({"n": 1}, [{"n": 1}])
    assert [got(store.get(*where)).value for where in ((ANA, "k"), (BEN, "k"), (ANA, "new"))] == [
        {"n": 3},
        {"n": 4},
        {"n": 5},
    ]
    with pytest.raises(InputError, match="no operation"):
        store.batch([cast(Op, "put")])


def test_all_puts_of_one_user_are_one_change(db: Db, store: CoterieStore) -> None:
    store.batch(
        [PutOp(ANA, "a", {"text": "One"}), PutOp(BEN, "b", {"text": "Two"}), PutOp(ANA, "c", {"text": "Three"})]
    )
    ids = [str(memory.memory_id) for memory in db.newest(Scope("ana"))]
    assert len({db.history(Scope("ana"), one)[0].change_id for one in ids}) == 1
    with pytest.raises(InputError):
        store.batch([PutOp(ANA, "d", {"text": "Four"}), PutOp(ANA, "e", {"x": object()})])
    assert store.get(ANA, "d") is None


def test_bad_namespaces_are_refused(store: CoterieStore) -> None:
    with pytest.raises(InvalidNamespaceError):
        store.put(("memories", "a.b"), "k", {})
    for bad in (("memories", "a.b"), ("memories", ""), (), cast(tuple[str, ...], ("x", 1))):
        with pytest.raises(InputError):
            store.batch([PutOp(bad, "k", {})])


def test_threads_put_one_key(db: Db, store: CoterieStore) -> None:
    start = threading.Barrier(5)

    def work(number: int) -> None:
        start.wait()
        store.put(ANA, "k", {"text": f"Said by {number}"})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (item,) = store.search(ANA)
    assert [memory.memory for memory in db.newest(Scope("ana"))] == [item.value["text"]]
    assert db.check() == []


async def _in_a_loop(store: CoterieStore) -> None:
    await asyncio.gather(*(store.aput(ANA, f"k{number}", {"text": f"Fact {number}"}) for number in range(5)))
    assert got(await store.aget(ANA, "k3")).value == {"text": "Fact 3"}
    assert keys(await store.asearch(ANA, query="fact 4", limit=1)) == ["k4"]
    assert await store.alist_namespaces(prefix=ANA) == [ANA]
    await store.adelete(ANA, "k3")
    assert await store.aget(ANA, "k3") is None


def test_it_is_the_same_in_a_loop(store: CoterieStore) -> None:
    asyncio.run(_in_a_loop(store))


# In graphs


def graph(node: Callable[..., Any], store: BaseStore) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    builder.add_edge("node", END)
    return builder.compile(store=store)


def test_an_agent_recalls_what_a_graph_s_node_put(db: Db, store: CoterieStore) -> None:
    def node(state: MessagesState, runtime: Runtime[None]) -> dict[str, Any]:
        assert runtime.store is get_store() is store
        runtime.store.put(ANA, "food", {"content": "Ana is vegetarian"})
        return {"messages": [AIMessage("Noted.")]}

    run = "0f8fad5b-d9cb-469f-a165-70867728950e"
    graph(node, store).invoke({"messages": [("user", "I'm vegetarian.")]}, {"run_id": run})
    model = ScriptedModel(script=lambda messages: "Salad.")
    Agent("cook", model=model, db=db, add_memories_to_context=True).run("What shall I eat?", user_id="ana")
    assert "Ana is vegetarian" in "\n".join(message.text for message in model.seen[0])
    db.undo(Scope("ana"), Change(), run_id=run)
    assert store.get(ANA, "food") is None


def test_a_node_reads_what_the_curator_kept(db: Db, store: CoterieStore) -> None:
    Agent("assistant", db=db, update_memory_on_run=True).run("I live in Lisbon.", user_id="ana")
    read: list[str] = []

    async def node(state: MessagesState, runtime: Runtime[None]) -> dict[str, Any]:
        assert runtime.store is not None
        read.extend(item.value["memory"] for item in await runtime.store.asearch(ANA, query="Lisbon"))
        return {}

    asyncio.run(graph(node, store).ainvoke({"messages": [("user", "Where do I live?")]}))
    assert any("Lisbon" in text for text in read)


def test_a_run_of_coterie_s_names_itself(db: Db, store: CoterieStore) -> None:
    def node(state: GraphState) -> dict[str, Any]:
        store.put(ANA, "k", {"text": "Likes tea"})
        return {}

    builder = StateGraph(GraphState, context_schema=RunContext)
    builder.add_node("recall", recall_node(MemoryUse(MemoryManager(db=db))))
    builder.add_node("node", node)
    for start, end in [(START, "recall"), ("recall", "node"), ("node", END)]:
        builder.add_edge(start, end)
    context = RunContext(user_id="ana", run_id="run-7")
    compiled: Any = builder.compile(store=store)
    compiled.invoke({"messages": [("user", "Hi")]}, context=context)
    (memory,) = db.newest(Scope("ana"))
    assert db.history(Scope("ana"), str(memory.memory_id))[0].change.run_id == "run-7"
