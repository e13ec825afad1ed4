"""Makes the pictures of docs/concepts.md again.

    python -m docs.pictures.concepts [FOLDER]

It is run in the folder of the project.
"""

import sys
from pathlib import Path

from docs.pictures.sketch import Sheet, spread

from coterie import Agent, SqliteDb

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Make all of them in a folder."""
    agent(folder)
    for made in (modes, readers, turn, curator, recall):
        made().save(folder / f"{made.__name__}.svg")


def agent(folder: Path) -> None:
    """An agent's graph, as the library draws it."""

    def find_trails(text: str) -> str:
        """Find trails to hike."""
        return ""

    guide = Agent("guide", role="knows where to hike", tools=[find_trails], db=SqliteDb("hikes.db"))
    guide.update_memory_on_run = True
    guide.draw(folder / "agent.svg")


def modes() -> Sheet:
    """The six ways to work together."""
    sheet = Sheet(
        (930, 560),
        "Six ways to work together",
        "Coordinate: a leader gives tasks to members and answers. Route: a router picks one member, which answers. "
        "Broadcast: all members answer, and one answer is made of theirs. Sequence: one member after the other. "
        "Swarm: members hand the conversation over to each other. Tasks: a leader keeps a list until all is done.",
    )
    panels = [(x, y) for y in (10.0, 285.0) for x in (10.0, 317.0, 624.0)]
    drawn = (_coordinate, _route, _broadcast, _sequence, _swarm, _tasks)
    for (x, y), draw in zip(panels, drawn, strict=True):
        draw(sheet, x, y)
    return sheet


SMALL = (78.0, 34.0)


def _members(sheet: Sheet, x: float, y: float, *names: str) -> list[float]:
    """Boxes side by side in a panel; the middles of them."""
    middles = list(spread(x + 57, x + 239, len(names)))
    for middle, name in zip(middles, names, strict=True):
        sheet.box((middle - SMALL[0] / 2, y), SMALL, "agent", name)
    return middles


def _coordinate(sheet: Sheet, x: float, y: float) -> None:
    sheet.frame((x, y), (296, 265), "coordinate", "a leader gives tasks, and answers")
    sheet.box((x + 98, y + 70), (100, 38), "asks", "leader")
    for middle in _members(sheet, x, y + 175, "scout", "writer"):
        sheet.line((x + 148 + (middle - x - 148) * 0.4, y + 108), (middle, y + 175), dashed=True, both=True)
    sheet.words((x + 148, y + 148), "task, answer", anchor="middle")
    sheet.line((x + 20, y + 89), (x + 98, y + 89))
    sheet.line((x + 198, y + 89), (x + 276, y + 89))


def _route(sheet: Sheet, x: float, y: float) -> None:
    sheet.frame((x, y), (296, 265), "route", "one member answers, in its own words")
    sheet.box((x + 98, y + 70), (100, 38), "asks", "router")
    sheet.line((x + 20, y + 89), (x + 98, y + 89))
    first, middle, last = _members(sheet, x, y + 155, "orders", "billing", "clerk")
    for place in (first, last):
        sheet.line((x + 148 + (place - x - 148) * 0.3, y + 108), (place, y + 155), dashed=True)
    sheet.line((middle, y + 108), (middle, y + 155))
    sheet.line((middle, y + 189), (middle, y + 240))
    sheet.words((middle + 10, y + 226), "its words, unchanged")


def _broadcast(sheet: Sheet, x: float, y: float) -> None:
    sheet.frame((x, y), (296, 265), "broadcast", "all answer, and their answers become one")
    for middle in _members(sheet, x, y + 100, "one", "two", "three"):
        sheet.line((x + 148, y + 62), (middle, y + 100))
        sheet.line((middle, y + 134), (x + 148 + (middle - x - 148) * 0.3, y + 180))
    sheet.box((x + 98, y + 180), (100, 36), "step", "join")
    sheet.line((x + 148, y + 216), (x + 148, y + 250))


def _sequence(sheet: Sheet, x: float, y: float) -> None:
    sheet.frame((x, y), (296, 265), "sequence", "one after the other")
    sheet.line((x + 148, y + 54), (x + 148, y + 76))
    for number, name in enumerate(("research", "write", "check")):
        top = y + 76 + number * 58
        sheet.box((x + 103, top), (90, 34), "agent", name)
        sheet.line((x + 148, top + 34), (x + 148, top + 58))
    sheet.words((x + 206, y + 97), "what it says")
    sheet.words((x + 206, y + 112), "goes on")


