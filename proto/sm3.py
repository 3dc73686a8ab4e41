"""The SM3 digest (GB/T 32905-2016), which IDIS identities sign with.

`sm3` uses the platform's OpenSSL where it offers the algorithm; `sm3_plain` is its twin for platforms that do not.
"""

from __future__ import annotations

import hashlib
import struct

_MASK = 0xFFFF_FFFF
_INITIAL = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)
_BLOCK = struct.Struct(">16I")
_DIGEST = struct.Struct(">8I")


def sm3(octets: bytes) -> bytes:
    """The 32-octet SM3 digest."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", octets).digest()
    return sm3_plain(octets)


def sm3_plain(octets: bytes) -> bytes:
    """The 32-octet SM3 digest in plain Python; the same as `sm3`, slower."""
    padded = octets + b"\x80" + bytes((55 - len(octets)) % 64) + struct.pack(">Q", len(octets) * 8)
    state: tuple[int, ...] = _INITIAL
    for at in range(0, len(padded), 64):
        state = _compress(state, _BLOCK.unpack_from(padded, at))
    return _DIGEST.pack(*state)


def _rotate(word: int, bits: int) -> int:
    bits %= 32
    return ((word << bits) | (word >> (32 - bits))) & _MASK


def _compress(state: tuple[int, ...], block: tuple[int, ...]) -> tuple[int, ...]:
    words = _expand(block)
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        first = j < 16
        constant = 0x79CC4519 if first else 0x7A879D8A
        s1 = _rotate((_rotate(a, 12) + e + _rotate(constant, j)) & _MASK, 7)
        s2 = s1 ^ _rotate(a, 12)
        majority = a ^ b ^ c if first else (a & b) | (a & c) | (b & c)
        choice = e ^ f ^ g if first else (e & f) | (~e & _MASK & g)
        t1 = (majority + d + s2 + (words[j] ^ words[j + 4])) & _MASK
        t2 = (choice + h + s1 + words[j]) & _MASK
        a, b, c, d = t1, a, _rotate(b, 9), c
        e, f, g, h = t2 ^ _rotate(t2, 9) ^ _rotate(t2, 17), e, _rotate(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _expand(block: tuple[int, ...]) -> list[int]:
    words = list(block)
    for j in range(16, 68):
        mixed = words[j - 16] ^ words[j - 9] ^ _rotate(words[j - 3], 15)
        mixed ^= _rotate(mixed, 15) ^ _rotate(mixed, 23)
        words.append(mixed ^ _rotate(words[j - 13], 7) ^ words[j - 6])
    return words
