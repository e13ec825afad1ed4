"""A conversation: what is said line by line, at a prompt or in a pipe, and the answers."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from coterie.errors import CoterieError
from coterie.graphs.pausing import Confirmation, Decision, Waiting
from coterie.memory.ids import new_id
from coterie.memory.values import Scope
from coterie.teams.output import RunOutput
from coterie.teams.printing import waiting_line
from coterie.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coterie.graphs.events import Event
    from coterie.teams.talking import Talks

HELP = "/memory shows what is remembered of you, /exit or Ctrl-D ends."


class Conversation:
    """One session with an agent or a team.

    Args:
        target: who answers.
        user_id: who speaks.
        session_id: the session to go on with. None: a new one.
        watch: show each run as `coterie.teams.watching.Watcher` does.
    """

    def __init__(
        self, target: "Talks", user_id: str | None = None, session_id: str | None = None, *, watch: bool = False
    ) -> None:
        self.target = target
        self.user_id = user_id
        self.session_id = session_id or new_id()
        self.watch = watch
        self.stopped = False
        self.live = sys.stdin.isatty() and sys.stdout.isatty()

    def go_on(self) -> bool:
        """Answer until /exit or Ctrl-D, or the end of what is piped in, or what waits and nobody is there to ask.

        Returns whether every answer went well.
        """
        if self.live:
            print(f"This is {self.target.name}. {HELP}", file=sys.stderr)
        well = [self._answered(line) for line in self._lines()]
        return all(well) and not self.stopped

    def _lines(self) -> Iterator[str]:
        if self.live:
            import readline  # noqa: F401  # editing and history in input()
        while not self.stopped:
            try:
                line = (input("> ") if self.live else next(sys.stdin)).strip()
            except (EOFError, KeyboardInterrupt, StopIteration):
                break
            if line in ("/exit", "/quit"):
                return
            if line:
                yield line
        if self.live:
            print(file=sys.stderr)

    def _answered(self, line: str) -> bool:
        try:
            self.answer(line)
        except CoterieError as error:
            self.failed(error)
            return False
        except KeyboardInterrupt:
            if not self.live:
                raise
            print("\nStopped. Ctrl-D ends the conversation.", file=sys.stderr)
        return True

    def answer(self, line: str) -> None:
        """Answer one line.

        Raises:
            CoterieError: what went wrong; the conversation goes on.
        """
        if line == "/memory":
            self.show_memory()
        elif line.startswith("/"):
            known = line in ("/help", "/?")
            print(HELP if known else f"There is no {line.split()[0]}. {HELP}", file=sys.stderr)
        else:
            self._say(line)

    def show_memory(self) -> None:
        """Print what is remembered of the one who speaks."""
        scope = Scope(self.user_id, as_owner=self.user_id is not None)
        for memory in self.target.memory.db.newest(scope):
            print(one_line(memory.memory))

    def failed(self, error: CoterieError) -> None:
        """Say in one line what went wrong, then what else there is to know of it."""
        for line in (f"error: {error}", *getattr(error, "__notes__", ())):
            print(one_line(line), file=sys.stderr)

    def _say(self, message: str) -> None:
        events = self.target.run(message, stream=True, user_id=self.user_id, session_id=self.session_id)
        output = self._printed(message, events, repeat=not self.live)  # at the prompt it stands already
        while output.waiting and self.live:
            decisions = asked(output.waiting)
            events = self.target.resume(output.run_id, decisions, stream=True, user_id=self.user_id)
            output = self._printed("", events, repeat=False)
        self.stopped = output.paused

    def _printed(self, message: str, events: "Iterable[Event]", *, repeat: bool) -> RunOutput:
        with self.target.printer(message, repeat=repeat, watch=self.watch) as printer:
            for event in events:
                printer.show(event)
        return printer.output


def asked(waiting: Sequence[Waiting]) -> dict[str, Any]:
    """What somebody at the prompt says to each thing that waits. Ctrl-D and Ctrl-C are a no."""
    return {
        each.id: _decision(each) if isinstance(each, Confirmation) else _typed(f"{waiting_line(each)} ")
        for each in waiting
    }


def _decision(call: Confirmation) -> Decision:
    said = _typed(f"{waiting_line(call)}: allow it? [y/N, or why not] ")
    if said.lower() in ("y", "yes"):
        return Decision(True)
    return Decision(False, "" if said.lower() in ("", "n", "no") else said)


def _typed(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except (EOFError, KeyboardInterrupt):
        print(file=sys.stderr)
        return ""
