"""A support desk: a team of three serves several users over several sessions, and remembers each.

    python -m coterie.examples.support_desk               # a scripted day; --db desk.db keeps what is remembered
    coterie run examples/support_desk.py "Where is order A-17?" --user ana@example.com
    coterie memory list --db support_desk.db --user ana@example.com

It needs no key and no network: without a model the members quote what they find. Set OPENAI_API_KEY, or OPENAI_BASE_URL
for a server of your own, and a real model answers.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, CoterieError, SqliteDb, Team
from coterie.graphs.spec import Graph
from coterie.memory.opening import store_at

ORDERS = {
    "A-17": "a hiking backpack, shipped on 18 November, arrives on 24 November",
    "B-42": "a camping stove, waiting for stock, expected on 2 December",
    "C-08": "trail shoes in size 38, delivered on 12 November",
}
ARTICLES = {
    "refund": "Refunds reach the card within 5 working days after the parcel is back.",
    "invoice": "Invoices are in the account under Orders, and are sent by mail on request.",
    "stove": "A stove that does not light: check the valve, then clean the nozzle with the pin in the lid.",
    "backpack": "The backpack's rain cover is in the zipped pocket at the bottom.",
}


def find_order(text: str) -> str:
    """Look up where an order is, by the order number in the text."""
    found = [f"Order {number}: {state}." for number, state in ORDERS.items() if number.lower() in text.lower()]
    return " ".join(found) or f"There is no order number in {text!r}; they look like A-17."


def search_articles(text: str) -> str:
    """Search the help articles on refund, invoice, stove and backpack."""
    found = [article for word, article in ARTICLES.items() if word in text.lower()]
    return " ".join(found) or "No help article fits."


team = Team(
    "desk",
    members=[
        Agent("orders", role="finds where an order or parcel is and when it arrives", tools=[find_order]),
        Agent("billing", role="answers questions on refund, invoice, payment and card", tools=[search_articles]),
        Agent("gear", role="helps with the use and repair of a stove, backpack or shoes", tools=[search_articles]),
    ],
    instructions="You run the support desk of an outdoor shop. Be brief and friendly.",
    db=SqliteDb("support_desk.db"),
    update_memory_on_run=True,
)


def graph() -> Graph:
    """What LangGraph Studio opens (see langgraph.json)."""
    return team.graph


DAY = [
    ("ana@example.com", "monday", "I'm Ana and I wear size 38. Where is my order A-17?"),
    ("ben@example.com", "monday", "My stove does not light. I only camp in winter."),
    ("chi@example.com", "monday", "我叫小池,我对羽绒过敏。Can I have an invoice for order C-08?"),
    ("ana@example.com", "monday", "And how long does a refund take? I pay by card."),
    ("ana@example.com", "friday", "Which size do I wear?"),
    ("ben@example.com", "friday", "When do I camp?"),
]
"""Who writes, in which session, and what."""


def serve_the_day() -> None:
    """Serve the day's requests, then show what is remembered of whom."""
    for user, session, message in DAY:
        print(f"\n--- {user}, {session}")
        team.print_response(message, user_id=user, session_id=f"{user}-{session}")
    print("\n--- What the desk remembers")
    for user in dict.fromkeys(user for user, _, _ in DAY):
        print(user)
        for memory in team.memory.get_user_memories(user_id=user):
            print(f"  {memory.memory}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    try:
        team.db = store_at(parser.parse_args(arguments).db)
        serve_the_day()
    except CoterieError as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
