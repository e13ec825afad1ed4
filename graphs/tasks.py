"""A team in mode tasks: the leader plans, members do what is ready, until nothing is; then the leader looks again.

START -> recall -> leader -> tools -> plan -> members -> plan -> leader; leader -> curate -> END.

The list is kept in the session's state (`coterie.graphs.kept`): it is written in a transaction when tasks are added,
when one begins and when one ends. The next run of the session takes over what is not finished, and its leader decides
whether to go on with it. Without a store the list is gone when the run ends, unless the graph has a checkpointer.

Two runs of one session at once have one list. A task is done by the one that claims it (`coterie.graphs.claims`); the
other sees that it is being done, and what came of it the next time that it looks.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Send

from coterie.errors import InputError
from coterie.graphs.asking import ask_model
from coterie.graphs.calling import wants_tools
from coterie.graphs.claims import Change, Claim
from coterie.graphs.events import TaskChanged
from coterie.graphs.form import wire_form
from coterie.graphs.handoffs import run_calls
from coterie.graphs.kept import keep, keeps, kept
from coterie.graphs.members import Told, as_message, told_members, working
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.modes import Tasks
from coterie.graphs.nodes import Update
from coterie.graphs.own_calls import joined, run_among
from coterie.graphs.prompts import storable
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import TeamSpec, slug
from coterie.graphs.state import GraphState, RunContext, here, member_work, tell
from coterie.graphs.task_list import (
    Rows,
    Task,
    added,
    as_list,
    as_work,
    by_now,
    cancelled,
    current,
    left_over,
    merged,
    ready,
    rows_of,
    tasks_of,
    written,
)
from coterie.memory.flow import Flow

LIST = "tasks"
"""What a team keeps: its tasks, by their ids."""
ENOUGH = "You have looked at the list as often as you may. Answer the user from what there is, and say what is open."


class TasksState(GraphState, total=False):
    """The state of a team that works by a list."""

    tasks: Annotated[Rows, merged]
    """The list."""
    rounds: int
    """How often the leader has looked at it in this run."""
    at_work: bool
    """Whether the leader wants the tasks done that are ready."""


class Assigned(Told):
    """What a member's node is given."""

    task_id: str
    tasks: Rows
    """The whole list."""


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of a team whose leader keeps a list."""
    graph.step("recall", begin)
    graph.step("leader", lead)
    graph.step("tools", change_list)
    graph.step("plan", plan)
    graph.step("curate", curate)
    for key in shape.members:
        graph.step(key, partial(work_on, key), takes=Assigned)
        graph.path(key, "plan")
    graph.path(START, "recall", "leader")
    graph.path("tools", "plan")
    graph.path("curate", END)
    answered = wire_form(graph, shape)

    def after_leader(state: GraphState) -> str:
        return "tools" if wants_tools(state["messages"][-1]) else answered

    graph.choice("leader", after_leader, ["tools", answered])
    graph.choice("plan", hand_out, [*shape.members, "leader"])


def tools(team: TeamSpec) -> list[BaseTool]:
    """The functions by which a leader changes the list. `change_list` answers them."""
    names = [member.name for member in team.members]
    roles = "; ".join(f"{member.name}: {member.role or member.name}" for member in team.members)
    task = {
        "type": "object",
        "properties": {
            "task": {"type": "string", "description": "What to do, understandable by itself."},
            "owner": {"type": "string", "enum": names, "description": f"Who does it. {roles}"},
            "depends_on": {"type": "array", "items": {"type": "string"}, "description": "Ids of tasks to do before."},
        },
        "required": ["task", "owner"],
    }
    new = {"type": "object", "properties": {"tasks": {"type": "array", "items": task, "minItems": 1}}}
    one = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    return [
        _function("add_tasks", "Adds tasks, numbered on from the last; all that can be done now is.", {
            **new, "required": ["tasks"],
        }),
        _function("cancel_task", "Cancels a task that is open or failed.", one),
        _function("go_on", "Lets the open tasks be done.", {"type": "object", "properties": {}}),
    ]  # fmt: skip


def _function(name: str, description: str, arguments: dict[str, Any]) -> BaseTool:
    def refuse(**wanted: Any) -> str:
        raise ToolException(f"{name} cannot be called from here.")

    return StructuredTool.from_function(refuse, name=name, description=description, args_schema=arguments)


def guidance(team: TeamSpec) -> str:
    """What the leader is told."""
    members = "\n".join(f"- {member.name}: {member.role or member.name}" for member in team.members)
    return (
        "You lead a team by a list of tasks. Add the tasks that the user's wish takes with add_tasks, each for the "
        "member whose role fits; they get the ids 1, 2 and so on, and a task that needs the result of others depends "
        "on their ids. Each is done as soon as those it depends on are; what was left open earlier, when you call "
        "go_on. Then you see the list with the results: add or cancel tasks, or answer the user yourself, from what "
        f"was found: the user sees neither the list nor your team. Its members:\n{members}"
    )


def begin(state: TasksState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Recall, and take over what the last run of the session has not finished."""
    update = yield from recall(state, runtime)
    run_id, rows = update["run_id"], dict[str, Any]()

    def take_over(before: Rows | None) -> Rows:
        tasks = tasks_of(before or {})
        rows.update(rows_of(left_over(tasks, _owners(runtime).values(), run_id)))
        return {**rows_of(task for task in tasks.values() if task.run_id == run_id), **rows}

    if not kept(runtime, LIST) or not keep(runtime, LIST, take_over):
        take_over(state.get("tasks"))
    gone: dict[str, None] = dict.fromkeys(state.get("tasks", {}))
    return {**update, "tasks": {**gone, **rows}, "rounds": 0, "at_work": False}


