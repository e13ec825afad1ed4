"""``coterie examples``: small programs to read, to run and to start from."""

import ast
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import Json
from coterie.cli.texts import argument
from coterie.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Small programs to read, to run and to start from.")

Name = Annotated[str, typer.Argument(callback=argument, show_default=False, help="An example's name.")]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(callback=argument, show_default=False, help="What the example is given; --help says what it takes."),
]


@app.command("list")
def list_examples(json: Json = False) -> None:
    """List the examples, and what each shows."""
    shown = {name: _first_line(source) for name, source in _sources()}
    if json:
        print_json([{"name": name, "shows": line} for name, line in shown.items()])
        return
    width = max(map(len, shown))
    for name, line in shown.items():
        print(f"{name:<{width}}  {line}")


@app.command()
def show(name: Name) -> None:
    """Print an example's source, to start a program of your own from."""
    print(_source(name).read_text(encoding="utf-8"), end="")


# What follows the name is the example's, its --help too.
@app.command(context_settings={"allow_interspersed_args": False})
def run(name: Name, arguments: Arguments = None) -> None:
    """Run an example. It needs no key and no network; what follows its name is given to it."""
    _source(name)
    given = arguments or []
    given = given[1:] if given[:1] == ["--"] else given
    sys.argv = [f"coterie examples run {name}", *given]  # what its own help and errors begin with
    import_module(f"coterie.examples.{name}").main(given)


def _sources() -> Iterator[tuple[str, Traversable]]:
    """The files of the examples, with their names, in the order of the names. None of them is run."""
    for file in sorted(files("coterie.examples").iterdir(), key=lambda each: each.name):
        if file.name.endswith(".py") and not file.name.startswith("_"):
            yield file.name.removesuffix(".py"), file


def _source(name: str) -> Traversable:
    """The file of an example.

    Raises:
        InputError: there is none of this name.
    """
    sources = dict(_sources())
    if name not in sources:
        near = get_close_matches(name, sources)
        meant = f"did you mean {' or '.join(near)}?" if near else "`coterie examples list` shows them."
        raise InputError(f"There is no example {name!r}: {meant}")
    return sources[name]


def _first_line(source: Traversable) -> str:
    """What an example shows: the first line of its docstring."""
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    return (docstring or "").partition("\n")[0]
