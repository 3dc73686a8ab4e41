"""A text that somebody wants resolved: a handle as it is, a name of any other scheme carried by one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from idis.proto.any_name import any_name, is_plain_handle
from idis.resolver.cli.identifier_argument import identifier_of
from idis.resolver.cli.output import CommandError


@dataclass(frozen=True, slots=True)
class AskedText:
    """One text.

    Attributes:
        text: as it was typed or scanned.
        spelling: the handle that is asked for.
        scheme, canonical: as what it was read; empty for a handle.
    """

    text: str
    spelling: str
    scheme: str = ""
    canonical: str = ""

    @property
    def is_handle(self) -> bool:
        """Whether it is asked for as it is."""
        return not self.scheme


def asked_text(text: str) -> AskedText:
    """What is asked for a text.

    Raises:
        CommandError: it is no identifier of any scheme; says why, and where.
    """
    if is_plain_handle(text):
        identifier_of(text)
        return AskedText(text, text)
    # Most are handles, and all the grammars take a while to load.
    from idis.proto.detect import readings_of_name
    from idis.proto.schemes.handle import recognise
    from idis.proto.schemes.personal import SCHEME as PERSONAL
    from idis.proto.schemes.surroundings import Surroundings

    readings = readings_of_name(text, Surroundings(time.localtime().tm_year))
    if readings and readings[0].scheme == PERSONAL:
        raise CommandError("this looks like the number of a person, which is no identifier here: it was not sent")
    if not readings or (readings[0].scheme in ("idis", "handle") and recognise(text) is not None):
        identifier_of(text)
        return AskedText(text, text)
    return AskedText(text, any_name(text), readings[0].scheme, readings[0].canonical)
