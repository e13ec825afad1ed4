"""Pages of Markdown that are tried: their code runs, and what they say it prints is what it prints.

CONTRIBUTING.md says how each kind of block is tried.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal
from unittest import SkipTest

import yaml
from sybil import Document, Example, Region
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

import coterie
from coterie import Agent, Team
from tests.support.commands import mistakes
from tests.support.printed import same, steady
from tests.support.promises import promises
from tests.support.shell import Shell

_INFO = re.compile(r"(?P<language>\S*)(?P<options>[^\n]*)\n")
_FENCES = RawFencedCodeBlockLexer(_INFO)
_FORMATS: dict[str, Literal["tree", "mermaid", "dot"]] = {"text": "tree", "mermaid": "mermaid", "dot": "dot"}
_PICTURE = re.compile(r"(?<!`)!\[[^\]]*\]\(([^)]+\.svg)\)")
_SEEN = re.compile(r'data-id="([^"]*)"|<text\b[^>]*>([^<]+)')
_UNREASONED = re.compile(r"<!--+\s*skip: (?:next|start)\s*--+>")


class Page:
    """One page. Its blocks run in order, in the current folder, and share their names."""

    def __init__(self, path: Path, printed: Callable[[], str]) -> None:
        """Read the page.

        Args:
            path: the Markdown file.
            printed: returns what was printed since it was last asked, as capsys does.
        """
        self.document = Document.parse(str(path), SkipParser(), self._parse)
        self._add_pictures(path.parent)
        self.names = self.document.namespace
        self.names["__name__"] = "__main__"
        self.skipped: list[str] = []
        """Why blocks were skipped, in their order."""
        self._printed = printed
        self._shown = ""
        self._shell = Shell()
        self._teams: list[str] = []

    def run(self) -> None:
        """Try all of it.

        Raises:
            SybilFailure: what a block says is not so; or an error of the block itself.
        """
        assert not _UNREASONED.search(self.document.text), 'a skip needs a reason: <!-- skip: next "why" -->'
        for example in self.document:
            try:
                example.evaluate()
            except SkipTest as reason:
                self.skipped.append(str(reason))
                assert not (wrong := _commands(example)), wrong
        for name in self._teams:
            coterie.load(name)

    def _parse(self, document: Document) -> Iterable[Region]:
        for region in _FENCES(document):
            yield Region(region.start, region.end, region.lexemes, self._try)

    def _add_pictures(self, folder: Path) -> None:
        """Every SVG of the page, but not the ``![](...)`` of its code."""
        blocks = [range(region.start, region.end) for _, region in self.document.regions]
        for found in _PICTURE.finditer(self.document.text):
            if not any(found.start() in block for block in blocks):
                self.document.add(Region(found.start(), found.end(), folder / found[1], self._pictured))

    def _try(self, example: Example) -> str | None:
        language, options, source = (example.parsed[name] for name in ("language", "options", "source"))
        if title := re.search(r'title="([^"]+)"', options):
            Path(title[1]).write_text(source, encoding="utf-8")
        match language:
            case "python":
                return self._python(source, example)
            case "text" | "mermaid" | "dot":
                return self._told(source, language)
            case "sh" | "console":
                return _commands(example) or (self._shell.differs(source) if language == "console" else None)
            case "json":
                json.loads(source)
                return self._told(source) if self._shown.startswith(("{", "[")) else None
            case "yaml":
                self._yaml(source, title[1] if title else "team.yaml")
                return None
            case "toml":
                tomllib.loads(source)
                return None
        return f"blocks of {language or 'no language'!r} are not tried: tests/support/pages.py knows those that are"

    def _python(self, source: str, example: Example) -> str | None:
        padded = "\n" * (example.line + source.line_offset) + source  # type: ignore[attr-defined]  # sybil's Lexeme
        exec(compile(padded, example.path, "exec", dont_inherit=True), self.names)
        self._shown = self._printed()
        lines = iter(steady(self._shown).splitlines())
        missing = [said for said in promises(source) if steady(said) not in lines]
        return f"It does not print {missing[0]!r}, but:\n{self._shown}" if missing else None

    def _told(self, source: str, language: str = "text") -> str | None:
        """A text is the end of what was printed, or the drawing of one of the page's agents and teams."""
        printed = self._shown.strip("\n").splitlines()[-len(source.strip("\n").splitlines()) :]
        if printed and same(source, "\n".join(printed)):
            return None
        if any(same(source, shape.draw(format=_FORMATS[language])) for shape in self.shapes()):
            return None
        return f"That was not printed, and is no drawing of the page's agents and teams. Printed was:\n{self._shown}"

    def _pictured(self, example: Example) -> str | None:
        """A drawing is that of the page's agent or team of its name, if there is one."""
        shown = seen(example.parsed.read_text(encoding="utf-8"))
        drawn = [seen(shape.draw(format="svg")) for shape in self.shapes() if shape.name in shown]
        if drawn and shown not in drawn:
            return f"{example.parsed} shows something else: docs/pictures/*.py draw it again"
        return None

    def shapes(self) -> list[Agent | Team]:
        """The agents and teams that the page has made so far, by the names that it gives them."""
        return [value for value in self.names.values() if isinstance(value, Agent | Team)]

    def _yaml(self, source: str, name: str) -> None:
        said = yaml.safe_load(source)
        if isinstance(said, dict) and "name" in said:
            Path(name).write_text(source, encoding="utf-8")
            self._teams.append(name)


def seen(drawing: str) -> list[str]:
    """What is in a drawing as SVG, wherever it lies: ids, and texts."""
    return [one or other for one, other in _SEEN.findall(drawing)]


def _commands(example: Example) -> str:
    """What is wrong with the commands of a block, also of one that is skipped."""
    return "\n".join(mistakes(example.parsed["source"])) if example.parsed["language"] in ("sh", "console") else ""
