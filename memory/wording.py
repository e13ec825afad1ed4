"""Why a statement is refused for its words alone. Pure functions over text: None, or the reason."""

from coterie.memory.instructions import find_instruction
from coterie.memory.languages import other_language
from coterie.memory.secrets import find_secret, masked
from coterie.memory.words import words


def wrong_words(text: str, most: int) -> str | None:
    """Refuse the words of a statement: none, more than so many characters, a secret, an instruction."""
    return empty(text) or too_long(text, most) or secret(text) or smuggled(text)


def empty(text: str) -> str | None:
    """Refuse a statement without a word."""
    return None if words(text) else "the statement is empty"


def too_long(text: str, most: int) -> str | None:
    """Refuse a statement beyond the limit, in characters."""
    return None if len(text) <= most else f"the statement has {len(text)} characters, more than {most}"


def secret(text: str) -> str | None:
    """Refuse a key, a password, a card number."""
    kind = find_secret(text)
    return f"the statement holds a secret ({kind})" if kind else None


def smuggled(text: str) -> str | None:
    """Refuse an instruction to the agent dressed as a fact. What a person prefers is no instruction."""
    words_found = find_instruction(text)
    return f"the statement is an instruction ({masked(words_found)!r})" if words_found else None


def not_as_spoken(text: str, said: str) -> str | None:
    """Refuse a statement in another language than the user's: it is kept as spoken."""
    other = other_language(text, said)
    return f"the statement is not in the language that the user spoke ({other})" if other else None
