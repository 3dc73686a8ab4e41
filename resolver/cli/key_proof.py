"""Who asks a node over HTTPS, proved by a private key in a session of the REST interface (`wire.md` §15)."""

from __future__ import annotations

import base64
import secrets

from idis.proto import digest as digests
from idis.proto.challenge import HS_PUBKEY, Challenge, decode_public_key_answer
from idis.proto.digest import RequestDigest
from idis.proto.errors import ProtocolError
from idis.proto.message import PROTOCOL_VERSION
from idis.resolver.cli.output import CommandError
from idis.resolver.cli.web_client import WebClient
from idis.resolver.client_key import Key

_BASE = "/api"
_CNONCE_BYTES = digests.DIGEST_BYTES[digests.SHA256]  # it stands where the digest of a request stands


def prove(node: WebClient, key: Key) -> None:
    """Have all that is asked from now on asked as the identity of a key. Raises CommandError."""
    begun = node.ask("POST", ("sessions",), base=_BASE).document
    cnonce = secrets.token_bytes(_CNONCE_BYTES)
    try:
        challenge = Challenge(0, base64.b64decode(begun["nonce"]), RequestDigest(digests.SHA256, cnonce))
        answer = decode_public_key_answer(key.answer(challenge, PROTOCOL_VERSION).answer)
    except (KeyError, TypeError, ValueError, ProtocolError):
        raise CommandError(f"what answers at {node.url} begins no session") from None
    fields = {
        "version": "0",
        "sessionId": begun["sessionId"],
        "id": key.identity,
        "type": HS_PUBKEY,
        "cnonce": base64.b64encode(cnonce).decode("ascii"),
        "alg": answer.digest_name,
        "signature": base64.b64encode(answer.signature).decode("ascii"),
    }
    node.authorization = "Handle " + ", ".join(f'{name}="{text}"' for name, text in fields.items())
