"""Private key files: their layout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.private_key import (
    KeyFile,
    ObsoleteKey,
    PrivateKey,
    SealedKey,
    decode_key_file,
    encode_key_file,
)

CRT = "0000000f 5253415f505249564352545f4b4559"

CASES: list[tuple[str, KeyFile]] = [
    ("00000001" + CRT + "00000001 05" * 7 + "00000002 00ff", PrivateKey("RSA_PRIVCRT_KEY", (5,) * 7 + (255,))),
    ("00000001 0000000c 5253415f505249565f4b4559 00000001 07 00000001 03", PrivateKey("RSA_PRIV_KEY", (7, 3))),
    ("00000001 0000000c 4453415f505249565f4b4559" + "00000001 02" * 4 + "ff", PrivateKey("DSA_PRIV_KEY", (2,) * 4, b"\xff")),
    (
        "00000004 00000002 aabb 00002710 00000080 00000002 ccdd 00000002 eeff",
        SealedKey(b"\xaa\xbb", 10_000, 128, b"\xcc\xdd", b"\xee\xff"),
    ),
    ("00000002 aabb", ObsoleteKey(2, b"\xaa\xbb")),
]


@pytest.mark.parametrize(("octets", "key"), CASES)
def test_a_key_file_both_ways(octets: str, key: KeyFile) -> None:
    """Every form gives its fields and its octets."""
    assert decode_key_file(bytes.fromhex(octets)) == key
    assert encode_key_file(key) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "00000001",
        "00000001 00000001 41",
        "00000001" + CRT + "00000001 05",
        "00000001" + CRT + "00000802" + "00" * 0x802,
        "00000004 00000000 00989681 00000080 00000000 00000000",
        "00000004 00000000 00002710 00000081 00000000 00000000",
        "00000002" + "00" * 65_533,
    ],
)
def test_key_files_refused(octets: str) -> None:
    """Broken, unknown, too long, or asking for work without end."""
    with pytest.raises(ProtocolError):
        decode_key_file(bytes.fromhex(octets))


@pytest.mark.parametrize(("octets", "key"), CASES)
def test_a_key_does_not_show_itself(octets: str, key: KeyFile) -> None:
    """No number of the key stands in a log line."""
    assert "numbers" not in repr(key)
    assert "ciphertext" not in repr(key)
    assert "octets" not in repr(key)


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out."""
    try:
        key = decode_key_file(octets)
    except ProtocolError:
        return

    assert decode_key_file(encode_key_file(key)) == key
