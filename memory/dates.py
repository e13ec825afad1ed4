"""Days that a statement names by their distance from the day it was said on ("yesterday"), put beside those words.

No library: ``dateparser`` takes 50 ms a sentence and 7 MB, and finds dates in "the sun on", "We" and "Mi" while it
misses "last week" and "amanhã"; ``parsedatetime`` knows English alone, and finds dates in "sat", "sun" and "may". What
is ambiguous stays as it is: "on Friday", and "next Friday" when a Friday of this week is yet to come.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from coterie.memory import daywords
from coterie.memory.languages import language

_LATEST_YEAR = 2200
_EARLIEST_YEAR = 1800
_ISO_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_DATED_ALREADY = re.compile(r",?\s*(?:[(\[（]?\s*(?:on |am |el |em |le |il |op )?\d{4}-\d\d|[(\[（]\d{4}[)\]）])")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?…:\n])[\s\"'“”«¿¡(\[]*$")


@dataclass(frozen=True)
class Span:
    """The days from the first to the last that are meant."""

    first: date
    last: date

    def __str__(self) -> str:
        """``2024-05-15``; of a month ``2024-05``, of a year ``2024``; else the first and the last day."""
        if self.first == self.last:
            return f"{self.first}"
        if self == _year(self.first):
            return f"{self.first.year}"
        return f"{self.first:%Y-%m}" if self == _month(self.first) else f"{self.first} – {self.last}"


def dated(text: str, said_on: date) -> str:
    """Return the text with the day, week, month or year that is meant in brackets after each relative one.

    >>> dated("My exam was yesterday, and last month I moved", date(2024, 5, 16))
    'My exam was yesterday (2024-05-15), and last month (2024-04) I moved'
    """
    for end, span in reversed(list(_found(text, said_on))):
        if not _DATED_ALREADY.match(text, end) and str(span) not in text:
            text = f"{text[:end]} ({span}){text[end:]}"
    return text


def the_day(text: str, said_on: date) -> date | None:
    """Return the one day that a text is about; None if it names none, several, or a longer time.

    >>> the_day("My exam was yesterday", date(2024, 5, 16)), the_day("I moved last month", date(2024, 5, 16))
    (datetime.date(2024, 5, 15), None)
    """
    spans = {span for _, span in _found(text, said_on)} | {Span(day, day) for day in _written(text)}
    return next((span.first for span in spans if span.first == span.last), None) if len(spans) == 1 else None


def _written(text: str) -> Iterator[date]:
    for year, month, day in _ISO_DAY.findall(text):
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue


def _found(text: str, said_on: date) -> Iterator[tuple[int, Span]]:
    """Where each relative expression ends, and what it means; in their order, the longest of those that overlap."""
    found = [
        (match.start(), -match.end(), span)
        for pattern, meaning in _rules()
        for match in pattern.finditer(text)
        if not _is_name(match) and (span := _meant(meaning, match, said_on)) is not None
    ]
    end = -1
    for start, negative_end, span in sorted(found, key=lambda one: one[:2]):
        if start >= end:
            end = -negative_end
            yield end, span


def _meant(meaning: "Meaning", match: re.Match[str], said_on: date) -> Span | None:
    try:
        span = meaning(match, said_on)
    except (OverflowError, ValueError):
        return None
    return span if span and span.first.year > _EARLIEST_YEAR and span.last.year < _LATEST_YEAR else None


def _is_name(match: re.Match[str]) -> bool:
    """Whether a capital letter within a sentence tells of a title: "the song Yesterday", "USA Today"."""
    return match.group()[0].isupper() and not _SENTENCE_BEGINS.search(match.string[: match.start()])


Meaning = Callable[[re.Match[str], date], Span | None]


def _away(days: int, only: str | None = None) -> Meaning:
    def meaning(match: re.Match[str], said_on: date) -> Span | None:
        if only is not None and language(match.string) != only:
            return None
        return _day(said_on + timedelta(days))

    return meaning


def _period(unit: daywords.Unit, number: int) -> Meaning:
    return lambda match, said_on: _shifted(unit, said_on, number)


def _counted(sign: int) -> Meaning:
    """So many units ago, or ahead. Ahead is often a duration: "learnt it in two weeks" is no date."""

    def meaning(match: re.Match[str], said_on: date) -> Span | None:
        number = daywords.number(match.groupdict().get("number"))
        if number is None or (sign > 0 and re.search(daywords.PAST, _sentence(match), re.I)):
            return None
        return _shifted(daywords.unit(match["unit"]), said_on, sign * number)

    return meaning


def _sentence(match: re.Match[str]) -> str:
    """The sentence that a match is in, without it."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    return re.split(r"[.!?…\n]", before)[-1] + re.split(r"[.!?…\n]", after)[0]


