"""What a request asks."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.elements import Gs1Error
from idis.resolver.web.links.asked import read_request

ROOT = "https://id.example"
KEY = "/01/06901234567892"


def _read(path: str, query: str = "", **named):
    return read_request(path, query, ROOT, "", "", **named)


def test_levels_are_named_as_they_are_registered_and_as_they_are_asked_for():
    """Serial, lot and product; the lot is no part of the item's own key."""
    asked = _read(f"{KEY}/10/L/21/S")

    assert [level.canonical for level in asked.levels] == [f"https://id.gs1.org{KEY}{rest}" for rest in ("/21/S", "/10/L", "")]
    assert [level.anchor for level in asked.levels] == [f"{ROOT}{KEY}{rest}" for rest in ("/21/S", "/10/L", "")]
    assert asked.anchor == f"{ROOT}{KEY}/10/L/21/S"
    assert asked.variables == {"01": "06901234567892", "10": "L", "21": "S", "key": "06901234567892"}


@pytest.mark.parametrize(
    ("query", "kind", "contexts"),
    [
        ("linkType=gs1%3Apip&context=CN&context=EU", "https://ref.gs1.org/voc/pip", ("CN", "EU")),
        ("linkType=gs1:pip&linkType=gs1:dpp", "https://ref.gs1.org/voc/pip", ()),  # the first one counts
        ("linkType=&context=", "", ()),
        ("linktype=gs1:pip", "", ()),  # the name is written like that
        ("a=linkType=gs1:pip", "", ()),
        ("linkType=no+type", "no type", ()),
    ],
)
def test_wishes_of_the_query(query: str, kind: str, contexts: tuple[str, ...]):
    """The type of link, and contexts."""
    wish = _read(KEY, query).wish

    assert (wish.link_type, wish.contexts) == (kind, contexts)


def test_a_linkset_may_be_asked_for_in_a_compressed_link():
    """The query behind the segment is kept."""
    asked = _read("/AQyNo0UVqA", "linkType=all")

    assert (asked.wants_list, asked.deprecated, asked.plain) == (True, True, f"{ROOT}{KEY}?linkType=all")


def test_short_gtins_are_a_setting():
    """As old labels have them."""
    assert _read("/01/6901234567892", short_gtins=True).levels[0].canonical == f"https://id.gs1.org{KEY}"
    with pytest.raises(Gs1Error):
        _read("/01/6901234567892")


@pytest.mark.parametrize(
    "path", ["/", "/01", f"{KEY}/21/%00", f"{KEY}/21/%20", f"{KEY}/21/<x>", "/" + "A" * 3_000, f"{KEY}/" + "21/" * 3_000]
)
def test_other_paths_are_refused(path: str):
    """With the one documented error."""
    with pytest.raises(Gs1Error):
        _read(path)


def test_a_wrong_host_is_refused():
    """It would stand in the Link header."""
    with pytest.raises(Gs1Error):
        read_request(KEY, "", 'http://x"><script>', "", "")
