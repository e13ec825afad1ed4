"""Looks through a built site: nothing may be loaded from a network, and links within it must lead somewhere.

python -m docs.check SITE...
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_NETWORK = re.compile(r"(?:https?:)?//")
_IN_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")


@dataclass
class Seen(HTMLParser):
    """What a page loads, links to, and can be linked to by."""

    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what is in the attributes."""
        for name, value in attributes:
            match name:
                case "id" | "name":
                    self.ids.add(value or "")
                case "href" if tag == "a":
                    self.links.append(value or "")
                case "href" | "src" | "poster" | "data":
                    self.loads.append(value or "")
                case "srcset":
                    self.loads += [each.split()[0] for each in (value or "").split(",")]
                case "style":
                    self.loads += _IN_CSS.findall(value or "")


def main(sites: list[str]) -> None:
    """Say what is wrong with the sites, and leave with 1 if anything is."""
    wrong = [one for site in sites for one in problems(Path(site))]
    print("\n".join(wrong) or f"{', '.join(sites)}: nothing is loaded from a network, no link is broken")
    sys.exit(1 if wrong else 0)


def problems(site: Path) -> Iterator[str]:
    """What is wrong with a site, a line each."""
    site = site.resolve()
    pages = {page: seen(page) for page in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site} has no pages"
    for page, found in pages.items():
        name = page.relative_to(site)
        yield from (f"{name} loads {load}" for load in found.loads if _NETWORK.match(load))
        here = [load for load in found.loads + found.links if not re.match(r"[a-z+]+:|//", load)]
        yield from (f"{name} links to {link}, which is not there" for link in here if broken(link, page, site, pages))
    for style in sorted(site.rglob("*.css")):
        loads = _IN_CSS.findall(style.read_text(encoding="utf-8"))
        yield from (f"{style.relative_to(site)} loads {load}" for load in loads)


def seen(page: Path) -> Seen:
    """Read a page. What its style elements load counts."""
    text = page.read_text(encoding="utf-8")
    found = Seen()
    found.feed(text)
    found.loads += [load for style in re.findall(r"(?s)<style.*?</style>", text) for load in _IN_CSS.findall(style)]
    return found


def broken(link: str, page: Path, site: Path, pages: dict[Path, Seen]) -> bool:
    """Whether a link within the site leads nowhere: to no file, or to no place in a page."""
    parts = urlsplit(link)
    path = unquote(parts.path)
    target = site / path.lstrip("/") if path.startswith("/") else (page.parent / path) if path else page
    target = (target / "index.html" if target.is_dir() else target).resolve()
    anchor, found = unquote(parts.fragment), pages.get(target)
    return not target.exists() or bool(anchor and found and anchor not in found.ids)


if __name__ == "__main__":
    main(sys.argv[1:])
