"""A picture as PNG, drawn by resvg, which the extra ``png`` brings: no browser, and no network."""

from pathlib import Path

from coterie.errors import ConfigurationError
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
    text = svg(picture)
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=text, zoom=scale, font_dirs=[str(_FONTS)], font_family="Inter", sans_serif_family="Inter"
        )
    )
