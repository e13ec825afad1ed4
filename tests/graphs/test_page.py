import base64
import hashlib
import json
import re
from importlib.resources import files
from typing import Any

import pytest

from coterie.errors import InputError
from coterie.graphs.page import LIVE_SCRIPTS, SCRIPTS, as_data, page
from coterie.graphs.picture import as_json
from coterie.graphs.replay import replay
from tests.support.recorded import picture, team_run

EMPTY: dict[str, Any] = {"mode": "replay", "title": "run", "svg": "", "picture": None, "records": [], "memories": None}


def test_only_its_own_style_and_script_may_be_used() -> None:
    html = page(EMPTY)
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert found
    policy = dict(rule.split(" ", 1) for rule in found[1].split("; "))
    assert policy["default-src"] == "'none'"
    assert "connect-src" not in policy
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.S)
        assert policy[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_in_the_data_ends_their_element() -> None:
    data = {"memory": "</script><!-- & \u2028\u2029 \ud800 'quoted' \"so\""}
    text = as_data(data)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == data
    text.encode()


def test_the_title_is_escaped() -> None:
    assert "<title>&lt;/title&gt;&lt;b&gt;</title>" in page({**EMPTY, "title": "</title><b>"})


def test_a_number_that_json_has_not_is_refused() -> None:
    with pytest.raises(InputError, match="number that JSON does not have"):
        page({**EMPTY, "records": [{"score": float("nan")}]})


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - set(LIVE_SCRIPTS)))
def test_no_script_ends_its_element_or_loads_or_parses_anything(name: str) -> None:
    code = files("coterie.graphs").joinpath("web", name).read_text(encoding="utf-8")
    assert not re.search(r"</script|<!--|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", code)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|import\(", code)


def test_a_run_is_shown_once_not_its_graph_twice() -> None:
    records = team_run(as_json(picture()))
    assert replay(records).count('"mode":"replay"') == 1
    (data,) = re.findall(r'id="data">(.*?)</script>', replay(records), re.S)
    assert "graph" not in json.loads(data)["records"][0]
    assert len(json.loads(data)["records"]) == len(records)


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(InputError, match="begin with nothing"):
        replay([])
    with pytest.raises(InputError, match="begin with 'step_started'"):
        replay(team_run()[1:])
    with pytest.raises(InputError, match=r"schema 99.*update coterie"):
        replay([{**team_run()[0], "schema": 99}])
