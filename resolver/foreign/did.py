"""DIDs that hold their own document: did:key and did:jwk (`identifiers.md` §3.5)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from idis.proto.types.fields import json_object

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
KEY_CHARACTERS_MAX = 1_024  # a key of RSA 4096 has 735
_JWK_BYTES_MAX = 1_500
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")

# multicodec of a public key, as an unsigned varint → what it is, and the octets of the key (0: any)
_CODECS = {
    b"\xed\x01": ("Ed25519", 32),
    b"\xec\x01": ("X25519", 32),
    b"\xe7\x01": ("secp256k1", 33),
    b"\x80\x24": ("P-256", 33),
    b"\x81\x24": ("P-384", 49),
    b"\x82\x24": ("P-521", 67),
    b"\x85\x24": ("RSA", 0),
    b"\x86\x26": ("SM2", 33),
}
_AGREES_ONLY = "X25519"
_RELATIONS = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")


def own_document(canonical: str) -> Mapping[str, object] | None:
    """The document that a DID holds; None for one of another method, or that holds no key."""
    method, _, specific = canonical.removeprefix("did:").partition(":")
    if method == "key":
        return _of_key(canonical, specific)
    if method == "jwk":
        return _of_jwk(canonical, specific)
    return None


def _of_key(did: str, text: str) -> Mapping[str, object] | None:
    if not text.startswith("z") or len(text) > KEY_CHARACTERS_MAX:
        return None
    octets = _base58(text[1:])
    known = _CODECS.get(octets[:2])
    if known is None or (known[1] and len(octets) != known[1] + 2):
        return None
    name = f"{did}#{text}"
    method = {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": text}
    relations = ("keyAgreement",) if known[0] == _AGREES_ONLY else _RELATIONS
    return _document(did, method, relations, "https://w3id.org/security/multikey/v1")


def _of_jwk(did: str, text: str) -> Mapping[str, object] | None:
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = json_object(json.loads(octets), "a key") if len(octets) <= _JWK_BYTES_MAX else {}
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(key.get("kty"), str) or any(name in key for name in _PRIVATE):
        return None
    method = {"id": f"{did}#0", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": dict(key)}
    use = key.get("use")
    relations = {"sig": _RELATIONS, "enc": ("keyAgreement",)}.get(str(use), (*_RELATIONS, "keyAgreement"))
    return _document(did, method, relations, "https://w3id.org/security/suites/jws-2020/v1")


def _document(did: str, method: Mapping[str, object], relations: tuple[str, ...], context: str) -> Mapping[str, object]:
    return {
        "@context": ["https://www.w3.org/ns/did/v1", context],
        "id": did,
        "verificationMethod": [method],
        **{relation: [method["id"]] for relation in relations},
    }


def _base58(text: str) -> bytes:
    number = 0
    for character in text:
        digit = _BASE58.find(character)
        if digit < 0:
            return b""
        number = number * 58 + digit
    leading = len(text) - len(text.lstrip("1"))
    return bytes(leading) + number.to_bytes((number.bit_length() + 7) // 8, "big")
