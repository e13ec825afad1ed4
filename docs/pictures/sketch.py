"""A sheet to draw boxes, lines and words on: SVG in the colours of coterie's drawings, for light and dark pages."""

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from coterie.graphs.palette import DARK, LIGHT
from coterie.graphs.svg import FONTS

Point = tuple[float, float]

LABEL, NOTE, LINE = 14.5, 13.0, 16.0
"""Pixels: the sizes of letters, and what a line of notes takes."""
LINES = ("flow", "read", "write")


class Sheet:
    """One picture.

    Args:
        size: its width and height in pixels.
        title: what it is, for those who do not see it.
        told: what it shows, in sentences, for them too.
    """

    def __init__(self, size: tuple[int, int], title: str, told: str) -> None:
        self.size = size
        self.title = title
        self.told = told
        self._parts: list[str] = []

    def box(self, at: Point, size: tuple[float, float], role: str, label: str, *notes: str) -> None:
        """A box with a label, and notes below it. ``at`` is its corner above on the left."""
        (x, y), (width, height) = at, size
        colours = LIGHT[role]
        first = y + height / 2 + LABEL * 0.36 - len(notes) * LINE / 2
        lines = [self._text(x + width / 2, first, label, colours.text, LABEL, "600", "middle")]
        for number, note in enumerate(notes, 1):
            lines.append(self._text(x + width / 2, first + number * LINE, note, colours.text, NOTE, "400", "middle"))
        rect = (
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="7" fill="{colours.fill}"'
            f' stroke="{colours.stroke}" stroke-width="1.2"/>'
        )
        self._parts.append(f'<g class="{role}">{rect}{"".join(lines)}</g>')

    def frame(self, at: Point, size: tuple[float, float], label: str, note: str) -> None:
        """A large box with its label and a note in its corner above on the left."""
        (x, y), (width, height) = at, size
        colours = LIGHT["team"]
        rect = (
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10" fill="{colours.fill}"'
            f' stroke="{colours.stroke}"/>'
        )
        title = self._text(x + 14, y + 24, label, colours.text, LABEL + 1, "600", "start")
        self._parts.append(f'<g class="team">{rect}{title}</g>')
        self.words((x + 14, y + 41), note)

    def words(self, at: Point, *lines: str, anchor: str = "start", strong: bool = False) -> None:
        """Lines of words by themselves."""
        role, weight = ("page", "600") if strong else ("muted", "400")
        size = LABEL if strong else NOTE
        told = (
            self._text(at[0], at[1] + number * LINE, line, LIGHT[role].text, size, weight, anchor)
            for number, line in enumerate(lines)
        )
        self._parts.append(f'<g class="{role}">{"".join(told)}</g>')

    def line(self, *points: Point, role: str = "flow", dashed: bool = False, both: bool = False) -> None:
        """A line through points with a head at its end; with ``both`` one at its beginning, too."""
        colour = LIGHT[role].stroke
        way = "L".join(f"{x:g} {y:g}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        heads = _head(points[-2], points[-1]) + (_head(points[1], points[0]) if both else "")
        pen = f'fill="none" stroke="{colour}" stroke-width="1.5"{dashes}'
        self._parts.append(
            f'<g class="{role}"><path class="line" d="M{way}" {pen}/>'
            f'<path class="head" d="{heads}" fill="{colour}"/></g>'
        )

    def dot(self, at: Point, role: str, *, filled: bool = True) -> None:
        """A dot, or a ring."""
        colours = LIGHT[role]
        kind = "dot" if filled else "ring"
        fill = colours.stroke if filled else "none"
        self._parts.append(
            f'<g class="{role}"><circle class="{kind}" cx="{at[0]:g}" cy="{at[1]:g}" r="6" fill="{fill}"'
            f' stroke="{colours.stroke}" stroke-width="1.4"/></g>'
        )

    def save(self, path: Path) -> None:
        """Write it down."""
        width, height = self.size
        name = path.stem
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc"'
            f' font-family="{escape(FONTS)}">\n<title id="{name}-title">{escape(self.title)}</title>\n'
            f'<desc id="{name}-desc">{escape(self.told)}</desc>\n<style>{_dark(name)}</style>\n'
            f'<g class="page"><rect width="{width}" height="{height}" rx="8" fill="{LIGHT["page"].fill}"/></g>\n'
            + "\n".join(self._parts)
            + "\n</svg>\n",
            encoding="utf-8",
        )

    @staticmethod
    def _text(x: float, y: float, text: str, colour: str, size: float, weight: str, anchor: str) -> str:
        return (
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" text-anchor="{anchor}"'
            f' fill="{colour}">{escape(text, quote=False)}</text>'
        )


def spread(first: float, last: float, number: int) -> Sequence[float]:
    """So many places from one to another, all as far apart."""
    return [first + (last - first) * place / max(number - 1, 1) for place in range(number)]


def _head(before: Point, tip: Point) -> str:
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    sides = [(tip[0] - 9 * math.cos(angle + turn), tip[1] - 9 * math.sin(angle + turn)) for turn in (0.42, -0.42)]
    return f"M{tip[0]:g} {tip[1]:g}" + "".join(f"L{x:.1f} {y:.1f}" for x, y in sides) + "Z"


def _dark(name: str) -> str:
    rules = []
    for role, colours in DARK.items():
        if role in LINES:
            rules += [f".{role} .line{{stroke:{colours.stroke}}}", f".{role} .head{{fill:{colours.stroke}}}"]
            rules += [f".{role} .dot{{fill:{colours.stroke}}}", f".{role} circle{{stroke:{colours.stroke}}}"]
        else:
            rules.append(f".{role} text{{fill:{colours.text}}}")
            rules.append(f".{role} rect{{fill:{colours.fill};stroke:{colours.stroke}}}")
    return f"@media (prefers-color-scheme:dark){{{''.join(f'#{name} {rule}' for rule in rules)}}}"
