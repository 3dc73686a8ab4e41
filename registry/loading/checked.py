"""What a block comes to once its rows have been checked: sorted runs, ready to be merged with those of other blocks.

Four kinds of tuples are kept, each sorted as it stands:

    record     (key, place, stored form without digest)
    alias      (scheme, second name, place, key)        of schemes that allow one bearer
    reference  (key, place, field, text)                to records this node answers for
    finding    (place, number, identifier, severity, field, value, rule, reason, advice)

A place is a sheet's number and a line in one integer, so that it sorts as a reader of the file goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.registry.journal import Position
from idis.registry.loading.error_sheet import RowFinding
from idis.registry.loading.spill import Item, PackedRun, pack_run
from idis.registry.pilots.finding import Finding
from idis.registry.record import PreparedRecord
from idis.registry.store.codec import DIGEST_BYTES, encode_record

FIRST_VERSION = 1
NOWHERE = Position(0, 0, 0)  # stands in the stored form until the transaction that writes it is known

_LINE_BITS = 40  # a file of 10¹² lines has other troubles


def place_of(sheet_number: int, line: int) -> int:
    """Sheet and line as one integer."""
    return sheet_number << _LINE_BITS | line


def sheet_and_line(place: int) -> tuple[int, int]:
    """The reverse of `place_of`."""
    return place >> _LINE_BITS, place & (1 << _LINE_BITS) - 1


def finding_item(place: int, number: int, identifier: str, finding: Finding) -> Item:
    """A finding as a tuple; `number` keeps several of one row in order."""
    return (
        place,
        number,
        identifier,
        finding.severity.value,
        finding.field,
        finding.value,
        finding.rule,
        finding.message,
        finding.advice,
    )


def row_finding(item: Item, sheet: str) -> RowFinding:
    """The finding of a tuple, for people."""
    place, _number, *texts = item
    return RowFinding(sheet, sheet_and_line(place)[1], *texts)


def stored_rest(key: bytes, record: PreparedRecord) -> bytes:
    """A record's stored form without its digest, which depends on where in the journal it will stand."""
    return encode_record(key, record, FIRST_VERSION, NOWHERE)[DIGEST_BYTES:]


@dataclass(frozen=True, slots=True)
class Checked:
    """The runs of one block. `refused` rows are in `findings`, not in `records`; a warning's row is in both."""

    weight: int
    rows: int
    refused: int
    records: PackedRun | None
    aliases: PackedRun | None
    references: PackedRun | None
    findings: PackedRun | None


class Gathering:
    """Collects the tuples of a block while its rows are checked."""

    def __init__(self, weight: int) -> None:
        self.rows = 0
        self.refused = 0
        self.records: list[Item] = []
        self.aliases: list[Item] = []
        self._weight = weight
        self._references: dict[bytes, Item] = {}
        self._findings: list[Item] = []

    def find(self, place: int, identifier: str, findings: Sequence[Finding]) -> None:
        """Keep findings about a row."""
        self._findings.extend(finding_item(place, number, identifier, finding) for number, finding in enumerate(findings))

    def refuse(self, place: int, identifier: str, findings: Sequence[Finding]) -> None:
        """Keep a row out."""
        self.refused += 1
        self.find(place, identifier, findings)

    def refer(self, key: bytes, place: int, field: str, text: str) -> None:
        """Keep the first reference to a key."""
        if key not in self._references:
            self._references[key] = (key, place, field, text)

    def packed(self) -> Checked:
        """Sort and pack."""
        self.records.sort()
        self.aliases.sort()
        return Checked(
            self._weight,
            self.rows,
            self.refused,
            pack_run(self.records),
            pack_run(self.aliases),
            pack_run(sorted(self._references.values())),
            pack_run(sorted(self._findings)),
        )
