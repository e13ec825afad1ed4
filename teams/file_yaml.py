"""A YAML file as plain values, and where in the file each of them stands."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coterie.errors import FileError, InputError

LARGEST = 1_000_000
"""Bytes that a file may have."""
MOST_VALUES = 50_000
"""Values that a file may have when each anchor stands where it is used."""
DEEPEST = 50
"""How deep they may be nested."""


class _Loader(yaml.SafeLoader):
    """Reads as numbers, true, false and null what every YAML does: ``no`` is a text, and so are ``1:30`` and a date."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _form, _first in [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+][0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
]:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_form})\Z"), _first)


@dataclass(frozen=True)
class Spot:
    """A place in a file."""

    path: tuple[str | int, ...]
    """Keys, and places in lists from 0, from the top."""
    line: int
    """From 1, like the column."""
    column: int


class Document:
    """What a file says."""

    def __init__(self, value: Any, root: yaml.Node) -> None:
        self.value = value
        self._root = root

    def spot(self, path: Sequence[str | int], *, key: bool = False) -> Spot:
        """Where the value at a path is, or with ``key`` its key. What of the path is not in the file is left out."""
        node, mark, there = self._root, self._root.start_mark, []
        for part in path:
            if (found := _child(node, part)) is not None:
                name, node = found
                mark = name.start_mark if key else node.start_mark
                there.append(part)
        return Spot(tuple(there), mark.line + 1, mark.column + 1)

    def at(self, path: Sequence[str | int]) -> Any:
        """The value at a path that is in the file."""
        value = self.value
        for part in path:
            value = value[part]
        return value


def read(path: Path) -> Document:
    """Read a file.

    Raises:
        InputError: it cannot be read, is not UTF-8, or is too large.
        FileError: it is not YAML, or says something twice.
    """
    text = _text(path)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise FileError([f"{path}: it is empty: describe an agent, or a team with its members."])
        if problems := [f"{path}:{_place(node)}: {problem}" for node, problem in _problems(root)]:
            raise FileError(problems)
        return Document(loader.construct_document(root), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise FileError([f"{path}{where}: it is not YAML: {error.problem}."]) from None
    except yaml.YAMLError as error:  # of a character that may not be in YAML
        raise FileError([f"{path}: it is not YAML: {' '.join(str(error).split())}."]) from None
    except RecursionError:
        raise FileError([f"{path}: it is nested more than {DEEPEST} deep."]) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise InputError(f"{path} has more than {LARGEST:,} bytes: that is no team.")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason} at byte {error.start:,}): convert it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _problems(root: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    """What YAML allows, but is a mistake or a trap here. Anchors are followed: a few could stand for billions."""
    waiting, count = [(root, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST_VALUES:
            yield root, f"more than {MOST_VALUES:,} values, or nested more than {DEEPEST} deep, anchors counted."
            return
        if isinstance(node, yaml.MappingNode):
            yield from _repeated(node)
            waiting += [(value, depth + 1) for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(each, depth + 1) for each in node.value]


def _repeated(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, str]]:
    seen: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield key, "a key must be a text."
        elif key.value in seen:
            yield key, f"{key.value!r} is there twice: line {seen[key.value].start_mark.line + 1} has it too."
        else:
            seen[key.value] = key


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):  # the last: what was merged in comes before a mapping's own
        return next((pair for pair in reversed(node.value) if pair[0].value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _place(node: yaml.Node) -> str:
    return f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"
