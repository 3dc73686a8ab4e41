"""Things: the one spelling by which edges know them.

An event names things by URI, a record by handle, a scanner by GS1 element string; two names of one thing must meet in one
node of the genealogy. So a handle, whether bare, behind `hdl:` or behind a resolver's host, becomes `prefix/suffix` folded
as its prefix folds it; a GS1 key becomes the canonical Digital Link of its finest level; every other URI stays as it is,
but for the case of its scheme and host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from idis.proto.errors import IdentifierError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, fold, parse_identifier
from idis.registry.trace.canonical_uri import canonical_uri
from idis.registry.trace.uri import plain_handle

PROXY_HOSTS = frozenset({"hdl.handle.net", "doi.org", "dx.doi.org"})  # public resolvers of the Handle family
OTHER_HOSTS = frozenset({"id.gs1.org", "id.loc.gov"})  # whose paths hold other identifiers
SPELLINGS_KEPT_MAX = 65_536  # a batch of events names the same containers and places again and again

GS1_STEM = "https://id.gs1.org/"

_LOT = re.compile(r"/10/([^/?#]+)")
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_WEB = re.compile(r"//([^/?#]*)([^?#]*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Named(NamedTuple):
    """A thing as edges know it: its name, and those of the lot and the class its identifier says it belongs to."""

    name: str
    lot: str = ""
    class_of: str = ""


def names_identifiers(host: str) -> bool:
    """Whether a host is one that stands in front of handles: a resolver of the field is called `id.` something."""
    return (host.startswith("id.") and host not in OTHER_HOSTS) or host in PROXY_HOSTS


def read_gs1(text: str) -> Named | None:
    """A GS1 key in a Digital Link of any host or in an EPC URN; None for what is none."""
    if not text.startswith(("urn:epc:", "http")):
        return None
    canonical = canonical_uri(text)
    if not canonical.startswith(GS1_STEM):
        return None
    key, value, *finer = canonical[len(GS1_STEM) :].split("/")
    class_of = f"{GS1_STEM}{key}/{value}" if finer else ""
    # The canonical key of an item leaves out its lot; what was written may say it.
    lot = _LOT.search(text) if finer[:1] == ["21"] else None
    return Named(canonical, "" if lot is None else f"{class_of}/10/{lot[1]}", class_of)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How things are spelled at a node.

    Attributes:
        folds: whether the suffixes below a folded prefix fold case; of a foreign one nobody knows better than that most do.
        own_host: whether a host, in small letters, stands in front of handles.
        keys: reads a GS1 key in any of its forms; None for what is none.
    """

    folds: Callable[[str], bool] = lambda prefix: True
    own_host: Callable[[str], bool] = names_identifiers
    keys: Callable[[str], Named | None] = read_gs1
    _kept: dict[str, Named] = field(default_factory=dict, repr=False, compare=False)
    _folds: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def name(self, text: str) -> str:
        """The one spelling of a thing.

        Raises:
            IdentifierError: empty, too long, or with control characters.
        """
        known = self._kept.get(text)
        return self.named(text).name if known is None else known.name

    def named(self, text: str) -> Named:
        """The one spelling, with lot and class where the identifier says them; raises as `name`."""
        known = self._kept.get(text)
        if known is None:
            known = self._read(text)
            if len(self._kept) >= SPELLINGS_KEPT_MAX:
                self._kept.clear()
                self._folds.clear()
            self._kept[text] = known
        return known

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """`name` of each."""
        return tuple(self.name(text) for text in texts)

    def _read(self, text: str) -> Named:
        if (plain := plain_handle(text)) is not None:
            prefix, suffix = plain[1].upper(), plain[2]
            folded = self._folds.get(prefix)
            if folded is None:
                folded = self._folds[prefix] = self.folds(prefix)
            return Named(f"{prefix}/{suffix.upper() if folded else suffix}")
        text = text.strip()
        if not text:
            raise IdentifierError("the identifier is missing")
        if control := _CONTROL.search(text):
            raise IdentifierError("the identifier holds a control character", position=control.start())
        if len(text.encode()) > IDENTIFIER_BYTES_MAX:
            raise IdentifierError(f"the identifier is longer than {IDENTIFIER_BYTES_MAX} octets")
        uri = _URI.fullmatch(text)
        if uri is None:
            return self.keys(text) or Named(self._handle(text))
        scheme, rest = uri[1].lower(), uri[2]
        if scheme in ("hdl", "doi"):
            # What is no handle behind it is still a URI, and names something.
            return Named(self._path_handle(rest.removeprefix("//")) or f"{scheme}:{rest}")
        web = _WEB.match(rest) if scheme in ("http", "https") else None
        if web is None:
            return self.keys(text) or Named(f"{scheme}:{rest}")
        host = web[1].lower()
        # Only the path names the thing; a query or fragment says how to show it. On a host of ours a path that begins like a
        # prefix is a handle, even if a GS1 key could be read further behind.
        handle = self._path_handle(web[2]) if self.own_host(host) else ""
        if handle and ("." in handle.partition("/")[0] or host in PROXY_HOSTS):
            return Named(handle)
        return self.keys(text) or Named(f"{scheme}://{host}{rest[2 + len(web[1]) :]}")

    def _path_handle(self, path: str) -> str:
        """The handle in the path of a resolver's URL, or behind `hdl:`; empty when it holds none."""
        try:
            return self._handle(unquote(path, errors="strict").removeprefix("/"))
        except (IdentifierError, UnicodeDecodeError):
            return ""

    def _handle(self, text: str) -> str:
        parsed = parse_identifier(text)
        prefix = parsed.folded_prefix
        if parsed.suffix is None:
            return prefix
        return f"{prefix}/{fold(parsed.suffix) if self.folds(prefix) else parsed.suffix}"


def home_of(name: str) -> str:
    """The folded prefix below which a thing's record lies; empty for what is no handle."""
    prefix, slash, _ = name.partition("/")
    return prefix if ":" not in prefix and (slash or "." in prefix) else ""
