"""Site records: octets, addresses, limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.site import (
    Interface,
    Server,
    Site,
    decode_address,
    decode_site,
    encode_address,
    encode_site,
)

SERVER = "00000001 0000000000000000000000007f000001 00000000 00000001 03 01 000025aa"
OCTETS = bytes.fromhex(
    "0001 020a 0001 80 02 00000000 00000001 00000004 64657363 00000004 6d6f636b 00000001" + SERVER,
)
SITE = Site(
    version=(2, 10),
    attributes=(("desc", "mock"),),
    servers=(Server(1, "127.0.0.1", b"", (Interface(3, 1, 9642),)),),
)
ODD_OCTETS = bytes.fromhex(
    "0002 030c fffe 7f 09 00000002 aabb 00000000 00000001"
    "ffffffff 20010db8000000000000000000000001 00000002 ccdd 00000002 01 00 00000a51 02 03 00001f40"
)
ODD = Site(
    2,
    (3, 12),
    0xFFFE,
    primary=False,
    multi_primary=True,
    hash_option=9,
    hash_filter=b"\xaa\xbb",
    servers=(Server(2**32 - 1, "2001:db8::1", b"\xcc\xdd", (Interface(1, 0, 2641), Interface(2, 3, 8000))),),
    other_flags=0x3F,
)


@pytest.mark.parametrize(("octets", "site"), [(OCTETS, SITE), (ODD_OCTETS, ODD)])
def test_a_site_both_ways(octets: bytes, site: Site) -> None:
    """Every field, unknown bits included, has its place."""
    assert decode_site(octets) == site
    assert encode_site(site) == octets


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        ("127.0.0.1", "0000000000000000000000007f000001"),
        ("0.0.0.0", "00000000000000000000000000000000"),
        ("::1", "00000000000000000000000000000001"),
        ("2001:db8::7", "20010db8000000000000000000000007"),
        ("::ffff:192.0.2.1", "00000000000000000000ffffc0000201"),
    ],
)
def test_addresses(address: str, octets: str) -> None:
    """IPv4 stands in the last four of sixteen octets; the IPv6 loopback is not mistaken for it."""
    assert encode_address(address) == bytes.fromhex(octets)
    assert decode_address(encode_address(decode_address(bytes.fromhex(octets)))) == decode_address(bytes.fromhex(octets))


def test_an_address_is_shown_as_people_write_it() -> None:
    """The shortest usual form."""
    shown = [
        decode_address(bytes.fromhex(octets)) for octets in ("00" * 12 + "c0000201", "00" * 15 + "01", "20010db8" + "00" * 12)
    ]

    assert shown == ["192.0.2.1", "::1", "2001:db8::"]


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "fe80::1%eth0", "1.2.3.4:80"])
def test_what_is_no_address(address: str) -> None:
    """Names, zones and ports have no octets."""
    with pytest.raises(DataError):
        encode_address(address)


def test_octets_after_the_last_server_are_refused() -> None:
    """Existing software refuses them, too."""
    with pytest.raises(ProtocolError, match="after the last server"):
        decode_site(OCTETS + b"\x00")


@pytest.mark.parametrize("octets", [OCTETS[:size] for size in range(len(OCTETS))])
def test_a_cut_site_is_refused(octets: bytes) -> None:
    """Every proper beginning is."""
    with pytest.raises(ProtocolError):
        decode_site(octets)


@pytest.mark.parametrize(
    "octets",
    [
        "0001 020a 0001 80 02 00000000 00000041" + "00000000 00000000" * 65 + "00000000",
        "0001 020a 0001 80 02 00000000 00000000 00000041" + SERVER * 65,
        "0001 020a 0001 80 02 00000000 00000000 00000001"
        + SERVER[: -len("00000001 03 01 000025aa")]
        + "00000011"
        + "03 01 000025aa" * 17,
    ],
)
def test_too_much_of_anything_is_refused(octets: str) -> None:
    """Attributes, servers and interfaces are bounded."""
    with pytest.raises(ProtocolError, match="at most"):
        decode_site(bytes.fromhex(octets))


def test_an_attribute_is_found_by_name() -> None:
    """The first of that name, or nothing."""
    assert (SITE.attribute("desc"), SITE.attribute("path")) == ("mock", None)


@given(st.binary(max_size=120), st.integers(0, 70))
def test_garbage_is_refused_or_read(octets: bytes, at: int) -> None:
    """Only the documented error comes out; what is read encodes to the same octets."""
    mixed = OCTETS[:at] + octets
    try:
        site = decode_site(mixed)
    except ProtocolError:
        return

    assert encode_site(site) == mixed
