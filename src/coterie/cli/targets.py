"""Finding the agent or team that a file defines."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from coterie.cli.stores import store
from coterie.errors import ConfigurationError, CoterieError, InputError

if TYPE_CHECKING:
    from coterie.teams.agent import Agent
    from coterie.teams.team import Team

YAML = (".yaml", ".yml")
_WANTED = "give a Python file that defines an Agent or a Team, or a YAML file."
MODULE = "__coterie__"
"""The file's ``__name__`` while a command uses it: what it does as a program does not happen."""


def load(target: str, *, db: str | None = None, model: str | None = None) -> "Agent | Team":
    """The agent or team that ``FILE[:NAME]`` means, on another store or model where one is given.

    Raises:
        InputError: no such file, no such name, or several that could be meant.
        ConfigurationError: the file raised an error, or says something wrong; or its memory manager brings a store, and
            ``db`` is given.
    """
    path, name = _split(target)
    found = _described(path, name) if path.suffix in YAML else _chosen(path, name, dict(_defined(module_of(path))))
    for each in _family(found):
        if db is not None and each.memory_manager is not None and each.memory_manager.store is not None:
            raise ConfigurationError(
                f"{each.name!r} in {path} has a memory_manager with a store of its own: leave out --db and COTERIE_DB,"
                " or give the manager another store in the file."
            )
    _use(found, db, model)
    return found


def _split(target: str) -> tuple[Path, str | None]:
    file, colon, name = target.rpartition(":")
    path, wanted = (Path(file), name) if colon and not Path(target).is_file() else (Path(target), None)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{str(path)!r} {what}: {_WANTED}")
    if path.suffix not in ("", ".py", *YAML):
        raise InputError(f"{str(path)!r} is a {path.suffix} file: {_WANTED}")
    return path, wanted


def module_of(path: Path) -> ModuleType:
    """Run the file, as ``python FILE`` would, but with another ``__name__``. What it prints goes to stderr."""
    loader = SourceFileLoader(MODULE, str(path))
    spec = spec_from_loader(MODULE, loader)
    assert spec is not None
    module = sys.modules[MODULE] = module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with redirect_stdout(sys.stderr):
            loader.exec_module(module)
    except (CoterieError, KeyboardInterrupt):
        raise
    except BaseException as error:  # also SystemExit: a file that ends the program defines nothing
        raise ConfigurationError(
            f"{path} cannot be loaded: {type(error).__name__}: {error}. `python {path}` shows where."
        ) from error
    return module


def _defined(module: ModuleType) -> "Iterator[tuple[str, Agent | Team]]":
    from coterie.teams.agent import Agent
    from coterie.teams.team import Team

    for name, value in vars(module).items():
        if isinstance(value, (Agent, Team)):
            yield name, value


def _chosen(path: Path, name: str | None, defined: "dict[str, Agent | Team]") -> "Agent | Team":
    """By name; else the one team that is no other's member; else the one agent."""
    if not defined:
        raise InputError(f"{path} defines no Agent and no Team: assign one to a name, outside of functions.")
    listed = ", ".join(f"{key} ({type(value).__name__})" for key, value in defined.items())
    if name is not None:
        if name not in defined:
            raise InputError(f"{path} has no Agent or Team called {name!r}. It has {listed}.")
        return defined[name]
    led = {id(member) for each in defined.values() for member in _members(each)}
    tops = list({id(each): each for each in defined.values() if id(each) not in led}.values())
    for candidates in ([each for each in tops if _members(each)], tops):
        if len(candidates) == 1:
            return candidates[0]
    raise InputError(f"{path} has several agents or teams: {listed}. Say which: {path}:{next(iter(defined))}.")


def _described(path: Path, name: str | None) -> "Agent | Team":
    """What a YAML file describes; by name, also a member of the team."""
    from coterie.teams.files import load

    with redirect_stdout(sys.stderr):
        top = load(path)
    named = {each.name: each for each in _family(top)}
    if name is not None and name not in named:
        raise InputError(f"{path} has no agent or team called {name!r}. It has {', '.join(named)}.")
    return top if name is None else named[name]


def _members(each: "Agent | Team") -> "tuple[Agent | Team, ...]":
    return getattr(each, "members", ())


def _family(each: "Agent | Team") -> "Iterator[Agent | Team]":
    yield each
    for member in _members(each):
        yield from _family(member)


def _use(target: "Agent | Team", db: str | None, model: str | None) -> None:
    """Put one store or model in place of all that the target and its members have."""
    if db is None and model is None:
        return
    chosen = store(db) if db is not None else None
    for each in _family(target):
        if chosen is not None and (each is target or each.db is not None):
            each.db = chosen
        if model is not None and (each is target or each.model is not None):
            each.model = model
        each.reset()
