"""``coterie schema``."""

import json

from tests.cli.conftest import Cli


def test_it_prints_what_an_editor_needs(cli: Cli) -> None:
    ended = cli("schema")
    assert (ended.code, ended.err) == (0, "")
    schema = json.loads(ended.out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "route" in str(schema["$defs"]["Team"]["properties"]["mode"])
    assert schema["$defs"]["Agent"]["additionalProperties"] is False