def _swarm(sheet: Sheet, x: float, y: float) -> None:
    sheet.frame((x, y), (296, 265), "swarm", "members hand the conversation over")
    sheet.box((x + 103, y + 80), (90, 36), "agent", "clerk")
    sheet.box((x + 24, y + 185), (90, 36), "agent", "orders")
    sheet.box((x + 182, y + 185), (90, 36), "agent", "billing")
    sheet.line((x + 124, y + 116), (x + 80, y + 185), dashed=True, both=True)
    sheet.line((x + 172, y + 116), (x + 216, y + 185), dashed=True, both=True)
    sheet.line((x + 114, y + 203), (x + 182, y + 203), dashed=True, both=True)
    sheet.line((x + 20, y + 98), (x + 103, y + 98))
    sheet.line((x + 193, y + 98), (x + 276, y + 98))


def _tasks(sheet: Sheet, x: float, y: float) -> None:
    sheet.frame((x, y), (296, 265), "tasks", "a list, until all is done")
    sheet.box((x + 20, y + 74), (88, 38), "asks", "leader")
    sheet.box((x + 148, y + 62), (128, 62), "step", "the list", "1 scout: find", "2 writer: after 1")
    sheet.line((x + 108, y + 93), (x + 148, y + 93), both=True)
    for middle in _members(sheet, x, y + 195, "scout", "writer"):
        sheet.line((x + 212 + (middle - x - 212) * 0.25, y + 124), (middle, y + 195), dashed=True, both=True)
    sheet.words((x + 148, y + 250), "what is ready is done at once", anchor="middle")


def readers() -> Sheet:
    """Who wrote a memory, and who may read it."""
    sheet = Sheet(
        (930, 300),
        "Tags and visibility",
        "A table of memories. Tags say who wrote each: user, team and agent. The visibility says who may read it: "
        "user, every agent that serves Ana; team, the agents of the team desk; agent, its writer alone. Nobody who "
        "serves Bob reads any.",
    )
    sheet.words((20, 34), "about", strong=True)
    sheet.words((86, 34), "statement", strong=True)
    sheet.words((276, 34), "written by", strong=True)
    sheet.words((412, 34), "visibility", strong=True)
    columns = spread(536, 868, 4)
    heads = [("scout", "of desk"), ("writer", "of desk"), ("cook", "of kitchen"), ("scout", "of desk")]
    for place, (name, team) in zip(columns, heads, strict=True):
        sheet.words((place, 28), name, team, anchor="middle")
    rows = [
        ("Is vegetarian", "user", (True, True, True, False)),
        ("Wants the cheapest offer", "team", (True, True, False, False)),
        ("Search her trips by train", "agent", (True, False, False, False)),
    ]
    for number, (statement, visibility, seen) in enumerate(rows):
        y = 66 + number * 52
        sheet.box((14, y), (490, 40), "memory", "")
        sheet.words((26, y + 24), "ana")
        sheet.words((86, y + 24), statement, strong=True)
        sheet.words((276, y + 24), "scout of desk")
        sheet.words((412, y + 24), visibility, strong=True)
        for place, may in zip(columns, seen, strict=True):
            sheet.dot((place, y + 20), "read" if may else "flow", filled=may)
    middle = (columns[0] + columns[2]) / 2
    sheet.line((columns[0] - 30, 226), (columns[2] + 30, 226), both=True)
    sheet.words((middle, 246), "at work for Ana", anchor="middle")
    sheet.words((columns[3], 246), "at work for Bob", anchor="middle")
    sheet.words((26, 246), "the tags: whom it is about,", "which agent of which team wrote it")
    sheet.words((412, 246), "who may", "read it")
    sheet.dot((26, 282), "read")
    sheet.words((38, 286), "is recalled and found")
    sheet.dot((186, 282), "flow", filled=False)
    sheet.words((198, 286), "is not there")
    return sheet


