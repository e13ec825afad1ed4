"""The form of an answer: a node that puts it into a schema, where one is asked for."""

from collections.abc import Sequence
from typing import TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.graph import END
from langgraph.runtime import Runtime
from pydantic import BaseModel

from coterie.errors import CurationError
from coterie.graphs.asking import Attempts
from coterie.graphs.delegating import in_words
from coterie.graphs.nodes import Update, failure
from coterie.graphs.prompts import system_prompt
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import slug
from coterie.graphs.state import GraphState, RunContext, here
from coterie.memory.asking import asking, parsed_text
from coterie.memory.flow import Flow, through

T = TypeVar("T", bound=BaseModel)


def wire_form(graph: Wiring, shape: Shape) -> str:
    """Return the node that comes after an answer: the one that puts it into form, if that is asked for, or the curator.

    Nothing comes after the answer of a member that keeps none. The curator's node is there already.
    """
    last = "curate" if shape.keeps else END
    if not shape.form:
        return last
    graph.step("form", put_into_form)
    graph.path("form", last)
    return "form"


def put_into_form(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Put the answer into the form that its schema says, as JSON.

    An answer that is in it already costs nothing more. Otherwise the model is asked for it, held to the schema.

    Raises:
        RunError: the model did not manage.
    """
    if state.get("handoff"):
        return {}
    built = here(runtime)
    schema = built.spec.conduct.output_schema
    assert schema is not None, "the shape says so"
    last = state["messages"][-1]
    found = parsed_text(last.text, schema) if isinstance(last, AIMessage) else None
    if found is None:
        system = SystemMessage(system_prompt(built, state))
        messages = [system, *state.get("history", []), *state["messages"]]
        calls = built.plain_model is built.spec.model  # else it knows no tools' messages
        found = yield from _asked(runtime, messages if calls else in_words(messages), schema)
    answer = AIMessage(found.model_dump_json(), name=slug(built.spec.name))
    return {"messages": [answer] if not isinstance(last, AIMessage) or last.text != answer.text else []}


def _asked(runtime: Runtime[RunContext], messages: Sequence[BaseMessage], schema: type[T]) -> Flow[T]:
    """Ask the model for the form. An answer that does not fit is shown to it, with what is wrong, once."""
    model, attempts = here(runtime).spec.model, Attempts(runtime)
    try:
        return (yield from through(asking(model, messages, schema), attempts.at))
    except CurationError as error:
        again = HumanMessage(f"That does not fit: {error} Answer again, in the form that was asked for.")
    try:
        return (yield from through(asking(model, [*messages, again], schema), attempts.at))
    except CurationError as error:
        raise failure(runtime, f"no answer in the form of {schema.__name__}: {error}", attempts.made) from error
