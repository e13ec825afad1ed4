"""Values that stand in a file in the place of others: references to Python, variables of the environment, stores."""

import os.path
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from coterie.errors import CoterieError
from coterie.memory.db import Db
from coterie.memory.opening import store_at
from coterie.settings import variable
from coterie.teams.file_references import is_reference, referenced

WRONG = "coterie"
"""The type of the errors whose message is a sentence of ours."""
NO_REFERENCE = "no_reference"
"""The type of the error of a text that is none."""


@dataclass(frozen=True)
class Loading:
    """What is known while one file is read: pydantic's context."""

    folder: Path
    """Where paths in the file begin."""
    stores: dict[str, Db] = field(default_factory=dict)
    """By address: all who name one store share it."""
    keys: dict[int, list[str]] = field(default_factory=dict)
    """What may stand in a mapping, by the mapping's `id`."""


def loading(info: ValidationInfo) -> Loading:
    """The context of a validation."""
    assert isinstance(info.context, Loading)
    return info.context


def wrong(error: CoterieError | str) -> PydanticCustomError:
    """An error that pydantic gives a place, and leaves its words."""
    return PydanticCustomError(WRONG, "{said}", {"said": str(error)})


@dataclass(frozen=True)
class Reference:
    """``package.module:name`` or ``./tools.py:name``: an object of Python."""

    what: str
    """What it must be."""
    fits: Callable[[Any], bool] = field(compare=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._found, core_schema.str_schema(strict=True))

    def _found(self, reference: str, info: ValidationInfo) -> Any:
        if not is_reference(reference):
            raise PydanticCustomError(NO_REFERENCE, "a reference")
        try:
            value = referenced(reference, loading(info).folder)
        except CoterieError as error:
            raise wrong(error) from error
        if not self.fits(value):
            raise wrong(f"{reference!r} is {value!r}, not {self.what}.")
        return value


def _expanded(text: str) -> str:
    values = {name: variable(name) for name in re.findall(r"\$\{(\w+)\}", text)}
    if missing := [name for name, value in values.items() if value is None]:
        raise wrong(f"the environment has no {missing[0]}: set it.")
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]] or "", text)


def _store(address: str, info: ValidationInfo) -> Db:
    stores = loading(info).stores
    try:
        if address not in stores:
            stores[address] = store_at(address, what="it", folder=loading(info).folder)
    except CoterieError as error:
        raise wrong(error) from error
    return stores[address]


def _path(path: str, info: ValidationInfo) -> str:
    return os.path.join(loading(info).folder, path)  # a slash at its end stays


Expanded = Annotated[str, AfterValidator(_expanded)]
"""A text with variables of the environment, ``${NAME}``."""
Store = Annotated[Expanded, AfterValidator(_store)]
"""The path of a SQLite file, from the file's folder on, or a PostgreSQL URL."""
SomePath = Annotated[Expanded, AfterValidator(_path)]
"""Any other path, from the file's folder on."""
