"""Drawing to a file: which endings there are, and what each one makes."""

from collections.abc import Callable
from pathlib import Path

from coterie.errors import InputError
from coterie.graphs.mermaid import mermaid
from coterie.graphs.picture import Picture
from coterie.graphs.picturing import picture
from coterie.graphs.spec import Spec
from coterie.graphs.terminal import drawing

FORMATS: dict[str, Callable[[Picture], str]] = {".mmd": mermaid, ".txt": drawing}


def draw(spec: Spec, path: str | Path | None = None) -> str:
    """The drawing of an agent or a team as text, written to ``path`` as well.

    Args:
        spec: what to draw.
        path: a file that ends in .mmd (Mermaid) or .txt (as a terminal shows it). None: the latter, to no file.

    Raises:
        InputError: another ending, or a file that cannot be written.
    """
    if path is None:
        return drawing(picture(spec))
    text = drawer(path)(picture(spec))
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"Nothing can be drawn to {str(path)!r} ({error.strerror}): give a file in a folder that exists and is"
            " writable."
        ) from error
    return text


def drawer(path: str | Path) -> Callable[[Picture], str]:
    """What draws to a file of this name.

    Raises:
        InputError: its ending is none of `FORMATS`.
    """
    found = FORMATS.get(Path(path).suffix.lower())
    if found is None:
        raise InputError(
            f"Nothing can be drawn to {str(path)!r}: give a name that ends in {' or '.join(FORMATS)}. GitHub and"
            " mermaid.live render .mmd files."
        )
    return found
