"""What a client signed in a session of the REST interface, as the proof every other door knows (`wire.md` §9, §15).

Signed is the server's nonce with the client's behind it. That is the shape of a challenge's answer, in which the client's
nonce takes the place of the request's digest; so one verifier serves both, also where another node holds the secret.
"""

from __future__ import annotations

import re

from idis.proto import digest as digests
from idis.proto.challenge import HS_PUBKEY, HS_SECKEY, Challenge, PublicKeyAnswer, SecretAnswer
from idis.proto.digest import RequestDigest, canonical_name
from idis.proto.errors import IdentifierError
from idis.registry.identity import Identity, parse_identity
from idis.resolver.admin.public_key import ED25519
from idis.resolver.admin.verifier import Proof
from idis.resolver.web.authorization import BadAuthorization, HandleScheme

# A client's nonce stands where a digest stands, and a digest of so many octets has this code.
_DIGEST_OF_BYTES = {size: code for code, size in digests.DIGEST_BYTES.items()}
_CNONCE_BYTES = sorted(_DIGEST_OF_BYTES)

_PUNCTUATION = re.compile(r"[^a-z0-9]")
_SECRET_ALGORITHMS = {
    "pbkdf2hmacsha1": digests.PBKDF2_HMAC_SHA1,
    "pbkdf2withhmacsha1": digests.PBKDF2_HMAC_SHA1,
    "md5": digests.MD5,
    "sha": digests.SHA1,
    "sha1": digests.SHA1,
    "sha2": digests.SHA256,
    "sha256": digests.SHA256,
}
_SIGNATURE_ALGORITHMS = {
    "md5": "MD5",
    "sha": "SHA1",
    "sha1": "SHA1",
    "sha2": "SHA-256",
    "sha256": "SHA-256",
    "sm3": "SM3",
    "ed25519": ED25519,
    "eddsa": ED25519,
}


def proof_of(said: HandleScheme, nonce: bytes) -> Proof:
    """The proof that a header or a session's fields give.

    Args:
        said: with every field of a proof.
        nonce: of the session.

    Raises:
        BadAuthorization: a field cannot be used; the text says which.
    """
    if not said.complete:
        raise BadAuthorization("a proof needs id, type, cnonce, alg and signature")
    code = _DIGEST_OF_BYTES.get(len(said.cnonce))
    if code is None:
        raise BadAuthorization(f"cnonce must have {', '.join(map(str, _CNONCE_BYTES[:-1]))} or {_CNONCE_BYTES[-1]} octets")
    identity = identity_of(said.identity)
    # The spelling is kept: an SM2 signature covers it.
    user = said.identity.partition(":")[2] if identity.index else said.identity
    challenge = Challenge(0, nonce, RequestDigest(code, said.cnonce))
    return Proof(user, identity.index, said.type, _answer(said), (challenge,))


def identity_of(text: str) -> Identity:
    """The identity a client names, `300:88.118.8/user`.

    Raises:
        BadAuthorization: it is none.
    """
    try:
        return parse_identity(text)
    except IdentifierError as error:
        raise BadAuthorization(f"the identity must be 'index:identifier', like 300:0.NA/88.118.8: {error}") from None


def _answer(said: HandleScheme) -> bytes:
    name = _PUNCTUATION.sub("", said.algorithm.lower())
    match said.type:
        case "HS_PUBKEY" if name in _SIGNATURE_ALGORITHMS:
            return PublicKeyAnswer(canonical_name(_SIGNATURE_ALGORITHMS[name]), said.signature).encode()
        case "HS_SECKEY" if name in _SECRET_ALGORITHMS:
            return SecretAnswer(_SECRET_ALGORITHMS[name], said.signature, said.salt, said.iterations, said.length).encode()
    if said.type not in (HS_PUBKEY, HS_SECKEY):
        raise BadAuthorization(f"type must be {HS_PUBKEY} or {HS_SECKEY}")
    known = "SHA-256, SHA-1, ED25519 and SM3" if said.type == HS_PUBKEY else "PBKDF2-HMAC-SHA1"
    raise BadAuthorization(f"alg {said.algorithm[:32]!r} is unknown for {said.type}: {known} are known")
