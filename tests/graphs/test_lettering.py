"""Measuring texts: as wide as the shipped font draws them."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coterie.graphs.png
from coterie.graphs.glyphs import BOLD, REGULAR
from coterie.graphs.lettering import cut, text_width, wrapped

FONTS = Path(coterie.graphs.png.__file__).parent / "fonts"


def advances(font: bytes) -> dict[str, int]:
    """The advance width of each character in a font, in thousandths of its size (OpenType: cmap format 4, hmtx)."""
    count = struct.unpack(">H", font[4:6])[0]
    records = [struct.unpack(">4sLLL", font[12 + 16 * place : 28 + 16 * place]) for place in range(count)]
    tables = {tag: font[start : start + length] for tag, _, start, length in records}
    (em,) = struct.unpack(">H", tables[b"head"][18:20])
    (measured,) = struct.unpack(">H", tables[b"hhea"][34:36])
    widths = [struct.unpack(">H", tables[b"hmtx"][4 * glyph : 4 * glyph + 2])[0] for glyph in range(measured)]
    return {
        chr(code): round(widths[min(glyph, measured - 1)] * 1000 / em)
        for code, glyph in glyphs(tables[b"cmap"]).items()
    }


def glyphs(cmap: bytes) -> dict[int, int]:
    """The glyph of each code point."""
    (count,) = struct.unpack(">H", cmap[2:4])
    starts = [struct.unpack(">HHL", cmap[4 + 8 * place : 12 + 8 * place])[2] for place in range(count)]
    part = next(cmap[start:] for start in starts if cmap[start : start + 2] == b"\0\4")
    (twice,) = struct.unpack(">H", part[6:8])
    columns = [
        struct.unpack(f">{twice // 2}H", part[begin : begin + twice])
        for begin in (14, 16 + twice, 16 + 2 * twice, 16 + 3 * twice)
    ]
    found = {}
    for segment, (last, first, delta, offset) in enumerate(zip(*columns, strict=True)):
        for code in range(first, last + 1):
            glyph = code
            if offset:
                place = 16 + 3 * twice + 2 * segment + offset + 2 * (code - first)
                (glyph,) = struct.unpack(">H", part[place : place + 2])
            found[code] = (glyph + delta) % 65536
    return found


@pytest.mark.parametrize(("name", "table"), [("Inter-Regular", REGULAR), ("Inter-SemiBold", BOLD)])
def test_widths_are_those_of_the_shipped_font(name: str, table: dict[int, str]) -> None:
    font = advances((FONTS / f"{name}.otf").read_bytes())
    measured = {character: width for width, characters in table.items() for character in characters}
    assert len(measured) > 250
    for character, width in measured.items():
        assert font[character] <= width < font[character] + 20, character


def test_the_font_has_what_drawings_use_and_comes_with_its_licence() -> None:
    font = advances((FONTS / "Inter-SemiBold.otf").read_bytes())
    assert set("◆…·→é") | set("äßñøŁčőΑΩαωАЯая") <= set(font)
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 200_000


def test_wide_and_accented_characters() -> None:
    assert text_width("調査", 10.0) == 20.0
    assert text_width("é", 10.0) == text_width("e", 10.0) == text_width("e\u0301", 10.0)
    assert text_width("", 10.0) == 0.0


@given(st.text(max_size=80), st.floats(20.0, 300.0), st.booleans())
def test_what_is_cut_fits(text: str, width: float, bold: bool) -> None:
    short = cut(text, width, 12.0, bold=bold)
    assert text_width(short, 12.0, bold=bold) <= width
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(st.text(max_size=120), st.floats(20.0, 300.0), st.integers(1, 4))
def test_what_is_wrapped_fits_and_loses_nothing_but_its_end(text: str, width: float, count: int) -> None:
    lines = wrapped(text, width, 12.0, count)
    assert len(lines) <= count
    assert all(text_width(line, 12.0) <= width for line in lines)
    kept = "".join("".join(lines).split())
    whole = "".join(text.split())
    assert kept == whole or (kept.endswith("…") and whole.startswith(kept[:-1]))
