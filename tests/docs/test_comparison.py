"""The comparison is whole: tables with all cells, tests that are there, figures that were measured."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


def headings() -> list[str]:
    found = [heading for heading in re.findall(r"^## (.*)$", PAGE, re.M) if heading[:4] not in ("Figu", "When")]
    assert len(found) == 5
    return found


def test_each_line_says_something_of_all_seven() -> None:
    for heading in headings():
        for row in table(heading):
            assert len(row) == 8, row
            assert all(row), row


def test_the_tests_that_it_names_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_its_figures_are_those_of_the_benchmarks() -> None:
    measured = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").split("Seconds by the clock")[0]
    numbers = [[float(n) for n in re.findall(r"\d+\.?\d*", line.replace(",", ""))] for line in measured.splitlines()]
    for name, *cells in table("Figures beside agno"):
        wanted = [re.sub(r"[^\d.]", "", cell) for cell in cells]
        assert any(all(_among(number, line) for number in wanted) for line in numbers), name


def _among(wanted: str, numbers: list[float]) -> bool:
    """Whether one of the numbers is that, rounded to as many places."""
    return any(round(number, len(wanted.partition(".")[2])) == float(wanted) for number in numbers)
