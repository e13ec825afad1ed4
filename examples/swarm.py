"""A swarm of specialists: they hand a conversation over, and whoever has it goes on in the next run.

    coterie examples run swarm
    coterie examples show swarm > travel.py
    coterie run travel.py "A flight to Oslo?" --db travel.db --user eva --session trip

There is no leader. The desk takes the first question, and hands over to flights or hotels; those answer the user
themselves, go on when the user does, and hand over to each other. The store keeps who has the conversation, so that the
next run may happen tomorrow, in another process. What a user says is remembered for all conversations.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, SqliteDb, Team
from coterie.graphs.modes import Swarm
from coterie.memory.opening import store_at

FLIGHTS = {"oslo": "Oslo at 7:10 and 13:40, 2 hours", "lisbon": "Lisbon at 9:55, 3 hours"}
HOTELS = {"oslo": "Oslo: Fjordgata 5, quiet, 120 euros a night", "lisbon": "Lisbon: Casa Alta, on a hill, 95 euros"}


def find_flights(text: str) -> str:
    """Find a flight to a city."""
    return "; ".join(flight for city, flight in FLIGHTS.items() if city in text.lower()) or "Which city?"


def find_hotels(text: str) -> str:
    """Find a hotel room in a city."""
    return "; ".join(hotel for city, hotel in HOTELS.items() if city in text.lower()) or "Which city?"


travel = Team(
    "travel",
    members=[
        Agent("desk", role="welcomes people", instructions="Hand over what others know. Promise nothing."),
        Agent("flights", role="knows each flight and its seats", tools=[find_flights]),
        Agent("hotels", role="knows each hotel and its rooms", tools=[find_hotels]),
    ],
    mode=Swarm(first="desk", handoffs={"flights": ["hotels"], "hotels": ["flights"]}),
    db=SqliteDb(),
    update_memory_on_run=True,
)

TALK = [
    ("eva", "trip", "I travel with a small child. Is there a flight to Oslo?"),
    ("ole", "summer", "I sleep badly near streets. Which hotel in Lisbon is quiet?"),
    ("eva", "trip", "Do the seats cost more by the window?"),
    ("eva", "trip", "And which hotel in Oslo?"),
    ("ole", "winter", "Is there a flight to Oslo?"),
]
"""Who writes, in which conversation, and what."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer, show who had the conversation, then what is remembered of whom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    travel.db = store_at(parser.parse_args(arguments).db)
    for user, session, message in TALK:
        print(f"\n--- {user}, {session}")
        output = travel.print_response(message, user_id=user, session_id=f"{user}-{session}")
        print("The conversation went:", " -> ".join(member.member for member in output.members))
    print("\n--- What is remembered")
    for user in ("eva", "ole"):
        for memory in travel.memory.get_user_memories(user_id=user):
            print(f"{user}: {memory.memory}")


if __name__ == "__main__":
    main()
