"""``coterie graph``: a drawing of an agent or a team."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.options import File
from coterie.cli.targets import load

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="OUT", help="OUT.mmd (Mermaid), OUT.txt, or - for Mermaid on stdout."),
]
LINES = "│├╰─┄▷◀▶║╢═╝◆·…"


def graph(file: File, output: Output = None) -> None:
    """Draw an agent or a team, with what reads and writes the memory."""
    from coterie.graphs.draw import drawer
    from coterie.graphs.mermaid import mermaid
    from coterie.graphs.picturing import picture
    from coterie.graphs.terminal import WIDTH, drawing

    if output is not None and str(output) != "-":
        drawer(output)  # a name that cannot be drawn to is said before the file runs
        load(file).draw(output)
        print(f"Drawn: {output}", file=sys.stderr)
        return
    shown = picture(load(file).spec())
    if output is not None:
        print(mermaid(shown), end="")
    else:
        width = shutil.get_terminal_size((WIDTH, 0)).columns if sys.stdout.isatty() else WIDTH
        print(drawing(shown, width, ascii=not _can_print(LINES)), end="")


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
