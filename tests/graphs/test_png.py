"""PNG drawings."""

import struct
import sys

import pytest

from coterie import Agent
from coterie.errors import ConfigurationError, InputError
from coterie.graphs.layout import layout
from coterie.graphs.picturing import picture
from coterie.graphs.png import png

AGENT = picture(Agent("assistant", role="Ärzte, Ελλάδα, Київ → ◆").spec())


def size(image: bytes) -> tuple[int, int]:
    """Width and height, as the first chunk of a PNG file says."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    return width, height


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_scale_is_pixels_for_a_pixel(scale: float) -> None:
    drawn = layout(AGENT)
    width, height = size(png(AGENT, scale=scale))
    assert width == pytest.approx(drawn.width * scale, abs=1.1)
    assert height == pytest.approx(drawn.height * scale, abs=1.1)


def test_the_text_is_drawn() -> None:
    assert png(AGENT) != png(picture(Agent("assistant", role="Ärzte, Ελλάδα, Київ → ○").spec()))


@pytest.mark.parametrize("scale", [0.0, -1.0, 0.0001, 1000.0, float("nan")])
def test_a_scale_without_pixels_or_with_too_many_is_refused(scale: float) -> None:
    with pytest.raises(InputError, match="give a scale"):
        png(AGENT, scale=scale)


def test_without_resvg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ConfigurationError, match=r'pip install "coterie\[png\]"'):
        png(AGENT)
