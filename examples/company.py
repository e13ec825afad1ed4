"""A company of departments: teams in a team, each working in a way of its own, with one memory.

    coterie examples run company
    coterie examples show company > bicycles.py
    coterie run bicycles.py "Test the lights of my bicycle!" --db bicycles.db --user ana --watch

The company's leader gives work to departments (coordinate). Support picks the one who answers (route), the lab has all
of its testers look at a thing at once (broadcast), the workshop goes step by step (sequence). One curator, the
company's, keeps what customers say of themselves; every member, however deep, is shown it.

It needs no key and no network: without a model everybody quotes what they find.
"""

import argparse
from collections.abc import Sequence

from coterie import Agent, Team
from coterie.memory.db import Db
from coterie.memory.opening import store_at


def find_order(text: str) -> str:
    """Look up where an order is."""
    return "Order B-7, a bicycle, arrives on Friday."


def find_invoice(text: str) -> str:
    """Look up an invoice and its payment."""
    return "Invoice B-7: 640 euros, paid."


def test_brakes(text: str) -> str:
    """Test the brakes of a bicycle."""
    return "The brakes squeak when wet, and hold."


def test_lights(text: str) -> str:
    """Test the lights of a bicycle."""
    return "The lights fail below 5 degrees: a loose contact."


def find_fault(text: str) -> str:
    """Find the fault to repair."""
    return "The chain is worn: 0.9 percent longer than new."


def price_repair(text: str) -> str:
    """Price a repair."""
    return "A chain is 25 euros, the work 15."


def company(db: Db) -> Team:
    """A team of three departments, each a team of another mode."""
    support = Team(
        "support",
        members=[
            Agent("orders", role="orders and deliveries", tools=[find_order]),
            Agent("billing", role="invoices and payments", tools=[find_invoice]),
        ],
        mode="route",
        role="answers a customer about an order, a delivery, an invoice",
    )
    lab = Team(
        "lab",
        members=[
            Agent("mechanic", role="brakes", tools=[test_brakes]),
            Agent("electrician", role="lights", tools=[test_lights]),
        ],
        mode="broadcast",
        role="tests a bicycle: brakes and lights",
    )
    workshop = Team(
        "workshop",
        members=[
            Agent("inspector", role="finds faults to repair", tools=[find_fault]),
            Agent("estimator", role="prices repairs", tools=[price_repair]),
        ],
        mode="sequence",
        role="estimates a repair",
    )
    return Team("company", members=[support, lab, workshop], db=db, update_memory_on_run=True)


team = company(store_at(":memory:"))

REQUESTS = [
    "I'm Ana, I cycle to work in the rain. When is the delivery of my order?",
    "Can you test the lights and brakes of my bicycle, for rain?",
    "And what would the repair of its chain cost?",
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the company, then serve a customer, and show who answered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    firm = company(store_at(parser.parse_args(arguments).db))
    print(firm.draw())
    for request in REQUESTS:
        print(f"\n> {request}")
        output = firm.run(request, user_id="ana@example.com")
        for member in output.members:
            print(f"  {member.path}/{member.member} answered")
        print(output)
    print("\nRemembered of Ana:")
    for memory in firm.memory.get_user_memories("ana@example.com"):
        print(f"  {memory.memory}")


if __name__ == "__main__":
    main()
