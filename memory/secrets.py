"""Finding what must not be remembered: keys, passwords, card numbers. Pure functions over text."""

import re
from collections.abc import Iterator

from coterie.memory.plain import unified

# In one piece, or in the groups that are printed on cards: other rows of numbers pass the check digit by chance.
_CARD = re.compile(
    r"(?<![\d.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}[ -]\d{6}[ -]\d{5})(?![\d.]?\d)"
)

_PATTERNS: dict[str, re.Pattern[str]] = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL),
    "key": re.compile(
        r"""\b(?:
            sk-[\w-]{16,} | [rsp]k_(?:live|test)_\w{10,}           # OpenAI and its like, Stripe
          | (?:AKIA|ASIA)[A-Z0-9]{16}                              # AWS
          | gh[pousr]_\w{20,} | github_pat_\w{20,} | glpat-[\w-]{16,}
          | xox[abeoprs]-[\w-]{10,}                                # Slack
          | AIza[\w-]{30,}                                         # Google
          | hf_[A-Za-z0-9]{20,} | npm_[A-Za-z0-9]{30,}
          | eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                        # a JSON web token
        )""",
        re.VERBOSE,
    ),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/]+@", re.IGNORECASE),
    # "password is hunter2", "PIN: 4711". A value must look like one (hold a digit or sign, or follow ":" or "="), or
    # "my password is old" would be one.
    "password": re.compile(
        r"""\b(?:password|passwort|passphrase|passcode|contraseña|contrasena|clave|senha|mot\ de\ passe|пароль
              |api[\s_-]?key|secret(?:[\s_-]key)?|access[\s_-]token|pin(?:\s(?:code|number))?|cvv|cvc)\b
            [^\n.:=]{0,30}?
            (?: \s*[:=]\s* ["'`]?(?=\S{3})\S+
              | \s(?:is|are|was|to|ist|lautet|es|é|est|—|-)\s+ ["'`]?(?=\S*[\d!@\#$%^&*+=~])(?!\d{1,2}\b)\S{3,} )""",
        re.IGNORECASE | re.VERBOSE,
    ),
    "password by its Chinese or Japanese name": re.compile(
        r"(?:密码|密碼|パスワード|비밀번호)\s*(?:是|は|:|：|는|은)\s*[\x21-\x7e]{3,}"
    ),
}

_LOGIN = re.compile(r"(?<=://).*@", re.DOTALL)


def find_secret(text: str) -> str | None:
    """Return what kind of secret a text holds ("card number", "password"), None if it holds none that is known."""
    return next((kind for form in (text, unified(text)) for kind, _, _ in _secrets(form)), None)


def masked(text: str) -> str:
    """Return the text with what looks like a secret replaced by ``[its kind]``.

    Of a text that hides one behind invisible or wide characters, that is its plain form.
    """
    text = _masked(text)
    return _masked(plain) if any(_secrets(plain := unified(text))) else text


def _masked(text: str) -> str:
    for kind, start, end in sorted(_secrets(text), key=lambda found: -found[1]):
        text = text[:start] + f"[{kind}]" + text[end:]
    return text


def without_login(url: str) -> str:
    """Return a URL that may be shown: without the user and the password, whichever signs they hold.

    >>> without_login("postgresql://ana:p@ss@localhost/store")
    'postgresql://***@localhost/store'
    """
    return _LOGIN.sub("***@", url)


def is_card_number(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (Luhn, ISO/IEC 7812-1), and the length is a card's."""
    numbers = [int(digit) for digit in reversed(digits) if digit.isdigit()]
    doubled = (sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return 13 <= len(numbers) <= 19 and len(set(numbers)) > 1 and (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _secrets(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each secret. One inside another counts once."""
    taken = 0
    found = [(kind, *match.span()) for kind, pattern in _PATTERNS.items() for match in pattern.finditer(text)]
    found += [("card number", *match.span()) for match in _CARD.finditer(text) if is_card_number(match.group())]
    for kind, start, end in sorted(found, key=lambda one: (one[1], -one[2])):
        if start >= taken:
            taken = end
            yield kind, start, end
