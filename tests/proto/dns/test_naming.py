"""Identifiers as domain names and back; the examples are those of the documentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.dns.name import lowered, name_from_text, write_name
from idis.proto.dns.naming import (
    Apex,
    ItemName,
    Place,
    PrefixName,
    ServerName,
    ServiceName,
    gs1_name,
    gs1_text,
    gtin_name,
    name_of,
    oid_name,
    oid_text,
    ons1_text,
    place_of,
)
from idis.proto.errors import DataError
from idis.proto.identifier import Identifier, fold, parse_identifier

ZONE = (b"id", b"example")
GS1 = name_from_text("gs1.id.onsepc.com")
OLD = name_from_text("id.onsepc.com")
OID = name_from_text("oid-res.org")


def place(text: str) -> Place | None:
    """What a name in front of the zone means."""
    return place_of(name_from_text(text) if text else ())


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("88.118.8", (b"8", b"118", b"88")),
        ("88.118.8/A1.x", (b"a1_2ex", b"_", b"8", b"118", b"88")),
        ("88.118.8/a b_c", (b"a_20b_5fc", b"_", b"8", b"118", b"88")),
        ("88.118.8/船", (b"_e8_88_b9", b"_", b"8", b"118", b"88")),
        ("10.X_y/1", (b"1", b"_", b"x_5fy", b"10")),
        ("88/" + "a" * 70, (b"a" * 7, b"a" * 63, b"_", b"88")),
    ],
)
def test_identifiers_have_names(text: str, labels: tuple[bytes, ...]) -> None:
    """Labels of the prefix reversed; the item escaped, cut so that only the first label is short."""
    assert name_of(parse_identifier(text), ZONE) == (*labels, *ZONE)


def test_a_capital_letter_is_spelled_out_where_case_counts() -> None:
    """A prefix that does not fold its suffixes has names for both."""
    assert name_of(Identifier("88", "Aa"), ZONE, folds=False) == (b"_41a", b"_", b"88", *ZONE)
    assert place("_41a._.88") == ItemName(Identifier("88", "Aa"), False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Apex()),
        ("8.118.88", PrefixName("88.118.8")),
        ("_.8.118.88", PrefixName("88.118.8", bare=False)),
        ("_tcp.8.118.88", PrefixName("88.118.8", bare=False)),
        ("_hdl-srv._tcp.8.118.88", ServiceName("88.118.8", "hdl-srv", "tcp")),
        ("_s12.8.118.88", ServerName("88.118.8", 12)),
        ("a1_2fb._.8.118.88", ItemName(Identifier("88.118.8", "a1/b"), False)),
        ("a" * 61 + "._.88", ItemName(Identifier("88", "a" * 61), True)),
        ("_", None),
        ("x._", None),
        ("_zz._.88", None),
        ("_e8_88._.88", None),
        ("_2e.88", None),
        ("_20.88", None),
        ("_0a._.88", None),
        ("_s0.88", None),
        ("_hdl-srv._sctp.88", None),
        ("x._.y._.88", None),
        ("1._.na.0", PrefixName("1")),
    ],
)
def test_names_mean_places(text: str, expected: Place | None) -> None:
    """Every kind of name, and those that are spelled as none is."""
    assert place(text) == expected


@given(st.text(min_size=1, max_size=60))
def test_every_item_comes_back(suffix: str) -> None:
    """Whatever has a name is found again under it, with and without case."""
    try:
        identifier = parse_identifier(f"88.118.8/{suffix}")
        names = [name_of(identifier, (), folds=folds) for folds in (True, False)]
    except (DataError, ValueError):
        return
    folded, exact = (place_of(lowered(name)) for name in names)

    assert isinstance(folded, ItemName)
    assert fold(str(folded.identifier)) == fold(str(identifier))
    assert isinstance(exact, ItemName)
    assert exact.identifier == identifier


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=5))
def test_any_labels_are_read(labels: list[bytes]) -> None:
    """No name makes the reader fail."""
    names = [read(lowered((*labels, *root)), root) for read, root in ((gs1_text, GS1), (ons1_text, OLD), (oid_text, OID))]

    assert isinstance(place_of(lowered(tuple(labels))), Place | None)
    assert all(isinstance(name, str | None) for name in names)


def test_an_item_too_long_for_dns_has_no_name() -> None:
    """255 octets with its prefix and the zone."""
    with pytest.raises(DataError):
        name_of(Identifier("88", "a" * 240), ZONE)
    assert len(write_name(name_of(Identifier("88", "a" * 230), ZONE))) <= 255


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0.0.6.2.2.3.1.4.1.4.1.6.0.gtin.gs1.id.onsepc.com", "01/00614141322602"),
        ("0.9.8.7.6.5.4.3.2.1.0.9.6.gtin.gs1.id.onsepc.com", "01/06901234567892"),
        ("6.9.8.7.6.5.4.3.2.1.0.9.gln.gs1.id.onsepc.com", "414/6901234567892"),
        ("1.2.gln.gs1.id.onsepc.com", None),
        ("x.2.gtin.gs1.id.onsepc.com", None),
        ("0.0.6.none.gs1.id.onsepc.com", None),
        ("0.0.6.gtin.example", None),
    ],
)
def test_ons_names_are_read(text: str, key: str | None) -> None:
    """ONS 2.0: the first digit in its place, the others reversed, the check digit computed."""
    assert gs1_text(name_from_text(text), GS1) == key


def test_ons_names_are_written() -> None:
    """The examples of the standard."""
    assert gtin_name("00614141322602", GS1) == name_from_text("0.0.6.2.2.3.1.4.1.4.1.6.0.gtin.gs1.id.onsepc.com")
    assert gtin_name("6901234567892", GS1) == name_from_text("0.9.8.7.6.5.4.3.2.1.0.9.6.gtin.gs1.id.onsepc.com")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("812345.0614141.sgtin.id.onsepc.com", "01/80614141123458"),
        ("81234.0614141.sgtin.id.onsepc.com", None),
        ("812345.0614141.sscc.id.onsepc.com", None),
    ],
)
def test_old_ons_names_are_read(text: str, key: str | None) -> None:
    """ONS 1: indicator and item, company; the GTIN is put together and its check digit computed."""
    assert ons1_text(name_from_text(text), OLD) == key


def test_oid_names_are_read_and_written() -> None:
    """X.672: the arcs reversed."""
    name = name_from_text("301.1.10197.156.2.1.oid-res.org")

    assert oid_text(name, OID) == "1.2.156.10197.1.301"
    assert oid_name("1.2.156.10197.1.301", OID) == name
    assert oid_text(name_from_text("01.2.oid-res.org"), OID) is None


@pytest.mark.parametrize(
    ("ai", "key", "name"),
    [
        ("01", "06901234567892", "0.9.8.7.6.5.4.3.2.1.0.9.6.gtin.ons.example"),
        ("00", "169012340000000013", "1.1.0.0.0.0.0.0.0.0.4.3.2.1.0.9.6.sscc.ons.example"),
        ("414", "9506000134352", "9.5.3.4.3.1.0.0.0.6.0.5.gln.ons.example"),
        ("8003", "09506000134352", "9.5.3.4.3.1.0.0.0.6.0.5.grai.ons.example"),
        ("8004", "9506", "9.6.0.5.giai.ons.example"),
        ("8004", "95AB", None),
        ("01", "1", None),
        ("8013", "1987654Ad4X4bL5ttr2310c2K", None),
    ],
)
def test_ons_names_of_every_key_are_written(ai: str, key: str, name: str | None) -> None:
    """The reverse of reading them; keys with letters have none."""
    root = name_from_text("ons.example")
    labels = gs1_name(ai, key, root)

    assert labels == (None if name is None else name_from_text(name))
    if labels is not None:
        assert gs1_text(labels, root) == f"{ai}/{key}"
