"""EPC URNs and the bits of tags, with examples of the EPC Tag Data Standard."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1 import epc_binary, epc_urn
from idis.proto.schemes.gs1.elements import Elements, Gs1Error

GTIN = ("01", "06901234567892")

URNS: list[tuple[str, Elements]] = [
    ("urn:epc:id:sgtin:6901234.056789.42", (GTIN, ("21", "42"))),
    ("urn:epc:class:lgtin:6901234.056789.LOT7", (GTIN, ("10", "LOT7"))),
    ("urn:epc:idpat:sgtin:6901234.056789.*", (GTIN,)),
    ("urn:epc:id:upui:6901234.056789.a%2Fb", (GTIN, ("235", "a/b"))),
    ("urn:epc:id:sscc:6901234.1000000001", (("00", "169012340000000013"),)),
    ("urn:epc:id:sgln:6901234.00001.0", (("414", "6901234000016"),)),
    ("urn:epc:id:sgln:6901234.00001.A-1", (("414", "6901234000016"), ("254", "A-1"))),
    ("urn:epc:id:pgln:6901234.00001", (("417", "6901234000016"),)),
    ("urn:epc:id:grai:6901234.00001.X1", (("8003", "06901234000016X1"),)),
    ("urn:epc:id:giai:6901234.A%2F7", (("8004", "6901234A/7"),)),
    ("urn:epc:id:gsrn:6901234.0000000001", (("8018", "690123400000000018"),)),
    ("urn:epc:id:gsrnp:6901234.0000000001", (("8017", "690123400000000018"),)),
    ("urn:epc:id:gdti:6901234.00001.DOC77", (("253", "6901234000016DOC77"),)),
    ("urn:epc:id:cpi:6901234.5PQ7%2FZ43.12345", (("8010", "69012345PQ7/Z43"), ("8011", "12345"))),
    ("urn:epc:id:sgcn:6901234.00001.0012", (("255", "69012340000160012"),)),
    ("urn:epc:id:itip:6901234.056789.01.02.S9", (("8006", "069012345678920102"), ("21", "S9"))),
    ("urn:epc:id:ginc:6901234.xyz47%2F11", (("401", "6901234xyz47/11"),)),
    ("urn:epc:id:gsin:6901234.123456789", (("402", "69012341234567894"),)),
]


@pytest.mark.parametrize(("urn", "elements"), URNS)
def test_a_urn_is_its_elements(urn: str, elements: Elements) -> None:
    """The reference's first digit moves to the front, and a check digit comes behind."""
    read = epc_urn.parse(urn)

    assert (read.elements, read.company_digits, read.urn) == (elements, 7, urn)


@pytest.mark.parametrize(("urn", "elements"), URNS)
def test_elements_are_their_urn(urn: str, elements: Elements) -> None:
    """With the length of the company prefix the URN can be told."""
    assert epc_urn.write(elements, 7) == urn


def test_the_lot_of_an_item_is_not_in_its_urn() -> None:
    """A URN of an item is of its serial number."""
    assert epc_urn.write((GTIN, ("10", "L"), ("21", "S")), 7) == "urn:epc:id:sgtin:6901234.056789.S"


@pytest.mark.parametrize(
    ("path", "company_digits"),
    [
        ((GTIN,), 5),
        ((("8013", "1987654Ad4X4bL5ttr2310c2K"),), 7),
        ((("8006", "069012345678920102"), ("10", "L")), 7),
        ((("414", "6901234000016"), ("254", "0")), 7),
        ((("8004", "69012"),), 7),
    ],
)
def test_no_urn_is_guessed(path: Elements, company_digits: int) -> None:
    """Without a legal prefix, or without a scheme, there is none; 0 as an extension would mean none."""
    assert epc_urn.write(path, company_digits) == ""


@pytest.mark.parametrize(
    "text",
    [
        "urn:epc:id:sgtin:6901234.56789.42",
        "urn:epc:id:sgtin:69012.05678901.42",
        "urn:epc:id:sgtin:6901234.056789.a/b",
        "urn:epc:id:sgtin:6901234.056789",
        "urn:epc:id:lgtin:6901234.056789.L",
        "urn:epc:idpat:sgtin:6901234.*.*",
        "urn:epc:id:nothing:6901234.056789.1",
        "urn:epc:raw:96.x00",
        "urn:epc:tag:sgtin-96:x.6901234.056789.42",
    ],
)
def test_urns_that_are_wrong_are_refused(text: str) -> None:
    """Digits missing, a character that must be escaped, a field missing, another kind."""
    with pytest.raises(Gs1Error):
        epc_urn.parse(text)


