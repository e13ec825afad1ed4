"""The command line. LangGraph, LangChain and the store are loaded by the commands that use them, not for ``--help``."""

import logging
import os
import sys
from collections.abc import Sequence
from shutil import get_terminal_size

from coterie.cli.codes import Code, code_of
from coterie.cli.texts import read_utf8_from_stdin
from coterie.errors import CoterieError, FileError

PIPE_COLUMNS = 130
"""How wide help is where there is no terminal, and ``COLUMNS`` does not say."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: see `coterie.cli.codes`.

    Args:
        arguments: what stands after ``coterie``. None: what this process was called with.
    """
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show is no reason to fail
    read_utf8_from_stdin()
    _log_to_stderr()
    code: int = Code.DONE
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        code = code or failed(error)
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Have a stream where the shell closed one, as by ``>&-``: Python has None there, and a file may get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _run(arguments: Sequence[str] | None) -> int:
    from typer import Abort

    from coterie.cli.app import app

    # Boxes and colours are for people; what reads a pipe gets plain lines, not cut where the window would end.
    app.rich_markup_mode = "markdown" if sys.stdout.isatty() else None
    width = get_terminal_size((PIPE_COLUMNS, 24)).columns
    try:
        return app(args=arguments, prog_name="coterie", standalone_mode=False, terminal_width=width) or Code.DONE
    except Abort:  # Ctrl-D or Ctrl-C at a question
        print("\nNothing was done.", file=sys.stderr)
        return Code.DECLINED
    except (CoterieError, OSError) as error:
        return failed(error)
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer raises for wrong usage
            raise
        return _wrong_usage(error)


def failed(error: Exception) -> int:
    """Say in one line what went wrong, or in one for each thing in a file, then what else there is to know of it.

    That who read the output has left, as ``head`` does, goes without saying.

    Returns:
        The exit code.
    """
    if not isinstance(error, BrokenPipeError):
        for line in error.lines if isinstance(error, FileError) else [_told(error)]:
            print(f"error: {' '.join(line.split())}", file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(" ".join(note.split()), file=sys.stderr)
    return code_of(error)


def _told(error: Exception) -> str:
    """What went wrong. The system's own words are for where it went wrong, if that is known."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    where = "The output" if error.filename is None else repr(str(error.filename))
    return f"{where}: {error.strerror}."


def _wrong_usage(error: Exception) -> int:
    command = getattr(getattr(error, "ctx", None), "command_path", "coterie")
    message = error.format_message().strip()  # type: ignore[attr-defined]  # empty: the help was printed
    if message.startswith("Usage: "):  # no command was given: the help, which typer has printed where there are boxes
        print(message)
    elif message := message.replace("Value error, ", ""):
        end = "" if message.endswith((".", "?")) else "."
        print(f"error: {message}{end} `{command} --help` says what there is.", file=sys.stderr)
    return Code.USAGE


class _OnStderr(logging.Handler):
    """Prints each message once, plainly. It asks for ``sys.stderr`` each time: a live display may stand in for it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message."""
        message = record.getMessage()
        if message not in self.said:
            self.said.add(message)
            print(message, file=sys.stderr)


def _log_to_stderr() -> None:
    log = logging.getLogger("coterie")
    log.handlers = [_OnStderr()]
    log.setLevel(logging.INFO)  # what a library keeps to itself: that a locked database is waited for
    log.propagate = False
