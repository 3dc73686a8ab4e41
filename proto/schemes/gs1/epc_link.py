"""The EPC of a tag as the last segment of a Digital Link (compression standard for EPC binary strings, 1.0).

`eh` stands before hexadecimal digits in small letters, `ex` before base64url: what an NFC tag can send without knowing GS1
keys. Neither begins a link compressed in the older way, whose first eight bits would name no code.
"""

from __future__ import annotations

import re

from idis.proto.schemes.gs1 import compression, epc_binary
from idis.proto.schemes.gs1.digital_link import URI_CHARACTERS_MAX, DigitalLink, parse, write
from idis.proto.schemes.gs1.elements import Gs1Error

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PLACE = {character: place for place, character in enumerate(_ALPHABET)}
_LINK = re.compile(
    r"(?P<stem>(?:https?|HTTPS?)://[A-Za-z0-9.:\[\]-]+(?:/[^?#]*)?)/(?:eh(?P<hex>[0-9a-f]+)|ex(?P<base64>[A-Za-z0-9_-]+))/?"
    r"(?:\?(?P<query>[^#]*))?(?:#.*)?"
)


def expand_epc(text: str) -> DigitalLink:
    """The Digital Link that a URI with the EPC of a tag stands for, with the same stem and query.

    Raises:
        Gs1Error: it is none, or its EPC has no GS1 key.
    """
    match = _LINK.fullmatch(text) if len(text) <= URI_CHARACTERS_MAX else None
    if match is None:
        raise Gs1Error("a link with an EPC ends in one segment that begins with eh or ex")
    urn = epc_binary.decode(match["hex"] or _hexadecimal(match["base64"]))
    if not urn.elements:
        raise Gs1Error(f"{urn.urn} is no GS1 key")
    return parse(write(urn.elements, stem=match["stem"], others=filter(None, (match["query"] or "").split("&"))))


def expand_segment(text: str) -> DigitalLink:
    """The Digital Link that a URI with one opaque segment stands for, the EPC of a tag or a compressed key.

    Raises:
        Gs1Error: it is neither.
    """
    try:
        return expand_epc(text)
    except Gs1Error:
        return compression.expand(text)


def _hexadecimal(text: str) -> str:
    """The same bits, zeros behind them up to a whole octet."""
    number = 0
    for character in text:
        number = number << 6 | _PLACE[character]
    bits = 6 * len(text)
    number <<= -bits % 8
    return f"{number:0{(bits + 7) // 8 * 2}x}"
