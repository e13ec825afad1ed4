"""Reading memories: by id, newest, by words, within a budget."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Ref, Update
from coterie.memory.reading import line_tokens
from coterie.memory.values import Message, Scope, Turn, UserMemory, Visibility

ANA = Scope("ana", "desk", "scout")


def fill(db: Db, *texts: str, scope: Scope = ANA) -> list[str]:
    edits = [Add(UserMemory(memory=text)) for text in texts]
    return [applied.memory_id for applied in db.apply(scope, edits, Change())]


def test_newest_first_or_oldest_first(db: Db) -> None:
    ids = fill(db, *(f"Fact {number}" for number in range(30)))
    assert [m.memory_id for m in db.newest(ANA)] == ids[:9:-1]
    assert [m.memory_id for m in db.newest(ANA, 3, oldest_first=True)] == ids[-3:]
    assert [m.memory_id for m in db.newest(ANA, None)] == ids[::-1]
    assert db.newest(ANA, 0) == []
    assert db.count(ANA) == 30


def test_newest_mixes_what_different_readers_share(db: Db) -> None:
    kinds: list[Visibility] = ["user", "team", "agent"]
    for number, visibility in enumerate(kinds * 3):
        db.apply(ANA, [Add(UserMemory(memory=f"Fact {number}", visibility=visibility))], Change())
    db.apply(Scope(None, "desk"), [Add(UserMemory(memory="The desk is blue", visibility="team"))], Change())
    found = [m.memory for m in db.newest(ANA, 4)]
    assert found == ["The desk is blue", "Fact 8", "Fact 7", "Fact 6"]
    assert [m.memory for m in db.newest(Scope("ana", as_owner=True), 2)] == ["Fact 8", "Fact 7"]


def test_a_survey_is_what_search_newest_and_turns_give(db: Db) -> None:
    fill(db, "Likes tea", "Lives in Lisbon", "Has a tea pot")
    fill(db, "Tea for scouts", scope=Scope("bob"))
    for number in range(3):
        said = (Message("user", f"Tea {number}"),)
        db.record_turn(Turn(f"t{number}", "s", "r", said, datetime.now(UTC), "ana", status="none"))
    found = db.survey(ANA, "tea?", "s", best=5, newest=2, turns=2)
    assert [m.memory for m in found.best] == [hit.memory.memory for hit in db.search(ANA, "tea?")]
    assert len(found.best) == 2
    assert [m.memory for m in found.newest] == ["Has a tea pot", "Lives in Lisbon"]
    assert found.turns == db.turns("ana", "s", 2)
    assert db.survey(Scope("bob"), "?", "s", best=5, newest=0, turns=2) == ([], [], [])


def test_reads_give_what_is_true_now(db: Db) -> None:
    now = datetime.now(UTC)
    past, future = now - timedelta(days=1), now + timedelta(days=1)
    for name, until, expires in [("old", past, None), ("gone", None, past), ("new", future, future)]:
        memory = UserMemory(memory=f"Rex is {name}", valid_until=until, expires_at=expires)
        db.apply(ANA, [Add(memory)], Change())
    assert [m.memory for m in db.newest(ANA)] == ["Rex is new"]
    assert [hit.memory.memory for hit in db.search(ANA, "rex")] == ["Rex is new"]
    assert [m.memory for m in db.recall(ANA, "rex").memories] == ["Rex is new"]
    assert db.count(ANA) == 1


def test_find_by_the_beginning_of_an_id(db: Db) -> None:
    for memory_id in ("abc", "abd", "abdé", "x%_y z"):
        db.apply(ANA, [Add(UserMemory(memory=memory_id, memory_id=memory_id))], Change())
    assert db.find(ANA, "abc").memory == "abc"
    assert db.find(ANA, "abd").memory == "abd"
    assert db.find(ANA, "x%_y").memory == "x%_y z"
    with pytest.raises(InputError, match=r"'x%_' is too little of an id: give 4 characters at least \(x%_y z\)\."):
        db.find(ANA, "x%_")
    with pytest.raises(InputError, match=r"Several memories begin with 'ab': give more of the id \(abc, abd, abdé\)"):
        db.find(ANA, "ab")
    for nothing in ("%", "ABC", "abce", "y"):
        with pytest.raises(NotFoundError):
            db.find(ANA, nothing)
    with pytest.raises(NotFoundError):
        db.find(Scope("ben"), "abc")


def test_search_finds_other_forms_of_a_word_and_ranks_by_how_much_matches(db: Db) -> None:
    fill(db, "Likes hiking", "Likes hikes with dogs", "Plays chess", "Café Müller is her favourite")
    hits = db.search(ANA, "Does she hike with her DOG?")
    assert [hit.memory.memory for hit in hits] == ["Likes hikes with dogs", "Likes hiking"]
    assert hits[0].score > hits[1].score > 0
    assert hits[0].parts == {"text": hits[0].score}
    assert [hit.memory.memory for hit in db.search(ANA, "café")] == ["Café Müller is her favourite"]
    assert len(db.search(ANA, "hike chess", limit=2)) == 2
    assert db.search(ANA, "hike", limit=0) == []


def test_search_follows_edits(db: Db) -> None:
    one, two = fill(db, "Likes tea", "Likes milk")
    coffee, _ = db.apply(ANA, [Update(Ref(one), "Likes coffee"), Delete(Ref(two))], Change())
    assert db.search(ANA, "tea milk") == []
    assert [hit.memory.memory_id for hit in db.search(ANA, "coffee")] == [coffee.memory_id]


def test_search_finds_topics_too_after_the_words(db: Db) -> None:
    plays = UserMemory(memory="Plays the cello", topics=["music", "Freizeit & Café"])
    likes = UserMemory(memory="Likes music from the islands, and to cook for many friends on long summer evenings")
    (one, _, _) = db.apply(ANA, [Add(plays), Add(likes), Add(UserMemory(memory="Has a dog"))], Change())
    assert [hit.memory.memory for hit in db.search(ANA, "which music?")] == [likes.memory, plays.memory]
    assert [hit.memory.memory for hit in db.search(ANA, "café")] == [plays.memory]
    assert db.search(Scope("ben"), "music") == []
    db.apply(ANA, [Update(Ref(one.memory_id), "Plays the cello", topics=["orchestra"])], Change())
    assert [hit.memory.memory for hit in db.search(ANA, "music café")] == [likes.memory]
    assert [hit.memory.memory_id for hit in db.search(ANA, "orchestras")] == [one.memory_id]


def test_a_query_of_stop_words_finds_nothing(db: Db) -> None:
    fill(db, "Who is who", "The one")
    for query in ("", "who are you", "the", " \n", "?!", "💥"):
        assert db.search(ANA, query) == []


@pytest.mark.parametrize(
    "query",
    [
        "tea",
        '"tea',
        "tea*",
        "tea' OR 1=1",
        "tea NOT tea",
        "tea:",
        "tea & !tea | (",
        "%tea%",
        "\\tea",
        "NEAR(tea)",
        "tea-tea",
    ],
)
def test_operators_mean_nothing(db: Db, query: str) -> None:
    fill(db, "Likes tea", "Owns a boat")
    assert [hit.memory.memory for hit in db.search(ANA, query)] == ["Likes tea"]


@settings(max_examples=60)
@given(query=st.text() | st.text("'\"()&|!:*<>-+\\^~{}ab \0", max_size=12))
def test_any_string_is_a_query(db: Db, query: str) -> None:
    assert db.search(ANA, query) == []


def test_a_long_query_is_a_query(db: Db) -> None:
    fill(db, "Likes tea")
    assert len(db.search(ANA, "tea " + "word " * 200_000)) == 1
    assert db.search(ANA, "x" * 1_000_000) == []
    assert db.search(ANA, " ".join(f"w{number}" for number in range(10_000))) == []


def test_recall_gives_everything_when_it_is_little(db: Db) -> None:
    ids = fill(db, "Has a dog", "Likes tea", "Plays chess")
    recall = db.recall(ANA, "tea")
    assert recall.complete
    assert [m.memory_id for m in recall.memories] == ids
    assert recall.tokens == sum(map(line_tokens, recall.memories))
    assert [(hit.memory, hit.score, hit.parts) for hit in recall.hits] == [(m, None, {}) for m in recall.memories]
    assert db.recall(ANA, "", token_budget=recall.tokens).complete
    assert not db.recall(ANA, "", token_budget=recall.tokens - 1).complete


def test_recall_gives_the_best_then_the_newest_when_it_is_much(db: Db) -> None:
    ids = fill(db, "The parrot is called Coco", *(f"Fact number {number} of many" for number in range(300)))
    recall = db.recall(ANA, "What is the parrot's name?", token_budget=100)
    assert not recall.complete
    assert recall.tokens <= 100
    assert recall.memories[0].memory_id == ids[0]
    others = [m.memory_id for m in recall.memories[1:]]
    assert others == ids[-len(others) :]
    assert recall.tokens + line_tokens(recall.memories[-1]) > 100


def test_recall_says_why_each_memory_is_there(db: Db) -> None:
    fill(db, "The parrot Coco eats nuts", *(f"Fact number {number} of many" for number in range(300)))
    fill(db, *(f"The parrot said {number}" for number in range(2)))
    recall = db.recall(ANA, "What does the parrot eat?", token_budget=100)
    found = db.search(ANA, "What does the parrot eat?")
    assert recall.best == tuple(found) != ()
    assert tuple(hit.memory for hit in recall.hits) == recall.memories
    scored = {hit.memory.memory_id: (hit.score, hit.parts) for hit in recall.hits if hit.score is not None}
    assert scored == {hit.memory.memory_id: (hit.score, hit.parts) for hit in found}
    assert len(recall.hits) > len(scored)
    assert {(hit.score, len(hit.parts)) for hit in recall.hits if hit.memory.memory_id not in scored} == {(None, 0)}


def test_a_hit_that_does_not_fit_is_not_told_of(db: Db) -> None:
    fill(db, "The parrot " + "repeats itself " * 50, "The parrot is blue", *(f"Fact {number}" for number in range(50)))
    recall = db.recall(ANA, "parrot", token_budget=60)
    assert [hit.memory.memory for hit in recall.best] == ["The parrot is blue"]
    assert len(db.search(ANA, "parrot")) == 2
    assert db.recall(ANA, "parrot", token_budget=0).hits == ()


def test_recall_of_nothing(db: Db) -> None:
    assert db.recall(ANA, "x").complete
    fill(db, "Has a dog")
    assert db.recall(ANA, "dog", token_budget=0).memories == ()
    assert db.recall(Scope(), "dog").memories == ()
    with pytest.raises(InputError, match="-1"):
        db.recall(ANA, "dog", token_budget=-1)


def test_a_twin_does_the_same(db: Db) -> None:
    async def run() -> list[UserMemory]:
        await asyncio.gather(*(db.aapply(ANA, [Add(UserMemory(memory=f"Fact {n}"))], Change()) for n in range(20)))
        return await db.anewest(ANA, None)

    assert sorted(m.memory for m in asyncio.run(run())) == sorted(f"Fact {n}" for n in range(20))


def test_a_diff_tells_a_user_s_memory_from_nobody_s_with_the_same_id(db: Db) -> None:
    team = Scope(None, "desk")
    db.apply(team, [Add(UserMemory(memory="Open till six", memory_id="same", visibility="team"))], Change())
    first = datetime.now(UTC)
    db.apply(ANA, [Add(UserMemory(memory="Likes tea", memory_id="same"))], Change())
    second = datetime.now(UTC)
    (moved,) = db.apply(ANA, [Update(Ref("same"), "Likes mate")], Change())
    assert [memory.memory for memory in db.diff(ANA, first, second).added] == ["Likes tea"]
    later = db.diff(ANA, second, datetime.now(UTC))
    assert [(before.memory, after.memory) for before, after in later.changed] == [("Likes tea", "Likes mate")]
    assert (later.added, later.removed) == ((), ())
    assert moved.memory_id != "same"
