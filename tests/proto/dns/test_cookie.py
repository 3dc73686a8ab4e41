"""Cookies, held against the test vectors of RFC 9018 appendix A and of SipHash."""

import pytest

from idis.proto.dns.cookie import is_good_cookie, make_cookie, siphash24

SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
CLIENT = bytes.fromhex("2464c4abcf10c957")
ADDRESS = bytes((198, 51, 100, 100))
MADE = bytes.fromhex("2464c4abcf10c957 010000005cf79f11 1f8130c3eee29480")
MADE_AT = 1_559_731_985


def test_a_cookie_is_that_of_the_standard() -> None:
    """RFC 9018 A.1: the first cookie a client learns."""
    assert make_cookie(CLIENT, ADDRESS, SECRET, MADE_AT) == MADE


def test_a_cookie_is_good_for_its_address_for_an_hour() -> None:
    """The same octets, shown again in time."""
    assert is_good_cookie(MADE, ADDRESS, SECRET, MADE_AT + 3_600)


@pytest.mark.parametrize(
    ("cookie", "address", "now"),
    [
        (MADE, bytes((198, 51, 100, 101)), MADE_AT),
        (MADE, ADDRESS, MADE_AT + 3_601),
        (MADE, ADDRESS, MADE_AT - 301),
        (MADE[:-1] + b"\x81", ADDRESS, MADE_AT),
        (CLIENT, ADDRESS, MADE_AT),
        (MADE[:8] + b"\x02" + MADE[9:], ADDRESS, MADE_AT),
    ],
)
def test_a_cookie_of_another_address_time_or_kind_is_none(cookie: bytes, address: bytes, now: int) -> None:
    """Whatever does not fit exactly proves nothing."""
    assert not is_good_cookie(cookie, address, SECRET, now)


def test_the_hash_is_siphash() -> None:
    """The vector of the paper: fifteen octets under the key 00 to 0f."""
    assert siphash24(bytes(range(16)), bytes(range(15))) == bytes.fromhex("e545be4961ca29a1")
