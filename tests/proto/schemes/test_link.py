import pytest

from idis.proto.schemes.link import recognise
from idis.proto.schemes.recognised import RouteKey


def test_scheme_and_host_fold_and_the_rest_is_never_altered() -> None:
    """No slash, escape or query is cleaned up."""
    found = recognise("HTTPS://Maker.Example:8443/P//SN%2f123/../x?B=1&a#F")
    assert found is not None

    assert found.canonical == "https://maker.example:8443/P//SN%2f123/../x?B=1&a#F"
    assert found.route == RouteKey("URL", "maker.example:8443/P//SN%2f123/../x")
    assert found.warnings == ()


def test_a_link_without_encryption_is_warned_of() -> None:
    """It is an identifier all the same."""
    found = recognise("http://maker.example")
    assert found is not None

    assert len(found.warnings) == 1


@pytest.mark.parametrize(
    "text",
    ["https://", "https:///p", "ftp://x/y", "https://a b/", "https://user@x/", "https://x/\n", "https://x:port/", "http:/x"],
)
def test_other_texts_are_none(text: str) -> None:
    """No host, another scheme, blanks, a user's name."""
    assert recognise(text) is None


@pytest.mark.parametrize("text", ["http\u017f://x/", "https://\ud800/"])
def test_only_ascii_letters_make_a_scheme(text: str) -> None:
    """The long s is none of https, although it folds to one; half a character is no host."""
    assert recognise(text) is None
