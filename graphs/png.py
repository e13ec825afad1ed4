"""A picture as PNG, drawn by resvg, which the extra ``png`` brings: no browser, and no network."""

import re
from pathlib import Path

from coterie.errors import ConfigurationError, InputError
from coterie.graphs.picture import Picture
from coterie.graphs.svg import svg

_FONTS = Path(__file__).parent / "fonts"
_MAX_PIXELS = 16_000
"""The most pixels of a side."""


def png(picture: Picture, *, scale: float = 2.0) -> bytes:
    """The picture as a PNG file, in light colours.

    The font is shipped: Inter, for Latin, Greek and Cyrillic letters, arrows and marks. Other letters, such as CJK
    ones, are drawn in a font of the system that has them.

    Args:
        picture: what to draw.
        scale: image pixels for one pixel of the drawing. 2 is sharp on most screens.

    Raises:
        ConfigurationError: resvg is not installed.
        InputError: a scale at which an image has no pixels, or too many; or a picture that cannot be drawn.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise ConfigurationError(
            'PNG files are drawn by resvg, which is not installed: pip install "coterie[png]"'
        ) from error
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=_checked(svg(picture), scale),
            zoom=scale,
            font_dirs=[str(_FONTS)],
            font_family="Inter",
            sans_serif_family="Inter",
        )
    )


def _checked(text: str, scale: float) -> str:
    """The SVG, if an image of it at this scale has neither no pixels nor too many."""
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', text)
    assert found is not None
    sides = [float(side) * scale for side in found.groups()]
    if not 1 <= min(sides) <= max(sides) <= _MAX_PIXELS:
        raise InputError(
            f"A PNG file at scale {scale:g} would be {sides[0]:.0f} by {sides[1]:.0f} pixels: give a scale at which a"
            f" side has 1 to {_MAX_PIXELS} pixels, or draw an SVG file."
        )
    return text
