"""The part of a `MemoryManager` that reads, finds and changes memories by hand: nobody is asked what to keep."""

from typing import Literal, get_args

from coterie.errors import InputError, NotFoundError
from coterie.memory.choosing import choose
from coterie.memory.edits import Add, Change, Delete, Edit, Ref, Revision, Update
from coterie.memory.flow import Flow, adriven, driven, in_thread
from coterie.memory.inputs import expected, key
from coterie.memory.managed import Managed, owner
from coterie.memory.values import Scope, UserMemory

RetrievalMethod = Literal["hybrid", "last_n", "first_n", "agentic"]


class ByHand(Managed):
    """Reads, finds and changes the memories of one user, who must be named."""

    def add_user_memory(self, memory: UserMemory, user_id: str | None = None) -> str:
        """Keep a memory as it is given, and return its id; that of the same statement if the user has it already."""
        expected("memory", memory, UserMemory)
        whose = key("user_id", user_id if user_id is not None else memory.user_id)
        return self._apply(Scope(whose, memory.team_id, memory.agent_id), Add(memory))

    def replace_user_memory(self, memory_id: str, memory: UserMemory, user_id: str | None = None) -> str:
        """Put a memory's words (and topics, if given) in place of another's, and return the id of the new statement.

        The old one is closed: it is no longer true, and remains in the history.

        Raises:
            NotFoundError: the user has no such memory.
            ConflictError: ``memory`` was read from the store, and somebody changed it since.
        """
        expected("memory", memory, UserMemory)
        target = Ref(memory_id, memory.version if memory.memory_id == memory_id else None)
        topics = memory.topics if "topics" in memory.model_fields_set else None
        scope = owner(user_id if user_id is not None else memory.user_id)
        return self._apply(scope, Update(target, memory.memory, topics))

    def delete_user_memory(self, memory_id: str, user_id: str | None = None) -> None:
        """Forget a memory.

        Raises:
            NotFoundError: the user has no such memory.
        """
        self._apply(owner(user_id), Delete(Ref(memory_id)))

    def get_user_memory(self, memory_id: str, user_id: str | None = None) -> UserMemory | None:
        """Return what holds now of a memory of the user's, by its id or an older one; None if there is none."""
        try:
            return self.db.current(owner(user_id), memory_id)
        except NotFoundError:
            return None

    def history(self, memory_id: str, user_id: str | None = None) -> list[Revision]:
        """Return every change to a memory of the user's, oldest first; also of one that was forgotten.

        Args:
            memory_id: its id, or the beginning of it.
            user_id: whose memory.

        Raises:
            NotFoundError: the user never had such a memory.
            InputError: several memories' ids begin so.
        """
        return self.db.history(owner(user_id), memory_id)

    def get_user_memories(self, user_id: str | None = None) -> list[UserMemory]:
        """Return everything remembered about a user that is true now, newest first."""
        return self.db.newest(owner(user_id), None)

    @driven
    def search_user_memories(
        self,
        query: str | None = None,
        limit: int | None = None,
        retrieval_method: RetrievalMethod | None = None,
        user_id: str | None = None,
    ) -> Flow[list[UserMemory]]:
        """Return what is remembered about a user, the best first.

        Args:
            query: any words.
            limit: how many at most; None for 10 with "hybrid", and for all that there are with the others.
            retrieval_method: "hybrid" finds the best for the query; "last_n" gives the newest, the newest first;
                "first_n" the oldest, the oldest first; "agentic" has the model pick, of at most 50 that "hybrid"
                finds. None: "hybrid" with a query, else "last_n".
            user_id: whose memories.

        Raises:
            InputError: "hybrid" or "agentic" without a query.
            ConfigurationError: "agentic" without a model.
            CurationError: "agentic", and the model's answer cannot be used.
        """
        scope = owner(user_id)
        method = retrieval_method or ("hybrid" if query else "last_n")
        if method not in get_args(RetrievalMethod):
            raise InputError(f"retrieval_method is {method!r}: give one of {', '.join(get_args(RetrievalMethod))}.")
        if method == "last_n":
            return self.db.newest(scope, limit)
        if method == "first_n":
            return self.db.oldest(scope, limit)
        if not query:
            raise InputError(f"retrieval_method {method!r} needs a query: give some words, or use 'last_n'.")
        if method == "agentic":
            return (yield from choose(self.db, self._judge("retrieval_method='agentic'"), scope, query, limit))
        return [hit.memory for hit in self.db.search(scope, query, 10 if limit is None else limit)]

    def clear_user_memories(self, user_id: str | None = None) -> int:
        """Forget everything that is true now about a user, and return how many memories that was."""
        return len(self.db.clear(owner(user_id), Change()))

    def _apply(self, scope: Scope, edit: Edit) -> str:
        return self.db.apply(scope, [edit], Change())[0].memory_id

    aadd_user_memory = in_thread(add_user_memory)
    areplace_user_memory = in_thread(replace_user_memory)
    adelete_user_memory = in_thread(delete_user_memory)
    aget_user_memory = in_thread(get_user_memory)
    ahistory = in_thread(history)
    aget_user_memories = in_thread(get_user_memories)
    asearch_user_memories = adriven(search_user_memories)
    aclear_user_memories = in_thread(clear_user_memories)
