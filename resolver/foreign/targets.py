"""Where a provider of a route is asked for an identifier: a URL, or a domain name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from idis.proto.dns.name import Labels, name_from_text
from idis.proto.dns.naming import gs1_name, oid_name
from idis.proto.schemes import did, handle, oid
from idis.proto.schemes.handle import URI_SAFE
from idis.proto.schemes.recognised import Recognised
from idis.registry.foreign_route import ForeignRoute, RouteTarget, TargetKind

GS1_ROOT = "https://id.gs1.org/"  # of canonical Digital Links

JSON_OR_TEXT = "application/json, application/linkset+json;q=0.9, application/did+ld+json;q=0.9, text/*;q=0.5"
LINKSET = "application/linkset+json, application/json;q=0.9"
DID_DOCUMENT = "application/did-resolution, application/did+ld+json;q=0.9, application/did+json;q=0.9, application/json;q=0.8"
HANDLE_VALUES = "application/json"


@dataclass(frozen=True, slots=True)
class Url:
    """What to ask over HTTPS, and which forms of an answer can be read."""

    url: str
    accept: str


@dataclass(frozen=True, slots=True)
class Name:
    """What to ask DNS, for NAPTR records."""

    labels: Labels


Place = Url | Name


def place_of(target: RouteTarget, route: ForeignRoute, reading: Recognised) -> Place | None:
    """Where a provider is asked for an identifier; None where it has no place for it, such as a serial number in DNS."""
    match target.kind:
        case TargetKind.HTTPS:
            return Url(_filled(target.place, route, reading), JSON_OR_TEXT)
        case TargetKind.GS1:
            return Url(f"{target.place}/{_path(reading)}?linkType=linkset", LINKSET)
        case TargetKind.DID:
            return Url(f"{target.place}/1.0/identifiers/{quote(reading.canonical, safe=':%')}", DID_DOCUMENT)
        case TargetKind.HANDLE:
            return Url(f"{target.place}/api/handles/{quote(_handle(reading), safe=URI_SAFE)}", HANDLE_VALUES)
        case TargetKind.WEB:
            return _web(reading)
        case TargetKind.DNS:
            return _name(name_from_text(target.place), reading)
        case TargetKind.NODE:
            return None


def redirect_of(target: RouteTarget, route: ForeignRoute, reading: Recognised) -> str | None:
    """Where an asker is sent; None for a target that is no place for people and programs to go."""
    match target.kind:
        case TargetKind.GS1:
            return f"{target.place}/{_path(reading)}"
        case TargetKind.HANDLE:
            return f"{target.place}/{quote(_handle(reading), safe=URI_SAFE)}"
        case _:
            place = place_of(target, route, reading)
            return place.url if isinstance(place, Url) else None


def _filled(template: str, route: ForeignRoute, reading: Recognised) -> str:
    """A template with its variables, each encoded for where it stands."""
    key = "" if reading.route is None else reading.route.key
    values = {
        "id": quote(reading.canonical, safe=""),
        "path": _path(reading),
        "key": quote(key, safe=URI_SAFE),
        "rest": quote(key[len(route.start) :].lstrip("./:"), safe=URI_SAFE),
        "scheme": reading.scheme,
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def _path(reading: Recognised) -> str:
    """The identifier as the path of a URL; of a GS1 key its Digital Link without a host."""
    if reading.canonical.startswith(GS1_ROOT):
        return reading.canonical.removeprefix(GS1_ROOT)
    return quote(reading.canonical, safe=URI_SAFE)


def _handle(reading: Recognised) -> str:
    twin = next((value for name, value in reading.attributes if name == "handle"), "")
    return twin or reading.display if reading.scheme in (handle.SCHEME, handle.SCHEME_IDIS) else twin or reading.canonical


def _web(reading: Recognised) -> Url | None:
    """did:web (its method specification, §2.5.2): the document of a host, or of a path there. A link is its own place."""
    if reading.scheme != did.SCHEME:
        return Url(reading.canonical, JSON_OR_TEXT) if reading.canonical.startswith("https://") else None
    host, *path = reading.canonical.removeprefix("did:web:").split(":")
    at = "/".join(path) if path else ".well-known"
    return Url(f"https://{unquote(host)}/{at}/did.json", DID_DOCUMENT)


def _name(root: Labels, reading: Recognised) -> Name | None:
    if reading.scheme == oid.SCHEME:
        dotted = reading.canonical
        return Name(oid_name(dotted, root)) if dotted[0].isdigit() else None
    # Names stand for classes: of an item its key is asked for.
    key = reading.levels[-1] if reading.levels else reading.canonical
    code, _, value = key.removeprefix(GS1_ROOT).partition("/")
    labels = gs1_name(code, value, root)
    return None if labels is None else Name(labels)
