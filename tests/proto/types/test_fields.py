"""Fields of JSON that a person sent."""

import pytest

from idis.proto.errors import DataError
from idis.proto.types.fields import flag_field, json_list, json_object, number_field, text_field


def test_fields_of_their_kind() -> None:
    """Each is handed back as it is; digits may stand for a number."""
    fields = json_object({"t": "x", "n": 7, "d": "7", "f": True, "l": [1]}, "it")

    assert (text_field(fields, "t"), number_field(fields, "n", 7), number_field(fields, "d", 7)) == ("x", 7, 7)
    assert (flag_field(fields, "f"), list(json_list(fields["l"], "l"))) == (True, [1])


def test_defaults_stand_in() -> None:
    """An absent field has its usual value."""
    assert (number_field({}, "n", 9, 3), flag_field({}, "f"), flag_field({}, "f", True)) == (3, False, True)


@pytest.mark.parametrize("value", [None, 1.0, True, -1, 8, "x", "²", "1" * 21, [], "-1", ""])
def test_numbers_refused(value: object) -> None:
    """Fractions, truth values, what is out of range, and digits that are none."""
    with pytest.raises(DataError):
        number_field({"n": value}, "n", 7)


@pytest.mark.parametrize(
    ("read", "value"), [(text_field, 1), (text_field, None), (text_field, "\udc00"), (flag_field, 1), (flag_field, "true")]
)
def test_texts_and_flags_refused(read: object, value: object) -> None:
    """Another kind is not converted."""
    assert callable(read)
    with pytest.raises(DataError):
        read({"x": value}, "x")


@pytest.mark.parametrize(("read", "value"), [(json_object, []), (json_object, "x"), (json_list, {}), (json_list, "x")])
def test_containers_refused(read: object, value: object) -> None:
    """An object is no list, and a string neither."""
    assert callable(read)
    with pytest.raises(DataError):
        read(value, "it")
