"""Labels in millimetres: quiet zones, sizes, lines that fit, boxes that are the symbol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.resolver.codes.carrier import Carrier, CodeError
from idis.resolver.codes.content import content_of
from idis.resolver.codes.label import Label, boxes, fitted, single
from idis.resolver.codes.lettering import LINES_MAX, lines_of, runs_of, width_of
from idis.resolver.codes.symbol import Symbol, make_symbol

TEXTS = {
    Carrier.QR: "88.118.8/JXDY2106023",
    Carrier.DATAMATRIX: "88.118.8/JXDY2106023",
    Carrier.GS1_QR: "(01)06901234567892(21)42",
    Carrier.GS1_DATAMATRIX: "(01)06901234567892(21)42",
    Carrier.GS1_128: "169012340000000013",
}


def symbol_of(carrier: Carrier, around) -> Symbol:
    """A symbol of that carrier."""
    return make_symbol(content_of(TEXTS[carrier], carrier, around), carrier)


def holds(label: Label) -> bool:
    """Whether symbol, quiet zone and every line lie within a label."""
    quiet = label.symbol.carrier.rules.quiet * label.module_mm
    across = label.symbol.width * label.module_mm
    down = label.symbol.height * label.module_height_mm
    inside = label.x_mm >= quiet - 1e-6 and label.x_mm + across + quiet <= label.width_mm + 1e-6
    inside = inside and label.y_mm >= 0 and label.y_mm + down <= label.height_mm
    return inside and all(
        text.x_mm >= 0 and text.x_mm + width_of(text.text) * text.size_mm <= label.width_mm and text.y_mm <= label.height_mm
        for text in label.texts
    )


@pytest.mark.parametrize("carrier", list(Carrier))
@pytest.mark.parametrize("module_mm", [0.0, 0.3, 1.0])
def test_a_label_holds_its_symbol_its_quiet_zone_and_its_text(around, carrier, module_mm):
    """Of the usual size and of any other that is asked for."""
    if carrier is Carrier.GS1_128 and module_mm == 1.0:
        pytest.skip("longer than the standard allows")
    label = single(symbol_of(carrier, around), ("船用柴油机 6S60ME", TEXTS[carrier]), module_mm)

    assert holds(label)
    assert label.module_mm == (module_mm or carrier.rules.module_mm)


@pytest.mark.parametrize(("carrier", "modules"), [(Carrier.QR, 4), (Carrier.DATAMATRIX, 1), (Carrier.GS1_128, 10)])
def test_the_quiet_zone_is_that_of_the_standard(carrier, modules):
    """4 modules, 1, and 10 at the sides."""
    assert carrier.rules.quiet == modules


@pytest.mark.parametrize(("module_mm", "sentence"), [(0.05, "from 0.1 to 5.0 mm"), (6, "from 0.1 to 5.0 mm")])
def test_a_module_has_a_bearable_size(around, module_mm, sentence):
    """Neither dust nor a wall."""
    with pytest.raises(CodeError, match=sentence):
        single(symbol_of(Carrier.QR, around), (), module_mm)


def test_a_linear_symbol_is_no_longer_than_its_standard_allows(around):
    """165.1 mm."""
    with pytest.raises(CodeError, match=r"165\.1 mm"):
        single(symbol_of(Carrier.GS1_128, around), (), 1.0)


@pytest.mark.parametrize("carrier", list(Carrier))
@pytest.mark.parametrize(("width", "height"), [(63.5, 33.0), (97.0, 66.0), (100.0, 30.0)])
def test_a_label_of_a_sheet_keeps_its_size(around, carrier, width, height):
    """Symbol and lines are made to fit."""
    label = fitted(symbol_of(carrier, around), ("名称", TEXTS[carrier]), width, height)

    assert (label.width_mm, label.height_mm) == (width, height)
    assert holds(label)


@pytest.mark.parametrize("carrier", list(Carrier))
def test_a_label_that_is_too_small_is_refused(around, carrier):
    """Rather than printed so that nobody reads it."""
    with pytest.raises(CodeError, match="too small for"):
        fitted(symbol_of(carrier, around), (TEXTS[carrier],), 14, 9)


@given(st.lists(st.lists(st.integers(0, 1), min_size=7, max_size=7), min_size=1, max_size=7))
def test_boxes_are_the_dark_modules(rows):
    """Each one is in exactly one box, and no light one in any."""
    symbol = Symbol(Carrier.QR, "", tuple(map(bytes, rows)))
    drawn = [[0] * 7 for _ in rows]
    for left, top, width, height in boxes(symbol):
        for y in range(top, top + height):
            for x in range(left, left + width):
                drawn[y][x] += 1

    assert drawn == rows


def test_lines_break_where_words_and_numbers_part():
    """Behind a slash or a dot, before a bracket; in the middle only of what has no such place."""
    assert lines_of("88.118.8/PLATE.24H0315-0000", 9) == ["88.118.8/PLATE.", "24H0315-0000"]
    assert lines_of("(01)06901234567892(21)42", 10) == ["(01)06901234567892", "(21)42"]
    assert lines_of("船用钢板船用钢板", 4) == ["船用钢板", "船用钢板"]


@given(st.text(min_size=1, max_size=300), st.floats(1, 40))
def test_no_line_is_wider_than_asked_and_there_is_an_end(text, width):
    """Whatever is printed; a single character may be wider."""
    lines = lines_of(text, width)

    assert all(width_of(line) <= width + 1 or len(line) <= 2 for line in lines)
    assert len(lines) <= LINES_MAX


def test_fonts_change_where_scripts_do():
    """Helvetica has no Chinese."""
    assert runs_of("AH36 钢板 1") == [("F1", "AH36 "), ("F2", "钢板"), ("F1", " 1")]
