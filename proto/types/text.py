"""Text values: URL, EMAIL, HS_SERV, HS_SERV.PREFIX, HS_ALIAS and every type nobody has described (`wire.md` §7).

Octets of a type without structure are shown as a string when they are one, and in base64 otherwise; either way they come
back unchanged.
"""

from __future__ import annotations

import base64
import binascii
import re

from idis.proto.errors import DataError

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def encode_text(string: str) -> bytes:
    """The octets of a string.

    Raises:
        DataError: half a surrogate pair has no octets.
    """
    try:
        return string.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError("the text holds half a surrogate pair") from None


def decode_text(octets: bytes) -> str | None:
    """The string, or None when the octets are not UTF-8 or hold control characters other than tab and line ends."""
    try:
        string = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(string) else string


def text_to_json(octets: bytes) -> dict[str, object]:
    """The `data` object of the REST interface: format string, or base64."""
    string = decode_text(octets)
    if string is None:
        return octets_to_json(octets)
    return {"format": "string", "value": string}


def octets_to_json(octets: bytes) -> dict[str, object]:
    """The `data` object of the REST interface in base64."""
    return {"format": "base64", "value": base64.b64encode(octets).decode("ascii")}


def octets_from_base64(string: str) -> bytes:
    """Read base64, line breaks allowed.

    Raises:
        DataError: anything else in it.
    """
    try:
        return base64.b64decode("".join(string.split()), validate=True)
    except (binascii.Error, ValueError):
        raise DataError("the value is not base64") from None


def octets_from_hex(string: str) -> bytes:
    """Read hexadecimal digits, blanks allowed.

    Raises:
        DataError: anything else in it.
    """
    try:
        return bytes.fromhex(string)
    except ValueError:
        raise DataError("the value is not hexadecimal") from None
