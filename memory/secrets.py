"""Finding what must not be remembered: keys, passwords, card numbers. Pure functions over text."""

import re
from collections.abc import Iterator

from coterie.memory.plain import unified

# In one piece, or in the groups that are printed on cards, with the first digit of one (ISO/IEC 7812: travel, banks);
# other rows of numbers pass the check digit by chance. An IBAN goes on after its check digits, and is no secret.
_CARD = re.compile(
    r"(?<![\d.])(?<![A-Z]{2}\d\d )"
    r"(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}[ -]\d{6}[ -]\d{5})(?![\d.]?\d)"
)

_NAMES = (
    r"password|passwort|kennwort|passphrase|passcode|pass[ -]code|pwd|geheimzahl|contraseña|contrasena|clave|senha"
    r"|palavra[ -]passe|mot[ ]de[ ]passe|parola[ ]d['’]ordine|wachtwoord|lösenord|hasło|şifrem?|пароль"
    r"|api[\s_-]?key|secret(?:[\s_-](?:access[\s_-])?key)?|access[\s_-]token|account[\s_-]?key"
    r"|pin(?:\s(?:code|number))?|cvv|cvc"
)
_IS = r"is|are|was|to|ist|lautet|es|é|è|est|är|—|-"
_NO_VALUE = r"(?:a|an|the|my|no|not|don['’]t|it|we|she|he|they)\s"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "private key": re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*-----|\Z)|\b0x[0-9a-f]{64}\b",
        re.DOTALL | re.I,
    ),
    "key": re.compile(
        r"""\b(?:
            sk-[\w-]{16,} | [rsp]k_(?:live|test)_\w{10,} | whsec_\w{16,}  # OpenAI and its like, Stripe
          | (?:AKIA|ASIA)[A-Z0-9]{16}                                   # AWS
          | gh[pousr]_\w{20,} | github_pat_\w{20,} | glpat-[\w-]{16,}
          | xox[abeoprs]-[\w-]{10,} | (?<=hooks\.slack\.com/services/)[\w/]{20,}
          | AIza[\w-]{30,} | GOCSPX-[\w-]{20,}                          # Google
          | hf_[A-Za-z0-9]{20,} | npm_[A-Za-z0-9]{30,} | pypi-[\w-]{30,} | dapi[0-9a-f]{32}
          | SG\.[\w-]{16,}\.[\w-]{16,} | (?:SK|AC)[0-9a-f]{32} | [0-9a-f]{32}-us\d{1,2}  # SendGrid, Twilio, Mailchimp
          | [MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,} | \d{8,10}:AA[\w-]{30,}  # Discord, Telegram
          | (?:dop|doo)_v1_[0-9a-f]{64} | shp(?:at|ca|pa|ss)_[0-9a-f]{32} | ntn_\w{40,} | lin_api_\w{30,}
          | eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                            # a JSON web token
        )""",
        re.VERBOSE,
    ),
    "key in a header": re.compile(r"\b(?:Bearer\s+(?=\S*\d)[\w.~+/=-]{16,}|Basic\s+[A-Za-z0-9+/]{12,}={0,2}(?=\s|$))"),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/]+@", re.IGNORECASE),
    # "password is hunter2", "PIN: 4711". A value must look like one (hold a digit or sign, or follow ":" or "="), or
    # "my password is old" would be one.
    "password": re.compile(
        rf"""(?<![^\W\d_])(?:{_NAMES})\b
            (?: [^\n.:=]{{0,30}}?
                (?: \s*[:=]\s* ["'`]?(?!{_NO_VALUE})(?=\S{{3}})\S+
                  | \s(?:{_IS})\s+ ["'`]?(?=\S*[\d!@\#$%^&*+=~])(?!\d{{1,2}}\b)\S{{3,}} )
              | \s+(?=\S*\d)(?=\S*[^\W\d])\S{{5,}} )""",
        re.IGNORECASE | re.VERBOSE,
    ),
    "password by its Chinese, Japanese or Korean name": re.compile(
        r"(?:密码|密碼|パスワード|비밀번호)\s*(?:是|は|:|：|는|은)\s*[\x21-\x7e]{3,}"
    ),
    "recovery phrase": re.compile(
        r"\b(?:seed|recovery|mnemonic|backup)[ -]phrase\b[^\n:]{0,20}?(?:\s*[:=]\s*|\s+is\s+)"
        r"(?:[a-z]{3,8}\s+){11,23}[a-z]{3,8}",
        re.IGNORECASE,
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
    """Return a URL that may be shown: without the user and the password, whichever signs they hold, and other secrets.

    >>> without_login("postgresql://ana:p@ss@localhost/store")
    'postgresql://***@localhost/store'
    >>> without_login("http://localhost/v1?api_key=tr0ub4dor")
    'http://localhost/v1?[password]'
    """
    return masked(_LOGIN.sub("***@", url))


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
