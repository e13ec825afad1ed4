"""What a run did to the memory, as a diff: of changes that the store made."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from coterie import UserMemory
from coterie.graphs.memory_diff import MemoryEdit, edits_of
from coterie.graphs.trace import Record
from coterie.graphs.traced import Contents
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Delete, Edit, Merge, Ref, Update
from coterie.memory.values import Scope
from coterie.text import word_diff

ANA = Scope("ana")


def done(db: Db, *edits: Edit) -> list[Applied]:
    return list(db.apply(ANA, list(edits), Change("agent", agent_id="scout")))


def add(db: Db, memory: str) -> Ref:
    (applied,) = done(db, Add(UserMemory(memory=memory, user_id="ana")))
    return Ref(applied.memory_id)


def record(applied: list[Applied], *, contents: bool = True) -> Record:
    changes = Contents(contents).changes(*applied)
    return {"kind": "memory_changed", "at": datetime.now(UTC).isoformat(), "source": "scout", "changes": changes}


def signs(applied: list[Applied]) -> list[tuple[str, str, str]]:
    return [(edit.sign, edit.before, edit.after) for edit in edits_of(record(applied))]


def test_what_came_went_and_took_anothers_place(db: Db) -> None:
    home, tea = add(db, "Ana lives in Oslo"), add(db, "Ana likes tea")
    applied = done(
        db,
        Update(home, "Ana lives in Bergen", reason="she moved"),
        Add(UserMemory(memory="Ana has a dog", user_id="ana")),
        Delete(tea, reason="she asked for it"),
    )
    moved, dog, gone = edits_of(record(applied))
    assert (moved.sign, moved.by, moved.why) == ("~", "scout", "she moved")
    assert moved.memory_id == applied[0].memory_id
    assert moved.pieces == [("same", "Ana lives in "), ("removed", "Oslo"), ("added", "Bergen")]
    assert (dog.sign, dog.pieces) == ("+", [("added", "Ana has a dog")])
    assert (gone.sign, gone.pieces, gone.why) == ("-", [("removed", "Ana likes tea")], "she asked for it")


def test_of_several_that_became_one_the_others_went(db: Db) -> None:
    short, brief = add(db, "Ana likes short answers"), add(db, "Ana wants them brief")
    assert signs(done(db, Merge([short, brief], "Ana likes brief answers"))) == [
        ("~", "Ana likes short answers", "Ana likes brief answers"),
        ("-", "Ana wants them brief", ""),
    ]


def test_forgetting_is_told_once_whatever_took_its_place_before(db: Db) -> None:
    home = add(db, "Ana lives in Oslo")
    (moved,) = done(db, Update(home, "Ana lives in Bergen"))
    assert signs(done(db, Delete(Ref(moved.memory_id)))) == [("-", "Ana lives in Bergen", "")]


def test_other_topics_of_the_same_words(db: Db) -> None:
    home = add(db, "Ana lives in Oslo")
    (edit,) = edits_of(record(done(db, Update(home, "Ana lives in Oslo", topics=["home", "city"]))))
    assert (edit.sign, edit.why) == ("~", "topics: home, city")
    assert edit.pieces == [("same", "Ana lives in Oslo")]


def test_a_trace_without_contents_still_tells_what_was_done(db: Db) -> None:
    home = add(db, "Ana lives in Oslo")
    applied = done(db, Update(home, "Ana lives in Bergen", reason="she moved"))
    assert [*edits_of(record(applied, contents=False))] == [MemoryEdit("~", applied[0].memory_id, "scout")]


def test_other_records_tell_nothing_of_it() -> None:
    assert [*edits_of({"kind": "step_started"})] == []


TEXTS = st.text(st.sampled_from("ab \n東京,é"), max_size=30)


@given(TEXTS, TEXTS)
def test_a_word_diff_holds_both_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(text for kind, text in pieces if kind != "added") == before
    assert "".join(text for kind, text in pieces if kind != "removed") == after
    assert all(text for _, text in pieces)


def test_a_word_diff_reads_well() -> None:
    assert word_diff("likes red cars", "likes blue bikes") == [
        ("same", "likes "),
        ("removed", "red cars"),
        ("added", "blue bikes"),
    ]
    assert word_diff("彼は東京に住む", "彼は京都に住む")[0] == ("same", "彼は")
    assert word_diff("same", "same") == [("same", "same")]
