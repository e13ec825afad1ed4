"""Recorded runs: a team with everything that can happen, and a long one."""

from coterie.graphs.picture import Cluster, Edge, Node, Picture
from tests.support.tape import Record, Tape, bare, change, closed, head, hit, value

BEFORE = [
    value("m01-terse", "The user prefers short answers", "writer"),
    value("m02-stack", "The project uses SQLModel and LangGraph", "scout"),
    value("m03-friday", "The report is due on Friday", "writer"),
    value("m04-terse", "The user wants concise answers", "checker"),
    value("m05-mysql", "The database is MySQL", "scout"),
]
"""What the user's memory holds when the run begins."""


def picture() -> Picture:
    """The team: a leader, a scout, a checker and a writer."""
    return Picture(
        root=Cluster(
            "desk",
            "team",
            "desk",
            "answers questions on databases",
            (
                Node("desk/recall", "recall", "recall", ("memories",)),
                Node("desk/leader", "leader", "leader", ("gpt-4.1-mini",)),
                Node("desk/curate", "curator", "curator", ("keeps the turn", "curates the memory")),
            ),
            tuple(_member(name, role) for name, role in MEMBERS.items()),
        ),
        start=Node("/start", "start", "start"),
        end=Node("/end", "end", "end"),
        store=Node("/memory", "memory", "shared memory", ("coterie.db",)),
        edges=tuple(_edges()),
    )


MEMBERS = {"scout": "finds facts", "checker": "checks figures", "writer": "writes the answer"}


def _member(name: str, role: str) -> Cluster:
    path = f"desk/{name}"
    nodes = (
        Node(f"{path}/recall", "recall", "recall", ("memories",)),
        Node(f"{path}/model", "model", "model", ("gpt-4.1-mini",)),
        Node(f"{path}/tools", "tools", "tools", ("search", "run_sql")),
    )
    return Cluster(path, "agent", name, role, nodes, ())


def _edges() -> list[Edge]:
    edges = [
        Edge("/start", "desk/recall", "always"),
        Edge("desk/recall", "desk/leader", "always"),
        Edge("desk/leader", "desk/curate", "choice"),
        Edge("desk/curate", "/end", "always"),
        Edge("/memory", "desk/recall", "read"),
        Edge("/memory", "desk/curate", "read"),
        Edge("desk/curate", "/memory", "write"),
    ]
    for name in MEMBERS:
        path = f"desk/{name}"
        edges += [
            Edge("desk/leader", path, "choice"),
            Edge(path, "desk/leader", "always"),
            Edge(f"{path}/recall", f"{path}/model", "always"),
            Edge(f"{path}/model", f"{path}/tools", "choice"),
            Edge(f"{path}/tools", f"{path}/model", "always"),
            Edge("/memory", f"{path}/recall", "read"),
        ]
    return edges


QUESTION = "How does SQLite handle many writers, and should we move to PostgreSQL?"
ANSWER = """SQLite allows one writer at a time; in WAL mode readers do not wait for it.

For your 12 writers at 40 writes/s it is enough: the measured p95 is 18 ms. Move when many machines write."""


def team_run(graph: Record | None = None, *, contents: bool = True) -> list[Record]:
    """A run of the team: parallel members, tools, recalls with scores, an error with a retry, and a curator's edits."""
    tape = Tape()
    tape.tell(0, "run_started", **head(graph, contents), message=QUESTION)
    recall = tape.begin(0.004, "desk/recall")
    hits = [hit(BEFORE[1], 0.42, 0.31), hit(BEFORE[4], 0.22, 0.35), hit(BEFORE[0], 0.02, 0.18)]
    recall.tell(0.032, "memory_recalled", query=QUESTION, tokens=31, complete=False, hits=hits)
    recall.end(0.034)
    leader = tape.begin(0.035, "desk/leader")
    leader.end(0.812, [(812, 96)])
    _scout(tape)
    _checker(tape)
    again = tape.begin(4.71, "desk/leader")
    again.end(5.403, [(1904, 71)])
    _writer(tape)
    last = tape.begin(7.95, "desk/leader")
    last.end(8.61, [(2210, 118)])
    _curator(tape)
    tape.tell(
        10.12,
        "run_finished",
        status="finished",
        seconds=10.12,
        error=None,
        model_calls=10,
        input_tokens=15_210,
        output_tokens=1_107,
        content=ANSWER,
        waiting=0,
        notices=[],
    )
    return tape.sorted() if contents else [bare(record) for record in tape.sorted()]


