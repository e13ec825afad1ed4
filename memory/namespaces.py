"""Which namespaces of a LangGraph store hold something: an index is looked at once for each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache

import sqlalchemy as sa

from coterie.memory import inputs, items
from coterie.memory.filtering import meant
from coterie.memory.prepared import Prepared
from coterie.memory.scope import parameters, readable, shelves
from coterie.memory.tables import MEMORY
from coterie.memory.values import Scope

Labels = tuple[str, ...]


@cache
def _next(kinds: tuple[str, ...]) -> Prepared:
    """The first namespace that holds something, from one text on and before another."""
    found = sa.select(MEMORY.c.namespace).where(readable(MEMORY, kinds), meant(MEMORY, ("namespace",)))
    order = (MEMORY.c.user_id, MEMORY.c.audience, MEMORY.c.namespace)
    return Prepared(found.order_by(*order).limit(sa.literal_column("1")))


def within(
    connection: sa.Connection,
    scope: Scope,
    labels: Sequence[str],
    depth: int | None = None,
    fits: Callable[[Labels], bool] = bool,
) -> Iterator[Labels]:
    """The namespaces that begin with these labels and hold something that a scope may read, in their order.

    Args:
        connection: It reads.
        scope: Who asks.
        labels: Those that begin so.
        depth: Each is cut to so many labels, and comes once.
        fits: Which are meant; it is given all labels of each.
    """
    first, end = items.within(labels)
    kinds = tuple(shelves(inputs.checked_scope(scope)))
    values = {**parameters(scope), "end_of_namespaces": end, "now": datetime.now(UTC)}
    while (row := _next(kinds).first(connection, {**values, "first_namespace": first})) is not None:
        found = items.as_labels(row[0])
        is_meant = fits(found)
        if is_meant:
            yield found[:depth]
        cut = is_meant and depth is not None and depth <= len(found)
        first = items.after(found[:depth] if cut else found, below=cut)