def _last_weekday(match: re.Match[str], said_on: date) -> Span:
    wanted = daywords.weekday(match["weekday"])
    return _day(said_on - timedelta((said_on.weekday() - wanted - 1) % 7 + 1))


def _next_weekday(match: re.Match[str], said_on: date) -> Span | None:
    """The next of them; None while one of this week is to come, which some mean and some do not."""
    wanted = daywords.weekday(match["weekday"])
    sure = match["sure"] or wanted <= said_on.weekday()
    return _day(said_on + timedelta((wanted - said_on.weekday() - 1) % 7 + 1)) if sure else None


def _weekday_of(week: int) -> Meaning:
    return lambda match, said_on: _day(_week(said_on).first + timedelta(7 * week + daywords.weekday(match["weekday"])))


def _weekend(number: int) -> Meaning:
    def meaning(match: re.Match[str], said_on: date) -> Span | None:
        monday = _week(said_on).first + timedelta(7 * number)
        return Span(monday + timedelta(5), monday + timedelta(6))

    return meaning


def _shifted(unit: daywords.Unit, at: date, number: int) -> Span:
    if unit == "day":
        return _day(at + timedelta(number))
    if unit == "week":
        return _week(at + timedelta(7 * number))
    months = at.year * 12 + at.month - 1 + (number if unit == "month" else 0)
    if unit == "month":
        return _month(date(months // 12, months % 12 + 1, 1))
    return _year(date(at.year + number, 1, 1))


def _day(at: date) -> Span:
    return Span(at, at)


def _week(at: date) -> Span:
    monday = at - timedelta(at.weekday())
    return Span(monday, monday + timedelta(6))


def _month(at: date) -> Span:
    first = at.replace(day=1)
    return Span(first, (first + timedelta(31)).replace(day=1) - timedelta(1))


def _year(at: date) -> Span:
    return Span(date(at.year, 1, 1), date(at.year, 12, 31))


@cache
def _rules() -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    """What is looked for, and what it means. Compiled on first use: it takes 40 ms."""
    return tuple((re.compile(pattern, re.I), meaning) for pattern, meaning in _meanings())


def _meanings() -> Iterator[tuple[str, Meaning]]:
    for days, pattern in daywords.DAYS:
        yield pattern, _away(days)
    yield daywords.FRENCH_YESTERDAY, _away(-1, "French")
    for (unit, number), pattern in daywords.PERIODS.items():
        yield pattern, _weekend(number) if unit == "weekend" else _period(unit, number)
    several: list[tuple[list[str], Meaning]] = [
        (daywords.AGO, _counted(-1)),
        (daywords.AHEAD, _counted(1)),
        (daywords.LAST_WEEKDAY, _last_weekday),
        (daywords.NEXT_WEEKDAY, _next_weekday),
    ]
    yield from ((pattern, meaning) for patterns, meaning in several for pattern in patterns)
    for number, pattern in daywords.WEEKDAY_OF_WEEK.items():
        yield pattern, _weekday_of(number)
