"""What a block comes to once its rows have been checked: sorted runs, ready to be merged with those of other blocks.

Six kinds of tuples are kept, each sorted as it stands:

    name       (key, place)
    record     (key, place, stored form without digest)
    alias      (scheme, second name, place, key)        of schemes that allow one bearer
    reference  (key, place, field, text, identifier)    to records this node answers for
    partial    (key, place, identifier)                 rows whose restricted values were left out at export
    finding    (place, number, identifier, severity, field, value, rule, reason, advice)

A place is a sheet's number and a line in one integer, so that it sorts as a reader of the file goes.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import islice

from idis.registry.loading.error_sheet import RowFinding
from idis.registry.loading.sheaf import Sheaf
from idis.registry.loading.spill import PIECE_ITEMS, Item, Run, RunWriter
from idis.registry.loading.template_lists import TemplateLists
from idis.registry.pilots.finding import Finding
from idis.registry.record import PreparedRecord
from idis.registry.store.bulk import item_of
from idis.registry.template_elsewhere import TEMPLATES_MAX

FIRST_VERSION = 1
NAME_ELEMENTS = 2  # of a record's tuple

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


@dataclass(frozen=True, slots=True)
class Checked:
    """The runs of one block. `refused` rows are in `findings`, not in `records`; a warning's row is in both.

    `elsewhere` are the templates of other nodes that its records name.
    """

    weight: int
    rows: int
    refused: int
    names: Run | None
    records: Run | None
    aliases: Run | None
    references: Run | None
    partials: Run | None
    findings: Run | None
    elsewhere: frozenset[str] = frozenset()


class Gathering:
    """Collects the tuples of a block while its rows are checked.

    `lists` are those of templates; `referred` are the cells whose
    references have been kept: rows repeat their suppliers and lots.
    """

    def __init__(self, weight: int, lists: TemplateLists | None = None) -> None:
        self.rows = 0
        self.refused = 0
        self.partials: list[Item] = []
        self._weight = weight
        self._lists = lists
        self._elsewhere: set[str] = set()
        self.records = Sheaf()
        self.aliases = Sheaf()
        self._references: dict[bytes, Item] = {}
        self.referred: set[str] = set()
        self._findings: list[Item] = []

    def keep(self, place: int, key: bytes, record: PreparedRecord, unique_schemes: Container[str]) -> None:
        """Keep a good row. `unique_schemes` allow one bearer of a second name."""
        if self._lists is not None:
            record, template = self._lists.applied(record)
            if template:
                self._elsewhere.add(template)
        key, rest = item_of(key, record, FIRST_VERSION)
        self.records.add((key, place, rest))
        for alias in record.aliases:
            if alias.scheme in unique_schemes:
                self.aliases.add((alias.scheme, alias.local_id, place, key))

    def find(self, place: int, identifier: str, findings: Sequence[Finding]) -> None:
        """Keep findings about a row."""
        self._findings.extend(finding_item(place, number, identifier, finding) for number, finding in enumerate(findings))

    def refuse(self, place: int, identifier: str, findings: Sequence[Finding]) -> None:
        """Keep a row out."""
        self.refused += 1
        self.find(place, identifier, findings)

    def refer(self, key: bytes, place: int, field: str, text: str, identifier: str) -> None:
        """Keep the first reference to a key; `identifier` is the record that makes it."""
        if key not in self._references:
            self._references[key] = (key, place, field, text, identifier)

    def written(self, writer: RunWriter) -> Checked:
        """Sort, and write the runs."""
        return Checked(
            weight=self._weight,
            rows=self.rows,
            refused=self.refused,
            names=writer.write_packed(self.records.heads(NAME_ELEMENTS).packed(PIECE_ITEMS)),
            records=writer.write_packed(self.records.packed(PIECE_ITEMS)),
            aliases=writer.write_packed(self.aliases.packed(PIECE_ITEMS)),
            references=writer.write(sorted(self._references.values())),
            partials=writer.write(sorted(self.partials)),
            findings=writer.write(sorted(self._findings)),
            elsewhere=frozenset(islice(self._elsewhere, TEMPLATES_MAX)),
        )
