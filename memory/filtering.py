"""Which of the memories that a scope may read are meant: those that hold at a time, and pass the filters.

A filter's values are parameters; which of its fields are used is its *shape*, so that each statement is made once for
each shape.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from coterie.errors import InputError
from coterie.memory import inputs, items
from coterie.memory.columns import Topics, UtcDateTime
from coterie.memory.ids import checked_id
from coterie.memory.values import EVERY, Filters

Shape = tuple[str, ...]
"""The names of the fields that say something."""

NO_SHAPE: Shape = ()


class texts_of(GenericFunction[Any]):  # noqa: N801  # a function of SQL
    """The texts of a JSON list as rows with the column ``value``."""

    inherit_cache = True


@compiles(texts_of, "sqlite")
def _on_sqlite(function: texts_of, compiler: Any, **options: Any) -> str:
    return f"json_each{compiler.process(function.clause_expr, **options)}"


@compiles(texts_of, "postgresql")
def _on_postgres(function: texts_of, compiler: Any, **options: Any) -> str:
    return f"jsonb_array_elements_text{compiler.process(function.clause_expr, **options)}"


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """Whether a column's text is one of a parameter's, which is a list of texts of any length."""
    given = texts_of(sa.bindparam(name, type_=Topics)).table_valued("value").alias(f"given_{name}")
    return column.in_(sa.select(sa.cast(given.c.value, sa.Text)))


def current(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """What holds at the moment ``now``: not closed then, not expired."""
    now = sa.bindparam("now", type_=UtcDateTime)
    valid, expires = table.c.valid_until, table.c.expires_at
    return (valid.is_(None) | (valid > now)) & (expires.is_(None) | (expires > now))


def meant(table: sa.FromClause, shape: Shape) -> sa.ColumnElement[bool]:
    """The WHERE clause of what holds, and passes filters of this shape; `values` has its parameters."""
    of_items = {"namespace", "in_namespace"} & {*shape} and "true_at" not in shape
    is_open = (table.c.valid_until.is_(None),) if of_items else ()  # as the index of namespaces has them
    return sa.and_(current(table), *is_open, *(_condition(table, name) for name in shape))


def _condition(table: sa.FromClause, name: str) -> sa.ColumnElement[bool]:
    given = f"filter_{name}"
    match name:
        case "topics":
            topic = texts_of(table.c.topics).table_valued("value").alias("topic")
            return sa.exists().where(among(topic.c.value, given))
        case "kinds":
            return among(table.c.kind, given)
        case "since":
            return _happened(table) >= sa.bindparam(given, type_=UtcDateTime)
        case "until":
            return _happened(table) < sa.bindparam(given, type_=UtcDateTime)
        case "in_namespace":
            exactly: sa.ColumnElement[bool] = table.c.namespace == sa.bindparam(name, type_=sa.Text)
            return exactly
        case "namespace":
            first, end = (sa.bindparam(name, type_=sa.Text) for name in ("first_namespace", "end_of_namespaces"))
            return (table.c.namespace >= first) & (table.c.namespace < end)
        case "true_at":
            return table.c.created_at <= sa.bindparam("now", type_=UtcDateTime)
        case _:
            column: sa.ColumnElement[bool] = table.c[name] == sa.bindparam(given, type_=sa.Text)
            return column


def _happened(table: sa.FromClause) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(table.c.event_at, table.c.created_at, type_=UtcDateTime)


def looked_at(shape: Shape) -> set[str]:
    """The columns that `meant` looks at for filters of this shape, beside the times that a statement holds."""
    columns = {"kinds": "kind", "since": "event_at", "until": "event_at", "true_at": "created_at"}
    return {columns.get(name, name) for name in shape}


def shape_of(filters: Filters) -> Shape:
    """The filters' shape, after a check that a database can take them.

    Raises:
        InputError: one of them cannot be used.
    """
    if filters is EVERY:
        return NO_SHAPE
    checked = _checked(inputs.expected("filters", filters, Filters))
    return tuple(name for name, value in checked.items() if value not in (None, []))


def values(filters: Filters) -> dict[str, Any]:
    """The parameters of `meant`."""
    given = {f"filter_{name}": value for name, value in filters.__dict__.items()} if filters is not EVERY else {}
    for name in ("filter_topics", "filter_kinds"):
        if name in given:
            given[name] = list(given[name])
    if filters.namespace is not None:
        given["first_namespace"], given["end_of_namespaces"] = items.within(filters.namespace)
    return {**given, "now": filters.true_at or datetime.now(UTC)}


def _checked(filters: Filters) -> Mapping[str, Any]:
    for name in ("since", "until", "true_at"):
        inputs.checked_time(name, getattr(filters, name))
    if filters.since is not None and filters.until is not None and filters.since >= filters.until:
        raise InputError(
            f"since is {filters.since.isoformat()}, until is {filters.until.isoformat()}: "
            "give an until that is later, or nothing can lie between them."
        )
    for name in ("agent_id", "team_id"):
        if (given := checked_id(name, getattr(filters, name))) is not None:
            inputs.checked_text(name, given)
    if filters.namespace is not None:
        inputs.checked_namespace(filters.namespace)
    texts = {name: _texts(name, getattr(filters, name)) for name in ("topics", "kinds")}
    return {**filters.__dict__, **texts}


def _texts(name: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(f"{name} is {given!r}: give a list of texts.")
    return [inputs.checked_text(f"one of {name}", one) for one in given]
