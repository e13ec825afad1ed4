"""Read a conversation of many sessions, keep what was said, and answer questions with the evidence.

    python -m coterie.examples.remember_conversation    # conversation.jsonl beside it, and two questions about it
    python -m coterie.examples.remember_conversation talk.jsonl --ask "When did Ana move?"
    python -m coterie.examples.remember_conversation locomo10.json --conversation 0 --questions 5

A JSON Lines file has one message a line, with an ``id`` where messages have one:
``{"session": "1", "at": "2023-05-08T13:56:00Z", "speaker": "Ana", "text": "I moved to Lisbon."}``. A file of LoCoMo
conversations (Maharana et al. 2024; ``data/locomo10.json`` of https://github.com/snap-research/locomo) is read as it
is; its own questions say which messages hold the answer, so that what was found can be counted.

Without a model the curator keeps the statements word for word, and answers quote them. With OPENAI_API_KEY or
OPENAI_BASE_URL set, a model curates and answers.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.progress import track

from coterie import Agent, CoterieError, MemoryManager, Scope, SqliteDb
from coterie.memory.opening import store_at
from coterie.memory.values import Message, Turn

archivist = Agent("archivist", instructions="Answer from what is remembered, in one sentence.", db=SqliteDb())

SAMPLE = Path(__file__).with_name("conversation.jsonl")
SAMPLE_QUESTIONS = ("What is Tom allergic to?", "When does Tom start at the botanical garden?")
MOST_REPORTED = 10
"""How many broken lines are reported one by one."""


@dataclass(frozen=True)
class Said:
    """One message of the file."""

    id: str
    session: str
    at: datetime
    speaker: str
    text: str


@dataclass(frozen=True)
class Question:
    """Something to ask, and the ids of the messages that hold the answer, where they are known."""

    text: str
    evidence: frozenset[str] = frozenset()


class UnusableFileError(Exception):
    """The file is no conversation."""


def read_lines(path: Path) -> list[Said]:
    """Read JSON Lines. Lines that are broken are reported with their numbers, and the rest is read."""
    said, broken = [], []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                said.append(_said(json.loads(line), number))
            except (ValueError, KeyError, TypeError) as error:
                what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
                broken.append(f"{path}, line {number}: left out: {what}")
    print(*broken[:MOST_REPORTED], sep="\n", end="\n" if broken else "", file=sys.stderr)
    if len(broken) > MOST_REPORTED:
        print(f"{path}: {len(broken) - MOST_REPORTED} more lines left out.", file=sys.stderr)
    return said


def _said(entry: Any, number: int) -> Said:
    if not isinstance(entry, dict):
        raise TypeError("it is no JSON object")
    at = datetime.fromisoformat(entry["at"])
    return Said(
        id=str(entry.get("id", f"line {number}")),
        session=str(entry["session"]),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        speaker=str(entry["speaker"]),
        text=str(entry["text"]),
    )


def read_locomo(path: Path, number: int) -> tuple[list[Said], list[Question]]:
    """Read one conversation of a LoCoMo file, and its questions that have an answer in it."""
    try:
        conversations = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(conversations, list):
            raise TypeError("it is no list")
        if number >= len(conversations):
            raise UnusableFileError(f"{path} has no conversation {number}: it has {len(conversations)}, from 0 on.")
        return _locomo(conversations[number])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnusableFileError(
            f"{path} is not a file of LoCoMo conversations ({type(error).__name__}: {error}). Messages in a file of"
            " another form can be given one a line, in a file that does not end in .json."
        ) from error


def _locomo(chosen: dict[str, Any]) -> tuple[list[Said], list[Question]]:
    talk, said = chosen["conversation"], []
    for session in sorted((key for key in talk if _is_session(key)), key=lambda key: int(key.split("_")[1])):
        at = datetime.strptime(talk[f"{session}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        said += [Said(each["dia_id"], session, at, each["speaker"], each["text"]) for each in talk[session]]
    questions = [
        Question(each["question"], frozenset(each["evidence"]))
        for each in chosen["qa"]
        if each.get("evidence") and each["category"] != 5
    ]
    return said, questions


def _is_session(key: str) -> bool:
    return key.startswith("session_") and key.split("_")[-1].isdigit()


def as_turns(said: Iterable[Said], user_id: str) -> Iterator[tuple[Turn, frozenset[str]]]:
    """Make turns of two messages each, within a session, and say which messages are in them."""
    for session, messages in groupby(said, key=lambda each: each.session):
        talk = list(messages)
        for start in range(0, len(talk), 2):
            pair = talk[start : start + 2]
            turn = Turn(
                turn_id=f"{session}/{pair[0].id}",
                session_id=session,
                run_id=f"{session}/{pair[0].id}",
                messages=tuple(Message("user", each.text, each.speaker) for each in pair),
                at=pair[0].at,
                user_id=user_id,
            )
            yield turn, frozenset(each.id for each in pair)


def read(path: Path, number: int) -> tuple[list[Said], list[Question]]:
    """Read the messages of a file, and the questions that come with them.

    Raises:
        UnusableFileError: there is no such file, or no message in it.
    """
    try:
        said, questions = read_locomo(path, number) if path.suffix == ".json" else (read_lines(path), [])
    except OSError as error:
        raise UnusableFileError(f"{path} cannot be read: {error.strerror}.") from error
    if not said:
        raise UnusableFileError(f"{path} holds no message that can be read.")
    return said, questions


def remember(manager: MemoryManager, turns: list[Turn]) -> None:
    """Store every turn, then curate what is owed. What fails stays in the store for the next try."""
    for turn in turns:
        manager.db.record_turn(turn)
    kept = refused = 0
    for turn in track(turns, description="curating", transient=True):
        for report in manager.curate_pending(turn.user_id, limit=1):
            kept += len([applied for applied in report.applied if applied.revisions])
            refused += len(report.refused)
            if report.error:
                raise report.error
    print(f"{len(turns)} turns read: {kept} statements kept, {refused} refused.")


def answer(question: Question, user_id: str, ids: dict[str, frozenset[str]]) -> bool | None:
    """Ask one question and show the evidence. Return whether it is in the ten best, None where that is not known."""
    output = archivist.run(question.text, user_id=user_id)
    print(f"\nQ: {question.text}\nA: {output.content}")
    hits = archivist.memory.db.search(Scope(user_id, as_owner=True), question.text, limit=10)
    found: set[str] = set()
    for place, hit in enumerate(hits):
        source = ids.get(hit.memory.source_turn_id or "", frozenset())
        found |= source
        if place < 3:
            mark = "*" if source & question.evidence else " "
            when = f"{hit.memory.event_at:%Y-%m-%d}" if hit.memory.event_at else "undated"
            print(f"   {mark} {when} {hit.memory.memory}  [{', '.join(sorted(source))}]")
    return bool(found & question.evidence) if question.evidence else None


def count(text: str) -> int:
    """A number of things."""
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=SAMPLE, help="(default: a short one beside this script)")
    parser.add_argument("--conversation", type=count, default=0, help="which one, in a LoCoMo file (default: 0)")
    parser.add_argument("--ask", action="append", default=[], help="a question; may be given several times")
    parser.add_argument("--questions", type=count, default=5, help="how many of the file's own to ask (default: 5)")
    parser.add_argument("--turns", type=count, help="read only the first so many turns")
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    options = parser.parse_args(arguments)
    if options.file == SAMPLE and not options.ask:
        options.ask = SAMPLE_QUESTIONS
    return options


def converse(options: argparse.Namespace) -> None:
    """Read, remember, ask."""
    said, own = read(options.file, options.conversation)
    questions = [*map(Question, options.ask), *own[: options.questions]]
    user_id = f"{options.file.stem}-{options.conversation}"
    turns = list(as_turns(said, user_id))[: options.turns]
    archivist.db = store_at(options.db)
    remember(archivist.memory, [turn for turn, _ in turns])
    ids = {turn.turn_id: messages for turn, messages in turns}
    outcomes = [answer(question, user_id, ids) for question in questions]
    known = [outcome for outcome in outcomes if outcome is not None]
    if known:
        print(f"\nEvidence among the ten best memories: {sum(known)} of {len(known)} questions.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and begin."""
    try:
        converse(options_of(arguments))
    except (CoterieError, UnusableFileError) as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
