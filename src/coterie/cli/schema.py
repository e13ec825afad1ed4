"""``coterie schema``: what editors check and complete a team's YAML file by."""

import json


def schema() -> None:
    """Print the JSON Schema of YAML files that describe an agent or a team."""
    from coterie.teams.files import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
