"""What the references in edits mean: the memories that they name, as a draft has them."""

from collections.abc import Sequence

from coterie.errors import ConflictError
from coterie.memory.dialect import LostRaceError
from coterie.memory.draft import Draft
from coterie.memory.edits import Add, Clear, Delete, Edit, Merge, Narrow, Ref, Update
from coterie.memory.reading import missing
from coterie.memory.values import UserMemory


def current(draft: Draft, ref: Ref, *, closed: bool = False) -> UserMemory:
    """The memory that a reference means, at the version it names.

    Without a version that is the statement that holds now in its place. ``closed``: with one, it may be closed.

    Raises:
        NotFoundError: the scope has none.
        ConflictError: it is at another version, or closed.
    """
    memory = there(draft, ref.memory_id)
    while ref.version is None and memory.superseded_by is not None:
        head = draft.head(memory)
        if head is None:
            raise missing(ref.memory_id)
        if head is memory:  # the draft knows it as it was before somebody else changed it
            raise LostRaceError(f"The memory {ref.memory_id!r} was superseded by somebody else: read it again.")
        memory = head  # somebody else may have superseded that one too, before it was locked
    if ref.version not in (None, memory.version):
        raise ConflictError(
            f"The memory {ref.memory_id!r} is at version {memory.version}, not {ref.version}: read it again."
        )
    if memory.superseded_by is not None and not closed:
        raise ConflictError(
            f"The memory {ref.memory_id!r} was superseded by {memory.superseded_by!r}: read that, and change it."
        )
    return memory


def there(draft: Draft, memory_id: str) -> UserMemory:
    """The memory with this id, which was read into the draft.

    Raises:
        NotFoundError: the scope has none.
    """
    memory = draft.get(memory_id)
    if memory is None:
        raise missing(memory_id)
    return memory


def named(edit: Edit) -> Sequence[Ref]:
    """The references in an edit."""
    match edit:
        case Add() | Clear():
            return ()
        case Merge():
            return edit.targets
        case Update() | Delete() | Narrow():
            return (edit.target,)
