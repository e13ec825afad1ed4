"""Types of columns: how each database keeps a moment, a list of texts, and JSON that is written already."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment: timestamptz on PostgreSQL, INTEGER microseconds since 1970 on SQLite. Always comes back in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """What the database keeps."""
        return dialect.type_descriptor(self.impl_instance if dialect.name == "postgresql" else sa.BigInteger())

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any] | None:
        """To the database. In place of ``process_bind_param``, which costs two calls more for each value."""
        return None if dialect.name == "postgresql" else _since_1970

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """From the database. In place of ``process_result_value``, for the same reason."""
        return _in_utc if dialect.name == "postgresql" else _moment


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _since_1970(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


@lru_cache(4096)  # a memory's times are often the same, and the same memories are read again
def _moment(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)  # a keyword would cost a quarter more


class Topics(sa.types.TypeDecorator[list[str]]):
    """A list of texts as JSON: JSONB on PostgreSQL.

    With every letter as it is, for SQLite's text index. Each list is written and parsed once: topics come again.
    """

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """What the database keeps."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else sa.JSON())

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        """To the database."""
        return lambda texts: _written(*texts)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        """From the database."""
        if dialect.name == "postgresql":
            return super().result_processor(dialect, coltype)
        return lambda text: [*_parsed(text)]


class WrittenJson(sa.types.TypeDecorator[Any]):
    """JSON that is given as its text: whoever must know how long it is has written it, and once is enough."""

    impl = sa.JSON
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> None:
        """To the database: the text as it is."""
        return


@lru_cache(4096)
def _written(*texts: str) -> str:
    return json.dumps(texts, ensure_ascii=False)


@lru_cache(4096)
def _parsed(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
