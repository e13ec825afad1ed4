"""What the records of a trace hold, for files that somebody else may have written. ``docs/tracing.md`` has the words.

Only what is read without looking is asked for; a kind that is not known, and any other field, may be whatever it is.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from coterie.graphs.trace import Record


def _moment(text: str) -> str:
    try:
        zone = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        zone = None
    if zone is None:
        raise ValueError("no time with a zone in ISO 8601")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
Object = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Any(_Strict):
    at: Moment


class _Begun(_Any):
    name: str = ""
    session_id: str | None = None
    user_id: str | None = None
    team_id: str | None = None
    agent_id: str | None = None
    message: str = ""
    graph: Object | None = None


class _Finished(_Any):
    status: str
    seconds: float
    error: str | None
    model_calls: int
    input_tokens: int | None
    output_tokens: int | None
    notices: list[str]
    content: str = ""


class _Where(_Any):
    step: int | None
    path: str
    node: str
    source: str


class _StepStarted(_Where):
    parent: int | None


class _Call(_Strict):
    model: str
    started: Moment
    seconds: float
    input_tokens: int | None
    output_tokens: int | None


class _StepFinished(_Where):
    seconds: float
    calls: list[_Call]
    error: str | None


class _Attempt(_Where):
    attempt: int
    error: str


class _Tool(_Where):
    tool: str
    call_id: str
    arguments: Object = {}


class _ToolFinished(_Tool):
    failed: bool
    content: str = ""


class _Hit(_Strict):
    memory_id: str
    score: float | None
    memory: str = ""


class _Recalled(_Where):
    tokens: int
    complete: bool
    hits: list[_Hit]


class _Memory(_Strict):
    memory: str = ""
    superseded_by: str | None = None


class _Change(_Strict):
    memory_id: str
    before: _Memory | None
    after: _Memory | None
    reason: str = ""


class _Refused(_Strict):
    reason: str = ""
    memory: str = ""


class _Held(_Strict):
    proposal_id: str = ""
    why: str = ""
    memory: str = ""
    before: list[str] = []


class _Changed(_Where):
    changes: list[_Change]
    refused: list[_Refused] = []
    held: list[_Held] = []
    error: str | None = None


class _Member(_Where):
    member: str
    task: str = ""
    content: str = ""
    text: str = ""
    error: str | None = None


class _HandedOver(_Member):
    to: str


class _Note(_Strict):
    member: str | None
    text: str = ""


class _Notes(_Where):
    notes: list[_Note]


class _Task(_Strict):
    id: int | str
    owner: str | None
    status: str
    task: str = ""


class _TaskChanged(_Where):
    task: _Task


_SHAPES: dict[str, type[_Any]] = {
    "run_started": _Begun,
    "run_resumed": _Begun,
    "run_finished": _Finished,
    "step_started": _StepStarted,
    "step_finished": _StepFinished,
    "attempt_failed": _Attempt,
    "tool_started": _Tool,
    "tool_finished": _ToolFinished,
    "memory_recalled": _Recalled,
    "memory_curated": _Changed,
    "memory_changed": _Changed,
    "member_started": _Member,
    "member_finished": _Member,
    "note_shared": _Member,
    "notes_read": _Notes,
    "task_changed": _TaskChanged,
    "handed_over": _HandedOver,
}


def wrong_with(record: Record) -> str | None:
    """What a record holds that no reader can take, with its place. None: all is well."""
    try:
        _SHAPES.get(record["kind"], _Any).model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        place, said = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        return f"{place} of the record {record['kind']}: {said[0].lower()}{said[1:]}"
    return None
