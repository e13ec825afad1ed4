"""All the commands together."""

from typing import Annotated

import typer

from coterie.cli import (
    chat,
    config,
    curate,
    database,
    doctor,
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
    transfer,
    ui,
)

app = typer.Typer(
    name="coterie",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Teams of LLM agents that share one memory.",
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


app.command("new")(new.new)
app.command("run")(run.run)
app.command("chat")(chat.chat)
app.command("graph")(graph.graph)
app.command("ui")(ui.ui)
app.command("replay")(replay.replay)
app.command("schema")(schema.schema)
app.add_typer(memory.app, name="memory")
app.command("curate")(curate.curate)
memory.app.command()(past.history)
memory.app.command()(past.undo)
memory.app.command()(past.as_of)
memory.app.command()(past.diff)
memory.app.command()(optimize.optimize)
memory.app.command()(review.refused)
memory.app.command()(review.review)
memory.app.command("export")(transfer.export)
memory.app.command("import")(transfer.import_)
app.add_typer(runs.app, name="runs")
app.add_typer(session.app, name="session")
app.add_typer(database.app, name="db")
app.command("doctor")(doctor.doctor)
app.command("config")(config.config)
