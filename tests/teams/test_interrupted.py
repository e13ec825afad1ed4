"""Ctrl-C ends a run at once, whoever is at work in which thread, and what was said is kept."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from coterie import SqliteDb

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys, threading, time
from coterie import Agent, SqliteDb, Team
from tests.support.scripted import ScriptedModel, calls

at_work = threading.Semaphore(0)

def busy() -> str:
    "Take much longer than anybody waits."
    at_work.release()
    time.sleep(600)
    print("done", flush=True)
    return "done"

def thinking(messages):
    return busy()

def hook(text, context):
    busy()

def slow_hook(request, call_next):
    busy()
    return call_next(request)

calling = ScriptedModel(script=lambda messages: calls(("busy", {})))
db = SqliteDb(sys.argv[1])
settings = {"db": db, "update_memory_on_run": True}

def tell(count):
    for _ in range(count):
        at_work.acquire()
    time.sleep(0.5)  # a signal just before the main thread goes to sleep does not wake it
    print("at work", flush=True)

def run(who, count=1, stream=False):
    threading.Thread(target=tell, args=[count], daemon=True).start()
    try:
        answer = who.run("I live in Oslo.", user_id="ana", session_id="s", stream=stream)
        list(answer)
    except KeyboardInterrupt:
        print("stopped", flush=True)
        sys.exit(130)
"""
CASES = {
    "an agent's tool": 'run(Agent("a", model=calling, tools=[busy], **settings))',
    "two of its tools": """
        both = ScriptedModel(script=lambda messages: calls(("busy", {}), ("busy", {})))
        run(Agent("a", model=both, tools=[busy], **settings), 2)
        """,
    "with a timeout": 'run(Agent("a", model=calling, tools=[busy], timeout=500, **settings))',
    "a tool hook": 'run(Agent("a", model=calling, tools=[busy], tool_hooks=[slow_hook], **settings))',
    "a tool, streamed": 'run(Agent("a", model=calling, tools=[busy], **settings), stream=True)',
    "a model, streamed": 'run(Agent("a", model=ScriptedModel(script=thinking), **settings), stream=True)',
    "an agent's model": 'run(Agent("a", model=ScriptedModel(script=thinking), **settings))',
    "members' tools": """
        run(Team("t", [Agent(name, model=calling, tools=[busy]) for name in "ab"], mode="broadcast", **settings), 2)
        """,
    "members' models": """
        slow = ScriptedModel(script=thinking)
        run(Team("t", [Agent(name, model=slow) for name in "ab"], mode="broadcast", **settings), 2)
        """,
    "members' models, with a timeout": """
        slow = ScriptedModel(script=thinking)
        run(Team("t", [Agent(name, model=slow, timeout=500) for name in "ab"], mode="broadcast", **settings), 2)
        """,
    "a run while another one is streamed": """
        for event in Agent("other").run("Hi", stream=True):
            if type(event).__name__ == "StepStarted":
                run(Agent("a", model=calling, tools=[busy], **settings))
        """,
    "a member of a member": """
        inner = Team("inner", [Agent("a", model=calling, tools=[busy])], mode="route")
        run(Team("t", [inner, Agent("b", model=calling, tools=[busy])], mode="broadcast", **settings), 2)
        """,
    "tasks": """
        tasks = [{"task": "x", "owner": "a"}, {"task": "y", "owner": "a"}]
        lead = ScriptedModel(script=lambda messages: calls(("add_tasks", {"tasks": tasks})))
        run(Team("t", [Agent("a", model=calling, tools=[busy])], mode="tasks", model=lead, **settings), 2)
        """,
}


def interrupted(*command: str) -> tuple[int, str, str]:
    """Start a program, and press Ctrl-C when it is at work. Its exit code, and what it wrote from then on."""
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    pipe, env = subprocess.PIPE, {**os.environ, "PYTHONPATH": search}
    with subprocess.Popen([sys.executable, *command], stdout=pipe, stderr=pipe, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            while (line := process.stdout.readline()) != "at work\n":
                assert line, "it has ended"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize("case", CASES)
def test_ctrl_c_ends_a_run_whoever_is_at_work(case: str, tmp_path: Path) -> None:
    file = tmp_path / "team.db"
    assert interrupted("-c", PROGRAM + textwrap.dedent(CASES[case]), str(file)) == (130, "stopped\n", "")
    db = SqliteDb(file)
    (turn,) = db.turns("ana", "s")
    assert (turn.messages[0].content, turn.status) == ("I live in Oslo.", "pending")
    rows = db.session("ana", "s").state.get("coterie:tasks:t", {})
    assert {row["status"] for row in rows.values()} <= {"open"}
    db.close()


def test_what_an_abandoned_tool_does_in_the_end_is_its_own_alone(tmp_path: Path) -> None:
    """The program goes on, with another run of the session; then the tool comes back."""
    program = """
        go_on, over = threading.Event(), threading.Event()

        def slow() -> str:
            "Take long."
            at_work.release()
            go_on.wait()
            over.set()
            return "too late"

        def script(messages):
            return messages[-1].text if messages[-1].text != "I live in Oslo." else calls(("slow", {}))

        events = []
        agent = Agent("a", model=ScriptedModel(script=script), tools=[slow], **settings)
        threading.Thread(target=tell, args=[1], daemon=True).start()
        try:
            for event in agent.run("I live in Oslo.", user_id="ana", session_id="s", stream=True):
                events.append(type(event).__name__)
        except KeyboardInterrupt:
            print(agent.run("And now?", user_id="ana", session_id="s"))
        go_on.set()
        over.wait()
        time.sleep(0.5)  # in which a tool's end would be told
        print(events[-1], [len(turn.messages) for turn in db.turns("ana", "s")])
        """
    code, out, err = interrupted("-c", PROGRAM + textwrap.dedent(program), str(tmp_path / "team.db"))
    assert (code, err) == (0, "")
    assert out == "And now?\nToolStarted [1, 2]\n"


def test_ctrl_c_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "desk.py"
    settings = 'agent = Agent("a", model=calling, tools=[busy], **settings)\n'
    start = "threading.Thread(target=tell, args=[1], daemon=True).start()\n"
    file.write_text(PROGRAM.replace("sys.argv[1]", repr(str(tmp_path / "team.db"))) + settings + start)
    code, _, err = interrupted("-m", "coterie", "run", str(file), "I live in Oslo.", "--user", "ana")
    owed = f"coterie curate --status --db {tmp_path / 'team.db'}"
    assert (code, err) == (130, f"\nStopped. What was said is kept: `{owed}` says what is owed.\n")


def test_a_run_in_an_abandoned_tool_takes_no_further_step(tmp_path: Path) -> None:
    program = """
        go_on = threading.Event()

        def slow() -> str:
            "Take long."
            at_work.release()
            go_on.wait()
            return "too late"

        def script(name):
            return lambda messages: messages[-1].text if messages[-1].type == "tool" else calls((name, {}))

        inner = Agent("inner", model=ScriptedModel(script=script("slow")), tools=[slow])
        ended = threading.Event()

        def ask() -> str:
            "Ask another one."
            try:
                return inner.run("Go.").content
            finally:
                ended.set()

        threading.Thread(target=tell, args=[1], daemon=True).start()
        try:
            Agent("outer", model=ScriptedModel(script=script("ask")), tools=[ask]).run("Hi.")
        except KeyboardInterrupt:
            go_on.set()
            ended.wait()
            print("asked", len(inner.model.seen))
        """
    code, out, err = interrupted("-c", PROGRAM + textwrap.dedent(program), str(tmp_path / "team.db"))
    assert (code, out, err) == (0, "asked 1\n", "")
