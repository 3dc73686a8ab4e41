"""Notices and receipts on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.notice import read_notice, read_receipt

ID = "c410 000102030405060708090a0b0c0d0e0f"
NOTICE = f"9b 01 {ID} a4 38382e32 a4 38382e33 03 02 05 a4 73746f70 a7 38382e332f5300 01 a0"
RECEIPT = f"99 01 {ID} a4 38382e32 a4 38382e33 03 05 a2 6f6b 02 01"


@pytest.mark.parametrize("octets", [NOTICE, RECEIPT])
def test_every_beginning_is_refused(octets: str) -> None:
    """A message that breaks off is a protocol error, wherever it does."""
    whole = bytes.fromhex(octets)
    read = read_notice if octets is NOTICE else read_receipt
    read(whole)
    for length in range(len(whole)):
        with pytest.raises(ProtocolError):
            read(whole[:length])


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (NOTICE + "c0", "octets after the last field"),
        (NOTICE.replace(" 03 02 05", " 05 02 05"), "no NoticeKind has the number 5"),
        (NOTICE.replace(" 03 02 05", " 03 00 05"), "no Severity has the number 0"),
        (NOTICE.replace("9b 01", "9b 02"), "only layout 1 is known"),
        (NOTICE.replace("c410 00", "c40f "), "a notice's id has 16 octets"),
        (NOTICE.replace("a4 73746f70", "a4 73740070"), "a text is expected"),
        (NOTICE.replace("a7 38382e332f5300", "da07d2" + "6100" * 1_001), "at most 1000 names"),
        (RECEIPT.replace(" 03 05 a2", " 09 05 a2"), "no NoticeState has the number 9"),
        (RECEIPT.replace(" 02 01", " 02 ff"), "a number from 0 is expected"),
    ],
)
def test_what_is_no_notice(octets: str, sentence: str) -> None:
    """Each is told in one sentence."""
    read = read_notice if octets.startswith("9b") else read_receipt
    with pytest.raises(ProtocolError, match=sentence):
        read(bytes.fromhex(octets))


@given(st.binary(max_size=200))
def test_garbage_is_a_protocol_error(octets: bytes) -> None:
    """Nothing else comes out."""
    for read in (read_notice, read_receipt):
        try:
            read(octets)
        except ProtocolError:
            continue
