"""How a node proves over REST that it is the one whose key stands in its HS_SITE (`wire.md` §15)."""

from __future__ import annotations

import base64

from idis.resolver.admin.server_key import ServerKey
from idis.resolver.guard.rates import BURST_S, Buckets

# A signature costs the loop half a millisecond, and anybody may ask for one.
PER_SOURCE_PER_S = 5
PER_S = 50
_EVERYBODY = ""


class ServerProof:
    """Signs nonces of clients; `key` is None where the node signs nothing."""

    def __init__(self, key: ServerKey | None) -> None:
        self._key = key
        self._per_source = Buckets(PER_SOURCE_PER_S, PER_SOURCE_PER_S * BURST_S)
        self._in_all = Buckets(PER_S, PER_S * BURST_S)

    def sign(self, nonce: bytes, cnonce: bytes, host: str, now: float) -> dict[str, str]:
        """The fields that carry the signature over nonce ‖ cnonce; none where there is no key, or too many are wanted.

        Args:
            nonce: of the session.
            cnonce: of the client.
            host: by which its source is counted.
            now: monotonic seconds.
        """
        if self._key is None or not (self._per_source.take(host, now) and self._in_all.take(_EVERYBODY, now)):
            return {}
        signature = self._key.sign_octets(nonce + cnonce)
        return {"serverAlg": "SHA-256", "serverSignature": base64.b64encode(signature).decode("ascii")}
