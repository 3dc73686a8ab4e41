"""Values as JSON: what is shown is read back, and what cannot be read is told."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError
from idis.proto.value import TTL_ABSOLUTE, TTL_RELATIVE, Reference, Value
from idis.resolver.web.value_json import value_json
from idis.resolver.web.value_reading import read_json, value_from_json, values_from_json

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
VALUES = st.builds(
    Value,
    index=st.integers(1, 2**31 - 1),
    type=TEXT.filter(lambda name: not name.upper().startswith("HS_")),
    data=st.binary(max_size=40),
    ttl=st.integers(0, 2**32 - 1),
    ttl_type=st.sampled_from((TTL_RELATIVE, TTL_ABSOLUTE)),
    permissions=st.integers(0, 15),
    references=st.lists(st.builds(Reference, TEXT, st.integers(0, 2**32 - 1)), max_size=2).map(tuple),
)


@given(VALUES)
def test_what_is_shown_is_read_back(value):
    """Every field but the timestamp, which is the registry's to set."""
    assert value_from_json(value_json(value)) == replace(value, timestamp=0)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))
)
def test_no_json_breaks_the_reader(document):
    """Anything else than values or a DataError is a defect."""
    with contextlib.suppress(DataError):
        assert isinstance(values_from_json(document), tuple)


@pytest.mark.parametrize(
    "ttl", ["0000-00-00T00:00:00Z", "1960-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "tomorrow", "-1", -1, 2**32, 1.5, None, True]
)
def test_what_is_no_ttl_is_refused(ttl):
    """Seconds as a number or in digits, or a time the protocol can tell."""
    with pytest.raises(DataError, match="ttl"):
        value_from_json({"index": 1, "type": "URL", "data": "x", "ttl": ttl})


@pytest.mark.parametrize("permissions", ["", "111", "11111", "112x", 1110, None, "１１１０"])
def test_what_are_no_permissions_is_refused(permissions):
    """Four of 0 and 1 as text."""
    with pytest.raises(DataError, match="permissions"):
        value_from_json({"index": 1, "type": "URL", "data": "x", "permissions": permissions})


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b"nul", b'"\x01"'])
def test_what_is_no_json_is_refused(octets):
    """With a sentence."""
    with pytest.raises(DataError, match="the body"):
        read_json(octets)


def test_a_record_has_so_many_values_and_no_more():
    """The limit of the protocol."""
    value = {"index": 1, "type": "URL", "data": "x"}

    assert len(values_from_json([value] * 2_048)) == 2_048
    with pytest.raises(DataError, match="2049"):
        values_from_json([value] * 2_049)
