"""Digests of requests: codes, names, both forms."""

from collections.abc import Callable

import pytest

from idis.proto.digest import (
    MD5,
    SHA1,
    SHA256,
    RequestDigest,
    algorithm_for,
    canonical_name,
    digest_by_name,
    digest_request,
    encode_request_digest,
    read_request_digest,
)
from idis.proto.errors import ProtocolError
from idis.proto.message import Version, decode_message
from idis.proto.wire import Reader

Vector = Callable[[str], bytes]

TWENTY = bytes(range(20))


def test_digest_of_the_login(vector: Vector) -> None:
    """SHA-256 of header and body without credential, as a recorded server computed it."""
    digest = digest_request(decode_message(vector("e7_idis_login")), (2, 10))

    assert digest == RequestDigest(SHA256, bytes.fromhex("0ada32f6cc675e9b593bfcdd258e8aa9cb352b1cd1b68f2773462c7e0536f7a8"))


@pytest.mark.parametrize(
    ("version", "algorithm"),
    [((2, 0), MD5), ((2, 1), SHA1), ((2, 6), SHA1), ((2, 7), SHA256), ((2, 11), SHA256), ((3, 0), SHA256)],
)
def test_algorithm_by_version(version: Version, algorithm: int) -> None:
    """SHA-256 from 2.7, SHA-1 from 2.1, MD5 before."""
    assert algorithm_for(version) == algorithm


@pytest.mark.parametrize(
    ("octets", "digest"),
    [
        (b"\x02" + TWENTY, RequestDigest(SHA1, TWENTY)),
        (b"\x01" + TWENTY[:16], RequestDigest(MD5, TWENTY[:16])),
        (b"\x00\x00\x00\x10" + TWENTY[:16], RequestDigest(MD5, TWENTY[:16])),
        (b"\x00\x00\x00\x14" + TWENTY, RequestDigest(SHA1, TWENTY)),
    ],
)
def test_both_forms_are_read(octets: bytes, digest: RequestDigest) -> None:
    """With its algorithm in front, or as bytes whose length tells it."""
    assert read_request_digest(Reader(octets)) == digest


@pytest.mark.parametrize("octets", ["", "01", "02 00", "04" + "00" * 64, "ff", "00000003 000000", "00000010 00"])
def test_digests_refused(octets: str) -> None:
    """An unknown algorithm has no length, so nothing behind it could be found."""
    with pytest.raises(ProtocolError):
        read_request_digest(Reader(bytes.fromhex(octets)))


@pytest.mark.parametrize(("version", "octets"), [((2, 1), b"\x02" + TWENTY), ((2, 0), b"\x00\x00\x00\x14" + TWENTY)])
def test_encoding_by_version(version: Version, octets: bytes) -> None:
    """The 2.0 form has a length in place of the algorithm."""
    assert encode_request_digest(RequestDigest(SHA1, TWENTY), version) == octets


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("SHA256", "SHA-256"),
        ("sha-256", "SHA-256"),
        ("SHA-1", "SHA1"),
        ("\x02", "SHA1"),
        ("\x03", "SHA-256"),
        ("md5", "MD5"),
        ("SM3", "SM3"),
        ("SHA3", "SHA3"),
    ],
)
def test_names_of_digests(written: str, name: str) -> None:
    """Every spelling peers use has one of ours; an unknown one is kept."""
    assert canonical_name(written) == name


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("MD5", "900150983cd24fb0d6963f7d28e17f72"),
        ("SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("SM3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    ],
)
def test_digests_of_abc(name: str, digest: str) -> None:
    """Published test values."""
    found = digest_by_name(name, b"abc")

    assert found is not None
    assert found.hex() == digest


def test_an_unknown_digest_is_none() -> None:
    """Nobody guesses."""
    assert digest_by_name("WHIRLPOOL", b"abc") is None
