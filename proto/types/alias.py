"""IDIS.ALIAS: another name of the same thing, in any scheme; one thing with many codes (一物多码).

    data: scheme ":" canonical     gs1:https://id.gs1.org/01/06901234567892/21/42
                                   imo:IMO9074729
                                   did:did:web:maker.example

The scheme is the short name that `idis detect` tells, and the name behind it is in its canonical form: two aliases are the
same exactly when their octets are. Another handle is no alias of a record; HS_ALIAS leads there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idis.proto.errors import DataError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX

if TYPE_CHECKING:
    from idis.proto.schemes.recognised import Recognised

ALIAS_TYPE = "IDIS.ALIAS"
HANDLE_SCHEMES = ("idis", "handle")  # a name of these is a record's own
NAME_BYTES_MAX = IDENTIFIER_BYTES_MAX

# Only dates beside an identity are read by the year, never the identity; so the same octets are an alias in every year.
_ANY_YEAR = 2000


def split_alias(octets: bytes) -> tuple[str, str] | None:
    """Scheme and name of the data of a value that was checked when it was written; None for octets that never were."""
    try:
        scheme, colon, name = octets.decode().partition(":")
    except UnicodeDecodeError:
        return None
    return (scheme, name) if scheme and colon and name and "\x00" not in name else None


def decode_alias(octets: bytes) -> tuple[str, str]:
    """Scheme and name.

    Raises:
        DataError: no name of a scheme, or not in its one spelling; the sentence says how it is written.
    """
    parts = split_alias(octets)
    if parts is None:
        raise DataError("an alias is SCHEME:NAME, such as imo:IMO9074729")
    text = octets.decode()
    if (written := canonical_alias(text)) != text:
        raise DataError(f"this alias is written {written}")
    return parts


def canonical_alias(text: str) -> str:
    """The data of an alias that somebody wrote in any spelling: with the name of the scheme before it or as it was scanned.

    Raises:
        DataError: it is no identifier of that scheme, or of any; its check digit is wrong; or it is another handle.
    """
    reading = _reading(text)
    if reading.scheme in HANDLE_SCHEMES:
        raise DataError(f"{reading.canonical} is a handle: name it by a value of the type HS_ALIAS")
    if len(reading.canonical.encode()) > NAME_BYTES_MAX:
        raise DataError(f"a name has at most {NAME_BYTES_MAX} octets")
    return f"{reading.scheme}:{reading.canonical}"


def _reading(text: str) -> Recognised:
    # Imported when an alias is written: every client decodes values, and all the grammars take a while to load.
    from idis.proto.detect import readings_of_name, trouble_of
    from idis.proto.schemes.personal import SCHEME as PERSONAL
    from idis.proto.schemes.surroundings import Surroundings

    readings = readings_of_name(text, Surroundings(_ANY_YEAR))
    if not readings:
        raise DataError(f"{text[:100]} is no alias: {trouble_of(text)}")
    found = readings[0]
    if found.scheme == PERSONAL:
        raise DataError("the number of a person is no alias")
    if not found.ok:
        wrong = next(check for check in found.checks if not check.ok)
        right = f", {wrong.expected} would be right" if wrong.expected else ""
        raise DataError(f"{found.canonical} is wrong: {wrong.name}{right}")
    return found
