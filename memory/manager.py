"""`MemoryManager`: what people call to have memories made, changed, found and put into fewer words."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from coterie.errors import ConfigurationError, ConflictError, CoterieError, CurationError, InputError, NotFoundError
from coterie.memory.background import Background, settle
from coterie.memory.checks import DEFAULT_LIMITS, CurationLimits
from coterie.memory.curation import CurationReport as CurationReport
from coterie.memory.curation import curate
from coterie.memory.curator import Curator, ModelCurator
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Edit, Ref, Revision, Update
from coterie.memory.flow import Flow, adriven, driven, in_thread
from coterie.memory.ids import new_id
from coterie.memory.incoming import turn_of
from coterie.memory.inputs import expected, key
from coterie.memory.models import curating_model
from coterie.memory.optimizing import Optimized, optimize
from coterie.memory.secrets import without_login
from coterie.memory.strategies import MemoryOptimizationStrategyType, Strategy, named
from coterie.memory.summaries import summarize
from coterie.memory.values import Scope, Turn, UserMemory
from coterie.memory.verbatim import VerbatimCurator

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from coterie.memory.incoming import AnyMessage

RetrievalMethod = Literal["hybrid", "last_n"]


class MemoryManager:
    """Makes, changes and finds the memories about users. Every method is about one user, who must be named.

    Making one is cheap: model and store are looked at on first use.

    Args:
        db: the store.
        model: a LangChain chat model, or a name for ``ChatOpenAI``. None: what the environment configures.
        curator: "model" asks the model what to keep of a turn, "verbatim" keeps what the user states, as said, and
            needs no model; or a `Curator` of your own. None: "model" if there is a model, else "verbatim".
        additional_instructions: what matters in this application, in words for the model.
        limits: how much one turn may change, and how much of it the curator sees.
    """

    def __init__(
        self,
        db: Db | None = None,
        model: "BaseChatModel | str | None" = None,
        *,
        curator: Curator | Literal["model", "verbatim"] | None = None,
        additional_instructions: str | None = None,
        limits: CurationLimits = DEFAULT_LIMITS,
    ) -> None:
        if db is not None and not isinstance(db, Db):
            raise ConfigurationError(
                f"db is {without_login(repr(db))}: give a store, as SqliteDb('team.db') or PostgresDb(db_url=...)."
            )
        self._db = db
        self._model = model
        self._curator = curator
        self._instructions = additional_instructions
        self._limits = limits
        self._background = Background()

    def completed(self, db: Db, model: "BaseChatModel | str | None") -> "MemoryManager":
        """The same manager; if it has no store or no model of its own, one with these instead."""
        if self._db is not None and self._model is not None:
            return self
        found = copy(self)
        found._db, found._model = self._db or db, self._model if self._model is not None else model
        return found

    @property
    def limits(self) -> CurationLimits:
        """How much one turn may change, and how long a memory may be."""
        return self._limits

    @property
    def store(self) -> Db | None:
        """The store, None if there is none yet."""
        return self._db

    def __repr__(self) -> str:
        """The store, and who curates, without making a model."""
        model = self._model if isinstance(self._model, str | None) else type(self._model).__name__
        curator = self._curator if isinstance(self._curator, str | None) else type(self._curator).__name__
        parts = {"db": self._db, "model": model, "curator": curator}
        return f"MemoryManager({', '.join(f'{name}={part!r}' for name, part in parts.items() if part is not None)})"

    @property
    def db(self) -> Db:
        """The store.

        Raises:
            ConfigurationError: there is none.
        """
        if self._db is None:
            raise ConfigurationError("This MemoryManager has no store: make it with db=SqliteDb('memory.db').")
        return self._db

    @property
    def curator(self) -> Curator:
        """Who decides what is kept of a turn.

        Raises:
            ConfigurationError: the model is to decide, and there is none.
        """
        if self._curator is None or isinstance(self._curator, str):
            self._curator = self._chosen(self._curator)
        return self._curator

    def _chosen(self, name: str | None) -> Curator:
        if name not in (None, "model", "verbatim"):
            raise ConfigurationError(f"curator={name!r} is not known: give 'model', 'verbatim' or a Curator.")
        model = None if name == "verbatim" else curating_model(self._model)
        if model is not None:
            return ModelCurator(model, self._limits, self._instructions)
        if name == "model":
            raise ConfigurationError(
                "curator='model' needs a model: give MemoryManager(model=...), or set OPENAI_API_KEY or"
                " OPENAI_BASE_URL."
            )
        return VerbatimCurator(self._limits)

    def add_user_memory(self, memory: UserMemory, user_id: str | None = None) -> str:
        """Keep a memory as it is given, and return its id; that of the same statement if the user has it already."""
        expected("memory", memory, UserMemory)
        owner = key("user_id", user_id if user_id is not None else memory.user_id)
        return self._apply(Scope(owner, memory.team_id, memory.agent_id), Add(memory))

    def replace_user_memory(self, memory_id: str, memory: UserMemory, user_id: str | None = None) -> str:
        """Put a memory's words (and topics, if given) in place of another's, and return the id of the new statement.

        The old one is closed: it is no longer true, and remains in the history.

        Raises:
            NotFoundError: the user has no such memory.
            ConflictError: ``memory`` was read from the store, and somebody changed it since.
        """
        expected("memory", memory, UserMemory)
        owner = key("user_id", user_id if user_id is not None else memory.user_id)
        target = Ref(memory_id, memory.version if memory.memory_id == memory_id else None)
        topics = memory.topics if "topics" in memory.model_fields_set else None
        return self._apply(_owner(owner), Update(target, memory.memory, topics))

    def delete_user_memory(self, memory_id: str, user_id: str | None = None) -> None:
        """Forget a memory.

        Raises:
            NotFoundError: the user has no such memory.
        """
        self._apply(_owner(user_id), Delete(Ref(memory_id)))

    def get_user_memory(self, memory_id: str, user_id: str | None = None) -> UserMemory | None:
        """Return what holds now of a memory of the user's, by its id or an older one; None if there is none."""
        try:
            return self.db.current(_owner(user_id), memory_id)
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
        return self.db.history(_owner(user_id), memory_id)

    def get_user_memories(self, user_id: str | None = None) -> list[UserMemory]:
        """Return everything remembered about a user that is true now, newest first."""
        return self.db.newest(_owner(user_id), None)

    def search_user_memories(
        self,
        query: str | None = None,
        limit: int | None = None,
        retrieval_method: RetrievalMethod | None = None,
        user_id: str | None = None,
    ) -> list[UserMemory]:
        """Return what is remembered about a user, the best first.

        Args:
            query: any words.
            limit: how many at most; None for 10 with "hybrid" and all with "last_n".
            retrieval_method: "hybrid" finds the best for the query, "last_n" the newest. None: "hybrid" with a query,
                else "last_n".
            user_id: whose memories.
        """
        scope = _owner(user_id)
        method = retrieval_method or ("hybrid" if query else "last_n")
        if method not in get_args(RetrievalMethod):
            raise InputError(f"retrieval_method is {method!r}: give one of {', '.join(get_args(RetrievalMethod))}.")
        if method == "last_n":
            return self.db.newest(scope, limit)
        if not query:
            raise InputError("retrieval_method 'hybrid' needs a query: give some words, or use 'last_n'.")
        return [hit.memory for hit in self.db.search(scope, query, 10 if limit is None else limit)]

    def clear_user_memories(self, user_id: str | None) -> int:
        """Forget everything that is true now about a user, and return how many memories that was."""
        return len(self.db.clear(_owner(user_id), Change()))

    @driven
    def create_user_memories(
        self,
        message: str | None = None,
        messages: "Sequence[AnyMessage] | None" = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
    ) -> Flow[CurationReport]:
        """Have the curator keep what deserves it of a message, or of the messages of one exchange.

        The exchange is stored first. If the model fails, the report has the error, the exchange stays pending, and
        `curate_pending` takes it up again.

        Args:
            message: what the user said.
            messages: instead of it: texts (by the user), `Message`, LangChain messages, or mappings with role and
                content.
            user_id: who said it.
            agent_id: the agent it was said to.
            team_id: the team it was said to.

        Raises:
            InputError: no user id; nothing was said; a NUL character.
        """
        turn = replace(turn_of(message, messages, user_id, agent_id, team_id), lease=new_id())
        self.db.record_turn(turn)
        return (yield from self.curating(turn))

    def curating(self, turn: Turn) -> Flow[CurationReport]:
        """Curate a turn that is stored and pending: a flow, for a graph's node or `drive`.

        A turn without a ``lease`` is taken up first. A curator that fails does not raise: the turn stays pending with
        the error, which the report has too.

        Raises:
            InputError: the turn has no user.
            ConflictError: the turn is not pending (any more), or somebody else is at it.
            StoreError: the database refused.
        """
        key("user_id", turn.user_id)
        curator = self.curator  # one that cannot be is no failure of the turn
        held = turn if turn.lease else self.db.lease_turn(turn)
        return (yield from curate(self.db, curator, held, self._limits))

    @driven
    def curate_pending(self, user_id: str | None = None, limit: int | None = 20) -> Flow[list[CurationReport]]:
        """Curate turns that are due, until none is or there were ``limit`` (None: any number); of one user or of all.

        A user's turns come in the order in which they were said. One that failed is due again after a while, longer
        each time; one that failed eight times is dead: it is kept, with its error, and not tried again
        (``db.retry_turns`` has both tried at once).
        """
        reports: list[CurationReport] = []
        while (limit is None or len(reports) < limit) and (turn := self.db.claim_turn(user_id)) is not None:
            try:
                reports.append((yield from self.curating(turn)))
            except ConflictError:  # its lease ran out, and another was quicker
                continue
        return reports

    def curate_in_background(self, turn: Turn) -> None:
        """Have a turn that is stored and pending curated by a thread of this process; returns at once.

        One thread takes all the turns of this manager, in order, and Python waits for it when the program ends. A turn
        that fails is logged, and stays pending: it is taken up by a later run, or by a `Worker`.
        """
        self._background.put(partial(settle, self, turn))

    def summarize_in_background(self, session_id: str, user_id: str | None = None) -> None:
        """Have a session summed up by that thread; returns at once. What fails is logged, and tried after the next run.

        See `summarize_session`.
        """
        self._background.put(partial(_summed_up, self, session_id, user_id))

    def wait_until_settled(self) -> None:
        """Wait until everything is done, or has failed, that this manager was given to do in the background."""
        self._background.wait()

    @driven
    def optimize_memories(
        self,
        user_id: str | None,
        strategy: MemoryOptimizationStrategyType | Strategy | str = MemoryOptimizationStrategyType.SUMMARIZE,
        apply: bool = True,
    ) -> Flow[Optimized]:
        """Put what is remembered about a user into fewer words.

        Args:
            user_id: whose memories.
            strategy: one of those that come with coterie, by its name too ("summarize"), or your own.
            apply: False returns what it would be, and changes nothing.

        Returns:
            The memories afterwards, with ``tokens_before`` and ``tokens_after``.

        Raises:
            CurationError: the model refused, or its answer loses facts. Nothing was changed.
            ConflictError: a memory was changed or removed meanwhile. Nothing was changed.
        """
        owner = key("user_id", user_id)
        return (yield from optimize(self.db, owner, named(strategy), curating_model(self._model), apply))

    @driven
    def summarize_session(self, session_id: str, user_id: str | None = None) -> Flow[str | None]:
        """Sum up what was said in a session since it was last summed up, and return the whole summary.

        Without a model it is what the user stated last, as said.

        Args:
            session_id: which.
            user_id: whose. None: a session without a user.

        Returns:
            None if nothing was said in it.

        Raises:
            NotFoundError: the user has no such session.
            CurationError: the model gave nothing usable. The summary before is kept.
            ConflictError: somebody else summed it up meanwhile.
        """
        return (yield from summarize(self.db, user_id, session_id, curating_model(self._model)))

    def _apply(self, scope: Scope, edit: Edit) -> str:
        return self.db.apply(scope, [edit], Change())[0].memory_id

    aadd_user_memory = in_thread(add_user_memory)
    areplace_user_memory = in_thread(replace_user_memory)
    adelete_user_memory = in_thread(delete_user_memory)
    aget_user_memory = in_thread(get_user_memory)
    ahistory = in_thread(history)
    aget_user_memories = in_thread(get_user_memories)
    asearch_user_memories = in_thread(search_user_memories)
    aclear_user_memories = in_thread(clear_user_memories)
    acreate_user_memories = adriven(create_user_memories)
    acurate_pending = adriven(curate_pending)
    await_until_settled = in_thread(wait_until_settled)
    aoptimize_memories = adriven(optimize_memories)
    asummarize_session = adriven(summarize_session)


def _owner(user_id: str | None) -> Scope:
    """The scope of a user's own view."""
    return Scope(key("user_id", user_id), as_owner=True)


def _summed_up(manager: MemoryManager, session_id: str, user_id: str | None) -> None:
    try:
        manager.summarize_session(session_id, user_id)
    except ConflictError:  # somebody else has done it
        return
    except CoterieError as error:
        raise CurationError(f"The session {session_id!r} was not summed up: {error}") from error
