"""``coterie memory export`` and ``import``: memories with their history, as lines of JSON."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from coterie.cli.asking import DryRun, say_if_dry
from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, User
from coterie.cli.progress import counted, measured
from coterie.cli.stores import changing, store
from coterie.errors import CoterieError, InputError, TransferError
from coterie.text import several

if TYPE_CHECKING:
    from coterie.memory.edits import Imported

Everybody = Annotated[bool, typer.Option("--everybody", help="Those of all users, and those about nobody.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; else stdout.", show_default=False)
]
File = Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="What `export` wrote; - reads stdin.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out lines that cannot be taken, and list them, instead of stopping.")
]
HighestTrust = Annotated[
    Literal["user", "agent", "tool", "outside"],
    typer.Option("--trust", help="The highest trust that anything keeps; `outside` for a file of somebody else's."),
]


def export(user: User = None, everybody: Everybody = False, output: Output = None, db: Db = DEFAULT_DB) -> None:
    """Write memories with all their revisions as lines of JSON, as they stand at this moment."""
    if (user is None) != everybody:
        raise InputError("Whose memories? Give one of: --user ID, --everybody.")
    with store(db, must_exist=True) as opened, _written(output) as file:
        count = -1  # the header
        lines = opened.export_memories(user, everybody=everybody)
        for line in counted(lines, "memories", on_stdout=_is_stdout(output)):
            file.write(line.encode() + b"\n")
            count += 1
    print(f"{_memories(count)} exported.", file=sys.stderr)


def _is_stdout(output: Path | None) -> bool:
    return output is None or str(output) == "-"


@contextmanager
def _written(output: Path | None) -> Iterator[IO[bytes]]:
    """A file that is there under its name when it is whole, not before."""
    if output is None or _is_stdout(output):
        yield sys.stdout.buffer
        return
    if output.exists() and not output.is_file():  # a pipe, a device
        with output.open("wb") as file:
            yield file
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def import_(
    file: File,
    db: Db = DEFAULT_DB,
    skip_bad: SkipBad = False,
    trust: HighestTrust = "user",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Store the memories of an export exactly as they were. What is there already stays as it is.

    A line that cannot be taken stops it. Run it again when that is corrected: it goes on.
    """
    with _read(file) as lines, changing(db, dry_run=dry_run) as opened:
        try:
            done = opened.import_memories(lines, trust=trust, skip=skip_bad, dry_run=dry_run)
        except TransferError as error:
            raise CoterieError(_stopped(error, dry_run)) from None
    if json:
        print_json(done)
    _tell(done, dry_run)
    say_if_dry(dry_run)
    if done.refused:
        raise typer.Exit(1)


@contextmanager
def _read(name: str) -> Iterator[Iterator[bytes]]:
    if name == "-":
        yield measured(sys.stdin.buffer, "importing", None)
        return
    if not Path(name).exists():
        raise InputError(f"{name!r} does not exist: give what `coterie memory export` wrote, or - for stdin.")
    with Path(name).open("rb") as file:
        yield measured(file, "importing", os.stat(file.fileno()).st_size or None)


def _stopped(error: TransferError, dry_run: bool) -> str:
    """The error, with what to do in the words of the command line."""
    if dry_run:
        return f"{error.reason} The import would stop there: correct it, or leave out such lines with --skip-bad."
    return (
        f"{error.reason} {_memories(error.imported)} imported, {error.unchanged:,} unchanged; of the lines around this"
        " one nothing. Correct it and import again, which goes on; or leave out such lines with --skip-bad."
    )


def _tell(done: "Imported", dry_run: bool) -> None:
    for refused in done.refused:
        print(f"line {refused.line}: {refused.reason}", file=sys.stderr)
    imported = f"{_memories(done.imported)} {'would be imported' if dry_run else 'imported'}"
    print(f"{imported}, {done.unchanged:,} unchanged, {len(done.refused):,} refused.", file=sys.stderr)


def _memories(count: int) -> str:
    return several(count, "memory", "memories")
