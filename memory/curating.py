"""The part of a `MemoryManager` that has turns curated: now, when they are due, or in the background."""

from functools import partial
from typing import TYPE_CHECKING, Literal

from coterie.errors import ConfigurationError, ConflictError
from coterie.memory.background import Background, settle
from coterie.memory.curation import curate
from coterie.memory.curator import Curator, ModelCurator
from coterie.memory.db import Db
from coterie.memory.evidence import CurationLimits
from coterie.memory.flow import Flow, adriven, driven, in_thread
from coterie.memory.growth import Growth
from coterie.memory.inputs import key
from coterie.memory.managed import Managed
from coterie.memory.models import curating_model
from coterie.memory.policy import Policy
from coterie.memory.prompt import Rules
from coterie.memory.report import CurationReport
from coterie.memory.values import Turn
from coterie.memory.verbatim import VerbatimCurator

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Curating(Managed):
    """Who curates, by which rules, and what may come of a turn."""

    def __init__(
        self,
        db: Db | None,
        model: "BaseChatModel | str | None",
        curator: Curator | Literal["model", "verbatim"] | None,
        rules: Rules,
        policy: Policy,
        growth: Growth | None,
    ) -> None:
        super().__init__(db, model)
        self._curator = curator
        self._rules = rules
        self._policy = policy
        self._growth = growth
        self._background = Background()

    @property
    def limits(self) -> CurationLimits:
        """How much one turn may change, and how long a memory may be."""
        return self._policy.limits

    @property
    def curator(self) -> Curator:
        """Who decides what is kept of a turn.

        Raises:
            NoModelError: the model is to decide, and there is none.
        """
        if self._curator is None or isinstance(self._curator, str):
            self._curator = self._chosen(self._curator)
        return self._curator

    def _chosen(self, name: str | None) -> Curator:
        if name not in (None, "model", "verbatim"):
            raise ConfigurationError(f"curator={name!r} is not known: give 'model', 'verbatim' or a Curator.")
        if name == "model":
            return ModelCurator(self._judge("curator='model'"), self._policy.limits, self._rules)
        model = None if name == "verbatim" else curating_model(self._model)
        if model is not None:
            return ModelCurator(model, self._policy.limits, self._rules)
        return VerbatimCurator(self._policy.limits)

    def curating(self, turn: Turn) -> Flow[CurationReport]:
        """Curate a turn that is stored and pending: a flow, for a graph's node or `drive`.

        A turn without a ``lease`` is taken up first. A curator that fails does not raise: the turn stays pending with
        the error, which the report has too.

        Raises:
            InputError: the turn has no user.
            ConflictError: the turn is not pending (any more), or somebody else is at it.
            StoreError: the database refused.
        """
        whose = key("user_id", turn.user_id)
        curator = self.curator  # one that cannot be is no failure of the turn
        held = turn if turn.lease else self.db.lease_turn(turn)
        report = yield from curate(self.db, curator, held, self._policy)
        if self._growth is None or not report.applied:
            return report
        return (yield from self._growth.kept_small(self.db, whose, report, self._model))

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

    def wait_until_settled(self) -> None:
        """Wait until everything is done, or has failed, that this manager was given to do in the background."""
        self._background.wait()

    acurate_pending = adriven(curate_pending)
    await_until_settled = in_thread(wait_until_settled)
