"""Values of any kind as JSON can have them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from coterie.memory.records import plain, storable, written


class Mute:
    """Fails to say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


def test_what_json_has_no_form_for_is_a_text() -> None:
    itself: list[object] = []
    itself.append(itself)
    assert plain([10**5000, -(2**1024), Mute(), float("nan"), {Mute(): {1}}, itself]) == [
        hex(10**5000),
        hex(-(2**1024)),
        "<Mute>",
        "nan",
        {"<Mute>": "{1}"},
        ["…"],
    ]


@given(st.recursive(st.integers() | st.text() | st.none() | st.booleans() | st.floats(), st.lists, max_leaves=20))
def test_what_is_plain_already_stays_and_everything_can_be_written(value: object) -> None:
    as_json = plain(value)
    assert plain(as_json) == as_json
    [text] = written([storable({"value": as_json})])
    assert json.loads(text)["value"] == as_json
