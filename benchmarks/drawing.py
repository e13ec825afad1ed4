"""What drawing a team costs: CPU milliseconds for the SVG, at 5, 50 and 200 boxes.

    python -m benchmarks.drawing [--rounds 20]

Boxes are steps and frames. Each figure is the median of the rounds; the picture is made before, from the same teams.
"""

import argparse
import time
from statistics import median

from rich.console import Console
from rich.table import Table

from coterie import Agent, SqliteDb, Team
from coterie.graphs.picture import Picture
from coterie.graphs.picturing import picture
from coterie.graphs.svg import svg

MARK_MS = 50.0
"""What 50 boxes are to stay under."""


def search(text: str) -> str:
    """Search."""
    return text


def cases() -> dict[str, Picture]:
    """Pictures by what they show."""
    store = SqliteDb("desk.db")

    def team(name: str, members: int, mode: str) -> Team:
        return Team(name, [Agent(f"member {number}", tools=[search]) for number in range(members)], mode=mode)

    def company(teams: int, members: int, mode: str) -> Team:
        parts = [team(f"team {number}", members, mode) for number in range(teams)]
        return Team("company", parts, db=store, update_memory_on_run=True)

    return {
        "an agent": picture(Agent("assistant", tools=[search], db=store).spec()),
        "a company of 2 teams of 5": picture(company(2, 5, "coordinate").spec()),
        "a company of 8 teams of 6": picture(company(8, 6, "coordinate").spec()),
        "a company of 8 swarms of 6": picture(company(8, 6, "swarm").spec()),
    }


def cpu_ms(shown: Picture, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        svg(shown)
        taken.append(1000 * (time.process_time() - begin))
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description="What drawing a team costs.")
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    table = Table("drawn", "boxes", "edges", "CPU ms", "SVG kB", title=f"SVG (mark: {MARK_MS:g} ms at 50 boxes)")
    for name, shown in cases().items():
        boxes = len(list(shown.nodes())) + len(list(shown.clusters()))
        size = f"{len(svg(shown)) / 1000:.0f}"
        table.add_row(name, str(boxes), str(len(shown.edges)), f"{cpu_ms(shown, rounds):.1f}", size)
    Console().print(table)


if __name__ == "__main__":
    main()
