"""Digital object identifiers (ISO 26324): handles below `10.`, shown in small letters, `10.1000/182`."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from idis.proto.identifier import ascii_lower
from idis.proto.schemes import handle
from idis.proto.schemes.recognised import Recognised

SCHEME = "doi"

_REGISTRANT = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*")


def recognise(text: str) -> Recognised | None:
    """Read a DOI without its label, or the prefix of a registrant; canonical is as of any handle."""
    if not text.startswith("10.") or _REGISTRANT.fullmatch(text.partition("/")[0]) is None:
        return None
    found = handle.recognise(text)
    if found is None:
        return None
    shown = ascii_lower(found.canonical)
    uri = "https://doi.org/" + quote(shown, safe=handle.URI_SAFE)
    return replace(found, scheme=SCHEME, display=shown, why="the prefix 10. of a registrant of DOIs", uri=uri)
