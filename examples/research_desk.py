"""A research desk: a leader has two members look things up at once, and they share what they find.

    coterie examples run research_desk
    coterie examples show research_desk > desk.py
    coterie run desk.py "What does a battery cost?" --db desk.db --user ana --watch

The leader asks for both parts of a question in one step, so that both are looked up in parallel. What a member finds is
a note that the others are shown when they begin after it; notes last as long as the run. What lasts longer is what the
users said of themselves: the second question, a day later, is answered with it.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, SqliteDb, Team
from coterie.graphs.events import MemberFinished, MemberStarted, NoteShared, NotesRead
from coterie.memory.opening import store_at
from coterie.teams.output import RunFinished

PRICES = {
    "panels": "Solar panels cost 1,300 euros per kilowatt, mounted; 10 kilowatts need 50 square metres of roof.",
    "battery": "A battery costs 500 euros per kilowatt hour and lasts about 15 years.",
    "pump": "A heat pump for a house costs 18,000 to 28,000 euros, the pipes not included.",
}
RULES = {
    "panels": "Solar panels on a roof need no permit, but for listed buildings: those ask the heritage office first.",
    "battery": "A battery above 20 kilowatt hours needs a room of its own with a fire door, and the fire service told.",
    "pump": "A heat pump outdoors may make 35 decibels at the neighbour's window at night.",
}


def look_up_price(text: str) -> str:
    """Look up what panels, a battery or a heat pump cost."""
    return " ".join(price for word, price in PRICES.items() if word in text.lower()) or "There is no price for that."


def look_up_rule(text: str) -> str:
    """Look up which permit panels, a battery or a heat pump need."""
    return " ".join(rule for word, rule in RULES.items() if word in text.lower()) or "There is no rule for that."


costs = Agent("costs", role="finds what something costs", tools=[look_up_price])
permits = Agent("permits", role="finds which permit something needs", tools=[look_up_rule])
desk = Team(
    "desk",
    members=[costs, permits],
    mode="coordinate",
    instructions="You research for people who plan to renovate. Answer in a few sentences, from what members found.",
    db=SqliteDb(),
    update_memory_on_run=True,
)

QUESTIONS = [
    ("ana", "Our school's roof is listed. What do panels cost, and which permit do they need?"),
    ("ben", "I live on the ground floor. What does a heat pump cost, and do I need a permit?"),
    ("ana", "What does a battery cost, and is there a permit for the school's roof?"),
]
"""Who asks, and what. Each question is a session of its own."""


def research(user: str, question: str) -> None:
    """Answer a question, and show who worked on it and what was shared."""
    print(f"\n--- {user}: {question}")
    for event in desk.run(question, stream=True, user_id=user):
        match event:
            case MemberStarted():
                print(f"  {event.member} begins")
            case NoteShared():
                print(f"  {event.member} tells the others: {event.text.splitlines()[0]}")
            case NotesRead():
                print(f"  {event.source} reads {len(event.notes)} of their notes")
            case MemberFinished():
                print(f"  {event.member} failed: {event.error}" if event.error else f"  {event.member} has answered")
            case RunFinished():
                print(event.output)


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer the questions, then show what is remembered of whom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    desk.db = store_at(parser.parse_args(arguments).db)
    for user, question in QUESTIONS:
        research(user, question)
    print("\n--- What is remembered")
    for user in ("ana", "ben"):
        for memory in desk.memory.get_user_memories(user_id=user):
            print(f"{user}: {memory.memory}")


if __name__ == "__main__":
    main()
