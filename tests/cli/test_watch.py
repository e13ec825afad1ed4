"""``coterie run --watch``, and ``chat --watch``: in a terminal, and in a pipe."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.conftest import Cli
from tests.support.terminal import Screen

DESK = '''
import time
from pathlib import Path
from coterie import Agent, SqliteDb, Team

def find_order(text: str) -> str:
    """Look up where an order is."""
    print("looking it up")
    while not Path("found").exists():
        time.sleep(0.01)
    return "It arrives on Monday."

orders = Agent("orders", role="finds an order", tools=[find_order])
billing = Agent("billing", role="answers questions on invoice and refund")
desk = Team("desk", members=[orders, billing], db=SqliteDb("desk.db"), update_memory_on_run=True)
'''
SAID = "I like tea. Where is my order?"
RUN = ["run", "desk.py", SAID, "--user", "ana", "--watch"]
CHAT = ["chat", "desk.py", "--user", "ana", "--watch"]


def in_a_terminal(
    folder: Path,
    then: Callable[["subprocess.Popen[bytes]"], None],
    command: Sequence[str] = RUN,
    typed: Sequence[str] = (),
) -> tuple[int, str]:
    """Run it in a terminal of 60 columns until the tool is at work, do something, and return how it ended.

    At each prompt the next of what is to be typed is.
    """
    (folder / "desk.py").write_text(DESK)
    terminal, other = pty.openpty()
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([*filter(None, sys.path), root])
    env = {**os.environ, "PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "60", "LINES": "24"}
    env.pop("NO_COLOR", None)
    (folder / "inputrc").write_text("set enable-bracketed-paste off\n")
    env["INPUTRC"] = str(folder / "inputrc")
    full = [sys.executable, "-m", "coterie", *command]
    process = subprocess.Popen(full, cwd=folder, env=env, stdin=other, stdout=other, stderr=other)
    os.close(other)
    written, done, left = b"", False, [*typed]
    try:
        while piece := os.read(terminal, 65536):
            written += piece
            if left and written.endswith(b"> "):
                os.write(terminal, left.pop(0).encode())
            if not done and "▒".encode() in written:
                done = True
                then(process)
    except OSError:  # Linux says so when nobody has the terminal open any more
        pass
    os.close(terminal)
    return process.wait(300), written.decode()


def test_a_terminal_shows_it_as_it_happens(tmp_path: Path) -> None:
    code, written = in_a_terminal(tmp_path, lambda process: (tmp_path / "found").touch())
    screen = Screen(written)
    assert code == 0, written
    assert screen.cursor
    lines = str(screen).splitlines()
    assert max(map(cell_len, lines)) == 60
    assert lines[0] == "looking it up"  # what a tool prints stands above
    assert "╭─ You ─" in "\n".join(lines)
    assert re.search(r"^│   orders .*▒", str(screen), re.MULTILINE)
    assert "│ + I like tea." in str(screen)
    assert "It arrives on Monday." in str(screen)
    assert len(re.findall("╭─ memory", str(screen))) == len(re.findall("╭─ You", str(screen))) == 1


def test_a_conversation_shows_each_run(tmp_path: Path) -> None:
    typed = [f"{SAID}\n", "Hello\n", "\x04"]
    code, written = in_a_terminal(tmp_path, lambda process: (tmp_path / "found").touch(), CHAT, typed)
    lines = str(Screen(written)).splitlines()
    assert code == 0, written
    assert [line for line in lines if line.startswith("> ")] == [f"> {SAID}", "> Hello"]
    assert len([line for line in lines if re.match(r"╭─ desk · \d", line)]) == 2  # its lanes, for each
    assert "│ + I like tea. (said by the user)" in "\n".join(lines)
    assert "╭─ You ─" not in written  # it stands at the prompt
    assert max(map(cell_len, lines[1:-1])) == 60


def test_control_c_ends_it_cleanly(tmp_path: Path) -> None:
    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGINT)
        (tmp_path / "found").touch()

    code, written = in_a_terminal(tmp_path, interrupt)
    screen = Screen(written)
    assert code == 130, written
    assert screen.cursor
    assert re.search(r"─ desk · interrupted · \d", str(screen))
    assert "Stopped. What was said is kept" in str(screen)
    assert "Traceback" not in str(screen)


def test_control_c_during_an_answer_leads_back_to_the_prompt(tmp_path: Path) -> None:
    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGINT)

    code, written = in_a_terminal(tmp_path, interrupt, CHAT, [f"{SAID}\n", "/memory\n", "/exit\n"])
    (tmp_path / "found").touch()
    after = str(Screen(written)).partition("Stopped. Ctrl-D ends the conversation.")[2]
    assert "> /memory" in after
    assert "> /exit" in after
    assert "To go on with this conversation: --session " in after
    assert code == 0, written


@pytest.mark.parametrize(("command", "said"), [(RUN, ""), (CHAT, SAID)], ids=["run", "chat"])
def test_a_pipe_gets_plain_lines(cli: Cli, desk: Path, command: list[str], said: str) -> None:
    ended = cli(*command, said=said)
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "> I like tea. Where is my order?",
        "  desk asks orders",
        "  orders used find_order",
        "  orders answered",
        "orders says: find_order says: It arrives on Monday.",
        "  memory + I like tea. (said by the user)",
    ]


def test_it_is_for_people(cli: Cli, desk: Path) -> None:
    ended = cli("run", "desk.py", "hello", "--watch", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: --watch shows a run to people, and --json to programs: give one of them.\n"