@pytest.mark.parametrize(
    ("octets", "urn", "tag_filter"),
    [
        ("3035A537C83775400000002A", "urn:epc:id:sgtin:6901234.056789.42", 1),
        ("3155A537C83B9ACA01000000", "urn:epc:id:sscc:6901234.1000000001", 2),
        # Examples of the EPC Tag Data Standard, section 14 and appendix E.
        ("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789", 3),
        ("3674257BF6B7A659B2C2BF1000000000000000000000000000", "urn:epc:id:sgtin:0614141.712345.32a%2Fb", 3),
        ("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890", 3),
        ("3274257BF46072000000162E", "urn:epc:id:sgln:0614141.12345.5678", 3),
        ("3374257BF40C0E400000162E", "urn:epc:id:grai:0614141.12345.5678", 3),
        ("3474257BF40000000000162E", "urn:epc:id:giai:0614141.5678", 3),
        ("2D74257BF4499602D2000000", "urn:epc:id:gsrn:0614141.1234567890", 3),
        ("2C74257BF46072000000162E", "urn:epc:id:gdti:0614141.12345.5678", 3),
        ("3C74257BF400C0E680003039", "urn:epc:id:cpi:0614141.98765.12345", 3),
        ("3F74257BF460720000019907", "urn:epc:id:sgcn:0614141.12345.04711", 3),
        ("35000000600002100000002D", "urn:epc:id:gid:6.33.45", None),
        ("2F320434147455900000162E", "urn:epc:id:usdod:CAGEY.5678", 3),
        ("3B0E0CF5E76C9047759AD00373DC7602E7200000", "urn:epc:id:adi:35962.PQ7VZ4.M37GXB92", 3),
        ("4034F4E4E40C0E42040000000F6C", "urn:epc:id:itip:4012345.012345.04.04.987", 1),
    ],
)
def test_tags_are_read(octets: str, urn: str, tag_filter: int | None) -> None:
    """Header, filter, partition, fields."""
    read = epc_binary.decode(octets)

    assert (read.urn, read.filter) == (urn, tag_filter)


@pytest.mark.parametrize(
    ("urn", "octets"),
    [
        ("urn:epc:id:sgtin:6901234.056789.42", "3035A537C83775400000002A"),
        ("urn:epc:id:sgtin:0614141.712345.32a%2Fb", "3634257BF6B7A659B2C2BF1000000000000000000000000000000000"[:52]),
        ("urn:epc:id:sgcn:0614141.12345.04711", "3F34257BF460720000019907"),
        ("urn:epc:id:itip:4012345.012345.04.04.987", "4034F4E4E40C0E42040000000F6C"),
        ("urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345", "3D34257BF75411DEF6B4CC00000003039000"),
    ],
)
def test_tags_are_written_as_short_as_can_be(urn: str, octets: str) -> None:
    """Numbers take the short layout, other serial numbers the long one; the last word is filled with zeros."""
    tag_filter = int(octets[2:4], 16) >> 5
    written = epc_binary.encode(epc_urn.parse(urn), tag_filter)

    assert written[:24] == octets[:24]
    assert len(written) % 4 == 0


@pytest.mark.parametrize(
    "octets",
    [
        "3035A537C83775400000002",  # a digit short
        "303FA537C83775400000002A",  # partition 7
        "E035A537C83775400000002A",  # no such header
        "F735A537C83775400000002A",  # SGTIN+, which is not read
        "3155A537C83B9ACA01000001",  # bits behind an SSCC
        "301BFFFFFFFFFFFFFFFFFFFF",  # a company prefix of more than its digits
        "3035A537FFFFFFFFFFFFFFFF",  # a reference of more than its digits
        "3035A537C83775400000002A0001FFFF0000",  # more than the fields
        "3F74257BF460720000000007",  # a coupon serial number without its one
        "3674257BF6B7000000000000000000000000000000000000002C",  # a text with characters behind its end
        "zz35A537C83775400000002A",
    ],
)
def test_tags_that_are_wrong_are_refused(octets: str) -> None:
    """Every field is held against its digits."""
    with pytest.raises(Gs1Error):
        epc_binary.decode(octets)


def test_a_pattern_has_no_tag() -> None:
    """Only instances are written to tags."""
    with pytest.raises(Gs1Error, match="no binary form"):
        epc_binary.encode(epc_urn.parse("urn:epc:idpat:sgtin:6901234.056789.*"))


def test_the_longest_serial_numbers_fit() -> None:
    """The longest layout of each scheme holds what its key may have."""
    longest = ("cpi:6901234.A1.999999999999", "sgcn:6901234.00001.999999999999", "giai:690123456789." + "Z" * 18)

    assert [epc_binary.encode(epc_urn.parse("urn:epc:id:" + urn))[:2] for urn in longest] == ["3D", "3F", "38"]
