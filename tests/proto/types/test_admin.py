"""HS_ADMIN: rights, octets and the JSON form."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.admin import Admin, admin_from_json, admin_to_json, decode_admin, encode_admin

Vector = Callable[[str], bytes]

ALL = Admin("0.NA/20.500.9999", 300)


def test_all_rights_are_the_golden_octets(vector: Vector) -> None:
    """The usual administrator of a prefix, both ways."""
    assert decode_admin(vector("s7_admin")) == ALL
    assert encode_admin(ALL) == vector("s7_admin")


def test_two_spare_octets_are_kept(vector: Vector) -> None:
    """An old encoder appends them; they come back."""
    octets = vector("s7_admin") + b"\x00\x07"

    assert encode_admin(decode_admin(octets)) == octets


@pytest.mark.parametrize("tail", ["00", "000000", "00000000"])
def test_other_spare_octets_are_refused(tail: str, vector: Vector) -> None:
    """Exactly two, or none."""
    with pytest.raises(ProtocolError, match="after an administrator"):
        decode_admin(vector("s7_admin") + bytes.fromhex(tail))


def test_a_cut_administrator_is_refused(vector: Vector) -> None:
    """Every proper beginning is."""
    for size in range(26):
        with pytest.raises(ProtocolError):
            decode_admin(vector("s7_admin")[:size])


@pytest.mark.parametrize(
    ("admin", "form"),
    [
        (ALL, {"handle": "0.NA/20.500.9999", "index": 300, "permissions": "111111111111"}),
        (Admin("1/a", 0, 0x813), {"handle": "1/a", "index": 0, "permissions": "100000010011"}),
        (Admin("1/a", 1, 1, b"\x00\x07"), {"handle": "1/a", "index": 1, "permissions": "000000000001", "spare": "0007"}),
    ],
)
def test_json_both_ways(admin: Admin, form: dict[str, object]) -> None:
    """Twelve binary digits, the list right first."""
    assert admin_to_json(admin) == form
    assert admin_from_json(form) == admin


def test_json_without_permissions_means_all() -> None:
    """The usual administrator needs no digits."""
    assert admin_from_json({"handle": "0.NA/20.500.9999", "index": "300"}) == ALL


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        {},
        {"handle": "1/a"},
        {"handle": 1, "index": 1},
        {"handle": "1/a", "index": -1},
        {"handle": "1/a", "index": 2**32},
        {"handle": "1/a", "index": True},
        {"handle": "1/a", "index": "x"},
        {"handle": "1/\ud800", "index": 1},
        {"handle": "1/a", "index": 1, "permissions": "2"},
        {"handle": "1/a", "index": 1, "permissions": "1" * 13},
        {"handle": "1/a", "index": 1, "permissions": ""},
        {"handle": "1/a", "index": 1, "permissions": 7},
        {"handle": "1/a", "index": 1, "spare": "00"},
        {"handle": "1/a", "index": 1, "spare": "zz"},
    ],
)
def test_json_refused(form: object) -> None:
    """A field that is missing or of the wrong kind."""
    with pytest.raises(DataError):
        admin_from_json(form)


@given(st.binary(max_size=40))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out; what is read encodes to the same octets."""
    try:
        admin = decode_admin(octets)
    except ProtocolError:
        return

    assert encode_admin(admin) == octets
