"""What only the whole file and the store together can tell: names given twice, second names taken, references to nothing.

All of it is merging: the file's rows by key, its second names and its references come sorted, and one walk over each
finds what meets. The store is asked in short reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from idis.registry.loading.checked import finding_item, sheet_and_line
from idis.registry.loading.naming import all_prefixes
from idis.registry.loading.sheaf import ascending
from idis.registry.loading.spill import Item, PackedStream, Stream, unpacked
from idis.registry.pilots.finding import Finding, Severity
from idis.registry.store.base import ReadTxn, Store
from idis.registry.store.keys import prefix_of, spelling_of
from idis.registry.store.rules import exists

KEY_ELEMENTS = 1  # of a name's tuple: its key
CLAIM_ELEMENTS = 2  # of an alias's tuple: scheme and second name
READ_KEYS = 256  # looked up in one read transaction: well below READ_TXN_MS_MAX
FINDINGS_GATHERED = 4_096  # sorted and written as one run; a bad file has millions
REFERENCE_WARNINGS_MAX = 10_000  # a file whose references all lead nowhere says so once, not a million times

AFTER_ERRORS = 1_000  # number of a finding that stands behind those of the row itself
ROW_IDENTIFIER = ""  # where a key does not spell it


class CrossCheck:
    """What is found about rows that were good by themselves.

    Attributes:
        refused: places of rows to keep out: of rows with one key all but the first in the file, and those whose second
            name is taken.
        incoming: how many distinct keys there are per folded prefix.
    """

    def __init__(self, findings: Stream) -> None:
        self.refused: set[int] = set()
        self.incoming: dict[str, int] = {}
        self._findings = findings
        self._gathered: list[Item] = []

    def refuse(self, place: int, identifier: str, finding: Finding) -> None:
        """Keep a row out."""
        self.refused.add(place)
        self._find(finding_item(place, 0, identifier, finding))

    def warn(self, place: int, identifier: str, finding: Finding) -> None:
        """Tell something about a row that stays in."""
        self._find(finding_item(place, AFTER_ERRORS, identifier, finding))

    def count(self, prefix: str, keys: int) -> None:
        """Count distinct keys below a folded prefix."""
        self.incoming[prefix] = self.incoming.get(prefix, 0) + keys

    def flush(self) -> None:
        """Write the findings gathered so far."""
        self._findings.extend(sorted(self._gathered))
        self._gathered.clear()

    def _find(self, item: Item) -> None:
        self._gathered.append(item)
        if len(self._gathered) >= FINDINGS_GATHERED:
            self.flush()


def cross_check(
    *,
    names: PackedStream,
    aliases: PackedStream,
    references: Stream,
    partials: Stream,
    findings: Stream,
    store: Store,
    sheet: Callable[[int], str],
) -> CrossCheck:
    """Compare the rows of a file with each other and with the store.

    Args:
        names, aliases, references, partials: see `checked.py`.
        findings: what is found goes there.
        store: read only.
        sheet: name of a sheet by its number.
    """
    result = CrossCheck(findings)
    _check_aliases(result, aliases, store if _has_records(store) else None, sheet)
    _check_references(result, _Walk(result, iter(references), sheet).unanswered(names), store)
    _check_partials(result, iter(partials), store)
    result.flush()
    return result


class _Walk:
    """The keys of a file's rows beside the references it makes."""

    def __init__(self, result: CrossCheck, references: Iterator[Item], sheet: Callable[[int], str]) -> None:
        self._result = result
        self._references = references
        self._sheet = sheet
        self._reference = next(references, None)
        self._told = self._previous = b""
        self._first_place = 0

    def unanswered(self, names: PackedStream) -> Iterator[Item]:
        """Find keys that occur twice; yields the references that no row of the file answers, each key once."""
        before = b""
        for octets in names.packed():
            ascends, count, first, before = ascending(octets, KEY_ELEMENTS, before)
            key, place = unpacked(before)
            prefix = prefix_of(key)
            is_plain = ascends and prefix_of(unpacked(first)[0]) == prefix  # then so are those between them
            if is_plain and (self._reference is None or self._reference[0] > key):
                self._result.count(prefix, count)
                self._previous, self._first_place = key, place
                continue
            for item in unpacked(octets):
                yield from self._step(*item)
        while self._reference is not None:
            if self._reference[0] != self._told:
                self._told = self._reference[0]
                yield self._reference
            self._reference = next(self._references, None)

    def _step(self, key: bytes, place: int) -> Iterator[Item]:
        if key == self._previous:
            identifier = spelling_of(key) or ROW_IDENTIFIER
            message = f"the identifier is already on {_where(self._first_place, self._sheet)}"
            self._result.refuse(place, identifier, Finding("identifier", identifier, "unique", message, "keep one of the rows"))
            return
        self._previous, self._first_place = key, place
        self._result.count(prefix_of(key), 1)
        while self._reference is not None and self._reference[0] <= key:
            if key != self._reference[0] != self._told:  # several blocks may refer to one key: the first place is enough
                self._told = self._reference[0]
                yield self._reference
            self._reference = next(self._references, None)


