"""`Db.reembed`: fills gaps, changes the model, goes on after a crash."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from coterie.errors import ConfigurationError, EmbeddingError
from coterie.memory import gaps
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Ref
from coterie.memory.values import Scope, UserMemory
from tests.support.embedder import LetterEmbeddings
from tests.support.vectors import ANA, ME, add, best, held, stored

Open = Callable[..., Db]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "BATCH", 4)


def filled(db: Db) -> None:
    """Ten memories of three owners, one of them nobody."""
    add(db, *(f"Has cat number {number}" for number in range(5)))
    add(db, "Likes tea", "Drives a car", scope=Scope("ben"))
    add(db, *(f"The desk has tea number {number}" for number in range(3)), scope=Scope(None, "desk"), visibility="team")


def models(db: Db) -> set[tuple[str, int]]:
    return {(model, len(vector)) for model, vector in stored(db).values()}


def test_everything_that_has_no_vector_gets_one(opened: Open) -> None:
    filled(opened())
    embedder, told = LetterEmbeddings(), []
    db = opened(embedder)
    assert best(db, "feline") is None
    assert db.reembed(lambda done, total: told.append((done, total))) == 10
    assert told == [(4, 10), (8, 10), (10, 10)]
    assert [len(batch) for batch in embedder.batches] == [1, 4, 4, 2]
    assert (len(stored(db)), models(db), held(db)) == (10, {("letters", 128)}, [("letters", 64)])
    assert best(db, "feline") is not None
    assert best(db, "beverage", Scope(None, "desk")) is not None
    assert db.reembed() == 0


def test_an_empty_store_takes_the_new_model(opened: Open) -> None:
    old, new = opened(LetterEmbeddings("old")), opened(LetterEmbeddings("new", 32))
    add(old, "Has a cat")
    old.erase("ana")
    assert asyncio.run(new.areembed()) == 0
    add(new, "Has a cat")
    assert held(new) == [("new", 32)]


@pytest.mark.parametrize(("model", "size"), [("new", 64), ("letters", 32), ("new", 32)])
def test_another_model_replaces_every_vector(opened: Open, model: str, size: int) -> None:
    old, new = opened(LetterEmbeddings()), opened(LetterEmbeddings(model, size))
    filled(old)
    (gone,) = add(old, "Had a dog")
    old.apply(ANA, [Delete(Ref(gone))], ME)
    assert best(old, "feline") is not None
    assert new.reembed() == 10
    assert (len(stored(new)), models(new), held(new)) == (10, {(model, 2 * size)}, [(model, size)])
    assert "cat" in str(best(new, "feline"))
    for refused in (lambda: old.search(ANA, "feline"), lambda: add(old, "Likes milk")):
        with pytest.raises(ConfigurationError, match=rf"'{model}' with {size}.*'letters' with 64"):
            refused()


class _Crashing(LetterEmbeddings):
    def __init__(self, calls: int) -> None:
        super().__init__("new")
        self.left = calls

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().embed_documents(texts)


def test_after_a_crash_it_goes_on_where_it_was(opened: Open) -> None:
    filled(opened(LetterEmbeddings("old")))
    with pytest.raises(KeyboardInterrupt):
        opened(_Crashing(3)).reembed()
    embedder = LetterEmbeddings("new")
    db = opened(embedder)
    assert sum(model == "new" for model, _ in stored(db).values()) == 8
    assert "cat" in str(best(db, "feline"))
    assert db.reembed() == 2
    assert (len(stored(db)), models(db)) == (10, {("new", 128)})


def test_a_model_that_fails_at_once_changes_nothing(opened: Open) -> None:
    class Failing(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise TimeoutError

    old = opened(LetterEmbeddings("old"))
    filled(old)
    with pytest.raises(EmbeddingError):
        opened(Failing("new")).reembed()
    assert (held(old), "cat" in str(best(old, "feline"))) == ([("old", 64)], True)


def test_what_changes_meanwhile_is_not_overwritten(opened: Open) -> None:
    """An id that gets another statement while its old one is being embedded keeps the vector of the new one."""
    writer = opened(LetterEmbeddings("new"))

    class Meddling(LetterEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if "Has a cat" in texts:
                writer.apply(ANA, [Delete(Ref("one"))], Change())
                writer.apply(ANA, [Add(UserMemory(memory="Drives a car", memory_id="one"))], Change())
            return super().embed_documents(texts)

    opened().apply(ANA, [Add(UserMemory(memory="Has a cat", memory_id="one"))], Change())
    db = opened(Meddling("new"))
    db.reembed()
    same: dict[str, Any] = stored(db)
    assert same["one"][1] == db._meaning.model().documents(["Drives a car"])["Drives a car"]


def test_two_that_make_all_anew_with_different_models_do_not_mix(opened: Open) -> None:
    db = opened(LetterEmbeddings("old"))
    filled(db)
    first, second = opened(LetterEmbeddings("first")), opened(LetterEmbeddings("second"))

    def interrupt(done: int, total: int) -> None:
        if done == 4:
            second.reembed()

    with pytest.raises(ConfigurationError, match=r"'second'.*'first'"):
        first.reembed(interrupt)
    assert models(db) == {("second", 128)}