def _scout(tape: Tape) -> None:
    member = tape.begin(0.815, "desk/scout")
    task = "Find how SQLite serialises writers; cite the documentation."
    member.tell(0.8151, "member_started", member="scout", task=task)
    recall = tape.begin(0.818, "desk/scout/recall", member)
    query = "SQLite writers WAL"
    recall.tell(0.851, "memory_recalled", query=query, tokens=14, complete=False, hits=[hit(BEFORE[4], 0.4, 0.33)])
    recall.end(0.853)
    model = tape.begin(0.854, "desk/scout/model", member)
    model.end(1.62, [(640, 58)])
    tools = tape.begin(1.622, "desk/scout/tools", member)
    tools.tool(
        1.625,
        2.31,
        "search",
        {"query": "sqlite wal concurrent writers", "limit": 5},
        "https://sqlite.org/wal.html: there can only be one writer at a time; readers do not block it.",
    )
    tools.tool(
        1.626, 2.02, "search", {"query": "busy_timeout"}, "PRAGMA busy_timeout sets how long a connection waits."
    )
    tools.end(2.312)
    model = tape.begin(2.313, "desk/scout/model", member)
    model.end(3.44, [(1320, 174)])
    found = "One writer at a time; in WAL mode readers do not wait for it (https://sqlite.org/wal.html)."
    member.tell(3.445, "member_finished", member="scout", content=found, error=None)
    member.end(3.446)


def _checker(tape: Tape) -> None:
    member = tape.begin(0.816, "desk/checker")
    member.tell(0.8161, "member_started", member="checker", task="Measure p95 of 12 writers on our store.")
    recall = tape.begin(0.82, "desk/checker/recall", member)
    hits = [hit(BEFORE[1], 0.2, 0.28), hit(BEFORE[2], 0.11, 0.05)]
    recall.tell(0.861, "memory_recalled", query="p95 writers", tokens=19, complete=False, hits=hits)
    recall.end(0.862)
    model = tape.begin(0.863, "desk/checker/model", member)
    model.tell(1.31, "attempt_failed", attempt=1, error="RateLimitError: 429, retry after 0.4 s")
    model.end(2.41, [(702, 64)])
    tools = tape.begin(2.412, "desk/checker/tools", member)
    tools.tool(
        2.414, 2.9, "run_sql", {"statement": "SELEC p95(ms) FROM writes"}, "syntax error near SELEC", failed=True
    )
    tools.end(2.902)
    model = tape.begin(2.903, "desk/checker/model", member)
    model.end(3.52, [(980, 41)])
    tools = tape.begin(3.522, "desk/checker/tools", member)
    tools.tool(3.524, 4.01, "run_sql", {"statement": "SELECT p95(ms) FROM writes"}, "18.2")
    tools.end(4.012)
    model = tape.begin(4.013, "desk/checker/model", member)
    model.end(4.69, [(1105, 52)])
    member.tell(4.699, "member_finished", member="checker", content="18.2 ms at 40 writes/s.", error=None)
    member.end(4.7)


def _writer(tape: Tape) -> None:
    member = tape.begin(5.41, "desk/writer")
    task = "Write the answer in three sentences: facts, figures, advice."
    member.tell(5.4101, "member_started", member="writer", task=task)
    recall = tape.begin(5.412, "desk/writer/recall", member)
    hits = [hit(BEFORE[0], 0.51, 0.4), hit(BEFORE[3], 0.33, 0.38), hit(BEFORE[2], 0.08, 0.1)]
    recall.tell(5.449, "memory_recalled", query="how to answer", tokens=22, complete=True, hits=hits)
    recall.end(5.451)
    model = tape.begin(5.452, "desk/writer/model", member)
    model.end(7.92, [(1890, 212)])
    member.tell(7.93, "member_finished", member="writer", content=ANSWER, error=None)
    member.end(7.94)


