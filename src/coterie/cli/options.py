"""The arguments and options that several commands have."""

from typing import Annotated

import typer

from coterie.cli.texts import argument

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE[:NAME]",
        show_default=False,
        help="A Python or YAML file, and which of its agents and teams; else its one team, or its one agent.",
    ),
]
User = Annotated[str | None, typer.Option("--user", "-u", metavar="ID", callback=argument, help="Whose memories.")]
RunsUser = Annotated[str | None, typer.Option("--user", "-u", metavar="ID", callback=argument, help="Whose runs.")]
OneUser = Annotated[
    str,
    typer.Option("--user", "-u", metavar="ID", callback=argument, show_default=False, help="Whose memories."),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="NAME", callback=argument, help="A model of the configured server."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Show who is at work, and how the memory changes, as it happens.")]
RunDb = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="PATH|URL",
        envvar="COTERIE_DB",
        help="A SQLite file or a postgresql:// URL, instead of the store that FILE names.",
    ),
]
Db = Annotated[
    str,
    typer.Option("--db", metavar="PATH|URL", envvar="COTERIE_DB", help="A SQLite file or a postgresql:// URL."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_DB = "coterie.db"
