"""``coterie doctor``: what is there, what is missing, and how to get it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from coterie.cli.codes import Code
from coterie.cli.findings import Finding, lines
from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json
from coterie.cli.stores import store
from coterie.errors import InputError, StoreError

if TYPE_CHECKING:
    from coterie.memory.probes import Probe


def doctor(db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Look at what is installed, the model's server and the database: what is missing, and how to get it.

    It changes nothing. It ends with 1 if something is broken; what is only missing can be had, and is not needed.
    """
    from coterie.cli.checkups import installed, model, surroundings

    found = []
    for finding in (*installed(), model(), *database(db), *surroundings()):
        found.append(finding)
        if not json:
            print(*lines([finding]), sep="\n", flush=True)
    if json:
        print_json(found)
    broken = sum(finding.state == "broken" for finding in found)
    said = "Nothing is broken." if not broken else f"{broken} {'thing is' if broken == 1 else 'things are'} broken."
    print(said, file=sys.stderr)
    if broken:
        raise typer.Exit(Code.FAILED)


def database(address: str) -> Iterator[Finding]:
    """What can be said of the database without changing it."""
    try:
        with store(address) as opened:
            name, probe = opened.name, opened.probe()
    except (InputError, StoreError) as error:
        yield Finding("broken", "database", str(error))
        return
    yield from _schema(name, probe)
    if probe.locked:
        advice = "Wait for the process that writes to it, or end it."
        yield Finding("broken", "lock", f"{name} is locked: somebody is writing to it.", advice)
    if not probe.text_search:
        said = f"{probe.engine} comes without FTS5, full text search."
        yield Finding("broken", "search", said, "Take a Python whose SQLite has it.")
    if probe.user is not None:
        yield from _of_server(name, probe)


def _schema(name: str, probe: "Probe") -> Iterator[Finding]:
    """Whether it is there, and can be used."""
    from coterie.memory.schema import HEAD

    if not probe.writable:
        made = "" if probe.there else ", and is not there"
        yield Finding("broken" if made else "note", "database", f"{name} may not be written{made} ({probe.engine}).")
    if not probe.there:
        if probe.writable:
            said = f"{name} is not there yet ({probe.engine})."
            yield Finding("note", "database", said, "The first thing that is kept makes it.")
    elif probe.schema == HEAD:
        yield Finding("ok", "database", f"{name} has schema {HEAD}, the newest ({probe.engine}).")
    elif probe.schema is None:
        said = f"{name} has none of coterie's tables yet ({probe.engine})."
        yield Finding("note", "database", said, "The first use makes them; so does: coterie db upgrade")
    else:
        said = f"{name} has schema {probe.schema}, the newest is {HEAD} ({probe.engine})."
        yield Finding("note", "database", said, "The next use upgrades it; so does: coterie db upgrade")


def _of_server(name: str, probe: "Probe") -> Iterator[Finding]:
    """What only a server has."""
    if probe.walled is False:
        said = f"For the role {probe.user} no wall stands between users (a superuser, or BYPASSRLS)."
        yield Finding("note", "wall", said, "Give agents a role without special rights.")
    elif probe.walled:
        yield Finding("ok", "wall", f"The database keeps users apart for the role {probe.user}.")
    if not probe.may_create and probe.schema is None:
        said = f"The role {probe.user} may not make tables in {name}."
        yield Finding("broken", "rights", said, f"GRANT CREATE ON SCHEMA public TO {probe.user}")
    has = f"version {probe.pgvector} is there" if probe.pgvector else "it is not there"
    yield Finding("ok", "pgvector", f"Not needed ({has}): vectors are compared in coterie itself.")
