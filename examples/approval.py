"""A tool that waits for a person's word: the run stops, and goes on in another process.

    coterie examples run approval                     # in a terminal you are asked; elsewhere a script decides
    coterie examples run approval --db runs.db        # the file in which a run waits; else a temporary one
    coterie examples run approval --db runs.db --resume RUN --say yes

`confirm_tools` names the tools that need a word. What a stopped run needs to go on is in a LangGraph checkpointer, here
a SQLite file: the process that asked may be gone when the answer comes. A no may have a reason, which the model reads.

It needs `pip install "coterie[checkpoint]"`, and no key: without a model the clerk quotes what its tool says.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, Decision
from coterie.graphs.pausing import Waiting
from coterie.teams.printing import waiting_line

USER = "ana@example.com"
SCRIPT = {"R-12": "yes", "R-13": "it was paid last week"}
"""What the person says where there is no terminal: yes, or why not."""


def pay_invoice(text: str) -> str:
    """Pay the invoice whose number is in the text."""
    paid = [number for number in SCRIPT if number in text]
    return f"Paid: {', '.join(paid)}." if paid else "There is no such invoice."


def clerk(checkpointer: Any) -> Agent:
    """Pays invoices, and asks before it does."""
    return Agent("clerk", tools=[pay_invoice], confirm_tools=[pay_invoice], checkpointer=checkpointer)


agent = clerk(InMemorySaver())


def word_on(call: Waiting) -> str:
    """Ask the person at the terminal. Where there is none, the script says it."""
    print(f"  waits: {waiting_line(call)}")
    if sys.stdin.isatty():
        return input("  yes, or why not? ").strip()
    return next((word for number, word in SCRIPT.items() if number in str(call)), "no such invoice")


def resumed(clerk: Agent, run_id: str, word: str) -> str:
    """Go on with a run that waits, and return the answer."""
    decision = Decision(True) if word == "yes" else Decision(False, word)
    return clerk.resume(run_id, decision, user_id=USER).content


def serve(clerk: Agent, runs: Path) -> None:
    """Two invoices: the first run goes on in another process, the second in this one."""
    for message, elsewhere in [("Pay invoice R-12, please.", True), ("Pay invoice R-13, please.", False)]:
        print(f"> {message}")
        run = clerk.run(message, user_id=USER)
        answer = run.content
        if run.paused:
            word = word_on(run.waiting[0])
            print(f"  {'another process' if elsewhere else 'this process'} goes on, with {word!r}")
            answer = in_another_process(runs, run.run_id, word) if elsewhere else resumed(clerk, run.run_id, word)
        print(answer)


def in_another_process(runs: Path, run_id: str, word: str) -> str:
    """What a web server or a mail handler would do, on the next day."""
    command = [sys.executable, __file__, "--db", str(runs), "--resume", run_id, "--say", word]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()


def main(arguments: Sequence[str] | None = None) -> None:
    """Pay two invoices; or go on with a run that waits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, help="the file in which runs wait (default: a temporary one)")
    parser.add_argument("--resume", metavar="RUN", help="go on with this run")
    parser.add_argument("--say", default="", help="yes, or why not")
    options = parser.parse_args(arguments)
    try:
        from langgraph.checkpoint.sqlite import SqliteSaver
    except ImportError as error:
        raise SystemExit('error: this needs pip install "coterie[checkpoint]"') from error
    with TemporaryDirectory() as folder:
        runs = options.db or Path(folder, "runs.db")
        with SqliteSaver.from_conn_string(str(runs)) as saver:
            if options.resume:
                print(resumed(clerk(saver), options.resume, options.say))
            else:
                serve(clerk(saver), runs)


if __name__ == "__main__":
    main()
