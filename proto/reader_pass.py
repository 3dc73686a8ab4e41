"""A pass: who asks for one identifier, said by himself for a minute, and carried through recursion in authBytes.

    authBytes = "idis-pass." ‖ base64url of msgpack [1, identity, audience, expires, digest name, signature]
    signed    = "idis-pass-v1\\0" ‖ msgpack [1, identity, audience, expires]

A recursive node passes it on as it is and keeps nothing of the answer. The node that answers finds the key of the identity as
for a challenge and decides as if its owner had asked it. A pass is worth one identifier for a minute, never the key: whoever
sees one on its way could at most see the answer that goes back the same way. It is text, so that it fits wherever a token does.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import msgpack

from idis.proto.errors import ProtocolError

PASS_S = 60  # how long a pass is good
PASS_SKEW_S = 60  # by how much the two clocks may differ
PASS_BYTES_MAX = 4_096  # an identifier, an identity, an RSA signature
_HEAD = b"idis-pass."
_SIGNED_HEAD = b"idis-pass-v1\x00"
_FORM = 1
_DIGEST_NAME_CHARACTERS_MAX = 32


@dataclass(frozen=True, slots=True)
class ReaderPass:
    """Who asks for what, until when.

    Attributes:
        identity: `300:88.1/zhang`, as its owner spells it.
        audience: the identifier asked for, as `statement.stored_spelling` gives it.
        expires: unix time.
        digest_name: of the signature, as an answer to a challenge names it.
    """

    identity: str
    audience: str
    expires: int
    digest_name: str = ""
    signature: bytes = b""

    def octets(self) -> bytes:
        """What is signed."""
        packed: bytes = msgpack.packb([_FORM, self.identity, self.audience, self.expires])
        return _SIGNED_HEAD + packed

    def encode(self) -> bytes:
        """The authBytes."""
        fields = [_FORM, self.identity, self.audience, self.expires, self.digest_name, self.signature]
        return _HEAD + base64.urlsafe_b64encode(msgpack.packb(fields)).rstrip(b"=")

    def current(self, now: int) -> bool:
        """Whether it is good now, clocks differing by no more than PASS_SKEW_S."""
        return now - PASS_SKEW_S <= self.expires <= now + PASS_S + PASS_SKEW_S


def is_pass(auth: bytes) -> bool:
    """Whether authBytes are a pass, as far as their beginning tells."""
    return auth.startswith(_HEAD)


def decode_pass(auth: bytes) -> ReaderPass:
    """Read a pass.

    Raises:
        ProtocolError: it is none.
    """
    try:
        if len(auth) > PASS_BYTES_MAX or not is_pass(auth):
            raise ValueError("no pass")
        text = auth[len(_HEAD) :]
        packed = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        form, identity, audience, expires, digest_name, signature = msgpack.unpackb(
            packed, max_array_len=6, max_map_len=0, max_ext_len=0
        )
        if form != _FORM or isinstance(expires, bool) or not isinstance(expires, int) or not isinstance(signature, bytes):
            raise ValueError("another form")
        if not all(isinstance(text, str) for text in (identity, audience, digest_name)):
            raise ValueError("another form")
        if not 0 <= expires < 2**63 or len(digest_name) > _DIGEST_NAME_CHARACTERS_MAX:
            raise ValueError("out of range")
    except (ValueError, TypeError, binascii.Error, msgpack.UnpackException):
        raise ProtocolError("no pass of a reader", offset=0) from None
    return ReaderPass(identity, audience, expires, digest_name, signature)
