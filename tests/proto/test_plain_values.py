"""Plain values: both ways of splitting them give the same, and nothing that means more is taken for plain."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto import speedups
from idis.proto.plain_values import PLAIN_VALUES_MAX, TYPES_KNOWN_MAX, PlainTypes, Split, split_plain, split_plain_in_python

NOW = 0x6B0042B3
# rights 0fff, "88.1/a", index 300
ADMIN = bytes.fromhex("0fff 00000006 38382e312f61 0000012c")

BOTH = [pytest.param(split_plain_in_python, id="python")]
if speedups.LOADED == speedups.COMPILED:
    BOTH.append(pytest.param(split_plain, id="compiled"))


def value(index: int, name: bytes, data: bytes, permissions: int = 14, ttl: int = 86_400, ttl_type: int = 0) -> bytes:
    """One value without references and timestamp."""
    fixed = struct.pack(">IIBIB", index, 0, ttl_type, ttl, permissions)
    return fixed + struct.pack(">I", len(name)) + name + struct.pack(">I", len(data)) + data + bytes(4)


def array(*values: bytes) -> bytes:
    """A counted array."""
    return struct.pack(">I", len(values)) + b"".join(values)


def split(way: Split, octets: bytes, value_bytes_max: int = 1_000) -> tuple[bytes, bytes, int] | None:
    """What one way makes of octets, with nothing known before."""
    types = PlainTypes()
    return way(octets, NOW, value_bytes_max, types.types, types.admins, types.judge)


@pytest.mark.parametrize("way", BOTH)
def test_values_are_stamped_and_split(way: Split):
    """Public and hidden ones keep their order; the shortest public lifetime counts."""
    octets = bytes.fromhex(
        "00000003"
        "00000001 00000000 00 00015180 0e 00000003 55524c 00000001 61 00000000"
        "00000002 00000000 00 00000001 0c 00000003 6b6579 00000000 00000000"
        "000007d0 00000000 00 0000003c 0e 00000001 78 00000001 62 00000000"
    )
    public = bytes.fromhex(
        "00000002"
        "00000001 6b0042b3 00 00015180 0e 00000003 55524c 00000001 61 00000000"
        "000007d0 6b0042b3 00 0000003c 0e 00000001 78 00000001 62 00000000"
    )
    hidden = bytes.fromhex("00000001 00000002 6b0042b3 00 00000001 0c 00000003 6b6579 00000000 00000000")

    assert split(way, octets) == (public, hidden, 60)


@pytest.mark.parametrize("way", BOTH)
def test_an_administrator_is_plain(way: Split):
    """Most records name one."""
    assert split(way, array(value(100, b"HS_ADMIN", ADMIN))) is not None


@pytest.mark.parametrize("way", BOTH)
@pytest.mark.parametrize(
    "octets",
    [
        b"",
        array(),
        array(value(0, b"a", b"")),
        array(value(2**31, b"a", b"")),
        array(value(1000, b"a", b"")),
        array(value(1001, b"a", b"")),
        array(value(2, b"a", b""), value(1, b"a", b"")),
        array(value(1, b"a", b""), value(1, b"a", b"")),
        array(value(1, b"a", b"", ttl_type=1)),
        array(value(1, b"a", b"", permissions=16)),
        array(value(1, b"", b"")),
        array(value(1, b"a b", b"")),
        array(value(1, b"\xff", b"")),
        array(value(1, b"a" * 256, b"")),
        array(value(1, b"hs_site", b"")),
        array(value(1, b"HS_SECKEY", b"", permissions=12)),
        array(value(1, b"recallFlag", b"stop")),
        array(value(1, b"IDIS.READERS", b"")),
        array(value(1, b"HS_ADMIN", ADMIN[:-1])),
        array(value(1, b"HS_ADMIN", b"")),
        array(value(1, ADMIN, b"")),
        array(value(1, b"HS_ADMIN\x00\x00\x00\x10" + ADMIN, b"")),
        array(value(1, b"a", bytes(1_001))),
        array(value(1, b"a", b"")) + b"\0",
        array(value(1, b"a", b""))[:-1],
        array(*(value(index, b"a", b"") for index in range(1, PLAIN_VALUES_MAX + 2))),
        array(value(1, b"a", b""))[:-4] + bytes.fromhex("00000001 00000000 00000001"),
        struct.pack(">I", 2**32 - 1) + value(1, b"a", b""),
    ],
)
def test_what_is_not_plain_is_left_alone(way: Split, octets: bytes):
    """Whatever needs a decision, and whatever is not whole."""
    assert split(way, octets) is None


names = st.sampled_from((b"URL", b"x", b"HS_ADMIN", b"HS_SITE", b"", "钢板".encode(), ADMIN))
values = st.builds(
    value,
    index=st.sampled_from((1, 2, 3, 100, 1000, 2000, 2**31 - 1, 2**31)),
    name=names,
    data=st.sampled_from((b"", b"x", ADMIN, bytes(1_000), bytes(1_001))),
    permissions=st.integers(0, 17),
    ttl=st.sampled_from((0, 60, 86_400, 2**32 - 1)),
    ttl_type=st.sampled_from((0, 0, 0, 1)),
)


@pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the extension is not there")
@given(st.lists(values, max_size=5), st.integers(0, 40), st.binary(max_size=3), st.integers(0, 200))
def test_both_ways_agree(given_values: list[bytes], cut: int, noise: bytes, at: int):
    """Over whole arrays, cut ones and ones with octets changed."""
    octets = array(*given_values)
    changed = octets[:at] + noise + octets[at + len(noise) :]

    for one in (octets, octets[:-cut], changed):
        assert split(split_plain, one) == split(split_plain_in_python, one)


def test_what_is_remembered_is_bounded():
    """A stream of types nobody knows does not fill the memory."""
    types = PlainTypes()
    for number in range(TYPES_KNOWN_MAX + 10):
        types.judge(b"t%d" % number, False)
    types.judge(b"t" * 100_000, False)

    assert len(types.types) <= TYPES_KNOWN_MAX
    assert max(map(len, types.types)) < 100
