"""What the path of a page names: a handle, or a name of any other scheme that is asked for by a handle that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from idis.proto.any_name import any_name, is_plain_handle, name_asked
from idis.proto.detect import readings_of_name
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.surroundings import Surroundings

UNSAID = "…"  # in place of the number of a person


class Unreadable(Exception):
    """A path that names nothing; its text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        text: as the path has it, out of the handle that carries it.
        name: the handle to ask for.
        shown: as people write it.
        scheme: of a name that is no handle; empty for a handle.
        prefix: of a handle, folded.
        is_prefix: whether it names no more than a prefix.
    """

    text: str
    name: str
    shown: str
    scheme: str = ""
    prefix: str = ""
    is_prefix: bool = False


def read_path(encoded: str, around: Surroundings) -> Asked:
    """What a path names, behind its first slash, percent-encoded.

    Raises:
        Unreadable: it is not UTF-8, or no handle and too long for any other name.
    """
    try:
        text = unquote_to_bytes(encoded).decode("utf-8")
        text = name_asked(text) or text
        if is_plain_handle(text):
            identifier = parse_identifier(text)
            return Asked(text, text, text, prefix=identifier.folded_prefix, is_prefix=identifier.suffix is None)
        name = any_name(text)
        parse_identifier(name)
    except UnicodeDecodeError:
        raise Unreadable("the identifier is not UTF-8") from None
    except IdentifierError as error:
        raise Unreadable(str(error)) from None
    readings = readings_of_name(text, around)
    if not readings:
        return Asked(text, name, text)
    reading = readings[0]
    return Asked(text, name, UNSAID if reading.scheme == PERSONAL else reading.display, reading.scheme)
