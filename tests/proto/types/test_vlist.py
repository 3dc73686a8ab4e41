"""HS_VLIST: groups of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.vlist import decode_vlist, encode_vlist, vlist_from_json, vlist_to_json
from idis.proto.value import Reference

OCTETS = bytes.fromhex("00000002 00000003 312f61 0000012c 00000000 ffffffff")
MEMBERS = (Reference("1/a", 300), Reference("", 2**32 - 1))
FORM = [{"handle": "1/a", "index": 300}, {"handle": "", "index": 2**32 - 1}]


def test_octets_both_ways() -> None:
    """Handle and index of each member."""
    assert decode_vlist(OCTETS) == MEMBERS
    assert encode_vlist(MEMBERS) == OCTETS


def test_json_both_ways() -> None:
    """A list of objects."""
    assert vlist_to_json(MEMBERS) == FORM
    assert vlist_from_json(FORM) == MEMBERS


@pytest.mark.parametrize("octets", ["", "00000001", "00000000 00", "00000401" + "00" * 8 * 0x401])
def test_groups_refused(octets: str) -> None:
    """Broken, with octets left over, or too large."""
    with pytest.raises(ProtocolError):
        decode_vlist(bytes.fromhex(octets))


@pytest.mark.parametrize("form", [None, {}, "x", [1], [{"handle": "1/a"}], [{"index": 1}]])
def test_json_refused(form: object) -> None:
    """A member that is none."""
    with pytest.raises(DataError):
        vlist_from_json(form)


@given(st.binary(max_size=40))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out; what is read encodes to the same octets."""
    try:
        members = decode_vlist(octets)
    except ProtocolError:
        return

    assert encode_vlist(members) == octets
