"""``coterie new``: a project to begin with."""

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import Json
from coterie.cli.texts import argument
from coterie.errors import InputError

Name = Annotated[
    str, typer.Argument(callback=argument, show_default=False, help="The project's name, and that of its new folder.")
]
Yaml = Annotated[bool, typer.Option("--yaml", help="Describe the team in a YAML file, not in Python.")]

ENDING = ".tmpl"
"""Of templates: else linters and test runners would take them for files of ours."""


def new(name: Name, yaml: Yaml = False, json: Json = False) -> None:
    """Make a project in a new folder: a team of three with a memory, a test that passes, and what LangGraph needs."""
    package = _package(name)
    folder = Path(name)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{name!r} is there already, and not an empty folder: give another name.")
    file = "team.yaml" if yaml else f"{package}/team.py"
    words = {"{{name}}": name, "{{package}}": package, "{{file}}": file}
    files_ = {str(folder / path): text for path, text in sorted(_filled("yaml" if yaml else "python", words))}
    for path, text in files_.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    print_json({"files": [*files_]}) if json else print(*files_, sep="\n")
    print(f"Next: cd {name}; {file} is the team, README.md says what to do with it. To begin with:", file=sys.stderr)
    print(f'  coterie run {file} "I pay by card. When do I get my refund?" --user ana', file=sys.stderr)


def _package(name: str) -> str:
    """The name as Python can import it.

    Raises:
        InputError: it cannot, or would get something else.
    """
    package = name.replace("-", "_").lower()
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?", name) or keyword.iskeyword(package):
        raise InputError(f"{name!r} cannot name a project: give letters and digits, with - or _ between them.")
    if package in sys.stdlib_module_names or package in ("coterie", "tests"):
        raise InputError(f"{name!r} is the name of another module: give another one.")
    return package


def _filled(kind: str, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The files of a project, with their paths in it."""
    for part in ("common", kind):
        for path, template in _templates(files("coterie") / "templates" / part):
            text = template.read_text(encoding="utf-8")
            for placeholder, word in words.items():
                text = text.replace(placeholder, word)
            yield path.replace("PACKAGE", words["{{package}}"]).replace("dot_", "."), text


def _templates(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _templates(each, f"{path}{each.name}/")
        elif each.name.endswith(ENDING):
            yield f"{path}{each.name.removesuffix(ENDING)}", each
