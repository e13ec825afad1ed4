from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from coterie import Agent, SqliteDb, Team
from coterie.graphs.replay import replay
from coterie.memory.values import Scope
from coterie.teams.tracing import Trace
from tests.browser.conftest import Opening
from tests.support.scripted import Script, ScriptedModel, calls


def search(text: str) -> str:
    """Look something up."""
    return f"<b>{text}</b>: nothing"


def searching(messages: list[BaseMessage]) -> AIMessage | str:
    """Calls a tool twice at once, then answers."""
    answered = any(isinstance(message, ToolMessage) for message in messages)
    return "found" if answered else calls(("search", {"text": "wal"}), ("search", {"text": "vacuum"}))


def leading(messages: list[BaseMessage]) -> AIMessage | str:
    """Asks a member twice at once, and a team beside it."""
    answered = any(isinstance(message, ToolMessage) for message in messages)
    tasks = [("ask_scout", {"task": "one"}), ("ask_scout", {"task": "two"}), ("ask_lab", {"task": "three"})]
    return "done" if answered else calls(*tasks)


def model(script: Script) -> ScriptedModel:
    """A model that takes a moment to answer."""
    return ScriptedModel(script=script, delay=0.02)


def test_a_run_of_nested_teams_lights_every_node_that_ran(open_page: Opening, tmp_path: Path) -> None:
    answer = model(lambda messages: "ok")
    lab = Team(
        "lab", mode="broadcast", model=answer, members=[Agent("alice", model=answer), Agent("bob", model=answer)]
    )
    scout = Agent("scout", model=model(searching), tools=[search])
    with SqliteDb(tmp_path / "shop.db") as db:
        desk = Team("desk", members=[scout, lab], model=model(leading), db=db, trace=Trace(contents=True))
        run = desk.run("How many writers?", user_id="ada", session_id="s")
        records = db.records("ada", run.run_id)
        memories = db.as_of(Scope("ada", as_owner=True), db.run("ada", run.run_id).started_at)
    page = open_page(replay(records, memories))
    ran = page.evaluate("[...coterie.store.run.byKey.keys()]")
    drawn = page.locator("#drawing .node[data-id], #drawing .cluster[data-id]").evaluate_all(
        "(all) => all.map((one) => [one.dataset.id, one.classList.contains('done')])"
    )
    lit = {id for id, done in drawn if done}
    assert lit == {id for id, _ in drawn} & set(ran)
    assert {"desk/scout/model", "desk/scout/tools", "desk/lab", "desk/lab/alice/model", "desk/lab/join"} <= lit
    assert page.locator('[data-id="desk/scout/model"] .count').text_content() == "×4"
    lanes = page.evaluate("coterie.placed(coterie.store.run, new Set()).lanes.map((lane) => [lane.path, lane.rows])")
    assert ["desk/scout", 2] in lanes
    assert [path for path, _ in lanes][:2] == ["desk", "desk/scout"]
    assert ["desk/lab/alice", 1] in lanes
    page.locator('[data-id="desk/scout/tools"]').click()
    page.wait_for_function("() => coterie.still()")
    assert page.locator("#panel pre.answer").all_inner_texts() == ["<b>wal</b>: nothing", "<b>vacuum</b>: nothing"]
