"""The one spelling of a thing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idis.proto.errors import IdentifierError
from idis.registry.trace.names import check_instance
from idis.registry.trace.things import Named, Spelling, home_of

SPELLING = Spelling()
ITEM = "https://id.gs1.org/01/06901234567892/21/42"


@pytest.mark.parametrize(
    "text",
    [
        "88.118.8/BLOCK.H2588-B102",
        "88.118.8/block.h2588-b102",
        " 88.118.8/BLOCK.H2588-B102 ",
        "hdl:88.118.8/Block.H2588-B102",
        "hdl://88.118.8/Block.H2588-B102",
        "https://id.node.example.cn/88.118.8/BLOCK.H2588-B102",
        "HTTPS://ID.node.example.cn/88.118.8/block.h2588%2DB102?auth=1#x",
        "https://hdl.handle.net/88.118.8/BLOCK.H2588-B102",
    ],
)
def test_a_handle_in_every_spelling(text: str) -> None:
    """Bare, as a URI, behind a resolver's host."""
    assert SPELLING.name(text) == "88.118.8/BLOCK.H2588-B102"


@pytest.mark.parametrize(
    "text",
    [
        ITEM,
        "https://shop.example/01/06901234567892/21/42?x=y",
        "https://id.node.example.cn/01/06901234567892/21/42",
        "urn:epc:id:sgtin:6901234.056789.42",
    ],
)
def test_a_gs1_key_in_every_spelling(text: str) -> None:
    """A Digital Link of any host, an EPC URN."""
    assert SPELLING.name(text) == ITEM


def test_lot_and_class_of_an_item() -> None:
    """The lot that a Digital Link says beside the serial is kept beside the item."""
    found = SPELLING.named("https://id.node.example.cn/01/06901234567892/10/L7/21/42")

    assert found == Named(ITEM, "https://id.gs1.org/01/06901234567892/10/L7", "https://id.gs1.org/01/06901234567892")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("urn:uuid:0B1D", "urn:uuid:0B1D"),
        ("HTTPS://Example.COM/Path/X?q=1", "https://example.com/Path/X?q=1"),
        ("https://example.com/88.118.8/X", "https://example.com/88.118.8/X"),
        ("88.118", "88.118"),
        ("hdl:88..1/x", "hdl:88..1/x"),
        ("HDL:", "hdl:"),
        ("doi:10.1000/182%3A1", "10.1000/182:1"),
        ("4263537/4000", "4263537/4000"),
        ("https://hdl.handle.net/4263537/4000", "4263537/4000"),
        ("https://id.example.cn/88.118.8/01/06901234567892", "88.118.8/01/06901234567892"),
    ],
)
def test_everything_else(text: str, name: str) -> None:
    """Other URIs stay as they are, but for scheme and host; a handle of ours may hold what looks like a GS1 key."""
    assert SPELLING.name(text) == name


def test_a_prefix_that_does_not_fold() -> None:
    """What its prefix tells apart stays apart."""
    spelling = Spelling(folds=lambda prefix: prefix != "88.1")

    assert (spelling.name("88.1/a"), spelling.name("88.2/a")) == ("88.1/a", "88.2/A")


@pytest.mark.parametrize("text", ["", "  ", "no prefix", "88.1/", "88.1/a\x00b", "urn:x\ny", "88.1/" + "x" * 3_000, "\ud800"])
def test_nothing(text: str) -> None:
    """What is no identifier is refused."""
    with pytest.raises(IdentifierError):
        SPELLING.name(text)


@pytest.mark.parametrize(
    ("name", "home"), [("88.118.8/X", "88.118.8"), ("88.118", "88.118"), ("urn:uuid:1", ""), (ITEM, ""), ("heatNo:88.1/M|7", "")]
)
def test_home(name: str, home: str) -> None:
    """Below which prefix the record of a thing lies."""
    assert home_of(name) == home


@example("0/%00", False)
@given(st.from_regex(r"[0-9A-Za-z]{1,4}(\.[0-9A-Za-z]{1,4}){0,4}/[!-$&-~]{1,12}", fullmatch=True), st.booleans())
def test_the_short_way_to_a_plain_handle_leads_to_the_same_name(handle: str, folds: bool) -> None:
    """Most handles are read by one expression: they come out as behind `hdl://`, which goes the long way."""
    spelling = Spelling(lambda prefix: folds)

    assert spelling.name(f"hdl:{handle}") == spelling.name(f"hdl://{handle}")
    assert (check_instance(f"hdl:{handle}", "") is None) == (check_instance(f"hdl://{handle}", "") is None)
