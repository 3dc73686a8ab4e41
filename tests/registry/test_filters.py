"""Choosing values on their stored octets."""

from __future__ import annotations

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.query import Query
from idis.proto.value import TTL_S_MAX, scan_values
from idis.registry import filters

# Three values as they are stored: index 1 "URL" public, index 2 "KEY" not public, index 3 "URL.us" public.
ONE = bytes.fromhex("00000001 6b0042b3 00 00015180 0e 00000003 55524c 00000001 61 00000000")
TWO = bytes.fromhex("00000002 6b0042b3 00 0000003c 0c 00000003 4b4559 00000002 6262 00000000")
THREE = bytes.fromhex("00000003 6b0042b3 01 6b004300 0e 00000006 55524c2e7573 00000000 00000001 00000003 302f61 00000001")
ARRAY = bytes.fromhex("00000003") + ONE + TWO + THREE


def _query(**filter_by: object) -> Query:
    return Query("88.1/x", parse_identifier("88.1/x"), **filter_by)  # type: ignore[arg-type]


def test_no_filter_selects_everything() -> None:
    """All public values are cut out whole, the others leave their permission bits."""
    selection = filters.select(_query(), ARRAY)

    assert selection == filters.Selection((ONE, THREE), (0x0C,))


def test_an_index_selects_one_value() -> None:
    """A listed index is wanted, whatever its type."""
    assert filters.select(_query(indexes=(3,)), ARRAY).public == (THREE,)


def test_indexes_and_types_are_a_union() -> None:
    """A value is wanted if its index is listed or its type matches."""
    selection = filters.select(_query(indexes=(1,), types=("KEY",)), ARRAY)

    assert selection == filters.Selection((ONE,), (0x0C,))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("URL", (ONE,)),
        ("url", (ONE,)),
        ("URL.", (ONE, THREE)),
        ("uRL.", (ONE, THREE)),
        ("URL.US", (THREE,)),
        ("URL.us.", (THREE,)),
        ("UR", ()),
        ("UR.", ()),
        ("", ()),
        (".", ()),
        ("URL.u", ()),
    ],
)
def test_types_match_whole_or_as_a_family(wanted: str, found: tuple[bytes, ...]) -> None:
    """A type is exact without ASCII case; a trailing dot adds its subtypes, at label borders."""
    assert filters.select(_query(types=(wanted,)), ARRAY).public == found


def test_only_ascii_letters_fold() -> None:
    """The Kelvin sign is not a K."""
    kelvin = bytes.fromhex("00000001 00000001 00000000 00 00000000 0e 00000003 e284aa 00000000 00000000")

    assert filters.select(_query(types=("k",)), kelvin).public == ()


def test_several_arrays_are_walked_in_order() -> None:
    """A record's public and restricted values are stored apart and selected together."""
    first, second = bytes.fromhex("00000001") + THREE, bytes.fromhex("00000001") + ONE

    assert filters.select(_query(), first, second).public == (THREE, ONE)


def test_values_join_to_the_array_they_were_cut_from() -> None:
    """Cutting and joining loses nothing, references included."""
    assert filters.join(filters.cut(ARRAY)) == ARRAY


def test_a_value_takes_another_type() -> None:
    """Only the type changes; what stands before and behind it stays."""
    renamed = filters.with_type(THREE, "HS_SITE")

    assert renamed == bytes.fromhex(
        "00000003 6b0042b3 01 6b004300 0e 00000007 48535f53495445 00000000 00000001 00000003 302f61 00000001"
    )


def test_the_type_of_a_value_is_read_from_its_octets() -> None:
    """The type's own octets, spelled as stored."""
    assert filters.type_of(THREE) == b"URL.us"


def test_public_values_of_some_types() -> None:
    """A value that is not public is left out even when its type is wanted."""
    assert filters.public_of_types(ARRAY, frozenset((b"KEY", b"URL.US"))) == [THREE]


def test_an_array_shows_something_when_one_value_is_public() -> None:
    """One public value suffices."""
    assert filters.has_public(ARRAY)


def test_an_array_of_restricted_values_shows_nothing() -> None:
    """Neither does an empty one."""
    assert not filters.has_public(bytes.fromhex("00000001") + TWO)
    assert not filters.has_public(bytes(4))


def test_the_shortest_lifetime_counts() -> None:
    """Sixty seconds beside a day are sixty seconds."""
    assert filters.lifetime_s([ONE, TWO], 0) == 60


def test_an_absolute_ttl_counts_down() -> None:
    """Bug W10 of others: an absolute TTL is a moment, not always past."""
    assert filters.lifetime_s([THREE], 0x6B0042B3) == 77


def test_a_moment_that_has_passed_leaves_no_lifetime() -> None:
    """The answer may be shown but not kept."""
    assert filters.lifetime_s([ONE, THREE], 0x6B004301) == 0


def test_no_lifetime_is_longer_than_two_days() -> None:
    """An absolute moment far away counts as the protocol's maximum."""
    assert filters.lifetime_s([THREE], 0) == TTL_S_MAX


@pytest.mark.parametrize("length", range(len(ARRAY)))
def test_a_truncated_array_is_noticed(length: int) -> None:
    """Wherever the octets end too early, scanning says so instead of making something up."""
    with pytest.raises(ProtocolError):
        list(scan_values(ARRAY[:length]))
