"""A process that forks after it used its store, as gunicorn's preloading and multiprocessing do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")

START = """
import os, signal, sys, threading, time
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.edits import Add, Change
from coterie.memory.values import Scope, UserMemory

def add(db, user, text):
    db.apply(Scope(user), [Add(UserMemory(memory=text))], Change())

def forked(work):
    child = os.fork()
    if child:
        return child
    signal.alarm(300)
    try:
        work()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(1)
    os._exit(0)

def end(children):
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

kind, where = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb, "memory": lambda _: SqliteDb()}[kind](where)
"""

READERS = """
users = ("ana", "ben", "eve")
for user in users:
    add(db, user, f"About {user}")

def read(user):
    for _ in range(200):
        assert [memory.memory for memory in db.newest(Scope(user))] == [f"About {user}"]

children = [forked(lambda user=user: read(user)) for user in users]
read("ana")
assert end(children) == [0, 0, 0]
assert db.count(Scope("ana")) == 1
"""

WRITERS = """
stop = threading.Event()

def write(number):
    while not stop.is_set():
        add(db, "ana", f"Fact {number} at {time.time()}")
        db.count(Scope("ana"))

add(db, "ana", "Fact")
threads = [threading.Thread(target=write, args=[number]) for number in range(2)]
for thread in threads:
    thread.start()
for number in range(10):
    time.sleep(0.02)
    assert end([forked(lambda: add(db, "eve", f"Child {number}"))]) == [0]
stop.set()
for thread in threads:
    thread.join()
db.close()
assert kind == "memory" or db.count(Scope("eve")) == 10
"""

CHILD_GOES_ON_ALONE = """
add(db, "ana", "By the parent")
ready, go = os.pipe()

def write():
    add(db, "ana", "By the child")
    os.read(ready, 1)
    add(db, "ana", "By the child, when the parent has closed its store")
    db.close()

child = forked(write)
time.sleep(0.3)
db.close()
os.write(go, b"x")
assert end([child]) == [0]
assert db.count(Scope("ana")) == 3
"""

EXITS = """
add(db, "ana", "By the parent")
child = os.fork()
if not child:
    db.count(Scope("ana"))
    sys.exit(0)  # the whole way out, with finalizers
assert end([child]) == [0]
assert db.count(Scope("ana")) == 1
"""


SEARCHERS = """
from tests.support.embedder import LetterEmbeddings

db = type(db)(*([] if kind == "memory" else [where]), embedder=LetterEmbeddings())
stop = threading.Event()
add(db, "ana", "Has a cat")

def search():
    assert [hit.memory.memory for hit in db.search(Scope("ana"), "feline", 1)] == ["Has a cat"]

def search_and_write():
    while not stop.is_set():
        search()
        add(db, "ana", f"Fact at {time.time()}")

threads = [threading.Thread(target=search_and_write) for _ in range(2)]
for thread in threads:
    thread.start()
for number in range(10):
    time.sleep(0.02)
    assert end([forked(search)]) == [0]
stop.set()
for thread in threads:
    thread.join()
search()
db.close()
"""


def run(program: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where = request.getfixturevalue("postgres_url") if kind == "postgres" else str(tmp_path / "store.db")
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", START + program, kind, where]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "memory"])
def test_a_child_reads_what_it_asked_for(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    run(READERS, kind, tmp_path, request)


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "memory"])
def test_a_child_writes_whatever_the_parents_threads_do(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run(WRITERS, kind, tmp_path, request)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_child_goes_on_without_its_parent(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    run(CHILD_GOES_ON_ALONE, kind, tmp_path, request)


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "memory"])
def test_a_child_that_exits_leaves_the_parents_connections(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run(EXITS, kind, tmp_path, request)


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "memory"])
def test_a_child_searches_by_meaning_whatever_the_parents_threads_do(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run(SEARCHERS, kind, tmp_path, request)
