"""The bulk fast path: one table's columns are compiled once, its rows become prepared records one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from idis.registry.pilots.finding import Finding, Invalid
from idis.registry.pilots.schema import Pilot
from idis.registry.pilots.validation import validate
from idis.registry.record import PreparedRecord, prepare


class RowEncoder:
    """Checks and encodes the rows of one table whose columns are known in advance.

    Args:
        pilot: the industry's schema.
        object_code: the kind of thing the rows describe.
        columns: the table's headings in order, english or chinese field names.
        today: the date findings are judged by.
    """

    def __init__(self, pilot: Pilot, object_code: str, columns: Sequence[str], *, today: date) -> None:
        self._pilot = pilot
        self._object_code = object_code
        self._columns = tuple(columns)
        self._today = today
        self.warnings: list[Finding] = []  # of the row encoded last

    def encode(self, cells: Sequence[str], identifier: str, now: int) -> PreparedRecord | list[Finding]:
        """The record of one row, or why it is kept out.

        Args:
            cells: the row's texts, aligned with the columns; an empty one is absent.
            identifier: the record's name as registered.
            now: unix time in seconds for the values' timestamps.
        """
        row = dict(zip(self._columns, cells, strict=True))
        result = validate(self._pilot, self._object_code, row, identifier=identifier, today=self._today)
        if isinstance(result, Invalid):
            return list(result.findings)
        self.warnings = list(result.warnings)
        return prepare(result.record, now)
