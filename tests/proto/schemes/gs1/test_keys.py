"""What elements identify, and what is coarser."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.elements import Elements, Gs1Error
from idis.proto.schemes.gs1.keys import company_digits, company_prefix_digits, divide, identity, route
from idis.proto.schemes.recognised import Granularity, RouteKey

KEY = ("01", "06901234567892")
LOT, SERIAL, VARIANT, THIRD = ("10", "L"), ("21", "S"), ("22", "V"), ("235", "T")


def test_a_serial_number_is_the_item_whatever_its_lot() -> None:
    """The lot of an item is a fact about it."""
    thing = identity((KEY, VARIANT, LOT, SERIAL))

    assert thing.path == (KEY, SERIAL)
    assert thing.facts == (VARIANT, LOT)
    assert thing.granularity is Granularity.ITEM


def test_walking_up_goes_from_serial_to_key() -> None:
    """Serial number, lot, variant, key."""
    assert identity((KEY, VARIANT, LOT, SERIAL)).levels == ((KEY, SERIAL), (KEY, LOT), (KEY, VARIANT), (KEY,))


def test_a_variant_is_no_other_thing() -> None:
    """A consumer variant has a level to look at and the identity of its trade item."""
    thing = identity((KEY, VARIANT))

    assert (thing.path, thing.levels) == ((KEY,), ((KEY, VARIANT), (KEY,)))


@pytest.mark.parametrize(
    ("path", "granularity", "levels"),
    [
        ((KEY,), Granularity.CLASS, 1),
        ((KEY, LOT), Granularity.LOT, 2),
        ((KEY, THIRD), Granularity.ITEM, 2),
        ((("00", "169012340000000013"),), Granularity.LOGISTIC_UNIT, 1),
        ((("253", "6901234000016"),), Granularity.DOCUMENT, 1),
        ((("253", "6901234000016DOC"),), Granularity.DOCUMENT, 2),
        ((("8003", "06901234000016"),), Granularity.CLASS, 1),
        ((("8003", "06901234000016X1"),), Granularity.ITEM, 2),
        ((("414", "6901234000016"), ("254", "A")), Granularity.LOCATION, 2),
        ((("417", "6901234000016"), ("7040", "1ABC")), Granularity.PARTY, 1),
        ((("8010", "6901234A"), ("8011", "7")), Granularity.ITEM, 2),
        ((("8006", "069012345678920102"), SERIAL), Granularity.ITEM, 2),
        ((("415", "6901234000016"), ("8020", "R")), Granularity.DOCUMENT, 2),
    ],
)
def test_every_key_says_what_it_names(path: Elements, granularity: Granularity, levels: int) -> None:
    """Class, lot, item, logistic unit, party, place or document, and how many levels there are."""
    thing = identity(path)

    assert (thing.granularity, len(thing.levels)) == (granularity, levels)


def test_the_class_of_a_serialised_asset_is_a_level() -> None:
    """A returnable asset with a serial number is one of its type."""
    assert identity((("8003", "06901234000016X1"),)).levels[-1] == (("8003", "06901234000016"),)


def test_a_place_and_a_party_with_one_number_are_two() -> None:
    """A GLN under 414 is a place, under 417 a party."""
    assert identity((("414", "6901234000016"),)).path != identity((("417", "6901234000016"),)).path


def test_division_takes_the_first_key_and_its_order() -> None:
    """Qualifiers come in their legal order, the rest as it was."""
    assert divide((SERIAL, KEY, ("17", "280131"), LOT)) == ((KEY, LOT, SERIAL), (("17", "280131"),))


def test_division_needs_a_key() -> None:
    """A lot alone identifies nothing."""
    with pytest.raises(Gs1Error, match="no primary key"):
        divide((LOT,))


@pytest.mark.parametrize(
    ("code", "value", "digits"),
    [
        ("01", "16901234567899", "690123456789"),
        ("00", "169012340000000013", "690123400000"),
        ("8003", "06901234000016X1", "690123400001"),
        ("8004", "6901234AB", "6901234"),
        ("414", "6901234000016", "690123400001"),
        ("8018", "690123400000000017", "690123400000"),
    ],
)
def test_routing_begins_at_the_company_prefix(code: str, value: str, digits: str) -> None:
    """Indicator, extension digit and the zero of an asset are no part of it."""
    assert company_digits(code, value) == digits
    assert route(code, value) == RouteKey("GS1", digits)


def test_the_longest_entry_tells_the_length_of_a_prefix() -> None:
    """More digits decide against fewer; without an entry it is not known."""
    table = {"690": 7, "690123": 8}

    assert company_prefix_digits("690123456789", table) == 8
    assert company_prefix_digits("690923456789", table) == 7
    assert company_prefix_digits("500923456789", table) is None
