"""Filters of search and newest, compared with the same rules in plain Python."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import InputError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Ref, Update
from coterie.memory.values import EVERY, Filters, Scope, UserMemory
from tests.support.embedder import LetterEmbeddings

ANA = Scope("ana", "desk", "scout")
START = datetime(2024, 1, 1, tzinfo=UTC)
TOPICS = ["food", "work", "Food", "", 'a "quoted" one', "東京", "%"]
KINDS = ["fact", "plan", "x' OR 1"]
WRITERS = [("desk", "scout"), ("desk", "clerk"), ("lab", "scout")]
MEMORIES = 80

moments = st.integers(-2, 42).map(lambda days: START + timedelta(days=days))
optional_moments = st.none() | moments


@st.composite
def filters(draw: st.DrawFn) -> Filters:
    since, until = draw(optional_moments), draw(optional_moments)
    if since is not None and until is not None and since >= until:
        until = None
    return Filters(
        topics=draw(st.lists(st.sampled_from([*TOPICS, "unknown"]), max_size=3)),
        agent_id=draw(st.sampled_from([None, None, "scout", "clerk", "nobody"])),
        team_id=draw(st.sampled_from([None, None, "desk", "lab"])),
        kinds=tuple(draw(st.lists(st.sampled_from(KINDS), max_size=2))),
        since=since,
        until=until,
        true_at=draw(optional_moments),
    )


def fits(memory: UserMemory, wanted: Filters) -> bool:
    now = wanted.true_at or datetime.now(UTC)
    assert memory.created_at is not None
    happened = memory.event_at or memory.created_at
    return (
        all(end is None or end > now for end in (memory.valid_until, memory.expires_at))
        and (wanted.true_at is None or memory.created_at <= wanted.true_at)
        and (not wanted.topics or bool(set(wanted.topics) & set(memory.topics)))
        and wanted.agent_id in (None, memory.agent_id)
        and wanted.team_id in (None, memory.team_id)
        and (not wanted.kinds or memory.kind in wanted.kinds)
        and (wanted.since is None or happened >= wanted.since)
        and (wanted.until is None or happened < wanted.until)
    )


def filled(db: Db) -> list[UserMemory]:
    """Memories that differ in whatever can be filtered by."""
    chosen = random.Random(0)

    def some_day(share: float) -> datetime | None:
        return START + timedelta(days=chosen.randrange(40)) if chosen.random() < share else None

    made = []
    for number in range(MEMORIES):
        team, agent = chosen.choice(WRITERS)
        memory = UserMemory(
            memory=f"Likes tea number {number}",
            topics=chosen.sample(TOPICS, chosen.randrange(3)),
            kind=chosen.choice(KINDS),
            team_id=team,
            agent_id=agent,
            created_at=START + timedelta(days=number % 40),
            event_at=some_day(0.5),
            valid_until=some_day(0.3),
            expires_at=some_day(0.2),
        )
        made.append(Add(memory))
    return [one.after for applied in db.apply(ANA, made, Change()) for one in applied.revisions if one.after]


def test_filters_take_what_the_same_rules_in_python_take(opened: Callable[..., Db]) -> None:
    db, meaning = opened(), opened(LetterEmbeddings())
    memories = filled(meaning)

    @settings(max_examples=60)
    @given(filters())
    def same(wanted: Filters) -> None:
        expected = {memory.memory_id for memory in memories if fits(memory, wanted)}
        assert {memory.memory_id for memory in db.newest(ANA, None, wanted)} == expected
        assert {hit.memory.memory_id for hit in db.search(ANA, "tea", None, wanted)} == expected
        assert {hit.memory.memory_id for hit in meaning.search(ANA, "tea", None, wanted)} == expected
        assert {hit.memory.memory_id for hit in meaning.search(ANA, "beverage", None, wanted)} == expected
        assert len(meaning.search(ANA, "beverage", 3, wanted)) == min(3, len(expected))
        few = db.newest(ANA, 3, wanted)
        assert few == db.newest(ANA, None, wanted)[:3]

    same()


def test_a_closed_statement_is_found_at_the_time_it_held(db: Db) -> None:
    (added,) = db.apply(ANA, [Add(UserMemory(memory="Lives in Lisbon", created_at=START))], Change())
    between = START + timedelta(days=1)
    db.apply(ANA, [Update(Ref(added.memory_id), "Lives in Porto")], Change())
    assert [hit.memory.memory for hit in db.search(ANA, "lives")] == ["Lives in Porto"]
    then = Filters(true_at=between)
    assert [hit.memory.memory for hit in db.search(ANA, "lives", filters=then)] == ["Lives in Lisbon"]
    assert [memory.memory for memory in db.newest(ANA, filters=then)] == ["Lives in Lisbon"]


def test_filters_never_show_more_than_the_scope_may_read(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="Tea, a secret", visibility="agent", topics=["food"]))], Change())
    for filters in (EVERY, Filters(agent_id="scout"), Filters(topics=["food"]), Filters(team_id="desk")):
        for scope in (Scope("ana", "desk", "clerk"), Scope("ben", "desk", "scout"), Scope()):
            assert (db.newest(scope, None, filters), db.search(scope, "tea", None, filters)) == ([], [])


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (lambda: Filters(topics="food"), "topics is 'food': give a list of texts"),
        (lambda: Filters(kinds=cast(Any, 3)), "kinds is 3: give a list of texts"),
        (lambda: Filters(topics=["a\0b"]), "one of topics .* NUL"),
        (lambda: Filters(topics=cast(Any, [3])), "one of topics is 3: give a text"),
        (lambda: Filters(agent_id=" "), "agent_id is ' ': give a text that is not empty"),
        (lambda: Filters(team_id="\ud800"), "team_id .* not valid Unicode"),
        (lambda: Filters(since=datetime(2024, 1, 1)), "since is .* time zone"),
        (lambda: Filters(true_at=cast(Any, "today")), "true_at is 'today': give a datetime"),
        (lambda: Filters(since=START, until=START), "since is 2024-01-01.* give an until that is later"),
        (lambda: {"topics": ["food"]}, "filters is .*: give a Filters"),
    ],
)
def test_filters_that_cannot_be_used_are_refused_in_one_sentence(
    db: Db, filters: Callable[[], Filters], said: str
) -> None:
    for verb in (lambda: db.newest(ANA, 3, filters()), lambda: db.search(ANA, "tea", 3, filters())):
        with pytest.raises(InputError, match=said) as raised:
            verb()
        assert "\n" not in str(raised.value)
