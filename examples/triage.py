"""Triage at a vet's: a router sends each question to the one who can answer it, else to the reception.

    coterie examples run triage
    coterie examples show triage > vet.py
    coterie run vet.py "My cat Tim ate a lily!" --db vet.db --user uli

The router only picks; the words of the one who was picked reach the user unchanged. What fits nobody goes to the
fallback. All of them share what is remembered of a user: who rings about a dog need not say again how heavy it is.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, SqliteDb, Team
from coterie.graphs.modes import Route
from coterie.memory.opening import store_at

FIRST_AID = {
    "chocolate": "Chocolate: above 20 grams of dark chocolate a kilo of dog it is dangerous; come in at once.",
    "lily": "Lily: every part is poison to cats. Take the plant away, let nothing be eaten, come in at once.",
    "bleed": "Bleeding: press a clean cloth on the wound, do not look under it, come in at once.",
}
FREE = {"vaccination": "Tuesday 10:20 or Thursday 16:00", "check": "Wednesday 9:40"}


def first_aid(text: str) -> str:
    """What to do at once when an animal ate poison, or bleeds."""
    found = [advice for word, advice in FIRST_AID.items() if word in text.lower()]
    return " ".join(found) or "Keep it warm and quiet, and come in at once."


def free_appointments(text: str) -> str:
    """Look up the free appointments for a vaccination or a check."""
    found = [f"Free for a {what}: {when}." for what, when in FREE.items() if what in text.lower()]
    return " ".join(found) or "The calendar knows a vaccination and a check."


practice = Team(
    "practice",
    members=[
        Agent("urgent", role="says what to do when an animal ate something, is hurt or bleeds", tools=[first_aid]),
        Agent("calendar", role="gives an appointment for a vaccination or a check", tools=[free_appointments]),
        Agent("reception", instructions="Say who answers that, or that somebody will ring back. Make nothing up."),
    ],
    mode=Route(fallback="reception"),
    db=SqliteDb(),
    update_memory_on_run=True,
)

CALLS = [
    ("zoe", "My dog Rex weighs 30 kilos. When is there an appointment for a vaccination?"),
    ("uli", "My cat Tim is three years old and ate a lily! What now?"),
    ("zoe", "Rex ate chocolate! Is that dangerous?"),
    ("uli", "Do you sell leads?"),
]
"""Who rings, and what is asked. Each call is a session of its own."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer the calls, then show what is remembered of whom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    practice.db = store_at(parser.parse_args(arguments).db)
    for user, question in CALLS:
        print(f"\n--- {user}")
        output = practice.print_response(question, user_id=user)
        unchanged = [member.member for member in output.members if member.content == output.content]
        print("In the words of:", *unchanged)
    print("\n--- What is remembered")
    for user in ("zoe", "uli"):
        for memory in practice.memory.get_user_memories(user_id=user):
            print(f"{user}: {memory.memory}")


if __name__ == "__main__":
    main()
