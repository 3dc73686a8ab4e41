"""The recall flag of a thing is part of every answer about it (`tracing.md` §1)."""

from __future__ import annotations

import pytest

from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer
from idis.proto.query import Query
from idis.proto.value import Value, decode_values
from idis.registry.authority import answer
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore

NOW = 1_700_000_000


def seen(flag: bytes, **options: object) -> list[str]:
    """The types of an answer about a thing with a recall flag."""
    store = MemoryStore()
    values = (Value(1, "URL", b"u"), Value(2, "EMAIL", b"e"), Value(2006, "recallFlag", flag))
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result()
    store.write_all([prepare(Record("88.1/x", values), NOW)], actor="test")
    with store.read() as txn:
        outcome = answer(Query("88.1/x", parse_identifier("88.1/x"), **options), txn, NOW)  # type: ignore[arg-type]
    assert isinstance(outcome, Answer)
    return [value.type for value in decode_values(outcome.values)]


@pytest.mark.parametrize("flag", [b"stop", b"check"])
@pytest.mark.parametrize("options", [{"types": ("URL",)}, {"indexes": (1,)}], ids=["by type", "by index"])
def test_whoever_asks_for_one_value_learns_it(flag: bytes, options: dict[str, object]) -> None:
    """Also when he asks for another one."""
    assert seen(flag, **options) == ["URL", "recallFlag"]


def test_a_thing_without_one_answers_as_asked() -> None:
    """Nothing is added."""
    assert seen(b"none", types=("URL",)) == ["URL"]


def test_all_values_hold_it_anyway() -> None:
    """Once."""
    assert seen(b"stop") == ["URL", "EMAIL", "recallFlag"]
