"""The labelled lists that the checks of statements are measured on."""

from pathlib import Path

LISTS = Path(__file__).parents[1] / "memory" / "lists"


def lines(name: str) -> list[str]:
    """The entries of a list, one a line; "¦" in a secret is taken out, "\\n" is a line end."""
    text = (LISTS / name).read_text(encoding="utf-8")
    return [line.replace("¦", "").replace("\\n", "\n") for line in text.splitlines() if not line.startswith("#")]


def labelled(name: str) -> list[tuple[str, str]]:
    """The entries of a list whose lines have a kind, a tab and a text."""
    pairs = (line.split("\t") for line in lines(name))
    return [(kind, text) for kind, text in pairs]


BENIGN = lines("benign.txt")
"""What people say about themselves, in thirty languages; much of it looks like a secret or an order."""
