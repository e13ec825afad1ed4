"""Writes docs/llms.txt: what the pages of the site are, in a line each, for language models (https://llmstxt.org).

    python -m docs.llms [--check]

It is made of mkdocs.yml and of how each page begins.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).resolve().parent
FILE = DOCS / "llms.txt"
_NO_PARAGRAPH = ("#", "<!--", "![", "```", "|", "- ", ":::", "    ")


def main(arguments: list[str]) -> None:
    """Write it; or look whether it is as it should be, and leave with 1 if not."""
    if "--check" not in arguments:
        FILE.write_text(text(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text():
        sys.exit("docs/llms.txt is not that of the pages any more: python -m docs.llms writes it anew")


def text() -> str:
    """What it should hold."""
    said = yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))
    lines = [f"# {said['site_name']}", "", f"> {said['site_description']}"]
    section = ""
    for title, name, page in pages(said["nav"]):
        if title != section:
            section = title
            lines += ["", f"## {title}", ""]
        lines.append(f"- [{name}]({address(page)}): {beginning((DOCS / page).read_text(encoding='utf-8'))}")
    return "\n".join(lines) + "\n"


def pages(nav: list[Any], section: str = "Documentation") -> Iterator[tuple[str, str, str]]:
    """The section, name and file of each page: those of no section first."""
    entries = [entry if isinstance(entry, dict) else {"All of it": entry} for entry in nav]
    named = [(name, there) for entry in entries for name, there in entry.items()]
    yield from ((section, name, there) for name, there in named if isinstance(there, str))
    for name, there in named:
        if not isinstance(there, str):
            yield from pages(there, name)


def address(page: str) -> str:
    """Where a page is on the site."""
    return f"{page.removesuffix('index.md').removesuffix('.md')}/".replace("//", "/").lstrip("/") or "./"


def beginning(page: str) -> str:
    """The first sentence of a page; of one of the reference, what is on it."""
    if documented := re.findall(r"^::: (\S+)", page, flags=re.M):
        return ", ".join(name.rpartition(".")[2] for name in documented) + "."
    for paragraph in page.split("\n\n"):
        if not paragraph.lstrip("\n").startswith(_NO_PARAGRAPH):
            plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split())).replace("**", "")
            return re.split(r"(?<=[.:;]) ", plain)[0].rstrip(":;.") + "."
    return "nothing yet."


if __name__ == "__main__":
    main(sys.argv[1:])
