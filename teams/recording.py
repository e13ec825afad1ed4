"""Recording a run: a thread of its own writes down what the run tells, so that the run does not wait for it."""

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING

from coterie.errors import ConfigurationError, CoterieError
from coterie.graphs.events import Event
from coterie.graphs.picture import as_json
from coterie.graphs.picturing import picture
from coterie.graphs.spec import Spec
from coterie.graphs.trace import End, Record, Records
from coterie.memory.values import StoredRun
from coterie.teams.sinks import FileSink, Sink, StoreSink
from coterie.teams.tracing import TraceSetting, trace_of

if TYPE_CHECKING:
    from coterie.teams.run import Run

EVERY = 0.1
"""Seconds that records are gathered before they are written: a transaction costs as much for many as for one."""


def recorder(owner: str, setting: TraceSetting, run: "Run") -> "Recorder | None":
    """What records a run as a setting says. None: nothing does.

    Raises:
        ConfigurationError: it is to be recorded in the store, and there is none; or the setting is not known.
    """
    trace, memory = trace_of(owner, setting), run.spec.memory
    if trace is None:
        return None
    if (path := trace.file(run.context.run_id or "")) is not None:
        return Recorder(FileSink(path), run.spec, trace.contents)
    if memory is None:
        raise ConfigurationError(
            f"{owner}: trace={setting!r} records runs in the store, and there is none: give it db=SqliteDb('team.db'),"
            " or a path to record them in: trace='runs/'."
        )
    return Recorder(StoreSink(memory.manager.db), run.spec, trace.contents)


class Recorder:
    """Records one run.

    Args:
        sink: where to.
        spec: whose run it is.
        contents: whether contents are recorded.
    """

    def __init__(self, sink: Sink, spec: Spec, contents: bool) -> None:
        self._sink = sink
        self._spec = spec
        self._contents = contents
        self._told: SimpleQueue[Event | End] = SimpleQueue()
        self._over = Flag()
        self._thread: Thread | None = None
        self._unwritten: Exception | None = None
        """Why the last records are not written. They may be with the next ones."""
        self._lost: Exception | None = None
        """Why something is not in the trace, and never will be."""

    @property
    def begun(self) -> bool:
        """Whether it writes already. What was told before is written, too."""
        return self._thread is not None

    def begin(self, run: StoredRun, message: str | None, *, resumed: bool) -> None:
        """Begin to write. ``message`` is what the user said; None: nothing new, or nothing that may be kept."""
        self._thread = Thread(target=self._work, args=(run, message, resumed), name="coterie-trace", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Record an event, told by any thread."""
        self._told.put(event)

    def end(self, end: End) -> str | None:
        """Record the end, and wait until everything is written. The first end counts.

        Returns:
            Why the trace is incomplete. None: it is not.
        """
        assert self._thread is not None, "it has begun"
        self._told.put(end)
        self._over.set()
        self._thread.join()
        problem = self._lost or self._unwritten
        return None if problem is None else (" ".join(str(problem).split()) or type(problem).__name__)

    def _work(self, run: StoredRun, message: str | None, resumed: bool) -> None:
        try:
            before = self._sink.opened(run, resumed=resumed)
            records = Records(run, self._contents, steps=max((each.get("step") or 0 for each in before), default=0))
            first = records.resumed() if before else records.started(as_json(picture(self._spec)), message)
            self._sink.close(self._written(records, first))
        except Exception as error:  # the run goes on, and says so when it ends
            self._lost = error

    def _written(self, records: Records, first: Record) -> End:
        """Write what is told until the end is."""
        made: list[Record] = [first]
        last: Event | End | None = None
        while not isinstance(last, End):
            told = self._next()
            made += [record for each in told if (record := self._record(records, each)) is not None]
            self._write(made)
            made, last = [], told[-1]
        return last

    def _record(self, records: Records, told: Event | End) -> Record | None:
        try:
            return records.of(told)
        except Exception as error:  # of this one: what follows is recorded all the same
            self._lost = error
            return None

    def _write(self, made: list[Record]) -> None:
        try:
            self._sink.write(made)
        except (OSError, CoterieError) as error:
            self._unwritten = error
        except Exception as error:
            self._lost = error
        else:
            self._unwritten = None  # with what it could not write before

    def _next(self) -> list[Event | End]:
        """What was told: it waits for something, and a little for more of it."""
        found = [self._told.get()]
        self._over.wait(EVERY)
        with suppress(Empty):
            while not isinstance(found[-1], End):
                found.append(self._told.get_nowait())
        return found
