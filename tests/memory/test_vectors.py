"""Memories found by meaning: on both databases, by several processes, and after everything that happens to a memory."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from coterie.errors import ConfigurationError, ConflictError, EmbeddingError, InputError
from coterie.memory import searching
from coterie.memory.db import Db
from coterie.memory.edits import Add, Delete, Edit, Merge, Narrow, Ref, Update
from coterie.memory.manager import MemoryManager
from coterie.memory.reach import EMBEDDING as EVERYTHING
from coterie.memory.sqlite import SqliteDb
from coterie.memory.tables import MEMORY_VECTOR
from coterie.memory.values import Scope, UserMemory
from tests.support.embedder import BrokenEmbeddings, LetterEmbeddings
from tests.support.vectors import ANA, ME, add, best, by_vector, found, held, stored

Open = Callable[..., Db]


@pytest.fixture
def embedder() -> LetterEmbeddings:
    return LetterEmbeddings()


@pytest.fixture
def meaning(opened: Open, embedder: LetterEmbeddings) -> Db:
    """A store with a model."""
    return opened(embedder)


# Writing


def test_one_write_is_one_call_of_the_model(meaning: Db, embedder: LetterEmbeddings) -> None:
    one, two, three = add(meaning, "Has a cat", "Likes tea", "Has a dog")
    edits: list[Edit] = [
        Add(UserMemory(memory="Plays chess")),
        Update(Ref(one), "Has two cats"),
        Merge([Ref(two), Ref(three)], "Likes tea, has a dog"),
    ]
    meaning.apply(ANA, edits, ME)
    assert embedder.batches == [
        ["Has a cat", "Likes tea", "Has a dog"],
        ["Plays chess", "Has two cats", "Likes tea, has a dog"],
    ]
    assert len(stored(meaning)) == 6
    meaning.apply(ANA, [Delete(Ref(one))], ME)
    meaning.clear(ANA, ME)
    assert len(embedder.batches) == 2
    assert len(stored(meaning)) == 6


def test_the_model_is_asked_before_the_transaction(opened: Open) -> None:
    class Slow(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            add(other, "Written while the model was thinking")
            return super().embed_documents(texts)

        def embed_query(self, text: str) -> list[float]:
            add(other, f"Written before the search for {text}")
            return super().embed_query(text)

    other, db = opened(), opened(Slow())
    add(db, "Likes tea")
    assert best(db, "tea") == "Likes tea"
    assert db.count(ANA) == 3


def test_a_model_that_fails_writes_nothing(opened: Open) -> None:
    broken = BrokenEmbeddings(TimeoutError("no answer"))
    db = opened(broken)
    for answer in (broken.answer, [[float("nan")] * 4], [[1.0]] * 7):
        broken.answer = answer
        with pytest.raises(EmbeddingError, match="'broken'"):
            add(db, "Likes tea")
    for answer in (TimeoutError("no answer"), [[float("nan")] * 4], [[]]):
        broken.answer = answer
        with pytest.raises(EmbeddingError, match="'broken'"):
            db.search(ANA, "tea")
    assert (db.newest(ANA), stored(db), held(db)) == ([], {}, [])
    with pytest.raises(InputError, match="empty"):
        add(db, " ")


def test_a_write_that_is_refused_leaves_no_vector(meaning: Db) -> None:
    (one,) = add(meaning, "Likes tea")
    with pytest.raises(ConflictError):
        meaning.apply(ANA, [Add(UserMemory(memory="Has a cat")), Update(Ref(one, 7), "Likes coffee")], ME)
    assert list(stored(meaning)) == [one]


def test_a_turn_whose_memories_cannot_be_embedded_stays_owed(opened: Open) -> None:
    broken = BrokenEmbeddings(TimeoutError("no answer"))
    manager = MemoryManager(opened(broken))
    report = manager.create_user_memories("I live in Lisbon", user_id="ana")
    assert isinstance(report.error, EmbeddingError)
    [owed] = manager.db.pending_turns("ana")
    assert (owed.attempts, owed.error) == (1, str(report.error))
    broken.answer = [[1.0, 0.0]]
    manager.db.retry_turns("ana")
    [again] = manager.curate_pending("ana")
    assert again.error is None
    assert [memory.memory for memory in manager.db.newest(ANA)] == ["I live in Lisbon"]


# Searching


def test_what_no_word_finds_is_found_by_meaning_and_the_other_way_round(meaning: Db, opened: Open) -> None:
    add(meaning, "Has a cat called Rex", "Drives an old car", "Order 4711 was sent", "Likes tea")
    assert best(meaning, "feline") == "Has a cat called Rex"
    assert best(meaning, "4711") == "Order 4711 was sent"
    assert best(meaning, "the automobile") == "Drives an old car"
    text_only = opened()
    for query in ("feline", "4711", "tea cat"):  # as many, whichever database
        assert len(text_only.search(ANA, query)) <= len(meaning.search(ANA, query)) == 4
    hits = meaning.search(ANA, "feline tea", None)
    assert {hit.memory.memory for hit in hits[:2]} == {"Likes tea", "Has a cat called Rex"}
    for hit in hits:
        assert set(hit.parts) == {"text", "vector"}
        assert hit.score == pytest.approx(sum(hit.parts.values()))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("query", ["", " ", "\0", "\ud800", "?!", "the", "'\"*():^", "x" * 200_000, "NEAR(a b)"])
def test_any_string_is_a_query(meaning: Db, query: str) -> None:
    add(meaning, "Likes tea")
    assert len(meaning.search(ANA, query)) <= 1
    meaning.recall(ANA, query, 5)


@pytest.mark.parametrize("limit", [0, 1, 7, None])
def test_limits(meaning: Db, limit: int | None) -> None:
    add(meaning, *(f"Likes tea number {number}" for number in range(20)))
    expected = 20 if limit is None else limit
    assert len(found(meaning, "tea", limit=limit)) == expected
    assert len(found(meaning, "beverage", limit=limit)) == expected


def test_only_what_the_scope_may_read(meaning: Db) -> None:
    add(meaning, "Cat of the desk", scope=Scope("ana", "desk"), visibility="team")
    add(meaning, "Cat of the scout", scope=Scope("ana", "desk", "scout"), visibility="agent")
    add(meaning, "Cat of everybody", scope=Scope("ana", "desk"))
    add(meaning, "Cat at the office", scope=Scope(None, "desk"), visibility="team")
    add(meaning, "Cat of Ben", scope=Scope("ben"))
    cats = {"desk", "scout", "everybody", "office", "Ben"}

    def seen(scope: Scope) -> set[str]:
        return {text.split()[-1] for text in found(meaning, "feline", scope)} & cats

    assert seen(ANA) == {"everybody"}
    assert seen(Scope("ana", "desk")) == {"desk", "everybody", "office"}
    assert seen(Scope("ana", "desk", "scout")) == {"desk", "scout", "everybody", "office"}
    assert seen(Scope("ana", as_owner=True)) == {"desk", "scout", "everybody"}
    assert seen(Scope(None, "desk")) == {"office"}
    assert seen(Scope("ben")) == {"Ben"}
    assert seen(Scope()) == set()


def test_few_that_are_meant_are_found_among_many_that_are_nearer(meaning: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "CANDIDATES", 5)
    now = datetime.now(UTC)
    add(meaning, *("cat " * number for number in range(1, 40)), topics=["closed"], valid_until=now)
    add(meaning, *(f"cats and dogs {number}" for number in range(3)), topics=["open"])
    assert sorted(found(meaning, "feline", limit=3)) == [f"cats and dogs {number}" for number in range(3)]
    assert sorted(found(meaning, "feline", topics=["open"])) == [f"cats and dogs {number}" for number in range(3)]
    assert found(meaning, "feline", topics=["none"]) == []
    then = now - timedelta(seconds=1)
    add(meaning, "kitten then", created_at=then - timedelta(days=1), valid_until=now)
    assert found(meaning, "feline", true_at=then) == ["kitten then"]


def test_recall_uses_meaning_when_not_everything_fits(meaning: Db, embedder: LetterEmbeddings) -> None:
    add(meaning, "Has a cat called Rex", *(f"Something else {number}" for number in range(40)))
    assert meaning.recall(ANA, "feline", 10_000).complete
    assert embedder.queries == []
    assert "Has a cat called Rex" in [memory.memory for memory in meaning.recall(ANA, "feline", 60).memories]


# What happens to a memory


def test_what_is_forgotten_keeps_its_vector_and_is_found_again_after_undo(
    meaning: Db, embedder: LetterEmbeddings
) -> None:
    (one,) = add(meaning, "Has a cat")
    before = stored(meaning)
    (gone,) = meaning.apply(ANA, [Delete(Ref(one))], ME)
    assert by_vector(meaning, "feline") == []
    meaning.undo(ANA, ME, revision=gone.revisions[0])
    assert by_vector(meaning, "feline") == ["Has a cat"]
    assert stored(meaning) == before
    assert len(embedder.batches) == 1


def test_a_corrected_statement_is_found_no_more(meaning: Db) -> None:
    (one,) = add(meaning, "Has a cat")
    (updated,) = meaning.apply(ANA, [Update(Ref(one), "Drives a car")], ME)
    assert best(meaning, "feline") == best(meaning, "automobile") == "Drives a car"
    meaning.undo(ANA, ME, change_id=updated.revisions[0].change_id)
    assert found(meaning, "feline") == ["Has a cat"]


def test_a_narrowed_memory_is_found_by_fewer(meaning: Db) -> None:
    (one,) = add(meaning, "Has a cat", scope=Scope("ana", "desk", "scout"))
    meaning.apply(Scope("ana", "desk", "scout"), [Narrow(Ref(one), "agent")], ME)
    assert found(meaning, "feline", Scope("ana", "desk", "clerk")) == []
    assert found(meaning, "feline", Scope("ana", "desk", "scout")) == ["Has a cat"]


def reuse(db: Db, memory_id: str, text: str) -> str:
    """Give an id to another statement. Returns the change's id."""
    edits: list[Edit] = [Add(UserMemory(memory=text, memory_id=memory_id))]
    if any(memory.memory_id == memory_id for memory in db.newest(ANA, None)):
        db.apply(ANA, [Delete(Ref(memory_id))], ME)
    return db.apply(ANA, edits, ME)[0].revisions[0].change_id


