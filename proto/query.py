"""The question a resolution asks, free of its envelope."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.identifier import Identifier


@dataclass(frozen=True, slots=True)
class Query:
    """What to resolve and which values to show.

    `spelling` is the identifier as asked, echoed in the answer. No indexes and no types means all values; otherwise a
    value is wanted if its index is listed or its type matches (`URL.` also matches every subtype of `URL`).
    """

    spelling: str
    identifier: Identifier
    indexes: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    public_only: bool = True
    authoritative: bool = False
    recursive: bool = False
    do_not_refer: bool = False
    follow_alias: bool = False
    explain: bool = False
    recursion_count: int = 0
    auth: bytes = b""  # the IDIS identity token, carried through recursion untouched

    @property
    def wants_all(self) -> bool:
        """Whether no filter was given."""
        return not self.indexes and not self.types
