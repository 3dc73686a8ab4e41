"""The octets a signature or message authentication code covers, by version, and the code itself (`wire.md` §3).

Between 2.5 and 2.6 the original software wrote three integers at wrong places. Nobody should rely on such a credential;
`covered_octets` has none for those versions, and a caller refuses the message.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from idis.proto.credential import MAC, Credential, mac_digest_name
from idis.proto.message import Message, encode_header

_SINCE_2_8 = struct.Struct(">BBBBIII")
_SINCE_2_7 = struct.Struct(">BBIII")


def covered_octets(message: Message, session_counter: int = 0, *, mac: bool = False) -> bytes | None:
    """What a signature (or, with `mac`, an authentication code) of the message covers; None when it cannot be relied on.

    Args:
        message: the message; its credential plays no part.
        session_counter: the counter of the credential, 0 outside sessions.
        mac: the octets an authentication code covers, which differ from a signature's in old versions.
    """
    content = encode_header(message) + message.body
    if message.version >= (2, 8):
        ids = (message.session_id, message.request_id, session_counter)
        return _SINCE_2_8.pack(*message.version, *message.suggested, *ids) + content
    if message.version >= (2, 7):
        return _SINCE_2_7.pack(*message.version, message.session_id, message.request_id, session_counter) + content
    if message.version < ((2, 5) if mac else (2, 6)):
        return content
    return None


def make_mac(message: Message, session_counter: int, key: bytes) -> Credential | None:
    """The authentication code of a message under a session key; None in versions whose codes cannot be relied on."""
    octets = covered_octets(message, session_counter, mac=True)
    if octets is None:
        return None
    code = _mac(message, octets, key)
    return Credential(type=MAC, digest_name=mac_digest_name(message.version), signature=code, session_counter=session_counter)


def verify_mac(message: Message, credential: Credential, key: bytes) -> bool:
    """Whether the credential is the message's authentication code under the session key, compared in constant time."""
    octets = covered_octets(message, credential.session_counter, mac=True)
    if octets is None or not credential.is_mac:
        return False
    return hmac.compare_digest(_mac(message, octets, key), credential.signature)


def _mac(message: Message, octets: bytes, key: bytes) -> bytes:
    if message.version >= (2, 7):
        return hmac.new(key, octets, "sha256").digest()
    return hashlib.sha1(key + octets + key, usedforsecurity=False).digest()
