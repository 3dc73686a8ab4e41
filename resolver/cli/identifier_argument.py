"""Identifiers and prefixes as people type them: what is wrong is said with the place where it goes wrong."""

from __future__ import annotations

from idis.proto.errors import IdentifierError
from idis.proto.identifier import Identifier, parse_identifier
from idis.resolver.cli.output import CommandError

_SHOWN_CHARACTERS = 80  # of a text that is no identifier; the limit of the protocol would fill a screen


def identifier_of(text: str) -> Identifier:
    """An identifier named on the command line.

    Raises:
        CommandError: it is none; says why, and where.
    """
    shown = repr(text) if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]!r}…"
    try:
        text.encode("utf-8")
        return parse_identifier(text)
    except IdentifierError as error:
        raise CommandError(f"{shown} is no identifier: {error} (at character {error.position + 1})") from None
    except UnicodeEncodeError as error:
        raise CommandError(f"{shown} is no identifier: it is not UTF-8 text (at character {error.start + 1})") from None


def prefix_of(text: str) -> str:
    """A prefix named on the command line, bare or as a prefix handle."""
    identifier = identifier_of(text)
    if identifier.suffix is not None:
        raise CommandError(f"{text!r} names a record; its prefix is {identifier.prefix}")
    return identifier.prefix
