"""EPCs of tags as the last segment of a Digital Link."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.compression import expand
from idis.proto.schemes.gs1.elements import Gs1Error
from idis.proto.schemes.gs1.epc_link import expand_epc

ITEM = (("01", "09528765123457"), ("21", "123456789123"))


@pytest.mark.parametrize("segment", ["eh30164596f40c0e5cbe991a83", "exMBZFlvQMDly-mRqD"])
def test_the_examples_of_the_standard(segment: str):
    """One SGTIN-96, in hexadecimal and in base64."""
    assert expand_epc(f"https://nfc.example/{segment}").path == ITEM


def test_stem_and_query_stay():
    """Attributes are read, others kept."""
    link = expand_epc("https://nfc.example/a/b/eh30164596f40c0e5cbe991a83/?17=280131&x=y#f")

    assert (link.stem, link.attributes, link.others) == ("https://nfc.example/a/b", (("17", "280131"),), ("x=y",))


def test_other_keys_than_trade_items():
    """`3155A537C83B9ACA01000000` is the SSCC-96 of (00)169012340000000013."""
    assert expand_epc("https://nfc.example/eh3155a537c83b9aca01000000").path == (("00", "169012340000000013"),)


@pytest.mark.parametrize(
    "segment",
    [
        "eh",
        "ex",
        "eh3016",
        "eh30164596F40C0E5CBE991A83",  # capitals
        "eh30164596f40c0e5cbe991a8",  # half an octet
        "exMBZFlvQMDly+mRqD",
        "ehf7164596f40c0e5cbe991a83",  # a header that is not read
        "eh3500000000000000000000ff",  # a general identifier: no GS1 key
        "eg30164596f40c0e5cbe991a83",
        "AQyNo0UVqA",
    ],
)
def test_what_holds_no_key_is_refused(segment: str):
    """With the one documented error."""
    with pytest.raises(Gs1Error):
        expand_epc(f"https://nfc.example/{segment}")


def test_neither_beginning_is_one_of_the_older_compression():
    """So nothing can be read both ways."""
    for segment in ("eh30164596f40c0e5cbe991a83", "exMBZFlvQMDly-mRqD"):
        with pytest.raises(Gs1Error):
            expand(f"https://nfc.example/{segment}")
