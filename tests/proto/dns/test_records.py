"""The data of records, octet for octet."""

import pytest

from idis.proto.dns.records import NAPTR, SRV, TXT, URI, Rr, Soa, data_text, naptr, read_naptr, srv, txt, uri
from idis.proto.errors import DataError, ProtocolError


def test_a_naptr_is_laid_out_as_its_standard_says() -> None:
    """RFC 3403 §4.1: order, preference, three strings, a whole name."""
    data = naptr(100, 1, b"U", b"idis+url", b"!^.*$!http://x!")

    assert data == bytes.fromhex("0064 0001 01 55 08 696469732b75726c 0f 215e2e2a2421687474703a2f2f7821 00")


def test_an_srv_names_its_target_whole() -> None:
    """RFC 2782: priority, weight, port, name without compression."""
    assert srv(1, 2, 2641, (b"_s1", b"x")) == bytes.fromhex("0001 0002 0a51 03 5f7331 01 78 00")


def test_a_uri_is_not_a_string() -> None:
    """RFC 7553 §4.5: the target has no length of its own."""
    assert uri(1, 1, b"http://x") == bytes.fromhex("0001 0001 687474703a2f2f78")


def test_a_long_text_is_cut_into_strings() -> None:
    """RFC 1035 §3.3.14: 255 octets each."""
    assert txt(b"a" * 256) == b"\xff" + b"a" * 255 + b"\x01a"


def test_a_soa_ends_with_its_times() -> None:
    """RFC 1035 §3.3.13; the last is how long absence is believed."""
    data = Soa((b"n",), (b"h",), 7, 60).data

    assert data == bytes.fromhex("01 6e 00 01 68 00 00000007 00000e10 00000258 00093a80 0000003c")


def test_a_string_that_is_too_long_is_refused() -> None:
    """One octet counts its length."""
    with pytest.raises(DataError):
        naptr(1, 1, b"U", b"s", b"x" * 256)


@pytest.mark.parametrize(
    ("kind", "data", "shown"),
    [
        (TXT, "03 612262", '"a\\"b"'),
        (SRV, "0001 0002 0a51 01 78 00", "1 2 2641 x."),
        (NAPTR, "0064 0001 01 55 01 73 01 78 00", '100 1 "U" "s" "x" .'),
        (URI, "0001 0001 7831", '1 1 "x1"'),
        (1, "7f000001", "127.0.0.1"),
        (2, "01 6e 00", "n."),
        (99, "ab", "\\# 1 ab"),
    ],
)
def test_data_is_shown_as_tools_do(kind: int, data: str, shown: str) -> None:
    """The form of zone files."""
    assert data_text(Rr((), kind, 0, bytes.fromhex(data))) == shown


def test_damaged_data_is_refused() -> None:
    """A string that runs past its record."""
    with pytest.raises(ProtocolError):
        data_text(Rr((), TXT, 0, b"\x05ab"))


def test_naptr_records_are_read() -> None:
    """Numbers, strings, and the name behind them; what ends too early is none."""
    octets = bytes.fromhex("0064 0001 01 55 01 73 01 78 01 6e 00")

    assert read_naptr(octets) == (100, 1, b"U", b"s", b"x", (b"n",))
    for end in range(len(octets)):
        with pytest.raises(ProtocolError):
            read_naptr(octets[:end])
