"""Exporting memories and importing them: exact between the databases, in constant memory, and nothing bad gets in."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import InputError, NotFoundError, StoreError, TransferError
from coterie.memory import transfer
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Edit, Imported, Merge, Narrow, Ref, Update
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory, Visibility

ANA = Scope("ana", "desk", "scout")
OWNER = Scope("ana", as_owner=True)
DESK = Scope(None, "desk", "scout")
AT = datetime(2024, 2, 29, 12, tzinfo=UTC)


@pytest.fixture
def other(request: pytest.FixtureRequest, db: Db, tmp_path: Path) -> Iterator[Db]:
    """An empty store on the database that ``db`` is not on."""
    postgres = isinstance(db, SqliteDb)
    with PostgresDb(request.getfixturevalue("postgres_url")) if postgres else SqliteDb(tmp_path / "other.db") as store:
        yield store


def add(db: Db, *texts: str, scope: Scope = ANA, visibility: Visibility = "user") -> list[str]:
    edits = [Add(UserMemory(memory=text, topics=["a", "é"], visibility=visibility)) for text in texts]
    return [one.memory_id for one in db.apply(scope, edits, Change("agent", run_id="run-1"))]


def lived_in(db: Db) -> list[str]:
    """Fill a store with everything that can become of a memory."""
    one, two, three, four, five = add(db, "Likes tea", "Has a dog", "The dog is Rex", "Is in Rome", "東京 に住む")
    (six,) = add(db, "Is often late")
    add(db, "Asks for a window seat", visibility="team")
    add(db, "Orders are shipped on Monday", scope=DESK, visibility="team")
    add(db, "Likes tea", scope=Scope("ben"))
    db.apply(ANA, [Update(Ref(one), "Likes coffee", reason="said so", trust="agent")], Change("curator", turn_id="t"))
    db.apply(ANA, [Merge([Ref(two), Ref(three)], "Has a dog called Rex")], Change("curator"))
    db.apply(ANA, [Delete(Ref(four), "left"), Narrow(Ref(six), "agent")], Change())
    undone = db.undo(ANA, Change(), change_id=db.history(ANA, two)[-1].change_id)
    db.redo(ANA, Change(), undone)
    db.apply(
        ANA,
        [
            Add(UserMemory(memory="Lives in Tokyo", depends_on=[five], event_at=AT, expires_at=AT + timedelta(9999))),
            Update(Ref(five), "Lives in Osaka"),
        ],
        Change("tool", agent_id="finder", team_id="desk"),
    )
    return [one, two, three, four, five, six]


def exported(db: Db) -> list[str]:
    return list(db.export_memories(everybody=True))


def test_what_is_imported_is_exactly_what_was_exported(db: Db, other: Db) -> None:
    ids = lived_in(db)
    lines = exported(db)
    assert other.import_memories(lines) == Imported(len(lines) - 1, 0)
    assert exported(other)[1:] == lines[1:]
    for scope in (ANA, OWNER, DESK, Scope("ben")):
        assert other.newest(scope, None) == db.newest(scope, None)
    for memory_id in ids:
        assert other.history(OWNER, memory_id) == db.history(OWNER, memory_id)
    assert [hit.memory for hit in other.search(ANA, "osaka")] == [hit.memory for hit in db.search(ANA, "osaka")]
    assert other.search(OWNER, "late")[0].memory.visibility == "agent"


def test_life_goes_on_after_an_import(db: Db, other: Db) -> None:
    one, two, *_, five, _ = lived_in(db)
    other.import_memories(exported(db))
    for store in (db, other):
        store.apply(ANA, [Update(Ref(one), "Likes water"), Delete(Ref(five))], Change())
        store.undo(OWNER, Change(), change_id=store.history(ANA, two)[-1].change_id)
    assert {memory.memory for memory in other.newest(OWNER, None)} == {
        memory.memory for memory in db.newest(OWNER, None)
    }
    (made,) = [memory for memory in other.newest(ANA, None) if memory.memory == "Lives in Tokyo"]
    assert made.stale_since is not None


def test_importing_again_changes_nothing(db: Db, other: Db) -> None:
    lived_in(db)
    lines = exported(db)
    other.import_memories(lines)
    assert other.import_memories(lines) == Imported(0, len(lines) - 1)
    assert db.import_memories(lines) == Imported(0, len(lines) - 1)
    assert exported(other)[1:] == exported(db)[1:] == lines[1:]


def test_a_store_that_has_gone_on_keeps_what_it_has(db: Db, other: Db) -> None:
    (one,) = add(db, "Likes tea")
    lines = exported(db)
    other.import_memories(lines)
    other.apply(ANA, [Update(Ref(one), "Likes coffee")], Change())
    assert other.import_memories(lines) == Imported(0, 1)
    assert [memory.memory for memory in other.newest(ANA)] == ["Likes coffee"]


def test_another_history_is_not_overwritten(db: Db, other: Db) -> None:
    given = UserMemory(memory="Likes tea", memory_id="one")
    for store, text in ((db, "Likes tea"), (other, "Likes coffee")):
        store.apply(ANA, [Add(given.model_copy(update={"memory": text}))], Change())
    lines = exported(db)
    with pytest.raises(TransferError, match=r"Line 2: .*'one' is there already, with another history"):
        other.import_memories(lines)
    skipped = other.import_memories(lines, skip=True)
    assert (skipped.imported, skipped.unchanged, [one.line for one in skipped.refused]) == (0, 0, [2])
    assert other.get(ANA, "one").memory == "Likes coffee"


def test_the_same_words_are_kept_once(db: Db, other: Db) -> None:
    (there,) = add(other, "likes TEA")
    add(db, "Likes tea", "Has a dog")
    refused = other.import_memories(exported(db), skip=True)
    assert refused.imported == 1
    assert f"says what {there!r} says already" in refused.refused[0].reason
    assert other.count(ANA) == 2


def test_a_person_s_export_has_nothing_of_others(db: Db) -> None:
    lived_in(db)
    told = [json.loads(line) for line in db.export_memories("ana")]
    assert {line["user_id"] for line in told[1:]} == {"ana"}
    assert len(told) == len([line for line in exported(db) if '"user_id":"ana","memory_id"' in line]) + 1
    assert len(list(db.export_memories("nobody we know"))) == 1


@pytest.mark.parametrize("wrong", [{}, {"user_id": "ana", "everybody": True}, {"user_id": " "}, {"user_id": "a\0"}])
def test_whose_memories_must_be_said(db: Db, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="user_id"):
        db.export_memories(**wrong)


def test_the_header_says_what_the_lines_are(db: Db) -> None:
    told = json.loads(next(db.export_memories(everybody=True)))
    assert (told["format"], told["version"], told["schema_version"]) == ("coterie memories", 1, "0006")
    assert told["exported_at"].endswith("Z")


def test_an_export_is_of_one_moment(db: Db) -> None:
    one, *_ = add(db, *(f"Fact {number}" for number in range(transfer.PAGE + 10)))
    expected = exported(db)
    lines = db.export_memories(everybody=True)
    read = [next(lines), next(lines)]
    with ANOTHER(db) as other_connection:
        other_connection.apply(ANA, [Update(Ref(one), "Other"), Add(UserMemory(memory="New"))], Change())
    assert [*read, *lines][1:] == expected[1:]


class ANOTHER:
    """The same database through another store, as another process would have it."""

    def __init__(self, db: Db) -> None:
        self._same = SqliteDb(db.name) if isinstance(db, SqliteDb) else db

    def __enter__(self) -> Db:
        return self._same

    def __exit__(self, *_: object) -> None:
        if isinstance(self._same, SqliteDb):
            self._same.close()


def test_a_store_in_memory_stays_free_while_it_is_exported() -> None:
    with SqliteDb() as db:
        lived_in(db)
        lines = db.export_memories(everybody=True)
        next(lines)
        add(db, "Meanwhile")
        assert "Meanwhile" not in "".join(lines)
        assert "Meanwhile" in "".join(exported(db))


def test_an_export_that_is_left_early_holds_nothing(db: Db) -> None:
    lived_in(db)
    for _ in range(20):  # more than there are connections
        lines = db.export_memories(everybody=True)
        next(lines)
        lines.close()
    db.erase("ana")  # waits for readers


def test_the_async_twins(db: Db, other: Db) -> None:
    lived_in(db)

    async def transferred() -> Imported:
        first = db.aexport_memories("ana")
        assert "coterie memories" in await anext(first)
        await first.aclose()
        return await other.aimport_memories([line async for line in db.aexport_memories(everybody=True)])

    assert asyncio.run(transferred()).imported == len(exported(db)) - 1
    assert exported(other)[1:] == exported(db)[1:]


# What a line may be.


def memory_json(**changes: Any) -> dict[str, Any]:
    memory = UserMemory(memory="Likes tea", user_id="ana", memory_id="one", created_at=AT, updated_at=AT)
    return {**memory.model_dump(mode="json"), **changes}


def line_json(**changes: Any) -> dict[str, Any]:
    """A line about one memory; the changes are made to the memory, now and in its only revision."""
    memory = memory_json(**changes)
    revision = {
        "number": 1,
        "change_id": "change-1",
        "op": "add",
        "before": None,
        "after": memory,
        "reason": "",
        "actor": "person",
        "at": "2024-02-29T12:00:00Z",
    }
    key = {"user_id": memory.get("user_id"), "memory_id": memory.get("memory_id")}
    return {**key, "memory": memory, "revisions": [revision]}


def with_revision(**changes: Any) -> dict[str, Any]:
    line = line_json()
    return {**line, "revisions": [{**line["revisions"][0], **changes}]}


def without(name: str) -> dict[str, Any]:
    line = line_json()
    del line["memory"][name]  # the same object as the revision's
    return line


HEADER = '{"format": "coterie memories", "version": 1, "schema_version": "0002", "exported_at": "2026-01-01T00:00:00Z"}'
BAD: dict[str, tuple[Any, str]] = {
    "no JSON": ("{nope", "Invalid JSON"),
    "cut off": (json.dumps(line_json())[:100], "the line was cut off"),
    "no object": ([1], "an object"),
    "very deep": ("[" * 100_000, "Invalid JSON"),
    "no UTF-8": (b'{"user_id": "\xff"}', "Invalid JSON"),
    "half a character": (json.dumps(line_json(memory="half \ud800")), "Invalid JSON"),
    "unknown field": ({**line_json(), "more": 1}, "more: Extra inputs are not permitted"),
    "unknown field of the memory": (line_json(colour="red"), r"memory.colour: Extra inputs are not permitted"),
    "a number for a text": (line_json(memory=7), "memory.memory: Input should be a valid string, not 7"),
    "a text for a number": (line_json(version="1"), "memory.version: Input should be a valid integer, not '1'"),
    "a text for a list": (line_json(topics="tea"), "memory.topics: Input should be a valid array"),
    "a number for a time": (line_json(created_at=1700000000), "memory.created_at: "),
    "no revisions": ({**line_json(), "revisions": []}, "'one' has no revisions"),
    "no list of revisions": ({"user_id": "ana", "memory_id": "one", "memory": None}, "revisions: Field required"),
    "a revision is missing": (with_revision(number=2), r"numbers \[2\]: give them all, from 1 to 1"),
    "another memory than was left": ({**line_json(), "memory": memory_json(memory="x")}, "as its last revision left"),
    "removed, says the line alone": ({**line_json(), "memory": None}, "as its last revision left"),
    "a revision of nothing": (with_revision(after=None), "Revision 1 of the memory 'one' is empty"),
    "a revision of another memory": (with_revision(after=memory_json(memory_id="two")), "holds one with the id 'two'"),
    "a memory of somebody else": ({**line_json(), "user_id": "ben"}, "of 'ben' holds one"),
    "no id": (without("memory_id"), "holds one with the id None"),
    "no time": (without("created_at"), "created_at is None"),
    "a naive time": (line_json(event_at="2024-01-01T00:00:00"), "event_at is .*give a datetime with a time zone"),
    "a naive time of a revision": (with_revision(at="2024-01-01T00:00:00"), "at is .*with a time zone"),
    "no time at all": (line_json(event_at="yesterday"), "memory.event_at: "),
    "a time before time": (line_json(event_at="0001-01-01T00:00:00+05:00"), "from year 1 to 9999 in UTC"),
    "too long": (line_json(memory="x" * 10_001), "10,001 characters"),
    "empty": (line_json(memory=" "), "is empty"),
    "NUL": (line_json(kind="\0"), "NUL"),
    "an id too long": (line_json(memory_id="x" * 256), "memory_id .*at most 255"),
    "an empty owner": (line_json(user_id=""), "user_id is ''"),
    "an empty id": (line_json(memory_id=" "), "memory_id is ' '"),
    "visible to no team": (line_json(visibility="team"), "give a team_id too"),
    "visible to everybody": (line_json(visibility="all"), "memory.visibility: "),
    "about nobody, for users": (line_json(user_id=None), "has no user_id"),
    "no such trust": (line_json(trust="high"), "memory.trust: "),
    "a version too high": (line_json(version=2**31), "version is 2147483648"),
    "a version beyond numbers": (
        json.dumps(line_json()).replace('"version": 1', '"version": ' + "9" * 5000),
        "out of range",
    ),
    "no such operation": (with_revision(op="boil"), "revisions.0.op: "),
    "no such actor": (with_revision(actor="god"), "revisions.0.actor: "),
    "a run without a name": (with_revision(run_id=""), "run_id is ''"),
    "a reason with NUL": (with_revision(reason="\0"), "NUL"),
    "a source without a name": (line_json(depends_on=[""]), "depends_on is ''"),
}


def text(line: Any) -> str | bytes:
    return line if isinstance(line, str | bytes) else json.dumps(line)


def test_a_line_may_be_written_by_hand(db: Db) -> None:
    given: dict[str, Any] = line_json(depends_on=["gone", "gone"], event_at="2024-01-01T00:00:00+05:00")
    assert db.import_memories([HEADER, "", text(given), "  \n", text(given)]) == Imported(1, 1)
    assert db.get(ANA, "one").event_at == datetime(2023, 12, 31, 19, tzinfo=UTC)
    (revision,) = db.history(ANA, "one")
    assert revision.change == Change("person")
    assert db.import_memories(exported(db)) == Imported(0, 1)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_told_by_its_number(name: str) -> None:
    line, said = BAD[name]
    good = {**line_json(memory_id="good", memory="Has a dog")}
    with SqliteDb() as db:
        with pytest.raises(TransferError, match=said) as stopped:
            db.import_memories([HEADER, text(good), text(line)])
        told = str(stopped.value)
        assert told.startswith("Line 3: ")
        assert "\n" not in told
        assert stopped.value.line == 3
        assert db.newest(OWNER) == []  # nothing of that transaction
        skipped = db.import_memories([HEADER, text(line), text(good)], skip=True)
        assert (skipped.imported, [one.line for one in skipped.refused]) == (1, [2])
        assert skipped.refused[0].reason in told
        assert [memory.memory for memory in db.newest(OWNER)] == ["Has a dog"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "no lines"),
        (["\n"], "no lines"),
        ([text(line_json())], "Line 1 is no header"),
        (["", "{nope"], "Line 2 is no header"),
        ([HEADER.replace('"version": 1', '"version": 2')], "format version 2, this coterie reads 1"),
        ([HEADER.replace("coterie memories", "mail")], "Line 1 is no header"),
    ],
)
@pytest.mark.parametrize("skip", [False, True])
def test_lines_that_are_no_export(lines: list[str], said: str, skip: bool) -> None:
    with SqliteDb() as db, pytest.raises(InputError, match=said):
        db.import_memories(lines, skip=skip)


def test_what_lines_and_trust_must_be() -> None:
    with SqliteDb() as db:
        with pytest.raises(InputError, match="one by one"):
            db.import_memories(HEADER)
        with pytest.raises(InputError, match="trust is 'god'"):
            db.import_memories([HEADER], trust="god")  # type: ignore[arg-type]


def test_a_line_of_somebody_else_s_gets_no_more_trust_than_is_said(db: Db) -> None:
    lines = [HEADER, text(line_json())]
    db.import_memories(lines, trust="outside")
    assert db.get(ANA, "one").trust == "outside"
    assert [one.after.trust for one in db.history(ANA, "one") if one.after] == ["outside"]
    assert db.import_memories(lines, trust="outside") == Imported(0, 1)
    with pytest.raises(TransferError, match="another history"):
        db.import_memories(lines)
    (undone,) = db.undo(OWNER, Change(), change_id="change-1").revisions
    assert undone.after is None


# Interrupted, and large.


def many(number: int, user_id: str = "ana") -> Iterator[str]:
    yield HEADER
    for n in range(number):
        yield json.dumps(line_json(memory_id=f"m-{n:07}", memory=f"Fact {n}", user_id=user_id, input="said " * 200))


class Killed(Exception):  # noqa: N818  # it stands for the end of the process
    pass


def test_an_import_that_was_interrupted_goes_on(db: Db) -> None:
    total = 2 * transfer.BATCH + 10

    def until_killed() -> Iterator[str]:
        for number, line in enumerate(many(total)):
            if number == transfer.BATCH + 5:
                raise Killed
            yield line

    with pytest.raises(Killed):
        db.import_memories(until_killed())
    assert db.count(OWNER) == transfer.BATCH
    assert db.import_memories(many(total)) == Imported(total - transfer.BATCH, transfer.BATCH)
    assert db.count(OWNER) == total


def test_what_was_written_before_a_bad_line_is_told(db: Db) -> None:
    lines = [*many(transfer.BATCH + 5), "{nope", *[*many(20, "ben")][1:]]
    with pytest.raises(TransferError, match=f"{transfer.BATCH} memories are imported, 0 were there") as stopped:
        db.import_memories(lines)
    assert (stopped.value.imported, db.count(OWNER)) == (transfer.BATCH, transfer.BATCH)
    done = db.import_memories(lines, skip=True)
    assert (done.imported, done.unchanged, [one.line for one in done.refused]) == (
        25,
        transfer.BATCH,
        [transfer.BATCH + 7],
    )


def test_the_lines_are_never_held_all_at_once(tmp_path: Path) -> None:
    number = 6_000
    size = sum(map(len, many(number)))
    with SqliteDb(tmp_path / "many.db") as db:
        tracemalloc.start()
        db.import_memories(many(number))
        peaks = [tracemalloc.get_traced_memory()[1]]
        tracemalloc.reset_peak()
        assert sum(1 for _ in db.export_memories(everybody=True)) == number + 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < size / 2


# The law: export, import, export gives the same lines.

TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40).filter(str.strip)
TIMES = st.none() | st.datetimes(
    min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.timezones()
).filter(lambda time: time.utcoffset() is not None)
MEMORIES = st.builds(
    UserMemory,
    memory=TEXTS,
    topics=st.lists(TEXTS, max_size=3),
    visibility=st.sampled_from(["user", "team", "agent"]),
    kind=TEXTS,
    input=st.none() | TEXTS,
    event_at=TIMES,
    expires_at=TIMES,
    trust=st.sampled_from(["user", "agent", "tool", "outside"]),
)
STEPS = st.tuples(
    st.sampled_from(["add", "made", "update", "topics", "merge", "narrow", "delete", "undo"]),
    MEMORIES,
    st.integers(0, 20),
    st.sampled_from([ANA, Scope("ana", "desk", "writer"), Scope("ben ☕", "desk")]),
)


def step(db: Db, what: str, memory: UserMemory, number: int, scope: Scope) -> None:
    """One random edit; one that is refused counts too."""
    there = [str(one.memory_id) for one in db.newest(scope, None)]
    chosen = there[number % len(there)] if there else "none"
    change = Change(("curator", "agent", "person")[number % 3], run_id=f"run-{number}")
    edits: dict[str, Callable[[], list[Edit]]] = {
        "add": lambda: [Add(memory, "said")],
        "made": lambda: [Add(memory.model_copy(update={"depends_on": [chosen]}))],
        "update": lambda: [Update(Ref(chosen), memory.memory, reason=memory.kind, trust=memory.trust)],
        "topics": lambda: [Update(Ref(chosen), db.get(scope, chosen).memory, memory.topics)],
        "merge": lambda: [Merge([Ref(one) for one in there[:3]], memory.memory)],
        "narrow": lambda: [Narrow(Ref(chosen), "team" if number % 2 else "agent")],
        "delete": lambda: [Delete(Ref(chosen))],
    }
    try:
        if what == "undo":
            db.undo(scope, Change(), change_id=db.history(scope, chosen)[-1].change_id)
        else:
            db.apply(scope, edits[what](), change)
    except (InputError, NotFoundError, StoreError):
        pass


def empty(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("TRUNCATE memory, memory_revision, memory_source")


@given(st.lists(STEPS, min_size=1, max_size=12))
@settings(max_examples=25)
def test_export_import_export_gives_the_same_lines(postgres_url: str, steps: list[Any]) -> None:
    with PostgresDb(postgres_url) as between, SqliteDb() as first, SqliteDb() as back:
        assert between.count(OWNER) == 0
        for one in steps:
            step(first, *one)
        lines = exported(first)
        between.import_memories(lines)
        back.import_memories(exported(between))
        assert exported(between)[1:] == exported(back)[1:] == lines[1:]
    empty(postgres_url)
