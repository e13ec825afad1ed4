"""Statements that run often: SQLAlchemy writes them, once; the driver alone runs them.

SQLAlchemy's own way of running a statement costs several times what a small statement does, on either database.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import sqlalchemy as sa

MOST_PARAMETERS = 16_000
"""Of one statement; SQLite takes 32,766."""
PLACES = (1, 8, 64, 500)
"""For how many values the statements are made that look up a list."""

Statement = sa.SelectBase | sa.Insert | sa.Update | sa.Delete
Row = tuple[Any, ...]
_Parts = Generator[list[Row], None, None]
_Processor = Callable[[Any], Any]


def among(column: sa.Column[Any], places: int) -> sa.ColumnElement[bool]:
    """The condition that a column has one of the values of `listed`."""
    return column.in_([sa.bindparam(f"one_{place}", type_=column.type) for place in range(places)])


def listed(values: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The values in parts, each with how many places its statement has for them: what is left is the last once more."""
    for start in range(0, len(values), PLACES[-1]):
        part = values[start : start + PLACES[-1]]
        places = next(enough for enough in PLACES if enough >= len(part))
        yield places, {f"one_{place}": part[min(place, len(part) - 1)] for place in range(places)}


class Prepared:
    """A statement that is compiled once for each kind of database, and then runs without SQLAlchemy.

    It runs on a cursor of the driver's connection that a `sqlalchemy.Connection` holds, and so in its transaction. As
    with SQLAlchemy a change begins one if there is none. Errors are the driver's, which `Dialect.translated` knows. A
    connection that broke is not used again.

    Args:
        statement: Its parameters are made with ``bindparam``. What SQLAlchemy would write anew for each run is refused:
            an IN of a list (see `among`), and column defaults of Python's.
        columns: The columns that an insert or update sets to parameters of the same names, beside its ``values()``.
        binary: Have PostgreSQL send its answer as bytes, not as text: half the work for an answer of many bytes.
    """

    def __init__(self, statement: Statement, columns: Sequence[str] = (), *, binary: bool = False) -> None:
        self.statement = statement
        self._binary = binary
        self._columns = list(columns) or None
        self._names = [str(name) for name in statement.exported_columns.keys()]  # noqa: SIM118  # a collection of columns
        self._changes = not isinstance(statement, sa.SelectBase)
        self._compiled: dict[type[sa.Dialect], _Compiled] = {}  # two threads may both compile: the same

    def rows(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[Row]:
        """All the rows."""
        return self.ask(connection, values).rows()

    def first(self, connection: sa.Connection, values: Mapping[str, Any]) -> Row | None:
        """The first row, None if there is none."""
        return next(iter(self.rows(connection, values)), None)

    def mappings(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All the rows, each by column name."""
        return [dict(zip(self._names, row, strict=True)) for row in self.rows(connection, values)]

    def parts(self, connection: sa.Connection, values: Mapping[str, Any], size: int) -> _Parts:
        """The rows as they are asked for, so many at a time."""
        return self.ask(connection, values).parts(size)

    def change(self, connection: sa.Connection, *values: Mapping[str, Any]) -> int:
        """Run it for each of the values. Returns how many rows were changed in all."""
        return self.ask(connection, *values).count()

    def ask(self, connection: sa.Connection, *values: Mapping[str, Any]) -> "Answer":
        """Run it for each of the values, and look at the answer later or not at all."""
        compiled = self._compiled_for(connection)
        if len(values) == 1:
            binary = self._binary and connection.dialect.driver == "psycopg"
            return Answer(compiled, [run(connection, compiled.sql, compiled.parameters(values[0]), binary=binary)])
        if not values:
            return Answer(compiled, [])
        if compiled.one_row is not None:
            return Answer(compiled, [*compiled.insert(connection, values)])
        return Answer(compiled, [run(connection, compiled.sql, [*map(compiled.parameters, values)], many=True)])

    def _compiled_for(self, connection: sa.Connection) -> "_Compiled":
        kind = type(connection.dialect)
        compiled = self._compiled.get(kind)
        if compiled is None:
            compiled = self._compiled[kind] = _Compiled(self.statement, self._columns, connection.dialect)
        if self._changes and not connection.in_transaction():
            connection.begin()  # or nobody would commit: SQLAlchemy sees nothing of what happens on the cursor
        return compiled


class Answer:
    """What a statement brought: its rows, or how many were changed. It is asked once."""

    def __init__(self, compiled: "_Compiled", cursors: list[Any]) -> None:
        self._compiled = compiled
        self._cursors = cursors

    def rows(self) -> list[Row]:
        """All the rows."""
        (cursor,) = self._cursors
        try:
            return self._compiled.read(cursor, cursor.fetchall())
        finally:
            cursor.close()

    def parts(self, size: int) -> _Parts:
        """The rows as they are asked for, so many at a time."""
        (cursor,) = self._cursors
        try:
            while found := cursor.fetchmany(size):
                yield self._compiled.read(cursor, found)
        finally:
            cursor.close()

    def count(self) -> int:
        """How many rows were changed in all."""
        changed = 0
        for cursor in self._cursors:
            changed += cursor.rowcount
            cursor.close()
        return changed


def together(connection: sa.Connection) -> AbstractContextManager[object]:
    """Within, statements are sent without waiting for their answers, if a network is between. Look at these after."""
    at_once = getattr(connection.connection.driver_connection, "at_once", nullcontext)
    return at_once()


class _Compiled:
    """A statement in one database's words, with what turns values into the driver's, and back."""

    def __init__(self, statement: Statement, columns: list[str] | None, dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        _refuse_unfinished(compiled)
        self.sql: str = compiled.string
        self._dialect = dialect
        self._columns = [column.type for column in statement.exported_columns]
        self._defaults = {bind.key: bind.effective_value for bind in compiled.bind_names if not bind.required}
        in_order: list[sa.BindParameter[Any]] = [compiled.binds[name] for name in compiled.positiontup]
        self._parameters = [(bind.key, bind.type.dialect_impl(dialect).bind_processor(dialect)) for bind in in_order]
        self._from_driver: list[tuple[int, _Processor]] | None = None
        self.one_row = _one_row(statement, self.sql)
        """The group of placeholders of an insert that can be said several times; None for what the driver repeats."""

    def insert(self, connection: sa.Connection, values: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
        """Insert many rows by few statements: each statement has a price, with a full text index a high one."""
        assert self.one_row is not None
        most = MOST_PARAMETERS // len(self._parameters)
        for start in range(0, len(values), most):
            part = values[start : start + most]
            sql = self.sql.replace(self.one_row, ", ".join([self.one_row] * len(part)))
            yield run(connection, sql, [value for one in part for value in self.parameters(one)])

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """The values as the driver takes them.

        Raises:
            KeyError: a value is missing.
        """
        if self._defaults:
            values = {**self._defaults, **values}
        return [values[key] if change is None else change(values[key]) for key, change in self._parameters]

    def read(self, cursor: Any, found: list[Row]) -> list[Row]:
        """The rows as the columns' types have them. NULL is None, whatever the type."""
        if self._from_driver is None:  # the driver tells the types of what it returns with the first rows
            self._from_driver = self._processors([column[1] for column in cursor.description])
        if not self._from_driver:
            return found
        return [_read(row, self._from_driver) for row in found]

    def _processors(self, codes: list[Any]) -> list[tuple[int, _Processor]]:
        kinds = (kind.dialect_impl(self._dialect) for kind in self._columns)
        processors = (kind.result_processor(self._dialect, code) for kind, code in zip(kinds, codes, strict=True))
        return [(place, processor) for place, processor in enumerate(processors) if processor is not None]


def _read(row: Row, processors: list[tuple[int, _Processor]]) -> Row:
    values = [*row]
    for place, processor in processors:
        if (value := values[place]) is not None:
            values[place] = processor(value)
    return tuple(values)


def _one_row(statement: Statement, sql: str) -> str | None:
    if not isinstance(statement, sa.Insert):
        return None
    _, _, group = sql.partition(" VALUES ")  # an insert of what a query gives has none
    return group if re.fullmatch(r"\((?:\?, )*\?\)", group) else None  # psycopg is faster by repeating it


def _refuse_unfinished(compiled: Any) -> None:
    if not compiled.positional:
        raise ValueError("The parameters have names: give create_engine() a paramstyle that goes by their order.")
    if late := [bind.key for bind in (*compiled.post_compile_params, *compiled.literal_execute_params)]:
        raise ValueError(f"The parameters {late} are written into the statement each time it runs: use execute().")
    if missing := [column.name for column in (*compiled.insert_prefetch, *compiled.update_prefetch)]:
        raise ValueError(f"The columns {missing} have defaults that Python computes: give parameters for them.")


def run(connection: sa.Connection, sql: str, parameters: Any = (), *, many: bool = False, binary: bool = False) -> Any:
    """Run SQL in the driver's own words. Returns its cursor, to be closed.

    Args:
        connection: Whose transaction it runs in.
        sql: With the driver's kind of placeholders.
        parameters: What takes their place; with ``many`` a list of such.
        many: Run it for each.
        binary: Ask for the answer as bytes; psycopg's cursors can.
    """
    cursor = connection.connection.cursor(binary=True) if binary else connection.connection.cursor()
    try:
        if many:
            cursor.executemany(sql, parameters)
        else:
            cursor.execute(sql, parameters)
    except BaseException as error:
        cursor.close()
        _forget_if_broken(connection, error)
        raise
    return cursor


def _forget_if_broken(connection: sa.Connection, error: BaseException) -> None:
    """Take a connection out of the pool when it is of no more use, as SQLAlchemy does for what it runs itself."""
    held, interrupted = connection.connection.dbapi_connection, not isinstance(error, Exception)
    if interrupted or connection.dialect.is_disconnect(error, held, None):  # type: ignore[arg-type]  # any exception
        connection.invalidate(error)
