"""Which values become which records."""

import pytest

from idis.proto.dns.records import NAPTR, SRV, TXT, URI, A, Rr, data_text
from idis.proto.types.site import HTTP, TCP, UDP, Interface, Server, Site, encode_site
from idis.proto.value import TTL_ABSOLUTE, Value
from idis.registry.dns_records import (
    TEXT_BYTES_MAX,
    item_records,
    prefix_records,
    server_name,
    servers_of,
    service_records,
    thing_records,
)

NOW = 1_700_000_000
OWNER = (b"a1", b"_", b"88")
FIRST = Server(1, "192.0.2.1", b"", (Interface(3, TCP, 2641), Interface(2, UDP, 2641), Interface(2, HTTP, 8000)))
SITE = encode_site(Site(servers=(FIRST, Server(2, "2001:db8::1", b"", (Interface(3, TCP, 2641),)))))


def shown(records: tuple[Rr, ...]) -> list[str]:
    """Data as tools print it."""
    return [data_text(record) for record in records]


def test_a_url_is_a_naptr() -> None:
    """A terminal rule that replaces everything by the URL; the index ranks it."""
    values = (Value(7, "URL", b"https://x/"), Value(9, "url.cert", b"https://c/"), Value(8, "EMAIL", b"a@b"))

    assert shown(item_records(values, NAPTR, OWNER, NOW)) == [
        '100 7 "U" "idis+url" "!^.*$!https://x/!" .',
        '100 9 "U" "idis+url" "!^.*$!https://c/!" .',
    ]


def test_a_url_cannot_end_its_rule() -> None:
    """The delimiter, the escape and what is not ASCII are spelled in per cent."""
    (record,) = item_records((Value(1, "URL", "https://x/!\\é".encode()),), NAPTR, OWNER, NOW)

    assert data_text(record) == '100 1 "U" "idis+url" "!^.*$!https://x/%21%5C%C3%A9!" .'


def test_a_url_too_long_for_a_string_has_a_uri_only() -> None:
    """A character string has 255 octets."""
    values = (Value(1, "URL", b"https://" + b"x" * 242),)

    assert item_records(values, NAPTR, OWNER, NOW) == ()
    assert shown(item_records(values, URI, OWNER, NOW)) == ['1 1 "https://' + "x" * 242 + '"']


def test_links_of_a_thing_are_records_by_their_types() -> None:
    """As ONS has services; not those that lack a serial number, are not for everybody, or are none."""
    default = Value(1, "IDIS.LINK", b'{"linkType":"gs1:defaultLink","href":"https://m/","title":"t"}', ttl=600)
    pip = Value(2, "idis.link", b'{"linkType":"gs1:pip","href":"https://m/p!","title":"t"}')
    item = Value(3, "IDIS.LINK", b'{"linkType":"gs1:pip","href":"https://m/{serial}","title":"t"}')
    staff = Value(4, "IDIS.LINK", b'{"linkType":"gs1:pip","href":"https://m/s","title":"t","public":false}')
    values = (Value(9, "URL", b"https://x/"), default, pip, item, staff, Value(5, "IDIS.LINK", b"{"))
    found = thing_records(values, NAPTR, OWNER, NOW)

    assert shown(found) == [
        '100 9 "U" "idis+url" "!^.*$!https://x/!" .',
        '100 1 "U" "idis+url" "!^.*$!https://m/!" .',
        '100 2 "U" "https://ref.gs1.org/voc/pip" "!^.*$!https://m/p%21!" .',
    ]
    assert {record.ttl_s for record in found} == {600}
    assert shown(thing_records(values, URI, OWNER, NOW)) == ['9 1 "https://x/"', '1 1 "https://m/"', '2 1 "https://m/p!"']


def test_a_thing_without_links_answers_as_an_item() -> None:
    """Its texts, too; nothing is nothing."""
    values = (Value(1, "name", b"valve"),)

    assert shown(thing_records(values, TXT, OWNER, NOW)) == ['"name=valve"']
    assert thing_records(values, NAPTR, OWNER, NOW) == ()


def test_every_text_is_a_txt() -> None:
    """Type and data; keys and administrators have no form, and neither has what is longer than a datagram bears."""
    values = (
        Value(1, "EMAIL", b"a@b"),
        Value(2, "HS_PUBKEY", b"\x01"),
        Value(3, "HS_ALIAS", b"88/x"),
        Value(4, "note", bytes(TEXT_BYTES_MAX + 1)),
    )

    assert shown(item_records(values, TXT, OWNER, NOW)) == ['"EMAIL=a@b"', '"HS_ALIAS=88/x"']


def test_records_of_a_kind_live_as_long_as_the_shortest() -> None:
    """RFC 2181 §5.2; an absolute time is told as what remains."""
    values = (Value(1, "a", b"1", ttl=600), Value(2, "b", b"2", ttl=NOW + 30, ttl_type=TTL_ABSOLUTE))

    assert [record.ttl_s for record in item_records(values, TXT, OWNER, NOW)] == [30, 30]


@pytest.mark.parametrize("kind", [A, SRV, 99])
def test_items_have_no_other_records(kind: int) -> None:
    """Whatever else is asked for is not there."""
    assert item_records((Value(1, "URL", b"https://x/"),), kind, OWNER, NOW) == ()


def test_a_prefix_tells_where_it_is_answered() -> None:
    """NAPTR leads to the services that there are, TCP first."""
    assert shown(prefix_records((Value(1, "HS_SITE", SITE),), NAPTR, (b"88",), NOW)) == [
        '100 10 "S" "idis+hdl-srv.tcp" "" _hdl-srv._tcp.88.',
        '100 20 "S" "idis+hdl-srv.udp" "" _hdl-srv._udp.88.',
        '100 40 "S" "idis+http.tcp" "" _http._tcp.88.',
    ]


def test_a_service_names_servers_and_their_addresses() -> None:
    """SRV with port and target, A and AAAA beside it."""
    answers, additional = service_records(
        servers_of((Value(1, "HS_SITE", SITE),), NOW), "hdl-srv", "tcp", (b"_hdl-srv", b"_tcp", b"88"), (b"88",)
    )

    assert shown(answers) == ["1 1 2641 _s1.88.", "1 1 2641 _s2.88."]
    assert [(record.owner, record.type, record.data[:2]) for record in additional] == [
        (server_name(1, (b"88",)), 1, b"\xc0\x00"),
        (server_name(2, (b"88",)), 28, b"\x20\x01"),
    ]


def test_a_site_is_shown_as_text_too() -> None:
    """One TXT for each way to a server."""
    assert shown(item_records((Value(1, "HS_SITE", SITE),), TXT, (b"88",), NOW))[3] == '"HS_SITE=tcp://[2001:db8::1]:2641"'


def test_a_damaged_site_has_no_servers() -> None:
    """Somebody else's octets do not break the answer."""
    assert servers_of((Value(1, "HS_SITE", SITE[:-1]),), NOW) == []