def _curator(tape: Tape) -> None:
    curate = tape.begin(8.62, "desk/curate")
    terse, stack, friday, concise, mysql = BEFORE
    sqlite = value("m06-sqlite", "The store is SQLite in WAL mode, with 12 writers at 40 writes/s", None)
    merged = value("m07-short", "The user prefers short, concise answers", None)
    fresh = value("m08-p95", "The p95 of a write is 18 ms with 12 writers", "checker")
    changes = [
        change("update", mysql, closed(mysql, 10.05, "m06-sqlite"), "the user says SQLite"),
        change("update", None, sqlite, "the user says SQLite"),
        change("merge", terse, closed(terse, 10.05, "m07-short"), "both say the same"),
        change("merge", concise, closed(concise, 10.05, "m07-short"), "both say the same"),
        change("merge", None, merged, "both say the same"),
        change("delete", friday, None, "it is done"),
        change("add", None, fresh, "measured in this run"),
    ]
    curate.tell(
        10.05,
        "memory_curated",
        turn_id="turn-7",
        model_calls=1,
        error=None,
        changes=changes,
        refused=[{"op": "add", "reason": "a secret (an API key) is not kept", "memory": "The key is sk-…"}],
        held=[
            {
                "proposal_id": "p-1",
                "op": "update",
                "why": "about another person",
                "before": [stack["memory"]],
                "memory": "Grace's project uses Django",
            },
        ],
    )
    curate.end(10.1, [(2120, 221)])


def long_run(spans: int, graph: Record | None = None) -> list[Record]:
    """A run of so many steps: members in parallel, the scout twice at once, long waits between."""
    tape = Tape()
    tape.tell(0, "run_started", **head(graph, True), message="Go through all 400 tickets.")
    at, turn = 0.01, 0
    while tape.steps < spans:
        leader = tape.begin(at, "desk/leader")
        leader.end(at + 0.4, [(900 + turn, 40)])
        at = _round(tape, at + 0.4, turn) + (90.0 if turn % 40 == 39 else 0.02)
        turn += 1
    tape.tell(
        at,
        "run_finished",
        status="finished",
        seconds=at,
        error=None,
        model_calls=turn,
        input_tokens=0,
        output_tokens=0,
        content="All done.",
        waiting=0,
        notices=[],
    )
    return tape.sorted()


def _round(tape: Tape, at: float, turn: int) -> float:
    ends = []
    for place, name in enumerate(["scout", "scout", "checker", "writer"]):
        begin = at + 0.03 * place
        member = tape.begin(begin, f"desk/{name}")
        recall = tape.begin(begin + 0.005, f"desk/{name}/recall", member)
        recall.tell(
            begin + 0.02,
            "memory_recalled",
            query=f"ticket {turn}",
            tokens=9,
            complete=False,
            hits=[hit(BEFORE[(turn + place) % 5], 0.3, 0.2)],
        )
        recall.end(begin + 0.025)
        model = tape.begin(begin + 0.03, f"desk/{name}/model", member)
        end = begin + 0.5 + 0.13 * ((turn * 7 + place * 3) % 5)
        if turn % 10 == 3 and name == "checker":
            fresh = value(f"t{turn}-{place}", f"Ticket {turn} is about backups", name)
            model.tell(end - 0.01, "memory_changed", changes=[change("add", None, fresh, "seen in a ticket", "agent")])
        model.end(end, [(500, 30)], error="ModelError: the server is busy" if turn % 37 == 36 and place == 2 else None)
        member.end(end + 0.004)
        ends.append(end + 0.006)
    return max(ends)
