"""Pieces made of the pilots' sample data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from idis.registry.docking.piece import Piece, piece_of
from idis.registry.pilots.finding import Invalid
from idis.registry.pilots.sample import generate
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.record import Record

MakePiece = Callable[..., Piece]


@cache
def sample_records(pilot: str) -> dict[str, Record]:
    """The records of a pilot's sample data by identifier."""
    found = {}
    for row in generate(pilot):
        judged = validate(PILOTS[pilot], row.object_code, row.fields, identifier=row.identifier, today=date(2026, 1, 15))
        assert not isinstance(judged, Invalid)
        found[row.identifier] = judged.record
    return found


@pytest.fixture(scope="session")
def sample_piece() -> MakePiece:
    """A piece of a sample record, with some of its texts changed; None takes a text away."""

    def make(pilot: str, identifier: str, **changes: str | None) -> Piece:
        piece = piece_of(identifier, sample_records(pilot)[identifier].values)
        texts = {**piece.texts, **{name: text for name, text in changes.items() if text is not None}}
        return replace(piece, texts={name: text for name, text in texts.items() if changes.get(name, "") is not None})

    return make
