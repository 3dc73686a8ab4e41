import pytest

from idis.proto.schemes.uuid import recognise


@pytest.mark.parametrize(
    "text",
    [
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
        "urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
        "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
    ],
)
def test_one_uuid_has_many_spellings(text: str) -> None:
    """Canonical is in small letters."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.uri) == (
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    )


@pytest.mark.parametrize(
    "text", ["f81d4fae7dec11d0a76500a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6"]
)
def test_other_texts_are_none(text: str) -> None:
    """Without hyphens it may be any hexadecimal number."""
    assert recognise(text) is None
