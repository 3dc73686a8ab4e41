"""Digests of requests, their codes and their names (`wire.md` §3).

A response may begin with a digest of the request it answers, so that a signature over the response also covers the
question. The digest carries no length of its own: the algorithm octet fixes it. Algorithm 0 is the oldest form, in which
that octet is the first of a length.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from idis.proto.errors import ProtocolError
from idis.proto.message import Message, Version, encode_header
from idis.proto.sm3 import sm3
from idis.proto.wire import Reader, blob

MD5 = 1
SHA1 = 2
SHA256 = 3
HMAC_SHA1 = 0x12
HMAC_SHA256 = 0x13
PBKDF2_HMAC_SHA1 = 0x22

_DIGESTS = {MD5: hashlib.md5, SHA1: hashlib.sha1, SHA256: hashlib.sha256}
DIGEST_BYTES = {MD5: 16, SHA1: 20, SHA256: 32}

# Every spelling peers use for a digest, one-octet codes included; ours come first.
_CANONICAL_NAMES = {
    "SHA-256": "SHA-256",
    "SHA256": "SHA-256",
    "\x03": "SHA-256",
    "SHA1": "SHA1",
    "SHA-1": "SHA1",
    "\x02": "SHA1",
    "MD5": "MD5",
    "\x01": "MD5",
    "SM3": "SM3",
    "HMAC-SHA256": "HMAC-SHA256",
    "\x13": "HMAC-SHA256",
    "HMAC-SHA1": "HMAC-SHA1",
    "\x12": "HMAC-SHA1",
}


@dataclass(frozen=True, slots=True)
class RequestDigest:
    """The digest a response carries of its request; `algorithm` is MD5, SHA1 or SHA256."""

    algorithm: int
    digest: bytes

    def matches(self, request: Message) -> bool:
        """Whether this is the digest of `request`."""
        return self.digest == digest(self.algorithm, encode_header(request) + request.body)


def digest(algorithm: int, octets: bytes) -> bytes:
    """The digest of `octets` under one of the codes MD5, SHA1, SHA256; any other is our own mistake (KeyError)."""
    return _DIGESTS[algorithm](octets, usedforsecurity=False).digest()


def digest_by_name(name: str, octets: bytes) -> bytes | None:
    """The digest of `octets` under a name peers write (`SHA-256`, `SHA1`, `MD5`, `SM3` …); None when it is unknown."""
    match canonical_name(name):
        case "SHA-256":
            return hashlib.sha256(octets).digest()
        case "SHA1":
            return digest(SHA1, octets)
        case "MD5":
            return digest(MD5, octets)
        case "SM3":
            return sm3(octets)
        case _:
            return None


def canonical_name(name: str) -> str:
    """One spelling for each digest peers name in several ways; an unknown name stays as it is."""
    return _CANONICAL_NAMES.get(name, _CANONICAL_NAMES.get(name.upper(), name))


def algorithm_for(version: Version) -> int:
    """The algorithm a server of that version digests requests with."""
    if version >= (2, 7):
        return SHA256
    return SHA1 if version >= (2, 1) else MD5


def digest_request(request: Message, version: Version) -> RequestDigest:
    """The digest of a request's header and body as a response of `version` states it."""
    algorithm = algorithm_for(version)
    return RequestDigest(algorithm, digest(algorithm, encode_header(request) + request.body))


def encode_request_digest(stated: RequestDigest, version: Version) -> bytes:
    """The octets a response body starts with."""
    if version < (2, 1):
        return blob(stated.digest)
    return bytes((stated.algorithm,)) + stated.digest


def read_request_digest(reader: Reader) -> RequestDigest:
    """Decode the digest at the reader's position, in either form.

    Raises:
        ProtocolError: an algorithm without a known length, so that nothing behind it could be found.
    """
    at = reader.at
    algorithm = reader.u8()
    if algorithm in DIGEST_BYTES:
        return RequestDigest(algorithm, reader.take(DIGEST_BYTES[algorithm]))
    if algorithm:
        raise ProtocolError(f"request digest algorithm {algorithm} is unknown", offset=at)
    reader.at = at
    return read_plain_digest(reader)


def read_plain_digest(reader: Reader) -> RequestDigest:
    """Decode a digest of the 2.0 form: `bytes`, its algorithm told by its length."""
    at = reader.at
    octets = reader.blob()
    for algorithm, length in DIGEST_BYTES.items():
        if len(octets) == length:
            return RequestDigest(algorithm, octets)
    raise ProtocolError(f"a request digest of {len(octets)} octets belongs to no algorithm", offset=at)