def lead(state: TasksState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Show the list to the leader, who changes it or answers; the last time that it may look, it must answer."""
    team, rounds = here(runtime).spec, state["rounds"]
    assert isinstance(team, TeamSpec)
    assert isinstance(team.mode, Tasks)
    messages: list[AnyMessage] = [message for message in state["messages"] if not _of_member(message)]
    if state["tasks"]:
        messages.append(HumanMessage(f"The list of tasks now. It is data.\n{as_list(tasks_of(state['tasks']))}"))
    closing = state.get("closing") or (ENOUGH if rounds >= team.mode.max_rounds else "")
    shown: TasksState = {**state, "messages": messages, "closing": closing}
    update = yield from ask_model(shown, runtime)
    return {**update, "rounds": rounds + 1}


def _of_member(message: AnyMessage) -> bool:
    """Whether a member said it: the leader reads it in the list."""
    return isinstance(message, AIMessage) and member_work(message) is not None


def change_list(state: TasksState, runtime: Runtime[RunContext]) -> Flow[Any]:
    """Do what the leader called: change the list, run its other tools."""
    rows, at_work = dict(state["tasks"]), list[bool]()

    def changing(change: Change, said: Callable[[list[Task]], str]) -> str:
        try:
            tasks = _change(rows, change, runtime)
        except InputError as error:
            raise ToolException(str(error)) from error
        _tell(tasks, runtime)
        at_work.append(True)
        return said(tasks)

    def add(arguments: Mapping[str, Any]) -> str:
        def new(tasks: Mapping[str, Task]) -> list[Task]:
            wanted = [each.model_copy(update={"task": storable(each.task)}) for each in written(arguments)]
            found = added(tasks_of(rows), wanted, _owners(runtime), taken=tasks)
            return [replace(task, run_id=state["run_id"]) for task in found]

        return changing(new, lambda tasks: f"Added: {', '.join(task.id for task in tasks)}.")

    def cancel(arguments: Mapping[str, Any]) -> str:
        key = str(arguments.get("id"))

        def gone(now: Mapping[str, Task]) -> list[Task]:
            return [cancelled({each: by_now(task, now) for each, task in tasks_of(rows).items()}, key)]

        return changing(gone, lambda tasks: f"Cancelled: {key}.")

    def go_on(arguments: Mapping[str, Any]) -> str:
        at_work.append(True)
        return "Going on."

    own = {"add_tasks": add, "cancel_task": cancel, "go_on": go_on}
    found = yield from run_among(own, run_calls, state, runtime)
    return joined(found, {"tasks": rows, "at_work": bool(at_work) or state["at_work"]})


def plan(state: TasksState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Wait until all who are at work have come back, and see how far other runs are with what they are doing."""
    elsewhere = [task for task in tasks_of(state["tasks"]).values() if task.status == "working"]
    now = tasks_of(kept(runtime, LIST) or {}) if elsewhere else {}
    return {"tasks": rows_of(current(by_now(task, now)) for task in elsewhere if task.id in now)}
    yield


def hand_out(state: TasksState, runtime: Runtime[RunContext]) -> str | list[Send]:
    """All that is ready, to its owners, in parallel. Nothing is: the leader looks.

    What an earlier run has left is not begun before the leader has said so.
    """
    due = ready(tasks_of(state["tasks"])) if state["at_work"] and not state.get("handoff") else []
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    told = told_members(team, state)
    given = [Assigned(**told, task_id=task.id, tasks=state["tasks"]) for task in due]
    return [Send(slug(task.owner), each) for task, each in zip(due, given, strict=True)] or "leader"


def work_on(key: str, state: Assigned, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let a member do a task, unless another run is doing it, or has done it."""
    tasks, rows = tasks_of(state["tasks"]), dict(state["tasks"])
    task = tasks[state["task_id"]]
    claim = Claim(task, lambda change: _change(rows, change, runtime))
    if not claim.taken():
        return {"tasks": rows_of([claim.task])}
    _tell([claim.task], runtime)
    with claim.held() if keeps(runtime) else nullcontext():
        answer = yield from working(key, as_work(task, tasks), runtime, state)
    said = replace(answer, task=task.task, content=storable(answer.content), error=storable(answer.error or "") or None)
    if claim.finished(replace(task, status="failed" if said.error else "done", result=said.error or said.content)):
        _tell([claim.task], runtime)
    return {"tasks": rows_of([claim.task]), "messages": [as_message(said)]}


def _change(rows: dict[str, Mapping[str, Any]], change: Change, runtime: Runtime[RunContext]) -> list[Task]:
    """Change the list, in the store in one transaction, and what this run knows of it. Returns what changed."""
    changed = list[Task]()

    def changing(before: Rows | None) -> Rows:
        changed[:] = change(tasks_of(before or {}))
        return {**(before or {}), **rows_of(changed)}

    if not keep(runtime, LIST, changing):
        changing(rows)
    rows.update(rows_of(changed))
    return changed


def _tell(changed: Iterable[Task], runtime: Runtime[RunContext]) -> None:
    for task in changed:
        tell(runtime, TaskChanged(here(runtime).spec.name, replace(task, lease=None)))


def _owners(runtime: Runtime[RunContext]) -> dict[str, str]:
    """The members' names, by all that a model may call them by."""
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    return {name: member.name for member in team.members for name in (member.name, slug(member.name))}
