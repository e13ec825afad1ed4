"""Finding what was said, word for word, beside the memories made of it."""

from datetime import UTC, datetime, timedelta

import pytest

from coterie.errors import InputError
from coterie.memory.db import Db
from coterie.memory.values import Message, Scope, Turn

ANA = Scope("ana", as_owner=True)
AT = datetime(2023, 5, 8, 12, tzinfo=UTC)


def say(db: Db, *texts: str, user: str | None = "ana", session: str = "s", team: str | None = None,
        agent: str | None = None, name: str | None = None) -> None:  # fmt: skip
    for place, text in enumerate(texts):
        message = Message("user", text, name)
        turn_id = f"{user} {session} {text[:40]}"
        at = AT + timedelta(minutes=place)
        db.record_turn(Turn(turn_id, session, "r", (message,), at, user, team, agent, status="none"))


def found(db: Db, query: str, scope: Scope = ANA, limit: int | None = 10) -> list[str]:
    return [hit.turn.messages[0].content for hit in db.search_turns(scope, query, limit)]


def test_turns_are_found_by_their_words_and_those_around_them(db: Db) -> None:
    say(db, "Where do you live now?", "In a small house near Sintra.", "Nice!")
    say(db, "Sintra is a town", session="other", user="ben")
    assert found(db, "where live")[0] == "In a small house near Sintra."
    assert found(db, "houses")[0] == "In a small house near Sintra."
    assert found(db, "SÍNTRA", limit=1) == ["In a small house near Sintra."]
    assert found(db, "zebra") == found(db, "") == found(db, "the") == found(db, "house", limit=0) == []


def test_a_turn_is_found_by_speaker_day_and_reply(db: Db) -> None:
    turn = Turn(
        "t",
        "s",
        "r",
        (
            Message("system", "Be brief about gardens"),
            Message("user", "What grows in shade?", "Zoë"),
            Message("tool", "ferns, 12 results", "search"),
            Message("assistant", "Hostas do."),
        ),
        AT,
        "ana",
        status="none",
    )
    db.record_turn(turn)
    for query in ("zoe", "May 2023", "hosta", "shade"):
        assert [hit.turn for hit in db.search_turns(ANA, query)] == [turn]
    for query in ("garden", "ferns"):
        assert found(db, query) == []


@pytest.mark.parametrize(
    "query", ['"', "a OR", "NEAR(", "*", "words:tea", "' | !", "tea & ", "{", "\\", "tea\n\0", "💥"]
)
def test_any_string_is_a_query(db: Db, query: str) -> None:
    say(db, "I like tea.")
    assert set(found(db, query)) <= {"I like tea."}


def test_scripts_without_spaces_are_found_by_pairs(db: Db) -> None:
    say(db, "小池对羽绒过敏", "我住在东京", user="ana")
    assert found(db, "羽绒")[0] == "小池对羽绒过敏"
    assert found(db, "东京")[0] == "我住在东京"


def test_who_took_part_finds_it(db: Db) -> None:
    say(db, "Tea with nobody", session="a")
    say(db, "Tea with scout", session="b", agent="scout")
    say(db, "Tea with the desk", session="c", team="desk", agent="scout")
    say(db, "Tea of ben", session="d", user="ben")
    say(db, "Tea of the desk itself", session="e", user=None, team="desk")
    assert set(found(db, "tea")) == {"Tea with nobody", "Tea with scout", "Tea with the desk"}
    assert found(db, "tea", Scope("ana")) == ["Tea with nobody"]
    assert set(found(db, "tea", Scope("ana", None, "scout"))) == {"Tea with nobody", "Tea with scout"}
    assert set(found(db, "tea", Scope("ana", "desk"))) == {
        "Tea with nobody",
        "Tea with the desk",
        "Tea of the desk itself",
    }
    assert found(db, "tea", Scope(None, "desk")) == ["Tea of the desk itself"]
    assert found(db, "tea", Scope()) == []


def test_what_stands_around_is_only_shown_to_those_who_may_find_it(db: Db) -> None:
    say(db, "Do you have pets?", agent="scout")
    say(db, "A secret dog", agent="writer")
    assert found(db, "pets", Scope("ana", None, "scout")) == ["Do you have pets?"]
    assert found(db, "pets", Scope("ana", None, "writer")) == []


def test_a_turn_recorded_again_stands_once(db: Db) -> None:
    for _ in range(3):
        say(db, "One", "Two", "Three")
    assert sorted(found(db, "two")) == ["One", "Three", "Two"]
    assert len(db.turns("ana", "s")) == 3


def test_a_long_text_is_found_by_its_beginning(db: Db) -> None:
    say(db, "zebra " + "x y " * 50_000 + "giraffe")
    assert len(found(db, "zebra")) == 1
    assert found(db, "giraffe") == []


def test_bad_limits_and_queries_are_said(db: Db) -> None:
    with pytest.raises(InputError, match="limit is -1"):
        db.search_turns(ANA, "tea", -1)
    with pytest.raises(InputError, match="query is 3"):
        db.search_turns(ANA, 3)  # type: ignore[arg-type]
