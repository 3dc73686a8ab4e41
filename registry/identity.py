"""An identity 标识身份: one key of one identifier, written `300:88.111.1/test` (`domain.md` §7)."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold, parse_identifier, prefix_handle
from idis.proto.value import INDEX_MAX

INDEX_DIGITS_MAX = 10  # of INDEX_MAX


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: a key value of an identifier. `index` 0 stands for any key of it.

    Two spellings of one identifier are one identity: it is kept as `normal` gives it.
    """

    index: int
    identifier: str

    def __str__(self) -> str:
        return f"{self.index}:{self.identifier}"


def identity_of(index: int, identifier: str) -> Identity:
    """The identity a message names; prefix handles and bare prefixes are one.

    Raises:
        IdentifierError: the text is no identifier, or the index is out of range.
    """
    if not 0 <= index <= INDEX_MAX:
        raise IdentifierError(f"the index of an identity is 0 to {INDEX_MAX}", position=0)
    return Identity(index, normal(identifier))


def parse_identity(text: str) -> Identity:
    """Read `index:identifier`; without an index any key is meant.

    Raises:
        IdentifierError: it is neither.
    """
    index, colon, identifier = text.partition(":")
    if colon and index.isascii() and index.isdigit() and len(index) <= INDEX_DIGITS_MAX:
        return identity_of(int(index), identifier)
    return identity_of(0, text)


def normal(identifier: str) -> str:
    """The one spelling under which an identity's identifier is compared: folded as Handle folds, prefix handles in full.

    Suffixes compare without ASCII case here whatever their prefix says: two keys that differ in case only would be a trap.

    Raises:
        IdentifierError: the text is no identifier.
    """
    parsed = parse_identifier(identifier)
    if parsed.suffix is None:
        return prefix_handle(parsed.folded_prefix)
    return f"{parsed.folded_prefix}/{fold(parsed.suffix)}"
