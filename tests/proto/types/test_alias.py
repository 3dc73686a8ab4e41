"""IDIS.ALIAS: a name of another scheme, in its one spelling."""

import pytest

from idis.proto.errors import DataError
from idis.proto.types.alias import canonical_alias, decode_alias, split_alias
from idis.proto.types.table import check_data, compose

ITEM = "gs1:https://id.gs1.org/01/06901234567892/21/42"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("(01)06901234567892(21)42", ITEM),
        ("gs1:(01)06901234567892(21)42", ITEM),
        ("urn:epc:id:sgtin:6901234.056789.42", ITEM),
        (ITEM, ITEM),
        ("IMO 9074729", "imo:IMO9074729"),
        ("imo:9074729", "imo:IMO9074729"),
        ("urn:oid:1.2.156.10197", "oid:1.2.156.10197"),
        ("did:web:maker.example", "did:did:web:maker.example"),
        ("doi:10.1000/182", "doi:10.1000/182"),
        ("ark:/13030/tf5-p3", "ark:ark:13030/tf5p3"),
        ("https://maker.example/p/SN123", "url:https://maker.example/p/SN123"),
    ],
)
def test_every_spelling_is_stored_as_one(written: str, stored: str) -> None:
    """What a scanner or a person gives; what is stored is its own spelling."""
    assert canonical_alias(written) == stored
    assert canonical_alias(stored) == stored
    assert compose("IDIS.ALIAS", written) == stored.encode()


def test_octets_are_taken_as_they_are_or_refused() -> None:
    """Nobody changes octets that may have been signed; the sentence says how they are written."""
    check_data("idis.alias", ITEM.encode())
    with pytest.raises(DataError, match="this alias is written imo:IMO9074729"):
        check_data("IDIS.ALIAS", b"imo:9074729")


@pytest.mark.parametrize(
    "text",
    ["", "imo:", ":x", "imo", "nothing at all", "imo:IMO9074728", "(01)06901234567893", "88.118.8/A1", "idis:88.1/A", "\xff"],
)
def test_what_is_no_alias_is_refused(text: str) -> None:
    """No identifier, a wrong check digit, or a handle, which HS_ALIAS names."""
    with pytest.raises(DataError):
        decode_alias(text.encode())


def test_the_number_of_a_person_is_never_repeated() -> None:
    """The refusal does not show it."""
    with pytest.raises(DataError) as refused:
        canonical_alias("11010519491231002X")

    assert "1949" not in str(refused.value)


@pytest.mark.parametrize("octets", [b"", b"imo", b":x", b"imo:", b"\xff:x", b"imo:a\x00b"])
def test_octets_of_nothing(octets: bytes) -> None:
    """What was never checked names nothing."""
    assert split_alias(octets) is None
