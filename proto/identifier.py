"""Identifiers of the Handle family: `prefix/suffix`, and prefixes on their own.

A prefix named bare (`88.118.8`) and as a prefix handle (`0.NA/88.118.8`) is one namespace object; both spellings give
the same `Identifier` with no suffix. Comparison folds ASCII letters to upper case and nothing else; the spelling is
kept, because answers echo it (`wire.md` §4.1, §12; `identifiers.md` §3.1).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from idis.proto.errors import IdentifierError

IDENTIFIER_BYTES_MAX = 2_048  # limit of the protocol
PREFIX_BYTES_MAX = 255  # the DNS habit; keeps every prefix inside one database key
PREFIX_LABELS_MAX = 16  # longest match stays within 16 look-ups

PREFIX_HANDLE_HEAD = "0.NA/"  # prefix records are the handles below it

_ASCII_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # surrogates, too: they have no octets on the wire
_PREFIX_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A parsed identifier; `suffix` is None when it names a prefix itself. Spelling as given."""

    prefix: str
    suffix: str | None

    def __str__(self) -> str:
        return self.prefix if self.suffix is None else f"{self.prefix}/{self.suffix}"

    @property
    def names_prefix(self) -> bool:
        """Whether this is a prefix handle or a bare prefix."""
        return self.suffix is None

    @property
    def folded_prefix(self) -> str:
        """The prefix as it is stored and compared."""
        return fold(self.prefix)


def fold(text: str) -> str:
    """ASCII letters to upper case; every other character stays."""
    return text.upper() if text.isascii() else text.translate(_ASCII_UPPER)


def ascii_lower(text: str) -> str:
    """ASCII letters to lower case; every other character stays: how DOIs and domain names show what is compared folded."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def parse_identifier(text: str) -> Identifier:
    """Read an identifier in any of its spellings.

    Raises:
        IdentifierError: empty, too long, a control character, or a prefix with empty labels, blanks or too many labels.
    """
    if len(text.encode("utf-8", "surrogatepass")) > IDENTIFIER_BYTES_MAX:
        raise IdentifierError(f"the identifier is longer than {IDENTIFIER_BYTES_MAX} octets")
    if control := _CONTROL.search(text):
        raise IdentifierError("the identifier holds a control character", position=control.start())
    if text[:5].upper() == PREFIX_HANDLE_HEAD:
        return Identifier(parse_prefix(text[5:], position=5), None)
    prefix, slash, suffix = text.partition("/")
    parse_prefix(prefix)
    if slash and not suffix:
        raise IdentifierError("the suffix after '/' is missing", position=len(text))
    return Identifier(prefix, suffix if slash else None)


def parse_prefix(text: str, *, position: int = 0) -> str:
    """Check a bare prefix and return it unchanged.

    Raises:
        IdentifierError: see `parse_identifier`.
    """
    if not text:
        raise IdentifierError("the prefix is missing", position=position)
    if "/" in text:
        raise IdentifierError("a prefix holds no '/'", position=position + text.index("/"))
    if len(text.encode("utf-8", "surrogatepass")) > PREFIX_BYTES_MAX:
        raise IdentifierError(f"the prefix is longer than {PREFIX_BYTES_MAX} octets", position=position)
    if bad := _PREFIX_SPACE.search(text) or _CONTROL.search(text):
        raise IdentifierError("a prefix holds no blanks or control characters", position=position + bad.start())
    labels = text.split(".")
    if len(labels) > PREFIX_LABELS_MAX:
        raise IdentifierError(f"the prefix has more than {PREFIX_LABELS_MAX} labels", position=position)
    if "" in labels:
        before = labels[: labels.index("")]
        raise IdentifierError("the prefix has an empty label", position=position + sum(len(label) + 1 for label in before))
    return text


def prefix_handle(prefix: str) -> str:
    """The spelling of a prefix as a handle: `0.NA/88.118.8`."""
    return PREFIX_HANDLE_HEAD + prefix


def ancestors(prefix: str) -> list[str]:
    """The prefix and everything above it, longest first: `88.118.8`, `88.118`, `88`."""
    chain = [prefix]
    while (dot := prefix.rfind(".")) > 0:
        prefix = prefix[:dot]
        chain.append(prefix)
    return chain


class HashOption:
    """Which part of an identifier picks the server inside a site."""

    PREFIX = 0
    SUFFIX = 1
    WHOLE = 2


def site_hash(identifier: str, option: int) -> int:
    """The number that, modulo the servers of a site, gives the responsible one (`wire.md` §12.4).

    Args:
        identifier: the spelling sent on the wire.
        option: `HashOption` of the site record; an unknown one counts as WHOLE.
    """
    prefix, slash, suffix = identifier.partition("/")
    if not slash:
        prefix, suffix = "0.NA", identifier
    part = {HashOption.PREFIX: prefix, HashOption.SUFFIX: suffix}.get(option, identifier)
    digest = hashlib.md5(fold(part).encode("utf-8"), usedforsecurity=False).digest()
    # Java takes the absolute value of a signed integer; its one negative result, for -2**31, is read as 2**31.
    return abs(int.from_bytes(digest[12:16], "big", signed=True))
