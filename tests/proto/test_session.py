"""Sessions: keys, counters and what is encrypted."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.message import Message, Version, decode_message
from idis.proto.session import (
    COUNTERS_KEPT,
    DES,
    OAKLEY_PRIME,
    CounterWindow,
    ExchangeOffer,
    decode_exchange_offer,
    derive_keys,
    encode_chosen_key,
    needs_counter,
    oakley_public_key,
    read_chosen_key,
    sealed_frame,
    sealed_octets,
    shared_secret,
    unsealed_frame,
)
from idis.proto.types.pubkey import DH, DSA, PublicKey

Vector = Callable[[str], bytes]

KEY_OCTETS = "0000000a 44485f5055425f4b4559 0000 00000001 05 00000001 17 00000001 02"
KEY = PublicKey(DH, (5, 23, 2))


def test_both_sides_arrive_at_one_secret() -> None:
    """Each side's public key and the other's secret give the same octets."""
    one, other = 2**255 + 12_345, 2**254 + 999

    assert shared_secret(oakley_public_key(one), other) == shared_secret(oakley_public_key(other), one)


@pytest.mark.parametrize(
    "key",
    [
        PublicKey(DH, (1, OAKLEY_PRIME, 2)),
        PublicKey(DH, (0, OAKLEY_PRIME, 2)),
        PublicKey(DH, (OAKLEY_PRIME - 1, OAKLEY_PRIME, 2)),
        PublicKey(DH, (OAKLEY_PRIME + 5, OAKLEY_PRIME, 2)),
        PublicKey(DH, (5, 23, 2)),
        PublicKey(DH, (5, OAKLEY_PRIME, 1)),
    ],
)
def test_unsafe_keys_are_refused(key: PublicKey) -> None:
    """Values that give the secret away, and groups we do not know."""
    with pytest.raises(ProtocolError) as refused:
        shared_secret(key, 3)

    assert refused.value.code == 502


@pytest.mark.parametrize(
    ("secret", "mac"),
    [
        (bytes(range(1, 65)), bytes(range(1, 33))),
        (bytes(3) + bytes(range(1, 62)), bytes(range(1, 33))),
        (bytes(40) + bytes(range(1, 25)), bytes(8) + bytes(range(1, 25))),
    ],
)
def test_session_keys(secret: bytes, mac: bytes) -> None:
    """Leading zeros are left out while more than 32 octets remain; the cipher takes the first 16."""
    keys = derive_keys(secret)

    assert (keys.mac, keys.cipher) == (mac, mac[:16])


@pytest.mark.parametrize(("secret", "cipher", "code"), [(bytes(64), 1, 501), (bytes(64), 4, 501), (bytes(31), 3, 502)])
def test_keys_refused(secret: bytes, cipher: int, code: int) -> None:
    """DES, and SM4 with its key as initialisation vector, are not offered; a short secret gives no keys."""
    with pytest.raises(ProtocolError) as refused:
        derive_keys(secret, cipher)

    assert refused.value.code == code


def test_a_counter_is_taken_once() -> None:
    """A message seen already is rejected, in whatever order messages come."""
    window = CounterWindow()

    assert [window.accept(counter) for counter in (5, 3, 5, 4, 3)] == [True, True, False, True, False]


def test_counter_zero_is_not_checked() -> None:
    """It says that the peer does not count."""
    window = CounterWindow()

    assert [window.accept(0), window.accept(0)] == [True, True]


def test_a_counter_older_than_the_window_is_rejected() -> None:
    """Below the oldest kept nobody can tell whether it was seen; above it a late one is still new."""
    window = CounterWindow()
    for counter in range(10, 2 * COUNTERS_KEPT + 10, 2):
        window.accept(counter)

    assert (window.accept(9), window.accept(13), window.accept(13)) == (False, True, False)


@given(st.lists(st.integers(1, 500), max_size=600))
def test_no_counter_is_ever_taken_twice(counters: list[int]) -> None:
    """Whatever the order, replay is rejected."""
    window = CounterWindow()
    taken = [counter for counter in counters if window.accept(counter)]

    assert len(taken) == len(set(taken))


@pytest.mark.parametrize(
    ("version", "octets", "offer"),
    [((2, 4), "00000003" + KEY_OCTETS, ExchangeOffer(3, KEY)), ((2, 3), KEY_OCTETS, ExchangeOffer(DES, KEY))],
)
def test_exchange_offer(version: Version, octets: str, offer: ExchangeOffer) -> None:
    """The cipher is said from 2.4 on."""
    assert decode_exchange_offer(bytes.fromhex(octets), version) == offer
    assert offer.encode(version) == bytes.fromhex(octets)


def test_an_offer_of_another_key_is_refused() -> None:
    """Only Diffie-Hellman is exchanged."""
    dsa = "0000000b 4453415f5055425f4b4559 0000" + "00000001 05" * 4
    with pytest.raises(ProtocolError):
        decode_exchange_offer(bytes.fromhex("00000003" + dsa), (2, 11))

    assert len(bytes.fromhex(dsa)) == 4 + len(DSA) + 2 + 20


def test_sealing_replaces_the_message(vector: Vector) -> None:
    """Only the flag and the length of the envelope change, and unsealing gives the frame back."""
    frame = vector("e1_resolution_request")
    sealed = sealed_frame(frame, bytes(96))

    assert sealed[:20] == bytes.fromhex("0203420b 00000000 134b6a8b 00000000 00000060")
    assert unsealed_frame(sealed, sealed_octets(frame)) == frame


def test_unsealed_garbage_is_no_message(vector: Vector) -> None:
    """Too short for a header: the session has failed."""
    with pytest.raises(ProtocolError) as refused:
        unsealed_frame(sealed_frame(vector("e1_resolution_request"), bytes(32)), bytes(23))

    assert refused.value.code == 501


def test_unsealing_is_not_trusted(vector: Vector) -> None:
    """What comes out is decoded like anything a peer sends."""
    frame = unsealed_frame(sealed_frame(vector("e1_resolution_request"), bytes(32)), b"\xff" * 24)

    with pytest.raises(ProtocolError):
        decode_message(frame)


@pytest.mark.parametrize(("version", "counted"), [((2, 4), False), ((2, 5), True), ((3, 0), True)])
def test_counters_came_with_2_5(version: Version, counted: bool) -> None:
    """Older peers do not count."""
    assert needs_counter(Message(1, version=version)) is counted


def test_a_chosen_key_says_its_cipher() -> None:
    """The number of AES in front."""
    assert encode_chosen_key(b"\x11" * 32) == b"\x00\x00\x00\x03" + b"\x11" * 32


@pytest.mark.parametrize("size", [16, 32])
def test_a_chosen_key_is_read(size: int) -> None:
    """All of it makes codes, the first 16 octets encrypt."""
    keys = read_chosen_key(b"\x00\x00\x00\x03" + bytes(range(size)))

    assert keys is not None
    assert (keys.mac, keys.cipher) == (bytes(range(size)), bytes(range(16)))


@pytest.mark.parametrize("octets", ["", "00000003", "00000001" + "00" * 16, "00000003" + "00" * 24, "00" * 32])
def test_what_is_no_chosen_key(octets: str) -> None:
    """Another cipher, another length, or nothing."""
    assert read_chosen_key(bytes.fromhex(octets)) is None
