import pytest

from coterie.memory.learning import learner
from coterie.memory.values import Message

CHEF = Message("tool", "Try a risotto.", "chef", "chef-1", "Plan a dinner for Ana, who eats no meat")
GUIDE = Message("tool", "The old town is near.", "guide", "guide-1", "Find a walk near the river for Ana and her dog")
TEAM = Message("tool", "Booked.", "desk", None, "Book a table without meat")


@pytest.mark.parametrize(
    ("quote", "agent_id"),
    [
        ("I eat no meat", "chef-1"),
        ("I have a dog", "guide-1"),
        ("I live in Lisbon", None),
        ("for Ana", None),
        ("", None),
        ("the", None),
    ],
)
def test_the_member_that_was_told_learnt_it(quote: str, agent_id: str | None) -> None:
    said = [Message("user", "I eat no meat and have a dog. I live in Lisbon"), CHEF, GUIDE, TEAM]
    assert learner(quote, said) == agent_id


def test_words_of_two_members_are_the_teams() -> None:
    twice = [CHEF, Message("tool", "No meat it is.", "waiter", "waiter-1", "Ana eats no meat")]
    assert learner("I eat no meat", twice) is None


def test_all_tasks_of_a_member_count() -> None:
    again = [CHEF, Message("tool", "Done.", "chef", "chef-1", "Something for her dog")]
    assert learner("I eat no meat and have a dog", again) == "chef-1"


def test_without_members_nobody_learnt_it() -> None:
    assert (
        learner("I eat no meat", [Message("user", "I eat no meat"), Message("tool", "I eat no meat", "search")]) is None
    )
