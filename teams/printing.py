"""A run as people see it in a terminal: live where there is one, plain text in a pipe."""

from collections.abc import Collection
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from coterie.errors import RunError
from coterie.graphs.events import (
    AttemptFailed,
    Event,
    HandedOver,
    MemberStarted,
    MemoryChanged,
    MemoryCurated,
    Token,
    ToolFinished,
)
from coterie.graphs.pausing import Question, Waiting
from coterie.memory.report import CurationReport, change_lines
from coterie.teams.display import Display
from coterie.teams.narrating import answered, line_of
from coterie.teams.output import RunFinished, RunOutput, RunStarted
from coterie.text import one_line, showable

_STYLES = {"+": "green", "~": "green", "=": "dim"}


def curation_lines(report: CurationReport) -> list[str]:
    """What the curator did, a line for each: see `CurationReport.lines`."""
    return [f"memory {line}" for line in report.lines()]


def waiting_line(waiting: Waiting) -> str:
    """What somebody is to decide, on one line.

    >>> waiting_line(Question("d41d8cd9", "Which day?"))
    "asks: 'Which day?'"
    """
    if isinstance(waiting, Question):
        return one_line(f"asks: {waiting.value!r}")
    arguments = ", ".join(f"{name}={value!r}" for name, value in waiting.arguments.items())
    return one_line(f"{waiting.agent} wants to call {waiting.tool}({arguments})")


class Printer:
    """Shows the events of one run. Use it as a context manager; `output` is there once the run has finished.

    Args:
        message: what was said.
        console: where to show it. None: standard output.
        repeat: show the message too, and what a run waits for. False at a prompt, where the one who said it sees it,
            and is asked.
        speakers: whose words are shown as they are written: see `coterie.teams.narrating.speakers`. They are the answer
            until somebody else answers.
    """

    def __init__(
        self, message: str, console: Console | None = None, *, repeat: bool = True, speakers: Collection[str] = ()
    ) -> None:
        self.message = message
        self.speakers = speakers
        self.repeat = repeat
        self.console = console or Console()
        self.answer = ""
        self.work: list[str] = []
        self.memory: list[str] = []
        self.waits: list[str] = []
        self.root = ""
        self._output: RunOutput | None = None
        self._shown = self._display() if self.console.is_terminal and not self.console.is_dumb_terminal else None

    def _display(self) -> Display:
        """What draws it in a terminal."""
        return Display(self.console, self._rendered)

    @property
    def output(self) -> RunOutput:
        """What the run returned.

        Raises:
            RunError: it has not finished.
        """
        if self._output is None:
            raise RunError("The run has not finished: there is no output yet.")
        return self._output

    def __enter__(self) -> "Printer":
        if self._shown is not None:
            self._shown.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()  # draws it once more
        elif self.work or self.answer or self.waits:  # a run that failed at once has nothing to show
            self._print_plainly()

    def show(self, event: Event) -> None:
        """Take in one event, and show it at once where there is a terminal."""
        self._take(event)
        if self._shown is not None:
            self._shown.draw()

    def _take(self, event: Event) -> None:
        self._work_on(event)
        match event:
            case RunStarted():
                self.root = event.source
            case Token() if event.source in self.speakers:
                self.answer += event.text
            case AttemptFailed() | ToolFinished() if event.source in self.speakers:
                self.answer = ""
            case MemberStarted():
                self.answer = ""
            case MemoryChanged() | MemoryCurated():
                self.memory += self._memory_lines(event)
            case RunFinished():
                self._output, self.answer = event.output, event.output.content
                self.memory += ["memory: curated in the background"] if event.output.in_background else []
                if event.output.waiting and self.repeat:
                    self.waits = [f"waits: {waiting_line(each)}" for each in event.output.waiting]
                    whose = f", user_id={event.output.user_id!r}" if event.output.user_id is not None else ""
                    self.waits.append(f"to go on: resume({event.output.run_id!r}, True{whose}), or False")

    def _memory_lines(self, event: MemoryChanged | MemoryCurated) -> list[str]:
        if isinstance(event, MemoryCurated):
            return curation_lines(event.report)
        return [f"memory {line}" for line in change_lines(event.applied)]

    def _work_on(self, event: Event) -> None:
        """Add a line to what is being done. Who hands over has not answered."""
        if isinstance(event, HandedOver) and answered(event.member) in self.work:
            place = len(self.work) - 1 - self.work[::-1].index(answered(event.member))
            del self.work[place]
        line = line_of(event, self.message)
        self.work += [line] if line is not None else []

    def _rendered(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self.repeat:
            parts.append(Panel(_text(self.message), title="You", title_align="left", border_style="dim"))
        parts += [_text(f"  {line}", "dim") for line in self.work]
        # As it was answered: read as Markdown, it would lose line breaks, <b> and what else people quote.
        answer = _text(self.answer) if self.answer else _text("…", "dim")
        if self.answer or not self.waits:
            parts.append(Panel(answer, title=_text(self.root), title_align="left", border_style="cyan"))
        parts += [_text(f"  {line}", _STYLES.get(line[7:8], "yellow")) for line in self.memory]
        parts += [_text(f"  {line}", "bold yellow") for line in self.waits]
        return Group(*parts)

    def _print_plainly(self) -> None:
        lines = [f"> {self.message}"] if self.repeat else []
        lines += [f"  {line}" for line in self.work]
        lines += [self.answer] if self.answer or not self.waits else []
        lines += [f"  {line}" for line in (*self.memory, *self.waits)]
        self.console.print(_text("\n".join(lines)), soft_wrap=True)


def _text(text: str, style: str = "") -> Text:
    return Text(showable(text), style=style)
