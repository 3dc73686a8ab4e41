"""What to do when a question brought nothing: the sentence under the headline of `idis resolve`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import Identifier, parse_identifier

# What people paste in front of an identifier.
_SCHEME = re.compile(r"(?:hdl:|handle:|doi:|https?://[^/]+/(?:api/handles/)?)", re.IGNORECASE)
_DOTS = str.maketrans({",": ".", "。": ".", "、": "."})
_SLASHES = ("\\", "／")

_UNREACHED = "check the address, and whether a node runs there; --server HOST:PORT names another, [ADDRESS]:PORT one with IPv6"

_OF_ANOTHER_SCHEME = "'idis detect' tells what it is and by what it is routed; a recursive node may know more (--server)"

_SENTENCES: Mapping[int, str] = {
    ResponseCode.HANDLE_NOT_FOUND: "check the spelling; 'idis resolve {prefix}' tells whether the prefix exists",
    ResponseCode.SERVER_NOT_RESPONSIBLE: "check the prefix {prefix}, or ask another node with --server, best a recursive one",
    ResponseCode.SERVER_TOO_BUSY: "ask again in a moment",
}


def advice(text: str, code: int, *, filtered: bool, is_handle: bool = True) -> str:
    """What to do next; empty when the answer speaks for itself.

    Args:
        text: the identifier as typed.
        code: the response code; 0 when nobody answered.
        filtered: whether only some types or indexes were asked for.
        is_handle: whether it was asked for as it is, and not read as a name of another scheme.
    """
    if code == 0:
        return _UNREACHED
    if code == ResponseCode.VALUES_NOT_FOUND:
        return "it exists: ask without --type and --index for all its values" if filtered else "it exists, without public values"
    sentence = _SENTENCES.get(code, "")
    if not is_handle:
        return _OF_ANOTHER_SCHEME if sentence else ""
    if sentence and (better := likely(text)) is not None:
        return f"did you mean {better}?"
    identifier = parse_identifier(text)
    if code == ResponseCode.HANDLE_NOT_FOUND and identifier.names_prefix:
        return _above(identifier)
    return sentence.format(prefix=identifier.prefix)


def likely(text: str) -> str | None:
    """The identifier that was probably meant, where a scheme, full-width characters or wrong separators stand in it."""
    rest = _SCHEME.sub("", text.strip(), count=1)
    if "/" not in rest:
        for slash in _SLASHES:
            rest = rest.replace(slash, "/", 1)
    prefix, slash, suffix = rest.partition("/")
    better = unicodedata.normalize("NFKC", prefix).translate(_DOTS) + slash + suffix
    if better == text:
        return None
    try:
        parse_identifier(better)
    except IdentifierError:
        return None
    return better


def _above(identifier: Identifier) -> str:
    above = identifier.prefix.rpartition(".")[0]
    return f"check the spelling; 'idis resolve {above}' tells whether {above} exists" if above else "check the spelling"
