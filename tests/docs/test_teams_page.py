"""docs/teams.md has all of the modes and settings."""

import re
from dataclasses import fields
from pathlib import Path

from coterie import Team
from coterie.graphs.modes import MODES

PAGE = (Path(__file__).parents[2] / "docs" / "teams.md").read_text(encoding="utf-8")


def test_it_has_a_section_for_each_mode_with_its_drawings_and_settings() -> None:
    _, *parts = re.split(r"^## (.+)\n", PAGE, flags=re.M)
    modes = dict(zip(parts[: 2 * len(MODES) : 2], parts[1::2], strict=False))
    assert list(modes) == list(MODES)
    for name, section in modes.items():
        assert re.findall(r"^```(\w+)", section, flags=re.M) == ["python", "text", "text"], name
        assert f"](pictures/teams/{name}.svg)" in section
    for mode in MODES.values():
        assert all(f"`{name}`" in PAGE for name in mode.__dataclass_fields__)


def test_the_settings_it_lists_are_settings() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.M)
    assert len(listed) > 5
    assert set(listed) <= {field.name for field in fields(Team)}
