"""A terminal, as far as programs that redraw a few lines need one: what stands on its screen, and above it."""

import os
import re

_CODES = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07|(\r\n|\r|\n|[^\x1b])", re.DOTALL)


def shown_in(terminal: int) -> str:
    """All that was written into a terminal that nobody has open any more; closes this end of it, too."""
    written = b""
    try:
        while piece := os.read(terminal, 65536):  # one piece may be less than what was written
            written += piece
    except OSError:  # Linux says so at the end
        pass
    os.close(terminal)
    return written.decode()


class Screen:
    """Lines of characters, without colours. CJK characters take one place here, as programs are not asked to wrap."""

    def __init__(self, written: str = "") -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.cursor = True
        """Whether it is shown."""
        self.write(written)

    def write(self, text: str) -> None:
        """Take in what a program writes."""
        for code in _CODES.finditer(text):
            if code[2]:
                self._control(code[1], code[2])
            elif code[3]:
                self._put(code[3])

    def _control(self, number: str, what: str) -> None:
        match what:
            case "A":
                self.row = max(self.row - int(number or 1), 0)
            case "K":
                assert number == "2", f"erases the line by {number!r}"
                self.lines[self.row] = ""
            case "h" | "l" if number == "?25":
                self.cursor = what == "h"
            case "m":
                pass
            case _:
                raise AssertionError(f"ESC [ {number} {what} is not known here")

    def _put(self, character: str) -> None:
        if character in ("\r", "\r\n"):
            self.column = 0
        if character in ("\n", "\r\n"):
            self.row, self.column = self.row + 1, 0
            self.lines += [""] * (self.row + 1 - len(self.lines))
        if character.isprintable():
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")
