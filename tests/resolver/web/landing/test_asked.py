"""What the path of a page names."""

from __future__ import annotations

import pytest

from idis.proto.schemes.surroundings import Surroundings
from idis.resolver.web.landing.asked import Asked, Unreadable, read_path

AROUND = Surroundings(2026)
SSCC = "(00)106141412345678908"


@pytest.mark.parametrize(
    ("encoded", "asked"),
    [
        ("88.118.8/A1", Asked("88.118.8/A1", "88.118.8/A1", "88.118.8/A1", prefix="88.118.8")),
        ("88.118.8/%E5%88%86%20/x", Asked("88.118.8/分 /x", "88.118.8/分 /x", "88.118.8/分 /x", prefix="88.118.8")),
        ("88.118.8", Asked("88.118.8", "88.118.8", "88.118.8", prefix="88.118.8", is_prefix=True)),
        ("10.1000/182", Asked("10.1000/182", "10.1000/182", "10.1000/182", prefix="10.1000")),
        ("1.2.156.1", Asked("1.2.156.1", "0.ANY/1.2.156.1", "1.2.156.1", "oid")),
        ("did:cn:88.1.1", Asked("did:cn:88.1.1", "0.ANY/did:cn:88.1.1", "did:cn:88.1.1", "did")),
        ("imo:9074729", Asked("imo:9074729", "0.ANY/imo:9074729", "IMO 9074729", "imo")),
        ("%2800%29106141412345678908", Asked(SSCC, f"0.ANY/{SSCC}", SSCC, "gs1")),
        ("0.ANY/imo:9074729", Asked("imo:9074729", "0.ANY/imo:9074729", "IMO 9074729", "imo")),
        ("did:", Asked("did:", "0.ANY/did:", "did:")),
    ],
)
def test_a_path_is_a_handle_or_carried_by_one(encoded, asked):
    """Percent-encoding is undone once; other schemes are shown as people write them."""
    assert read_path(encoded, AROUND) == asked


def test_the_number_of_a_person_is_not_shown():
    """Whatever it is taken for."""
    assert read_path("11010519491231002X", AROUND).shown == "…"


@pytest.mark.parametrize("encoded", ["88.118.8/%FF", "88.118.8/" + "x" * 2_048, "did:" + "x" * 2_048, "88.118.8/%00", ""])
def test_a_path_that_names_nothing_says_why(encoded):
    """Not UTF-8, too long, a control character."""
    with pytest.raises(Unreadable, match=r"identifier|suffix|prefix"):
        read_path(encoded, AROUND)
