import pytest

from idis.proto.schemes.did import recognise
from idis.proto.schemes.recognised import RouteKey


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("did:cn:88.100.1", RouteKey("Handle", "88.100.1")),
        ("did:web:example.com%3A8443:parts:7", RouteKey("DID", "web")),
        ("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", RouteKey("DID", "key")),
        ("did:bid:efnVUgqQFfYeu97ABf6sGm3WFtVXHZB2", RouteKey("DID", "bid")),
        ("did:bid:byo1:efnVUgqQFfYeu97ABf6sGm3WFtVXHZB2", RouteKey("DID", "bid")),
        ("did:vaa:36MLgVRhMVXoARyLXgiwLZmBHYNK", RouteKey("DID", "vaa")),
        ("did:vaa:IDcontract1:86.100.1234/abc", RouteKey("Handle", "86.100.1234")),
        ("did:example:123", RouteKey("DID", "example")),
    ],
)
def test_methods_and_their_routes(text: str, route: RouteKey) -> None:
    """did:cn and the contract form of did:vaa go by their Handle prefix, others by their method."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.route, found.ok) == (text, route, True)


def test_scheme_and_method_fold_and_the_rest_does_not() -> None:
    """The part of the method is case-sensitive."""
    found = recognise("DID:Example:AbC")
    assert found is not None

    assert found.canonical == "did:example:AbC"


def test_the_parts_of_a_did_url_are_aside() -> None:
    """Path, query and fragment are no identity."""
    found = recognise("did:web:example.com/path?service=x#key-1")
    assert found is not None

    assert found.canonical == "did:web:example.com"
    assert found.attributes == (("path", "/path"), ("query", "service=x"), ("fragment", "key-1"))


@pytest.mark.parametrize("text", ["did:cn:88.1.1", "did:bid:xyz", "did:web:localhost", "did:vaa:0OIl"])
def test_the_grammar_of_a_method_is_a_check(text: str) -> None:
    """It is a DID all the same: methods change."""
    found = recognise(text)
    assert found is not None

    assert not found.ok
    assert found.warnings


@pytest.mark.parametrize(
    "text", ["did:", "did:cn", "did:cn:", "did:c-n:1", "did:cn:a b", "did:cn:1:", "did:example:%zz", "did:vaa:IDcontract1:x/y"]
)
def test_other_texts_are_none(text: str) -> None:
    """No method, nothing behind it, characters that no DID has."""
    assert recognise(text) is None


def test_only_ascii_letters_are_letters() -> None:
    """The Turkish capital I is no letter of a method, although it folds to one."""
    assert recognise("DID:\u0130WEB:EXAMPLE.CO155A") is None
