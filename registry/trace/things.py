"""Things: the one spelling by which edges know them.

An event names things by URI, a record by handle, a scanner by GS1 element string; two names of one thing must meet in one
node of the genealogy. So a handle, whether bare, behind `hdl:` or behind a resolver's host, becomes `prefix/suffix` folded
as its prefix folds it; a GS1 key becomes the canonical Digital Link of its finest level; every other URI stays as it is,
but for the case of its scheme and host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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


class Spelling:
    """How things are spelled at a node.

    Args:
        folds: whether the suffixes below a folded prefix fold case; of a foreign one nobody knows better than that most do.
        own_host: whether a host, in small letters, stands in front of handles.
        keys: reads a GS1 key in any of its forms; None for what is none.

    Attributes:
        folds: as given.
        name: gives the one spelling of a thing; raises IdentifierError when it is empty, too long, or with control characters.
    """

    __slots__ = ("_read", "folds", "name")

    def __init__(
        self,
        folds: Callable[[str], bool] = lambda prefix: True,
        own_host: Callable[[str], bool] = names_identifiers,
        keys: Callable[[str], Named | None] = read_gs1,
    ) -> None:
        self.folds = folds
        self._read = _Read(folds, own_host, keys)
        # An event asks for each name several times, and what is known comes without a step of the interpreter.
        self.name: Callable[[str], str] = self._read.__getitem__

    def named(self, text: str) -> Named:
        """The one spelling, with lot and class where the identifier says them; raises as `name`."""
        name = self.name(text)
        return self._read.finer.get(text) or Named(name)

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """`name` of each."""
        return tuple(map(self.name, texts))


class _Read(dict[str, str]):
    """Spellings by what was read; what is not there yet is read when it is asked for.

    Attributes:
        finer: what was read that says of which lot or class it is.
    """

    __slots__ = ("_folded", "_folds", "_keys", "_own_host", "finer")

    def __init__(
        self, folds: Callable[[str], bool], own_host: Callable[[str], bool], keys: Callable[[str], Named | None]
    ) -> None:
        self._folds = folds
        self._own_host = own_host
        self._keys = keys
        self._folded: dict[str, bool] = {}
        self.finer: dict[str, Named] = {}

    def __missing__(self, text: str) -> str:
        plain = plain_handle(text)
        if plain is not None:
            prefix, suffix = plain[1].upper(), plain[2]
            folded = self._folded.get(prefix)
            if folded is None:
                folded = self._folded[prefix] = self._folds(prefix)
            name = f"{prefix}/{suffix.upper() if folded else suffix}"
        else:
            named = self._named(text)
            name = named.name
            if named.class_of:
                self.finer[text] = named
        if len(self) >= SPELLINGS_KEPT_MAX:
            self.clear()
            self.finer.clear()
            self._folded.clear()
        self[text] = name
        return name

    def _named(self, text: str) -> Named:
        text = text.strip()
        if not text:
            raise IdentifierError("the identifier is missing")
        if control := _CONTROL.search(text):
            raise IdentifierError("the identifier holds a control character", position=control.start())
        if len(text.encode()) > IDENTIFIER_BYTES_MAX:
            raise IdentifierError(f"the identifier is longer than {IDENTIFIER_BYTES_MAX} octets")
        uri = _URI.fullmatch(text)
        if uri is None:
            return self._keys(text) or Named(self._handle(text))
        scheme, rest = uri[1].lower(), uri[2]
        if scheme in ("hdl", "doi"):
            # What is no handle behind it is still a URI, and names something.
            rest = rest.removeprefix("//")
            return Named(self._path_handle(rest) or f"{scheme}:{rest}")
        web = _WEB.match(rest) if scheme in ("http", "https") else None
        if web is None:
            return self._keys(text) or Named(f"{scheme}:{rest}")
        host = web[1].lower()
        # Only the path names the thing; a query or fragment says how to show it. On a host of ours a path that begins like a
        # prefix is a handle, even if a GS1 key could be read further behind.
        handle = self._path_handle(web[2]) if self._own_host(host) else ""
        if handle and ("." in handle.partition("/")[0] or host in PROXY_HOSTS):
            return Named(handle)
        return self._keys(text) or Named(f"{scheme}://{host}{rest[2 + len(web[1]) :]}")

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
        return f"{prefix}/{fold(parsed.suffix) if self._folds(prefix) else parsed.suffix}"


def home_of(name: str) -> str:
    """The folded prefix below which a thing's record lies; empty for what is no handle."""
    prefix, slash, _ = name.partition("/")
    return prefix if ":" not in prefix and (slash or "." in prefix) else ""