def _repeated(claims: PackedStream) -> Iterator[list[Item]]:
    """Claims of one second name, where there are several."""
    group: list[Item] = []
    before = b""
    for octets in claims.packed():
        ascends, _, _, before = ascending(octets, CLAIM_ELEMENTS, before)
        if ascends:
            if len(group) > 1:
                yield group
            group = [unpacked(before)]
            continue
        for item in unpacked(octets):
            if group and item[:CLAIM_ELEMENTS] == group[0][:CLAIM_ELEMENTS]:
                group.append(item)
                continue
            if len(group) > 1:
                yield group
            group = [item]
    if len(group) > 1:
        yield group


def _check_references(result: CrossCheck, unknown: Iterator[Item], store: Store) -> None:
    warned = 0
    while batch := list(islice(unknown, READ_KEYS)):
        if warned >= REFERENCE_WARNINGS_MAX:
            continue  # the walk itself must come to its end
        with store.read() as txn:
            missing = [item for item in batch if not _is_live(txn, item[0])]
        for key, place, name, text, identifier in missing:
            warned += 1
            message = "registered neither here nor in this file"
            advice = f"register it below {prefix_of(key)}, or correct the reference"
            result.warn(place, identifier, Finding(name, text, "reference", message, advice, Severity.WARNING))


def _check_aliases(result: CrossCheck, aliases: PackedStream, store: Store | None, sheet: Callable[[int], str]) -> None:
    """Find second names that have a bearer already; `store` is None when it holds nothing to ask about."""
    if store is None:
        for claims in _repeated(aliases):
            _settle(result, None, claims[0][0], claims[0][1], claims, sheet)
        return
    groups = groupby(aliases, key=itemgetter(0, 1))
    while batch := [(name, list(group)) for name, group in islice(groups, READ_KEYS)]:
        with store.read() as txn:
            for (scheme, local_id), claims in batch:
                _settle(result, txn, scheme, local_id, claims, sheet)


def _settle(
    result: CrossCheck, txn: ReadTxn | None, scheme: str, local_id: str, claims: list[Item], sheet: Callable[[int], str]
) -> None:
    """One second name: its holder in the store keeps it, else the first row that claims it."""
    holders = txn.aliases(scheme, local_id, 1) if txn is not None else ()
    owner = holders[0] if holders else claims[0][3]
    for _scheme, _local_id, place, key in claims:
        if key == owner:
            continue
        if txn is not None and holders:
            holder = txn.record(owner)
            whose = f"belongs to {holder.identifier}" if holder else "is taken"
        else:
            whose = f"is claimed by the row on {_where(claims[0][2], sheet)}"
        scope, _, own = local_id.rpartition("|")
        shown = f"{own} of {scope.replace('|', ', ')}" if scope else own
        finding = Finding(scheme, own, "unique", f"{scheme} {shown} already {whose}", "correct it, or change that record")
        result.refuse(place, spelling_of(key) or ROW_IDENTIFIER, finding)


def _check_partials(result: CrossCheck, partials: Iterator[Item], store: Store) -> None:
    """A row without its restricted values must not take those of the store away."""
    while batch := list(islice(partials, READ_KEYS)):
        with store.read() as txn:
            for key, place, identifier in batch:
                record = txn.record(key)
                if record is not None and record.withholds:
                    message = "the row lacks the values that are not public, which this node has"
                    finding = Finding("partial", "true", "partial", message, "export it again with --restricted")
                    result.refuse(place, identifier, finding)


def _has_records(store: Store) -> bool:
    return any(_holds_records(store, entry.prefix) for entry in all_prefixes(store) if entry.answers_here)


def _holds_records(store: Store, prefix: str) -> bool:
    with store.read() as txn:
        return txn.stat(prefix).records > 0


def _is_live(txn: ReadTxn, key: bytes) -> bool:
    return exists(txn.record(key))


def _where(place: int, sheet: Callable[[int], str]) -> str:
    number, line = sheet_and_line(place)
    name = sheet(number)
    return f"row {line} of sheet {name}" if name else f"line {line}"
