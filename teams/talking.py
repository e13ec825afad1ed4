"""Talking to an agent or a team in a terminal."""

from typing import TYPE_CHECKING

from coterie.teams.output import RunOutput
from coterie.teams.runs import Runs

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.teams.printing import Printer


class Talks(Runs):
    """What prints its runs."""

    def print_response(
        self,
        message: str,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        console: "Console | None" = None,
        watch: bool = False,
    ) -> RunOutput:
        """Answer a message and print it, as it is written: the members at work, the answer, what memory learnt.

        Takes and raises what `run` does. ``console`` is rich's; None prints to standard output, plainly when that is
        not a terminal. A run that waits for somebody is printed with what it waits for. With ``watch`` there is a lane
        for each agent, with a bar that grows as it works, and how the memory changes, word by word.
        """
        printer = self.printer(message, console, watch=watch)
        with printer:
            for event in self.run(message, stream=True, user_id=user_id, session_id=session_id):
                printer.show(event)
        return printer.output

    def printer(
        self, message: str, console: "Console | None" = None, *, repeat: bool = True, watch: bool = False
    ) -> "Printer":
        """What shows a run of it: see `coterie.teams.printing.Printer`, and `coterie.teams.watching.Watcher`."""
        from coterie.teams.narrating import speakers
        from coterie.teams.printing import Printer
        from coterie.teams.watching import Watcher

        show = Watcher if watch else Printer
        return show(message, console, repeat=repeat, speakers=frozenset(speakers(self._compiled[0])))

    async def aprint_response(
        self,
        message: str,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        console: "Console | None" = None,
        watch: bool = False,
    ) -> RunOutput:
        """The async twin of `print_response`."""
        printer = self.printer(message, console, watch=watch)
        with printer:
            async for event in self.arun(message, stream=True, user_id=user_id, session_id=session_id):
                printer.show(event)
        return printer.output

    def chat(self, *, user_id: str | None = None, session_id: str | None = None, watch: bool = False) -> str:
        """Talk in a terminal until /exit or Ctrl-D, asking for a word on what waits; in a pipe, answer each line.

        An answer that fails is reported, and the conversation goes on. ``watch`` is that of `print_response`.

        Returns:
            The session's id.
        """
        from coterie.teams.chatting import Conversation

        conversation = Conversation(self, user_id, session_id, watch=watch)
        conversation.go_on()
        return conversation.session_id
