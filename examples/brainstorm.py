"""A brainstorm: all answer at once, a function joins their ideas, and a member that fails is named.

    coterie examples run brainstorm
    coterie examples show brainstorm > party.py
    coterie run party.py "Ideas for a party with 90 euros?" --db party.db --user kim

Nobody waits for anybody: the members are asked in parallel. The join is a plain function that gets each one's answer,
or why there is none; without it a model makes one answer of them. The treasurer refuses, by a hook, what names no sum:
the others' ideas still come. What a user says of the house is remembered, and the next round is asked with it.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, SqliteDb, Team
from coterie.graphs.modes import Answer, Broadcast
from coterie.graphs.state import RunContext
from coterie.memory.opening import store_at


def find_food(text: str) -> str:
    """Ideas for what to eat at a party."""
    return "pumpkin soup from one big pot" if "autumn" in text.lower() else "flatbread and a table of salads"


def find_games(text: str) -> str:
    """Ideas for what to play at a party."""
    return "a quiz by candlelight" if "autumn" in text.lower() else "a tug of war between the stairs"


def split_budget(text: str) -> str:
    """Ideas for how to spend the euros of a party."""
    euros = max((int(word) for word in text.split() if word.isdigit()), default=0)
    return f"{euros * 2 // 3} euros for food, {euros - euros * 2 // 3} for the rest"


def needs_a_sum(text: str, context: RunContext) -> None:
    """Refuse a question without a number in it."""
    if not any(word.isdigit() for word in text.split()):
        raise ValueError("say how many euros there are")


def as_list(answers: Sequence[Answer]) -> str:
    """Each member's ideas in a line, in the members' order; of those that failed the reason."""
    return "\n".join(f"- {each.said}" if each.error else f"- {each.member}: {each.content}" for each in answers)


party = Team(
    "party",
    members=[
        Agent("cook", instructions="Name one dish that fits all.", tools=[find_food]),
        Agent("host", instructions="Name one game that fits all.", tools=[find_games]),
        Agent("treasurer", instructions="Split the money.", tools=[split_budget], pre_hooks=[needs_a_sum]),
    ],
    mode=Broadcast(join=as_list),
    instructions="You plan parties for the people of a house. Be brief.",
    db=SqliteDb(),
    update_memory_on_run=True,
)

ROUNDS = [
    ("kim", "Half of us are vegetarian. Any ideas for a summer party?"),
    ("lou", "We have no garden. Any ideas for a summer party with 90 euros?"),
    ("kim", "Any ideas for an autumn party with 150 euros?"),
]
"""Who asks, and for what. Each round is a session of its own."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Brainstorm, then show what is remembered of whom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    party.db = store_at(parser.parse_args(arguments).db)
    for user, question in ROUNDS:
        print(f"\n--- {user}")
        party.print_response(question, user_id=user)
    print("\n--- What is remembered")
    for user in ("kim", "lou"):
        for memory in party.memory.get_user_memories(user_id=user):
            print(f"{user}: {memory.memory}")


if __name__ == "__main__":
    main()
