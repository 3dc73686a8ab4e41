"""GS1 keys: one URI for each, whichever way it was spelled. Expected URIs as EPC TDS and the CBV examples give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.trace.canonical_uri import canonical_uri


@pytest.mark.parametrize(
    ("uri", "canonical"),
    [
        ("urn:epc:id:sgtin:0614141.107346.2018", "01/10614141073464/21/2018"),
        ("urn:epc:id:sgtin:0614141.107346.a/b!", "01/10614141073464/21/a%2Fb%21"),
        ("urn:epc:class:lgtin:4012345.012345.998877", "01/04012345123456/10/998877"),
        ("urn:epc:idpat:sgtin:0614141.107346.*", "01/10614141073464"),
        ("urn:epc:id:upui:1234567.098765.51qIgY", "01/01234567987651/235/51qIgY"),
        ("urn:epc:id:sscc:0614141.1234567890", "00/106141412345678908"),
        ("urn:epc:id:sgln:0614141.07346.1234", "414/0614141073467/254/1234"),
        ("urn:epc:id:sgln:0614141.07346.0", "414/0614141073467"),
        ("urn:epc:id:pgln:4012345.00225", "417/4012345002256"),
        ("urn:epc:id:pgln:401234500225.", "417/4012345002256"),
        ("urn:epc:id:grai:0614141.12345.400", "8003/00614141123452400"),
        ("urn:epc:id:giai:4000001.111", "8004/4000001111"),
        ("urn:epc:id:giai:4000001.11.1", "8004/400000111.1"),
        ("urn:epc:id:gsrn:0614141.0000010253", "8018/061414100000102534"),
        ("urn:epc:id:gsrnp:0614141.0000010253", "8017/061414100000102534"),
        ("urn:epc:id:gdti:0614141.00001.1618034", "253/06141410000121618034"),
        ("urn:epc:id:ginc:0614141.xyz", "401/0614141xyz"),
        ("urn:epc:id:gsin:0614141.123456789", "402/06141411234567890"),
        ("urn:epc:id:cpi:0614141.123ABC.123456789", "8010/0614141123ABC/8011/123456789"),
        ("urn:epc:id:itip:0614141.107346.01.02.987", "8006/106141410734640102/21/987"),
        ("https://example.cn/gtin/614141073464?x=1", "01/00614141073464"),
        ("http://example.cn/a/01/10614141073464/22/V/10/L/21/S", "01/10614141073464/21/S"),
        ("https://id.gs1.org/414/0614141073467/254/0", "414/0614141073467"),
        ("https://id.gs1.org/sscc/106141412345678908/", "00/106141412345678908"),
    ],
)
def test_a_gs1_key(uri: str, canonical: str) -> None:
    """Every spelling leads to the canonical Digital Link."""
    assert canonical_uri(uri) == f"https://id.gs1.org/{canonical}"


@pytest.mark.parametrize(
    "uri",
    [
        "https://id.node.example.cn/88.118.8/VIN.LSVAA49J132047371",
        "urn:epc:id:sgtin:0614141.1073.1",
        "urn:epc:id:sscc:0614141.1234567890.1",
        "urn:epc:id:new:0614141.1.1",
        "urn:epcglobal:cbv:bt:0614141073467:1152",
        "https://example.cn/01/no-gtin",
        "https://example.cn/01/10614141073464/21",
        "",
    ],
)
def test_anything_else(uri: str) -> None:
    """What is no GS1 key stays as it is."""
    assert canonical_uri(uri) == uri


@given(st.from_regex(r"(urn:epc:(id|class|idpat):[a-z]{3,6}:|https://x/01/)[0-9.*a%/?]{0,40}", fullmatch=True))
def test_twice_is_once(uri: str) -> None:
    """The canonical form of a canonical form is itself."""
    once = canonical_uri(uri)
    assert canonical_uri(once) == once
