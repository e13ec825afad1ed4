"""All the commands together."""

from typing import Annotated

import typer

from coterie.cli import (
    chat,
    config,
    curate,
    database,
    doctor,
    erase,
    examples,
    graph,
    memory,
    new,
    optimize,
    past,
    replay,
    review,
    run,
    runs,
    schema,
    session,
    stats,
    transfer,
    ui,
)

app = typer.Typer(
    name="coterie",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Teams of LLM agents that share one memory.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 declined, 4 not found, 5 no model, 6 database locked, old.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from coterie import __version__

        print(f"coterie {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None: ...


RUN, SEE, REMEMBER, LOOK_AFTER = "Run", "See", "Remember", "Look after"

app.command("new", rich_help_panel=RUN)(new.new)
app.add_typer(examples.app, name="examples", rich_help_panel=RUN)
app.command("run", rich_help_panel=RUN)(run.run)
app.command("chat", rich_help_panel=RUN)(chat.chat)
app.command("graph", rich_help_panel=SEE)(graph.graph)
app.add_typer(runs.app, name="runs", rich_help_panel=SEE)
app.command("replay", rich_help_panel=SEE)(replay.replay)
app.command("ui", rich_help_panel=SEE)(ui.ui)
app.add_typer(memory.app, name="memory", rich_help_panel=REMEMBER)
memory.app.command()(past.history)
memory.app.command()(past.undo)
memory.app.command()(past.as_of)
memory.app.command()(past.diff)
memory.app.command()(optimize.optimize)
memory.app.command()(review.refused)
memory.app.command()(review.review)
memory.app.command("export")(transfer.export)
memory.app.command("import")(transfer.import_)
memory.app.command()(stats.stats)
memory.app.command()(erase.erase)
app.add_typer(session.app, name="session", rich_help_panel=REMEMBER)
app.command("curate", rich_help_panel=REMEMBER)(curate.curate)
app.add_typer(database.app, name="db", rich_help_panel=LOOK_AFTER)
app.command("doctor", rich_help_panel=LOOK_AFTER)(doctor.doctor)
app.command("config", rich_help_panel=LOOK_AFTER)(config.config)
app.command("schema", rich_help_panel=LOOK_AFTER)(schema.schema)
