"""How docking writes events: names as URIs, documents and stations below the prefix of whoever tells.

An ERP knows orders, notes and stations by bare numbers, and EPCIS wants URIs. A bare number becomes a handle below the prefix
of the thing it is about, so that two enterprises' order 4711 are two orders, and the number can be registered and resolved.
"""

from __future__ import annotations

from idis.registry.trace.event import Action, Event, EventType, Moment, Typed
from idis.registry.trace.things import home_of
from idis.registry.trace.uri import is_uri

HANDLE_SCHEME = "hdl:"


def uri_of(text: str) -> str:
    """The URI of an identifier: itself if it is one, else the handle's."""
    return text if is_uri(text) else f"{HANDLE_SCHEME}{text}"


def numbered(kind: str, text: str, prefix: str) -> str:
    """The URI of a document or place: of an identifier as `uri_of`, of a bare number `hdl:PREFIX/KIND.NUMBER`."""
    return uri_of(text if "/" in text or is_uri(text) else f"{prefix}/{kind}.{'-'.join(text.split())}")


def installation(part: str, whole: str, at: Moment, *, order: str = "", station: str = "") -> Event:
    """The event that a part was installed in a whole.

    Args:
        part, whole: identifiers or URIs.
        at: when.
        order, station: numbers or identifiers; a number belongs to the prefix of the whole.
    """
    prefix = home_of(whole)
    return Event(
        EventType.ASSOCIATION,
        at,
        Action.ADD,
        parent=uri_of(whole),
        child_epcs=(uri_of(part),),
        biz_step="installing",
        disposition="in_progress",
        read_point=numbered("STATION", station, prefix) if station else "",
        transactions=(Typed("po", numbered("ORDER", order, prefix)),) if order else (),
    )
