"""A personal assistant that is spoken to in four languages, corrected, and told to forget.

    coterie examples run assistant
    coterie examples show assistant > assistant.py
    coterie run assistant.py "我住在哪里?" --db mia.db --user mia

German, Chinese, Spanish and English go into one memory, each statement in the language in which it was said. What a
correction replaces is closed, not overwritten: the history says what was believed before, since when, and why.

With OPENAI_API_KEY or OPENAI_BASE_URL set, a model answers, and decides what is corrected and forgotten. Without, the
assistant quotes, and the rules below decide: they show what a curator of your own looks like.
"""

import argparse
import re
from collections.abc import Sequence

from coterie import Agent, MemoryManager
from coterie.memory.db import Db
from coterie.memory.evidence import Proposal
from coterie.memory.flow import Flow
from coterie.memory.models import chat_model
from coterie.memory.opening import store_at
from coterie.memory.values import Turn, UserMemory
from coterie.memory.verbatim import VerbatimCurator
from coterie.memory.words import content_words

CORRECTION = re.compile(r"(?:correction|korrektur|corrección|更正)\s*[::]\s*(?P<now>.+)", re.IGNORECASE)
FORGET = re.compile(r"forget|vergiss|olvida|忘", re.IGNORECASE)


class Rules(VerbatimCurator):
    """Keeps what is stated, as said; what begins with "Correction:" or "Forget" changes the memory most like it."""

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """What to change. It is checked before it is applied: only what the user said can change anything."""
        said = turn.messages[0].content
        corrected, forget = CORRECTION.match(said), FORGET.match(said)
        shared = [len(content_words(memory.memory) & content_words(said)) for memory in known]
        if not any(shared) or (corrected is None and forget is None):
            return (yield from super().propose(turn, before, known))
        meant = shared.index(max(shared)) + 1  # proposals count what is known from 1
        if corrected is None:
            return [Proposal("delete", targets=(meant,), reason="asked to forget it", quote=said)]
        return [Proposal("update", corrected["now"], (meant,), reason="corrected", quote=corrected["now"])]


def assistant(db: Db) -> Agent:
    """One agent; its manager curates by a model, or else by the rules."""
    return Agent(
        "assistant",
        instructions="You are Mia's assistant. Answer in one sentence, in the language in which you are spoken to.",
        db=db,
        memory_manager=MemoryManager(curator=None if chat_model() else Rules()),
        update_memory_on_run=True,
    )


agent = assistant(store_at(":memory:"))

TALK = [
    "Ich heiße Mia. Ich wohne in Kiel.",
    "我对花生过敏。",
    "Trabajo en una panadería, empiezo a las cuatro.",
    "I play chess on Mondays.",
    "Wo wohne ich?",
    "Korrektur: Ich wohne jetzt in Bremen.",
    "Corrección: trabajo en la panadería desde las cinco.",
    "Forget that I play chess.",
    "Wo wohne ich?",
    "我对什么过敏?",
]


def show_memory(assistant: Agent, user_id: str) -> None:
    """What is remembered, each with what was believed before it."""
    print("\nWhat is remembered of Mia:")
    for memory in reversed(assistant.memory.get_user_memories(user_id)):
        print(f"  {memory.memory}")
        for revision in assistant.memory.history(str(memory.memory_id), user_id):
            if revision.before is None and revision.after is not None:  # a statement came to be
                why = f"  ({revision.reason})" if revision.reason else ""
                print(f"    {revision.at:%H:%M:%S}  {revision.op:6}  {revision.after.memory}{why}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Talk with the assistant, then show its memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    mine = assistant(store_at(parser.parse_args(arguments).db))
    for line in TALK:
        mine.print_response(line, user_id="mia")
    show_memory(mine, "mia")


if __name__ == "__main__":
    main()
