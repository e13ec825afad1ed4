"""Functions and other objects of Python that a file names: ``package.module:name``, ``./tools.py:name``."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from coterie.errors import ConfigurationError


def is_reference(text: str) -> bool:
    """Whether a text can be one: a module or a file, a colon, a name."""
    return re.fullmatch(r".*[^:/]:[^\W\d]\w*(\.[^\W\d]\w*)*", text) is not None


def referenced(reference: str, folder: Path) -> object:
    """The object that is meant.

    Args:
        reference: a module or the path of a Python file, a colon, a name in it: see `is_reference`.
        folder: what the path is relative to. Modules are looked for there too, after everywhere else.

    Raises:
        ConfigurationError: no such module or name, or the module raised an error.
    """
    source, _, name = reference.rpartition(":")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # it stays: functions import when they are called, too
    value: object = _file(folder / source) if source.endswith(".py") else _module(source)
    for part in name.split("."):
        if not hasattr(value, part):
            raise ConfigurationError(f"{source} has no {part!r}{did_you_mean(part, dir(value))}")
        value = getattr(value, part)
    return value


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a word that is not known."""
    near = get_close_matches(word, [name for name in known if not name.startswith("_")], 1)
    return f": did you mean {near[0]!r}?" if near else "."


def _file(path: Path) -> ModuleType:
    """The module in a file, which runs once."""
    if not path.is_file():
        raise ConfigurationError(f"there is no file {str(path)!r}.")
    name = f"coterie:{path.resolve()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    with _told(str(path)):
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


def _module(name: str) -> ModuleType:
    with _told(name):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise  # a module that it imports is missing
            raise ConfigurationError(f"there is no module {error.name!r}.") from error


@contextmanager
def _told(source: str) -> Iterator[None]:
    """Name the module that raises an error. Also one that ends the program: such a module defines nothing."""
    try:
        yield
    except (ConfigurationError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ConfigurationError(f"{source} cannot be loaded: {type(error).__name__}: {error}.") from error
