"""Where providers are asked, and where askers are sent."""

from __future__ import annotations

import pytest

from idis.proto.detect import detect
from idis.proto.dns.name import name_text
from idis.registry.foreign_route import ForeignRoute, checked_route, parse_targets
from idis.resolver.foreign.targets import Name, Url, place_of, redirect_of


def asked(text: str, route: ForeignRoute) -> str:
    """The URL or the name where the first target is asked for a text."""
    place = place_of(route.targets[0], route, detect(text, year=2026)[0])
    return place.url if isinstance(place, Url) else name_text(place.labels) if isinstance(place, Name) else ""


def route(type_name: str, start: str, target: str) -> ForeignRoute:
    """A route to one target."""
    return checked_route(ForeignRoute(type_name, start, "", parse_targets([target])))


@pytest.mark.parametrize(
    ("text", "type_name", "start", "target", "expected"),
    [
        ("urn:oid:1.2.156.7", "OID", "1.2", "https://x/{id}/{key}/{rest}/{scheme}", "https://x/1.2.156.7/1.2.156.7/156.7/oid"),
        ("(01)06901234567892(21)a/b", "GS1", "690", "https://x/{path}", "https://x/01/06901234567892/21/a%2Fb"),
        (
            "(01)06901234567892",
            "GS1",
            "690",
            "https://x/?q={id}",
            "https://x/?q=https%3A%2F%2Fid.gs1.org%2F01%2F06901234567892",
        ),
        ("ark:13030/fk4x?", "ARK", "13030", "https://n2t.example/{path}", "https://n2t.example/ark:13030/fk4x"),
        ("https://maker.example/p/a?b=c", "URL", "maker.example/p", "https://x/{rest}", "https://x/a"),
        ("IMO9074729", "alias", "imo", "https://ships.example/{rest}", "https://ships.example/IMO9074729"),
        ("(01)06901234567892(21)42", "GS1", "690", "gs1:https://r", "https://r/01/06901234567892/21/42?linkType=linkset"),
        ("did:bid:zf2q", "DID", "bid", "did:https://r", "https://r/1.0/identifiers/did:bid:zf2q"),
        ("20.1000/a b", "Handle", "20", "handle:https://h", "https://h/api/handles/20.1000/a%20b"),
        ("did:web:maker.example", "DID", "web", "web:", "https://maker.example/.well-known/did.json"),
        ("did:web:maker.example%3A8443:a:b", "DID", "web", "web:", "https://maker.example:8443/a/b/did.json"),
        ("https://maker.example/p", "URL", "maker.example", "web:", "https://maker.example/p"),
        ("http://maker.example/p", "URL", "maker.example", "web:", ""),
        ("urn:oid:1.2.156.7", "OID", "1.2", "dns:oid-res.org", "7.156.2.1.oid-res.org."),
        ("(01)06901234567892(21)42", "GS1", "690", "dns:ons.example", "0.9.8.7.6.5.4.3.2.1.0.9.6.gtin.ons.example."),
        ("(414)9506000134352(254)X", "GS1", "950", "dns:ons.example", "9.5.3.4.3.1.0.0.0.6.0.5.gln.ons.example."),
    ],
)
def test_where_a_provider_is_asked(text: str, type_name: str, start: str, target: str, expected: str) -> None:
    """Each language of resolvers, with the identifier where it belongs."""
    assert asked(text, route(type_name, start, target)) == expected


def test_no_identifier_changes_the_host() -> None:
    """Whatever characters it has, they are encoded."""
    made = route("URL", "maker.example", "https://x/{rest}?k={key}")

    assert asked("https://maker.example/@evil.example/?a=b&k=1#f", made) == "https://x/@evil.example/?k=maker.example/@evil.example/"


def test_where_an_asker_is_sent() -> None:
    """Of a resolver the page for people, of a name server nowhere."""
    item = detect("(01)06901234567892(21)42", year=2026)[0]
    resolver, names = route("GS1", "690", "gs1:https://r"), route("GS1", "690", "dns:ons.example")

    assert redirect_of(resolver.targets[0], resolver, item) == "https://r/01/06901234567892/21/42"
    assert redirect_of(names.targets[0], names, item) is None
