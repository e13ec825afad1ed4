"""A project by a list of tasks, with owners and dependencies, that goes on after it was broken off.

    coterie examples run project                   # broken off after two tasks, then gone on with
    coterie examples run project --db party.db     # the list is kept in a file, for another process

A leader in mode "tasks" keeps a list. What depends on nothing is done at once, in parallel; the rest when what it
waits for is done, with the results at hand. Each change of the list is written to the store, so a run that is broken
off (Ctrl-C, a crash, a closed laptop) leaves it as it was, and the next run of the session does what is open.

It needs no key: the leader's plan is then the one written below. With OPENAI_API_KEY or OPENAI_BASE_URL set, a model
makes the plan.
"""

import argparse
import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from coterie import Agent, OfflineModel, Team
from coterie.graphs.events import TaskChanged
from coterie.memory.db import Db
from coterie.memory.models import chat_model
from coterie.memory.opening import store_at
from coterie.teams.output import RunFinished

WISH = "Plan the summer party for 40 guests: hall, food, budget, invitation."
PLAN = [
    {"id": "hall", "owner": "scout", "task": "Find a hall for 40 guests."},
    {"id": "food", "owner": "scout", "task": "Find food for 40 guests."},
    {"id": "budget", "owner": "accountant", "task": "Add up the budget.", "depends_on": ["hall", "food"]},
    {"id": "letter", "owner": "writer", "task": "Write the invitation.", "depends_on": ["hall", "budget"]},
]


class Planner(OfflineModel):
    """Stands in for a model that plans: it adds the tasks above where there are none yet."""

    def answer(self, messages: list[BaseMessage]) -> AIMessage:
        """A call of the leader's function ``add_tasks``; whatever else is asked, the offline model answers."""
        plans = any(tool["name"] == "add_tasks" for tool in self.tools)
        if plans and not any("<tasks>" in message.text for message in messages):
            return AIMessage("", tool_calls=[{"name": "add_tasks", "args": {"tasks": PLAN}, "id": "plan"}])
        return super().answer(messages)


def find_offers(text: str) -> str:
    """Look up offers for a hall and for food."""
    offers = {"hall": "The boathouse by the lake, 400 euros.", "food": "Garden Grill, 18 euros for each guest."}
    return " ".join(offer for word, offer in offers.items() if word in text.lower()) or "Ask for a hall or for food."


def add_up(text: str) -> str:
    """Add up the budget. The text has the price of the hall, then that of the food for each guest, in euros."""
    prices = [int(price) for price in re.findall(r"(\d+) euros", text)]
    return f"{prices[0] + 40 * prices[1]} euros for 40 guests." if len(prices) > 1 else "Give both prices, in euros."


def print_cards(text: str) -> str:
    """Write and print the invitation. The text has the hall."""
    where = re.search(r"boathouse[^,.]*", text, re.IGNORECASE)
    return f"Come to our summer party! Place: {where[0]}." if where else "Give the hall."


def project(db: Db) -> Team:
    """A leader with a list, and three who do what is on it."""
    return Team(
        "project",
        members=[
            Agent("scout", role="finds offers for a hall and food", tools=[find_offers]),
            Agent("accountant", role="adds up the budget", tools=[add_up]),
            Agent("writer", role="writes the invitation", tools=[print_cards]),
        ],
        mode="tasks",
        model=chat_model() or Planner(),
        db=db,
    )


team = project(store_at(":memory:"))


def work(team: Team, wish: str, stop_after: int | None = None) -> None:
    """Run the team, and tell of each task as it changes. After so many that are done, break off, as Ctrl-C would."""
    done = 0
    for event in team.run(wish, stream=True, user_id="ana@example.com", session_id="party"):
        if isinstance(event, TaskChanged):
            print(f"  {event.task.status:8}{event.task.id:8}{event.task.owner:12}{event.task.task}")
            done += event.task.status == "done"
        elif isinstance(event, RunFinished):
            print(event.output.content)
        if done == stop_after:
            print("  ... broken off")
            break


def main(arguments: Sequence[str] | None = None) -> None:
    """Begin the project, break off, and have a new team go on with it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    db = store_at(parser.parse_args(arguments).db)
    print(f"> {WISH}")
    work(project(db), WISH, stop_after=2)
    print("> Go on with what is open.")
    work(project(db), "Go on with what is open.")


if __name__ == "__main__":
    main()
