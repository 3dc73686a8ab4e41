"""From the text in the identifier column to a record key below a prefix this node answers for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from idis.proto.errors import IdentifierError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, fold, parse_identifier
from idis.registry.pilots.finding import Finding
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.store.base import Store
from idis.registry.store.keys import record_key

PREFIXES_PER_READ = 1_000  # one short read transaction
VALUE_SHOWN_MAX = 120  # characters of a value that a finding repeats

_NUMBERED_PREFIX = re.compile(r"\d+(\.\d+)+")
_STATE_WORDS = {PrefixState.SUSPENDED: "is suspended", PrefixState.REVOKED: "has been revoked"}


@dataclass(frozen=True, slots=True)
class Domain:
    """A prefix of this node's registry, as far as loading records below it goes."""

    state: PrefixState
    answers_here: bool
    fold_suffix: bool
    signing_required: bool = False


Domains = Mapping[str, Domain]  # by folded prefix


class Named(NamedTuple):
    """A usable name: the identifier to register and its key. A tuple, because every row makes one."""

    identifier: str
    key: bytes


def domains_of(entries: Iterable[PrefixEntry]) -> dict[str, Domain]:
    """What `Naming` needs to know of the registered prefixes."""
    return {entry.prefix: Domain(entry.state, entry.answers_here, entry.fold_suffix, entry.signing_required) for entry in entries}


def all_prefixes(store: Store) -> Iterator[PrefixEntry]:
    """Every prefix entry of a store, in short reads."""
    after: str | None = None
    while True:
        with store.read() as txn:
            entries = txn.prefixes(after, PREFIXES_PER_READ)
        yield from entries
        if len(entries) < PREFIXES_PER_READ:
            return
        after = entries[-1].prefix


class Naming:
    """Names rows.

    Args:
        domains: the registered prefixes.
        prefix: completes identifiers that are given by their suffix alone; empty when they are given in full.
    """

    def __init__(self, domains: Domains, prefix: str) -> None:
        self._domains = domains
        self._prefix = prefix
        self._head = fold(prefix) + "/" if prefix else ""
        self._known: dict[str, tuple[str, bool]] = {}  # prefix as spelled → folded, whether suffixes fold

    def name(self, text: str) -> Named | Finding:
        """The name of a row, or why it cannot have this one."""
        text = text.strip()
        if not text:
            return _finding(text, "required", "the identifier is missing", "every row needs one")
        if self._head and fold(text[: len(self._head)]) != self._head:
            if other := self._foreign(text):
                return other
            text = f"{self._prefix}/{text}"
        prefix, _, suffix = text.partition("/")
        known = self._known.get(prefix)
        if known is None or not suffix or not text.isascii() or not text.isprintable() or len(text) > IDENTIFIER_BYTES_MAX:
            return self._careful(text)
        return Named(text, record_key(known[0], suffix, known[1]))

    def known(self, text: str) -> tuple[bytes, bool] | None:
        """Of a name in full: its folded prefix, and whether suffixes fold below it; None when no row can have it."""
        if isinstance(self.name(text), Finding):
            return None
        prefix, fold_suffix = self._known[text.partition("/")[0]]
        return prefix.encode(), fold_suffix

    def refer(self, text: str) -> bytes | None:
        """The key of a reference when it points below a prefix this node answers for, else None."""
        prefix, _, suffix = text.strip().partition("/")
        domain = self._domains.get(fold(prefix)) if suffix else None
        if domain is None or not domain.answers_here:
            return None
        try:
            return record_key(fold(prefix), suffix, domain.fold_suffix)
        except IdentifierError:
            return None

    def _careful(self, text: str) -> Named | Finding:
        try:
            parsed = parse_identifier(text)
        except IdentifierError as error:
            return _finding(text, "identifier", str(error), "an identifier is prefix/suffix, such as 88.118.8/A1")
        if parsed.suffix is None:
            advice = "write prefix/suffix, or give the prefix once with --prefix; prefixes are registered by 'idis prefix'"
            return _finding(text, "identifier", f"{text} has no suffix: it names a prefix, not a record", advice)
        folded = parsed.folded_prefix
        if reason := self.reason_against(folded):
            return _finding(text, "prefix", reason, "see 'idis prefix list'")
        if self._domains[folded].signing_required:
            reason = f"{folded} takes signed records only, and no row is signed"
            return _finding(text, "prefix", reason, "register with 'idis register --sign', or load a dump of signed records")
        fold_suffix = self._domains[folded].fold_suffix
        try:
            key = record_key(folded, parsed.suffix, fold_suffix)
        except IdentifierError as error:
            return _finding(text, "identifier", str(error), "save the file as UTF-8")
        self._known[parsed.prefix] = folded, fold_suffix
        return Named(text, key)

    def reason_against(self, prefix: str) -> str:
        """Why nothing may be loaded below a folded prefix; empty when it may."""
        domain = self._domains.get(prefix)
        if domain is None:
            return f"this node does not answer for prefix {prefix}"
        if domain.state is not PrefixState.ACTIVE:
            return f"prefix {prefix} {_STATE_WORDS.get(domain.state, 'is not active yet')}"
        if not domain.answers_here:
            return f"prefix {prefix} is delegated: its records are loaded where it is answered"
        return ""

    def _foreign(self, text: str) -> Finding | None:
        prefix, slash, _ = text.partition("/")
        if slash and (fold(prefix) in self._domains or _NUMBERED_PREFIX.fullmatch(prefix) or fold(prefix) == "0.NA"):
            return _finding(text, "prefix", f"{prefix} is not the prefix given with --prefix {self._prefix}", "load it by itself")
        return None


def _finding(value: str, rule: str, message: str, advice: str) -> Finding:
    return Finding("identifier", value[:VALUE_SHOWN_MAX], rule, message, advice)
