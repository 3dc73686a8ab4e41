"""Which column is which field."""

from __future__ import annotations

import pytest

from idis.registry.loading.columns import Columns, did_you_mean, object_of, resolve_columns
from idis.registry.loading.rows import FileRefused
from idis.registry.pilots.ship import SHIP_PILOT


def test_english_and_chinese_names_are_found() -> None:
    """Either name, or both with a blank between them, and case does not matter."""
    columns = resolve_columns(["标识", "名称", "thickness 厚度", "WIDTH", "对象类型"], SHIP_PILOT, "plate")

    assert columns == Columns(0, 4, ((1, "name"), (2, "thickness"), (3, "width"), (4, "objectType")))


def test_an_unknown_column_is_told_with_the_nearest_name() -> None:
    """A misspelled column is not dropped in silence."""
    with pytest.raises(FileRefused, match=r'"thicknes" \(did you mean "thickness"\?\) is no field of ship plate'):
        resolve_columns(["identifier", "thicknes"], SHIP_PILOT, "plate")


def test_a_field_of_another_object_is_unknown_to_this_one() -> None:
    """A table of plates has no column of ships."""
    with pytest.raises(FileRefused, match='"imoNumber"'):
        resolve_columns(["identifier", "imoNumber"], SHIP_PILOT, "plate")


def test_many_unknown_columns_are_summed_up() -> None:
    """A file of another kind does not fill the screen."""
    with pytest.raises(FileRefused, match="and 2 more are no fields"):
        resolve_columns(["identifier", "q1", "q2", "q3", "q4", "q5"], SHIP_PILOT, "plate")


def test_a_table_without_identifier_is_refused() -> None:
    """A known field and no identifier: the column is missing."""
    with pytest.raises(FileRefused, match='the header lacks the column "identifier"'):
        resolve_columns(["name", "plateNo"], SHIP_PILOT, "plate")


def test_a_first_row_of_data_is_no_header() -> None:
    """Nothing known in the first line: it is not a header at all."""
    with pytest.raises(FileRefused, match="the first line is no header"):
        resolve_columns(["88.118.21/A", "船板", "18"], SHIP_PILOT, "plate")


def test_rows_must_say_what_they_describe() -> None:
    """Neither option nor column: the sentence names both ways out."""
    with pytest.raises(FileRefused, match=r'add a column "objectType" .* --object'):
        resolve_columns(["identifier", "name"], SHIP_PILOT, "")


def test_two_columns_of_one_field_are_refused() -> None:
    """Which of two names would win is nothing to guess."""
    with pytest.raises(FileRefused, match='"thickness" and "厚度" are both the field thickness'):
        resolve_columns(["identifier", "thickness", "厚度"], SHIP_PILOT, "plate")


def test_an_unknown_object_is_told_with_the_nearest() -> None:
    """A misspelled object type suggests the right one."""
    with pytest.raises(FileRefused, match=r'no object "plates"; did you mean "plate"\?'):
        object_of(SHIP_PILOT, "plates")


def test_a_short_list_is_shown_when_nothing_is_near() -> None:
    """Without a near word the choices themselves help."""
    assert did_you_mean("zzz", ["plate", "heat"]) == "; it has plate, heat"
