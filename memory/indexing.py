"""What a turn is found by: the words said in it, who said them, where it stands in its session."""

from collections.abc import Iterable
from typing import Any

from coterie.memory.query import index_words, telling_words
from coterie.memory.values import Message, Turn
from coterie.memory.words import words

INDEXED_CHARACTERS = 20_000
"""How much of what was said is indexed: a longer text is pasted, not said."""
REPLY_CHARACTERS = 600
"""How much of the reply is: a long one would be found for everything."""
EMBEDDED_CHARACTERS = 2_000
"""How much of what was said is embedded: most models read no further, and one vector says little of a long text."""
ASKING = ("?", "？", "؟")
_MONTHS = "January February March April May June July August September October November December".split()


def turn_index(turn: Turn) -> dict[str, Any]:
    """The columns that a turn is found by."""
    said, replies = _sides(turn)
    text = _text(said)[:INDEXED_CHARACTERS]
    reply = "\n".join(message.content for message in replies)[:REPLY_CHARACTERS]
    day = f"{turn.at.day} {_MONTHS[turn.at.month - 1]} {turn.at.year}"
    return {
        "words": index_words(f"{text} {day}"),
        "reply_words": index_words(reply),
        "asks": not replies and bool(said) and said[-1].content.rstrip().endswith(ASKING),
        "told": len(telling_words("\n".join(message.content for message in said + replies)[:INDEXED_CHARACTERS])),
        "speaker": " ".join(dict.fromkeys(word for message in said for word in words(message.name or ""))),
        "audience": _audience(turn),
    }


def embedded_text(turn: Turn) -> str:
    """What of a turn is embedded: what was said, and who said it."""
    return _text(_sides(turn)[0])[:EMBEDDED_CHARACTERS]


def _sides(turn: Turn) -> tuple[list[Message], list[Message]]:
    """What was said, and the replies. Without a user's word the replies are what was said."""
    said = [message for message in turn.messages if message.role == "user" and message.content.strip()]
    replies = [message for message in turn.messages if message.role == "assistant" and message.content.strip()]
    return (said, replies) if said else (replies, [])


def _text(said: Iterable[Message]) -> str:
    return "\n".join(map(_spoken, said))


def _spoken(message: Message) -> str:
    return f"{message.name}: {message.content}" if message.name else message.content


def _audience(turn: Turn) -> str:
    """Who may find it: those who took part."""
    if turn.team_id is not None:
        return f"team:{turn.team_id}"
    return "user" if turn.agent_id is None else f"agent:{turn.agent_id}"
