"""How many tokens a text takes, estimated: no tokenizer is right for every model, and none is at hand offline."""

import re

_LATIN_CHARACTERS_PER_TOKEN = 4
WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U0001f000-\U0001faff\U00020000-\U0003ffff]"
)
"""What takes a token for each character."""
SQL_NAME = "estimate_tokens"
"""What SQLite calls the function below."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes: one per CJK character or emoji, one per four characters of the rest.

    Rounded up; 0 only for the empty text.
    """
    wide = 0 if text.isascii() else len(WIDE.findall(text))
    return wide - (wide - len(text)) // _LATIN_CHARACTERS_PER_TOKEN