def turn() -> Sheet:
    """A turn's two commits."""
    sheet = Sheet(
        (930, 330),
        "A turn and its two commits",
        "The memory is recalled, the model answers. The first commit stores the turn, with its curation owed. The "
        "curator goes through it. The second commit has the edits, their history, the indexes, and the mark that the "
        "turn is curated. If the model is down or the process is killed in between, a later run, the background or a "
        "worker takes the turn up again.",
    )
    tall = (104.0, 52.0)
    sheet.box((14, 40), (86, 52), "start", "what the", "user says")
    sheet.box((132, 40), tall, "recall", "recall")
    sheet.box((268, 40), tall, "asks", "model", "and its tools")
    sheet.box((404, 40), (86, 52), "start", "answer")
    sheet.box((622, 40), tall, "curator", "curator", "proposes edits")
    sheet.box((800, 40), (86, 52), "step", "checks")
    for start, end in ((100, 132), (236, 268), (372, 404), (490, 622), (726, 800)):
        sheet.line((start, 66), (end, 66))
    sheet.frame((14, 196), (902, 118), "the store", "SQLite or PostgreSQL")
    sheet.box((440, 212), (170, 84), "memory", "1st commit", "the turn, as it was said;", "curation: owed")
    sheet.box((716, 212), (188, 84), "memory", "2nd commit", "edits, history, indexes;", "curation: done")
    sheet.line((184, 196), (184, 92), role="read")
    sheet.words((194, 150), "memories")
    sheet.line((525, 66), (525, 212), role="write")
    sheet.line((843, 92), (843, 212), role="write")
    sheet.line((610, 254), (664, 254), (664, 92), dashed=True)
    sheet.words((534, 122), "from here on", "nothing is lost")
    sheet.words((674, 132), "killed? model down?", "A later run or a", "worker goes on.")
    return sheet


def curator() -> Sheet:
    """What a curator is shown, and what becomes of what it proposes."""
    sheet = Sheet(
        (930, 300),
        "The curator",
        "The curator is shown the turn, the two turns before it and at most six memories with small numbers. It "
        "proposes edits: add, update, merge, delete. Checks refuse some, with reasons. The rest is applied, or held "
        "for a person where that is asked for.",
    )
    sheet.box((14, 24), (196, 66), "start", "the turn", "“I moved to Porto.”")
    sheet.box((14, 108), (196, 66), "memory", "at most six memories", "1. Lives in Lisbon", "2. Is vegetarian")
    sheet.box((14, 192), (196, 66), "start", "two turns before", "to understand this one")
    sheet.box((268, 108), (120, 66), "curator", "curator", "one model call,", "or none")
    for y in (57, 141, 225):
        sheet.line((210, y), (268, 141 + (y - 141) * 0.2), role="read")
    sheet.box(
        (446, 96), (176, 90), "step", "edits", "update 1: Lives in Porto", "“I moved to Porto”", "add, merge, delete"
    )
    sheet.line((388, 141), (446, 141))
    sheet.box((680, 108), (86, 66), "step", "checks", "no model")
    sheet.line((622, 141), (680, 141))
    outcomes = [
        (24, "memory", "applied", "one transaction"),
        (116, "asks", "held", "asks a person"),
        (208, "curator", "refused", "kept, with why"),
    ]
    for y, role, name, note in outcomes:
        sheet.box((806, y), (112, 50), role, name, note)
        way = (766, 141 + (y + 25 - 141) * 0.2), (806, y + 25)
        sheet.line(*way, role="write" if name == "applied" else "flow", dashed=name == "held")
    sheet.words(
        (14, 284), "It never writes by itself, never sees an id, and is shown what all of the user's agents may read."
    )
    return sheet


def recall() -> Sheet:
    """What fits into a prompt."""
    sheet = Sheet(
        (930, 266),
        "Recall and its budget",
        "Where all memories fit into the budget of 400 tokens, all are in the prompt. Where there are more, the best "
        "for the question are, about one for each 25 tokens, then the newest as long as there is room.",
    )
    sheet.words((14, 30), "a little is remembered: all of it", strong=True)
    sheet.words((14, 156), "much is remembered: the best for the question, then the newest", strong=True)
    little = [("memory", 300, "8 memories")]
    much = [("recall", 380, "the best for the question"), ("memory", 230, "the newest")]
    for y, parts in ((44, little), (170, much)):
        x = 14.0
        for role, width, name in parts:
            sheet.box((x, y), (width, 44), role, name)
            x += width
    for y in (44, 170):
        sheet.line((14, y + 62), (640, y + 62), both=True)
        sheet.words((327, y + 79), "memory_tokens = 400", anchor="middle")
    sheet.box((690, 170), (224, 44), "agent", "in the store: 5,000 memories")
    sheet.line((690, 192), (646, 192), role="read")
    sheet.words(
        (690, 60),
        "Each has its day in front.",
        "Recall.hits says why it is there:",
        "its score, or that there was room.",
    )
    return sheet


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else HERE)
