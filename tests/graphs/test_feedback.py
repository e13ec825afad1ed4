"""What is recalled into the prompt never comes back as news, whatever the curator's model makes of it."""

import json
import re
from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from coterie import Agent, MemoryManager, Scope, UserMemory
from coterie.memory.db import Db
from coterie.memory.edits import Change, Ref, Update
from coterie.memory.prompt import DEFAULT_RULES
from tests.support.scripted import ScriptedModel

TURNS = 50
SAID = [
    "Do I live in Lisbon?",
    "Thanks a lot!",
    "What do you know about my work as a nurse?",
    "Yes please, go on",
    "Ok",
    "I read about nurses and hospitals all day",
    "Where does my sister Mia live?",
    "Great, that is what I wanted",
    "Moro em Lisboa?",
    "The weather is nice",
]
PAST = "Ana lives in Lisbon"
KNOWN = [
    "Ana lives in Berlin",
    "Ana works as a night nurse at the hospital of Spandau",
    "Ana's sister Mia lives in Porto",
]


def parrot(messages: Sequence[BaseMessage]) -> str:
    """Answers by reciting what it recalls and what was true once; as the curator, proposes all of that as facts."""
    if not messages[0].text.startswith(DEFAULT_RULES.text[:40]):
        return "You told me: " + ". ".join([PAST, *KNOWN]) + ". Shall I go on?"
    asked = messages[-1].text
    shown = re.findall(r"^\d+\. (.*)$", asked.partition("</memories>")[0], re.M)
    quote = re.findall(r"^user: (.*)$", asked, re.M)[-1]
    facts = [
        PAST,
        *KNOWN,
        *shown,
        "User is a nurse at a hospital in Spandau, at night",
        "Mia, Ana's sister, is in Porto",
    ]
    edits = [
        {"op": op, "targets": [target] if op == "update" else [], "quote": quote, "memory": fact}
        for fact in facts
        for op, target in [("add", 0), *(("update", number) for number in range(1, len(shown) + 1))]
    ]
    return json.dumps({"personal": True, "edits": edits})


def test_fifty_turns_of_a_parrot_leave_the_store_as_it_was(db: Db) -> None:
    manager = MemoryManager(db)
    past = manager.add_user_memory(UserMemory(memory=PAST, user_id="ana"))
    db.apply(Scope("ana"), [Update(Ref(past), KNOWN[0])], Change())
    for text in KNOWN[1:]:
        manager.add_user_memory(UserMemory(memory=text, user_id="ana"))
    before = db.newest(Scope("ana"))
    assert len(before) == len(KNOWN)
    agent = Agent("parrot", model=ScriptedModel(script=parrot), db=db, update_memory_on_run=True)
    for number in range(TURNS):
        output = agent.run(SAID[number % len(SAID)], user_id="ana", session_id="one")
        assert "You told me" in output.content
    assert len(db.turns("ana", "one", limit=None)) == TURNS
    assert db.pending_turns("ana") == []
    assert db.newest(Scope("ana")) == before


def test_what_the_user_does_say_is_kept_from_the_same_parrot(db: Db) -> None:
    MemoryManager(db).add_user_memory(UserMemory(memory=PAST, user_id="ana"))

    def script(messages: Sequence[BaseMessage]) -> str:
        answer = parrot(messages)
        return answer.replace(KNOWN[0], "Ana moved to Berlin") if answer.startswith("{") else answer

    agent = Agent("parrot", model=ScriptedModel(script=script), db=db, update_memory_on_run=True)
    agent.run("I moved to Berlin", user_id="ana", session_id="one")
    assert db.newest(Scope("ana"))[0].memory == "Ana moved to Berlin"
