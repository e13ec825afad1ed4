"""A conversation as the command line has it: texts are UTF-8, memories have the ids that other commands take."""

from coterie.cli.memories import print_memories
from coterie.cli.texts import utf8
from coterie.memory.values import Scope
from coterie.teams.chatting import Conversation


class Chat(Conversation):
    """What ``coterie chat`` runs."""

    def answer(self, line: str) -> None:
        """Answer one line.

        Raises:
            CoterieError: what went wrong.
        """
        super().answer(utf8(line))

    def show_memory(self) -> None:
        """Print what is remembered, each memory with an id that tells it from the others."""
        scope = Scope(self.user_id, as_owner=self.user_id is not None)
        print_memories(self.target.memory.db, scope, self.target.memory.db.newest(scope))
