"""`MemoryManager`: what people call to have memories made, changed, found and put into fewer words."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from coterie.errors import ConfigurationError, NoModelError
from coterie.memory.background import sum_up
from coterie.memory.by_hand import ByHand
from coterie.memory.curating import Curating
from coterie.memory.curator import Curator
from coterie.memory.db import Db
from coterie.memory.deciding import Deciding
from coterie.memory.evidence import DEFAULT_LIMITS, CurationLimits
from coterie.memory.flow import Flow, adriven, driven
from coterie.memory.growth import Growth
from coterie.memory.ids import new_id
from coterie.memory.incoming import turn_of
from coterie.memory.inputs import key
from coterie.memory.models import curating_model
from coterie.memory.optimizing import Optimized, optimize
from coterie.memory.policy import SWITCHES, Policy
from coterie.memory.prompt import Rules
from coterie.memory.report import CurationReport
from coterie.memory.strategies import MemoryOptimizationStrategyType, Strategy, named
from coterie.memory.summaries import summarize
from coterie.memory.verbatim import VerbatimCurator

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from coterie.memory.incoming import AnyMessage


class MemoryManager(ByHand, Deciding, Curating):
    """Makes, changes and finds the memories about users. Every method is about one user, who must be named.

    Making one is cheap: model and store are looked at on first use.

    Args:
        db: the store.
        model: a LangChain chat model, or a name for ``ChatOpenAI``. None: what the environment configures.
        curator: "model" asks the model what to keep of a turn, "verbatim" keeps what the user states, as said, and
            needs no model; or a `Curator` of your own. None: "model" if there is a model, else "verbatim".
        system_message: what the model is told in place of the rules that coterie has. The examples stay.
        memory_capture_instructions: what is worth keeping, in place of what the rules say of it.
        additional_instructions: what matters in this application: said after the rules.
        add_memories: whether the curator may add memories. An edit of a kind that is switched off is not offered to
            the model, and refused if it comes nevertheless. What is done by hand is not concerned.
        update_memories: whether it may correct and merge them.
        delete_memories: whether it may forget one that the user asks to forget.
        clear_memories: whether it may forget everything about the user, who must have asked for just that. Without it,
            only what it was shown of the memory can be forgotten.
        approval: "ask" holds what is unsure until somebody decides: see `held`. None applies what passes the checks.
        optimize_above_tokens: when more is remembered of a user than so many (estimated) tokens, it is put into fewer
            words after a turn is curated, as `optimize_memories` does it; then not again until it has grown by a
            tenth. The report has what came of it; a failure is never raised. None: never.
        limits: how much one turn may change, and how much of it the curator sees.
    """

    def __init__(
        self,
        db: Db | None = None,
        model: "BaseChatModel | str | None" = None,
        *,
        curator: Curator | Literal["model", "verbatim"] | None = None,
        system_message: str | None = None,
        memory_capture_instructions: str | None = None,
        additional_instructions: str | None = None,
        add_memories: bool = True,
        update_memories: bool = True,
        delete_memories: bool = True,
        clear_memories: bool = False,
        approval: Literal["ask"] | None = None,
        optimize_above_tokens: int | None = None,
        limits: CurationLimits = DEFAULT_LIMITS,
    ) -> None:
        if approval not in (None, "ask"):
            raise ConfigurationError(f"approval is {approval!r}: give 'ask', or None to apply what passes the checks.")
        if optimize_above_tokens is not None and not (
            isinstance(optimize_above_tokens, int) and optimize_above_tokens > 0
        ):
            raise ConfigurationError(
                f"optimize_above_tokens is {optimize_above_tokens!r}: give a whole number above 0, or None for never."
            )
        on = {
            "add_memories": add_memories,
            "update_memories": update_memories,
            "delete_memories": delete_memories,
            "clear_memories": clear_memories,
        }
        operations = tuple(operation for operation, switch in SWITCHES.items() if on[switch])
        super().__init__(
            db,
            model,
            curator,
            Rules(operations, system_message, memory_capture_instructions, additional_instructions),
            Policy(limits, operations, approval),
            None if optimize_above_tokens is None else Growth(optimize_above_tokens),
        )

    def completed(self, db: Db, model: "BaseChatModel | str | None") -> "MemoryManager":
        """The same manager; if it has no store or no model of its own, one with these instead."""
        if self._db is not None and self._model is not None:
            return self
        found = copy(self)
        found._db, found._model = self._db or db, self._model if self._model is not None else model
        return found

    def __repr__(self) -> str:
        """The store, and who curates, without making a model."""
        model = self._model if isinstance(self._model, str | None) else type(self._model).__name__
        curator = self._curator if isinstance(self._curator, str | None) else type(self._curator).__name__
        parts = {"db": self._db, "model": model, "curator": curator}
        return f"MemoryManager({', '.join(f'{name}={part!r}' for name, part in parts.items() if part is not None)})"

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

    @driven
    def update_memory_task(self, task: str, user_id: str | None = None) -> Flow[CurationReport]:
        """Have the curator do what a user asks for in words: "Forget my address, and remember that I am vegetarian".

        The task is stored as something that the user said, and is curated like it: see `create_user_memories`.

        Args:
            task: what is to be done, as the user would say it.
            user_id: whose memories.

        Returns:
            What was done, refused or held; as a text, a line for each.

        Raises:
            NoModelError: no model curates. Without one, a task cannot be understood, only kept.
        """
        turn = turn_of(task, None, user_id, None, None)
        if isinstance(self.curator, VerbatimCurator):
            raise NoModelError(
                f"The task {task[:40]!r} needs a model, and curator='verbatim' asks none: give"
                " MemoryManager(model=...), or set OPENAI_API_KEY or OPENAI_BASE_URL."
            )
        self.db.record_turn(turn)
        return (yield from self.curating(turn))

    def summarize_in_background(self, session_id: str, user_id: str | None = None) -> None:
        """Have a session summed up by that thread; returns at once. What fails is logged, and tried after the next run.

        See `summarize_session`.
        """
        self._background.put(partial(sum_up, self, session_id, user_id))

    @driven
    def optimize_memories(
        self,
        user_id: str | None = None,
        strategy: MemoryOptimizationStrategyType | Strategy | str = MemoryOptimizationStrategyType.SUMMARIZE,
        apply: bool = True,
    ) -> Flow[Optimized]:
        """Put what is remembered about a user into fewer words.

        Args:
            user_id: whose memories.
            strategy: one of those that come with coterie, by its name too ("summarize", "deduplicate"), or your own.
            apply: False returns what it would be, and changes nothing.

        Returns:
            The memories afterwards, with ``tokens_before`` and ``tokens_after``, and what became of which; as a text, a
            diff. ``change_id`` is what `Db.undo` takes it back by.

        Raises:
            CurationError: the model refused, or its answer loses facts. Nothing was changed.
            ConflictError: a memory was changed or removed meanwhile. Nothing was changed.
        """
        whose = key("user_id", user_id)
        return (yield from optimize(self.db, whose, named(strategy), curating_model(self._model), apply))

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

    acreate_user_memories = adriven(create_user_memories)
    aupdate_memory_task = adriven(update_memory_task)
    aoptimize_memories = adriven(optimize_memories)
    asummarize_session = adriven(summarize_session)