def test_an_id_that_is_used_again_gets_another_vector(meaning: Db, opened: Open) -> None:
    other = opened(LetterEmbeddings())
    reuse(meaning, "one", "Has a cat")
    assert (by_vector(meaning, "feline"), by_vector(other, "feline")) == (["Has a cat"], ["Has a cat"])
    reuse(meaning, "one", "Drives a car")
    add(meaning, "Has a cat")
    for db in (meaning, other):
        assert (best(db, "feline"), best(db, "automobile")) == ("Has a cat", "Drives a car")
    assert len(stored(meaning)) == 2


@pytest.mark.parametrize("at_once", [False, True])
def test_an_id_that_is_used_again_without_a_model_loses_its_vector(meaning: Db, opened: Open, at_once: bool) -> None:
    text_only = opened()
    reuse(meaning, "one", "Has a cat")
    assert by_vector(meaning, "feline") == ["Has a cat"]
    if at_once:
        edits: list[Edit] = [Delete(Ref("one")), Add(UserMemory(memory="Drives a car", memory_id="one"))]
        changed = text_only.apply(ANA, edits, ME)[0].revisions[0].change_id
    else:
        changed = reuse(text_only, "one", "Drives a car")
    assert by_vector(meaning, "feline") == by_vector(meaning, "automobile") == []
    assert meaning.reembed() == 1
    assert (by_vector(meaning, "automobile"), len(stored(meaning))) == (["Drives a car"], 1)
    meaning.undo(ANA, ME, change_id=changed)  # the id's vector is of the car still
    meaning.apply(ANA, [Add(UserMemory(memory="Has a dog"))], ME)
    assert "Has a cat" not in by_vector(meaning, "automobile")


