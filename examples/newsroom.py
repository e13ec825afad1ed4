"""A newsroom: reporter, editor and headliner work in sequence, and stop where there is no news.

    coterie examples run newsroom
    coterie examples show newsroom > newsroom.py
    coterie run newsroom.py "What is new about the bridge?" --db newsroom.db --user mia

Each member gets what the user asked for and what the one before it wrote; the last one's words are the article. When
the reporter finds nothing, the others have nothing to do, and are not asked. Who orders articles may say how they like
them: that is remembered for their next order, and nobody else's.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, SqliteDb, Team
from coterie.graphs import modes
from coterie.memory.opening import store_at

WIRE = {
    "bridge": "The old bridge closes on 3 March for six months; buses 4 and 9 go round by the mill.",
    "library": "The library opens on Sundays from May on. 4,100 people had signed for it.",
    "market": "The market moves to the station square while the town hall is repaired.",
}
"""What the agencies and the town hall sent today."""
NO_NEWS = "There is no news on this."


def search_wire(text: str) -> str:
    """Search today's reports for what is new."""
    return " ".join(report for word, report in WIRE.items() if word in text.lower()) or NO_NEWS


def no_news(answer: modes.Answer) -> bool:
    """Whether to stop here. The reporter's tool has said so, however the reporter puts it."""
    return any(message.text == NO_NEWS for message in answer.messages)


newsroom = Team(
    "newsroom",
    members=[
        Agent("reporter", instructions="Search the wire and note the facts. Add none.", tools=[search_wire]),
        Agent("editor", instructions="Turn the facts into two plain sentences, in the way the user likes them."),
        Agent("headliner", instructions="Put a headline of at most eight words above the text, and leave the text."),
    ],
    mode=modes.Sequence(stop_when=no_news),
    db=SqliteDb(),
    update_memory_on_run=True,
)

ORDERS = [
    ("mia", "What is new about the bridge? I write for people who go by bus."),
    ("tom", "What is new about the library? My readers are children."),
    ("mia", "What is new about the swimming pool?"),
    ("mia", "What is new about the market?"),
]
"""Who orders an article, and on what. Each order is a session of its own."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the articles, then show what is remembered of whom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    newsroom.db = store_at(parser.parse_args(arguments).db)
    for user, order in ORDERS:
        print(f"\n--- {user}")
        output = newsroom.print_response(order, user_id=user)
        print("Worked on by:", ", ".join(member.member for member in output.members))
    print("\n--- What is remembered")
    for user in ("mia", "tom"):
        for memory in newsroom.memory.get_user_memories(user_id=user):
            print(f"{user}: {memory.memory}")


if __name__ == "__main__":
    main()
