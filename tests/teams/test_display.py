"""What is drawn again and again, while others print."""

import io
import logging
import sys
from itertools import cycle
from threading import Thread
from time import sleep

from rich.console import Console, ConsoleOptions, RenderResult

from coterie.teams.display import Display
from tests.support.terminal import Screen


def terminal() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=True, width=40, height=24, color_system=None), file


class Growing:
    """A drawing that is now higher, now lower, and lets other threads go on while it is made."""

    def __init__(self) -> None:
        self.heights = cycle((3, 7, 2, 11))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in range(next(self.heights)):
            sleep(0.0001)
            yield f"drawn {line}"


def test_nothing_of_an_older_drawing_stays_when_many_print() -> None:
    console, file = terminal()
    drawing = Growing()
    display = Display(console, lambda: drawing, redraws=1000)

    def speak(name: str) -> None:
        for number in range(50):
            sys.stdout.write(f"{name} {number}\n")  # print() writes the end of the line by itself
            sleep(0.001)

    threads = [Thread(target=speak, args=(name,)) for name in "abc"]
    display.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    display.stop()

    lines = str(Screen(file.getvalue())).splitlines()
    printed = [f"{name} {number}" for name in "abc" for number in range(50)]
    last = lines[len(printed) :]
    assert sorted(lines[: len(printed)]) == sorted(printed)
    assert last == [f"drawn {line}" for line in range(len(last))]


def test_it_is_drawn_when_told_to_and_at_the_end() -> None:
    console, file = terminal()
    text = "first"
    display = Display(console, lambda: text)
    display.start()
    display.draw()
    assert str(Screen(file.getvalue())) == "first"
    text = "second"
    assert str(Screen(file.getvalue())) == "first"
    display.stop()
    assert str(Screen(file.getvalue())) == "second"
    assert Screen(file.getvalue()).cursor


def test_a_line_that_was_not_ended_is_not_lost() -> None:
    console, file = terminal()
    display = Display(console, lambda: "drawn")
    before = sys.stdout, sys.stderr
    display.start()
    display.draw()
    print("half a line", end="")
    print("what went wrong", file=sys.stderr)
    logging.StreamHandler().stream.write("and why\n")
    display.stop()
    assert str(Screen(file.getvalue())).splitlines() == ["what went wrong", "and why", "half a line", "drawn"]
    assert (sys.stdout, sys.stderr) == before
