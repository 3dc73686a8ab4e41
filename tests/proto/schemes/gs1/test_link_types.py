"""Types of links in their three spellings."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.link_types import DEPRECATED, LINK_TYPES, curie, link_type, title

VOC = "https://ref.gs1.org/voc/"


@pytest.mark.parametrize("text", ["gs1:pip", f"{VOC}pip", "https://gs1.org/voc/pip", "https://www.gs1.org/voc/pip"])
def test_the_vocabulary_has_one_address(text: str):
    """Whichever of its addresses is written."""
    assert link_type(text) == f"{VOC}pip"


@pytest.mark.parametrize(
    "text", ["", "gs1:", "gs1:a b", "gs1:pip/x", f"{VOC}a-b", "Alternate", "https://x.example/a#b", "ftp://x/y", "x" * 300]
)
def test_what_no_linkset_may_name_is_none(text: str):
    """Other characters than the published schema allows."""
    assert link_type(text) == ""


def test_people_see_curies_and_words():
    """In their language; a type that nobody has named by its CURIE."""
    assert (curie(f"{VOC}pip"), curie("alternate")) == ("gs1:pip", "alternate")
    assert (title(f"{VOC}recallStatus", zh=True), title(f"{VOC}recallStatus", zh=False)) == ("召回状态", "recall status")
    assert title(f"{VOC}laterOn", zh=True) == "gs1:laterOn"


def test_the_vocabulary_is_whole():
    """Version 1.16 has sixty, one of them deprecated in favour of another."""
    assert len(LINK_TYPES) == 60
    assert list(DEPRECATED.items()) == [("productSustainabilityInfo", "sustainabilityInfo")]
    assert all(link_type(f"gs1:{name}") for name in LINK_TYPES)
