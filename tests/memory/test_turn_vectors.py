"""Turns found by meaning: embedded when somebody looks for one, on both databases."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from coterie.errors import ConfigurationError, EmbeddingError
from coterie.memory import gaps, turn_search
from coterie.memory.db import Db
from coterie.memory.indexing import EMBEDDED_CHARACTERS
from coterie.memory.reach import EMBEDDING as EVERYTHING
from coterie.memory.tables import TURN_VECTOR
from coterie.memory.values import Message, Scope, Turn
from tests.support.embedder import BrokenEmbeddings, LetterEmbeddings
from tests.support.vectors import add

Open = Callable[..., Db]

ANA = Scope("ana", as_owner=True)
AT = datetime(2023, 5, 8, 12, tzinfo=UTC)


@pytest.fixture
def embedder() -> LetterEmbeddings:
    return LetterEmbeddings()


@pytest.fixture
def meaning(opened: Open, embedder: LetterEmbeddings) -> Db:
    """A store with a model."""
    return opened(embedder)


def say(db: Db, *texts: str, user: str | None = "ana", session: str | None = None, team: str | None = None,
        agent: str | None = None, name: str | None = None) -> None:  # fmt: skip
    """Record each text as a turn; without a session, each in one of its own."""
    for place, text in enumerate(texts):
        message = Message("user", text, name)
        at = AT + timedelta(minutes=place)
        db.record_turn(Turn(text[:60], session or text[:60], "r", (message,), at, user, team, agent, status="none"))


def found(db: Db, query: str, scope: Scope = ANA, limit: int | None = 10) -> list[str]:
    return [hit.turn.messages[0].content for hit in db.search_turns(scope, query, limit)]


def best(db: Db, query: str, scope: Scope = ANA) -> str | None:
    return next(iter(found(db, query, scope)), None)


def stored(db: Db) -> dict[tuple[str, str], tuple[str, int]]:
    with db._reading(EVERYTHING) as connection:
        rows = connection.execute(sa.select(TURN_VECTOR)).all()
    return {(row.user_id, row.turn_id): (row.model, len(row.vector)) for row in rows}


def embedded(embedder: LetterEmbeddings) -> list[int]:
    return [len(batch) for batch in embedder.batches]


def test_a_turn_is_found_by_meaning_alone(meaning: Db, opened: Open) -> None:
    say(meaning, "Rex is my cat", "I drive an old car", "Order 4711 was sent", "I like tea")
    assert found(opened(), "feline") == []
    assert best(meaning, "feline") == "Rex is my cat"
    assert best(meaning, "automobile") == "I drive an old car"
    assert best(meaning, "4711") == "Order 4711 was sent"
    (hit, *_) = meaning.search_turns(ANA, "feline")
    assert hit.parts["vector"] > 0 == hit.parts["words"]
    assert found(meaning, "feline", limit=1) == ["Rex is my cat"]
    assert len(found(meaning, "tea", limit=None)) <= 4


def test_what_stands_around_a_turn_found_by_meaning_is_near(meaning: Db) -> None:
    say(meaning, "Do you have pets?", "A kitten called Rex", "Nice!", session="s")
    say(meaning, "Order 4711 was sent", "The house is white", session="other")
    assert found(meaning, "feline")[0] == "A kitten called Rex"
    assert "Nice!" in found(meaning, "feline")


def test_each_turn_is_embedded_once_and_only_when_somebody_looks(
    meaning: Db, embedder: LetterEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "BATCH", 4)
    say(meaning, *(f"I have cat number {number}" for number in range(9)), name="Ana")
    assert embedder.batches == []
    for _ in range(2):
        assert best(meaning, "feline 7") is not None
        assert embedded(embedder) == [4, 4, 1]
    assert embedder.batches[0][0] == "Ana: I have cat number 0"
    say(meaning, "I have cat number 3", "I like tea")  # the first is there already
    assert best(meaning, "beverage") == "I like tea"
    assert embedded(embedder) == [4, 4, 1, 1]
    assert set(stored(meaning).values()) == {("letters", 128)}


def test_what_is_said_is_embedded_and_not_very_long(meaning: Db, embedder: LetterEmbeddings) -> None:
    messages = (Message("system", "Be brief"), Message("user", "What grows?", "Zoë"), Message("assistant", "Hostas."))
    meaning.record_turn(Turn("t", "s", "r", messages, AT, "ana", status="none"))
    meaning.record_turn(Turn("reply", "s", "r", messages[2:], AT, "ana", status="none"))
    meaning.record_turn(Turn("nothing", "s", "r", (Message("user", "  "),), AT, "ana", status="none"))
    meaning.record_turn(Turn("empty", "s", "r", (), AT, "ana", status="none"))
    say(meaning, "cat " * 10_000)
    for _ in range(2):
        assert found(meaning, "feline") != []
    (batch,) = embedder.batches
    assert sorted(batch)[:2] == ["Hostas.", "Zoë: What grows?"]
    assert sorted(map(len, batch))[2:] == [EMBEDDED_CHARACTERS]
    assert len(stored(meaning)) == 3


@pytest.mark.parametrize("query", ["", " ", "\0", "?!", "💥"])
def test_a_query_without_meaning_asks_for_no_vectors(meaning: Db, embedder: LetterEmbeddings, query: str) -> None:
    say(meaning, "I like tea")
    assert found(meaning, query) == []
    assert found(meaning, "tea", limit=0) == found(meaning, "tea", Scope()) == []
    assert embedder.batches == []


def test_a_model_that_fails_loses_nothing(opened: Open) -> None:
    broken = BrokenEmbeddings(TimeoutError("no answer"))
    db = opened(broken)
    say(db, "I like tea", "Rex is my cat")
    assert broken.batches == []
    with pytest.raises(EmbeddingError, match="'broken'"):
        db.search_turns(ANA, "tea")
    broken.answer = [[1.0, 0.0]]  # enough for the query, not for the turns
    with pytest.raises(EmbeddingError, match="'broken'"):
        db.search_turns(ANA, "tea")
    say(db, "I like coffee")
    assert (stored(db), len(db.turns("ana", "I like coffee"))) == ({}, 1)
    assert best(opened(), "tea") == "I like tea"


def test_batches_before_a_failure_are_kept(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if len(self.batches) == 2:
                raise TimeoutError
            return super().embed_documents(texts)

    monkeypatch.setattr(gaps, "BATCH", 2)
    failing, embedder = Failing(), LetterEmbeddings()
    say(opened(), *(f"I have cat number {number}" for number in range(5)))
    with pytest.raises(EmbeddingError):
        opened(failing).search_turns(ANA, "feline")
    db = opened(embedder)
    assert len(stored(db)) == 4
    assert len(found(db, "feline")) == 5
    assert embedded(embedder) == [1]


def test_the_model_is_asked_outside_of_every_transaction(opened: Open) -> None:
    class Slow(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            say(other, f"Said while {texts[0]} was embedded")
            add(other, f"Written while {texts[0]} was embedded", scope=Scope("ana"))
            return super().embed_documents(texts)

    other, db = opened(), opened(Slow())
    say(db, "I like tea")
    assert best(db, "beverage") == "I like tea"
    assert len(stored(db)) == 1


def test_only_what_the_scope_may_find(meaning: Db) -> None:
    say(meaning, "The cat of nobody in particular", session="a")
    say(meaning, "The cat of the scout", session="b", agent="scout")
    say(meaning, "The cat of the desk", session="c", team="desk", agent="scout")
    say(meaning, "The cat of Ben", session="d", user="ben")
    say(meaning, "The cat at the office", session="e", user=None, team="desk")
    say(meaning, "The cat at another office", session="e", user=None, team="kitchen")
    cats = {"particular", "scout", "desk", "Ben", "office"}

    def seen(scope: Scope) -> set[str]:
        every = found(meaning, "feline", scope)
        assert "The cat at another office" not in every
        return {text.split()[-1] for text in every} & cats

    for _ in range(2):
        assert seen(ANA) == {"particular", "scout", "desk"}
        assert seen(Scope("ana")) == {"particular"}
        assert seen(Scope("ana", None, "scout")) == {"particular", "scout"}
        assert seen(Scope("ana", "desk")) == {"particular", "desk", "office"}
        assert seen(Scope(None, "desk")) == {"office"}
        assert seen(Scope("ben")) == {"Ben"}
        assert seen(Scope()) == set()
    assert len(stored(meaning)) == 6


def test_two_turns_of_one_name_are_two(meaning: Db) -> None:
    for user, text in (("ana", "My cat"), (None, "Our tea")):
        message = Message("user", text)
        meaning.record_turn(Turn("t", "s", "r", (message,), AT, user, "desk", status="none"))
    both = Scope("ana", "desk")
    assert (best(meaning, "feline", both), best(meaning, "beverage", both)) == ("My cat", "Our tea")
    assert set(found(meaning, "cat tea", both)) == {"My cat", "Our tea"}


def test_few_that_may_be_found_among_many_that_are_nearer(meaning: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_search, "NEAREST", 5)
    say(meaning, *("cat " * number for number in range(1, 20)), agent="scout")
    say(meaning, "Kitten, dogs and horses", "House")
    assert found(meaning, "feline", Scope("ana"))[0] == "Kitten, dogs and horses"


def test_who_is_erased_has_no_vectors_left(meaning: Db, embedder: LetterEmbeddings) -> None:
    add(meaning, "Has a dog", scope=Scope("ana"))
    say(meaning, "Rex is my cat", "I like tea")
    say(meaning, "My cat is Max", user="ben")
    assert best(meaning, "feline") == "Rex is my cat"
    assert best(meaning, "feline", Scope("ben")) == "My cat is Max"
    assert meaning.erase("ana").vectors == 3
    assert {owner for owner, _ in stored(meaning)} == {"ben"}
    assert meaning._meaning._nearest is not None
    assert set(meaning._meaning._nearest._matrices) == {("ben", "turn_vector")}
    assert found(meaning, "feline") == []
    say(meaning, "I drive a car")
    assert found(meaning, "automobile") == ["I drive a car"]


def test_a_turn_that_is_erased_while_it_is_embedded_leaves_nothing(opened: Open) -> None:
    class Erasing(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if "I like tea" in texts:
                other.erase("ana")
            return super().embed_documents(texts)

    other, db = opened(), opened(Erasing())
    say(db, "I like tea")
    assert found(db, "beverage") == []
    assert stored(db) == {}


def test_two_stores_see_each_other_s_vectors(opened: Open) -> None:
    embedders = [LetterEmbeddings(), LetterEmbeddings()]
    one, other = map(opened, embedders)
    for number in range(12):
        writer, reader = (one, other) if number % 2 else (other, one)
        say(writer, f"I have cat number {number}")
        assert best(reader, f"feline number {number}") == f"I have cat number {number}"
        assert best(writer, f"feline number {number}") == f"I have cat number {number}"
    assert sum(embedded(embedders[0]) + embedded(embedders[1])) == 12
    one.erase("ana")
    say(one, "I like tea")
    assert found(other, "beverage") == ["I like tea"]


def test_memories_and_turns_are_kept_apart(meaning: Db) -> None:
    add(meaning, "Has a cat", scope=Scope("ana"))
    say(meaning, "I like tea")
    for _ in range(2):
        assert found(meaning, "beverage") == ["I like tea"]
        assert [hit.memory.memory for hit in meaning.search(Scope("ana"), "feline")] == ["Has a cat"]


def test_threads_record_and_search_at_once(meaning: Db) -> None:
    wrong: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(8):
                say(meaning, f"{name} has cat {number}")
                assert f"{name} has cat {number}" in found(meaning, f"{name} kitten {number}")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("Zoe", "Max", "Ida")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(stored(meaning)) == 24


# Making all anew


def test_all_turns_get_vectors(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "BATCH", 4)
    text_only, embedder, told = opened(), LetterEmbeddings(), []
    add(text_only, "Has a cat", "Has a dog", scope=Scope("ana"))
    say(text_only, *(f"I have cat number {number}" for number in range(5)))
    say(text_only, "I like tea", user="ben")
    say(text_only, "We like tea", user=None, team="desk")
    db = opened(embedder)
    assert db.reembed(lambda done, total: told.append((done, total))) == 9
    assert told == [(2, 9), (6, 9), (9, 9)]
    assert len(stored(db)) == 7
    assert best(db, "beverage", Scope(None, "desk")) == "We like tea"
    assert embedded(embedder) == [1, 2, 4, 3]
    assert db.reembed() == 0


def test_another_model_is_refused_until_all_are_made_anew(opened: Open) -> None:
    old, new = opened(LetterEmbeddings()), opened(LetterEmbeddings("new", 32))
    say(old, "Rex is my cat", "I like tea")
    assert best(old, "feline") == "Rex is my cat"
    say(old, "I drive a car")
    with pytest.raises(ConfigurationError, match=r"'letters' with 64.*'new'"):
        new.search_turns(ANA, "feline")
    assert new.reembed() == 3
    assert set(stored(new).values()) == {("new", 64)}
    assert best(new, "feline") == "Rex is my cat"
    with pytest.raises(ConfigurationError, match=r"'new' with 32.*'letters'"):
        old.search_turns(ANA, "feline")


def test_after_a_crash_it_goes_on_where_it_was(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crashing(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    monkeypatch.setattr(gaps, "BATCH", 2)
    old = opened(LetterEmbeddings("old"))
    say(old, *(f"I have cat number {number}" for number in range(5)))
    assert len(found(old, "feline")) == 5
    with pytest.raises(KeyboardInterrupt):
        opened(Crashing("new")).reembed()
    db = opened(LetterEmbeddings("new"))
    assert sorted(model for model, _ in stored(db).values()) == ["new"] * 2 + ["old"] * 3
    assert found(db, "feline") != []
    assert db.reembed() == 3
    assert {model for model, _ in stored(db).values()} == {"new"}
