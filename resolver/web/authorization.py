"""The `Authorization` header: Basic, Bearer and Handle's own scheme, read into what they say (`wire.md` §15).

Nothing is believed here. What is malformed is told in one sentence, because its sender is a person who sets up a client.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

_VERSION = "0"
_SPACE = r"[ \t]*"
_PARAMETER = re.compile(
    _SPACE + r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)" + _SPACE + "=" + _SPACE + r'(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))' + _SPACE + "(,|$)"
)
_ESCAPED = re.compile(r"\\(.)")


class BadAuthorization(ValueError):
    """A header that cannot be read; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Basic:
    """An identity `index:identifier` and its secret."""

    identity: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """The secret of an API token."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandleScheme:
    """What a header of the scheme `Handle`, or the fields of a session's JSON, say. Empty where nothing was said.

    Attributes:
        session_id: the session it speaks in.
        identity: `index:identifier`; with it a proof is given.
        type: HS_PUBKEY or HS_SECKEY.
        cnonce: of the client, signed behind the server's nonce; without an identity it asks for the server's signature.
        algorithm: of the signature.
        signature: over nonce ‖ cnonce.
        salt, iterations, length: of PBKDF2.
        client_certificate: use the certificate the connection was made with.
    """

    session_id: str = ""
    identity: str = ""
    type: str = ""
    cnonce: bytes = b""
    algorithm: str = ""
    signature: bytes = field(default=b"", repr=False)
    salt: bytes = b""
    iterations: int = 0
    length: int = 0
    client_certificate: bool = False

    @property
    def proves(self) -> bool:
        """Whether a proof is given, perhaps not a whole one."""
        return bool(self.identity or self.type or self.algorithm or self.signature)

    @property
    def complete(self) -> bool:
        """Whether all of a proof is there."""
        return bool(self.identity and self.type and self.algorithm and self.signature and self.cnonce)


Authorization = Basic | Bearer | HandleScheme


def read_authorization(header: str) -> Authorization:
    """Read the header.

    Raises:
        BadAuthorization: another scheme, or one of these that breaks its own rules.
    """
    scheme, _, rest = header.strip().partition(" ")
    match scheme.lower():
        case "basic":
            return _read_basic(rest.strip())
        case "bearer":
            return Bearer(rest.strip())
        case "handle":
            return handle_scheme(handle_fields(header))
        case _:
            raise BadAuthorization("the Authorization header must be of the scheme Basic, Bearer or Handle")


def handle_fields(header: str) -> dict[str, str]:
    """The fields of a header of the scheme `Handle`, names in lower case; none of a header of another scheme.

    Raises:
        BadAuthorization: it breaks the rules of headers.
    """
    scheme, _, rest = header.strip().partition(" ")
    return _parameters(rest) if scheme.lower() == "handle" else {}


def handle_scheme(fields: Mapping[str, str]) -> HandleScheme:
    """What the fields of the scheme `Handle` say; names in lower case, those that are not known are passed over.

    Raises:
        BadAuthorization: a field that cannot be read.
    """
    if fields.get("version", _VERSION) != _VERSION:
        raise BadAuthorization("the version of 'Authorization: Handle' must be 0")
    return HandleScheme(
        session_id=fields.get("sessionid", ""),
        identity=fields.get("id", ""),
        type=fields.get("type", ""),
        cnonce=_octets(fields, "cnonce"),
        algorithm=fields.get("alg", ""),
        signature=_octets(fields, "signature"),
        salt=_octets(fields, "salt"),
        iterations=_number(fields, "iterations"),
        length=_number(fields, "length"),
        client_certificate=fields.get("clientcert", "").lower() == "true",
    )


def base64_octets(text: str, what: str) -> bytes:
    """The octets of base64 or base64url, padded or not.

    Raises:
        BadAuthorization: it is neither; the text calls it by `what`.
    """
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadAuthorization(f"{what} must be base64") from None


def percent_decoded(text: str) -> str:
    """Percent-encoding undone once; a plus is a plus.

    Raises:
        BadAuthorization: what comes out is not UTF-8.
    """
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise BadAuthorization("the identity is not UTF-8") from None


def _read_basic(text: str) -> Basic:
    octets = base64_octets(text, "the credentials of Basic")
    user, colon, secret = octets.partition(b":")
    if not colon:
        raise BadAuthorization("the credentials of Basic must be 'user:secret' in base64")
    try:
        return Basic(percent_decoded(user.decode("utf-8")), secret)
    except UnicodeDecodeError:
        raise BadAuthorization("the identity is not UTF-8") from None


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        one = _PARAMETER.match(text, at)
        if one is None:
            raise BadAuthorization("the fields of 'Authorization: Handle' must be name=\"value\", with commas between")
        name, quoted, token = one[1].lower(), one[2], one[3]
        shown = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
        found[name] = percent_decoded(shown) if name == "id" else shown
        at = one.end()
    return found


def _octets(fields: Mapping[str, str], name: str) -> bytes:
    return base64_octets(fields[name], name) if name in fields else b""


def _number(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadAuthorization(f"{name} must be a whole number")
    return int(text)