def test_undoing_never_brings_a_statement_together_with_another_s_vector(meaning: Db) -> None:
    reuse(meaning, "one", "Has a cat")
    (deleted,) = meaning.apply(ANA, [Delete(Ref("one"))], ME)
    again = reuse(meaning, "one", "Drives a car")
    meaning.undo(ANA, ME, change_id=again)
    meaning.undo(ANA, ME, revision=deleted.revisions[0])
    assert [memory.memory for memory in meaning.newest(ANA)] == ["Has a cat"]
    assert by_vector(meaning, "automobile") == []
    assert meaning.reembed() == 1
    assert by_vector(meaning, "feline") == ["Has a cat"]


# Several processes, and threads


def test_two_stores_see_each_other_s_vectors(opened: Open) -> None:
    one, other = opened(LetterEmbeddings()), opened(LetterEmbeddings())
    for number in range(100):  # more than the spare rows of a matrix
        writer, reader = (one, other) if number % 2 else (other, one)
        add(writer, f"Has cat number {number}")
        assert best(reader, f"feline number {number}") == f"Has cat number {number}"


def test_another_process_is_seen(opened: Open, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    db = opened(LetterEmbeddings())
    add(db, "Likes tea")
    assert by_vector(db, "beverage") == ["Likes tea"]
    sqlite = isinstance(db, SqliteDb)
    where = str(tmp_path / "coterie.db") if sqlite else request.getfixturevalue("postgres_url")
    code = (
        "import sys\nfrom coterie import PostgresDb, Scope, SqliteDb, UserMemory\n"
        "from coterie.memory.edits import Add, Change\nfrom tests.support.embedder import LetterEmbeddings\n"
        "db = {'sqlite': SqliteDb, 'postgres': PostgresDb}[sys.argv[1]](sys.argv[2], embedder=LetterEmbeddings())\n"
        "db.apply(Scope('ana'), [Add(UserMemory(memory='Has a cat'))], Change())\ndb.close()"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, "sqlite" if sqlite else "postgres", where], check=True, cwd=root)
    assert best(db, "feline") == "Has a cat"


