"""``coterie graph``: a drawing of an agent or a team."""

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import File
from coterie.cli.targets import load
from coterie.cli.texts import can_print
from coterie.errors import InputError

if TYPE_CHECKING:
    from coterie.graphs.picture import Picture


def _formats(begun: str) -> list[str]:
    """What a shell completes a format to."""
    from coterie.graphs.draw import FORMATS

    return [name for name in FORMATS if name.startswith(begun)]


Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        autocompletion=_formats,
        help="tree, ascii, svg, png, mermaid, dot, json or html; else what OUT ends in; else tree.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="OUT", help="A file: .txt, .svg, .png, .mmd, .dot, .json, .html. None, or -: stdout."
    ),
]
Depth = Annotated[
    int | None,
    typer.Option("--depth", metavar="N", help="How many levels have their steps drawn; the rest are a box each."),
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
NoMemory = Annotated[
    bool, typer.Option("--no-memory", help="Leave out the memory, and the steps that only read and write it.")
]
LINES = "│├╰─┄▷◀▶║╢═╝◆·…"


def graph(
    file: File,
    format: Format = None,
    output: Output = None,
    depth: Depth = None,
    no_memory: NoMemory = False,
    json: AsJson = False,
) -> None:
    """Draw an agent or a team, with what reads and writes the memory."""
    from coterie.graphs.draw import FORMATS, format_of, write

    if json and format not in (None, "json"):
        raise InputError(f"--json is --format json, and --format {format} is given: leave out one of them.")
    path, format = None if output == "-" else output, "json" if json else format
    chosen = format_of(path, format)  # what cannot be drawn is said before the file runs
    if path is None and chosen == "png" and sys.stdout.isatty():
        raise InputError("A PNG is no text for a terminal: give a file, -o graph.png, or redirect the output.")
    shown = load(file).picture(depth=depth, memory=not no_memory)
    if path is not None:
        write(FORMATS[chosen](shown), path)
        print(f"Drawn: {path}", file=sys.stderr)
    elif chosen in ("tree", "ascii"):
        print(_for_terminal(shown, ascii=chosen == "ascii"), end="")
    else:
        _put_out(FORMATS[chosen](shown))


def _for_terminal(shown: "Picture", ascii: bool) -> str:
    """The tree, as wide as the terminal, and in characters that it has."""
    from coterie.graphs.terminal import WIDTH, drawing

    width = shutil.get_terminal_size((WIDTH, 0)).columns if sys.stdout.isatty() else WIDTH
    return drawing(shown, width, ascii=ascii or not can_print(LINES))


def _put_out(drawing: str | bytes) -> None:
    """Write to stdout what programs read: in UTF-8 whatever the terminal speaks, with no line ends changed."""
    from coterie.graphs.draw import as_bytes

    sys.stdout.flush()
    sys.stdout.buffer.write(as_bytes(drawing))
