import pytest

from idis.proto.schemes.oid import ARCS_MAX, recognise
from idis.proto.schemes.recognised import RouteKey


@pytest.mark.parametrize(
    "text", ["1.2.156.10197", "urn:oid:1.2.156.10197", "URN:OID:1.2.156.10197", "oid:1.2.156.10197", "/ISO/Member-Body/156/10197",
             "oid:/ISO/Member-Body/CN/10197"],
)  # fmt: skip
def test_one_object_has_many_spellings(text: str) -> None:
    """Dotted, as a URN, as an IRI with known names."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.uri) == ("1.2.156.10197", "urn:oid:1.2.156.10197")


def test_every_arc_is_a_level() -> None:
    """Down to two arcs."""
    found = recognise("2.16.156.1")
    assert found is not None

    assert found.levels == ("2.16.156.1", "2.16.156", "2.16")
    assert found.route == RouteKey("OID", "2.16.156.1")


def test_a_long_arc_has_a_name_at_the_root() -> None:
    """/Country is 2.16."""
    found = recognise("/Country/156/7")
    assert found is not None

    assert found.canonical == "2.16.156.7"


def test_an_iri_with_an_unknown_name_is_kept() -> None:
    """With a warning and without a route."""
    found = recognise("/ISO/Member-Body/CN/测试")
    assert found is not None

    assert (found.canonical, found.route) == ("/ISO/Member-Body/CN/测试", None)
    assert found.warnings == ("the arc 测试 is not known by its number",)


@pytest.mark.parametrize(
    "text", ["3.2.156", "1.40.1", "1.2.0156", "1.2.", "1", "urn:oid:x", "/etc/passwd", "/ISO", "1.2" + ".3" * ARCS_MAX]
)
def test_other_texts_are_none(text: str) -> None:
    """The first arc is 0 to 2, the second below 40 under 0 and 1, no leading zeros, not too many arcs."""
    assert recognise(text) is None
