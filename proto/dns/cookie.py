"""DNS cookies: an asker that shows one was reached at its address before (RFC 7873, RFC 9018).

The server's part is version 1 of RFC 9018: SipHash-2-4 over the client's part, the time and the address, so that every
process and every node that knows the secret accepts it.
"""

from __future__ import annotations

import hmac
import struct

CLIENT_BYTES = 8
SECRET_BYTES = 16
AGE_S_MAX = 3_600  # RFC 9018 §4.3
AHEAD_S_MAX = 300  # clocks of servers that share a secret

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_VERSION = b"\x01\x00\x00\x00"
_U32 = struct.Struct(">I")


def make_cookie(client: bytes, address: bytes, secret: bytes, now: int) -> bytes:
    """The whole cookie, 24 octets, to put into a response.

    Args:
        client: the first CLIENT_BYTES of the asker's cookie.
        address: of the asker, packed.
        secret: SECRET_BYTES.
        now: unix time.
    """
    head = client + _VERSION + _U32.pack(now & 0xFFFF_FFFF)
    return head + siphash24(secret, head + address)


def is_good_cookie(cookie: bytes, address: bytes, secret: bytes, now: int) -> bool:
    """Whether a cookie that came was made here for this address, lately."""
    if len(cookie) != 24 or cookie[8:12] != _VERSION:
        return False
    age_s = ((now - _U32.unpack_from(cookie, 12)[0] + 2**31) & 0xFFFF_FFFF) - 2**31
    if not -AHEAD_S_MAX <= age_s <= AGE_S_MAX:
        return False
    return hmac.compare_digest(siphash24(secret, cookie[:16] + address), cookie[16:])


def siphash24(key: bytes, octets: bytes) -> bytes:
    """SipHash-2-4 with 64 bits of output, in the order of octets the reference code writes."""
    k0, k1 = (int.from_bytes(half, "little") for half in (key[:8], key[8:]))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    whole = len(octets) & ~7
    words = list(struct.unpack_from(f"<{whole // 8}Q", octets))
    words.append(int.from_bytes(octets[whole:], "little") | (len(octets) & 0xFF) << 56)
    for word in words:
        v[3] ^= word
        _round(v)
        _round(v)
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        _round(v)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


def _round(v: list[int]) -> None:
    v0, v1, v2, v3 = v
    v0 = (v0 + v1) & _MASK
    v1 = (v1 << 13 | v1 >> 51) & _MASK ^ v0
    v0 = (v0 << 32 | v0 >> 32) & _MASK
    v2 = (v2 + v3) & _MASK
    v3 = (v3 << 16 | v3 >> 48) & _MASK ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = (v3 << 21 | v3 >> 43) & _MASK ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = (v1 << 17 | v1 >> 47) & _MASK ^ v2
    v2 = (v2 << 32 | v2 >> 32) & _MASK
    v[:] = (v0, v1, v2, v3)