def test_threads_write_and_search_at_once(meaning: Db) -> None:
    wrong: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(15):
                add(meaning, f"{name} has cat {number}", scope=Scope("ana", "desk"))
                add(meaning, f"{name} has tea {number}", scope=Scope(None, "desk"), visibility="team")
                assert best(meaning, f"{name} kitten {number}", Scope("ana", "desk")) == f"{name} has cat {number}"
                assert best(meaning, f"{name} beverage {number}", Scope(None, "desk")) == f"{name} has tea {number}"
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("Zoe", "Max", "Ida", "Udo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with meaning._reading(EVERYTHING) as connection:
        numbers = connection.execute(sa.select(MEMORY_VECTOR.c.user_id, MEMORY_VECTOR.c.number)).all()
    assert len(numbers) == len(set(numbers)) == 4 * 15 * 2


def test_a_user_s_scope_that_corrects_what_a_team_knows(meaning: Db, opened: Open) -> None:
    other, team = opened(LetterEmbeddings()), Scope("ana", "desk")
    (one,) = add(meaning, "The desk has a cat", scope=Scope(None, "desk"), visibility="team")
    assert best(other, "feline", team) == "The desk has a cat"
    meaning.apply(team, [Update(Ref(one), "The desk has tea")], ME)
    assert found(other, "beverage", team) == ["The desk has tea"]


def test_what_is_kept_in_memory_is_bounded(opened: Open) -> None:
    room = 300_000
    db = opened(LetterEmbeddings(), vector_cache_bytes=room)
    for number in range(12):
        scope = Scope(f"user {number}")
        add(db, *(f"Has cat {one}" for one in range(100)), scope=scope)
        assert best(db, "feline 7", scope) == "Has cat 7"
        assert db._meaning._nearest is not None
        assert 0 < db._meaning._nearest.held_bytes() <= room
    none = opened(LetterEmbeddings(), vector_cache_bytes=0)
    for number in range(12):
        assert best(none, "feline 7", Scope(f"user {number}")) == "Has cat 7"
        assert best(db, "feline 8", Scope(f"user {number}")) == "Has cat 8"
    assert none._meaning._nearest is not None
    assert none._meaning._nearest.held_bytes() == 0


# Erasing


def test_an_erased_person_leaves_the_table_and_the_memory(meaning: Db, opened: Open) -> None:
    other = opened(LetterEmbeddings())
    add(meaning, "Has a cat", "Likes tea")
    add(meaning, "Drives a car", scope=Scope("ben"))
    assert by_vector(other, "feline")[0] == by_vector(meaning, "feline")[0] == "Has a cat"
    assert meaning.erase("ana").vectors == 2
    assert len(stored(meaning)) == 1
    assert meaning._meaning._nearest is not None
    assert ("ana", "memory_vector") not in meaning._meaning._nearest._matrices
    assert found(other, "feline") == []
    add(meaning, "Plays chess", "Likes coffee")  # as many as before
    for db in (meaning, other):
        assert sorted(found(db, "feline")) == ["Likes coffee", "Plays chess"]
        assert db._meaning._nearest is not None
        assert len(db._meaning._nearest._matrices["ana", "memory_vector"]._ids) == 2


# Another model, or none


def test_another_model_is_refused_by_name_with_the_way_out(meaning: Db, opened: Open) -> None:
    add(meaning, "Has a cat")
    for other in (LetterEmbeddings("other"), LetterEmbeddings(size=32), LetterEmbeddings("other", 32)):
        db = opened(other)
        this = rf"holds vectors .* 'letters' with 64 .* '{other.model}'.*`coterie db reembed`"
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=this):
                add(db, "Drives a car")
            with pytest.raises(ConfigurationError, match=this):
                db.search(ANA, "cat")
    assert [memory.memory for memory in meaning.newest(ANA)] == ["Has a cat"]
    assert held(meaning) == [("letters", 64)]


def test_a_store_with_vectors_works_without_a_model(meaning: Db, opened: Open) -> None:
    add(meaning, "Has a cat")
    text_only = opened()
    assert found(text_only, "feline") == []
    hits = text_only.search(ANA, "cat")
    assert [set(hit.parts) for hit in hits] == [{"text"}]
    add(text_only, "Likes tea")
    assert "Likes tea" not in by_vector(meaning, "beverage")
    assert meaning.reembed() == 1
    assert by_vector(meaning, "beverage") == ["Likes tea"]


def test_two_models_that_begin_at_once_leave_one(opened: Open) -> None:
    stores = [opened(LetterEmbeddings(name)) for name in ("a", "b") for _ in range(3)]
    began, wrong = threading.Barrier(len(stores)), []

    def begin(number: int) -> None:
        began.wait()
        try:
            add(stores[number], "Has a cat", scope=Scope(f"user {number}"))
        except ConfigurationError as error:
            wrong.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((name, _),) = held(stores[0])
    assert {model for model, _ in stored(stores[0]).values()} == {name}
    assert (len(wrong), len(stored(stores[0]))) == (3, 3)
