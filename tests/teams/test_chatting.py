"""A conversation in a terminal, a real one: what waits is asked for, and the run goes on."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import interrupt
from coterie import Agent, SqliteDb
from tests.support.scripted import ScriptedModel, calls

def delete(path: str) -> str:
    "Delete a file."
    return f"deleted {path}"

def book() -> str:
    "Book a trip."
    return f"booked for {interrupt('Which day?')}"

def script(messages):
    if isinstance(messages[-1], ToolMessage):
        return messages[-1].text
    return calls(("delete", {"path": "a.txt"})) if "delete" in messages[-1].text else calls(("book", {}))

agent = Agent(
    "clerk", model=ScriptedModel(script=script), tools=[delete, book], confirm_tools=[delete], db=SqliteDb(),
    checkpointer=InMemorySaver(),
)
print("session", agent.chat(user_id="ana", session_id="s") == "s")
"""


def environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([*filter(None, sys.path), root])
    return {**os.environ, "PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "200"}


def at_a_prompt(folder: Path, *said: tuple[str, str]) -> str:
    """Talk in a terminal: wait for a prompt, say something. Returns all that the terminal showed."""
    terminal, other = pty.openpty()
    command = [sys.executable, "-c", PROGRAM]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdin=other, stdout=other, stderr=other)
    os.close(other)
    shown, seen = "", 0
    for prompt, answer in (*said, ("> ", "/exit\n")):
        while prompt not in shown[seen:]:
            shown += os.read(terminal, 65536).decode(errors="replace")
        seen = len(shown)
        os.write(terminal, answer.encode())
    try:
        while piece := os.read(terminal, 65536):
            shown += piece.decode(errors="replace")
    except OSError:  # Linux says so when nobody has the terminal open any more
        pass
    os.close(terminal)
    assert process.wait(300) == 0, shown
    return shown


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("y\n", "deleted a.txt"),
        ("it is the only copy\n", "Not allowed: it is the only copy"),
        ("\x04", "Not allowed."),
    ],
)
def test_somebody_at_a_prompt_is_asked_for_each_call(tmp_path: Path, said: str, answered: str) -> None:
    asked = "clerk wants to call delete(path='a.txt'): allow it? [y/N, or why not] "
    shown = at_a_prompt(tmp_path, ("> ", "delete it\n"), (asked, said))
    assert answered in shown
    assert "session True" in shown


def test_somebody_at_a_prompt_answers_a_tools_question(tmp_path: Path) -> None:
    assert "booked for Friday" in at_a_prompt(tmp_path, ("> ", "book it\n"), ("asks: 'Which day?' ", "Friday\n"))


def test_a_pipe_stops_with_what_waits(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environment(),
        input="/memory\ndelete it\nbook it\n",
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    first, waits, how, last = ended.stdout.splitlines()
    assert first == "> delete it"
    assert waits == "  waits: clerk wants to call delete(path='a.txt')"
    assert how.startswith("  to go on: resume('")
    assert last == "session True"
