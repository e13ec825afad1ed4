"""The embedding model: asked once a write, its answers checked, what it raises said in one sentence."""

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from coterie.errors import ConfigurationError, CoterieError, EmbeddingError, InputError
from coterie.memory.embedding import HALF, EmbeddingModel
from coterie.memory.sqlite import SqliteDb
from tests.support.embedder import BrokenEmbeddings, LetterEmbeddings


def numbers(stored: bytes) -> "np.ndarray[Any, np.dtype[np.float16]]":
    return np.frombuffer(stored, HALF)


def test_vectors_are_stored_in_half_precision_with_length_1() -> None:
    model = EmbeddingModel(LetterEmbeddings(size=48))
    stored = model.documents(["Likes tea", "Likes tea and coffee"])
    assert [len(vector) for vector in stored.values()] == [96, 96]
    for vector in stored.values():
        assert np.linalg.norm(numbers(vector).astype(float)) == pytest.approx(1, abs=1e-3)
    assert model.size == 48


def test_a_text_that_comes_twice_is_asked_for_once() -> None:
    embedder = LetterEmbeddings()
    EmbeddingModel(embedder).documents(["a tea", "b tea", "a tea"])
    assert embedder.batches == [["a tea", "b tea"]]


def test_any_langchain_model_will_do() -> None:
    model = EmbeddingModel(DeterministicFakeEmbedding(size=8))
    query = model.query("tea")
    assert query is not None
    assert query @ numbers(model.documents(["tea"])["tea"]).astype("f4") == pytest.approx(1, abs=1e-2)
    assert model.name.endswith("DeterministicFakeEmbedding")


def test_a_model_is_called_by_its_own_name() -> None:
    class Named(LetterEmbeddings):
        def __init__(self, **names: Any) -> None:
            super().__init__()
            del self.model
            self.__dict__.update(names)

    assert EmbeddingModel(Named(model="small", model_name="other")).name == "small"
    assert EmbeddingModel(Named(model_name="other")).name == "other"
    assert EmbeddingModel(Named(model=" ")).name.endswith("Named")


@pytest.mark.parametrize("embedder", ["text-embedding-3-small", object(), LetterEmbeddings])
def test_what_is_no_embedder_is_refused_when_the_store_is_made(embedder: Any) -> None:
    with pytest.raises(ConfigurationError, match="give a LangChain Embeddings"):
        SqliteDb(embedder=embedder)


@pytest.mark.parametrize("number", [-1, 1.5, "much"])
def test_a_cache_of_no_size_is_refused(number: Any) -> None:
    with pytest.raises(InputError, match="vector_cache_bytes"):
        SqliteDb(vector_cache_bytes=number)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "shape .* for 2 text"),
        ([[1.0, 0.0]], r"shape \(1, 2\) for 2 text"),
        ([[1.0, 0.0]] * 3, r"shape \(3, 2\) for 2 text"),
        ([[1.0], [1.0, 0.0]], "different sizes"),
        ([[], []], r"shape \(2, 0\)"),
        ([[1.0, math.nan], [1.0, 0.0]], "not finite"),
        ([[1.0, math.inf], [1.0, 0.0]], "not finite"),
        ([["a", "b"], ["c", "d"]], "no numbers"),
        (RuntimeError("quota\nused up, key sk-abcdefghijklmnopqrstuvwx"), r"RuntimeError: quota used up, key \[key\]"),
    ],
)
def test_answers_that_are_no_vectors_are_refused_in_one_sentence(answer: Any, said: str) -> None:
    model = EmbeddingModel(BrokenEmbeddings(answer))
    with pytest.raises(EmbeddingError, match=said) as raised:
        model.documents(["one", "two"])
    assert isinstance(raised.value, CoterieError)
    assert "\n" not in str(raised.value)
    assert "Nothing was written" in str(raised.value)


def test_a_size_that_changes_is_refused() -> None:
    embedder = BrokenEmbeddings([[1.0, 0.0]])
    model = EmbeddingModel(embedder)
    model.documents(["one"])
    embedder.answer = [[1.0, 0.0, 0.0]]
    with pytest.raises(EmbeddingError, match="3 numbers, after 2"):
        model.query("one")


@pytest.mark.parametrize("vector", [[1e300, 1e300], [1e-300, 1e-300], [5e-324, 5e-324], [-3.0, -3.0]])
def test_the_length_does_not_matter(vector: Sequence[float]) -> None:
    stored = numbers(EmbeddingModel(BrokenEmbeddings([vector])).documents(["one"])["one"])
    assert np.abs(stored.astype(float)) == pytest.approx([math.sqrt(0.5)] * 2, abs=1e-3)


def test_a_text_the_model_knows_nothing_about_is_like_nothing() -> None:
    model = EmbeddingModel(LetterEmbeddings())
    assert not numbers(model.documents(["?!"])["?!"]).any()
    assert model.query("?!") is None


@pytest.mark.parametrize("query", ["", "  \n", "\0", "\ud800", "x" * 1_000_000, "tea\0 \udfff 東京"])
def test_any_string_is_a_query(query: str) -> None:
    embedder = LetterEmbeddings()
    EmbeddingModel(embedder).query(query)
    assert all(asked.strip() and len(asked) <= 10_000 and asked.encode() for asked in embedder.queries)


@pytest.mark.parametrize(
    "use",
    [
        "import coterie.cli, coterie.teams.team",
        "ana = Scope('ana'); db.search(ana, 'tea'); db.apply(ana, [tea], Change())",
    ],
)
def test_numpy_is_not_imported_before_something_is_found(use: str) -> None:
    code = (
        "import sys\nfrom coterie import Scope, SqliteDb, UserMemory\nfrom coterie.memory.edits import Add, Change\n"
        f"db = SqliteDb()\ntea = Add(UserMemory(memory='Likes tea'))\n{use}\ndb.close()\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_store_says_what_it_needs_a_model_for() -> None:
    work: Callable[[], object] = cast(Any, SqliteDb()).reembed
    with pytest.raises(ConfigurationError, match="opened without an embedding model: give one"):
        work()
