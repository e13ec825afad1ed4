"""A run as it happens: a lane for each agent, what becomes of the memory, and the answer as it is written."""

from collections.abc import Collection
from dataclasses import replace
from threading import Lock
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from coterie.graphs.events import Event, MemoryChanged, MemoryCurated
from coterie.graphs.memory_diff import edits_of
from coterie.graphs.timeline import Timeline
from coterie.graphs.trace import End, Record, Records
from coterie.memory.values import StoredRun
from coterie.teams.display import Display
from coterie.teams.output import RunFinished, RunStarted
from coterie.teams.printing import Printer
from coterie.teams.watched import Watched, diff_line, live_view, whole_view
from coterie.text import showable

REDRAWS_A_SECOND = 8


class Watcher(Printer):
    """Shows one run with its lanes. Where there is no terminal it prints what `Printer` does, with word diffs.

    It redraws `REDRAWS_A_SECOND` times a second, in a thread of its own, however much is told.
    """

    def __init__(
        self, message: str, console: Console | None = None, *, repeat: bool = True, speakers: Collection[str] = ()
    ) -> None:
        self.timeline = Timeline()
        self.diff: list[Text] = []
        """What became of the memory, and what went wrong with it."""
        self.run: RunStarted | None = None
        self._records: Records | None = None
        self._record: Record | None = None
        self._over = False
        self._lock = Lock()
        super().__init__(message, console, repeat=repeat, speakers=speakers)

    def _display(self) -> Display:
        return Display(self.console, lambda: self, REDRAWS_A_SECOND)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            watched = Watched(
                message=self.message if self.repeat else None,
                run=self.run,
                timeline=self.timeline,
                work=self.work,
                diff=self.diff,
                answer=self.answer,
                waits=self.waits,
            )
            view = whole_view(watched, options) if self._over else live_view(watched, console, options)
        yield view

    def show(self, event: Event) -> None:
        """Take in one event. A terminal has it at the next redraw."""
        with self._lock:
            self._take(event)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._over = True
            if error is not None:
                self._end(End("failed" if isinstance(error, Exception) else "cancelled", error=error))
        super().__exit__(kind, error, traceback)

    def _take(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._begin(event)
        self._note(event)
        super()._take(event)
        if isinstance(event, RunFinished):
            self.diff += [Text("curated in the background", "dim")] if event.output.in_background else []
            self._end(End("waiting" if event.output.waiting else "finished"))

    def _begin(self, event: RunStarted) -> None:
        """The lanes are made of the records that a trace of the run has."""
        self.run = event
        ids = event.run_id, event.user_id, event.session_id
        self._records = Records(StoredRun(*ids, None, None, event.source, started_at=event.at), contents=True)

    def _note(self, event: Event | End) -> None:
        self._record = self._records.of(event) if self._records is not None else None
        if self._record is not None:
            self.timeline.add(self._record)

    def _end(self, end: End) -> None:
        if not self.timeline.last:
            self._note(end)

    def _memory_lines(self, event: MemoryChanged | MemoryCurated) -> list[str]:
        """The lines for a pipe. What is no edit is what the curator could not do."""
        edits = list(edits_of(self._record)) if self._record is not None else []
        report = replace(event.report, applied=(), refused=(), held=()) if isinstance(event, MemoryCurated) else None
        rest = list(report.lines()) if report is not None else []
        plain = self.console.no_color or self.console.color_system is None
        self.diff += [diff_line(edit, plain=plain) for edit in edits]
        self.diff += [Text(showable(line), "yellow") for line in rest]
        return [f"memory {line}" for line in (*(diff_line(edit).plain for edit in edits), *rest)]
