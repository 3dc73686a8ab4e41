import pytest

from idis.proto.schemes.handle import recognise, scheme_of
from idis.proto.schemes.recognised import Granularity, RouteKey


def test_an_identifier_is_folded_and_shown_as_spelled() -> None:
    """Prefix and suffix fold to ASCII upper case, the display keeps the spelling."""
    found = recognise("88.118.8a/jxDY水2106023")
    assert found is not None

    assert (found.scheme, found.canonical, found.display) == ("idis", "88.118.8A/JXDY水2106023", "88.118.8a/jxDY水2106023")


def test_only_ascii_letters_are_folded() -> None:
    """The octets of the suffix are the identity: ä and ß stay."""
    found = recognise("20.1000/äß")
    assert found is not None

    assert found.canonical == "20.1000/äß"


def test_the_levels_are_the_prefixes_above() -> None:
    """A suffix is never shortened."""
    found = recognise("88.118.8/a/b")
    assert found is not None

    assert found.levels == ("88.118.8/A/B", "88.118.8", "88.118", "88")
    assert found.route == RouteKey("Handle", "88.118.8")


@pytest.mark.parametrize("text", ["88.118.8", "0.NA/88.118.8", "0.na/88.118.8"])
def test_a_prefix_has_two_spellings(text: str) -> None:
    """Bare and as a prefix handle, one namespace."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.granularity) == ("88.118.8", Granularity.NAMESPACE)


def test_leading_zeros_are_significant() -> None:
    """`88.101.0042` and `88.101.42` are two prefixes."""
    one, other = recognise("88.101.0042/a"), recognise("88.101.42/a")
    assert one is not None
    assert other is not None

    assert one.canonical != other.canonical


def test_the_index_of_a_key_is_aside() -> None:
    """`300:88.111.1/test` names the record, and value 300 in it."""
    found = recognise("300:88.111.1/test")
    assert found is not None

    assert (found.canonical, found.attributes) == ("88.111.1/TEST", (("index", "300"),))


def test_the_uri_is_encoded() -> None:
    """What a URI cannot hold is percent-encoded."""
    found = recognise("88.118.8/水 1")
    assert found is not None

    assert found.uri == "hdl:88.118.8/%E6%B0%B4%201"


@pytest.mark.parametrize(
    ("prefix", "scheme"),
    [("88.118", "idis"), ("86.1000.1", "idis"), ("20.500.1", "idis"), ("20.1000", "handle"), ("4263537", "handle")],
)
def test_issuers_tell_idis_from_other_handles(prefix: str, scheme: str) -> None:
    """88 and 86 are Chinese, 20 where the prefix has an industry and an enterprise."""
    assert scheme_of(prefix) == scheme


@pytest.mark.parametrize(
    "text",
    [
        "",
        "88.118.8/",
        "/a",
        "88..8/a",
        "a88/b",
        "88.118.8/a\nb",
        "0.NA/88.118/x",
        "88.118 /x",
        "1" * 256 + "/a",
        "1" + ".1" * 16 + "/a",
        "88.1/" + "x" * 2_044,
    ],
)
def test_other_texts_are_none(text: str) -> None:
    """Missing parts, empty labels, letters first, control characters, and what exceeds the limits."""
    assert recognise(text) is None
